/* Prints the parts that reports of crashes and of refused calls have in common.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/report_parts.h"

#include <inttypes.h>

#include "vmm/appliance/address_owner.h"
#include "vmm/image/symbols.h"

void report_clean(char *to, size_t size, const char *from, size_t from_size)
{
    size_t n = 0;
    for (; n + 1 < size && n < from_size && from[n]; n++)
        to[n] = from[n] >= ' ' && from[n] <= '~' ? from[n] : '?';
    to[n] = 0;
}

void report_place(FILE *out, const char *label, const struct appliance *a, const char *core, uint64_t pc)
{
    char text[768], brief[512];
    struct location at;
    struct address_owner o = address_owner_describe(a, core, pc, text, sizeof(text));
    const char *image = o.kind == OWN_IMAGE ? a->compartments[o.compartment].image : o.kind == OWN_CORE ? core : NULL;
    bool symbol = image && symbols_find(image, pc, &at) && location_brief(&at, brief, sizeof(brief));
    fprintf(out, "  %-9s %#" PRIx64 "%s %s\n", label, pc, symbol ? "" : ":", symbol ? brief : text);
}

void report_address(FILE *out, const char *label, const struct appliance *a, const char *core, uint64_t va)
{
    char text[768];
    address_owner_describe(a, core, va, text, sizeof(text));
    fprintf(out, "  %-9s %#" PRIx64 ": %s\n", label, va, text);
}

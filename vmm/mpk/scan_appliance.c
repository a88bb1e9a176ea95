/* Refuses images whose code could change PKRU, and says where the code is.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/mpk/scan_appliance.h"

#include <inttypes.h>
#include <unistd.h>

#include "vmm/mpk/keys.h"
#include "vmm/appliance/address_owner.h"
#include "vmm/mpk/scan.h"

static bool scan_one(const struct appliance *a, const struct image *image, const char *core, const char *name,
                     struct problem *p)
{
    uint64_t va = 0;
    const char *what;
    if (!scan_image(image, &va, &what, p))
        return false;
    if (!what)
        return true;
    char place[768];
    address_owner_describe(a, core, va, place, sizeof(place));
    return problem_set(p, EXIT_USAGE,
                       "%s: the bytes of a %s instruction at 0x%" PRIx64
                       ": %s: whoever jumps there can change the "
                       "protection keys of its VM; give \"%s\" mechanism \"vm\", or change that code",
                       image->path, what, va, place, name);
}

bool scan_appliance(const struct appliance *a, const char *core, struct problem *p)
{
    bool keyed = false;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        const struct compartment *c = &a->compartments[i];
        struct image image;
        if (!keys_needed(a, c->vm))
            continue;
        keyed = true;
        if (!image_open_compartment(&image, c->image, i, p))
            return false;
        bool clean = scan_one(a, &image, core, c->name, p);
        close(image.fd);
        if (!clean)
            return false;
    }
    struct image image;
    if (!keyed)
        return true;
    if (!image_open_core(&image, core, p))
        return false;
    bool clean = scan_one(a, &image, core, "core", p);
    close(image.fd);
    return clean;
}

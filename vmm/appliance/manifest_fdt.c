/* Checked access to the properties of a flattened device tree, on top of libfdt.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/manifest_fdt.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/map.h"

bool fdt_bad(const struct reader *r, int node, const char *property, const char *format, ...)
{
    char where[200], what[400];
    if (node < 0 || fdt_get_path(r->fdt, node, where, sizeof(where)) != 0)
        snprintf(where, sizeof(where), "node at offset %d", node);
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    return problem_set(r->problem, EXIT_USAGE, "%s: %s: %s%s%s (compose the appliance anew)", r->path, where,
                       property ? property : "", property ? ": " : "", what);
}

/* NULL: absent, or (then *length < 0 as well) broken; both count as absent. */
static const uint8_t *property_of(const struct reader *r, int node, const char *property, size_t *length)
{
    int n = 0;
    const uint8_t *data = fdt_getprop(r->fdt, node, property, &n);
    if (!data || n < 0)
        return NULL;
    *length = (size_t)n;
    return data;
}

static bool fixed_property(const struct reader *r, int node, const char *property, size_t bytes, const uint8_t **out)
{
    size_t length = 0;
    *out = property_of(r, node, property, &length);
    if (!*out)
        return fdt_bad(r, node, property, "missing");
    if (length != bytes)
        return fdt_bad(r, node, property, "is %zu bytes long instead of %zu", length, bytes);
    return true;
}

static uint32_t read_cell(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

bool fdt_has(const struct reader *r, int node, const char *property)
{
    size_t length;
    return property_of(r, node, property, &length) != NULL;
}

bool fdt_u32(const struct reader *r, int node, const char *property, uint32_t lowest, uint32_t highest, uint32_t *out)
{
    const uint8_t *data;
    if (!fixed_property(r, node, property, 4, &data))
        return false;
    *out = read_cell(data);
    if (*out < lowest || *out > highest)
        return fdt_bad(r, node, property, "%" PRIu32 " is not in %" PRIu32 "..%" PRIu32, *out, lowest, highest);
    return true;
}

bool fdt_u64(const struct reader *r, int node, const char *property, uint64_t lowest, uint64_t highest, uint64_t *out)
{
    const uint8_t *data;
    if (!fixed_property(r, node, property, 8, &data))
        return false;
    *out = (uint64_t)read_cell(data) << 32 | read_cell(data + 4);
    if (*out < lowest || *out > highest)
        return fdt_bad(r, node, property, "%#" PRIx64 " is not in %#" PRIx64 "..%#" PRIx64, *out, lowest, highest);
    return true;
}

bool fdt_pages(const struct reader *r, int node, const char *property, uint64_t lowest, uint64_t highest, uint64_t *out)
{
    if (!fdt_u64(r, node, property, lowest, highest, out))
        return false;
    if (*out % BH_PAGE_SIZE)
        return fdt_bad(r, node, property, "%#" PRIx64 " is no multiple of the page size", *out);
    return true;
}

bool fdt_text(const struct reader *r, int node, const char *property, size_t longest, const char **out)
{
    size_t length = 0;
    const uint8_t *data = property_of(r, node, property, &length);
    if (!data)
        return fdt_bad(r, node, property, "missing");
    if (length < 2 || memchr(data, 0, length) != data + length - 1)
        return fdt_bad(r, node, property, "is not one non-empty string");
    if (length - 1 > longest)
        return fdt_bad(r, node, property, "is longer than %zu characters", longest);
    *out = (const char *)data;
    return true;
}

bool fdt_word(const struct reader *r, int node, const char *property, const char *const *words, uint32_t *out)
{
    const char *text = "";
    if (!fdt_text(r, node, property, 64, &text))
        return false;
    for (*out = 0; words[*out]; ++*out)
        if (strcmp(text, words[*out]) == 0)
            return true;
    return fdt_bad(r, node, property, "unknown value \"%s\"", text);
}

bool fdt_list(const struct reader *r, int node, const char *property, uint32_t most, const char ***out, uint32_t *n)
{
    size_t length = 0, count = 0;
    const uint8_t *data = property_of(r, node, property, &length);
    if (data && length && data[length - 1] != 0)
        return fdt_bad(r, node, property, "does not end with a NUL");
    for (size_t i = 0; data && i < length; i++)
        count += data[i] == 0;
    if (count > most)
        return fdt_bad(r, node, property, "has %zu strings, at most %" PRIu32 " can be", count, most);
    *out = calloc(count + 1, sizeof(**out));
    if (!*out)
        return problem_set(r->problem, EXIT_HOST, "out of memory");
    *n = (uint32_t)count;
    const char *text = (const char *)data;
    for (size_t i = 0; i < count; i++) {
        (*out)[i] = text;
        text += strlen(text) + 1; /* the last byte is a NUL, and there are `count` of them */
    }
    return true;
}

bool fdt_bits(const struct reader *r, int node, const char *property, uint32_t limit, uint64_t *mask)
{
    size_t length = 0;
    const uint8_t *data = property_of(r, node, property, &length);
    if (!data || length % 4)
        return fdt_bad(r, node, property, data ? "is no list of cells" : "missing");
    memset(mask, 0, (limit + 63) / 64 * sizeof(*mask));
    for (size_t i = 0; i < length; i += 4) {
        uint32_t n = read_cell(data + i);
        if (n >= limit)
            return fdt_bad(r, node, property, "%" PRIu32 " is not below %" PRIu32, n, limit);
        if (mask[n / 64] >> n % 64 & 1)
            return fdt_bad(r, node, property, "%" PRIu32 " appears twice", n);
        mask[n / 64] |= 1ull << n % 64;
    }
    return true;
}

int fdt_child(const struct reader *r, int node, const char *name, bool required)
{
    int child = fdt_subnode_offset(r->fdt, node, name);
    if (child < 0 && required)
        fdt_bad(r, node, NULL, "has no node \"%s\"", name);
    return child < 0 ? -1 : child;
}

bool fdt_count(const struct reader *r, int node, uint32_t most, uint32_t *n)
{
    int child;
    *n = 0;
    fdt_for_each_subnode(child, r->fdt, node)
    {
        if (++*n > most)
            return fdt_bad(r, node, NULL, "has more than %" PRIu32 " nodes", most);
    }
    return true;
}

bool fdt_name(const struct reader *r, int node, const char **out)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    int length = 0;
    *out = fdt_get_name(r->fdt, node, &length);
    if (!*out || length < 1 || length >= (int)BH_NAME_MAX || strspn(*out, allowed) != (size_t)length)
        return fdt_bad(r, node, NULL, "a name is 1 to %u letters, digits, '_', '-' and '.'", BH_NAME_MAX - 1);
    return true;
}

bool fdt_number_name(const struct reader *r, int node, uint32_t limit, uint32_t *out)
{
    const char *name = fdt_get_name(r->fdt, node, NULL);
    uint32_t n = 0;
    size_t digits = 0;
    for (; name && name[digits] >= '0' && name[digits] <= '9' && digits < 9; digits++)
        n = 10 * n + (uint32_t)(name[digits] - '0');
    if (!digits || name[digits] || (digits > 1 && name[0] == '0') || n >= limit)
        return fdt_bad(r, node, NULL, "the name has to be a number below %" PRIu32, limit);
    *out = n;
    return true;
}

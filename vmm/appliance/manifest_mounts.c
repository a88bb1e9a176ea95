/* Reads and checks the manifest's node `mounts`.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/manifest_mounts.h"

#include <libfdt.h>
#include <limits.h>
#include <string.h>

#include "rpc/mount.h"

static bool good_path(const char *path)
{
    return path[0] == '/' && path[1] && !strstr(path, "//") && path[strlen(path) - 1] != '/';
}

static bool read_mount(const struct reader *r, int node, struct appliance *a, uint64_t *seen)
{
    struct mount m = {0};
    uint32_t index;
    if (!fdt_name(r, node, &m.name) || !fdt_u32(r, node, "index", 0, BH_MOUNTS_MAX - 1, &index) ||
        !fdt_u32(r, node, "compartment", 0, a->n_compartments - 1, &m.compartment) ||
        !fdt_text(r, node, "path", sizeof((struct bh_boot_mount *)0)->path - 1, &m.path) ||
        !fdt_text(r, node, "directory", PATH_MAX - 1, &m.directory))
        return false;
    if (!good_path(m.path))
        return fdt_bad(r, node, "path", "\"%s\" is no place for a mount", m.path);
    if (!m.directory[0])
        return fdt_bad(r, node, "directory", "is empty");
    if (*seen >> index & 1)
        return fdt_bad(r, node, "index", "%u is there twice", index);
    m.read_only = fdt_has(r, node, "read-only");
    m.create = fdt_has(r, node, "create");
    if (fdt_has(r, node, "size") && !fdt_u64(r, node, "size", 1, INT64_MAX, &m.size))
        return false;
    *seen |= 1ull << index;
    a->mounts[index] = m;
    return true;
}

bool manifest_read_mounts(const struct reader *r, struct appliance *a)
{
    uint64_t seen = 0;
    int mounts = fdt_child(r, 0, "mounts", false), node;
    if (mounts < 0)
        return true;
    if (!fdt_count(r, mounts, BH_MOUNTS_MAX, &a->n_mounts))
        return false;
    fdt_for_each_subnode(node, r->fdt, mounts)
    {
        if (!read_mount(r, node, a, &seen))
            return false;
    }
    return seen == (1ull << a->n_mounts) - 1 || fdt_bad(r, mounts, NULL, "indices are not 0 to %u", a->n_mounts - 1);
}

/* Mounts the directories of the host that the boot information names.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <stdlib.h>

#include <bh/bulkhead.h>

static int mount_one(const struct bh_boot_mount *boot)
{
    struct host_mount *m = calloc(1, sizeof(*m));
    struct vfs_node *root;
    const struct fuse_entry_out entry = {.nodeid = FUSE_ROOT_ID, .attr.mode = S_IFDIR};
    int r = m ? host_start(m, boot->compartment, boot->index) : -ENOMEM;
    if (!r)
        r = host_node(m, &entry, NULL, NULL, &root);
    return r ? r : vfs_mount_at(boot->path, root);
}

static int mount_all(void)
{
    const struct bh_boot_mount *boot = (const void *)((const char *)bh_boot() + bh_boot()->mounts_off);
    for (uint32_t i = 0; i < bh_boot()->n_mounts; i++) {
        int r = boot[i].compartment == bh_gates.compartment ? mount_one(&boot[i]) : 0;
        if (r) {
            bh_log("mount %s: cannot be mounted at %s: error %d", boot[i].name, boot[i].path, -r);
            return r;
        }
    }
    return 0;
}

int vfs_mount_all(void)
{
    static enum { NONE, BUSY, DONE } state;
    static int result;
    if (state == NONE) {
        state = BUSY;
        result = mount_all();
        state = DONE;
        vfs_wake(&state);
    }
    while (state == BUSY)
        if (vfs_wait(&state, UINT64_MAX) == -ECANCELED)
            return -ECANCELED;
    return result;
}

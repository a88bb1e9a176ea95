/* Mounts: directories of the host, each served by a process of its own.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The process shares one window of memory (BH_MOUNT_VA) with the compartment that has the file system. In it lie a
 * control page, one split virtqueue (virtio 1.2, 2.7, with event index), and buffers. A chain is a FUSE message
 * (linux/fuse.h): first what the server reads, then what it writes; the `addr` of a descriptor is guest virtual and
 * lies in the buffers. The guest kicks queue BH_KICK_MOUNT + index. */
#ifndef BH_RPC_MOUNT_H
#define BH_RPC_MOUNT_H

#include <stdint.h>

#include "rpc/map.h"

#define BH_MOUNT_SIZE    0x140000ull /* bytes of the window */
#define BH_MOUNT_ENTRIES 64u         /* of the virtqueue */
#define BH_MOUNT_DESC    0x1000u     /* offsets in the window */
#define BH_MOUNT_AVAIL   0x1400u
#define BH_MOUNT_USED    0x1800u
#define BH_MOUNT_BUFFERS 0x2000u
_Static_assert(BH_MOUNT_SIZE <= BH_MOUNT_STRIDE, "rpc/map.h");

struct bh_mount_control { /* the first page */
    uint32_t parked;      /* the guest's core writes it: its VM is parked, or about to be; then notify it */
    uint16_t dead;        /* the supervisor writes it: the server has ended */
    uint16_t reserved;
};

struct bh_boot_mount {
    uint32_t index, compartment;
    uint32_t flags; /* BH_MOUNT_* */
    uint32_t reserved;
    char name[BH_NAME_MAX];
    char path[256]; /* where to mount it */
};
#define BH_MOUNT_READ_ONLY 1u
_Static_assert(sizeof(struct bh_boot_mount) == 304, "ABI");

/* A bit of our own in the write_flags of FUSE_WRITE: write at the file's end. */
#define BH_FUSE_APPEND 0x80000000u
/* The answer to any FUSE_WRITE, in place of fuse_write_out. */
struct bh_fuse_written {
    uint32_t size, reserved;
    uint64_t end; /* where the file ends after it, with BH_FUSE_APPEND */
};

#endif

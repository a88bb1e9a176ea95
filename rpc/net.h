/* The network device: virtio-net (virtio 1.2, 5.1) over hypercalls.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RPC_NET_H
#define BH_RPC_NET_H

#include <stdint.h>

/* The network device of this VM, and how its compartment configures it (TOML, [net]). Text is NUL terminated. */
struct bh_boot_net {
    uint32_t compartment; /* whose memory holds the rings */
    uint32_t mtu;         /* bytes */
    uint8_t mac[6];
    uint8_t reserved[2];
    uint64_t features; /* virtio feature bits that the device offers (virtio 1.2, 5.1.3 and 6) */
    char address[64];  /* "dhcp", or "A.B.C.D/N" */
    char gateway[64], dns[64];
    char address6[64]; /* "auto", "none", or "X::Y/N" */
    char hostname[64];
};
_Static_assert(sizeof(struct bh_boot_net) == 344, "ABI");

/* BH_HC_NET_START: where the driver put its split virtqueues (virtio 1.2, 2.7). Guest virtual addresses in the private
 * memory of the device's compartment, contiguous, aligned as the specification asks. */
struct bh_net_setup {
    uint64_t features; /* subset of bh_boot_net.features that the driver accepts */
    struct {
        uint64_t desc, avail, used;
        uint32_t size; /* entries: power of two, at most 1024 */
        uint32_t reserved;
    } queue[2]; /* 0 receive, 1 transmit */
    /* Where the buffers that descriptors name must lie (their `addr` fields are guest virtual). */
    uint64_t buffers, buffers_size;
};

#endif

/* An appliance as the manifest describes it, and where its parts are placed.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * manifest_parse() (vmm/appliance/manifest.c) and place() (vmm/plan/placement.c) fill it; after that it is constant.
 * Child processes inherit it over fork(2). main() owns it and never frees it. */
#ifndef BH_VMM_APPLIANCE_APPLIANCE_H
#define BH_VMM_APPLIANCE_APPLIANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/boot.h"
#include "rpc/map.h"

enum mechanism { MECH_VM = 0, MECH_MPK = 1, MECH_NONE = 2 };

struct export_fn {
    const char *name, *library;
    uint64_t direct, dispatch;
    bool nonblocking;
};

struct import_fn {
    const char *name, *library;
    uint32_t compartment, fn; /* callee and its function index */
};

struct compartment {
    const char *name;
    uint32_t index;
    bool is_default;
    enum mechanism wanted[3]; /* in order of preference */
    uint32_t n_wanted;
    const char *vm_group; /* NULL: with the default compartment */
    uint64_t memory;      /* heap, bytes */
    uint64_t stack;       /* bytes per thread */
    uint32_t threads;
    const char *image;  /* path of the ELF file */
    const char *sha256; /* its hash, hex */
    const char **libraries;
    uint32_t n_libraries;
    struct export_fn *exports;
    uint32_t n_exports;
    struct import_fn *imports;
    uint32_t n_imports;
    /* Decided by placement. */
    enum mechanism mechanism; /* the one taken */
    uint32_t vm;              /* index of its VM */
    uint32_t share;           /* its default share: the first that lists it; BH_NO_SHARE: none */
};

struct share {
    const char *name;
    uint32_t index;
    uint64_t size;
    uint64_t members; /* bit i: compartment i */
    bool everyone;
};

/* Ports that belong to an edge of the network. */
struct port_range {
    uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
    uint16_t first, last;
};

struct edge {
    uint32_t index, from, to;
    enum bh_strategy strategy;
    bool light;
    uint64_t arena;
    uint64_t granted[BH_FUNCTIONS_MAX / 64];
    bool ports_listed; /* the caller may bind these ports and no other */
    struct port_range ports[BH_PORTS_MAX];
    uint32_t n_ports;
};

struct vm_plan {
    uint32_t index;
    uint64_t compartments; /* bit i: compartment i runs here */
    uint32_t n_threads;    /* the largest `threads` of its compartments */
};

#define NET_FORWARDS_MAX 64u
#define NET_REACH_MAX    64u
/* net.connections, the default too */
#define NET_CONNECTIONS_MIN 16u
#define NET_CONNECTIONS     2048u
#define NET_CONNECTIONS_MAX 16384u

enum net_mode { NET_USER = 0, NET_TAP = 1 };

/* The network device. Strings are never NULL; an empty string means "not configured". */
struct net_config {
    uint32_t compartment;
    enum net_mode mode;
    const char *interface; /* NET_TAP: 1 to 15 characters */
    const char *address;   /* "dhcp", "A.B.C.D/N" */
    const char *gateway, *dns;
    const char *address6; /* "auto", "none", "X::Y/N" */
    const char *hostname;
    uint8_t mac[6];
    uint32_t mtu;
    const char **forward; /* net_parse_forward(), vmm/appliance/net_address.h */
    uint32_t n_forward;
    const char **reach; /* net_parse_reach() */
    uint32_t n_reach;
    uint32_t connections; /* NET_USER: sockets of the host at a time */
    bool has_reach;       /* NET_USER: an allow list, perhaps an empty one */
};

/* A directory of the host in the file system. */
struct mount {
    const char *name;
    uint32_t compartment;
    const char *path;      /* in the appliance: absolute */
    const char *directory; /* of the host; a relative one starts where this program was started */
    bool read_only, create;
    uint64_t size; /* bytes that the directory may hold; 0: no quota */
};

struct appliance {
    const char *name, *toml;
    const char *manifest; /* path of the manifest */
    const void *blob;     /* the bytes of the manifest */
    uint64_t blob_size;
    const char **args, **env; /* NULL terminated */
    uint32_t n_args, n_env;
    struct compartment compartments[BH_COMPARTMENTS_MAX];
    struct share shares[BH_SHARES_MAX];
    struct edge edges[BH_EDGES_MAX];
    struct vm_plan vms[BH_VMS_MAX];
    uint32_t n_compartments, n_shares, n_edges, n_vms;
    uint32_t default_compartment;
    bool has_net;
    struct net_config net;              /* if has_net */
    struct mount mounts[BH_MOUNTS_MAX]; /* parents before what is mounted in them */
    uint32_t n_mounts;
};

#endif

/* The contract between the VMM and the guest: address map, boot information, hypercalls, traps.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * One self-contained header for both sides. All integers are little endian, all addresses are guest virtual
 * unless a name says otherwise. Version rule: any change of layout or meaning raises BH_ABI_VERSION; the VMM
 * refuses an image, and the core a bootinfo, of another version. */
#ifndef BH_ABI_H
#define BH_ABI_H

#include <stdint.h>

#include "rpc/abi_version.h"

#define BH_PAGE_SIZE 4096ull

/* ---- Limits ------------------------------------------------------------------------------------------- */
#define BH_COMPARTMENTS_MAX 64u
#define BH_SHARES_MAX       64u
#define BH_EDGES_MAX        256u
#define BH_VMS_MAX          BH_COMPARTMENTS_MAX
#define BH_THREADS_MAX      256u  /* per VM */
#define BH_FUNCTIONS_MAX    1024u /* exported by one compartment */
#define BH_RANGES_MAX       24u   /* shared ranges of one edge */
#define BH_NAME_MAX         32u   /* bytes, with the final NUL */

/* ---- Address map (architecture.md, "One address space") ------------------------------------------------ */
/* A compartment's window. No two windows overlap, in any VM of the appliance. */
/* The origin leaves AddressSanitizer's shadow alone, so that hosted tests use the real addresses. */
#define BH_COMPARTMENT_BASE(i) (0x110000000000ull + 0x1000000000ull * (uint64_t)(i)) /* 64 GiB each */
#define BH_WINDOW_SIZE         0x1000000000ull
#define BH_GATES_OFF           0x0ull /* struct bh_gate_table: read-only, filled by the VMM */
#define BH_GATES_MAX           0x100000ull
#define BH_IMAGE_OFF           0x100000ull   /* text | rodata | data | bss; begins with struct bh_image */
#define BH_SHARED_OFF          0x20000000ull /* bh_shared statics */
#define BH_STACKS_OFF          0x40000000ull /* slots of one guard page + stack, see bh_boot_compartment */
#define BH_SHADOW_DELTA        0x40000000ull /* data shadow stack = stack + this; fits a 32-bit displacement */
#define BH_STACKS_MAX          0x40000000ull
#define BH_HEAP_OFF            0x100000000ull

#define BH_SHARE_BASE(i) (0x180000000000ull + 0x1000000000ull * (uint64_t)(i)) /* 64 GiB each */
#define BH_EDGE_BASE(i)  (0x200000000000ull + 0x10000000ull * (uint64_t)(i))   /* 256 MiB each */

#define BH_CORE_BASE     0x300000000000ull
#define BH_BOOTINFO_VA   (BH_CORE_BASE + 0x0ull) /* struct bh_bootinfo: ring 3, read-only */
#define BH_BOOTINFO_MAX  0x100000ull
#define BH_STATUS_VA     (BH_CORE_BASE + 0x100000ull)   /* struct bh_status_page: read-only, the supervisor writes */
#define BH_CORE_IMAGE_VA (BH_CORE_BASE + 0x1000000ull)  /* the core's image; begins with struct bh_core_image */
#define BH_TLS_VA        (BH_CORE_BASE + 0x20000000ull) /* one block per thread */
#define BH_KERNEL_BASE   0x400000000000ull              /* supervisor-only: stub, GDT, IDT, TSS, stacks, page tables */

/* Thread-local storage. Every compartment's TLS segment ends at its own distance below the thread pointer
 * (the linker script pads it), so one %fs base serves all the compartments of a VM, each on pages of its own.
 * Block of thread t: [BH_TLS_VA + t * BH_TLS_STRIDE, + BH_TLS_STRIDE); %fs base = BH_TLS_TP(t).
 * %fs:0 holds the thread pointer itself, %fs:0x28 the stack-protector canary (System V psABI AMD64, 3.4.6). */
#define BH_TLS_SLOT          0x1000ull /* a compartment's TLS segment: at most this */
#define BH_TLS_STRIDE        (BH_TLS_SLOT * (BH_COMPARTMENTS_MAX + 1))
#define BH_TLS_TP(t)         (BH_TLS_VA + (uint64_t)(t)*BH_TLS_STRIDE + BH_TLS_SLOT * BH_COMPARTMENTS_MAX)
#define BH_TLS_SEGMENT(t, i) (BH_TLS_TP(t) - ((uint64_t)(i) + 1) * BH_TLS_SLOT) /* compartment i's slot */

/* ---- Images ------------------------------------------------------------------------------------------- */
#define BH_CORE_MAGIC 0x65726f43646b6c42ull /* "BlkdCore" */

/* What a compartment exports; entry n of the table is function index n. In the image's rodata. */
struct bh_export {
    uint64_t direct;   /* the library's own function: plain call, mechanism none */
    uint64_t dispatch; /* bh_dispatch_fn: checks the arguments of a gate call, then calls `direct` */
    uint64_t name;     /* char *, NUL terminated */
    uint32_t flags;    /* BH_EXPORT_* */
    uint32_t reserved;
};
#define BH_EXPORT_NONBLOCKING 1u /* never blocks: the poller may run it on whatever stack it is on */
_Static_assert(sizeof(struct bh_export) == 32, "ABI");

/* First bytes of a compartment's image, at BH_COMPARTMENT_BASE(i) + BH_IMAGE_OFF; read-only. */
struct bh_image {
    uint64_t magic; /* BH_IMAGE_MAGIC */
    uint32_t version;
    uint32_t compartment; /* the index it was linked for */
    uint64_t init;        /* void (*)(void): runtime start-up, once, on the VM's first thread */
    uint64_t main;        /* int (*)(int, char **, char **): the application; 0 in other compartments */
    uint64_t tls_start;   /* initial image of the TLS segment */
    uint64_t tls_filesz;  /* bytes to copy */
    uint64_t tls_memsz;   /* bytes in all, without the padding; at most BH_TLS_SLOT */
    uint64_t tls_align;
    uint64_t exports; /* struct bh_export[n_exports] */
    uint64_t n_exports;
    uint64_t caller_died; /* void (*)(void *edge): the caller on that edge died; on a thread of its own; or 0 */
};
_Static_assert(sizeof(struct bh_image) == 88, "ABI");

/* First bytes of the core's image, at BH_CORE_IMAGE_VA. */
struct bh_core_image {
    uint64_t magic; /* BH_CORE_MAGIC */
    uint32_t version;
    uint32_t n_calls;     /* entries of `calls` */
    uint64_t start;       /* ring-3 entry: noreturn void (void), on thread 0's stack, %fs base = BH_TLS_TP(0) */
    uint64_t calls;       /* uint64_t[n_calls]: entry of each core call, bh/core.h */
    uint64_t keyed_calls; /* the same for trampolines between protection keys: with checks of the caller */
    uint64_t debug;       /* struct bh_core_debug; 0: none */
};
_Static_assert(sizeof(struct bh_core_image) == 48, "ABI");

/* Where a debugger finds the core's threads: element t of `threads` is thread t's, if its state is not 0 (free): 1
 * ready, 2 runs, 3 waits. In the core's rodata. */
struct bh_core_debug {
    uint64_t threads; /* BH_THREADS_MAX elements of `stride` bytes; fields at these offsets: */
    uint64_t current; /* address of a pointer to the element of the thread that runs */
    uint32_t stride;
    uint32_t sp;           /* uint64_t: what switch_stacks() left, core/switch.S */
    uint32_t compartment;  /* uint32_t: whose stack it runs on */
    uint32_t state;        /* uint32_t */
    uint32_t has_deadline; /* uint8_t */
    uint32_t key;          /* uint64_t: the address that it waits for to be woken, if it waits */
};
_Static_assert(sizeof(struct bh_core_debug) == 40, "ABI");

/* A compartment's gate table, at BH_COMPARTMENT_BASE(i) + BH_GATES_OFF: the only way out of a compartment.
 * The VMM writes it at launch; read-only to the guest. Placing compartments differently changes this table
 * and the page tables, never an image. */
#define BH_CORE_CALLS_MAX 64u
struct bh_import {
    uint64_t direct; /* callee's function when no isolation stands between (same VM, none); else 0 */
    uint64_t gate;   /* makes the call otherwise: the core's, or one for this import; rpc/marshal.h, bh_gate_call() */
    uint32_t edge;   /* edge index; BH_NO_EDGE: not granted */
    uint32_t fn;     /* function index in the callee */
};
_Static_assert(sizeof(struct bh_import) == 24, "ABI");
#define BH_NO_EDGE 0xffffffffu

struct bh_gate_table {
    uint32_t version;
    uint32_t compartment;
    uint32_t n_imports;
    uint32_t reserved;
    uint64_t core[BH_CORE_CALLS_MAX];
    struct bh_import imports[]; /* in the order of the image's import list (manifest) */
};
_Static_assert(sizeof(struct bh_gate_table) == 16 + 8 * BH_CORE_CALLS_MAX, "ABI");

/* ---- Boot information: written by the VMM before the start, read-only to the guest ------------------------ */
struct bh_range {
    uint64_t va;
    uint64_t size; /* bytes */
};

struct bh_boot_compartment {
    uint32_t index;
    uint32_t flags; /* BH_COMPARTMENT_* */
    uint64_t heap_va, heap_size;
    uint64_t stack_size;             /* bytes of one stack, without its guard page below */
    uint64_t shared_va, shared_size; /* bh_shared statics; size 0: none */
    uint32_t share; /* index of the share its shadow stacks and statics belong to; BH_NO_SHARE: private */
    uint32_t reserved;
    char name[BH_NAME_MAX];
};
#define BH_COMPARTMENT_DEFAULT 1u /* holds the application */
#define BH_NO_SHARE            0xffffffffu
_Static_assert(sizeof(struct bh_boot_compartment) == 88, "ABI");

/* Stack of thread t in compartment i: bytes [BH_STACK(i,t,size), + size); the page below is unmapped. */
#define BH_STACK(i, t, size) \
    (BH_COMPARTMENT_BASE(i) + BH_STACKS_OFF + (uint64_t)(t) * ((size) + BH_PAGE_SIZE) + BH_PAGE_SIZE)

struct bh_boot_share {
    uint32_t index;
    uint32_t members; /* how many compartments were granted it */
    uint64_t va, size;
    /* Each member allocates in a slice of its own, so that no allocator state is ever shared: member number m
     * (in order of compartment index) owns [va + m * slice, + slice). */
    uint64_t slice;
    uint64_t member_mask; /* bit i: compartment i */
    char name[BH_NAME_MAX];
};
_Static_assert(sizeof(struct bh_boot_share) == 72, "ABI");

enum bh_strategy { BH_DATA_SHARE = 0, BH_DATA_COPY = 1, BH_DATA_STRICT = 2 };

/* An edge with at least one end in this VM. */
struct bh_boot_edge {
    uint32_t index;
    uint32_t from, to;                       /* compartment indices: caller, callee */
    uint32_t flags;                          /* BH_EDGE_* */
    uint32_t strategy;                       /* enum bh_strategy */
    uint32_t bell;                           /* doorbell number of the peer's VM; BH_NO_BELL when both ends are here */
    uint64_t arena_size;                     /* bytes at BH_EDGE_BASE(index) + BH_EDGE_ARENA_OFF */
    uint64_t granted[BH_FUNCTIONS_MAX / 64]; /* bit fn: the caller may call it */
    uint32_t n_ranges, reserved;
    struct bh_range ranges[BH_RANGES_MAX]; /* memory that both ends have, apart from the arenas */
    char peer[BH_NAME_MAX];                /* name of the compartment at the other end, for messages */
};
#define BH_EDGE_CALLER 1u /* this VM holds `from` */
#define BH_EDGE_CALLEE 2u /* this VM holds `to`   */
#define BH_EDGE_LOCAL  3u /* both: no ring */
#define BH_EDGE_KEYED  4u /* with BH_EDGE_LOCAL: protection keys stand between the two */
#define BH_EDGE_LIGHT  8u /* with BH_EDGE_KEYED: the callee runs on the caller's stack, in its bh_outgoing */
#define BH_NO_BELL     0xffffffffu

enum bh_doorbell { BH_DOORBELL_PORT = 0, BH_DOORBELL_VMCALL = 1 };

#define BH_BOOT_MAGIC 0x6f666e49746f6f42ull /* "BootInfo" */
struct bh_bootinfo {
    uint64_t magic;
    uint32_t version;
    uint32_t size;         /* bytes of all that follows and this */
    uint32_t vm;           /* index of this VM */
    uint32_t doorbell;     /* enum bh_doorbell */
    uint32_t n_threads;    /* threads of this VM at most; thread ids 0 .. n_threads-1 */
    uint32_t flags;        /* BH_BOOT_* */
    uint64_t tsc_khz;      /* rate of the guest's time stamp counter */
    uint64_t realtime_ns;  /* wall clock, read before the guest's first instruction */
    uint64_t realtime_tsc; /* the guest's time stamp counter when it was read; 0: unknown */
    uint64_t spin_cycles;  /* how long to poll before parking, at most */
    uint64_t canary;       /* random: stack protector, heap checks */
    uint32_t n_compartments, n_shares, n_edges, n_args, n_env, reserved;
    /* byte offsets from the start of this structure */
    uint32_t compartments_off, shares_off, edges_off, args_off, env_off; /* args/env: NUL-terminated strings */
    uint32_t net_off;              /* struct bh_boot_net; 0: this VM has no network device */
    uint32_t mounts_off, n_mounts; /* struct bh_boot_mount[], in the order in which to mount them */
};
#define BH_BOOT_MARKS       1u               /* report BH_HC_MARK: time of the phases of the start */
#define BH_BOOT_KEYS        2u               /* this VM has protection keys: rpc/mpk.h */
#define BH_BOOT_STATS       4u               /* count and record gate calls: rpc/stats.h */
#define BH_BOOT_TTY(stream) (8u << (stream)) /* standard input, output, error is a terminal of the user's */

/* The network device of this VM, and how its compartment shall configure it (TOML, [net]). Text is NUL terminated. */
struct bh_boot_net {
    uint32_t compartment; /* whose memory holds the rings */
    uint32_t mtu;
    uint8_t mac[6];
    uint8_t reserved[2];
    uint64_t features; /* virtio feature bits that the device offers (virtio 1.2, 5.1.3 and 6) */
    char address[64];  /* "dhcp", or "A.B.C.D/N" */
    char gateway[64], dns[64];
    char address6[64]; /* "auto", "none", or "X::Y/N" */
    char hostname[64];
};
_Static_assert(sizeof(struct bh_boot_net) == 344, "ABI");

/* virtio-net over hypercalls: where the driver put its split virtqueues (virtio 1.2, 2.7). Guest virtual addresses in
 * the private memory of the device's compartment, contiguous, aligned as the specification asks. */
struct bh_net_setup {
    uint64_t features; /* IN subset of bh_boot_net.features that the driver accepts */
    struct {
        uint64_t desc, avail, used;
        uint32_t size; /* entries: power of two, at most 1024 */
        uint32_t reserved;
    } queue[2]; /* 0 receive, 1 transmit */
    /* Where the buffers that descriptors name must lie (their `addr` fields are guest virtual). */
    uint64_t buffers, buffers_size;
};

/* ---- Mounts: directories of the host ----------------------------------------------------------------------
 * Each is served by a process of its own, which shares one window of memory with the compartment that has the file
 * system. In it: a control page, one split virtqueue (virtio 1.2, 2.7, with event index), buffers. A chain is a FUSE
 * message (linux/fuse.h): what the server reads, then what it writes; a descriptor's `addr` is guest virtual, in the
 * window's buffers. Kick number BH_KICK_MOUNT + index. */
#define BH_MOUNTS_MAX     8u
#define BH_MOUNT_VA(c, i) (BH_COMPARTMENT_BASE(c) + 0xf00000000ull + 0x4000000ull * (uint64_t)(i))
#define BH_MOUNTS_OFF     0xf00000000ull
#define BH_MOUNT_SIZE     0x140000ull
#define BH_MOUNT_ENTRIES  64u
#define BH_MOUNT_DESC     0x1000u /* offsets in the window */
#define BH_MOUNT_AVAIL    0x1400u
#define BH_MOUNT_USED     0x1800u
#define BH_MOUNT_BUFFERS  0x2000u
#define BH_KICK_MOUNT     2u

struct bh_mount_control { /* the first page */
    uint32_t parked;      /* the guest's core writes it: its VM is parked, or about to be; then ring its bell */
    uint16_t dead;        /* the supervisor writes it: the server has ended */
    uint16_t reserved;
};

struct bh_boot_mount {
    uint32_t index, compartment;
    uint32_t flags; /* BH_MOUNT_* */
    uint32_t reserved;
    char name[BH_NAME_MAX];
    char path[256]; /* where it belongs */
};
#define BH_MOUNT_READ_ONLY 1u
_Static_assert(sizeof(struct bh_boot_mount) == 304, "ABI");

/* FUSE_WRITE: bit of write_flags, ours: at the file's end. The answer of any write is this, in place of fuse_write_out.
 */
#define BH_FUSE_APPEND 0x80000000u
struct bh_fuse_written {
    uint32_t size, reserved;
    uint64_t end; /* where the file ends after it, with BH_FUSE_APPEND */
};

/* Written by the supervisor, read by the guest: one page of each VM. */
struct bh_status_page {
    uint64_t dead_edges[BH_EDGES_MAX / 64]; /* bit e: the peer's VM at edge e is gone */
    uint32_t generation;                    /* +1 at each change of this page: poll this one word */
    uint32_t shutdown;                      /* signal that asks the appliance to end (SIGTERM, SIGINT), or 0 */
    uint32_t trace;                         /* not 0: somebody wants every gate call recorded (rpc/stats.h) */
    uint32_t reserved;
    uint64_t realtime_ns; /* reserved for clock steps */
    uint32_t held;        /* how many VMs a debugger holds: meanwhile no gate call times out */
    uint32_t hold_epoch;  /* +1 at each change of `held`: time that went by before does not count for a call */
};

/* ---- Hypercalls ------------------------------------------------------------------------------------------
 * Ring 3 asks with: op in eax, arguments in rdi, rsi, r8, r9; result in rax (negative: -errno, Linux values).
 *   BH_DOORBELL_PORT:   out %eax, $BH_PORT_CALL  (dx = port), exits to the VM's process.
 *                       out %eax, $BH_PORT_BELL with eax = bell number is an ioeventfd: no exit to user space.
 *   BH_DOORBELL_VMCALL: int $BH_VECTOR_CALL; the ring-0 stub issues VMCALL with rax = KVM_HC_MAP_GPA_RANGE (12),
 *                       rbx = 0, rcx = 1, rdx = op (KVM documentation, hypercalls; KVM_CAP_EXIT_HYPERCALL). */
#define BH_PORT_CALL 0xb00u
#define BH_PORT_BELL 0xb04u
#define BH_PORT_KICK \
    0xb06u /* out %ax (0xb08 is not for ring 3), ioeventfd: ax = virtqueue with new buffers, or mount */
#define BH_PORT_TRAP     0xb08u /* ring 0 only: struct bh_trap lies on the stack that rsp points to */
#define BH_PORT_FIRST    0xb00u
#define BH_PORT_LAST     0xb07u /* what ring 3 may use (I/O permission bitmap) */
#define BH_VECTOR_CALL   0x40u
#define BH_VECTOR_THREAD 0x41u /* with protection keys, PKRU 0 only: %fs base = rdi; rax, rcx, rdx change */

enum bh_hypercall {
    BH_HC_PARK = 1,      /* timeout in ns (BH_FOREVER: none), events wanted; -> events that came (0: timeout) */
    BH_HC_RING = 2,      /* bell number */
    BH_HC_WRITE = 3,     /* stream, va, bytes -> bytes written, or -errno; blocks until at least one is */
    BH_HC_READ = 4,      /* stream, va, bytes -> bytes read, 0 at end of file, -EAGAIN (then park for its event) */
    BH_HC_LOG = 5,       /* compartment, va, bytes -> 0: lines for the console, prefixed by the VMM */
    BH_HC_EXIT = 6,      /* status: the application is done; never returns */
    BH_HC_REPORT = 7,    /* va of struct bh_report -> 0, or never returns if the report is fatal */
    BH_HC_MARK = 8,      /* phase: time stamp for boot measurements */
    BH_HC_NET_START = 9, /* va of struct bh_net_setup -> 0, -EINVAL, -EFAULT, -ENODEV, -EBUSY (started already) */
    BH_HC_NET_KICK = 10, /* virtqueue or mount: what BH_PORT_KICK does, where the doorbell is VMCALL -> 0 */
};
#define BH_FOREVER      0xffffffffffffffffull
#define BH_EVENT_BELL   1u
#define BH_EVENT_STDIN  2u /* standard input has something (or ended) */
#define BH_EVENT_SIGNAL 4u /* a thread waits for the status page to change: parked, but not for good */
enum bh_stream { BH_STDIN = 0, BH_STDOUT = 1, BH_STDERR = 2 };
enum bh_mark { BH_MARK_CORE = 1, BH_MARK_INIT = 2, BH_MARK_MAIN = 3, BH_MARK_READY = 4 };

/* Something the guest reports of its own accord. Strings are NUL terminated; the VMM does not trust them. */
enum bh_report_kind {
    BH_REPORT_PANIC = 1,   /* fatal: the core or the runtime gave up; `text` says why */
    BH_REPORT_ASSERT = 2,  /* fatal */
    BH_REPORT_REFUSED = 3, /* a gate call did not happen: `status`, function, argument */
    BH_REPORT_HEAP = 4,    /* the compartment's heap is full: `size` bytes more were wanted at `pc`. Told once */
};
struct bh_report {
    uint32_t kind;
    uint32_t fatal;       /* non-zero: this VM ends here */
    uint32_t compartment; /* where it happened */
    uint32_t peer;        /* other compartment of the gate, or BH_NO_PEER */
    uint32_t status;      /* enum bh_status, rpc/gate.h */
    uint32_t thread;
    uint64_t pc;      /* place in the source to name */
    uint64_t address; /* pointer that was refused, or 0 */
    uint64_t size;    /* its size */
    char function[64];
    char argument[32];
    char text[160];
};
#define BH_NO_PEER 0xffffffffu
_Static_assert(sizeof(struct bh_report) == 304, "ABI");

/* What the ring-0 stub pushes before it reports a trap; the VMM may change it before the guest resumes. */
struct bh_trap {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct bh_trap) == 22 * 8, "ABI");

#endif

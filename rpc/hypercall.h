/* How a guest asks its VM's process for something, and how the trap shim reports an exception.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The port and vector numbers can be included in assembly. */
#ifndef BH_RPC_HYPERCALL_H
#define BH_RPC_HYPERCALL_H

/* Ring 3 asks with the operation in eax and arguments in rdi, rsi, r8 and r9; the result is in rax (negative: -errno,
 * Linux's values).
 *   BH_DOORBELL_PORT:   out %eax, $BH_PORT_CALL (dx = port) exits to the VM's process.
 *                       out %eax, $BH_PORT_NOTIFY with eax = doorbell number is an ioeventfd: no exit to user space.
 *   BH_DOORBELL_VMCALL: int $BH_VECTOR_CALL; the trap shim issues VMCALL with rax = KVM_HC_MAP_GPA_RANGE (12),
 *                       rbx = 0, rcx = 1, rdx = operation (KVM's documentation, hypercalls; KVM_CAP_EXIT_HYPERCALL). */
#define BH_PORT_CALL     0xb00
#define BH_PORT_NOTIFY   0xb04
#define BH_PORT_KICK     0xb06 /* out %ax (0xb08 is not for ring 3), ioeventfd: ax = a device's queue, see BH_HC_KICK */
#define BH_PORT_TRAP     0xb08 /* ring 0 only: struct bh_trap lies on the stack that rsp points to */
#define BH_PORT_FIRST    0xb00
#define BH_PORT_LAST     0xb07 /* what ring 3 may use (I/O permission bitmap) */
#define BH_VECTOR_CALL   0x40
#define BH_VECTOR_THREAD 0x41 /* with protection keys, PKRU 0 only: %fs base = rdi; rax, rcx, rdx change */

#ifndef __ASSEMBLER__
#include <stdint.h>

enum bh_doorbell { BH_DOORBELL_PORT = 0, BH_DOORBELL_VMCALL = 1 };

enum bh_hypercall {
    BH_HC_PARK = 1,      /* timeout in ns (BH_FOREVER: none), events wanted, VMs to notify before (bit v: VM v);
                            -> events that came (0: timeout) */
    BH_HC_NOTIFY = 2,    /* doorbell number */
    BH_HC_WRITE = 3,     /* stream, va, bytes -> bytes written, or -errno; blocks until at least one is */
    BH_HC_READ = 4,      /* stream, va, bytes -> bytes read, 0 at end of file, -EAGAIN (then park for its event) */
    BH_HC_LOG = 5,       /* compartment, va, bytes -> 0: lines for the console, prefixed by the VMM */
    BH_HC_EXIT = 6,      /* status: the application is done; never returns */
    BH_HC_REPORT = 7,    /* va of struct bh_report -> 0, or never returns if the report is fatal */
    BH_HC_MARK = 8,      /* phase (enum bh_mark): time stamp for boot measurements */
    BH_HC_NET_START = 9, /* va of struct bh_net_setup -> 0, -EINVAL, -EFAULT, -ENODEV, -EBUSY (started already) */
    BH_HC_KICK = 10, /* queue with new buffers: of the network device, or BH_KICK_MOUNT + index of a mount -> 0. What
                        BH_PORT_KICK does, for the doorbell VMCALL */
    BH_HC_GIVE_BACK = 11, /* va of struct bh_range[], number (at most BH_RANGES_BATCH) -> 0, -EINVAL, -EFAULT. The host
                             takes these pages of heaps of this VM; the next use of one finds zeros */
};
#define BH_FOREVER      0xffffffffffffffffull
#define BH_EVENT_NOTIFY 1u /* a peer's VM or a device notified this one */
#define BH_EVENT_STDIN  2u /* standard input has something (or ended) */
#define BH_EVENT_SIGNAL 4u /* a thread waits for the status page to change: parked, but not for good */
#define BH_KICK_MOUNT   2u
#define BH_RANGES_BATCH 64u
enum bh_stream { BH_STDIN = 0, BH_STDOUT = 1, BH_STDERR = 2 };
enum bh_mark { BH_MARK_CORE = 1, BH_MARK_INIT = 2, BH_MARK_MAIN = 3, BH_MARK_READY = 4 };

/* What the trap shim pushes before it reports an exception; the VMM may change it before the guest resumes. */
struct bh_trap {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct bh_trap) == 22 * 8, "ABI");
#endif

#endif

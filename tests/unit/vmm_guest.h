/* The guest of tests/unit/vmm_kvm.c: what it is told to do.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_TESTS_VMM_GUEST_H
#define BH_TESTS_VMM_GUEST_H

#include <stdint.h>

/* VM 0 holds compartment 0, the application; VM 1 (in some tests) compartment 1; edge 0 leads from
 * 0 to 1, share 0 belongs to both, share 1 to compartment 1 alone. */
enum guest_mode {
    MODE_PARK_FOREVER = 1, /* both VMs, until the end of days */
    MODE_BELL,             /* ping-pong through the edge, both parked in between; 0 */
    MODE_NOTIFY_AND_PARK,  /* the same, with notifications that parking sends; 0 */
    MODE_SHARE,            /* VM 1 writes share 0, VM 0 sees it; 0 */
    MODE_SPIN,             /* for ever */
    MODE_STOP,             /* park until the status page says shutdown; 9 */
    MODE_PEER_DIES,        /* VM 1 reads address 0; VM 0 waits to learn of it; 7 */
    MODE_MANY,             /* VM 0 rings every other VM; each answers; 0 */
    MODE_FIRST_ALONE,      /* from here on the other VMs stand by */
    MODE_EXIT,             /* end with status 42 */
    MODE_PARK,             /* park 20 ms; 0 when that is what it took */
    MODE_STATE,            /* registers, bootinfo, gate table, data as promised; 0 */
    MODE_POINTERS,         /* bad hypercall arguments, each refused; 0 */
    MODE_PORTS,            /* odd port accesses that are allowed; 0 */
    MODE_STREAMS,          /* copies stdin to stdout; 0 */
    MODE_LOG,              /* lines on the console; 0 */
    MODE_REPORT,           /* one report that is not fatal, one that is */
    /* One exception each, in VM 0 */
    MODE_UD,
    MODE_DE,
    MODE_BP,
    MODE_HLT,
    MODE_NULL,
    MODE_KERNEL_READ,
    MODE_TABLES_READ,
    MODE_BOOT_WRITE,
    MODE_STATUS_WRITE,
    MODE_GATES_WRITE,
    MODE_TEXT_WRITE,
    MODE_DATA_EXEC,
    MODE_STACK_EXEC,
    MODE_GUARD,
    MODE_OTHER_SHARE,
    MODE_OTHER_PRIVATE,
    MODE_PORT_TRAP,
    MODE_PORT_OTHER,
    MODE_INT_PF,
    MODE_INT_CALL,
    MODE_SYSCALL,
    MODE_WRMSR,
    MODE_NONCANONICAL,
    MODE_BAD_STACK,
};

void guest_main(uint64_t rsp); /* called by guest_start */

/* The code, position independent, and where it starts. */
extern const unsigned char __start_bh_guest_code[], __stop_bh_guest_code[], guest_start[];

#endif

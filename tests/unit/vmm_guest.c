/* Code that runs inside a VM, in ring 3, in place of the core. Self-contained: copied into an image, so no calls out of
 * its section, no constants in memory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef __clang__
#pragma GCC optimize("O1,no-jump-tables,no-stack-protector,no-tree-loop-distribute-patterns")
#endif
#include "vmm_guest.h"

#include <errno.h>
#include <stdint.h>

#include "rpc/boot.h"
#include "rpc/hypercall.h"
#include "rpc/image.h"
#include "rpc/map.h"
#include "rpc/report.h"
#include "rpc/version.h"
#include "rpc/gate.h"
#include "vmm_images.h"

#define GUEST __attribute__((section("bh_guest_code"), noinline, no_sanitize("address", "undefined")))

__asm__(
    ".section bh_guest_code,\"ax\"\n"
    ".globl guest_start\n"
    "guest_start:\n"
    "    mov %rsp, %rdi\n"
    "    call guest_main\n"
    "    ud2\n"
    ".previous\n");

#define BOOT   ((const struct bh_bootinfo *)BH_BOOTINFO_VA)
#define STATUS ((volatile struct bh_status_page *)BH_STATUS_VA)
#define EDGE   ((volatile uint32_t *)BH_EDGE_BASE(0))
#define BASE0  BH_COMPARTMENT_BASE(0)
#define MS     1000000ull

/* Inlined: no symbol may be left to relocate. */
static inline __attribute__((always_inline)) int64_t call(uint64_t op, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t r8 __asm__("r8") = c;
    register uint64_t r9 __asm__("r9") = 0x9999;
    int64_t result;
    if (BOOT->doorbell == BH_DOORBELL_VMCALL) {
        __asm__ volatile("int %1"
                         : "=a"(result)
                         : "i"(BH_VECTOR_CALL), "a"(op), "D"(a), "S"(b), "r"(r8), "r"(r9)
                         : "memory");
    } else {
        __asm__ volatile("out %%eax, %%dx"
                         : "=a"(result)
                         : "a"(op), "d"(BH_PORT_CALL), "D"(a), "S"(b), "r"(r8), "r"(r9)
                         : "memory");
    }
    return result;
}

static inline __attribute__((always_inline)) void notify(uint32_t number)
{
    if (BOOT->doorbell == BH_DOORBELL_VMCALL)
        call(BH_HC_NOTIFY, number, 0, 0);
    else
        __asm__ volatile("out %%eax, %%dx" : : "a"(number), "d"(BH_PORT_NOTIFY) : "memory");
}

static inline __attribute__((always_inline)) uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* What VMs do that have nothing to do with the test. */
GUEST static void stand_by(void)
{
    for (;;)
        call(BH_HC_PARK, BH_FOREVER, BH_EVENT_NOTIFY, 0);
}

GUEST static int park_20ms(void)
{
    uint64_t start = tsc();
    if (call(BH_HC_PARK, 20 * MS, BH_EVENT_NOTIFY, 0) != 0)
        return 1;
    uint64_t ms = (tsc() - start) / BOOT->tsc_khz;
    return ms < 19 ? 2 : ms > 500 ? 3 : 0;
}

GUEST static int ping_pong(void)
{
    for (uint32_t n = 1; n <= 100; n++) {
        if (BOOT->vm == 0) {
            EDGE[0] = n;
            notify(1);
        }
        while (EDGE[BOOT->vm == 0] != n)
            if (call(BH_HC_PARK, 1000 * MS, BH_EVENT_NOTIFY, 0) == 0)
                return 1;
        if (BOOT->vm == 1) {
            EDGE[1] = n;
            notify(0);
        }
    }
    if (BOOT->vm == 1)
        stand_by();
    return 0;
}

/* Parking notifies the VMs that it is told to, before it sleeps; those that this one does not know are passed over. */
GUEST static int notify_and_park(void)
{
    for (uint32_t n = 1; n <= 100; n++) {
        if (BOOT->vm == 0)
            EDGE[0] = n;
        while (EDGE[BOOT->vm == 0] != n)
            if (call(BH_HC_PARK, 1000 * MS, BH_EVENT_NOTIFY, BOOT->vm == 0 ? ~1ull : 1ull) == 0)
                return 1;
        if (BOOT->vm == 1)
            EDGE[1] = n;
    }
    if (BOOT->vm == 1) {
        notify(0);
        stand_by();
    }
    return 0;
}

GUEST static int share_word(void)
{
    volatile uint64_t *word = (void *)BH_SHARE_BASE(0);
    if (BOOT->vm == 1) {
        word[1000] = 0x1122334455667788;
        word[0] = 1;
        stand_by();
    }
    while (!word[0])
        call(BH_HC_PARK, MS, 0, 0);
    return word[1000] == 0x1122334455667788 ? 0 : 1;
}

GUEST static int check_state(uint64_t rsp)
{
    const struct bh_boot_compartment *c = (const void *)((const char *)BOOT + BOOT->compartments_off);
    const struct bh_gate_table *g = (const void *)BASE0;
    uint64_t flags;
    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    if (rsp != BH_STACK(0, 0, c->stack_size) + c->stack_size - 8 || rsp % 16 != 8)
        return 1;
    if (BOOT->magic != BH_BOOT_MAGIC || BOOT->vm != 0 || BOOT->n_compartments != 1 || c->index != 0 ||
        c->flags != BH_COMPARTMENT_DEFAULT || c->heap_size != 8 << 20)
        return 2;
    if (g->version != BH_ABI_VERSION || g->core[1] != 0x2222 || g->n_imports != 2 || g->imports[0].edge != 0 ||
        g->imports[0].direct != 0 || g->imports[1].edge != BH_NO_EDGE)
        return 3;
    if (*(volatile uint8_t *)(BASE0 + BH_IMAGE_OFF + IMAGE_DATA) != 0x5a ||
        *(volatile uint8_t *)(BASE0 + BH_IMAGE_OFF + IMAGE_BSS) != 0)
        return 4;
    *(volatile uint64_t *)(c->heap_va + c->heap_size - 8) = 1;
    *(volatile uint64_t *)(BASE0 + BH_STACKS_OFF + BH_SHADOW_DELTA) = 1;
    *(volatile uint64_t *)BH_TLS_TP(BOOT->n_threads - 1) = 1;
    *(volatile uint64_t *)BH_TLS_SEGMENT(0, 0) = 1;
    uint64_t tp;
    *(volatile uint64_t *)BH_TLS_TP(0) = BH_TLS_TP(0);
    __asm__ volatile("mov %%fs:0, %0" : "=r"(tp));
    if (tp != BH_TLS_TP(0) || (flags & 0x3000))
        return 5;
    const char *arg = (const char *)BOOT + BOOT->args_off;
    return BOOT->n_args == 2 && arg[0] == 'a' && arg[1] == 0 && arg[2] == 'b' ? 0 : 6;
}

GUEST static int bad_pointers(void)
{
    uint64_t stack = BH_STACK(0, 0, 0x4000);
    volatile uint64_t *text = (void *)(BASE0 + BH_IMAGE_OFF + IMAGE_TEXT);
    uint64_t before = *text;
    for (int stream = 1; stream <= 2; stream++)
        if (call(BH_HC_WRITE, stream, 0, 8) != -EFAULT || call(BH_HC_WRITE, stream, ~0ull - 3, 8) != -EFAULT ||
            call(BH_HC_WRITE, stream, BH_KERNEL_BASE, 8) != -EFAULT ||
            call(BH_HC_WRITE, stream, BH_KERNEL_BASE + 0x3000, 8) != -EFAULT ||
            call(BH_HC_WRITE, stream, 0xffff800000000000, ~0ull) != -EFAULT ||
            call(BH_HC_WRITE, stream, BH_COMPARTMENT_BASE(1) + BH_IMAGE_OFF, 8) != -EFAULT ||
            call(BH_HC_WRITE, stream, BH_SHARE_BASE(1), 8) != -EFAULT ||
            call(BH_HC_WRITE, stream, stack - 8, 8) != -EFAULT)
            return 1;
    if (call(BH_HC_WRITE, 0, stack, 8) != -EBADF || call(BH_HC_WRITE, 3, stack, 8) != -EBADF ||
        call(BH_HC_WRITE, ~0ull, stack, 8) != -EBADF || call(BH_HC_READ, 1, stack, 8) != -EBADF)
        return 2;
    if (call(BH_HC_READ, 0, (uint64_t)text, 8) != -EFAULT || *text != before ||
        call(BH_HC_READ, 0, BH_BOOTINFO_VA, 8) != -EFAULT || call(BH_HC_READ, 0, BH_STATUS_VA, 8) != -EFAULT ||
        call(BH_HC_READ, 0, 1, 8) != -EFAULT)
        return 3;
    if (call(BH_HC_LOG, 1, stack, 8) != -EINVAL || call(BH_HC_LOG, ~0ull, stack, 8) != -EINVAL ||
        call(BH_HC_LOG, 0, stack, ~0ull) != -EINVAL || call(BH_HC_LOG, 0, stack - 8, 8) != -EFAULT)
        return 4;
    if (call(BH_HC_REPORT, 0, 0, 0) != -EFAULT || call(BH_HC_REPORT, stack + 0x4000 - 8, 0, 0) != -EFAULT ||
        call(BH_HC_NOTIFY, ~0ull, 0, 0) != -EINVAL || call(BH_HC_NOTIFY, 1ull << 32, 0, 0) != -EINVAL ||
        call(BH_HC_MARK, ~0ull, 0, 0) != -EINVAL || call(BH_HC_PARK, 0, ~0ull & ~3ull, 0) != 0)
        return 5;
    return call(0, 0, 0, 0) == -ENOSYS && call(0x100, ~0ull, ~0ull, ~0ull) == -ENOSYS &&
                   call(0xffffffff, 1, 2, 3) == -ENOSYS
               ? 0
               : 6;
}

GUEST static int odd_ports(void)
{
    uint32_t value = 7;
    uint64_t count = 16, at = BASE0 + BH_IMAGE_OFF + IMAGE_DATA;
    for (uint16_t port = BH_PORT_FIRST; port <= BH_PORT_LAST; port++) {
        __asm__ volatile("outb %%al, %%dx" : : "a"(BH_HC_EXIT), "d"(port));
        __asm__ volatile("inb %%dx, %%al" : "=a"(value) : "d"(port), "a"(7));
        if ((value & 0xff) != 0)
            return 1;
    }
    __asm__ volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(BH_PORT_CALL) : "memory");
    count = 16;
    at = BASE0 + BH_IMAGE_OFF + IMAGE_BSS;
    __asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(BH_PORT_CALL) : "memory");
    __asm__ volatile("out %%eax, %%dx" : : "a"(77), "d"(BH_PORT_NOTIFY));
    __asm__ volatile("inl %%dx, %%eax" : "=a"(value) : "d"(BH_PORT_CALL));
    return value == 0 ? 0 : 2;
}

GUEST static int copy_streams(void)
{
    uint64_t buffer = BASE0 + BH_HEAP_OFF;
    for (;;) {
        int64_t n = call(BH_HC_READ, BH_STDIN, buffer, 1 << 20);
        if (n == -EAGAIN) {
            if (!(call(BH_HC_PARK, BH_FOREVER, BH_EVENT_STDIN, 0) & BH_EVENT_STDIN))
                return 1;
            continue;
        }
        if (n <= 0)
            return n == 0 ? 0 : 2;
        for (int64_t done = 0; done < n;) {
            int64_t m = call(BH_HC_WRITE, BH_STDOUT, buffer + (uint64_t)done, (uint64_t)(n - done));
            if (m <= 0)
                return 3;
            done += m;
        }
    }
}

GUEST static int log_lines(void)
{
    volatile char *text = (void *)(BASE0 + BH_HEAP_OFF);
    text[0] = 'o', text[1] = 'n', text[2] = 'e', text[3] = '\n', text[4] = '\033', text[5] = 'x';
    call(BH_HC_LOG, 0, (uint64_t)text, 6);
    return call(BH_HC_LOG, 0, (uint64_t)text, 3) == 0 ? 0 : 1; /* "?xone", without a newline */
}

GUEST static int reports(void)
{
    volatile struct bh_report *r = (void *)(BASE0 + BH_HEAP_OFF);
    r->kind = BH_REPORT_REFUSED;
    r->compartment = 63; /* not one of this VM's */
    r->peer = 1;
    r->status = BH_REFUSED;
    for (int i = 0; i < 160; i++)
        r->text[i] = 'x'; /* not terminated */
    if (call(BH_HC_REPORT, (uint64_t)r, 0, 0) != 0)
        return 1;
    r->fatal = 1;
    r->kind = BH_REPORT_PANIC;
    call(BH_HC_REPORT, (uint64_t)r, 0, 0);
    return 2;
}

GUEST static int wait_shutdown(void)
{
    while (!STATUS->shutdown)
        call(BH_HC_PARK, BH_FOREVER, BH_EVENT_NOTIFY, 0);
    return BOOT->vm == 0 ? 9 : 0;
}

GUEST static int peer_dies(void)
{
    if (BOOT->vm == 1)
        return *(volatile char *)0;
    while (!(STATUS->dead_edges[0] & 1))
        if (!call(BH_HC_PARK, 5000 * MS, BH_EVENT_NOTIFY, 0))
            return 1;
    return STATUS->generation ? 7 : 2;
}

GUEST static int many(void)
{
    volatile uint32_t *mine;
    uint32_t last = BOOT->n_edges;
    if (BOOT->vm != 0) {
        mine = (void *)BH_EDGE_BASE(BOOT->vm - 1);
        while (!mine[0])
            call(BH_HC_PARK, BH_FOREVER, BH_EVENT_NOTIFY, 0);
        mine[1] = BOOT->vm;
        notify(0);
        stand_by();
    }
    for (uint32_t e = 0; e < last; e++) {
        mine = (void *)BH_EDGE_BASE(e);
        mine[0] = 1;
        notify(e + 1);
        while (mine[1] != e + 1)
            if (!call(BH_HC_PARK, 5000 * MS, BH_EVENT_NOTIFY, 0))
                return 1;
    }
    return 0;
}

static inline __attribute__((always_inline)) void jump(uint64_t to)
{
    __asm__ volatile("call *%0" : : "r"(to) : "memory");
}

#define READ(va)  ((void)*(volatile char *)(va))
#define WRITE(va) (*(volatile char *)(va) = 1)

GUEST static void fault(uint64_t mode, uint64_t rsp)
{
    if (mode == MODE_UD)
        __asm__ volatile("ud2");
    if (mode == MODE_DE)
        __asm__ volatile("div %%ecx" : : "a"(1), "d"(0), "c"(0));
    if (mode == MODE_BP)
        __asm__ volatile("int3");
    if (mode == MODE_HLT)
        __asm__ volatile("hlt");
    if (mode == MODE_NULL)
        READ(0x10);
    if (mode == MODE_KERNEL_READ)
        READ(BH_KERNEL_BASE);
    if (mode == MODE_TABLES_READ)
        READ(BH_KERNEL_BASE + 0x1000);
    if (mode == MODE_BOOT_WRITE)
        WRITE(BH_BOOTINFO_VA);
    if (mode == MODE_STATUS_WRITE)
        WRITE(BH_STATUS_VA);
    if (mode == MODE_GATES_WRITE)
        WRITE(BASE0);
    if (mode == MODE_TEXT_WRITE)
        WRITE(BASE0 + BH_IMAGE_OFF + IMAGE_TEXT);
    if (mode == MODE_DATA_EXEC)
        jump(BASE0 + BH_IMAGE_OFF + IMAGE_DATA);
    if (mode == MODE_STACK_EXEC)
        jump(rsp);
    if (mode == MODE_GUARD)
        WRITE(BASE0 + BH_STACKS_OFF + 0xff8);
    if (mode == MODE_OTHER_SHARE)
        READ(BH_SHARE_BASE(1));
    if (mode == MODE_OTHER_PRIVATE)
        READ(BH_COMPARTMENT_BASE(1) + BH_HEAP_OFF);
    if (mode == MODE_PORT_TRAP)
        __asm__ volatile("outb %%al, %%dx" : : "a"(0), "d"(BH_PORT_TRAP));
    if (mode == MODE_PORT_OTHER)
        __asm__ volatile("outb %%al, %%dx" : : "a"(0), "d"(0x80));
    if (mode == MODE_INT_PF)
        __asm__ volatile("int $14");
    if (mode == MODE_INT_CALL)
        __asm__ volatile("int $0x40" : : "a"(BH_HC_EXIT), "D"(0));
    if (mode == MODE_SYSCALL)
        __asm__ volatile("syscall" : : : "rcx", "r11");
    if (mode == MODE_WRMSR)
        __asm__ volatile("wrmsr" : : "a"(0), "c"(0xc0000082), "d"(0));
    if (mode == MODE_NONCANONICAL)
        READ(0x8000000000000000);
    if (mode == MODE_BAD_STACK)
        __asm__ volatile("mov $0x1000, %%esp; push %%rax" : : : "memory");
}

GUEST __attribute__((used)) void guest_main(uint64_t rsp)
{
    uint64_t mode = *(volatile uint64_t *)(BH_CORE_IMAGE_VA + IMAGE_DATA);
    int status = 99;
    if (BOOT->vm != 0 && mode > MODE_FIRST_ALONE)
        stand_by();
    if (mode == MODE_EXIT)
        status = 42;
    if (mode == MODE_PARK)
        status = park_20ms();
    if (mode == MODE_PARK_FOREVER)
        status = call(BH_HC_PARK, BH_FOREVER, BH_EVENT_NOTIFY, 0) == 0;
    if (mode == MODE_BELL)
        status = ping_pong();
    if (mode == MODE_NOTIFY_AND_PARK)
        status = notify_and_park();
    if (mode == MODE_SHARE)
        status = share_word();
    if (mode == MODE_STATE)
        status = check_state(rsp);
    if (mode == MODE_POINTERS)
        status = bad_pointers();
    if (mode == MODE_PORTS)
        status = odd_ports();
    if (mode == MODE_STREAMS)
        status = copy_streams();
    if (mode == MODE_LOG)
        status = log_lines();
    if (mode == MODE_REPORT)
        status = reports();
    if (mode == MODE_STOP)
        status = wait_shutdown();
    if (mode == MODE_PEER_DIES)
        status = peer_dies();
    if (mode == MODE_MANY)
        status = many();
    while (mode == MODE_SPIN)
        __asm__ volatile("pause");
    fault(mode, rsp);
    call(BH_HC_EXIT, (uint64_t)status, 0, 0);
}

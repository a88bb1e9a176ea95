/* Attacks on the gates, on the core by way of its calls, and hypercalls that are not a compartment's to make.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "keyring.h"

#include <errno.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "bh/marshal.h"
#include "rpc/mpk.h"

/* Jumps to the trampolines' byte `number` with the registers that a WRPKRU needs. */
static void jump(uint64_t number, uint32_t pkru)
{
    __asm__ volatile("xor %%ecx, %%ecx\n xor %%edx, %%edx\n xor %%r8d, %%r8d\n jmp *%1"
                     :
                     : "a"(pkru), "r"(BH_MPK_CODE_VA + number), "D"(0)
                     : "rcx", "rdx", "r8", "memory");
}

static uint32_t own_pkru(void)
{
    uint32_t value;
    __asm__ volatile("rdpkru" : "=a"(value) : "c"(0) : "rdx"); /* reading is allowed */
    return value;
}

static uint64_t hypercall_vmcall(void)
{
    register uint64_t r8 __asm__("r8") = 1;
    uint64_t result;
    __asm__ volatile("int $0x40" : "=a"(result) : "a"(BH_HC_WRITE), "D"(1), "S"("x"), "r"(r8) : "memory");
    return result;
}

static uint64_t hypercall_port(void)
{
    register uint64_t r8 __asm__("r8") = 1;
    uint64_t result;
    __asm__ volatile("out %%eax, %%dx"
                     : "=a"(result)
                     : "a"(BH_HC_WRITE), "d"(BH_PORT_CALL), "D"(1), "S"("x"), "r"(r8)
                     : "memory");
    return result;
}

static void notify_peer(void)
{
    __asm__ volatile("out %%eax, %%dx" : : "a"(0), "d"(BH_PORT_NOTIFY));
}

/* The three ways to change the thread pointer in ring 3: the instruction, a selector, the core's vector. */
static uint64_t write_thread(void)
{
    static uint64_t block[1024];
    __asm__ volatile("wrfsbase %0" : : "r"(block + 512));
    return 1;
}

static uint64_t no_thread(void)
{
    __asm__ volatile("mov %w0, %%fs" : : "r"(0));
    bh_core()->now();
    return 1;
}

static uint64_t ask_for_thread(void)
{
    static uint64_t block[1024];
    __asm__ volatile("int $0x41" : : "D"(block + 512) : "rax", "rcx", "rdx");
    return 1;
}

/* A light gate with the call, or the stack, in the callee's own memory: it would write there. */
static uint64_t light_call(uint64_t at)
{
    __asm__ volatile("call *%0" : : "a"(bh_gates.imports[0].gate), "D"(at) : "rcx", "rdx", "memory");
    return 1;
}

static uint64_t light_stack(uint64_t at)
{
    struct bh_outgoing call = {.timeout = BH_FOREVER};
    __asm__ volatile("mov %1, %%rsp\n jmp *%0" : : "a"(bh_gates.imports[0].gate), "r"(at), "D"(&call) : "memory");
    return 1;
}

static void never(void *unused)
{
    (void)unused;
}

/* Core calls that name what the caller has no right to: its neighbour's memory, or the core's.
 * Number of the first that was not refused. */
static uint64_t pointers(void)
{
    uint32_t self = bh_gates.compartment, peer = self ? 0 : 1;
    const struct bh_core_calls *core = bh_core();
    uint64_t foreign[] = {BH_COMPARTMENT_BASE(peer) + BH_HEAP_OFF,
                          BH_COMPARTMENT_BASE(peer) + BH_IMAGE_OFF + 0x10000,
                          BH_CORE_IMAGE_VA,
                          BH_MPK_CORE_VA,
                          BH_TLS_TP(0),
                          BH_TLS_SEGMENT(0, peer),
                          BH_KERNEL_BASE,
                          BH_EDGE_BASE(0),
                          UINT64_MAX - 64,
                          0};
    struct bh_outgoing call = {.edge = 0, .timeout = BH_FOREVER};
    for (unsigned i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
        void *at = (void *)foreign[i];
        uint64_t n = 100 * (i + 1);
        if (core->write(BH_STDERR, at, 8) != -EFAULT)
            return n + 1;
        if (core->read(BH_STDIN, at, 8) != (self ? -EBADF : -EFAULT))
            return n + 2;
        if (core->callback(at) != BH_BAD_ARGUMENT || core->watch(at, at) != -EFAULT || core->wakeup(at, 1) != 0 ||
            core->sleep(at, 0) != -EFAULT)
            return n + 3;
        call.n_callbacks = 1;
        call.callbacks = at;
        if (core->callback(&call) != BH_BAD_ARGUMENT)
            return n + 4;
        struct bh_range theirs = {.va = foreign[i] & ~(BH_PAGE_SIZE - 1), .size = BH_PAGE_SIZE};
        if (core->give_back(at, 1) != -EFAULT || core->give_back(&theirs, 1) != -EFAULT)
            return n + 5;
        core->log(peer, at, 8);
        core->report(at);
    }
    call.n_callbacks = 0;
    /* An arena that is taken does not block. */
    enum bh_arena which = self ? BH_ARENA_CALLBACKS : BH_ARENA_CALLS;
    size_t most = self ? BH_EDGE_CB_ARENA_SIZE : bh_edge_of(0)->arena_size;
    void *all = core->arena_alloc(0, which, most - 64);
    if (!all || core->arena_alloc(0, which, 65))
        return 6;
    core->arena_free(0, which, all);
    if (self && (core->call(&call) != BH_NO_GATE || core->arena_alloc(0, BH_ARENA_CALLS, 8)))
        return 1; /* the edge is the application's */
    if (!self && (core->callback(&call) != BH_NO_GATE || core->arena_alloc(0, BH_ARENA_CALLBACKS, 8)))
        return 2;
    if (self && core->write(BH_STDOUT, "x", 1) != -EBADF)
        return 3;
    if (core->thread_create(never, NULL, peer) != -EINVAL || core->thread_create(never, NULL, 1000) != -EINVAL)
        return 4;
    if (core->callback(&call) == BH_OK || core->net_start((void *)foreign[0]) != -ENODEV)
        return 5;
    return 0;
}

uint64_t key_attack(const char *action, uint64_t number)
{
    if (!strcmp(action, "jump-core"))
        return jump(number, 0), 1;
    if (!strcmp(action, "jump-own"))
        return jump(number, own_pkru()), 1;
    if (!strcmp(action, "vmcall"))
        return hypercall_vmcall();
    if (!strcmp(action, "port"))
        return hypercall_port();
    if (!strcmp(action, "bell"))
        return notify_peer(), 1;
    if (!strcmp(action, "thread"))
        return write_thread();
    if (!strcmp(action, "no-thread"))
        return no_thread();
    if (!strcmp(action, "ask-thread"))
        return ask_for_thread();
    if (!strcmp(action, "light-call"))
        return light_call(number);
    if (!strcmp(action, "light-stack"))
        return light_stack(number);
    if (!strcmp(action, "pointers"))
        return pointers();
    if (!strcmp(action, "read"))
        return *(volatile unsigned char *)number, 1;
    if (!strcmp(action, "write"))
        return *(volatile unsigned char *)number = 1, 1;
    return UINT64_MAX;
}

/* The guest's threads, from the core's tables. The core's image says where the tables are, and it is trusted; what they
 * contain is under the guest's control, so none of it is.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/debug_threads.h"

#include <string.h>

#include "rpc/mpk.h"
#include "vmm/vm/debug_registers.h"
#include "vmm/vm/vm.h"

enum { FREE, READY, RUNNING, BLOCKED }; /* enum thread_state, guest/kernel/core/core.h */

static const struct bh_core_debug *core_debug(const struct vm *vm)
{
    return &vm->w->core.debug;
}

static bool read_field(struct vm *vm, uint32_t id, uint32_t offset, void *to, uint32_t size)
{
    uint64_t va = core_debug(vm)->threads + (uint64_t)id * core_debug(vm)->stride + offset;
    return memory_read(&vm->memory, to, guest_va(va), size, PERM_R | PERM_U);
}

static uint32_t n_threads(const struct vm *vm)
{
    uint32_t n = vm->w->a->vms[vm->index].n_threads;
    return !core_debug(vm)->threads ? 0 : n < BH_THREADS_MAX ? n : BH_THREADS_MAX;
}

/* The thread whose stack of compartment i this is, or UINT32_MAX. */
static uint32_t by_stack(const struct vm *vm, uint32_t i, uint64_t rsp)
{
    uint64_t size = vm->w->a->compartments[i].stack, first = BH_STACK(i, 0, size);
    uint64_t thread = (rsp - 1 - first) / (size + PAGE); /* huge below the first */
    return thread < n_threads(vm) ? (uint32_t)thread : UINT32_MAX;
}

/* The stack pointer tells, even while the core is about to switch. */
uint32_t thread_running(const struct vm *vm)
{
    const struct appliance *a = vm->w->a;
    uint64_t rsp = register_rsp(vm), core = (rsp - 1 - BH_MPK_STACK(0)) / (BH_MPK_STACK_SIZE + PAGE);
    if (vm->memory.keyed && core < n_threads(vm))
        return (uint32_t)core;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        uint32_t thread = vm_holds(a, vm->index, i) ? by_stack(vm, i, rsp) : UINT32_MAX;
        if (thread != UINT32_MAX)
            return thread;
    }
    uint64_t current, offset;
    const struct bh_core_debug *d = core_debug(vm);
    if (n_threads(vm) && memory_read(&vm->memory, &current, guest_va(d->current), sizeof(current), PERM_R | PERM_U) &&
        (offset = current - d->threads) / d->stride < n_threads(vm))
        return (uint32_t)(offset / d->stride);
    return 0;
}

uint32_t threads_list(struct vm *vm, struct debug_thread list[DEBUG_THREADS_MAX])
{
    const struct bh_core_debug *d = core_debug(vm);
    uint32_t running = thread_running(vm), n = 0;
    for (uint32_t id = 0; id < n_threads(vm); id++) {
        struct debug_thread t = {.id = id, .compartment = BH_NO_PEER};
        uint32_t state = FREE;
        uint8_t deadline = 0;
        if (!read_field(vm, id, d->state, &state, sizeof(state)) ||
            !read_field(vm, id, d->compartment, &t.compartment, sizeof(t.compartment)) ||
            !read_field(vm, id, d->has_deadline, &deadline, sizeof(deadline)) ||
            (id != running && state != READY && state != BLOCKED))
            continue;
        t.state = id == running ? DEBUG_THREAD_RUNS : state == READY ? DEBUG_THREAD_READY : DEBUG_THREAD_WAITS;
        t.has_deadline = deadline != 0;
        list[n++] = t;
    }
    if (!n) /* no table, or before it was filled */
        list[n++] = (struct debug_thread){.id = running, .state = DEBUG_THREAD_RUNS, .compartment = BH_NO_PEER};
    return n;
}

bool thread_registers(struct vm *vm, uint32_t id, struct debug_registers *r)
{
    uint64_t sp;
    struct switched_thread s;
    memset(r, 0, sizeof(*r));
    if (id >= n_threads(vm) || !read_field(vm, id, core_debug(vm)->sp, &sp, sizeof(sp)) ||
        !memory_read(&vm->memory, &s, guest_va(sp), sizeof(s), PERM_R | PERM_U))
        return false;
    const uint64_t general[16] = {
        [1] = s.rbx, [6] = s.rbp, [7] = sp + sizeof(s), [12] = s.r12, [13] = s.r13, [14] = s.r14, [15] = s.r15};
    memcpy(r->general, general, sizeof(general));
    r->rip = s.rip;
    r->fs_base = BH_TLS_TP(id);
    r->have = DEBUG_HAVE_CALLEE_SAVED;
    return true;
}

/* Reads PKRU from KVM (Documentation/virt/kvm/api.rst, KVM_GET_XSAVE), and follows the frames that gate calls leave.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/pkru.h"

#include <cpuid.h>
#include <string.h>
#include <sys/ioctl.h>

#define XSTATE_LEAF 0xdu
#define XSTATE_PKRU 9u /* Intel SDM vol. 1, 13.1 */

uint32_t pkru_read(const struct vcpu *c)
{
    unsigned size = 0, offset = 0, ecx, edx;
    struct kvm_xsave area;
    uint32_t pkru;
    if (!__get_cpuid_count(XSTATE_LEAF, XSTATE_PKRU, &size, &offset, &ecx, &edx) || size < sizeof(pkru) ||
        offset > sizeof(area) - sizeof(pkru) || ioctl(c->fd, KVM_GET_XSAVE, &area))
        return UINT32_MAX;
    memcpy(&pkru, (const uint8_t *)&area + offset, sizeof(pkru));
    return pkru;
}

bool pkru_is_core(const struct vm *vm, uint64_t rip)
{
    return !vm->memory.keyed || (image_covers(&vm->w->core, rip, 1, PERM_X) && pkru_read(&vm->vcpu) == 0);
}

struct chain {
    const struct vm *vm;
    uint64_t sp[BH_COMPARTMENTS_MAX], core_sp; /* of the thread that ran; what is called is popped */
    uint64_t at;                               /* where the stack of the compartment looked at is */
};

static bool read_guest(const struct vm *vm, void *to, uint64_t va, size_t size)
{
    return memory_read(&vm->memory, to, guest_va(va), size, PERM_R | PERM_U);
}

static bool top_frame(const struct chain *c, uint64_t sp, struct bh_frame *frame)
{
    return read_guest(c->vm, frame, sp, sizeof(*frame));
}

static bool open_chain(struct chain *c, const struct vm *vm)
{
    const struct appliance *a = vm->w->a;
    uint64_t thread;
    struct bh_tcb tcb;
    c->vm = vm;
    if (!read_guest(vm, &thread, BH_MPK_PUBLIC_VA, sizeof(thread)) ||
        !read_guest(vm, &tcb, thread + BH_TCB_OFF, sizeof(tcb)))
        return false;
    c->core_sp = tcb.core_sp;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        struct bh_control control;
        uint64_t at = thread + BH_TLS_SEGMENT(0, i) - BH_TLS_TP(0);
        c->sp[i] = vm_holds(a, vm->index, i) && read_guest(vm, &control, at, sizeof(control)) ? control.sp : 0;
    }
    return true;
}

/* The compartment whose innermost frame has this id; its frame is popped. -1: none. */
static int pop_frame(struct chain *c, uint32_t compartment, uint32_t id)
{
    const struct appliance *a = c->vm->w->a;
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        struct bh_frame frame;
        if (!c->sp[i] || !top_frame(c, c->sp[i], &frame))
            continue;
        uint32_t edge = frame.id - BH_FRAME_EDGE(0);
        bool calls = edge < a->n_edges && a->edges[edge].from == i && a->edges[edge].to == compartment;
        if (id ? frame.id == id : calls) {
            c->at = c->sp[i];
            c->sp[i] = frame.previous;
            return (int)i;
        }
    }
    return -1;
}

/* The compartment that made a light call to `compartment`, which then runs on its caller's stack. -1: none. */
static int light_caller(const struct chain *c, uint32_t compartment)
{
    const struct appliance *a = c->vm->w->a;
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *e = &a->edges[i];
        uint64_t stacks = BH_COMPARTMENT_BASE(e->from) + BH_STACKS_OFF;
        if (e->to == compartment && edge_light(a, e) && c->at >= stacks && c->at - stacks < BH_STACKS_MAX)
            return (int)e->from;
    }
    return -1;
}

/* Records the calls that led to `compartment`, from the innermost outwards. */
static void follow_calls(struct chain *c, uint32_t compartment, struct crash *crash)
{
    while (crash->n_calls < CRASH_CALLS_MAX) {
        struct bh_frame frame;
        bool core = top_frame(c, c->core_sp, &frame) && frame.id == BH_FRAME_DOWN(compartment);
        int from = pop_frame(c, compartment, 0);
        if (from < 0 && !core)
            from = light_caller(c, compartment);
        core = from < 0 && core;
        if (from < 0 && !core)
            return;
        if (core) {
            c->core_sp = frame.previous;
            from = pop_frame(c, 0, BH_FRAME_CORE);
        }
        crash->calls[crash->n_calls].to = (uint8_t)compartment;
        crash->calls[crash->n_calls].from = from < 0 ? CRASH_CORE : (uint8_t)from;
        crash->calls[crash->n_calls++].by_core = core;
        if (from < 0)
            return;
        compartment = (uint32_t)from;
    }
}

void pkru_explain(const struct vm *vm, struct crash *c)
{
    struct chain chain;
    if (!vm->memory.keyed || c->reset)
        return;
    c->keyed = 1;
    c->pkru = pkru_read(&vm->vcpu);
    uint32_t domain = keys_domain_of_pkru(&vm->keys, c->pkru);
    if (domain == KEY_NONE || c->kind == CRASH_REPORT)
        return; /* the core's own */
    bool right = c->compartment < BH_COMPARTMENTS_MAX && (vm->keys.members[domain] >> c->compartment & 1);
    if (!right) /* it ran code of another domain */
        c->compartment = (uint32_t)__builtin_ctzll(vm->keys.members[domain]);
    chain.at = c->regs.rsp;
    if (open_chain(&chain, vm))
        follow_calls(&chain, c->compartment, c);
}

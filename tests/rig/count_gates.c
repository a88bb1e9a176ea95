/* bulkhead with a counter in it: single-steps the guest and counts the instructions of each crossing.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Arguments as bulkhead's; what it counted goes to standard error when it differs from what was printed
 * before. With CROSSINGS in the environment it runs nothing, and prints where in the trampolines each
 * WRPKRU is (`crossing OFFSET`).
 *
 * Linked with --wrap=ioctl, --wrap=vm_run and --wrap=sandbox_enter: every KVM_RUN is repeated step
 * by step, which the sandbox would not allow. A crossing begins when the trampolines are entered at
 * an entry of a gate table and ends when they are left for the caller; what runs outside of them
 * meanwhile (the function that is called, or the core) does not count. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rpc/mpk.h"
#include "vmm/mpk/scan.h"
#include "vmm/mpk/trampolines.h"
#include "vmm/vm/vm.h"

enum { DEPTH = 64, KINDS = 64 };
enum kind { GATE, CORE_CALL, DOWN };
static const char *const kind_names[] = {"gate call", "core call", "call from the core"};

struct crossing {
    uint64_t sp; /* with which it returns */
    enum kind kind;
    unsigned instructions, wrpkru;
};

static struct vm *vm;       /* this process's */
static const uint8_t *code; /* its trampolines */
static struct crossing stack[DEPTH], known[KINDS];
static unsigned depth, n_known;
static uint64_t last; /* rip of the instruction before */

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
bool __wrap_sandbox_enter(struct problem *p);
void __real_vm_run(struct vm *v) __attribute__((noreturn));
void __wrap_vm_run(struct vm *v) __attribute__((noreturn));

bool __wrap_sandbox_enter(struct problem *p)
{
    (void)p;
    return true;
}

void __wrap_vm_run(struct vm *v)
{
    uint64_t avail;
    vm = v;
    code = v->memory.keyed ? memory_at(&v->memory, (struct guest_va){BH_MPK_CODE_VA}, PAGE, PERM_X, &avail) : NULL;
    if (code && getenv("CROSSINGS")) {
        const char *what;
        memory_at(&v->memory, (struct guest_va){BH_MPK_CODE_VA}, PAGE, PERM_X, &avail);
        for (size_t at = 0; (at = scan_bytes(code, avail, at, &what)) < avail; at++)
            fprintf(stderr, "crossing %zu\n", at);
        _exit(1);
    }
    __real_vm_run(v);
}

static void report(const struct crossing *c)
{
    for (unsigned i = 0; i < n_known; i++)
        if (known[i].kind == c->kind && known[i].instructions == c->instructions && known[i].wrpkru == c->wrpkru)
            return;
    if (n_known < KINDS) {
        known[n_known++] = *c;
        fprintf(stderr, "count: %s: %u instructions and %u WRPKRU\n", kind_names[c->kind], c->instructions, c->wrpkru);
    }
}

static bool in_core(uint64_t va)
{
    return va >= BH_CORE_IMAGE_VA && va < BH_TLS_VA;
}

/* A gate (push %rdi, or an incq where it counts; light: mov ...(%rip), %rax, with which its way back begins as well,
 * but not at a multiple of 16), the entry of a core call (mov $n, %r9d), or the core's way out (push %rbx). */
static bool begins(const uint8_t *at, enum kind *kind)
{
    bool aligned = (at - code) % 16 == 0;
    bool counts = at[0] == 0x48 && at[1] == 0xff && at[2] == 0x05;
    bool gate = counts || at[0] == 0x57 || (aligned && at[0] == 0x48 && at[1] == 0x8b && at[2] == 0x05);
    *kind = in_core(last) ? DOWN : gate ? GATE : CORE_CALL;
    return in_core(last) ? at[0] == 0x53 : gate || (at[0] == 0x41 && at[1] == 0xb9);
}

/* The guest is about to execute the instruction at rip. */
static void step(uint64_t rip, uint64_t rsp)
{
    bool in = trampolines_hold(guest_va(rip)), was_in = trampolines_hold(guest_va(last));
    const uint8_t *at = in ? code + (rip - BH_MPK_CODE_VA) : NULL;
    enum kind kind;
    if (in && !was_in && last && depth < DEPTH && begins(at, &kind))
        stack[depth++] = (struct crossing){.sp = rsp + 8, .kind = kind};
    struct crossing *c = depth ? &stack[depth - 1] : NULL;
    if (c && in) {
        bool wrpkru = at[0] == 0x0f && at[1] == 0x01 && at[2] == 0xef;
        c->wrpkru += wrpkru;
        c->instructions += !wrpkru;
    } else if (c && was_in && rsp == c->sp && in_core(rip) == (c->kind == DOWN)) {
        report(c);
        depth--;
    }
    last = rip;
}

static int run(int fd)
{
    struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP};
    struct kvm_regs r;
    for (;;) {
        if (__real_ioctl(fd, KVM_SET_GUEST_DEBUG, &debug))
            return -1;
        int result = __real_ioctl(fd, KVM_RUN, 0);
        if (result < 0 || vm->vcpu.run->exit_reason != KVM_EXIT_DEBUG)
            return result;
        if (__real_ioctl(fd, KVM_GET_REGS, &r) == 0)
            step(r.rip, r.rsp);
    }
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    return code && request == KVM_RUN ? run(fd) : __real_ioctl(fd, request, argument);
}

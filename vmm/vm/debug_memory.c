/* Guest memory as a debugger sees and changes it, and breakpoints in it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Text may be a private view of a file: the first write to a page makes the page this VM's own (mmap(2), MAP_PRIVATE),
 * and KVM follows. Other VMs that run the same image see nothing of it. */
#include "vmm/vm/debug_memory.h"

#include <string.h>
#include <sys/mman.h>

#include "vmm/kvm/paging.h"
#include "vmm/vm/vm.h"

static uint64_t left_in_page(struct guest_va at, uint64_t size)
{
    uint64_t left = PAGE - (at.va & (PAGE - 1));
    return size < left ? size : left;
}

/* Through the guest's page tables, which only the VMM writes. */
static uint8_t *host_pointer(const struct vm *vm, struct guest_va at)
{
    uint64_t gpa = at.va >> 47 ? UINT64_MAX : paging_walk(&vm->memory, at, 0);
    return gpa < vm->memory.size ? vm->memory.host + gpa : NULL;
}

uint64_t debug_read(struct vm *vm, void *to, struct guest_va at, uint64_t size)
{
    uint8_t *out = to;
    uint64_t done = 0;
    while (done < size) {
        uint64_t part = left_in_page(guest_va_plus(at, done), size - done);
        const uint8_t *from = host_pointer(vm, guest_va_plus(at, done));
        if (!from)
            break;
        memcpy(out + done, from, part);
        done += part;
    }
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++) {
        const struct breakpoint *b = &vm->debuggee.breakpoints[i];
        if (b->at.va && !b->in_data && b->at.va - at.va < done)
            out[b->at.va - at.va] = b->covered;
    }
    return done;
}

static const struct region *region_of(const struct vm *vm, struct guest_va at)
{
    for (uint32_t i = 0; i < vm->memory.n; i++) {
        const struct region *r = &vm->memory.list[i];
        if (at.va >= r->va && (at.va - r->va) / r->stride < r->count && (at.va - r->va) % r->stride < r->size)
            return r;
    }
    return NULL;
}

/* Within one page. Memory that others have too and that the guest may only read stays as it is. */
static bool poke_memory(struct vm *vm, struct guest_va at, const void *from, uint64_t size)
{
    const struct region *r = region_of(vm, at);
    uint8_t *to = host_pointer(vm, at);
    if (!r || !to)
        return false;
    if (r->perms & PERM_W) {
        memcpy(to, from, size);
        return true;
    }
    void *page = (void *)((uintptr_t)to & ~(uintptr_t)(PAGE - 1));
    if (r->backing == BACK_FD || mprotect(page, PAGE, PROT_READ | PROT_WRITE))
        return false;
    memcpy(to, from, size);
    return mprotect(page, PAGE, PROT_READ) == 0;
}

bool debug_write(struct vm *vm, struct guest_va at, const void *from, uint64_t size)
{
    const uint8_t *in = from;
    for (uint64_t done = 0, part; done < size; done += part) {
        part = left_in_page(guest_va_plus(at, done), size - done);
        if (!region_of(vm, guest_va_plus(at, done)))
            return false;
    }
    for (uint64_t done = 0, part; done < size; done += part) {
        part = left_in_page(guest_va_plus(at, done), size - done);
        if (!poke_memory(vm, guest_va_plus(at, done), in + done, part))
            return false;
    }
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++) { /* stay in place */
        struct breakpoint *b = &vm->debuggee.breakpoints[i];
        if (b->at.va && !b->in_data && b->at.va - at.va < size) {
            b->covered = in[b->at.va - at.va];
            breakpoint_show(vm, b, true);
        }
    }
    return true;
}

struct breakpoint *breakpoint_at(struct vm *vm, struct guest_va at)
{
    for (uint32_t i = 0; at.va && i < BREAKPOINTS_MAX; i++)
        if (vm->debuggee.breakpoints[i].at.va == at.va)
            return &vm->debuggee.breakpoints[i];
    return NULL;
}

void breakpoint_show(struct vm *vm, const struct breakpoint *b, bool shown)
{
    static const uint8_t int3 = 0xcc;
    if (!b->in_data)
        poke_memory(vm, b->at, shown ? &int3 : &b->covered, 1);
}

static struct breakpoint *free_breakpoint(struct vm *vm)
{
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++)
        if (!vm->debuggee.breakpoints[i].at.va)
            return &vm->debuggee.breakpoints[i];
    return NULL;
}

/* Where a debugger calls a function, it has it return to the stack. */
bool breakpoint_insert(struct vm *vm, struct guest_va at, bool users)
{
    struct breakpoint *b = breakpoint_at(vm, at);
    if (!b) {
        const struct region *r = region_of(vm, at);
        b = free_breakpoint(vm);
        if (!b || !r || !(r->perms & PERM_U) || debug_read(vm, &b->covered, at, 1) != 1)
            return false;
        b->at = at;
        b->in_data = !(r->perms & PERM_X);
        breakpoint_show(vm, b, true);
    }
    *(users ? &b->users : &b->returning) = true;
    return true;
}

bool breakpoint_remove(struct vm *vm, struct guest_va at, bool users)
{
    struct breakpoint *b = breakpoint_at(vm, at);
    if (!b)
        return false;
    *(users ? &b->users : &b->returning) = false;
    if (!b->users && !b->returning) {
        breakpoint_show(vm, b, false);
        *b = (struct breakpoint){0};
    }
    return true;
}

void breakpoints_clear(struct vm *vm)
{
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++) {
        struct breakpoint *b = &vm->debuggee.breakpoints[i];
        if (b->at.va) {
            breakpoint_show(vm, b, false);
            *b = (struct breakpoint){0};
        }
    }
}

/* Guest memory as a debugger sees and changes it, and breakpoints in it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Text may be a private view of a file: the first write to a page makes the page this VM's own (mmap(2), MAP_PRIVATE),
 * and KVM follows. Other VMs that run the same image see nothing of it. */
#include <string.h>
#include <sys/mman.h>

#include "vmm/kvm/paging.h"
#include "vmm/vm/vm.h"

static uint64_t left_in_page(uint64_t va, uint64_t size)
{
    uint64_t left = PAGE - (va & (PAGE - 1));
    return size < left ? size : left;
}

/* Through the guest's page tables, which only the VMM writes. */
static uint8_t *at(const struct vm *vm, uint64_t va)
{
    uint64_t gpa = va >> 47 ? UINT64_MAX : paging_walk(&vm->memory, (struct guest_va){va}, 0);
    return gpa < vm->memory.size ? vm->memory.host + gpa : NULL;
}

uint64_t debug_read(struct vm *vm, void *to, uint64_t va, uint64_t size)
{
    uint8_t *out = to;
    uint64_t done = 0;
    while (done < size) {
        uint64_t part = left_in_page(va + done, size - done);
        const uint8_t *from = at(vm, va + done);
        if (!from)
            break;
        memcpy(out + done, from, part);
        done += part;
    }
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++) {
        const struct breakpoint *b = &vm->debuggee.breakpoints[i];
        if (b->address && b->address - va < done)
            out[b->address - va] = b->covered;
    }
    return done;
}

static const struct region *region_of(const struct vm *vm, uint64_t va)
{
    for (uint32_t i = 0; i < vm->memory.n; i++) {
        const struct region *r = &vm->memory.list[i];
        if (va >= r->va && (va - r->va) / r->stride < r->count && (va - r->va) % r->stride < r->size)
            return r;
    }
    return NULL;
}

/* Within one page. Memory that others have too and that the guest may only read stays as it is. */
static bool poke(struct vm *vm, uint64_t va, const void *from, uint64_t size)
{
    const struct region *r = region_of(vm, va);
    uint8_t *to = at(vm, va);
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

bool debug_write(struct vm *vm, uint64_t va, const void *from, uint64_t size)
{
    const uint8_t *in = from;
    for (uint64_t done = 0, part; done < size; done += part) {
        part = left_in_page(va + done, size - done);
        if (!region_of(vm, va + done))
            return false;
    }
    for (uint64_t done = 0, part; done < size; done += part) {
        part = left_in_page(va + done, size - done);
        if (!poke(vm, va + done, in + done, part))
            return false;
    }
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++) { /* stay in place */
        struct breakpoint *b = &vm->debuggee.breakpoints[i];
        if (b->address && b->address - va < size) {
            b->covered = in[b->address - va];
            breakpoint_show(vm, b, true);
        }
    }
    return true;
}

struct breakpoint *breakpoint_at(struct vm *vm, uint64_t va)
{
    for (uint32_t i = 0; va && i < BREAKPOINTS_MAX; i++)
        if (vm->debuggee.breakpoints[i].address == va)
            return &vm->debuggee.breakpoints[i];
    return NULL;
}

void breakpoint_show(struct vm *vm, const struct breakpoint *b, bool shown)
{
    static const uint8_t int3 = 0xcc;
    poke(vm, b->address, shown ? &int3 : &b->covered, 1);
}

static struct breakpoint *free_breakpoint(struct vm *vm)
{
    for (uint32_t i = 0; i < BREAKPOINTS_MAX; i++)
        if (!vm->debuggee.breakpoints[i].address)
            return &vm->debuggee.breakpoints[i];
    return NULL;
}

bool breakpoint_insert(struct vm *vm, uint64_t va, bool users)
{
    struct breakpoint *b = breakpoint_at(vm, va);
    if (!b) {
        const struct region *r = region_of(vm, va);
        b = free_breakpoint(vm);
        if (!b || !r || !(r->perms & PERM_X) || !(r->perms & PERM_U) || debug_read(vm, &b->covered, va, 1) != 1)
            return false;
        b->address = va;
        breakpoint_show(vm, b, true);
    }
    *(users ? &b->users : &b->returning) = true;
    return true;
}

bool breakpoint_remove(struct vm *vm, uint64_t va, bool users)
{
    struct breakpoint *b = breakpoint_at(vm, va);
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
        if (b->address) {
            breakpoint_show(vm, b, false);
            *b = (struct breakpoint){0};
        }
    }
}

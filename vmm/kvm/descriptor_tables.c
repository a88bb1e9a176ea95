/* Writes the guest's descriptor tables (Intel SDM vol. 3A, 3.4.5, 6.14, 8.2.3) and its trap shim.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/descriptor_tables.h"

#include <stddef.h>
#include <string.h>

#include "vmm/kvm/trap_shim.h"

#define VECTOR_DB  1u
#define VECTOR_NMI 2u
#define VECTOR_BP  3u
#define VECTOR_DF  8u
#define VECTOR_MC  18u
#define EXCEPTIONS 32u

_Static_assert(sizeof(struct tss) <= 0x300, "the TSS reaches into the IDT");
_Static_assert(IDT_ENTRIES * 16 + 0x400 <= PAGE, "the IDT leaves its page");

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "Intel SDM vol. 3A, figure 6-8");

bool descriptor_tables_plan(struct guest_memory *m, struct problem *p)
{
    struct region r = {.va = SHIM_VA, .size = PAGE, .stride = PAGE, .count = 1};
    r.perms = PERM_R | PERM_X;
    if (!memory_add(m, &r, p))
        return false;
    r.va = TABLES_VA;
    r.perms = PERM_R;
    if (!memory_add(m, &r, p))
        return false;
    struct region stacks = {
        .va = STACK_RING0 - PAGE, .size = PAGE, .stride = 2 * PAGE, .count = 3, .perms = PERM_R | PERM_W};
    return memory_add(m, &stacks, p);
}

static struct gate gate_to(const uint8_t *entry, uint8_t ist, unsigned dpl)
{
    uint64_t va = trap_shim_va(entry);
    return (struct gate){
        .offset_low = (uint16_t)va,
        .selector = SELECTOR_KERNEL_CODE,
        .ist = ist,
        .type = (uint8_t)(0x8e | dpl << 5), /* present, 64-bit interrupt gate */
        .offset_middle = (uint16_t)(va >> 16),
        .offset_high = (uint32_t)(va >> 32),
    };
}

static void fill_idt(struct gate *idt, enum hypercall_instruction how, bool keyed)
{
    memset(idt, 0, IDT_ENTRIES * sizeof(*idt));
    for (unsigned v = 0; v < EXCEPTIONS; v++) {
        bool last_resort = v == VECTOR_DF || v == VECTOR_NMI || v == VECTOR_MC;
        bool from_ring3 = v == VECTOR_BP || v == VECTOR_DB;
        idt[v] = gate_to(bh_shim_vectors + v * SHIM_STRIDE, last_resort ? 2 : 1, from_ring3 ? 3 : 0);
    }
    if (how != HYPERCALL_NONE)
        idt[BH_VECTOR_CALL] = gate_to(how == HYPERCALL_VMMCALL ? bh_shim_vmmcall : bh_shim_vmcall, 0, 3);
    if (keyed)
        idt[BH_VECTOR_THREAD] = gate_to(bh_shim_thread, 0, 3);
}

/* `ports`: ring 3 may use those of hypercalls and doorbells. */
static void fill_tss(struct tss *t, bool ports)
{
    *t = (struct tss){.rsp = {STACK_RING0}, .ist = {STACK_TRAP, STACK_FAULT}};
    t->io_bitmap = offsetof(struct tss, ports);
    memset(t->ports, 0xff, sizeof(t->ports));
    t->end = 0xff;
    for (unsigned port = BH_PORT_FIRST; ports && port <= BH_PORT_LAST; port++)
        t->ports[port / 8] &= (uint8_t) ~(1u << (port % 8));
}

static void fill_gdt(uint64_t *gdt)
{
    /* The accessed bit is set everywhere, because the CPU cannot write to the table. */
    gdt[0] = 0;
    gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    gdt[2] = 0x00cf93000000ffff;
    gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
    gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
    uint64_t limit = sizeof(struct tss) - 1;
    gdt[SELECTOR_TSS / 8] = limit | (TSS_VA & 0xffffff) << 16 | 0x8bull << 40 | (TSS_VA >> 24 & 0xff) << 56;
    gdt[SELECTOR_TSS / 8 + 1] = TSS_VA >> 32;
}

bool descriptor_tables_write(struct guest_memory *m, enum hypercall_instruction how, struct problem *p)
{
    uint64_t shim, tables;
    uint8_t *code = memory_at(m, guest_va(SHIM_VA), PAGE, PERM_X, &shim);
    uint8_t *data = memory_at(m, guest_va(TABLES_VA), PAGE, PERM_R, &tables);
    uint64_t length = (uint64_t)(bh_shim_end - bh_shim_start);
    if (!code || !data || shim != PAGE || tables != PAGE || length > PAGE)
        return problem_set(p, EXIT_HOST, "the ring-0 stub does not fit its page");
    memset(code, 0xcc, PAGE);
    memcpy(code, bh_shim_start, length);
    struct tss t;
    /* In a VM with protection keys only the core may use ports, but the bitmap cannot tell it from compartments. Where
     * VMCALL works the core needs no ports, so nobody gets them. */
    fill_tss(&t, !m->keyed || how == HYPERCALL_NONE);
    memcpy(data + (TSS_VA - TABLES_VA), &t, sizeof(t));
    uint64_t gdt[GDT_BYTES / 8];
    fill_gdt(gdt);
    memcpy(data, gdt, sizeof(gdt));
    struct gate idt[IDT_ENTRIES];
    fill_idt(idt, how, m->keyed);
    memcpy(data + (IDT_VA - TABLES_VA), idt, sizeof(idt));
    return true;
}

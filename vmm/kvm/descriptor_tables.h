/* The guest's GDT, TSS and IDT, and the page of the trap shim: pages that only ring 0 can touch.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * They lie in the kernel window, which begins at BH_KERNEL_BASE. Page 0 holds the trap shim (executable), page 1 the
 * tables (read-only), and pages 3, 5 and 7 are stacks, each with an unmapped page below it. */
#ifndef BH_VMM_KVM_DESCRIPTOR_TABLES_H
#define BH_VMM_KVM_DESCRIPTOR_TABLES_H

#include "rpc/hypercall.h"
#include "rpc/map.h"
#include "vmm/kvm/regions.h"

#define TABLES_VA   (BH_KERNEL_BASE + PAGE)
#define GDT_VA      TABLES_VA
#define GDT_BYTES   56u
#define TSS_VA      (TABLES_VA + 0x100)
#define IDT_VA      (TABLES_VA + 0x400)
#define IDT_ENTRIES (BH_VECTOR_THREAD + 1)

/* The stacks' upper ends. */
#define STACK_RING0 (BH_KERNEL_BASE + 4 * PAGE) /* TSS rsp0: hypercalls */
#define STACK_TRAP  (BH_KERNEL_BASE + 6 * PAGE) /* ist1: exceptions */
#define STACK_FAULT (BH_KERNEL_BASE + 8 * PAGE) /* ist2: double fault, NMI, machine check */

#define SELECTOR_KERNEL_CODE 0x08u
#define SELECTOR_USER_DATA   0x1bu
#define SELECTOR_USER_CODE   0x23u
#define SELECTOR_TSS         0x28u

/* A 64-bit TSS (Intel SDM vol. 3A, 8.7) with its I/O permission bitmap: ring 3 may use ports BH_PORT_FIRST to
 * BH_PORT_LAST and no others. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap;
    uint8_t ports[BH_PORT_LAST / 8 + 1];
    uint8_t end; /* all ones: the CPU also reads the byte behind that of the last port */
} __attribute__((packed));

/* The ring-0 instruction that makes a hypercall; HYPERCALL_NONE: hypercalls use an I/O port. */
enum hypercall_instruction { HYPERCALL_NONE, HYPERCALL_VMCALL, HYPERCALL_VMMCALL };

/* Plans the pages. */
bool descriptor_tables_plan(struct guest_memory *m, struct problem *p);

/* Writes shim and tables, once the pages are mapped. */
bool descriptor_tables_write(struct guest_memory *m, enum hypercall_instruction how, struct problem *p);

#endif

/* The attacks: memory accesses, and instructions that ring 3 must not get away with.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "where.h"

#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline, optimize("O0"))) static unsigned overflow(unsigned depth)
{
    volatile char room[512];
    room[0] = (char)depth;
    return overflow(depth + 1) + (unsigned)room[0];
}

#define INSTRUCTION(name, text)                                                          \
    static void do_##name(void)                                                          \
    {                                                                                    \
        __asm__ volatile(text : : : "memory", "rax", "rbx", "rcx", "rdx", "rsi", "rdi"); \
    }
#define LIST(_)                                                                          \
    _(cli, "cli")                                                                        \
    _(sti, "sti")                                                                        \
    _(hlt, "hlt")                                                                        \
    _(cr0, "mov %%cr0, %%rax; mov %%rax, %%cr0")                                         \
    _(cr2, "mov %%cr2, %%rax")                                                           \
    _(cr3, "mov %%cr3, %%rax")                                                           \
    _(set_cr3, "xor %%eax, %%eax; mov %%rax, %%cr3")                                     \
    _(set_cr4, "xor %%eax, %%eax; mov %%rax, %%cr4")                                     \
    _(set_dr7, "xor %%eax, %%eax; mov %%rax, %%dr7")                                     \
    _(lgdt, "lgdt -16(%%rsp)")                                                           \
    _(lidt, "lidt -16(%%rsp)")                                                           \
    _(lldt, "xor %%eax, %%eax; lldt %%ax")                                               \
    _(ltr, "mov $0x28, %%eax; ltr %%ax")                                                 \
    _(lmsw, "mov $1, %%eax; lmsw %%ax")                                                  \
    _(clts, "clts")                                                                      \
    _(wrmsr, "mov $0xc0000080, %%ecx; xor %%eax, %%eax; xor %%edx, %%edx; wrmsr")        \
    _(rdmsr, "mov $0xc0000080, %%ecx; rdmsr")                                            \
    _(invlpg, "invlpg (%%rsp)")                                                          \
    _(invd, "invd")                                                                      \
    _(wbinvd, "wbinvd")                                                                  \
    _(swapgs, "swapgs")                                                                  \
    _(sysret, "mov $0, %%ecx; sysretq")                                                  \
    _(xsetbv, "xor %%ecx, %%ecx; mov $7, %%eax; xor %%edx, %%edx; xsetbv")               \
    _(in_60, "in $0x60, %%al")                                                           \
    _(out_80, "xor %%eax, %%eax; out %%al, $0x80")                                       \
    _(out_trap, "mov $0xb08, %%edx; out %%eax, %%dx")                                    \
    _(out_across, "mov $0xb06, %%edx; out %%eax, %%dx")                                  \
    _(out_pci, "mov $0xcf8, %%edx; out %%eax, %%dx")                                     \
    _(outs, "mov $0x3f8, %%edx; mov %%rsp, %%rsi; outsb")                                \
    _(int_0d, "int $0x0d")                                                               \
    _(int_0e, "int $0x0e")                                                               \
    _(int_02, "int $0x02")                                                               \
    _(int_08, "int $0x08")                                                               \
    _(int_20, "int $0x20")                                                               \
    _(int_41, "int $0x41")                                                               \
    _(int_80, "int $0x80")                                                               \
    _(int_ff, "int $0xff")                                                               \
    _(int3, "int3")                                                                      \
    _(int1, ".byte 0xf1")                                                                \
    _(trap_flag, "pushf; orl $0x100, (%%rsp); popf; nop")                                \
    _(syscall, "mov $60, %%eax; mov $77, %%edi; syscall")                                \
    _(sysenter, "sysenter")                                                              \
    _(ud2, "ud2")                                                                        \
    _(divide, "xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx")            \
    _(divide_overflow, "mov $1, %%edx; mov $1, %%ecx; xor %%eax, %%eax; div %%ecx")      \
    _(iret_ring0,                                                                        \
      "mov %%rsp, %%rcx; push $0; push %%rcx; pushf; push $0x08; lea 1f(%%rip), %%rax; " \
      "push %%rax; iretq; 1:")                                                           \
    _(call_ring0, "push $0x08; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:")             \
    _(load_ss, "mov $0x10, %%eax; mov %%eax, %%ss")                                      \
    _(load_ds, "mov $0x08, %%eax; mov %%eax, %%ds")                                      \
    _(clac, "clac")                                                                      \
    _(monitor, "mov %%rsp, %%rax; xor %%ecx, %%ecx; xor %%edx, %%edx; monitor")          \
    _(rdpmc, "xor %%ecx, %%ecx; rdpmc")                                                  \
    _(vmrun, "vmrun")                                                                    \
    _(vmxoff, "vmxoff")                                                                  \
    _(sgdt, "sub $16, %%rsp; sgdt (%%rsp); add $16, %%rsp")                              \
    _(smsw, "smsw %%eax")                                                                \
    _(popf_if, "pushf; orl $0x3200, (%%rsp); popf; pushf; pop %%rax")                    \
    _(cpuid, "xor %%eax, %%eax; xor %%ecx, %%ecx; cpuid")                                \
    _(rdtsc, "rdtsc")                                                                    \
    _(vmcall, "xor %%eax, %%eax; vmcall")                                                \
    _(vmmcall, "xor %%eax, %%eax; vmmcall")                                              \
    _(bell_wrong, "mov $0xb04, %%edx; mov $0x77, %%eax; out %%eax, %%dx")                \
    _(bell_read, "mov $0xb04, %%edx; in %%dx, %%eax")                                    \
    _(call_byte, "mov $0xb00, %%edx; mov $6, %%eax; out %%al, %%dx")
LIST(INSTRUCTION)

static const struct {
    const char *name;
    void (*run)(void);
} instructions[] = {
#define ENTRY(name, text) {#name, do_##name},
    LIST(ENTRY)};

uint64_t attack(const char *action, uint64_t address)
{
    if (!strcmp(action, "read"))
        return *(volatile unsigned char *)address ? 0 : 0; /* the value does not matter */
    if (!strcmp(action, "write"))
        return *(volatile unsigned char *)address = 0x5a, 0;
    if (!strcmp(action, "exec"))
        return ((void (*)(void))address)(), 0;
    if (!strcmp(action, "overflow"))
        return overflow(0) & 0;
    if (!strcmp(action, "hypercalls"))
        return bad_hypercalls(bh_gates.compartment == 0);
    if (!strcmp(action, "reports"))
        return lying_reports();
    for (size_t i = 0; i < sizeof(instructions) / sizeof(*instructions); i++)
        if (!strcmp(instructions[i].name, action))
            return instructions[i].run(), 0;
    return 1000; /* no such attack */
}

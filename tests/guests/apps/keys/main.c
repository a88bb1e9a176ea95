/* Attacks on protection keys: arguments WHO ACTION [NUMBER], WHO is `app` or `keyring`; or `registers`. Prints
 * "survived" if nothing came of it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring.h"

/* A call with known values in every register that it must give back, and in some that the library must not see. */
static int registers(void)
{
    uint64_t found, kept;
    const uint64_t mark = 0x5ec2e7;
    __asm__ volatile(
        "push %%rbx\n push %%rbp\n push %%r12\n push %%r13\n push %%r14\n push %%r15\n mov %%rsp, %%rbp\n"
        "and $-16, %%rsp\n push %%rbp\n push %%rbp\n"
        "mov %[mark], %%rbx\n mov %[mark], %%r12\n mov %[mark], %%r13\n mov %[mark], %%r14\n mov %[mark], %%r15\n"
        "movq %[mark], %%xmm8\n movq %[mark], %%xmm9\n movq %[mark], %%xmm14\n movq %[mark], %%xmm15\n"
        "mov %[mark], %%rdi\n call *%[function]\n mov %%rax, %[found]\n"
        "xor %%eax, %%eax\n cmp $0x5ec2e7, %%rbx\n setne %%al\n mov %%rax, %[kept]\n"
        "cmp $0x5ec2e7, %%r12\n setne %%al\n add %%rax, %[kept]\n"
        "cmp $0x5ec2e7, %%r13\n setne %%al\n add %%rax, %[kept]\n"
        "cmp $0x5ec2e7, %%r14\n setne %%al\n add %%rax, %[kept]\n"
        "cmp $0x5ec2e7, %%r15\n setne %%al\n add %%rax, %[kept]\n"
        "ptest %%xmm8, %%xmm8\n setnz %%al\n add %%rax, %[kept]\n"
        "ptest %%xmm15, %%xmm15\n setnz %%al\n add %%rax, %[kept]\n"
        "pop %%rbp\n mov %%rbp, %%rsp\n pop %%r15\n pop %%r14\n pop %%r13\n pop %%r12\n pop %%rbp\n pop %%rbx\n"
        : [found] "=&S"(found), [kept] "=&D"(kept)
        : [mark] "d"(mark), [function] "c"(keyring_registers)
        : "rax", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
          "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
    printf("the library saw %" PRIu64 ", %" PRIu64 " changed\n", found, kept);
    return found || kept;
}

/* The same of the x87 unit: its registers (MMX) and its control word. */
static int x87_registers(void)
{
    const uint64_t mark = 0x5ec2e7;
    const uint16_t odd = 0x27f;
    uint64_t seen;
    __asm__ volatile("movq %0, %%mm0\n movq %0, %%mm3\n movq %0, %%mm7\n emms\n fldcw %1" : : "r"(mark), "m"(odd));
    uint64_t found = keyring_registers(mark);
    uint16_t control;
    __asm__ volatile("fnstcw %1\n por %%mm5, %%mm0\n por %%mm3, %%mm0\n por %%mm7, %%mm0\n movq %%mm0, %0\n emms"
                     : "=r"(seen), "=m"(control));
    printf("x87: the library saw %" PRIu64 ", the application %" PRIu64 "\n", found, seen + (control != 0x37f));
    return found || seen || control != 0x37f;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "registers"))
        return registers() + x87_registers();
    if (argc < 3)
        return fprintf(stderr, "arguments: WHO ACTION [NUMBER]\n"), 1;
    uint64_t number = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
    uint64_t value = strcmp(argv[1], "app") ? keyring_attack(argv[2], number) : key_attack(argv[2], number);
    if (value == 0)
        puts("survived");
    else
        printf("wrong: %" PRIu64 "\n", value);
    return value != 0;
}

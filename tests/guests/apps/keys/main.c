/* Attacks on protection keys: arguments WHO ACTION [NUMBER], WHO is `app` or `keyring`; or `registers`. Prints "survived"
 * if nothing came of it.
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
    __asm__ volatile("push %%rbx\n push %%rbp\n push %%r12\n push %%r13\n push %%r14\n push %%r15\n mov %%rsp, %%rbp\n"
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
                     : "rax", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
    printf("the library saw %" PRIu64 ", %" PRIu64 " changed\n", found, kept);
    return found || kept;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "registers"))
        return registers();
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

/* An image with thread-local variables and one of everything else, for tls_host.c and test_link.py.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "guest/kernel/include/bh/core.h"

#ifndef TLS_SIZE
#define TLS_SIZE 100
#endif

extern const char __bh_tls_start[], __bh_tls_filesz[], __bh_tls_memsz[], __bh_tls_align[];
long step(long n);
uint64_t place(void);

static _Thread_local long first = 7;
static _Thread_local char zeros[TLS_SIZE];
static _Thread_local long second __attribute__((aligned(32))) = 9;
long variable = 1;
static long unset[1000];
__attribute__((section(".bh_shared"))) char shared[100] = "shared";

long step(long n)
{
    first += n;
    second += n;
    zeros[sizeof(zeros) - 1] += (char)n;
    unset[n] += variable;
    return first + second + zeros[sizeof(zeros) - 1];
}

uint64_t place(void)
{
    return (uint64_t)&first;
}

__asm__(
    ".section .bh_image, \"a\"\n"
    ".globl bh_image\n"
    "bh_image: .quad 0x676d49646b6c4842\n"
    ".long 1, BH_INDEX\n"
    ".quad 0, 0, __bh_tls_start, __bh_tls_filesz, __bh_tls_memsz, __bh_tls_align, 0, 0, 0\n"
    ".quad step, place, bh_gates\n"
    ".quad shared\n"
    ".text");

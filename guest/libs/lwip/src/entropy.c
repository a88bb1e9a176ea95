/* Random numbers and TCP's initial sequence numbers.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * RDRAND where the CPU has it, mixed with the boot information's canary and the time stamp counter: none of them has to
 * be good alone. Keyed by SipHash-2-4 (Aumasson, Bernstein 2012). */
#include <cpuid.h>
#include <string.h>

#include "netcore.h"

static uint64_t key[2], counter;

static uint64_t hardware_random(bool present)
{
    unsigned long long value = 0;
    unsigned char ok = !present;
    for (int i = 0; i < 10 && !ok; i++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
    return value ^ __builtin_ia32_rdtsc();
}

static inline uint64_t rotate_left(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotate_left(v[1], 13) ^ v[0], v[0] = rotate_left(v[0], 32);
    v[2] += v[3], v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate_left(v[1], 17) ^ v[2], v[2] = rotate_left(v[2], 32);
}

static uint64_t sip_hash(const uint64_t *words, uint32_t n)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull, key[0] ^ 0x6c7967656e657261ull,
                     key[1] ^ 0x7465646279746573ull};
    for (uint32_t i = 0; i <= n; i++) {
        uint64_t m = i < n ? words[i] : (uint64_t)n * 8 << 56;
        v[3] ^= m;
        sip_round(v);
        sip_round(v);
        v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void take_key(void)
{
    unsigned a, b, c, d;
    __cpuid(1, a, b, c, d); /* an exit from the VM: once */
    key[0] = bh_boot()->canary ^ hardware_random(c & bit_RDRND);
    key[1] = (bh_boot()->realtime_ns ^ rotate_left(hardware_random(c & bit_RDRND), 32)) | 1;
}

uint32_t net_random(void)
{
    if (!key[1])
        take_key();
    uint64_t word = counter++;
    return (uint32_t)sip_hash(&word, 1);
}

/* RFC 6528: a clock of 4 microseconds, plus a keyed hash of the connection. */
unsigned net_hook_isn(const void *local, size_t size, unsigned short local_port, const void *remote,
                      unsigned short remote_port)
{
    uint64_t words[9] = {(uint64_t)local_port << 16 | remote_port};
    if (!key[1])
        take_key();
    size = size < 32 ? size : 32;
    memcpy(words + 1, local, size);
    memcpy(words + 5, remote, size);
    return (unsigned)(sip_hash(words, 9) + bh_now() / 4000);
}

void net_assert_failed(const char *message)
{
    bh_panic("lwIP: %s", message);
}

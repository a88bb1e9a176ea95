/* The cost of having 1, 2 or 3 buffers of 64 bytes that a callee may reach, for the duration of one function.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     heap-N      bh_malloc_shared() and bh_free_shared()
 *     shadow-N    bh_shared_stack(): the data shadow stack
 *     local-N     plain local variables, which a callee may not reach */
#include <string.h>

#include <bh/bulkhead.h>

#include "bench.h"

struct buffer {
    char bytes[64];
};

/* The compiler has to have the buffer, and its first word written. */
static inline void touch_buffer(struct buffer *b)
{
    *(volatile uint64_t *)(void *)b->bytes = 1;
    __asm__ volatile("" : : "r"(b) : "memory");
}

static __attribute__((noinline)) void heap(int n)
{
    struct buffer *b[3];
    for (int i = 0; i < n; i++) {
        b[i] = bh_malloc_shared(sizeof(*b[i]));
        touch_buffer(b[i]);
    }
    for (int i = 0; i < n; i++)
        bh_free_shared(b[i]);
}

static __attribute__((noinline)) void shadow_1(void)
{
    bh_shared_stack(struct buffer, a);
    touch_buffer(a);
}

static __attribute__((noinline)) void shadow_2(void)
{
    bh_shared_stack(struct buffer, a);
    bh_shared_stack(struct buffer, b);
    touch_buffer(a), touch_buffer(b);
}

static __attribute__((noinline)) void shadow_3(void)
{
    bh_shared_stack(struct buffer, a);
    bh_shared_stack(struct buffer, b);
    bh_shared_stack(struct buffer, c);
    touch_buffer(a), touch_buffer(b), touch_buffer(c);
}

static __attribute__((noinline)) void local_1(void)
{
    struct buffer a;
    touch_buffer(&a);
}

static __attribute__((noinline)) void local_2(void)
{
    struct buffer a, b;
    touch_buffer(&a), touch_buffer(&b);
}

static __attribute__((noinline)) void local_3(void)
{
    struct buffer a, b, c;
    touch_buffer(&a), touch_buffer(&b), touch_buffer(&c);
}

int measure_alloc(struct bench_samples *s)
{
    static void (*const shadow[])(void) = {shadow_1, shadow_2, shadow_3};
    static void (*const local[])(void) = {local_1, local_2, local_3};
    long n;
    if ((n = bench_number(s, "heap")) >= 1 && n <= 3) {
        void *probe = bh_malloc_shared(sizeof(struct buffer));
        if (!probe)
            return 0; /* no share */
        bh_free_shared(probe);
        BENCH(s, heap((int)n));
    } else if ((n = bench_number(s, "shadow")) >= 1 && n <= 3) {
        BENCH(s, shadow[n - 1]());
    } else if ((n = bench_number(s, "local")) >= 1 && n <= 3) {
        BENCH(s, local[n - 1]());
    } else {
        return 0;
    }
    return 1;
}

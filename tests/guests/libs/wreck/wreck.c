/* A library that crashes, as asked.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "wreck.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <bh/bulkhead.h>

#pragma GCC optimize("no-optimize-sibling-calls") /* keeps every caller on the stack */

static struct bh_mutex first;
static volatile int zero;
static const volatile unsigned char *kept; /* of wreck_take(), whose call is over */

static __attribute__((noinline)) int deeper(volatile char *above)
{
    volatile char here[512];
    here[0] = above ? above[0] : 1;
    return deeper(here) + here[0];
}

static __attribute__((noinline)) void touch(uint64_t address)
{
    *(volatile int *)(uintptr_t)address = 1; /* the write */
}

static void fill_heap(void)
{
    for (;;) {
        char *more = malloc(4096);
        more[0] = 1; /* without a look whether there was any */
        __asm__ volatile("" : : "r"(more) : "memory");
    }
}

/* With `mib` of its heap in use. */
static void crash_large(uint64_t mib)
{
    for (uint64_t i = 0; i < mib; i++) {
        char *more = malloc((1 << 20) - 64);
        if (more)
            memset(more, 'x', (1 << 20) - 64);
        __asm__ volatile("" : : "r"(more) : "memory");
    }
    touch(0);
}

static __attribute__((noinline)) void free_twice(void)
{
    void *volatile block = malloc(100);
    free(block);
    free(block);
}

static __attribute__((noinline)) void smash(size_t n)
{
    char small[16];
    memset(small, 'x', n);
    __asm__ volatile("" : : "r"(small) : "memory");
}

static void lock_twice(void)
{
    bh_mutex_lock(&first);
    bh_mutex_lock(&first); /* -EDEADLK: it is not that simple */
}

static void other_thread(void *unused)
{
    (void)unused;
    lock_twice();
    bh_sleep(BH_FOREVER);
}

static __attribute__((noinline)) void deadlock(void)
{
    bh_thread_create(NULL, other_thread, NULL);
    bh_yield();
    bh_mutex_lock(&first); /* held by a thread that sleeps */
}

int wreck(const char *how, uint64_t address)
{
    volatile size_t many = 200;
    if (strcmp(how, "write") == 0)
        touch(address);
    else if (strcmp(how, "jump") == 0)
        ((void (*)(void))(uintptr_t)address)();
    else if (strcmp(how, "overflow") == 0)
        return deeper(NULL);
    else if (strcmp(how, "large") == 0)
        crash_large(address);
    else if (strcmp(how, "heap") == 0)
        fill_heap();
    else if (strcmp(how, "free") == 0)
        free_twice();
    else if (strcmp(how, "assert") == 0)
        assert(how[0] == 'z');
    else if (strcmp(how, "smash") == 0)
        smash(many);
    else if (strcmp(how, "undefined") == 0)
        __asm__ volatile("ud2");
    else if (strcmp(how, "divide") == 0)
        return 7 / zero;
    else if (strcmp(how, "kept") == 0)
        return kept[address];
    else if (strcmp(how, "deadlock") == 0)
        deadlock();
    else if (strcmp(how, "later") == 0) {
        bh_log("waits");
        bh_sleep(1000000000ull);
        touch(0);
    } else if (strcmp(how, "wait") == 0) {
        bh_log("waits");
        bh_sleep(20000000000ull);
    }
    return -1;
}

int wreck_take(const void *bytes, size_t n)
{
    kept = bytes;
    return (int)n;
}

int wreck_back(wreck_listener *listener, uint64_t address)
{
    int result = listener(address);
    __asm__ volatile("" : "+r"(result));
    return result;
}

/* Conformance: threads, locks, clocks and the heap of a compartment.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

#define LATE (1000 * MS) /* by how much a busy machine may exceed a deadline */

static struct bh_mutex mutex;
static struct bh_cond cond;
static struct bh_sem sem;
static unsigned inside, most, woken, order[8], n_order;

static void lock_and_sleep(unsigned number)
{
    (void)number;
    bh_mutex_lock(&mutex);
    inside++;
    most = inside > most ? inside : most;
    bh_sleep(1 * MS);
    inside--;
    bh_mutex_unlock(&mutex);
}

static void locks(void)
{
    CHECK(in_threads(8, lock_and_sleep) && most == 1 && inside == 0, "mutex.excludes");
    CHECK(!bh_mutex_lock(&mutex) && bh_mutex_lock(&mutex) == -EDEADLK, "mutex.twice");
    CHECK(bh_mutex_trylock(&mutex) == -EBUSY && !bh_mutex_unlock(&mutex), "mutex.trylock");
    CHECK(bh_mutex_unlock(&mutex) == -EPERM, "mutex.not the owner");
}

static void wait_in_order(unsigned number)
{
    if (!bh_sem_wait(&sem, 1000 * MS))
        order[n_order++ % 8] = number;
}

static void post_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < 8; i++) {
        bh_sleep(1 * MS);
        bh_sem_post(&sem);
    }
}

static void wait_for_signal(unsigned number)
{
    bh_mutex_lock(&mutex);
    if (number == 8) { /* the last one to start: all others wait by now */
        bh_cond_signal(&cond);
        bh_mutex_unlock(&mutex);
        bh_sleep(5 * MS);
        CHECK(woken == 1, "condition.signal");
        bh_cond_broadcast(&cond);
        return;
    }
    woken += bh_cond_wait(&cond, &mutex, 1000 * MS) == 0;
    bh_mutex_unlock(&mutex);
}

static void semaphores(void)
{
    bool right = !bh_thread_create(NULL, post_all, NULL) && in_threads(8, wait_in_order);
    for (unsigned i = 0; i < 8; i++)
        right &= order[i] == i;
    CHECK(right && n_order == 8, "semaphore.oldest first");
    uint64_t start = bh_now();
    CHECK(bh_sem_wait(&sem, 20 * MS) == -ETIMEDOUT, "semaphore.timeout");
    uint64_t took = bh_now() - start;
    CHECK(took >= 20 * MS && took < 20 * MS + LATE, "semaphore.deadline");
    CHECK(!bh_sem_post(&sem) && !bh_sem_wait(&sem, 0), "semaphore.no wait");
    sem.value = UINT32_MAX;
    CHECK(bh_sem_post(&sem) == -EOVERFLOW, "semaphore.overflow");
    CHECK(in_threads(9, wait_for_signal) && woken == 8, "condition.broadcast");
    bh_mutex_lock(&mutex);
    CHECK(bh_cond_wait(&cond, &mutex, 5 * MS) == -ETIMEDOUT && !bh_mutex_unlock(&mutex), "condition.timeout");
}

static void clocks(void)
{
    for (uint64_t ms = 1; ms <= 100; ms *= 10) {
        uint64_t start = bh_now();
        bh_sleep(ms * MS);
        uint64_t took = bh_now() - start;
        CHECK(took >= ms * MS && took < ms * MS + LATE, "sleep.%d ms", (int)ms);
    }
    bool monotonic = true;
    for (uint64_t i = 0, last = 0; i < 100000; i++) {
        uint64_t now = bh_now();
        monotonic &= now >= last;
        last = now;
    }
    CHECK(monotonic, "clock.monotonic");
    struct timespec start, end, real, tenth = {.tv_nsec = 10 * MS};
    clock_gettime(CLOCK_MONOTONIC, &start);
    nanosleep(&tenth, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    clock_gettime(CLOCK_REALTIME, &real);
    int64_t ns = (end.tv_sec - start.tv_sec) * 1000000000ll + end.tv_nsec - start.tv_nsec;
    CHECK(ns >= (int64_t)(10 * MS) && ns < (int64_t)(10 * MS + LATE), "clock.nanosleep");
    CHECK(real.tv_sec > 1700000000, "clock.realtime");
}

static void heap(void)
{
    enum { BLOCKS = 200, ROUNDS = 5000 };
    unsigned char *blocks[BLOCKS] = {0};
    size_t sizes[BLOCKS] = {0};
    bool right = true;
    uint32_t random = 1;
    for (unsigned i = 0; i < ROUNDS; i++) {
        random = random * 1664525 + 1013904223;
        unsigned n = random >> 8 & 0xff;
        if (n >= BLOCKS)
            continue;
        size_t size = random >> 16 & 0xfff, kept = size < sizes[n] ? size : sizes[n];
        right &= filled(blocks[n], sizes[n], n);
        unsigned char *moved = random & 1 && size ? realloc(blocks[n], size) : NULL;
        right &= !moved || filled(moved, kept, n);
        if (!moved) {
            free(blocks[n]);
            moved = size ? malloc(size) : NULL;
            right &= !size || moved;
        }
        blocks[n] = moved;
        sizes[n] = size;
        fill(moved, size, n);
    }
    for (unsigned n = 0; n < BLOCKS; n++) {
        right &= filled(blocks[n], sizes[n], n);
        free(blocks[n]);
    }
    CHECK(right, "heap.contents");
}

static unsigned use_up(void)
{
    void *block = NULL;
    unsigned n = 0;
    for (void **next; (next = malloc(0x10000)); n++, block = next)
        *next = block;
    for (void *next; block; block = next) {
        next = *(void **)block;
        free(block);
    }
    return n;
}

static void exhaustion(void)
{
    errno = 0;
    CHECK(!malloc(1ull << 30) && errno == ENOMEM, "heap.too large");
    unsigned first = use_up();
    CHECK(first > 50 && use_up() == first, "heap.used up and given back");
    char *zeroed = calloc(1000, 100);
    bool zero = zeroed != NULL;
    for (int i = 0; zero && i < 100000; i++)
        zero = !zeroed[i];
    CHECK(zero, "heap.calloc");
    free(zeroed);
}

static void nothing(void *unused)
{
    (void)unused;
}

static void threads(void)
{
    unsigned n = 0;
    while (n < 1000 && !bh_thread_create(NULL, nothing, NULL))
        n++;
    CHECK(n > 20 && bh_thread_create(NULL, nothing, NULL) == -EAGAIN, "threads.none left");
    bh_sleep(1 * MS);
    unsigned again = 0;
    while (again < 1000 && !bh_thread_create(NULL, nothing, NULL))
        again++;
    CHECK(again == n, "threads.used again");
    bh_sleep(1 * MS);
}

void check_core(void)
{
    locks();
    semaphores();
    clocks();
    heap();
    exhaustion();
    threads();
}

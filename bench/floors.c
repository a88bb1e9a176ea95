/* Floors on the host: what no gate can be faster than, and what programs use today instead.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     floors CORE CORE      commands on standard input: bench/sample.h */
#include <cpuid.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <linux/futex.h>
#include <unistd.h>

#include "bench/sample.h"
#include "rpc/gate.h"

static int cores[2];

static void pin_to_core(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof(set), &set)) {
        perror("floors: cannot pin a thread to its core");
        exit(1);
    }
}

/* Server threads run on the second core until they are asked to stop. */
static pthread_t server;
static atomic_bool stop;

static void start_server(void *(*run)(void *))
{
    atomic_store(&stop, false);
    if (pthread_create(&server, NULL, run, NULL)) {
        fputs("floors: cannot start a thread\n", stderr);
        exit(1);
    }
}

/* ---- A function call ---- */
static __attribute__((noinline)) int empty(void)
{
    __asm__ volatile("");
    return 0;
}

/* ---- Changing the rights of protection keys, to what they are ---- */
static bool has_keys(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_OSPKE);
}

static inline uint32_t read_pkru(void)
{
    uint32_t value, zero;
    __asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(value), "=d"(zero) : "c"(0)); /* RDPKRU */
    return value;
}

static inline void write_pkru(uint32_t value)
{
    __asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a"(value), "c"(0), "d"(0) : "memory"); /* WRPKRU */
}

/* ---- A cache line there, another one back, in the gate's own layout: one store and one load each
 * ---- */
/* Where a line's home is on the chip depends on its physical address, and a round trip on that:
 * each measurement takes another region, as each start of an appliance does. */
#define REGIONS 64
static _Alignas(4096) struct bh_edge_region regions[REGIONS];
static struct bh_edge_region *region = regions;
static uint32_t line_seq;

static void *line_server(void *unused)
{
    (void)unused;
    pin_to_core(cores[1]);
    _Atomic uint32_t *request = &region->calls.requests[0].seq, *reply = &region->calls.replies[0].seq;
    uint32_t seen = atomic_load(reply);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        uint32_t seq = atomic_load_explicit(request, memory_order_acquire);
        if (seq == seen)
            continue;
        seen = seq;
        atomic_store_explicit(reply, seq, memory_order_release);
    }
    return NULL;
}

static inline void line_call(void)
{
    _Atomic uint32_t *request = &region->calls.requests[0].seq, *reply = &region->calls.replies[0].seq;
    atomic_store_explicit(request, ++line_seq, memory_order_release);
    while (atomic_load_explicit(reply, memory_order_acquire) != line_seq)
        ;
}

/* ---- Waking a thread on the other core, and being woken by it ---- */
static _Atomic uint32_t there, back;

static void futex_set(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void futex_take(_Atomic uint32_t *word)
{
    while (!atomic_exchange(word, 0))
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *futex_server(void *unused)
{
    (void)unused;
    pin_to_core(cores[1]);
    for (;;) {
        futex_take(&there);
        if (atomic_load(&stop))
            return NULL;
        futex_set(&back);
    }
}

static void futex_call(void)
{
    futex_set(&there);
    futex_take(&back);
}

static int there_fd, back_fd;

static void event_set(int fd)
{
    uint64_t one = 1;
    if (write(fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
        abort();
}

static void event_take(int fd)
{
    uint64_t count;
    if (read(fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        abort();
}

static void *event_server(void *unused)
{
    (void)unused;
    pin_to_core(cores[1]);
    for (;;) {
        event_take(there_fd);
        if (atomic_load(&stop))
            return NULL;
        event_set(back_fd);
    }
}

static void event_call(void)
{
    event_set(there_fd);
    event_take(back_fd);
}

static int measure_floor(struct bench_samples *s)
{
    if (strcmp(s->name, "empty") == 0) {
        BENCH(s, empty());
    } else if (strcmp(s->name, "getppid") == 0) {
        BENCH(s, syscall(SYS_getppid));
    } else if (strcmp(s->name, "wrpkru") == 0 && has_keys()) {
        uint32_t value = read_pkru();
        BENCH(s, write_pkru(value));
    } else if (strcmp(s->name, "line") == 0) {
        region = region == &regions[REGIONS - 1] ? regions : region + 1;
        line_seq = atomic_load(&region->calls.replies[0].seq);
        start_server(line_server);
        BENCH(s, line_call());
        atomic_store(&stop, true);
        pthread_join(server, NULL);
    } else if (strcmp(s->name, "futex") == 0) {
        start_server(futex_server);
        BENCH_EACH(s, futex_call());
        atomic_store(&stop, true);
        futex_set(&there);
        pthread_join(server, NULL);
    } else if (strcmp(s->name, "eventfd") == 0) {
        start_server(event_server);
        BENCH_EACH(s, event_call());
        atomic_store(&stop, true);
        event_set(there_fd);
        pthread_join(server, NULL);
    } else {
        return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: floors CORE CORE\n", stderr);
        return 2;
    }
    cores[0] = atoi(argv[1]);
    cores[1] = atoi(argv[2]);
    there_fd = eventfd(0, 0);
    back_fd = eventfd(0, 0);
    pin_to_core(cores[0]);
    return bench_serve(measure_floor);
}

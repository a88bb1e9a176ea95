/* See fake_core.h.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz/fake_core.h"

static struct thread main_thread, worker;
struct thread threads[BH_THREADS_MAX]; /* free */
uint32_t n_threads = BH_THREADS_MAX;
struct thread_queue ready_threads;
struct thread *current = &main_thread;
const struct bh_mpk *keys; /* one domain */
uint32_t fake_notifications, fake_free_workers;
void (*fake_on_wait)(void);
const void *fake_watched_channel;
uint32_t fake_wakeups;
static bool worker_busy;

static void *map_at(uint64_t address, size_t size)
{
    void *p = mmap((void *)address, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    if (p != (void *)address)
        abort();
    return p;
}

struct bh_status_page *fake_status(void)
{
    return (struct bh_status_page *)BH_STATUS_VA;
}

struct bh_edge_region *fake_region(uint32_t edge)
{
    return (struct bh_edge_region *)BH_EDGE_BASE(edge);
}

static void map_everything(void)
{
    static bool mapped;
    if (mapped)
        return;
    mapped = true;
    map_at(BH_BOOTINFO_VA, 16 * BH_PAGE_SIZE);
    map_at(BH_STATUS_VA, BH_PAGE_SIZE);
    map_at(BH_CROWD_VA, BH_PAGE_SIZE);
    ((struct bh_crowd *)BH_CROWD_VA)->processors = 2;
    map_at(BH_COMPARTMENT_BASE(0) + BH_IMAGE_OFF, BH_PAGE_SIZE);
    for (unsigned e = 0; e < 2; e++)
        map_at(BH_EDGE_BASE(e), BH_EDGE_ARENA_OFF + 0x10000);
}

static void fill_bootinfo(void)
{
    struct bh_bootinfo *info = (struct bh_bootinfo *)BH_BOOTINFO_VA;
    memset(info, 0, 16 * BH_PAGE_SIZE);
    info->tsc_khz = 1000000;
    info->n_edges = 2;
    info->edges_off = 4096;
    struct bh_boot_edge *edge = (struct bh_boot_edge *)((char *)info + info->edges_off);
    for (uint32_t e = 0; e < 2; e++) {
        edge[e].index = e;
        edge[e].from = e;
        edge[e].to = 1 - e;
        edge[e].flags = e == 0 ? BH_EDGE_CALLER : BH_EDGE_CALLEE;
        edge[e].arena_size = 0x10000;
        edge[e].granted[0] = 0x3;
    }
}

static void fill_image(bh_dispatch_fn *dispatch)
{
    struct bh_image *image = (struct bh_image *)(BH_COMPARTMENT_BASE(0) + BH_IMAGE_OFF);
    struct bh_export *exports = (struct bh_export *)(image + 1);
    for (uint32_t f = 0; f < 4; f++)
        exports[f] = (struct bh_export){.dispatch = (uint64_t)dispatch, .flags = f & BH_EXPORT_NONBLOCKING};
    image->exports = (uint64_t)exports;
    image->n_exports = 4;
}

void fake_core_start(bh_dispatch_fn *dispatch)
{
    map_everything();
    fill_bootinfo();
    fill_image(dispatch);
    memset(fake_status(), 0, sizeof(struct bh_status_page));
    for (unsigned e = 0; e < 2; e++)
        memset(fake_region(e), 0, sizeof(struct bh_edge_region));
    memset(endpoints, 0, 2 * sizeof(endpoints[0]));
    n_endpoints = 0;
    unfenced_endpoints = NULL;
    fake_notifications = 0;
    fake_free_workers = UINT32_MAX;
    fake_on_wait = NULL;
    fake_watched_channel = NULL;
    fake_wakeups = 0;
    worker_busy = false;
    current = &main_thread;
    peers_init();
}

/* ---- What the core's other files would provide ---- */
struct thread *thread_new(void (*entry)(void *), void *arg, uint32_t compartment)
{
    (void)entry, (void)arg;
    if (worker_busy || !fake_free_workers)
        return NULL;
    fake_free_workers--;
    worker = (struct thread){.id = 1, .compartment = compartment};
    return &worker;
}

/* A worker runs at once, to its end, as it would when the thread that polls has nothing else to do. */
void thread_ready(struct thread *t)
{
    if (t != &worker)
        return;
    struct endpoint *endpoint = worker.work_endpoint;
    struct bh_fetched request = worker.work;
    worker_busy = true;
    current = &worker;
    gate_serve(endpoint, &request);
    current = &main_thread;
    worker_busy = false;
}

int thread_sleep(const void *wait_channel, uint64_t timeout)
{
    (void)wait_channel;
    if (fake_on_wait)
        fake_on_wait();
    peers_fence();
    if (!peers_poll() && timeout != BH_FOREVER)
        return -ETIMEDOUT;
    return 0;
}

void threads_caller_died(const struct endpoint *endpoint)
{
    (void)endpoint;
}

uint32_t thread_wakeup(const void *wait_channel, uint32_t n)
{
    (void)n;
    if (wait_channel == fake_watched_channel)
        fake_wakeups++;
    return 0;
}

void thread_yield(void)
{
    peers_poll();
    peers_fence();
}

void thread_block(void)
{
    abort(); /* only worker_main(), which nobody runs here, blocks without a wait channel */
}

uint64_t clock_ns(void)
{
    static uint64_t now;
    return now += 1000;
}

void doorbell_notify(uint32_t doorbell)
{
    (void)doorbell;
    fake_notifications++;
}

void core_exit(int status)
{
    exit(status);
}

void core_panic(const char *text)
{
    (void)text;
    abort();
}

uint64_t keys_enter(uint32_t compartment, uint64_t entry, uint64_t a0, uint64_t a1, struct bh_incoming *in)
{
    (void)compartment, (void)entry, (void)a0, (void)a1, (void)in;
    abort(); /* without keys nobody calls it */
}

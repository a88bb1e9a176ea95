/* The fake core of the marshalling test.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "rig.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

struct rig rig;

extern unsigned char gates_bytes[4096] __asm__("bh_gates") __attribute__((visibility("hidden")));
static const struct bh_outgoing *in_flight; /* innermost call */

static void *map(uint64_t address, size_t size)
{
    void *at =
        mmap((void *)address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (at != (void *)address) {
        perror("mmap");
        exit(1);
    }
    return at;
}

enum bh_status rig_raw(uint32_t fn, struct bh_incoming *call)
{
    call->edge = RIG_EDGE;
    call->fn = (uint16_t)fn;
    call->slot = 7;
    return ((bh_dispatch_fn *)bh_exports[fn].dispatch)(call);
}

static enum bh_status fake_call(struct bh_outgoing *call)
{
    const struct bh_outgoing *outer = in_flight;
    struct bh_incoming in = {0};
    enum bh_status status = rig.forced;

    if (call->edge != RIG_EDGE)
        return BH_NO_GATE;
    rig.calls++;
    rig.timeout = call->timeout;
    memcpy(rig.last_args, call->args, sizeof(rig.last_args));
    if (rig.forced != BH_OK && !rig.late)
        return rig.forced;
    memcpy(in.args, call->args, sizeof(in.args));
    if (rig.before)
        rig.before(&in);
    in_flight = call;
    int callers_errno = errno; /* two compartments have two */
    enum bh_status real = call->fn < bh_n_exports ? rig_raw(call->fn, &in) : BH_REFUSED;
    errno = callers_errno;
    in_flight = outer;
    call->ret = in.ret;
    memcpy(call->words, in.words, sizeof(in.words));
    if (rig.after)
        rig.after(call);
    return status != BH_OK ? status : real;
}

static enum bh_status fake_callback(struct bh_outgoing *call)
{
    struct bh_incoming in = {.edge = call->edge, .fn = call->fn};

    rig.callbacks++;
    if (rig.forced_back != BH_OK)
        return rig.forced_back;
    if (call->parent != 7 || !in_flight || call->fn >= in_flight->n_callbacks)
        return BH_REFUSED;
    memcpy(in.args, call->args, sizeof(in.args));
    if (rig.before_back)
        rig.before_back(&in);
    const struct bh_callback *callback = &in_flight->callbacks[call->fn];
    enum bh_status status = callback->dispatch(&in, callback->function);
    call->ret = in.ret;
    memcpy(call->words, in.words, sizeof(in.words));
    return status;
}

static void *fake_alloc(uint32_t edge, enum bh_arena which, size_t size)
{
    uint64_t block = edge == RIG_EDGE ? bh_arena_take(&rig.arenas[which], size) : 0;
    if (block)
        ASAN_UNPOISON_MEMORY_REGION((void *)block, size);
    return (void *)block;
}

static void fake_free(uint32_t edge, enum bh_arena which, void *block)
{
    struct bh_arena_map *map = &rig.arenas[which];
    for (uint32_t i = 0; i < map->n; i++)
        if (map->block[i].start == (uint64_t)block)
            ASAN_POISON_MEMORY_REGION(block, map->block[i].end - map->block[i].start);
    if (!bh_arena_give(map, (uint64_t)block))
        abort();
}

/* Time passes only here. */
static int fake_sleep(const void *key, uint64_t timeout)
{
    rig.waited_for = key;
    rig.now += bh_smaller(timeout, 1000);
    if (rig.on_wait)
        rig.on_wait();
    return 0;
}

static uint64_t fake_now(void)
{
    return rig.now;
}

static uint32_t fake_thread_self(void)
{
    return 5;
}

static void fake_report(const struct bh_report *report)
{
    rig.report = *report;
    rig.reports++;
    if (!report->fatal)
        return;
    if (!rig.may_end) {
        printf("unexpected end: %s(%s): %s\n", report->function, report->argument, report->text);
        exit(1);
    }
    rig.may_end = false;
    longjmp(rig.ended, 1);
}

void rig_import(uint32_t fn, uint64_t direct, uint32_t edge)
{
    struct bh_gate_table *table = (struct bh_gate_table *)(void *)gates_bytes;
    table->imports[fn] = (struct bh_import){.direct = direct, .gate = (uint64_t)fake_call, .edge = edge, .fn = fn};
}

void rig_reset(void)
{
    struct bh_boot_edge *edge = rig.edge;
    memset(&rig, 0, sizeof(rig));
    rig.edge = edge;
    bh_arena_init(&rig.arenas[BH_ARENA_CALLS], (uint64_t)RIG_ARENA, RIG_ARENA_SIZE, false);
    bh_arena_init(&rig.arenas[BH_ARENA_CALLBACKS], BH_EDGE_BASE(RIG_EDGE) + BH_EDGE_CB_ARENA_OFF, BH_EDGE_CB_ARENA_SIZE,
                  false);
    *edge = (struct bh_boot_edge){.index = RIG_EDGE,
                                  .from = 1,
                                  .to = 2,
                                  .strategy = BH_DATA_SHARE,
                                  .arena_size = RIG_ARENA_SIZE,
                                  .n_ranges = 1,
                                  .ranges = {{(uint64_t)RIG_SHARE, RIG_SHARE_SIZE}}};
    memset(RIG_SHARE, 0, RIG_SHARE_SIZE);
    ASAN_POISON_MEMORY_REGION(RIG_ARENA, RIG_ARENA_SIZE);
    for (uint32_t fn = 0; fn < bh_n_exports; fn++)
        rig_import(fn, 0, RIG_EDGE);
}

void rig_start(void)
{
    static const struct bh_core_calls core = {
        .call = fake_call,
        .callback = fake_callback,
        .arena_alloc = fake_alloc,
        .arena_free = fake_free,
        .thread_self = fake_thread_self,
        .sleep = fake_sleep,
        .now = fake_now,
        .report = fake_report,
    };
    struct bh_gate_table *table = (struct bh_gate_table *)(void *)gates_bytes;
    memcpy(table->core, &core, sizeof(core));
    table->compartment = 1;
    map(BH_STATUS_VA, 0x1000);
    struct bh_bootinfo *boot = map(BH_BOOTINFO_VA, 0x10000);
    boot->magic = BH_BOOT_MAGIC;
    boot->n_edges = 1;
    boot->edges_off = sizeof(*boot);
    rig.edge = (struct bh_boot_edge *)(boot + 1);
    map((uint64_t)RIG_SHARE, RIG_SHARE_SIZE);
    map(BH_EDGE_BASE(RIG_EDGE), BH_EDGE_ARENA_OFF + RIG_ARENA_SIZE);
    rig_reset();
}

void bh_log(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(rig.logged, sizeof(rig.logged), format, args);
    va_end(args);
}

void bh_panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(rig.logged, sizeof(rig.logged), format, args);
    va_end(args);
    longjmp(rig.ended, 1);
}

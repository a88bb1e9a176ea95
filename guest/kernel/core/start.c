/* Start of a VM's core, the table of core calls, and the end.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "stats.h"

const struct bh_boot_compartment *boot_compartment(uint32_t index)
{
    const struct bh_boot_compartment *c = boot_compartments();
    for (uint32_t i = 0; i < boot()->n_compartments; i++, c++)
        if (c->index == index)
            return c;
    return NULL;
}

void core_exit(int status)
{
    console_flush();
    hypercall(BH_HC_EXIT, (uint64_t)(uint32_t)status, 0, 0);
    __builtin_trap();
}

void core_report(const struct bh_report *report)
{
    struct bh_report copy = *report;
    copy.thread = current->id;
    stats_refused(&copy);
    console_flush();
    hypercall(BH_HC_REPORT, (uint64_t)&copy, sizeof(copy), 0);
    if (copy.fatal)
        __builtin_trap();
}

void core_panic(const char *text)
{
    struct bh_report report = {.kind = BH_REPORT_PANIC,
                               .fatal = 1,
                               .compartment = current->compartment,
                               .peer = BH_NO_PEER,
                               .pc = (uint64_t)__builtin_return_address(0)};
    for (size_t i = 0; i + 1 < sizeof(report.text) && text[i]; i++)
        report.text[i] = text[i];
    core_report(&report);
    __builtin_trap();
}

static void mark_phase(enum bh_mark phase)
{
    if (boot()->flags & BH_BOOT_MARKS)
        hypercall(BH_HC_MARK, phase, 0, 0);
}

/* ---- Core calls ---- */
int core_thread_create(void (*entry)(void *), void *arg, uint32_t compartment)
{
    if (!boot_compartment(compartment))
        return -EINVAL;
    struct thread *t = thread_new(entry, arg, compartment);
    if (!t)
        return -EAGAIN;
    thread_ready(t);
    return (int)t->id;
}

static uint32_t call_thread_self(void)
{
    return current->id;
}

/* The return address tells whose code called. */
static long call_write(enum bh_stream stream, const void *buf, size_t size)
{
    uint64_t from = (uint64_t)__builtin_return_address(0);
    return stream_write((uint32_t)((from - BH_COMPARTMENT_BASE(0)) / BH_WINDOW_SIZE), stream, buf, size);
}

/* Without protection keys the VM's compartments are one domain. */
static int call_watch(const volatile uint16_t *word, const void *wait_channel)
{
    return watch_add(0, word, wait_channel);
}

static int call_parked(volatile uint32_t *flag)
{
    return parked_add(0, flag);
}

static const struct bh_core_calls calls = {
    .call = gate_call,
    .callback = gate_callback,
    .arena_alloc = gate_arena_alloc,
    .arena_free = gate_arena_free,
    .thread_create = core_thread_create,
    .thread_exit = thread_exit,
    .thread_self = call_thread_self,
    .yield = thread_yield,
    .sleep = core_sleep,
    .wakeup = thread_wakeup,
    .write = call_write,
    .read = stream_read,
    .log = console_log,
    .exit = core_exit,
    .report = core_report,
    .now = clock_ns,
    .watch = call_watch,
    .net_start = net_start,
    .kick = device_kick,
    .submit = gate_submit,
    .collect = gate_collect,
    .ready = gate_ready,
    .parked = call_parked,
    .give_back = give_back,
};

static void start_compartments(void)
{
    const struct bh_boot_compartment *c = boot_compartments();
    for (uint32_t i = 0; i < boot()->n_compartments; i++, c++) {
        current->compartment = c->index;
        enter_image(c->index, image_of(c->index)->init);
    }
}

/* Runs the application on thread 0, if this VM holds it. */
static void run_application(void)
{
    const struct bh_boot_compartment *c = boot_compartments();
    for (uint32_t i = 0; i < boot()->n_compartments; i++, c++) {
        const struct bh_image *image = image_of(c->index);
        if (!(c->flags & BH_COMPARTMENT_DEFAULT))
            continue;
        if (!image->main)
            core_panic("the default compartment has no main()");
        current->compartment = c->index;
        mark_phase(BH_MARK_MAIN);
        core_exit(enter_image(c->index, image->main));
    }
}

static void start_core(void)
{
    if (boot()->magic != BH_BOOT_MAGIC || boot()->version != BH_ABI_VERSION)
        __builtin_trap();
    mark_phase(BH_MARK_CORE);
    clock_init();
    keys_init();
    stats_init();
    threads_init(boot()->n_threads);
    peers_init();
    start_compartments();
    mark_phase(BH_MARK_INIT);
    run_application();
    current->compartment = boot_compartments()->index;
    worker_main(NULL);
}

__attribute__((section(".bh_core"), used)) const struct bh_core_image bh_core_header = {
    .magic = BH_CORE_MAGIC,
    .version = BH_ABI_VERSION,
    .n_calls = BH_CORE_CALLS,
    .start = (uint64_t)&start_core,
    .calls = (uint64_t)&calls,
    .keyed_calls = (uint64_t)&keyed_calls,
    .debug = (uint64_t)&thread_layout,
};

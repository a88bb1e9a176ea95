/* Cooperative threads of one VM: creation, the run queue, switching. sleep.c has waiting.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "stats.h"

void switch_stacks(void **save_sp, void *new_sp, uint64_t new_fs);

struct thread threads[BH_THREADS_MAX];
uint32_t n_threads;
struct thread *current;

const struct bh_core_debug thread_layout = {
    .threads = (uint64_t)threads,
    .current = (uint64_t)&current,
    .stride = sizeof(struct thread),
    .sp = offsetof(struct thread, sp),
    .compartment = offsetof(struct thread, compartment),
    .state = offsetof(struct thread, state),
    .has_deadline = offsetof(struct thread, has_deadline),
    .wait_channel = offsetof(struct thread, wait_channel),
};

struct thread_queue ready_threads;

/* What switch_stacks() pops, below the address that it returns to. */
struct first_frame {
    uint32_t mxcsr;
    uint32_t x87_control;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    void (*start)(void);
    uint64_t alignment;
};

static void thread_start(void)
{
    if (current->entry == worker_main)
        worker_main(NULL);
    enter_thread(current->compartment, current->entry, current->arg);
    thread_exit();
}

/* Fills the thread's TLS block: every compartment's initial data, and the thread control block. */
static void tls_init(uint32_t id)
{
    const struct bh_boot_compartment *c = boot_compartments();
    for (uint32_t i = 0; i < boot()->n_compartments; i++, c++) {
        const struct bh_image *image = image_of(c->index);
        uint64_t align = image->tls_align ? image->tls_align : 1;
        uint64_t size = (image->tls_memsz + align - 1) & ~(align - 1);
        char *segment = (char *)(BH_TLS_TP(id) - (uint64_t)c->index * BH_TLS_SLOT - size);
        memcpy(segment, (const void *)image->tls_start, image->tls_filesz);
        memset(segment + image->tls_filesz, 0, size - image->tls_filesz);
    }
    uint64_t *tcb = (uint64_t *)BH_TLS_TP(id);
    tcb[0] = BH_TLS_TP(id);
    tcb[0x28 / 8] = boot()->canary & ~0xffull; /* a zero byte stops string overruns */
    if (keys)
        keys_thread_init(id);
}

static void prepare_stack(struct thread *t)
{
    uint64_t size = boot_compartment(t->compartment)->stack_size;
    char *top =
        keys ? (char *)BH_MPK_STACK(t->id) + BH_MPK_STACK_SIZE : (char *)(BH_STACK(t->compartment, t->id, size) + size);
    struct first_frame *frame = (struct first_frame *)top - 1; /* rsp = top - 8 in thread_start() */
    memset(frame, 0, sizeof(*frame));
    frame->mxcsr = 0x1f80;
    frame->x87_control = 0x37f;
    frame->start = thread_start;
    t->sp = frame;
}

void threads_init(uint32_t n)
{
    n_threads = n < BH_THREADS_MAX ? n : BH_THREADS_MAX;
    for (uint32_t i = 0; i < n_threads; i++)
        threads[i].id = i;
    current = &threads[0]; /* the VMM started the core on its stack */
    current->state = THREAD_RUNNING;
    const struct bh_boot_compartment *first = boot_compartments();
    current->compartment = first->index;
    tls_init(0);
}

struct thread *thread_new(void (*entry)(void *), void *arg, uint32_t compartment)
{
    for (uint32_t i = 0; i < n_threads; i++) {
        struct thread *t = &threads[i];
        if (t->state != THREAD_FREE || t == current)
            continue;
        t->compartment = compartment;
        t->entry = entry;
        t->arg = arg;
        t->wait_channel = NULL;
        t->has_deadline = false;
        t->work_endpoint = t->serving = NULL;
        t->in_core_sleep = t->orphaned = false;
        tls_init(t->id);
        prepare_stack(t);
        t->state = THREAD_SLEEPING;
        return t;
    }
    return NULL;
}

void thread_ready(struct thread *t)
{
    if (t->state != THREAD_SLEEPING)
        return;
    t->state = THREAD_READY;
    thread_append(&ready_threads, t);
}

struct thread *thread_next_ready(void)
{
    struct thread *t = ready_threads.head;
    if (t)
        ready_threads.head = t->next;
    return t;
}

void thread_switch(struct thread *to)
{
    struct thread *from = current;
    to->state = THREAD_RUNNING;
    if (to == from)
        return;
    current = to;
    if (stats)
        stats->switches++;
    keys_running(to->id);
    switch_stacks(&from->sp, to->sp, BH_TLS_TP(to->id));
}

void thread_block(void)
{
    current->state = THREAD_SLEEPING;
    if (threads_waiting_ready())
        peers_fence();
    else
        idle_until_ready();
    thread_switch(thread_next_ready());
}

void thread_yield(void)
{
    peers_poll();
    peers_fence();
    threads_expire(clock_ns());
    if (!threads_waiting_ready())
        return;
    current->state = THREAD_SLEEPING;
    thread_ready(current);
    thread_switch(thread_next_ready());
}

void thread_exit(void)
{
    /* The stack stays valid until another thread runs: thread_new() skips `current`. */
    current->state = THREAD_FREE;
    if (threads_waiting_ready())
        peers_fence();
    else
        idle_until_ready();
    thread_switch(thread_next_ready());
    __builtin_unreachable();
}

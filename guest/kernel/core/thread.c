/* Cooperative threads of one VM: creation, run queue, waiting with deadlines.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "stats.h"

void switch_stacks(void **save_sp, void *new_sp, uint64_t new_fs);

static struct thread threads[BH_THREADS_MAX];
static uint32_t n_threads;
struct thread *current;

const struct bh_core_debug thread_layout = {
    .threads = (uint64_t)threads,
    .current = (uint64_t)&current,
    .stride = sizeof(struct thread),
    .sp = offsetof(struct thread, sp),
    .compartment = offsetof(struct thread, compartment),
    .state = offsetof(struct thread, state),
    .has_deadline = offsetof(struct thread, has_deadline),
    .key = offsetof(struct thread, key),
};

struct thread *ready_head;
static struct thread *ready_tail;
static struct thread *wait_head, *wait_tail; /* oldest first */

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
    const struct bh_boot_compartment *c = (const void *)((const char *)boot() + boot()->compartments_off);
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
    current = &threads[0]; /* the VMM started us on its stack */
    current->state = THREAD_RUNNING;
    const struct bh_boot_compartment *first = (const void *)((const char *)boot() + boot()->compartments_off);
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
        t->key = NULL;
        t->has_deadline = false;
        t->work_port = t->serving = NULL;
        t->in_core_wait = t->orphaned = false;
        tls_init(t->id);
        prepare_stack(t);
        t->state = THREAD_BLOCKED;
        return t;
    }
    return NULL;
}

static void append(struct thread **head, struct thread **tail, struct thread *t)
{
    t->next = NULL;
    if (*head)
        (*tail)->next = t;
    else
        *head = t;
    *tail = t;
}

void thread_ready(struct thread *t)
{
    if (t->state != THREAD_BLOCKED)
        return;
    t->state = THREAD_READY;
    append(&ready_head, &ready_tail, t);
}

struct thread *thread_next_ready(void)
{
    struct thread *t = ready_head;
    if (t)
        ready_head = t->next;
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
    current->state = THREAD_BLOCKED;
    peers_fence();
    if (!ready_head)
        idle_until_ready();
    thread_switch(thread_next_ready());
}

void thread_yield(void)
{
    peers_poll();
    peers_fence();
    threads_expire(clock_ns());
    if (!ready_head)
        return;
    current->state = THREAD_BLOCKED;
    thread_ready(current);
    thread_switch(thread_next_ready());
}

void thread_exit(void)
{
    /* The stack stays valid until another thread runs: thread_new() skips `current`. */
    current->state = THREAD_FREE;
    peers_fence();
    if (!ready_head)
        idle_until_ready();
    thread_switch(thread_next_ready());
    __builtin_unreachable();
}

static void unlink_waiter(struct thread *before, struct thread *t)
{
    if (before)
        before->next = t->next;
    else
        wait_head = t->next;
    if (wait_tail == t)
        wait_tail = before;
}

int thread_wait(const void *key, uint64_t timeout)
{
    current->key = key;
    current->timed_out = false;
    current->has_deadline = timeout != BH_FOREVER;
    if (current->has_deadline) {
        uint64_t now = clock_ns();
        current->deadline = timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
    }
    append(&wait_head, &wait_tail, current);
    thread_block();
    return current->timed_out ? -ETIMEDOUT : 0;
}

int core_wait(const void *key, uint64_t timeout)
{
    current->in_core_wait = true;
    int r = current->orphaned ? 0 : thread_wait(key, timeout);
    current->in_core_wait = false;
    if (!current->orphaned)
        return r;
    current->orphaned = false;
    return -ECANCELED;
}

/* Nobody needs the answers any more. Only waits of libraries end: the core's own are for replies, which come. */
void threads_caller_died(const struct port *port)
{
    for (struct thread *before = NULL, *t = wait_head, *next; t; t = next) {
        next = t->next;
        bool ends = t->serving == port && t->in_core_wait;
        if (ends) {
            unlink_waiter(before, t);
            thread_ready(t);
        } else {
            before = t;
        }
    }
    for (uint32_t i = 0; i < n_threads; i++)
        threads[i].orphaned |= threads[i].serving == port;
}

uint32_t thread_wake(const void *key, uint32_t n)
{
    uint32_t woken = 0;
    struct thread *before = NULL, *t = wait_head;
    while (t && woken < n) {
        struct thread *next = t->next;
        if (t->key == key) {
            unlink_waiter(before, t);
            thread_ready(t);
            woken++;
        } else {
            before = t;
        }
        t = next;
    }
    return woken;
}

uint64_t threads_expire(uint64_t now)
{
    uint64_t nearest = BH_FOREVER;
    struct thread *before = NULL, *t = wait_head;
    while (t) {
        struct thread *next = t->next;
        if (t->has_deadline && t->deadline <= now) {
            unlink_waiter(before, t);
            t->timed_out = true;
            thread_ready(t);
        } else {
            if (t->has_deadline && t->deadline - now < nearest)
                nearest = t->deadline - now;
            before = t;
        }
        t = next;
    }
    return nearest;
}

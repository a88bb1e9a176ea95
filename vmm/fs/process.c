/* The process of one mount: takes FUSE messages off a virtqueue and answers them, one after the other.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/base/notify.h"
#include "vmm/base/clock.h"
#include "vmm/fs/mount.h"
#include "vmm/fs/server.h"
#include "vmm/virtio/virtqueue.h"

#define SPIN_MIN 2048u /* cycles */

/* The guest broke the rules of the queue: this was the last message. */
static void give_up(const struct fs_process *p, const char *why)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "bulkhead: mount %s: %s; it is off\n", p->name, why);
    if (write(STDERR_FILENO, line, (size_t)n) < 0) {
        /* Nobody to tell. */
    }
    _exit(1);
}

static bool attach(const struct fs_process *p, struct virtqueue *q)
{
    /* The window is all that this process has of the guest. */
    static struct region region;
    static struct guest_memory memory;
    int error;
    region = (struct region){
        .va = p->va, .size = BH_MOUNT_SIZE, .stride = BH_MOUNT_SIZE, .count = 1, .perms = PERM_R | PERM_W | PERM_U};
    memory = (struct guest_memory){.list = &region, .n = 1, .host = p->window, .size = BH_MOUNT_SIZE};
    if (!vq_init(q, &memory, p->va + BH_MOUNT_DESC, p->va + BH_MOUNT_AVAIL, p->va + BH_MOUNT_USED, BH_MOUNT_ENTRIES,
                 p->va, p->va + BH_MOUNT_SIZE, &error))
        return false;
    q->event_idx = true;
    q->buffers = (struct vq_memory){
        .va = p->va + BH_MOUNT_BUFFERS, .size = BH_MOUNT_SIZE - BH_MOUNT_BUFFERS, .host = p->window + BH_MOUNT_BUFFERS};
    return true;
}

static void publish(const struct fs_process *p, struct virtqueue *q)
{
    const volatile struct bh_mount_control *c = (const void *)p->window;
    vq_publish(q);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the core's, between its flag and its last look */
    if (c->parked && vq_wants_wake(q))
        notify(p->vm_notify);
}

/* Answers what there is. True: there was something. */
static bool work(const struct fs_process *p, struct fs *f, struct virtqueue *q)
{
    struct iovec iov[FS_IOV_MAX];
    struct vq_chain c;
    const char *why;
    uint16_t readable;
    bool found = false;
    enum vq_result got;
    while ((got = vq_fetch_both(q, iov, FS_IOV_MAX, &readable, &c, &why)) == VQ_OK) {
        size_t written = fs_handle(f, iov, readable, iov + readable, (unsigned)(c.n - readable));
        vq_push(q, c.head, (uint32_t)written);
        publish(p, q);
        found = true;
    }
    if (got == VQ_BROKEN)
        give_up(p, why);
    return found;
}

static bool look_around(struct virtqueue *q, uint64_t limit)
{
    uint64_t start = clock_cycles();
    while (clock_cycles() - start < limit) {
        if (vq_has_more(q))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

/* Until a kick; how long it slept, in cycles. */
static uint64_t sleep_well(const struct fs_process *p, struct virtqueue *q)
{
    uint64_t start = clock_cycles(), count;
    if (!vq_want_kick(q)) {
        struct pollfd kick = {.fd = p->kick, .events = POLLIN};
        ppoll(&kick, 1, NULL, NULL);
    }
    if (read(p->kick, &count, sizeof(count)) < 0) {
        /* None came. */
    }
    vq_no_kick(q);
    return clock_cycles() - start;
}

void fs_serve(const struct fs_process *p)
{
    struct fs f;
    struct virtqueue q;
    uint64_t limit = p->spin_max;
    if (!fs_init(&f, p->directory, p->proc, p->read_only) || !attach(p, &q))
        give_up(p, "no memory");
    for (;;) {
        if (work(p, &f, &q) || look_around(&q, limit))
            continue;
        /* As in net_thread.c: longer when a little more would have saved a sleep. */
        limit = sleep_well(p, &q) < p->spin_max ? limit * 2 + SPIN_MIN : limit / 2;
        limit = limit < SPIN_MIN ? SPIN_MIN : limit > p->spin_max ? p->spin_max : limit;
    }
}

/* The process of one mount: takes FUSE messages off a virtqueue and answers them, one after the other.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rpc/mount.h"
#include "vmm/base/loop.h"
#include "vmm/base/notify.h"
#include "vmm/fs/server.h"
#include "vmm/virtio/virtqueue.h"

/* The guest broke the rules of the queue: this was the last message. */
static void give_up(const struct fs_process *p, const char *why)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "bulkhead: mount %s: %s; it is off\n", p->name, why);
    if (write(STDERR_FILENO, line, (size_t)n) < 0) {
        /* There is nobody left to tell. */
    }
    _exit(1);
}

/* Finds the queue in the window, which is all that this process has of the guest. */
static bool attach_queue(const struct fs_process *p, struct virtqueue *q)
{
    static struct region region;
    static struct guest_memory memory;
    int error;
    region = (struct region){
        .va = p->at.va, .size = BH_MOUNT_SIZE, .stride = BH_MOUNT_SIZE, .count = 1, .perms = PERM_R | PERM_W | PERM_U};
    memory = (struct guest_memory){.list = &region, .n = 1, .host = p->window, .size = BH_MOUNT_SIZE};
    const struct vq_place place = {.desc = guest_va_plus(p->at, BH_MOUNT_DESC),
                                   .avail = guest_va_plus(p->at, BH_MOUNT_AVAIL),
                                   .used = guest_va_plus(p->at, BH_MOUNT_USED),
                                   .size = BH_MOUNT_ENTRIES};
    if (!vq_init(q, &memory, &place, p->at, guest_va_plus(p->at, BH_MOUNT_SIZE), &error))
        return false;
    q->event_idx = true;
    q->buffers = (struct vq_memory){.at = guest_va_plus(p->at, BH_MOUNT_BUFFERS),
                                    .size = BH_MOUNT_SIZE - BH_MOUNT_BUFFERS,
                                    .host = p->window + BH_MOUNT_BUFFERS};
    return true;
}

static void publish_answers(const struct fs_process *p, struct virtqueue *q)
{
    const volatile struct bh_mount_control *c = (const void *)p->window;
    vq_publish(q);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with the core's, between its flag and its last look */
    if (c->parked && vq_wants_wake(q))
        notify(p->vm_notify);
}

/* Answers all messages that are there. Returns whether there were any. */
static bool answer_messages(const struct fs_process *p, struct fs *f, struct virtqueue *q)
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
        publish_answers(p, q);
        found = true;
    }
    if (got == VQ_BROKEN)
        give_up(p, why);
    return found;
}

static bool has_message(void *queue, uint64_t now)
{
    return vq_has_more(queue);
}

/* Resets the eventfd of kicks. */
static void take_kick(void *process, short revents)
{
    const struct fs_process *p = process;
    uint64_t count;
    if (read(p->kick, &count, sizeof(count)) < 0) {
        /* None came. */
    }
}

/* Sleeps until a kick. Returns how long that took, in cycles. */
static uint64_t sleep_until_kick(struct fs_process *p, struct loop *loop, struct virtqueue *q)
{
    uint64_t start = clock_cycles();
    if (vq_want_kick(q))
        take_kick(p, 0); /* a message came just before, and perhaps its kick */
    else {
        crowd_sleep(p->member);
        loop_turn(loop, LOOP_FOREVER);
        crowd_wake(p->member);
    }
    vq_no_kick(q);
    return clock_cycles() - start;
}

void fs_serve(struct fs_process *p)
{
    struct fs f;
    struct virtqueue q;
    struct loop loop;
    struct loop_source kick;
    if (!fs_init(&f, p->directory, p->proc, p->read_only) || !attach_queue(p, &q) || !loop_init(&loop, 1) ||
        !loop_add(&loop, &kick, p->kick, POLLIN, take_kick, p))
        give_up(p, "no memory");
    f.quota.size = p->size;
    crowd_wake(p->member);
    for (;;)
        if (!answer_messages(p, &f, &q) && !poll_until(&p->limit, has_message, &q))
            poll_limit_adapt(&p->limit, sleep_until_kick(p, &loop, &q));
}

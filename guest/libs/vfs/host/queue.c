/* Messages to the server and their answers, through a split virtqueue in the mount's window.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A message occupies a slot, which has buffers of its own and a claim to HOST_CHAIN descriptors, so sending a message
 * allocates nothing. */
#include "host.h"

#include <string.h>

static uint8_t *request_of(const struct host_mount *m, unsigned slot)
{
    return m->window + BH_MOUNT_BUFFERS + (size_t)slot * HOST_SLOT;
}

static uint8_t *reply_of(const struct host_mount *m, unsigned slot)
{
    return request_of(m, slot) + HOST_REQUEST;
}

static uint8_t *data_of(const struct host_mount *m, unsigned slot)
{
    return reply_of(m, slot) + HOST_REPLY;
}

/* The threads that wait for an answer of this mount sleep on this address. */
static void *wait_channel(struct host_mount *m)
{
    return m;
}

/* Notes which messages have been answered. */
static void take_answers(struct host_mount *m)
{
    const volatile struct bh_mount_control *control = (const void *)m->window;
    uint16_t head;
    uint32_t n, written;
    enum vq_taken taken;
    while ((taken = vq_take(&m->queue, &head, &n, &written)) == VQ_CHAIN) {
        unsigned slot = m->slot_of[head];
        m->slots[slot].written = written;
        m->slots[slot].done = true;
        if (m->slots[slot].unawaited)
            m->slots[slot].taken = false;
    }
    m->dead |= taken == VQ_BROKEN || control->dead;
    if (m->dead)
        vfs_wake(wait_channel(m));
}

/* Blocks until the server has answered any message. Sets *canceled if the caller has died. */
static void wait_for_answer(struct host_mount *m, bool *canceled)
{
    if (!vq_want_notification(&m->queue, 0) && !m->dead && vfs_wait(wait_channel(m), UINT64_MAX) == -ECANCELED)
        *canceled = true;
}

static int free_slot(struct host_mount *m, bool *canceled)
{
    for (;;) {
        take_answers(m);
        if (m->dead)
            return -EIO;
        for (int slot = 0; slot < HOST_SLOTS; slot++)
            if (!m->slots[slot].taken)
                return slot;
        wait_for_answer(m, canceled);
    }
}

/* Makes the message in the slot visible to the server. A free slot has its HOST_CHAIN descriptors. */
static void publish_message(struct host_mount *m, unsigned slot, size_t request, const struct host_call *call)
{
    struct vq_buffer chain[HOST_CHAIN];
    uint32_t n = 0;
    chain[n++] = (struct vq_buffer){request_of(m, slot), (uint32_t)request, false};
    if (call->send_size)
        chain[n++] = (struct vq_buffer){data_of(m, slot), (uint32_t)call->send_size, false};
    uint32_t reply = (uint32_t)(sizeof(struct fuse_out_header) + call->out_size);
    chain[n++] = (struct vq_buffer){reply_of(m, slot), reply, true};
    if (call->receive_size)
        chain[n++] = (struct vq_buffer){data_of(m, slot), (uint32_t)call->receive_size, true};
    m->slot_of[vq_add(&m->queue, chain, n)] = (uint8_t)slot;
    if (vq_publish(&m->queue))
        bh_core()->kick(BH_KICK_MOUNT + m->index);
}

/* Copies the message into a slot and makes it visible. Returns the slot, or a negative errno value. */
static int submit_message(struct host_mount *m, const struct host_call *call, bool unawaited, bool *canceled)
{
    size_t name = call->name ? strlen(call->name) + 1 : 0, name2 = call->name2 ? strlen(call->name2) + 1 : 0;
    struct fuse_in_header head = {.opcode = call->opcode, .nodeid = call->node};
    size_t size = sizeof(head) + call->in_size + name + name2;
    if (size > HOST_REQUEST || call->send_size > HOST_DATA || call->receive_size > HOST_DATA ||
        call->out_size > HOST_REPLY - sizeof(struct fuse_out_header))
        return -ENAMETOOLONG;
    int slot = free_slot(m, canceled);
    if (slot < 0)
        return slot;
    uint8_t *to = request_of(m, (unsigned)slot);
    head.len = (uint32_t)(size + call->send_size);
    head.unique = ++m->unique;
    memcpy(to, &head, sizeof(head));
    to += sizeof(head);
    if (call->in_size)
        memcpy(to, call->in, call->in_size);
    to += call->in_size;
    if (name)
        memcpy(to, call->name, name);
    if (name2)
        memcpy(to + name, call->name2, name2);
    if (call->send_size)
        memcpy(data_of(m, (unsigned)slot), call->send, call->send_size);
    m->slots[slot].taken = true;
    m->slots[slot].done = false;
    m->slots[slot].unawaited = unawaited;
    publish_message(m, (unsigned)slot, size, call);
    return slot;
}

/* Returns how many bytes of data the answer brought, or the error that it reports. */
static ssize_t read_answer(struct host_mount *m, unsigned slot, const struct host_call *call)
{
    struct fuse_out_header head;
    size_t fixed = sizeof(head) + call->out_size;
    memcpy(&head, reply_of(m, slot), sizeof(head));
    if (m->slots[slot].written < sizeof(head) || head.len != m->slots[slot].written)
        return -EIO;
    if (head.error)
        return host_error(-head.error);
    if (head.len < fixed || head.len - fixed > call->receive_size)
        return -EIO;
    if (call->out_size)
        memcpy(call->out, reply_of(m, slot) + sizeof(head), call->out_size);
    if (head.len > fixed)
        memcpy(call->receive, data_of(m, slot), head.len - fixed);
    return (ssize_t)(head.len - fixed);
}

/* If the caller has died meanwhile, the answer is awaited nevertheless, since files and nodes may have come with it.
 * But an error becomes -ECANCELED, so that the lock that another one has is not tried again for ever. */
ssize_t host_send(struct host_mount *m, const struct host_call *call)
{
    bool canceled = false;
    int slot = submit_message(m, call, false, &canceled);
    if (slot < 0)
        return slot;
    while (take_answers(m), !m->slots[slot].done) {
        if (m->dead)
            return -EIO; /* the slot stays taken: the server may still write to it */
        wait_for_answer(m, &canceled);
    }
    ssize_t r = read_answer(m, (unsigned)slot, call);
    m->slots[slot].taken = false;
    return r < 0 && canceled ? -ECANCELED : r;
}

void host_post(struct host_mount *m, const struct host_call *call)
{
    bool canceled; /* no call waits for another client after it has dropped nodes */
    submit_message(m, call, true, &canceled);
}

int host_start(struct host_mount *m, uint32_t compartment, uint32_t index)
{
    m->window = (uint8_t *)BH_MOUNT_VA(compartment, index);
    m->index = index;
    const struct vring ring = {.num = BH_MOUNT_ENTRIES,
                               .desc = (void *)(m->window + BH_MOUNT_DESC),
                               .avail = (void *)(m->window + BH_MOUNT_AVAIL),
                               .used = (void *)(m->window + BH_MOUNT_USED)};
    vq_init(&m->queue, &ring, m->queue_private, true);
    struct bh_mount_control *control = (void *)m->window;
    int r = bh_core()->parked(&control->parked);
    if (!r)
        r = bh_core()->watch(&m->queue.ring.used->idx, wait_channel(m));
    if (!r)
        r = bh_core()->watch(&control->dead, wait_channel(m));
    const struct fuse_init_in in = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION};
    struct fuse_init_out out;
    const struct host_call init = {
        .opcode = FUSE_INIT, .in = &in, .in_size = sizeof(in), .out = &out, .out_size = sizeof(out)};
    return r ? r : (int)host_send(m, &init);
}

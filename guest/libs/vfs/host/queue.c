/* Messages to the server and their answers, through a split virtqueue (virtio 1.2, 2.7).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A message has a slot: buffers, and the four descriptors 4 * slot to 4 * slot + 3. Nothing is allocated on the way. */
#include "host.h"

#include <stdatomic.h>
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

static void *key_of(struct host_mount *m)
{
    return m;
}

/* Notes which messages have been answered. */
static void take(struct host_mount *m)
{
    const volatile struct bh_mount_control *control = (const void *)m->window;
    while (__atomic_load_n(&m->ring.used->idx, __ATOMIC_ACQUIRE) != m->used_seen) {
        const volatile struct vring_used_elem *e = &m->ring.used->ring[m->used_seen % BH_MOUNT_ENTRIES];
        uint32_t id = e->id, written = e->len, slot = id / 4;
        m->used_seen++;
        if (id % 4 || slot >= HOST_SLOTS || !m->slots[slot].taken || m->slots[slot].done) {
            m->dead = true;
            break;
        }
        m->slots[slot].written = written;
        m->slots[slot].done = true;
        if (m->slots[slot].nobody)
            m->slots[slot].taken = false;
    }
    m->dead |= control->dead;
    if (m->dead)
        vfs_wake(key_of(m));
}

/* Waits for an answer to whatever message. */
static void wait(struct host_mount *m)
{
    /* Ask to be woken for the very next one, then look again. */
    __atomic_store_n(&vring_used_event(&m->ring), m->used_seen, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_seq_cst);
    if (__atomic_load_n(&m->ring.used->idx, __ATOMIC_ACQUIRE) == m->used_seen && !m->dead)
        vfs_wait(key_of(m), UINT64_MAX);
}

static int free_slot(struct host_mount *m)
{
    for (;;) {
        take(m);
        if (m->dead)
            return -EIO;
        for (int slot = 0; slot < HOST_SLOTS; slot++)
            if (!m->slots[slot].taken)
                return slot;
        wait(m);
    }
}

static void describe(struct host_mount *m, unsigned number, const void *at, size_t size, uint16_t flags)
{
    m->ring.desc[number] = (struct vring_desc){
        .addr = (uint64_t)(uintptr_t)at, .len = (uint32_t)size, .flags = flags, .next = (uint16_t)(number + 1)};
}

/* Fills the slot's descriptors; the last one ends the chain. */
static void chain(struct host_mount *m, unsigned slot, size_t request, const struct host_call *call)
{
    unsigned at = slot * 4;
    describe(m, at++, request_of(m, slot), request, VRING_DESC_F_NEXT);
    if (call->send_size)
        describe(m, at++, data_of(m, slot), call->send_size, VRING_DESC_F_NEXT);
    describe(m, at++, reply_of(m, slot), sizeof(struct fuse_out_header) + call->out_size,
             VRING_DESC_F_WRITE | VRING_DESC_F_NEXT);
    if (call->receive_size)
        describe(m, at++, data_of(m, slot), call->receive_size, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT);
    m->ring.desc[at - 1].flags &= (uint16_t)~VRING_DESC_F_NEXT;
}

static void publish(struct host_mount *m, unsigned slot)
{
    m->ring.avail->ring[m->avail_next++ % BH_MOUNT_ENTRIES] = (uint16_t)(slot * 4);
    __atomic_store_n(&m->ring.avail->idx, m->avail_next, __ATOMIC_RELEASE);
    /* The server sets its event index and looks at idx; we set idx and look at its event index. */
    atomic_thread_fence(memory_order_seq_cst);
    uint16_t event = __atomic_load_n(&vring_avail_event(&m->ring), __ATOMIC_RELAXED);
    if (vring_need_event(event, m->avail_next, (uint16_t)(m->avail_next - 1)))
        bh_core()->kick(BH_KICK_MOUNT + m->index);
}

/* Copies the message into a slot and makes it visible; the slot, or an error. */
static int submit(struct host_mount *m, const struct host_call *call, bool nobody)
{
    size_t name = call->name ? strlen(call->name) + 1 : 0, name2 = call->name2 ? strlen(call->name2) + 1 : 0;
    struct fuse_in_header head = {.opcode = call->opcode, .nodeid = call->node};
    size_t size = sizeof(head) + call->in_size + name + name2;
    if (size > HOST_REQUEST || call->send_size > HOST_DATA || call->receive_size > HOST_DATA ||
        call->out_size > HOST_REPLY - sizeof(struct fuse_out_header))
        return -ENAMETOOLONG;
    int slot = free_slot(m);
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
    m->slots[slot].nobody = nobody;
    chain(m, (unsigned)slot, size, call);
    publish(m, (unsigned)slot);
    return slot;
}

/* What the answer says. */
static ssize_t receive(struct host_mount *m, unsigned slot, const struct host_call *call)
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

ssize_t host_send(struct host_mount *m, const struct host_call *call)
{
    int slot = submit(m, call, false);
    if (slot < 0)
        return slot;
    while (take(m), !m->slots[slot].done) {
        if (m->dead)
            return -EIO; /* the slot stays taken: who knows what still happens to it */
        wait(m);
    }
    ssize_t r = receive(m, (unsigned)slot, call);
    m->slots[slot].taken = false;
    return r;
}

void host_post(struct host_mount *m, const struct host_call *call)
{
    submit(m, call, true);
}

int host_start(struct host_mount *m, uint32_t compartment, uint32_t index)
{
    m->window = (uint8_t *)BH_MOUNT_VA(compartment, index);
    m->index = index;
    m->ring = (struct vring){.num = BH_MOUNT_ENTRIES,
                             .desc = (void *)(m->window + BH_MOUNT_DESC),
                             .avail = (void *)(m->window + BH_MOUNT_AVAIL),
                             .used = (void *)(m->window + BH_MOUNT_USED)};
    struct bh_mount_control *control = (void *)m->window;
    int r = bh_core()->parked(&control->parked);
    if (!r)
        r = bh_core()->watch(&m->ring.used->idx, key_of(m));
    if (!r)
        r = bh_core()->watch(&control->dead, key_of(m));
    const struct fuse_init_in in = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION};
    struct fuse_init_out out;
    const struct host_call init = {
        .opcode = FUSE_INIT, .in = &in, .in_size = sizeof(in), .out = &out, .out_size = sizeof(out)};
    return r ? r : (int)host_send(m, &init);
}

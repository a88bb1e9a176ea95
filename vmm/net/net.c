/* Starts the network device, and does its part of the work on the vCPU's thread.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/net.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rpc/net.h"
#include "vmm/kvm/doorbell.h"
#include "vmm/base/notify.h"
#include "vmm/net/device.h"
#include "vmm/net/tap.h"
#include "vmm/net/thread.h"
#include "vmm/net/user.h"
#include "vmm/resources/resources.h"

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define ALWAYS \
    (FEATURE(MAC) | FEATURE(MTU) | FEATURE(MRG_RXBUF) | 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX)
/* Both back ends take large segments as they are. Only TAP's senders make any. */
#define USER (ALWAYS | FEATURE(CSUM) | FEATURE(GUEST_CSUM) | FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6))
#define TAP  (USER | FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6))

/* How long the device's thread polls before it sleeps, at most. Where there are few processors, a thread that polls
 * keeps the ones that it waits for from running. */
#define SPIN_CYCLES         150000u
#define SPIN_CROWDED_CYCLES 50000u

static struct net the_net; /* a process has one at most */

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

void net_describe(const struct appliance *a, struct bh_boot_net *b)
{
    const struct net_config *c = &a->net;
    *b =
        (struct bh_boot_net){.compartment = c->compartment, .mtu = c->mtu, .features = c->mode == NET_TAP ? TAP : USER};
    memcpy(b->mac, c->mac, sizeof(b->mac));
    copy_text(b->address, sizeof(b->address), c->address);
    copy_text(b->gateway, sizeof(b->gateway), c->gateway);
    copy_text(b->dns, sizeof(b->dns), c->dns);
    copy_text(b->address6, sizeof(b->address6), c->address6);
    copy_text(b->hostname, sizeof(b->hostname), c->hostname);
}

bool net_wire(const struct appliance *a, uint32_t v, int vm_fd, int *kick, struct problem *p)
{
    *kick = -1;
    if (!vm_has_net(a, v))
        return true;
    *kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (*kick < 0)
        return problem_set(p, EXIT_HOST, "cannot make an eventfd: %s", strerror(errno));
    for (uint32_t queue = 0; queue < 2; queue++)
        if (!doorbell_wire(vm_fd, BH_PORT_KICK, 2, queue, *kick))
            return problem_set(p, EXIT_HOST, "KVM: cannot wire the network device: %s", strerror(errno));
    return true;
}

static uint64_t spin_max(const struct resources *w)
{
    return w->o->spin_given ? w->o->spin_cycles : SPIN_CYCLES;
}

/* With all signals blocked: they are the main thread's business. False: `p`. */
static bool start_thread(struct net *n, struct problem *p)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    sem_init(&n->confined, 0, 0);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&thread, NULL, net_thread, n);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return problem_set(p, EXIT_HOST, "cannot start the network device's thread: %s", strerror(error));
    while (sem_wait(&n->confined)) { /* EINTR */
    }
    if (n->problem.status)
        *p = n->problem;
    return !n->problem.status;
}

bool net_open(const struct resources *w, uint32_t v, const struct net_place *place, struct net **net, struct problem *p)
{
    struct net *n = &the_net;
    const struct appliance *a = w->a;
    *net = NULL;
    if (!vm_has_net(a, v))
        return true;
    n->config = &a->net;
    n->appliance = a;
    n->memory = place->memory;
    n->stats = place->stats;
    n->stats->has_net = 1;
    n->vm_notify = place->vm_notify;
    n->kick = place->kick;
    n->limit = (struct poll_limit){
        .cycles = spin_max(w), .max = spin_max(w), .full_max = SPIN_CROWDED_CYCLES, .crowd = &w->crowd->page};
    n->member = crowd_vm(w->crowd, v);
    bool tap = a->net.mode == NET_TAP;
    n->backend = tap ? &net_tap : &net_user;
    if (!(tap ? net_tap_open(n, p) : net_user_open(n, p)) || !start_thread(n, p))
        return false;
    *net = n;
    return true;
}

/* Where the compartment may have buffers: its own window, or a share that it is a member of. A VM's
 * other compartments could otherwise be written through the device. */
static bool may_lend(const struct net *n, struct guest_va at, uint64_t size)
{
    uint32_t i = n->config->compartment;
    uint64_t base = BH_COMPARTMENT_BASE(i);
    if (at.va >= base && at.va - base < BH_WINDOW_SIZE && size <= BH_WINDOW_SIZE - (at.va - base))
        return true;
    for (uint32_t s = 0; s < n->appliance->n_shares; s++) {
        const struct share *share = &n->appliance->shares[s];
        uint64_t offset = at.va - BH_SHARE_BASE(s), bytes = page_up(share->size); /* offset: huge below the share */
        if ((share->members >> i & 1) && offset < bytes && size <= bytes - offset)
            return true;
    }
    return false;
}

static bool features_good(uint64_t wanted, uint64_t offered)
{
    const uint64_t must = 1ull << VIRTIO_F_VERSION_1;
    const uint64_t host_tso = FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6);
    const uint64_t guest_tso = FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6);
    return !(wanted & ~offered) && (wanted & must) && (!(wanted & host_tso) || (wanted & FEATURE(CSUM))) &&
           (!(wanted & guest_tso) || (wanted & FEATURE(GUEST_CSUM)));
}

/* Both queues, or an error; `s` is private. */
static int make_queues(struct net *n, const struct bh_net_setup *s)
{
    int error = 0;
    uint64_t avail = 0, low = BH_COMPARTMENT_BASE(n->config->compartment);
    struct virtqueue *queues[2] = {&n->rx, &n->tx};
    struct vq_memory buffers = {.at = guest_va(s->buffers), .size = s->buffers_size};
    if (!buffers.size || !may_lend(n, buffers.at, buffers.size))
        return -EFAULT;
    buffers.host = memory_at(n->memory, buffers.at, buffers.size, PERM_R | PERM_W | PERM_U, &avail);
    if (!buffers.host || avail != buffers.size)
        return -EFAULT;
    for (unsigned i = 0; i < 2; i++) {
        struct vq_place place = {.desc = guest_va(s->queue[i].desc),
                                 .avail = guest_va(s->queue[i].avail),
                                 .used = guest_va(s->queue[i].used),
                                 .size = s->queue[i].size};
        if (!vq_init(queues[i], n->memory, &place, guest_va(low), guest_va(low + BH_WINDOW_SIZE), &error))
            return error;
        queues[i]->buffers = buffers;
        queues[i]->event_idx = s->features >> VIRTIO_RING_F_EVENT_IDX & 1;
    }
    return 0;
}

int64_t net_start(struct net *n, struct guest_va setup)
{
    struct bh_net_setup s;
    struct bh_boot_net offer;
    if (!n)
        return -ENODEV;
    if (atomic_load_explicit(&n->state, memory_order_acquire) != NET_IDLE)
        return -EBUSY;
    if (n->resets >= NET_RESETS_MAX)
        return -ENODEV;
    if (!memory_read(n->memory, &s, setup, sizeof(s), PERM_R | PERM_U))
        return -EFAULT;
    net_describe(n->appliance, &offer);
    if (!features_good(s.features, offer.features))
        return -EINVAL;
    int error = make_queues(n, &s);
    if (error)
        return error;
    n->accepted = s.features;
    n->acked_rx = n->acked_tx = 0;
    atomic_store_explicit(&n->state, NET_STARTED, memory_order_release);
    return net_kick(n, 0);
}

int64_t net_kick(struct net *n, uint64_t queue)
{
    if (!n)
        return -ENODEV;
    if (queue > 1)
        return -EINVAL;
    return notify(n->kick);
}

/* Whether something was published that the driver asked to be notified of and that no earlier call returned true for. A
 * driver looks at its rings once more before it parks again, so the second call may let it. */
static bool has_news(const struct virtqueue *q, uint16_t *acked)
{
    uint16_t published = atomic_load_explicit(&q->published, memory_order_relaxed);
    if (published == *acked || !vq_wants_wake(q))
        return false;
    *acked = published;
    return true;
}

bool net_may_park(struct net *n)
{
    if (!n)
        return true;
    atomic_store_explicit(&n->parked, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst); /* pairs with publish_used() */
    if (atomic_load_explicit(&n->state, memory_order_relaxed) == NET_IDLE)
        return true;
    bool received = has_news(&n->rx, &n->acked_rx);
    if (has_news(&n->tx, &n->acked_tx) || received) {
        net_unpark(n);
        return false;
    }
    return true;
}

void net_unpark(struct net *n)
{
    if (n)
        atomic_store_explicit(&n->parked, 0, memory_order_relaxed);
}

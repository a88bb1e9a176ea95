/* Back end `user`: libslirp, a TCP/IP stack in this process that speaks through ordinary sockets.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames of the guest are copied before libslirp sees them. libslirp takes segments of any size but checks their
 * checksums, so those that the driver left out are filled in here; what it sends needs no check by the guest. A frame
 * for which there is no receive buffer waits in `queue`. As long as one waits no socket is read, so that TCP's own flow
 * control holds the senders up. */
#include "vmm/net/user.h"

#include <arpa/inet.h>
#include <slirp/libslirp.h>
#include <string.h>
#include <sys/resource.h>

#include "vmm/base/clock.h"
#include "vmm/base/loop.h"
#include "vmm/net/flows.h"
#include "vmm/net/early.h"
#include "vmm/net/forward.h"
#include "vmm/net/fragments.h"
#include "vmm/net/reach.h"

#define SOCKETS_MAX       16384u
#define OTHER_DESCRIPTORS 256u /* of a VM's process, listening sockets included */
#define QUEUE_BYTES       (4u << 20)
#define TIMERS            4u
#define MS                1000000ll
#define GRACE_NS          (3000 * MS) /* for a guest that never says which address it has */

struct timer {
    SlirpTimerCb call; /* NULL: free */
    void *opaque;
    struct loop_timer loop;
};

/* A socket that libslirp wants to wait for in this round. */
struct wanted_socket {
    struct loop_source source;
    short revents;
};

static struct {
    Slirp *slirp;
    struct net *net;
    struct net_plan plan;
    struct reach reach;
    struct fragments fragments;
    struct flows flows;
    struct early early;
    struct loop loop;
    struct loop_source kick; /* in the loop while the thread may sleep */
    struct wanted_socket sockets[SOCKETS_MAX];
    uint32_t n_sockets, n_ready;
    struct timer timers[TIMERS];
    /* Host clients that come before the guest has its address wait in the listening sockets:
     * libslirp would send their SYN once, and again only after seconds. */
    int listeners[NET_FORWARDS_MAX];
    uint32_t n_listeners;
    bool ready;
    int64_t started; /* ns */
    uint8_t frame[NET_FRAME_MAX];
    uint8_t queue[QUEUE_BYTES]; /* of a 32-bit length and as many bytes; private to this process */
    uint32_t head, tail;
} u;

static int64_t slirp_clock(void *opaque)
{
    return (int64_t)clock_ns();
}

/* ---- Frames for the guest ---- */

static struct virtio_net_hdr_v1 header_for(const struct net *n)
{
    return (struct virtio_net_hdr_v1){.flags =
                                          n->accepted >> VIRTIO_NET_F_GUEST_CSUM & 1 ? VIRTIO_NET_HDR_F_DATA_VALID : 0};
}

static void put_off(const void *frame, uint32_t bytes)
{
    uint32_t need = bytes + (uint32_t)sizeof(bytes);
    if (need > QUEUE_BYTES - u.tail) {
        memmove(u.queue, u.queue + u.head, u.tail - u.head);
        u.tail -= u.head;
        u.head = 0;
    }
    if (need <= QUEUE_BYTES - u.tail) { /* else lost, as on any wire */
        memcpy(u.queue + u.tail, &bytes, sizeof(bytes));
        memcpy(u.queue + u.tail + sizeof(bytes), frame, bytes);
        u.tail += need;
    }
}

/* True: nothing waits any more. */
static bool flush_queue(struct net *n)
{
    struct virtio_net_hdr_v1 h = header_for(n);
    while (u.head != u.tail) {
        uint32_t bytes;
        memcpy(&bytes, u.queue + u.head, sizeof(bytes));
        if (!net_deliver(n, &h, u.queue + u.head + sizeof(bytes), bytes))
            return false;
        u.head += bytes + (uint32_t)sizeof(bytes);
    }
    u.head = u.tail = 0;
    return true;
}

static void give_frame(const void *frame, uint32_t bytes)
{
    struct virtio_net_hdr_v1 h = header_for(u.net);
    if (u.head != u.tail || !net_deliver(u.net, &h, frame, bytes))
        put_off(frame, bytes);
}

static ssize_t send_packet(const void *frame, size_t bytes, void *opaque)
{
    if (bytes < NET_FRAME_MIN || bytes > NET_FRAME_MAX)
        return (ssize_t)bytes;
    reach_note(&u.reach, frame, (uint32_t)bytes);
    early_note(&u.early, frame, (uint32_t)bytes);
    give_frame(frame, (uint32_t)bytes);
    return (ssize_t)bytes;
}

/* Connections that the guest has refused while it starts. */
static void ask_again(void)
{
    uint64_t now = clock_ns();
    for (const struct early_syn *s = early_again(&u.early, now); s; s = early_again(&u.early, now))
        give_frame(s->frame, s->bytes);
}

/* ---- What libslirp wants from us ---- */

static void guest_error(const char *message, void *opaque)
{
    /* A guest that sends rubbish could fill the terminal with it. */
}

static void run_timer(void *timer)
{
    const struct timer *t = timer;
    t->call(t->opaque);
}

static void *timer_new(SlirpTimerCb call, void *cb_opaque, void *opaque)
{
    for (uint32_t i = 0; i < TIMERS; i++) {
        struct timer *t = &u.timers[i];
        if (!t->call) {
            *t = (struct timer){.call = call, .opaque = cb_opaque, .loop = {.function = run_timer, .argument = t}};
            return t;
        }
    }
    return NULL;
}

static void timer_free(void *timer, void *opaque)
{
    struct timer *t = timer;
    if (t) {
        loop_timer_set(&u.loop, &t->loop, 0);
        t->call = NULL;
    }
}

/* `due`: ms. */
static void timer_mod(void *timer, int64_t due, void *opaque)
{
    struct timer *t = timer;
    if (t)
        loop_timer_set(&u.loop, &t->loop, (uint64_t)(due * MS));
}

static void publish_flows(void)
{
    __atomic_store_n(&u.net->stats->net_streams, u.flows.streams, __ATOMIC_RELAXED);
    __atomic_store_n(&u.net->stats->net_datagrams, u.flows.datagrams, __ATOMIC_RELAXED);
}

static void descriptor_opened(int fd, void *opaque)
{
    flows_opened(&u.flows, fd);
    publish_flows();
}

static void descriptor_closed(int fd, void *opaque)
{
    flows_closed(&u.flows, fd);
    publish_flows();
}

static void nothing_to_notify(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = slirp_clock,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = descriptor_opened,
    .unregister_poll_fd = descriptor_closed,
    .notify = nothing_to_notify,
};

static bool is_listener(int fd)
{
    for (uint32_t i = 0; i < u.n_listeners; i++)
        if (u.listeners[i] == fd)
            return true;
    return false;
}

static void socket_ready(void *socket, short revents)
{
    ((struct wanted_socket *)socket)->revents = revents;
    u.n_ready++;
}

static int add_socket(int fd, int events, void *opaque)
{
    if (u.n_sockets == SOCKETS_MAX || ((!u.ready || !flows_have_room(&u.flows)) && is_listener(fd)))
        return -1;
    short wanted = (short)((events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
                           (events & SLIRP_POLL_PRI ? POLLPRI : 0));
    struct wanted_socket *s = &u.sockets[u.n_sockets];
    s->revents = 0;
    return loop_add(&u.loop, &s->source, fd, wanted, socket_ready, s) ? (int)u.n_sockets++ : -1;
}

static int get_revents(int index, void *opaque)
{
    int got = index < 0 ? 0 : u.sockets[index].revents;
    return (got & POLLIN ? SLIRP_POLL_IN : 0) | (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (got & POLLPRI ? SLIRP_POLL_PRI : 0) | (got & POLLERR ? SLIRP_POLL_ERR : 0) |
           (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* ---- Opening ---- */

static int note_listener(int fd, int events, void *opaque)
{
    if (u.n_listeners < NET_FORWARDS_MAX)
        u.listeners[u.n_listeners++] = fd;
    return -1;
}

/* Leaves this process no more descriptors than it needs for so many sockets. Returns for how many there are. */
static uint32_t bound_descriptors(uint32_t sockets)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now))
        return sockets;
    if (now.rlim_max > sockets + OTHER_DESCRIPTORS)
        now.rlim_max = sockets + OTHER_DESCRIPTORS;
    else if (now.rlim_max > OTHER_DESCRIPTORS)
        sockets = (uint32_t)now.rlim_max - OTHER_DESCRIPTORS;
    now.rlim_cur = now.rlim_max;
    setrlimit(RLIMIT_NOFILE, &now);
    return sockets;
}

bool net_user_open(struct net *n, struct problem *p)
{
    const struct net_config *c = n->config;
    const struct net_plan *plan = &u.plan;
    net_user_plan(c, &u.plan);
    u.net = n;
    if (!loop_init(&u.loop, SOCKETS_MAX + 1))
        return problem_set(p, EXIT_HOST, "out of memory");
    if (!reach_init(&u.reach, c, plan, p))
        return false;
    const SlirpConfig config = {
        .version = 3,
        .in_enabled = true,
        .vnetwork = plan->network,
        .vnetmask = plan->mask,
        .vhost = plan->gateway,
        .vdhcp_start = plan->guest,
        .vnameserver = plan->dns,
        .in6_enabled = plan->v6,
        .vprefix_addr6 = plan->prefix6,
        .vprefix_len = (uint8_t)plan->bits6,
        .vhost6 = plan->gateway6,
        .vnameserver6 = plan->dns6,
        .vhostname = c->hostname[0] ? c->hostname : NULL,
        .if_mtu = c->mtu,
        .if_mru = c->mtu,
        /* It would refuse answers to datagrams that came from there as well; then only reach.c tells them apart. */
        .disable_host_loopback = !net_user_forwards_udp(c) && !u.reach.allow.loopback4 && !u.reach.allow.loopback6,
    };
    flows_init(&u.flows, bound_descriptors(c->connections));
    for (uint32_t i = 0; i < u.reach.n_udp; i++)
        flows_forward(&u.flows, u.reach.udp[i]);
    u.slirp = slirp_new(&config, &callbacks, NULL);
    if (!u.slirp)
        return problem_set(p, EXIT_HOST, "libslirp cannot start");
    if (!net_user_forward(u.slirp, c, plan, p))
        return false;
    uint32_t timeout = 0;
    slirp_pollfds_fill(u.slirp, &timeout, note_listener, NULL); /* there are no other sockets yet */
    return true;
}

/* ---- Running ---- */

static void user_started(struct net *n)
{
    u.head = u.tail = 0;
    u.ready = u.n_listeners == 0;
    u.started = clock_ns();
    early_begin(&u.early, clock_ns());
}

/* Has the guest said that the address is its own? An ARP packet, or one of IP or IPv6. */
static void learn_address(const uint8_t *frame, uint32_t bytes)
{
    static const uint8_t arp[2] = {0x08, 0x06}, ip[2] = {0x08, 0x00}, ip6[2] = {0x86, 0xdd};
    const uint8_t *type = frame + 12, *at = frame + 14;
    u.ready = (bytes >= 42 && !memcmp(type, arp, 2) && !memcmp(at + 14, &u.plan.guest, 4)) ||
              (bytes >= 34 && !memcmp(type, ip, 2) && !memcmp(at + 12, &u.plan.guest, 4)) ||
              (bytes >= 54 && !memcmp(type, ip6, 2) && !memcmp(at + 8, &u.plan.guest6, 16));
}

static void user_send(struct net *n, const struct virtio_net_hdr_v1 *h, struct iovec *iov, unsigned count,
                      uint32_t bytes)
{
    uint8_t *to = u.frame;
    for (unsigned i = 1; i < count; i++) {
        memcpy(to, iov[i].iov_base, iov[i].iov_len);
        to += iov[i].iov_len;
    }
    if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        frame_complete_checksum(h, u.frame, bytes);
    if (!u.ready)
        learn_address(u.frame, bytes);
    bool good = reach_allows(&u.reach, u.frame, bytes);
    if (good && fragment_in(u.frame, bytes))
        good = fragments_admit(&u.fragments, u.frame, clock_ns());
    if (good && early_refused(&u.early, u.frame, bytes, clock_ns()))
        return;
    if (good && flows_admit(&u.flows, u.frame, bytes, clock_ns()))
        slirp_input(u.slirp, u.frame, (int)bytes);
    else
        STATS_ADD(n->stats->tx_drops, 1);
}

/* Takes everything out of the loop, the last first: that leaves no gaps. */
static void forget_sockets(void)
{
    while (u.n_sockets)
        loop_remove(&u.loop, &u.sockets[--u.n_sockets].source);
    loop_remove(&u.loop, &u.kick);
}

/* One round of libslirp's sockets and timers. `sleep`: waits for one of them, or a kick. Returns whether a socket was
 * ready. */
static bool serve_sockets(struct net *n, bool sleep)
{
    uint32_t timeout = sleep ? UINT32_MAX : 0; /* ms */
    if (!u.ready) {
        u.ready = (int64_t)clock_ns() - u.started > GRACE_NS;
        timeout = sleep ? 1000 : 0;
    }
    if (sleep)
        loop_add(&u.loop, &u.kick, n->kick, POLLIN, net_take_kick, n);
    ask_again();
    if (sleep && early_waits(&u.early) && timeout > EARLY_AGAIN_NS / MS)
        timeout = EARLY_AGAIN_NS / MS;
    slirp_pollfds_fill(u.slirp, &timeout, add_socket, NULL);
    u.n_ready = 0;
    int called = loop_turn(&u.loop, !sleep ? 0 : timeout == UINT32_MAX ? LOOP_FOREVER : timeout * (uint64_t)MS);
    slirp_pollfds_poll(u.slirp, called < 0, get_revents, NULL);
    forget_sockets();
    return u.n_ready > 0;
}

static bool user_receive(struct net *n)
{
    bool waited = u.head != u.tail;
    if (!net_running(n) || !flush_queue(n))
        return false;
    return serve_sockets(n, false) || waited;
}

static void user_wait(struct net *n)
{
    if (net_running(n) && u.head == u.tail) {
        serve_sockets(n, true);
        return;
    }
    /* There is nobody who could receive a frame, and only the driver can change that. */
    if (loop_add(&u.loop, &u.kick, n->kick, POLLIN, net_take_kick, n))
        loop_turn(&u.loop, LOOP_FOREVER);
    forget_sockets();
}

const struct net_backend net_user = {
    .started = user_started, .send = user_send, .receive = user_receive, .wait = user_wait};

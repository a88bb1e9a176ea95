/* Lanes, both ends against each other and against a hostile one: guest/libs/lwip/src/lane.c,
 * guest/libs/posix/net/lane.c.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bh/bulkhead.h>
#include <bh/core.h>
#include <net/lane.h>

#include "guest/libs/lwip/src/socket.h"
#include "guest/libs/posix/net/net_socket.h"

#include "check.h"

enum { SOCKETS = 12, TURNS = 60000, ATTEMPTS = 40 };

/* What goes through is a count, modulo 251, of each socket and direction. */
static struct {
    struct net_socket net;
    struct px_socket app;
    uint32_t arrived, read; /* from the network: into the socket's queue; by the application */
    uint32_t sent, went;    /* by the application; out of the lane */
    bool open;
} all[SOCKETS];
static struct net_lane *lane;
static bool hostile, endless;
static unsigned looks, woken;

/* The gate table's symbol is constant to those who use it. */
uint64_t gates_storage[sizeof(struct bh_gate_table) / sizeof(uint64_t)] __asm__("bh_gates")
    __attribute__((visibility("hidden")));

static uint32_t number(uint32_t below)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 11) % below;
}

/* ---- What the network's end stands on ---- */

void *bh_malloc_shared(size_t size)
{
    lane = aligned_alloc(64, size);
    return lane;
}

void bh_free_shared(void *block)
{
    free(block);
}

struct net_socket *net_socket_at(uint32_t index)
{
    return index < SOCKETS && all[index].open ? &all[index].net : NULL;
}

size_t net_tcp_consume(struct net_socket *s, uint8_t *to, size_t size)
{
    uint32_t at = all[s->index].arrived - s->received;
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)((at + i) % 251);
    s->received -= (uint32_t)size;
    return size;
}

static void went_out(uint32_t index, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++, all[index].went++)
        CHECK(hostile || data[i] == all[index].went % 251);
}

void net_tcp_send_all(struct net_socket *s, const uint8_t *data, size_t size, const uint8_t *rest, size_t n_rest)
{
    CHECK(size + n_rest > 0 && size + n_rest <= NET_RECORD_MAX);
    went_out(s->index, data, size);
    went_out(s->index, rest, n_rest);
    if (endless) /* the caller fills the ring as fast as it is emptied */
        lane->sent.head += net_record_bytes(64);
}

void net_leave(void)
{
}

void net_device_look(void)
{
    looks++;
}

_Thread_local uint32_t bh_calling;

static int lanes_left = 8;

bool net_client_take(uint32_t client, enum net_resource what)
{
    CHECK(client == BH_CALLER_INSIDE && what == NET_LANES);
    return lanes_left && lanes_left--;
}

void net_client_give(uint32_t client, enum net_resource what)
{
    CHECK(client == BH_CALLER_INSIDE && what == NET_LANES);
    lanes_left++;
}

bool net_data_room(enum net_use use)
{
    return use != NET_USE_SENT || number(20) != 0;
}

static uint32_t wake(const void *key, uint32_t n)
{
    (void)key;
    (void)n;
    return ++woken;
}

/* ---- What the application's end stands on ---- */

struct px_socket *px_net_socket(uint32_t index)
{
    return index < SOCKETS && all[index].open ? &all[index].app : NULL;
}

unsigned px_net_word(const struct px_socket *s)
{
    (void)s;
    return NET_WRITABLE;
}

void px_notify(struct px_file *f)
{
    CHECK(((const struct px_socket *)f)->inbox_size > 0);
}

void bh_try_begin(struct bh_try *t, uint64_t timeout)
{
    t->status = BH_OK;
    CHECK(timeout == 0);
}

enum bh_status bh_try_end(struct bh_try *t)
{
    return t->status;
}

/* ---- Traffic ---- */

static void open_socket(uint32_t i)
{
    all[i].net = (struct net_socket){.index = (uint16_t)i};
    all[i].app = (struct px_socket){.handle = &all[i].net, .type = SOCK_STREAM};
    all[i].arrived = all[i].read = all[i].sent = all[i].went = 0;
    all[i].open = true;
    px_lane_attach(&all[i].app);
    CHECK(all[i].app.in_lane && all[i].app.index == i);
}

/* What is on its way has to be lost, not to reach the socket that comes next. */
static void reopen(uint32_t i)
{
    all[i].open = false;
    free(all[i].app.inbox);
    open_socket(i);
}

static void arrive(uint32_t i)
{
    struct net_socket *s = &all[i].net;
    uint32_t n = 1 + number(number(4) ? 300 : 40000);
    if (s->received + n > 200000)
        return;
    s->received += n;
    all[i].arrived += n;
    uint32_t before = s->received;
    CHECK(net_lane_push(s) ? s->received == 0 : s->received > 0 && s->received <= before);
}

static void read_some(uint32_t i)
{
    static uint8_t a[30000], b[7000];
    struct iovec iov[2] = {{a, number(sizeof(a))}, {b, number(sizeof(b))}};
    ssize_t got = px_lane_receive(&all[i].app, iov, 2, 0, 0);
    for (ssize_t k = 0; k < got; k++, all[i].read++)
        CHECK(hostile || (k < (ssize_t)iov[0].iov_len ? a[k] : b[k - (ssize_t)iov[0].iov_len]) == all[i].read % 251);
    if (got != -EAGAIN || hostile)
        return;
    /* Nothing is left in the lane: the rest is for a call. */
    struct net_socket *s = &all[i].net;
    CHECK(net_lane_unread(s) == 0 && all[i].read + s->received == all[i].arrived);
    all[i].read += s->received;
    s->received = 0;
}

static void send_some(uint32_t i)
{
    static uint8_t data[NET_RECORD_MAX + 100];
    size_t n = 1 + number(number(4) ? 300 : sizeof(data) - 1), first = number((uint32_t)n);
    for (size_t k = 0; k < n; k++)
        data[k] = (uint8_t)((all[i].sent + k) % 251);
    struct iovec iov[3] = {{data, first}, {data, 0}, {data + first, n - first}};
    if (px_lane_send(&all[i].app, iov, 3, n, 0))
        all[i].sent += (uint32_t)n;
}

static void turn(void)
{
    uint32_t i = number(SOCKETS);
    switch (number(4)) {
    case 0:
        arrive(i);
        break;
    case 1:
        read_some(i);
        break;
    case 2:
        send_some(i);
        break;
    default:
        net_lanes_choke();
    }
    if (number(200) == 0)
        reopen(i);
}

static void test_traffic(void)
{
    for (int t = 0; t < TURNS; t++)
        turn();
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < SOCKETS; i++) {
        while (all[i].read != all[i].arrived)
            read_some(i);
        CHECK(all[i].sent == all[i].went);
        bytes += all[i].read + all[i].went;
    }
    CHECK(bytes > 0);
}

/* Nobody is woken who looks by himself, and no event is lost between two calls that wait. */
static void test_waiting(void)
{
    net_lanes_tell();
    CHECK(woken == 0);
    px_lane_arm(true);
    net_lanes_tell();
    net_lanes_tell();
    CHECK(woken == 2);
    px_lane_arm(false);
    CHECK(px_lane_wait()); /* returns: there was news */
}

/* What an event loop writes is sent when it waits, or when it is a lot. */
static void test_event_loop(void)
{
    struct px_watch watch = {0};
    struct px_socket *s = &all[0].app;
    struct iovec iov = {(uint8_t[5000]){0}, 5000};
    uint32_t before = all[0].went;
    hostile = true;
    s->file.watches = &watch;
    s->file.flags = O_NONBLOCK;
    while (lane->choked)
        net_lanes_choke();
    for (int i = 0; i < 3; i++)
        CHECK(px_lane_send(s, &iov, 1, 5000, 0) && all[0].went == before);
    CHECK(px_lane_send(s, &iov, 1, 5000, 0) && all[0].went == before + 20000);
    CHECK(px_lane_send(s, &iov, 1, 10, 0) && all[0].went == before + 20000);
    px_net_flush();
    CHECK(all[0].went == before + 20010);
    s->file.watches = NULL;
}

static void test_endless_caller(void)
{
    struct iovec iov = {(uint8_t[64]){0}, 64};
    uint32_t before = looks;
    hostile = endless = true;
    for (uint32_t at = 0; at < NET_LANE_BYTES; at += NET_RECORD_ALIGN) /* whatever comes next is a record */
        memcpy(lane->sent.data + at, &(struct net_record){all[0].app.name, 64}, sizeof(struct net_record));
    while (lane->choked)
        net_lanes_choke();
    CHECK(px_lane_send(&all[0].app, &iov, 1, 64, 0)); /* returns */
    CHECK(looks == before + 1 && net_lanes_again());
    endless = false;
    while (net_lanes_again()) {
    }
}

static void scribble(void)
{
    uint32_t values[] = {0,
                         1,
                         63,
                         64,
                         NET_LANE_BYTES - 1,
                         NET_LANE_BYTES,
                         NET_LANE_BYTES + 64,
                         UINT32_MAX,
                         number(UINT32_MAX),
                         number(NET_LANE_BYTES) & ~63u};
    uint32_t value = values[number(sizeof(values) / sizeof(*values))];
    struct net_ring *ring = number(2) ? &lane->sent : &lane->received;
    switch (number(4)) {
    case 0:
        ring->head = value;
        break;
    case 1:
        ring->tail = value;
        break;
    case 2:
        lane->taken[number(SOCKETS)] = value;
        break;
    default:
        memcpy(ring->data + (number(NET_LANE_BYTES) & ~63u), &(struct net_record){number(UINT32_MAX), value}, 8);
    }
}

/* An end that has found the other to be broken does nothing any more, so each attempt is a process of its own. Nothing
 * may be touched that is not in the lane (AddressSanitizer). */
static void test_hostile(void)
{
    hostile = true;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        number(2);
        pid_t child = fork();
        if (child == 0) {
            for (int t = 0; t < TURNS / ATTEMPTS; t++) {
                turn();
                if (number(100) == 0)
                    scribble();
                for (int i = 0; i < SOCKETS; i++)
                    CHECK(all[i].app.inbox_size <= NET_LANE_CREDIT);
            }
            _exit(0);
        }
        int status;
        CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
        for (int skip = attempt; skip >= 0; skip--)
            number(2); /* the next one has other luck */
    }
}

static void test_wrong_index(void)
{
    struct px_socket s = {.type = SOCK_STREAM};
    px_lane_grant(&s, 1u << 16 | NET_SOCKETS_MAX);
    CHECK(!s.in_lane);
    px_lane_grant(&s, 1u << 16 | (NET_SOCKETS_MAX - 1));
    CHECK(s.in_lane);
}

static void test_eight_at_most(void)
{
    net_lane_t handle[7], one_more;
    struct net_lane *given, *first = lane;
    for (int i = 0; i < 7; i++)
        CHECK(net_lane_open(&handle[i], &given) == 0);
    CHECK(net_lane_open(&one_more, &given) == -ENOBUFS);
    for (int i = 0; i < 7; i++)
        CHECK(net_lane_close(handle[i]) == 0);
    lane = first;
}

static void test_close(void)
{
    struct net_lane_end *end = all[0].net.lane;
    px_lane_shut();
    CHECK(end && net_lane_close(end) == 0 && !all[0].net.lane && !net_lane_push(&all[0].net));
    CHECK(!net_lanes_again());
    net_lanes_choke();
}

int main(void)
{
    px_lane_open();
    for (uint32_t i = 0; i < SOCKETS; i++)
        open_socket(i);
    ((uint64_t *)((struct bh_gate_table *)gates_storage)->core)[offsetof(struct bh_core_calls, wakeup) / 8] =
        (uint64_t)wake;
    RUN(test_traffic);
    RUN(test_waiting);
    RUN(test_event_loop);
    RUN(test_endless_caller);
    RUN(test_hostile);
    RUN(test_wrong_index);
    RUN(test_eight_at_most);
    RUN(test_close);
    return CHECK_RESULT();
}

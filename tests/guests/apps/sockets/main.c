/* Sockets of the network compartment: verdict PASS or FAIL.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"

int failures;
static const struct net_table *table;

struct net_address loopback(int family, uint16_t port)
{
    struct net_address a = {.family = (uint16_t)family, .port = port};
    if (family == AF_INET)
        memcpy(a.bytes, (uint8_t[]){127, 0, 0, 1}, 4);
    else
        a.bytes[15] = 1;
    return a;
}

struct end open_socket(int family, int type)
{
    struct end e = {0};
    CHECK(net_socket(family, type, 0, &e.socket, &e.index) == 0);
    return e;
}

uint32_t word_of(struct end e)
{
    return table->words[e.index];
}

void make_pair(int family, uint16_t port, struct end *client, struct end *server)
{
    struct end listener = open_socket(family, SOCK_STREAM);
    struct net_address address = loopback(family, port), peer;
    net_setopt(listener.socket, SOL_SOCKET, SO_REUSEADDR, 1);
    CHECK(net_bind(listener.socket, &address) == 0);
    CHECK(net_listen(listener.socket, 8) == 0);
    *client = open_socket(family, SOCK_STREAM);
    CHECK(net_connect(client->socket, &address) == -EINPROGRESS);
    CHECK(net_wait(client->socket, NET_WRITABLE, SECOND) & NET_WRITABLE);
    CHECK(net_wait(listener.socket, NET_READABLE, SECOND) & NET_READABLE);
    CHECK(net_accept(listener.socket, &server->socket, &server->index, &peer) == 0);
    CHECK(peer.family == family && memcmp(peer.bytes, address.bytes, 16) == 0);
    struct end none;
    CHECK(net_accept(listener.socket, &none.socket, &none.index, &peer) == -EAGAIN);
    CHECK(net_close(listener.socket) == 0);
}

ssize_t receive(struct end e, void *buffer, size_t size, int flags)
{
    CHECK(net_wait(e.socket, NET_READABLE, SECOND) & NET_READABLE);
    return net_recv(e.socket, buffer, size, flags);
}

/* Queued data counts: otherwise nothing would limit it. */
static void test_memory(void)
{
    static char block[50000];
    struct end c, s;
    struct net_interface before, full;
    make_pair(AF_INET, 4100, &c, &s);
    CHECK(net_interface(&before) == 0);
    CHECK(net_send(c.socket, block, sizeof(block), 0) == sizeof(block));
    CHECK(net_interface(&full) == 0 && full.data_bytes >= before.data_bytes + sizeof(block) &&
          full.heap_used > full.data_bytes);
    net_close(c.socket);
    net_close(s.socket);
    bh_sleep(SECOND / 20);
}

int main(void)
{
    struct net_interface before, after;
    struct net_table *found = NULL;
    CHECK(net_table(&found) == 0);
    table = found;
    CHECK(table && table->sockets == NET_SOCKETS_MAX && table->ring_size == NET_RING);
    CHECK(net_interface(&before) == 0);
    test_stream();
    test_half_close();
    test_reset();
    test_refused();
    test_large();
    test_backlog();
    test_datagrams();
    test_options();
    test_names();
    test_errors();
    test_events();
    test_many();
    test_memory();
    CHECK(net_interface(&after) == 0);
    CHECK(after.sockets == before.sockets);
    CHECK(after.data_bytes <= before.data_bytes + 4096);
    CHECK(after.free_receive_buffers == after.receive_buffers);
    printf("%s\n", failures ? "FAIL" : "PASS");
    return failures != 0;
}

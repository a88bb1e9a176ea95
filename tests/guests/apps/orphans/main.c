/* Resources that a dead compartment held in another one are released. Prints PASS beside the report of the crash.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include <bh/bulkhead.h>
#include <net/net.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "opener.h"

enum { SOCKETS = 100, PORT = 7000 };
#define SECOND 1000000000ull

static uint32_t sockets(void)
{
    struct net_interface i;
    if (net_interface(&i))
        exit(puts("FAIL: no interface"));
    return i.sockets;
}

static void fail(const char *what, int64_t value)
{
    printf("FAIL: %s: %lld\n", what, (long long)value);
    exit(1);
}

int main(void)
{
    struct bh_try attempt;
    struct net_address port = {.family = AF_INET, .port = PORT, .bytes = {127, 0, 0, 1}};
    uint32_t before = sockets(), index;
    net_socket_t mine, listener;

    if (net_socket(AF_INET, SOCK_DGRAM, 0, &mine, &index))
        fail("no socket", 0);
    int opened = opener_open(SOCKETS, PORT);
    if (opened < 0 || sockets() != before + 1 + (uint32_t)opened)
        fail("opened", opened);
    bh_try_begin(&attempt, 5 * SECOND);
    opener_die();
    enum bh_status status = bh_try_end(&attempt);
    if (status != BH_PEER_DIED)
        fail("status", status);
    uint64_t end = bh_now() + 20 * SECOND;
    while (sockets() != before + 1 && bh_now() < end)
        bh_sleep(SECOND / 100);
    if (sockets() != before + 1)
        fail("sockets left over", (int64_t)sockets() - before - 1);
    /* The port is free again, and the resources of other compartments are untouched. */
    if (net_socket(AF_INET, SOCK_STREAM, 0, &listener, &index) || net_setopt(listener, SOL_SOCKET, SO_REUSEADDR, 1) ||
        net_bind(listener, &port) || net_listen(listener, 1))
        fail("the port", PORT);
    if (net_sendto(mine, "x", 1, 0, &port) != 1)
        fail("my own socket", 0);
    puts("PASS");
    return 0;
}

/* The hostile client of the network.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <bh/bulkhead.h>
#include <net/lane.h>
#include <net/net.h>

static net_socket_t taken[NET_SOCKETS_MAX];
static uint32_t n_taken;

static net_socket_t take_socket(int family, int type)
{
    uint32_t index;
    net_socket_t s;
    if (n_taken == NET_SOCKETS_MAX || net_socket(family, type, 0, &s, &index))
        return NULL;
    return taken[n_taken++] = s;
}

int hostile_steal(int family, int type, int address, uint16_t port)
{
    struct net_address to = {.family = (uint16_t)family, .port = port};
    net_socket_t s = take_socket(family, type);
    if (!s)
        return -ENFILE;
    if (address == HOSTILE_LOOPBACK && family == AF_INET)
        to.bytes[0] = 127;
    if (address == HOSTILE_LOOPBACK)
        to.bytes[family == AF_INET ? 3 : 15] = 1;
    net_setopt(s, SOL_SOCKET, SO_REUSEADDR, 1);
    net_setopt(s, SOL_SOCKET, SO_REUSEPORT, 1);
    int r = net_bind(s, &to);
    return r || type == SOCK_DGRAM ? r : net_listen(s, 8);
}

static bool take_listener(void)
{
    net_socket_t s = take_socket(AF_INET, SOCK_STREAM);
    return s && net_listen(s, 1) == 0;
}

static bool take_datagram(void)
{
    const struct net_address any = {.family = AF_INET};
    net_socket_t s = take_socket(AF_INET, SOCK_DGRAM);
    return s && net_bind(s, &any) == 0;
}

static bool take_lane(void)
{
    net_lane_t lane;
    struct net_lane *shared;
    return net_lane_open(&lane, &shared) == 0;
}

int hostile_take(int what)
{
    int n = 0;
    switch (what) {
    case HOSTILE_SOCKETS:
        while (take_socket(AF_INET, SOCK_STREAM))
            n++;
        return n;
    case HOSTILE_LISTENERS:
        while (take_listener())
            n++;
        return n;
    case HOSTILE_DATAGRAMS:
        while (take_datagram())
            n++;
        return n;
    case HOSTILE_LANES:
        while (take_lane())
            n++;
        return n;
    default:
        return take_of_files(what);
    }
}

void hostile_give_back(void)
{
    while (n_taken)
        net_close(taken[--n_taken]);
    give_back_files();
}

static void wait_for_ever(void *socket)
{
    net_wait(socket, NET_READABLE, BH_FOREVER);
}

static void resolve_names(void *number)
{
    char name[32];
    struct net_address found[NET_RESOLVE_MAX];
    snprintf(name, sizeof(name), "n%lu.nowhere.invalid", (unsigned long)number);
    for (;;)
        net_resolve(name, AF_INET, found, NET_RESOLVE_MAX);
}

int hostile_block(int what, int threads)
{
    net_socket_t s = what == HOSTILE_WAIT ? take_socket(AF_INET, SOCK_STREAM) : NULL;
    int n = 0;
    if (s && net_listen(s, 1))
        return -1;
    for (; n < threads; n++) {
        int r = what == HOSTILE_WAIT      ? bh_thread_create(NULL, wait_for_ever, s)
                : what == HOSTILE_RESOLVE ? bh_thread_create(NULL, resolve_names, (void *)(uintptr_t)n)
                                          : bh_thread_create(NULL, wait_for_lock, NULL);
        if (r)
            break;
    }
    bh_sleep(100000000);
    return n;
}

void hostile_be_refused(int n)
{
    static int forged; /* no handle has such a number */
    for (int i = 0; i < n; i++)
        net_close((net_socket_t)(void *)&forged);
}

static void print_lines(void *unused)
{
    (void)unused;
    for (;;)
        bh_log("this line is one of very many, and says nothing that anybody would want to read");
}

void hostile_print(void)
{
    bh_thread_create(NULL, print_lines, NULL);
}

void hostile_die(void)
{
    __builtin_trap();
}

/* Shares network and files with a hostile client, and has to be able to work nevertheless. Prints PASS.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bh/bulkhead.h>

#include "hostile.h"
#include "work.h"

enum { PORT = 7000, LISTED = 7100, OTHERS = 7200 };

static bool no_theft(int type, int error)
{
    for (int n = 0; n < 4; n++) {
        int r = hostile_steal(n & 1 ? AF_INET6 : AF_INET, type, n & 2 ? HOSTILE_LOOPBACK : HOSTILE_ANY, PORT);
        if (r != error)
            return failed("the neighbour binds my port", r);
    }
    return true;
}

/* Whoever binds a port first owns it, for every address and both families, until it is closed. */
static bool try_ports(void)
{
    net_socket_t mine[] = {listen_at(AF_INET, SOCK_STREAM, PORT), listen_at(AF_INET, SOCK_DGRAM, PORT)};
    if (!mine[0] || !mine[1] || !no_theft(SOCK_STREAM, -EADDRINUSE) || !no_theft(SOCK_DGRAM, -EADDRINUSE))
        return false;
    for (int i = 0; i < 3; i++)
        if (!reaches(mine[0], PORT) || !datagram_reaches(mine[1], PORT))
            return false;
    net_close(mine[0]);
    net_close(mine[1]);
    bh_sleep(SECOND / 20);
    int r = hostile_steal(AF_INET, SOCK_STREAM, HOSTILE_ANY, PORT);
    return r ? failed("a port that I gave up", r) : true;
}

/* edges.ports: LISTED is the application's; OTHERS is the hostile client's, and it may bind no other. */
static bool try_listed(void)
{
    struct net_address others = {.family = AF_INET, .port = OTHERS};
    net_socket_t mine, s;
    uint32_t index;
    int r = hostile_steal(AF_INET, SOCK_STREAM, HOSTILE_LOOPBACK, LISTED);
    if (r != -EACCES)
        return failed("the neighbour binds a listed port", r);
    r = hostile_steal(AF_INET, SOCK_DGRAM, HOSTILE_ANY, PORT);
    if (r != -EACCES)
        return failed("the neighbour binds what it was not given", r);
    r = hostile_steal(AF_INET, SOCK_STREAM, HOSTILE_ANY, OTHERS);
    if (r)
        return failed("the neighbour's own port", r);
    if (net_socket(AF_INET, SOCK_STREAM, 0, &s, &index) || (r = net_bind(s, &others)) != -EACCES)
        return failed("I bind the neighbour's port", r);
    mine = listen_at(AF_INET, SOCK_STREAM, LISTED);
    return mine && reaches(mine, LISTED);
}

/* The neighbour takes all it can get of something, and I work; then it gives that back, and I work still. */
static bool try_taking(int what, int least, int most, bool (*works)(void))
{
    int n = hostile_take(what);
    if (n < least || n > most)
        return failed("the neighbour took", n);
    if (!works())
        return false;
    hostile_give_back();
    return works();
}

static bool try_blocking(int what, int threads, bool (*works)(void))
{
    int n = hostile_block(what, threads);
    if (n < threads / 2)
        return failed("threads of the neighbour", n);
    return works();
}

static bool lanes_work(void)
{
    net_lane_t lane;
    struct net_lane *shared;
    int r = net_lane_open(&lane, &shared);
    if (r)
        return failed("lane", r);
    net_lane_close(lane);
    return network_works();
}

/* The answer may be that there is none, but not that there was no place for the question. */
static bool resolving_works(void)
{
    struct net_address found[NET_RESOLVE_MAX];
    int r = net_resolve("localhost", AF_INET, found, NET_RESOLVE_MAX);
    if (r == -ENOMEM || r == -ENOBUFS)
        return failed("resolve", r);
    return network_works();
}

static bool try_locks(void)
{
    return try_taking(HOSTILE_LOCKS, 1000, 4000, files_work);
}

static bool try_waiters(void)
{
    vfs_file_t file = open_path("/held", O_RDWR | O_CREAT);
    return file && lock_whole(file) && try_blocking(HOSTILE_LOCK, 40, files_work);
}

/* Everything that it has, waiting calls included, is released when it dies. */
static bool try_death(void)
{
    struct bh_try attempt;
    vfs_file_t file = open_path("/held", O_RDWR | O_CREAT);
    if (!file || !lock_whole(file) || hostile_take(HOSTILE_LOCKS) < 100 || hostile_block(HOSTILE_LOCK, 4) < 4 ||
        hostile_block(HOSTILE_WAIT, 4) < 4 || hostile_take(HOSTILE_LISTENERS) < 10 ||
        hostile_take(HOSTILE_SOCKETS) < 100 || hostile_take(HOSTILE_FILES) < 100)
        return failed("taking", 0);
    bh_try_begin(&attempt, 5 * SECOND);
    hostile_die();
    if (bh_try_end(&attempt) != BH_PEER_DIED)
        return failed("its death", 0);
    bh_sleep(SECOND / 2);
    vfs_file_t shared = open_path("/shared", O_RDWR);
    return shared && lock_whole(shared) && network_works() && files_work();
}

static bool try_reports(void)
{
    hostile_be_refused(5000);
    return network_works() && files_work();
}

static bool try_printing(void)
{
    hostile_print();
    for (int i = 0; i < 5; i++) {
        bh_sleep(SECOND / 10);
        if (!network_works() || !files_work())
            return false;
    }
    return true;
}

static bool run_case(const char *name)
{
    if (strcmp(name, "ports") == 0)
        return try_ports();
    if (strcmp(name, "listed") == 0)
        return try_listed();
    if (strcmp(name, "sockets") == 0)
        return try_taking(HOSTILE_SOCKETS, 1000, 1600, network_works);
    if (strcmp(name, "listeners") == 0)
        return try_taking(HOSTILE_LISTENERS, 16, 50, network_works);
    if (strcmp(name, "datagrams") == 0)
        return try_taking(HOSTILE_DATAGRAMS, 50, 190, network_works);
    if (strcmp(name, "lanes") == 0)
        return try_taking(HOSTILE_LANES, 1, 8, lanes_work);
    if (strcmp(name, "waits") == 0)
        return try_blocking(HOSTILE_WAIT, 60, network_works);
    if (strcmp(name, "names") == 0)
        return try_blocking(HOSTILE_RESOLVE, 60, resolving_works);
    if (strcmp(name, "files") == 0)
        return try_taking(HOSTILE_FILES, 1000, 7000, files_work);
    if (strcmp(name, "locks") == 0)
        return try_locks();
    if (strcmp(name, "memory") == 0)
        return try_taking(HOSTILE_BYTES, 6000, 13000, files_work);
    if (strcmp(name, "tree") == 0)
        return try_taking(HOSTILE_NAMES, 10000, 100000, files_work);
    if (strcmp(name, "waiters") == 0)
        return try_waiters();
    if (strcmp(name, "reports") == 0)
        return try_reports();
    if (strcmp(name, "printing") == 0)
        return try_printing();
    if (strcmp(name, "death") == 0)
        return try_death();
    return failed(name, 0);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!run_case(argv[i]))
            return 1;
    puts("PASS");
    return 0;
}

/* What the application does while its neighbour is hostile.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <bh/bulkhead.h>

enum { SOCKETS = 100, CONNECTIONS = 20, DATAGRAMS = 20, FILES = 50, PART = 4096, PARTS = 64 };

bool failed(const char *what, int64_t value)
{
    printf("FAIL: %s: %lld\n", what, (long long)value);
    return false;
}

net_socket_t listen_at(int family, int type, uint16_t port)
{
    struct net_address any = {.family = (uint16_t)family, .port = port};
    net_socket_t s;
    uint32_t index;
    int r = net_socket(family, type, 0, &s, &index);
    if (!r)
        r = net_setopt(s, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!r)
        r = net_bind(s, &any);
    if (!r && type == SOCK_STREAM)
        r = net_listen(s, 32);
    if (!r)
        return s;
    failed("listen", r);
    return NULL;
}

static struct net_address here(uint16_t port)
{
    return (struct net_address){.family = AF_INET, .port = port, .bytes = {127, 0, 0, 1}};
}

bool reaches(net_socket_t listener, uint16_t port)
{
    net_socket_t client, server = NULL;
    uint32_t index;
    char byte = 0;
    struct net_address to = here(port);
    int r = net_socket(AF_INET, SOCK_STREAM, 0, &client, &index);
    if (r)
        return failed("socket", r);
    r = net_connect(client, &to);
    if (r != -EINPROGRESS || !(net_wait(client, NET_WRITABLE, 5 * SECOND) & NET_WRITABLE))
        return failed("connect", r);
    if (!(net_wait(listener, NET_READABLE, SECOND) & NET_READABLE))
        return failed("the connection went elsewhere", port);
    r = net_accept(listener, &server, &index, NULL);
    if (r || net_send(client, "x", 1, 0) != 1 || !(net_wait(server, NET_READABLE, 5 * SECOND) & NET_READABLE) ||
        net_recv(server, &byte, 1, 0) != 1 || byte != 'x')
        return failed("data", r);
    net_close(client);
    net_close(server);
    return true;
}

bool datagram_reaches(net_socket_t s, uint16_t port)
{
    char byte = 0;
    struct net_address to = here(port);
    net_socket_t client;
    uint32_t index;
    if (net_socket(AF_INET, SOCK_DGRAM, 0, &client, &index) || net_sendto(client, "y", 1, 0, &to) != 1)
        return failed("send a datagram", port);
    net_close(client);
    if (!(net_wait(s, NET_READABLE, SECOND) & NET_READABLE) || net_recv(s, &byte, 1, 0) != 1 || byte != 'y')
        return failed("the datagram went elsewhere", port);
    return true;
}

static bool many_sockets(void)
{
    static net_socket_t sockets[SOCKETS];
    uint32_t index;
    for (int i = 0; i < SOCKETS; i++) {
        int r = net_socket(AF_INET, i % 5 ? SOCK_STREAM : SOCK_DGRAM, 0, &sockets[i], &index);
        struct net_address any = {.family = AF_INET};
        if (!r && i % 5 == 0)
            r = net_bind(sockets[i], &any);
        if (r)
            return failed("one of my sockets", r);
    }
    for (int i = 0; i < SOCKETS; i++)
        net_close(sockets[i]);
    return true;
}

bool network_works(void)
{
    if (!many_sockets())
        return false;
    net_socket_t listener = listen_at(AF_INET, SOCK_STREAM, 2000), s = listen_at(AF_INET, SOCK_DGRAM, 2000);
    for (int i = 0; i < CONNECTIONS; i++)
        if (!listener || !reaches(listener, 2000))
            return false;
    for (int i = 0; i < DATAGRAMS; i++)
        if (!s || !datagram_reaches(s, 2000))
            return false;
    net_close(listener);
    net_close(s);
    return true;
}

vfs_file_t open_path(const char *path, uint32_t flags)
{
    static vfs_file_t root;
    vfs_file_t file;
    int r = root ? 0 : vfs_attach(&root);
    if (!r)
        r = vfs_open(root, path, flags, 0644, &file);
    if (!r)
        return file;
    failed(path, r);
    return NULL;
}

bool lock_whole(vfs_file_t file)
{
    const struct vfs_lock lock = {.last = UINT64_MAX, .type = F_WRLCK};
    int r = file ? vfs_lock(file, &lock, 0) : -EBADF;
    return r ? failed("lock", r) : true;
}

static bool write_and_read(vfs_file_t file)
{
    static char out[PART], in[PART];
    for (int i = 0; i < PARTS; i++) {
        memset(out, i + 1, sizeof(out));
        ssize_t r = vfs_write(file, out, sizeof(out), (uint64_t)i * PART);
        if (r != PART)
            return failed("write", r);
    }
    for (int i = 0; i < PARTS; i++) {
        memset(out, i + 1, sizeof(out));
        if (vfs_read(file, in, sizeof(in), (uint64_t)i * PART) != PART || memcmp(in, out, PART) != 0)
            return failed("read", i);
    }
    return true;
}

bool files_work(void)
{
    char path[32];
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof(path), "/tmp/mine%d", i);
        vfs_file_t file = open_path(path, O_RDWR | O_CREAT);
        if (!file || (i == 0 && !write_and_read(file)) || !lock_whole(file))
            return false;
        vfs_close(file);
    }
    return true;
}

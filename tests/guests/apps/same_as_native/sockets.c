/* What the parts about sockets share: connected pairs, waiting, names of events.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "sockets.h"

#include <string.h>
#include <unistd.h>

#include "same_as_native.h"

struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = (in_port_t)port};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 ? address.sin_port : -1;
}

int listen_anywhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(0);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 5) != 0)
        printf("no listener: %s\n", error_name(errno));
    return fd;
}

struct pair connect_pair(void)
{
    struct pair pair = {listen_anywhere(), socket(AF_INET, SOCK_STREAM, 0), -1};
    struct sockaddr_in address = loopback(port_of(pair.listener));
    if (connect(pair.client, (struct sockaddr *)&address, sizeof(address)) != 0)
        printf("no connection: %s\n", error_name(errno));
    pair.server = accept(pair.listener, NULL, NULL);
    return pair;
}

void close_pair(struct pair pair)
{
    close(pair.client);
    close(pair.server);
    close(pair.listener);
}

int wait_for(int fd, int events)
{
    struct pollfd item = {.fd = fd, .events = (short)events};
    int r = poll(&item, 1, 5000);
    return r > 0 ? item.revents : r;
}

const char *found_after(int fd, int wanted, int events)
{
    wait_for(fd, wanted);
    return name_of_events(wait_for(fd, events));
}

const char *name_of_events(int events)
{
    static const struct {
        int bit;
        const char *name;
    } names[] = {
        {POLLIN, "IN "},       {POLLPRI, "PRI "}, {POLLOUT, "OUT "},
        {POLLERR, "ERR "},     {POLLHUP, "HUP "}, {POLLNVAL, "NVAL "},
#ifdef POLLRDHUP
        {POLLRDHUP, "RDHUP "},
#endif
    };
    static char texts[2][64];
    static int turn;
    char *text = texts[turn++ % 2];
    *text = 0;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (events & names[i].bit)
            strcat(text, names[i].name);
    return *text ? text : "none";
}

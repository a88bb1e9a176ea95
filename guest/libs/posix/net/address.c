/* Socket addresses: those of <netinet/in.h> and those of the network compartment.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "net_socket.h"

int px_address_in(struct net_address *to, const struct sockaddr *from, socklen_t size)
{
    *to = (struct net_address){0};
    if (!from || size < sizeof(sa_family_t))
        return -EINVAL;
    if (from->sa_family == AF_UNSPEC)
        return 0;
    to->family = from->sa_family;
    if (from->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        to->port = ntohs(in->sin_port);
        memcpy(to->bytes, &in->sin_addr, 4);
        return 0;
    }
    if (from->sa_family == AF_INET6 && size >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)from;
        to->port = ntohs(in->sin6_port);
        to->scope = size >= sizeof(*in) ? in->sin6_scope_id : 0;
        memcpy(to->bytes, &in->sin6_addr, 16);
        return 0;
    }
    return from->sa_family == AF_INET || from->sa_family == AF_INET6 ? -EINVAL : -EAFNOSUPPORT;
}

void px_address_out(const struct net_address *from, struct sockaddr *to, socklen_t *size)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(from->port), .sin6_scope_id = from->scope};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(from->port)};
    sa_family_t none = AF_UNSPEC;
    const void *made = &none;
    socklen_t length = sizeof(none);
    if (!to || !size)
        return;
    if (from->family == AF_INET) {
        memcpy(&in.sin_addr, from->bytes, 4);
        made = &in, length = sizeof(in);
    } else if (from->family == AF_INET6) {
        memcpy(&in6.sin6_addr, from->bytes, 16);
        made = &in6, length = sizeof(in6);
    }
    memcpy(to, made, length < *size ? length : *size);
    *size = length;
}

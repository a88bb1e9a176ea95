/* Addresses of local sockets. socketpair() makes them; they cannot be bound to names.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_SYS_UN_H
#define BH_SYS_UN_H

#include <sys/socket.h>

struct sockaddr_un {
    sa_family_t sun_family;
    char sun_path[108];
};
#define SUN_LEN(address) (offsetof(struct sockaddr_un, sun_path) + __builtin_strlen((address)->sun_path))

#endif

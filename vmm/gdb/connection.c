/* Sends to GDB.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/gdb/connection.h"

#include <errno.h>
#include <sys/socket.h>

void gdb_send_bytes(struct gdb *g, const char *bytes, size_t size)
{
    while (size && !g->over) {
        ssize_t n = send(g->fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            g->over = true;
            return;
        }
        bytes += n;
        size -= (size_t)n;
    }
}

/* Urgent data of TCP: as on Linux, the urgent byte is taken out of the stream and kept for MSG_OOB.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP leaves the urgent pointer alone. It points behind the urgent byte (RFC 6093, 3.1: what implementations do).
 * There is one urgent byte at a time; it is dropped when the next one comes, and none can be sent. */
#include <string.h>

#include "lwip/priv/tcp_priv.h"

#include "socket.h"

void net_urgent_note(struct net_socket *s, const struct tcp_hdr *header)
{
    uint16_t pointer = lwip_ntohs(header->urgp);
    uint32_t at = header->seqno + pointer - 1;
    if (!pointer || s->option.urgent_inline || TCP_SEQ_LT(at, s->next_byte))
        return;
    s->urgent_at = at;
    s->urgent_comes = true;
}

struct pbuf *net_urgent_remove(struct net_socket *s, struct pbuf *p)
{
    uint32_t offset = s->urgent_at - s->next_byte;
    s->next_byte += p->tot_len;
    if (!s->urgent_comes || offset >= p->tot_len)
        return p;
    s->urgent_comes = false;
    struct pbuf *holder = p;
    for (holder->tot_len--; offset >= holder->len; holder->tot_len--) {
        offset -= holder->len;
        holder = holder->next;
    }
    uint8_t *byte = (uint8_t *)holder->payload + offset;
    s->urgent_byte = *byte;
    s->urgent_kept = true;
    memmove(byte, byte + 1, holder->len - offset - 1);
    holder->len--;
    tcp_recved(s->tcp, 1);
    if (p->tot_len)
        return p;
    pbuf_free(p);
    return NULL;
}

ssize_t net_urgent_receive(struct net_socket *s, uint8_t *buffer, size_t size, int flags)
{
    if (!s->urgent_kept || s->option.urgent_inline)
        return -EINVAL;
    if (size)
        *buffer = s->urgent_byte;
    if (!(flags & MSG_PEEK))
        s->urgent_kept = false;
    return size != 0;
}

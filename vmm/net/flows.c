/* Counts libslirp's sockets, and refuses what would open too many.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/flows.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "vmm/base/clock.h"
#include "vmm/net/frame.h"

#define KEPT_S  200u /* libslirp keeps a port's socket for 240 s after its last datagram */
#define TCP_SYN 0x02u
#define TCP_ACK 0x10u

enum { KIND_NONE, KIND_STREAM, KIND_DATAGRAM };

void flows_init(struct flows *f, uint32_t limit)
{
    *f = (struct flows){.limit = limit};
}

void flows_forward(struct flows *f, uint16_t port)
{
    f->sent_s[port] = UINT32_MAX;
}

static uint32_t *count_of(struct flows *f, uint8_t kind)
{
    return kind == KIND_STREAM ? &f->streams : &f->datagrams;
}

void flows_opened(struct flows *f, int fd)
{
    int type = 0, listening = 0;
    socklen_t size = sizeof(type);
    if (fd < 0 || (uint32_t)fd >= FLOWS_FD_MAX || f->kinds[fd] != KIND_NONE ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size))
        return;
    size = sizeof(listening);
    if (!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) && listening)
        return; /* a forwarded port */
    f->kinds[fd] = type == SOCK_STREAM ? KIND_STREAM : KIND_DATAGRAM;
    ++*count_of(f, f->kinds[fd]);
}

void flows_closed(struct flows *f, int fd)
{
    if (fd < 0 || (uint32_t)fd >= FLOWS_FD_MAX || f->kinds[fd] == KIND_NONE)
        return;
    --*count_of(f, f->kinds[fd]);
    f->kinds[fd] = KIND_NONE;
}

static uint32_t open_now(const struct flows *f)
{
    return f->streams + f->datagrams;
}

bool flows_have_room(const struct flows *f)
{
    return open_now(f) < f->limit;
}

/* What this frame asks libslirp for. `port`: the guest's, of a datagram. */
static bool opens_flow(const uint8_t *frame, uint32_t bytes, bool *datagram, uint16_t *port)
{
    bool v6 = frame_get16(frame + 12) == 0x86dd;
    const uint8_t *ip = frame + NET_FRAME_MIN;
    uint32_t header = v6 ? 40 : (ip[0] & 15u) * 4;
    if ((!v6 && frame_get16(frame + 12) != 0x0800) || bytes < NET_FRAME_MIN + header + 8)
        return false;
    const uint8_t *data = ip + header;
    uint8_t protocol = v6 ? ip[6] : ip[9];
    bool later = !v6 && (frame_get16(ip + 6) & 0x1fff); /* behind the first fragment */
    *datagram = protocol == IPPROTO_UDP && !later;
    *port = (uint16_t)frame_get16(data);
    if (protocol == IPPROTO_TCP)
        return bytes >= NET_FRAME_MIN + header + 20 && (data[13] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
    return protocol == IPPROTO_UDP || (protocol == IPPROTO_ICMP && data[0] == ICMP_ECHO) ||
           (protocol == IPPROTO_ICMPV6 && data[0] == ICMP6_ECHO_REQUEST);
}

bool flows_admit(struct flows *f, const uint8_t *frame, uint32_t bytes, uint64_t now_ns)
{
    bool datagram;
    uint16_t port;
    uint32_t now = (uint32_t)(now_ns / CLOCK_SECOND) + 1;
    if (!opens_flow(frame, bytes, &datagram, &port))
        return true;
    bool forwarded = datagram && f->sent_s[port] == UINT32_MAX;
    bool known = forwarded || (datagram && f->sent_s[port] && now - f->sent_s[port] < KEPT_S);
    if (!known && open_now(f) >= f->limit - f->limit / 4)
        return false;
    if (datagram && !forwarded)
        f->sent_s[port] = now;
    return true;
}

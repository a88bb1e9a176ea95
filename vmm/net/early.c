/* Keeps refusals of early connections back, and asks the guest again.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/early.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "vmm/net/frame.h"

#define IPV6_HEADER 40u

/* The TCP header of a frame, or NULL. */
static const uint8_t *tcp_of(const uint8_t *frame, uint32_t bytes)
{
    const uint8_t *ip = frame + NET_FRAME_MIN;
    uint32_t type = bytes < NET_FRAME_MIN + IPV6_HEADER ? 0 : frame_get16(frame + 12), header = 0;
    if (type == 0x0800 && ip[9] == IPPROTO_TCP && !(frame_get16(ip + 6) & 0x1fff))
        header = (ip[0] & 15u) * 4;
    else if (type == 0x86dd && ip[6] == IPPROTO_TCP)
        header = IPV6_HEADER;
    return header && bytes >= NET_FRAME_MIN + header + sizeof(struct tcphdr) ? ip + header : NULL;
}

static uint8_t flags_of(const uint8_t *tcp)
{
    return tcp[13] & (TH_SYN | TH_ACK | TH_RST);
}

/* The connection whose answer this header is: the ports the other way round. n: none. */
static uint32_t find_syn(const struct early *e, const uint8_t *tcp)
{
    uint32_t i = 0;
    for (; i < e->n; i++) {
        const uint8_t *asked = tcp_of(e->list[i].frame, e->list[i].bytes);
        if (!memcmp(asked, tcp + 2, 2) && !memcmp(asked + 2, tcp, 2))
            break;
    }
    return i;
}

static void forget_syn(struct early *e, uint32_t i)
{
    e->list[i] = e->list[--e->n];
}

void early_begin(struct early *e, uint64_t now_ns)
{
    e->until_ns = now_ns + EARLY_NS;
    e->n = 0;
}

void early_note(struct early *e, const uint8_t *frame, uint32_t bytes)
{
    const uint8_t *tcp = e->until_ns ? tcp_of(frame, bytes) : NULL;
    if (!tcp || flags_of(tcp) != TH_SYN || bytes > EARLY_FRAME_MAX || e->n == EARLY_MAX)
        return;
    struct early_syn *s = &e->list[e->n];
    *s = (struct early_syn){.bytes = bytes};
    memcpy(s->frame, frame, bytes);
    for (uint32_t i = 0; i < e->n; i++) /* libslirp sends it again, too */
        if (!memcmp(tcp_of(e->list[i].frame, e->list[i].bytes), tcp, 4))
            return;
    e->n++;
}

bool early_refused(struct early *e, const uint8_t *frame, uint32_t bytes, uint64_t now_ns)
{
    const uint8_t *tcp = e->n ? tcp_of(frame, bytes) : NULL;
    uint32_t i = tcp ? find_syn(e, tcp) : e->n;
    if (i == e->n)
        return false;
    if (!(flags_of(tcp) & TH_RST) || now_ns >= e->until_ns) {
        forget_syn(e, i); /* it listens; or it never will */
        return false;
    }
    e->list[i].again_ns = now_ns + EARLY_AGAIN_NS;
    return true;
}

bool early_waits(const struct early *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->list[i].again_ns)
            return true;
    return false;
}

const struct early_syn *early_again(struct early *e, uint64_t now_ns)
{
    for (uint32_t i = 0; i < e->n; i++) {
        struct early_syn *s = &e->list[i];
        if (s->again_ns && s->again_ns <= now_ns) {
            s->again_ns = 0;
            return s;
        }
    }
    if (now_ns >= e->until_ns && !early_waits(e))
        e->until_ns = e->n = 0;
    return NULL;
}

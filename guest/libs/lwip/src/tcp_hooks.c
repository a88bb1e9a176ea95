/* What lwIP asks before it processes a packet or a segment (LWIP_HOOK_* in port/lwipopts.h).
 * SPDX-License-Identifier: BSD-3-Clause */
#include "lwip/priv/tcp_priv.h"

#include "socket.h"

/* If a SYN comes from the port of a connection in TIME_WAIT and is newer than that, the old connection is forgotten, so
 * that a listener gets the SYN (RFC 1122, 4.2.2.13). lwIP would drop it, and libslirp repeats a SYN only after 6 s. */
static void forget_old_connection(const ip_addr_t *from, const ip_addr_t *to, const struct tcp_hdr *header)
{
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
        if (pcb->remote_port != lwip_ntohs(header->src) || pcb->local_port != lwip_ntohs(header->dest) ||
            !ip_addr_eq(&pcb->remote_ip, from) || !ip_addr_eq(&pcb->local_ip, to))
            continue;
        if (TCP_SEQ_GT(lwip_ntohl(header->seqno), pcb->rcv_nxt))
            tcp_abort(pcb);
        return;
    }
}

/* lwIP calls this for each packet before it checks anything. Returns 0: lwIP goes on. */
int net_hook_ip_in(const struct pbuf *p)
{
    const struct ip_hdr *four = p->payload;
    const struct ip6_hdr *six = p->payload;
    bool is_four = p->len >= IP_HLEN && IPH_V(four) == 4, is_six = p->len >= IP6_HLEN && IP6H_V(six) == 6;
    size_t size = is_four ? IPH_HL_BYTES(four) : IP6_HLEN;
    if (!(is_four && IPH_PROTO(four) == IP_PROTO_TCP) && !(is_six && IP6H_NEXTH(six) == IP_PROTO_TCP))
        return 0;
    const struct tcp_hdr *header = (const void *)((const char *)p->payload + size);
    if (p->len < size + TCP_HLEN || (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return 0;
    ip_addr_t from = {0}, to = {0};
    if (is_four) {
        ip_addr_copy_from_ip4(from, four->src);
        ip_addr_copy_from_ip4(to, four->dest);
    } else {
        ip_addr_copy_from_ip6_packed(from, six->src);
        ip_addr_copy_from_ip6_packed(to, six->dest);
    }
    forget_old_connection(&from, &to, header);
    return 0;
}

/* Does an empty segment beyond the window say nothing new? lwIP would acknowledge it. If the other end does not read
 * either, it would acknowledge that in turn, and so on for ever. */
static bool says_nothing(const struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    uint32_t window = SND_WND_SCALE(pcb, header->wnd);
    return !p->tot_len && (TCPH_FLAGS(header) & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK &&
           TCP_SEQ_GEQ(header->seqno, pcb->rcv_nxt + pcb->rcv_wnd) && TCP_SEQ_LEQ(header->ackno, pcb->lastack) &&
           !pcb->unacked && (window == pcb->snd_wnd || (window < pcb->snd_wnd && pcb->snd_wl1 == header->seqno));
}

/* The other end lives: what lwIP notes when a segment comes. */
static void note_life(struct tcp_pcb *pcb)
{
    pcb->tmr = tcp_ticks;
    pcb->keep_cnt_sent = 0;
    pcb->persist_probe = 0;
}

/* lwIP calls this for each segment before it processes it. Any result but ERR_OK drops the segment, as if the network
 * had lost it. */
signed char net_hook_tcp_in(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    bool syn = (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    struct net_socket *s = pcb->callback_arg;
    if (pcb->state == LISTEN)
        return syn && s && !net_tcp_next_listener(s) ? ERR_MEM : ERR_OK;
    if (pcb->state >= ESTABLISHED && pcb->state != TIME_WAIT && says_nothing(pcb, header, p)) {
        note_life(pcb);
        return ERR_MEM;
    }
    /* Acknowledgements pass, and so do segments that no socket will queue. Segments out of order are dropped when
     * buffers are low. */
    if (!p->tot_len || !s || pcb->state < ESTABLISHED)
        return ERR_OK;
    if (TCPH_FLAGS(header) & TCP_URG)
        net_urgent_note(s, header);
    return net_may_keep(s) && (header->seqno == pcb->rcv_nxt || !net_buffers_low()) ? ERR_OK : ERR_MEM;
}

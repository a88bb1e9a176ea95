/* Lets fragments through in order only, and of a few packets at a time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/net/fragments.h"

#include <netinet/ip.h>
#include <string.h>

#include "vmm/net/frame.h"

/* What the fragments of a packet have in common (RFC 791). */
static void read_key(uint8_t key[11], const uint8_t *ip)
{
    memcpy(key, ip + 12, 8);
    memcpy(key + 8, ip + 4, 2);
    key[10] = ip[9];
}

static struct open_packet *find_open(struct fragments *f, const uint8_t key[11], uint64_t now_ns)
{
    for (uint32_t i = 0; i < FRAGMENTS_OPEN_MAX; i++) {
        struct open_packet *o = &f->open[i];
        if (o->next && o->until_ns > now_ns && !memcmp(o->key, key, sizeof(o->key)))
            return o;
    }
    return NULL;
}

static bool begin_packet(struct fragments *f, const uint8_t key[11], uint32_t next, uint64_t now_ns)
{
    for (uint32_t i = 0; i < FRAGMENTS_OPEN_MAX; i++) {
        struct open_packet *o = &f->open[i];
        if (o->next && o->until_ns > now_ns)
            continue;
        *o = (struct open_packet){.next = next, .until_ns = now_ns + FRAGMENTS_KEPT_NS};
        memcpy(o->key, key, sizeof(o->key));
        return true;
    }
    return false;
}

bool fragment_in(const uint8_t *frame, uint32_t bytes)
{
    return bytes >= NET_FRAME_MIN + 20 && frame_get16(frame + 12) == 0x0800 &&
           (frame_get16(frame + NET_FRAME_MIN + 6) & (IP_MF | IP_OFFMASK));
}

bool fragments_admit(struct fragments *f, const uint8_t *frame, uint64_t now_ns)
{
    const uint8_t *ip = frame + NET_FRAME_MIN;
    uint8_t key[11];
    bool more = frame_get16(ip + 6) & IP_MF;
    uint32_t offset = (frame_get16(ip + 6) & IP_OFFMASK) * 8, data = frame_get16(ip + 2) - (ip[0] & 15u) * 4;
    if (!data || offset + data > IP_MAXPACKET || (more && (data % 8 || data < FRAGMENTS_BYTES_MIN)))
        return false;
    read_key(key, ip);
    struct open_packet *o = find_open(f, key, now_ns);
    if (!offset)
        return !o && begin_packet(f, key, data, now_ns);
    if (!o || o->next != offset)
        return false;
    o->next = more ? offset + data : 0;
    return true;
}

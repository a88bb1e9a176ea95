/* User mode: how many fragments of the guest's libslirp holds at a time.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * libslirp keeps each fragment of an incomplete packet for 30 s, in 1.6 KB or more. So it gets only what soon is a
 * whole packet: fragments in order, as a guest sends them over this wire, of a few packets at a time. It knows no
 * fragments of IPv6. */
#ifndef BH_VMM_NET_FRAGMENTS_H
#define BH_VMM_NET_FRAGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#define FRAGMENTS_OPEN_MAX  32u                  /* packets of which a part is there */
#define FRAGMENTS_BYTES_MIN 256u                 /* of each but the last */
#define FRAGMENTS_KEPT_NS   (40 * 1000000000ull) /* longer than libslirp keeps them */

struct fragments {
    struct open_packet {
        uint8_t key[11];   /* addresses, identification, protocol */
        uint32_t next;     /* where the next fragment has to begin; 0: free */
        uint64_t until_ns; /* then libslirp has forgotten it */
    } open[FRAGMENTS_OPEN_MAX];
};

/* Whether the frame carries a fragment. Its headers have been checked. */
bool fragment_in(const uint8_t *frame, uint32_t bytes);

/* Whether libslirp gets this fragment. It then has got it. */
bool fragments_admit(struct fragments *f, const uint8_t *frame, uint64_t now_ns);

#endif

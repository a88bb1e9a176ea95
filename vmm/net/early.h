/* User mode: connections of the host's that come before the guest listens.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * libslirp accepts a connection before the guest has been asked, so a refusal would be a connection that breaks at
 * once. While an appliance starts, refusals are therefore kept back, and the guest is asked again until it accepts.
 * After EARLY_NS a port where nobody listens refuses as ever. */
#ifndef BH_VMM_NET_EARLY_H
#define BH_VMM_NET_EARLY_H

#include <stdbool.h>
#include <stdint.h>

#define EARLY_NS        5000000000ull /* from the start of the guest's driver on */
#define EARLY_AGAIN_NS  20000000ull   /* until the guest is asked again */
#define EARLY_MAX       64u           /* connections; refusals of more are passed on */
#define EARLY_FRAME_MAX 128u          /* a SYN */

struct early {
    uint64_t until_ns; /* the end of the start; 0: it is over */
    uint32_t n;
    struct early_syn {
        uint64_t again_ns; /* 0: the guest has been asked and has not answered yet */
        uint32_t bytes;
        uint8_t frame[EARLY_FRAME_MAX];
    } list[EARLY_MAX];
};

/* The guest's driver starts. */
void early_begin(struct early *e, uint64_t now_ns);

/* A frame for the guest is noted if it is a SYN. */
void early_note(struct early *e, const uint8_t *frame, uint32_t bytes);

/* A frame of the guest's. True: it is a refusal that is kept back. */
bool early_refused(struct early *e, const uint8_t *frame, uint32_t bytes, uint64_t now_ns);

/* The next SYN that is to be sent again now, or NULL. It is valid until the next call. */
const struct early_syn *early_again(struct early *e, uint64_t now_ns);

/* Whether a refusal is being kept back. */
bool early_waits(const struct early *e);

#endif

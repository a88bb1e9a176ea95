/* Connections that come before the guest listens.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vmm/net/early.h"

#define START 1000000000ull
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static struct early e;

/* A frame without data, exactly as long, for the sanitizer. */
static uint8_t *make_frame(bool v6, uint16_t from, uint16_t to, uint8_t flags, uint32_t *bytes)
{
    uint32_t ip = v6 ? 40 : 20;
    *bytes = 14 + ip + 20;
    uint8_t *frame = calloc(1, *bytes), *tcp = frame + 14 + ip;
    frame[12] = v6 ? 0x86 : 0x08, frame[13] = v6 ? 0xdd : 0;
    frame[14] = v6 ? 0x60 : 0x45;
    frame[14 + (v6 ? 6 : 9)] = 6;
    tcp[0] = (uint8_t)(from >> 8), tcp[1] = (uint8_t)from;
    tcp[2] = (uint8_t)(to >> 8), tcp[3] = (uint8_t)to;
    tcp[13] = flags;
    return frame;
}

static void asked(bool v6, uint16_t from)
{
    uint32_t bytes;
    uint8_t *frame = make_frame(v6, from, 80, SYN, &bytes);
    early_note(&e, frame, bytes);
    free(frame);
}

/* Whether the guest's answer is kept back. */
static bool answered(bool v6, uint16_t to, uint8_t flags, uint64_t now)
{
    uint32_t bytes;
    uint8_t *frame = make_frame(v6, 80, to, flags, &bytes);
    bool kept = early_refused(&e, frame, bytes, now);
    free(frame);
    return kept;
}

static void is_asked_again_until_it_accepts(void)
{
    for (int v6 = 0; v6 < 2; v6++) {
        uint64_t now = START;
        early_begin(&e, now);
        asked(v6, 1000);
        for (int i = 0; i < 3; i++, now += EARLY_AGAIN_NS) {
            CHECK(!early_again(&e, now) && !early_waits(&e));
            CHECK(answered(v6, 1000, RST | ACK, now) && early_waits(&e));
            CHECK(!early_again(&e, now + EARLY_AGAIN_NS - 1));
            const struct early_syn *s = early_again(&e, now + EARLY_AGAIN_NS);
            CHECK(s && s->bytes == (v6 ? 74u : 54u) && s->frame[s->bytes - 7] == SYN);
        }
        CHECK(!answered(v6, 1000, SYN | ACK, now) && !early_waits(&e));
        CHECK(!answered(v6, 1000, RST, now)); /* an end like any other */
    }
}

static void of_nobodys_business(void)
{
    early_begin(&e, START);
    asked(false, 1000);
    CHECK(!answered(false, 1001, RST | ACK, START) && !answered(true, 1001, RST, START));
    uint8_t tiny[14] = {[12] = 8};
    early_note(&e, tiny, sizeof(tiny));
    CHECK(!early_refused(&e, tiny, sizeof(tiny), START) && e.n == 1);
}

static void is_over_in_the_end(void)
{
    uint64_t end = START + EARLY_NS;
    early_begin(&e, START);
    asked(false, 1000);
    CHECK(answered(false, 1000, RST | ACK, end - 1));
    CHECK(early_again(&e, end + EARLY_AGAIN_NS)); /* for the last time */
    CHECK(!answered(false, 1000, RST | ACK, end + EARLY_AGAIN_NS));
    CHECK(!early_again(&e, end + EARLY_AGAIN_NS) && !e.until_ns);
    asked(false, 1001);
    CHECK(!e.n && !answered(false, 1001, RST | ACK, end));
}

static void so_many_and_no_more(void)
{
    early_begin(&e, START);
    for (uint16_t i = 0; i < 2 * EARLY_MAX; i++)
        asked(false, i), asked(false, i);
    for (uint16_t i = 0; i < 2 * EARLY_MAX; i++)
        CHECK(answered(false, i, RST, START) == (i < EARLY_MAX));
}

int main(void)
{
    RUN(is_asked_again_until_it_accepts);
    RUN(of_nobodys_business);
    RUN(is_over_in_the_end);
    RUN(so_many_and_no_more);
    return CHECK_RESULT();
}

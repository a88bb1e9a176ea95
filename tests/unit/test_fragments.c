/* How many fragments a guest can make libslirp hold.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "vmm/net/fragments.h"

#define SECOND 1000000000ull

static struct fragments fragments;

/* A frame with a fragment of packet `id`: `data` bytes from `offset` on. */
static bool admit(uint16_t id, uint32_t offset, uint32_t data, bool more, uint64_t now)
{
    uint32_t total = 20 + data, bytes = 14 + 20 + data, field = offset / 8 | (more ? 0x2000u : 0);
    uint8_t *frame = calloc(1, bytes); /* exactly as long, for the sanitizer */
    frame[12] = 0x08;
    frame[14] = 0x45;
    frame[16] = (uint8_t)(total >> 8), frame[17] = (uint8_t)total;
    frame[18] = (uint8_t)(id >> 8), frame[19] = (uint8_t)id;
    frame[20] = (uint8_t)(field >> 8), frame[21] = (uint8_t)field;
    frame[23] = 17;
    bool admitted = !fragment_in(frame, bytes) || fragments_admit(&fragments, frame, now);
    free(frame);
    return admitted;
}

static void whole_packets_pass(void)
{
    memset(&fragments, 0, sizeof(fragments));
    for (uint32_t id = 0; id < 1000; id++) { /* each is complete before the next one, so none stays */
        CHECK(admit((uint16_t)id, 0, 100, false, 1));
        CHECK(admit((uint16_t)id, 0, 1480, true, 1) && admit((uint16_t)id, 1480, 1480, true, 1));
        CHECK(admit((uint16_t)id, 2960, 7, false, 1));
    }
    for (uint32_t at = 0; at < 65000; at += 1480) /* the largest */
        CHECK(admit(7, at, at + 1480 > 65000 ? 65515 - at : 1480, at + 1480 <= 65000, 1));
}

static void several_at_a_time(void)
{
    memset(&fragments, 0, sizeof(fragments));
    for (uint16_t id = 0; id < FRAGMENTS_OPEN_MAX; id++)
        CHECK(admit(id, 0, 1480, true, 1));
    for (uint16_t id = 0; id < FRAGMENTS_OPEN_MAX; id++)
        CHECK(admit(id, 1480, 20, false, 1));
}

static void too_many_are_refused(void)
{
    memset(&fragments, 0, sizeof(fragments));
    for (uint32_t id = 0; id < 65536; id++)
        CHECK(admit((uint16_t)id, 0, 1480, true, SECOND) == (id < FRAGMENTS_OPEN_MAX));
    CHECK(admit(60000, 0, 100, false, SECOND)); /* no fragment */
    CHECK(!admit(60000, 0, 1480, true, SECOND + FRAGMENTS_KEPT_NS - 1));
    CHECK(!admit(0, 1480, 1480, false, SECOND + FRAGMENTS_KEPT_NS)); /* forgotten */
    CHECK(admit(60000, 0, 1480, true, SECOND + FRAGMENTS_KEPT_NS));
}

static void only_in_order(void)
{
    memset(&fragments, 0, sizeof(fragments));
    CHECK(!admit(1, 1480, 1480, true, 1) && !admit(1, 1480, 1480, false, 1));
    CHECK(admit(1, 0, 1480, true, 1) && !admit(1, 0, 1480, true, 1)); /* twice */
    CHECK(!admit(1, 1472, 1480, true, 1) && !admit(1, 1488, 1480, true, 1) && !admit(2, 1480, 1480, true, 1));
    CHECK(admit(1, 1480, 1480, true, 1) && !admit(1, 1480, 1480, true, 1));
}

static void only_of_some_size(void)
{
    memset(&fragments, 0, sizeof(fragments));
    CHECK(!admit(1, 0, 8, true, 1) && !admit(1, 0, FRAGMENTS_BYTES_MIN - 8, true, 1) && !admit(1, 0, 1001, true, 1));
    CHECK(admit(1, 0, FRAGMENTS_BYTES_MIN, true, 1) && !admit(1, FRAGMENTS_BYTES_MIN, 0, false, 1));
    CHECK(admit(1, FRAGMENTS_BYTES_MIN, 1, false, 1));
    CHECK(admit(2, 0, 65512, true, 1) && !admit(2, 65512, 256, true, 1) && !admit(2, 65512, 24, false, 1));
}

int main(void)
{
    RUN(whole_packets_pass);
    RUN(several_at_a_time);
    RUN(too_many_are_refused);
    RUN(only_in_order);
    RUN(only_of_some_size);
    return CHECK_RESULT();
}

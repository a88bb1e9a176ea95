/* One attack on what another compartment, the core or the kernel has; arguments: FROM ACTION TARGET.
 * FROM is `app` or `probe`: who attacks. TARGET is a name of where.c, of the attacker ("own.heap"), of the one at
 * the other end ("peer.heap"), or neither ("null"). Matrix and verdicts: matrix.txt.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>

#include "bystander.h"
#include "probe.h"
#include "where.h"

#define SECOND 1000000000ull

static uint64_t find(bool from_probe, const char *target)
{
    const char *name = strchr(target, '.');
    bool peer = !strncmp(target, "peer.", 5), of_probe = from_probe != peer;
    name = name ? name + 1 : target;
    return of_probe ? probe_where(name) : where(name);
}

/* Calls go on with the bystander while the attack happens. */
static volatile bool stop;
static uint64_t counted;
static void keep_counting(void *unused)
{
    (void)unused;
    while (!stop) {
        uint64_t count = bystander_count();
        if (count != counted + 1)
            printf("wrong: the bystander's count is %" PRIu64 ", not %" PRIu64 "\n", count, counted + 1);
        counted = count;
        bh_yield();
    }
}

static uint64_t attack_from_probe(const char *action, uint64_t address)
{
    struct bh_try attempt;
    uint64_t start = bh_now();
    bh_try_begin(&attempt, 10 * SECOND);
    uint64_t value = probe_attack(action, address);
    enum bh_status status = bh_try_end(&attempt);
    if (status == BH_OK)
        return value;
    bool in_time = bh_now() - start < SECOND;
    bh_try_begin(&attempt, BH_FOREVER);
    probe_where("null");
    enum bh_status again = bh_try_end(&attempt);
    if (status == BH_PEER_DIED && again == BH_PEER_DIED)
        puts(in_time ? "the peer died" : "the peer died, more than a second ago");
    else
        printf("wrong: %s, then %s\n", bh_status_text(status), bh_status_text(again));
    return UINT64_MAX;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "arguments: FROM ACTION TARGET\n"), 1;
    bool from_probe = !strcmp(argv[1], "probe");
    uint64_t address = find(from_probe, argv[3]);
    uint64_t checksum = bystander_checksum(), value;
    printf("at 0x%" PRIx64 "\n", address);
    fflush(stdout);
    if (bh_thread_create(NULL, keep_counting, NULL))
        return puts("wrong: no thread"), 1;
    bh_yield();
    value = from_probe ? attack_from_probe(argv[2], address) : attack(argv[2], address);
    stop = true;
    if (bystander_checksum() != checksum || bystander_count() <= counted)
        puts("wrong: the bystander is disturbed");
    else
        puts("the bystander is undisturbed");
    if (value == 0)
        puts("survived");
    else if (value != UINT64_MAX)
        printf("wrong: value %" PRIu64 "\n", value);
    return 0;
}

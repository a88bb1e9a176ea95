/* The code and tables by which the threads of a VM cross from one protection domain to another.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * A crossing executes WRPKRU and then checks, against a secret that only the entered domain can read, that it was
 * entered with the PKRU value that this place is for; docs/mpk.md explains it. */
#ifndef BH_VMM_MPK_CROSSINGS_H
#define BH_VMM_MPK_CROSSINGS_H

#include "vmm/mpk/keys.h"
#include "vmm/resources/resources.h"

#define SECRETS_MAX (BH_MPK_SECRETS_SIZE / 8)
_Static_assert(2 * (BH_EDGES_MAX + 2 * BH_COMPARTMENTS_MAX) <= SECRETS_MAX, "a domain's secrets");

/* Guest addresses of the four words of a crossing: in the leaving and the entered domain's memory, there and back. */
struct words {
    uint64_t in_have, in_want, out_have, out_want;
};

struct crossings {
    const struct resources *w;
    const struct keys *k;
    uint8_t *code;     /* BH_MPK_CODE_MAX bytes */
    uint32_t used;     /* of them */
    uint32_t n_wrpkru; /* instructions that the templates brought */
    uint64_t *tables;  /* constants that all domains may read */
    uint32_t n_tables;
    uint64_t secrets[BH_DOMAINS_MAX][SECRETS_MAX];
    uint32_t n_secrets[BH_DOMAINS_MAX];
    struct words edge[BH_EDGES_MAX];
    uint64_t entry[BH_COMPARTMENTS_MAX][BH_CORE_CALLS_MAX];
    uint64_t *gates; /* of all imports of the VM's compartments, in order */
    uint32_t n_gates;
    struct bh_mpk mpk;
};

/* How many bytes of code, constants and imports a VM needs at most. */
uint64_t crossings_bound(const struct resources *w, const struct keys *k, uint64_t *constants, uint64_t *imports);

/* Generates everything for the VM of `k`. NULL: `p`. */
struct crossings *crossings_make(const struct resources *w, const struct keys *k, struct problem *p);

/* Erases the secrets and frees all of it; NULL is allowed. */
void crossings_free(struct crossings *m);

#endif

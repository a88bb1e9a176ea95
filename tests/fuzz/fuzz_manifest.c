/* Fuzzer: a hostile manifest, raw or a good one with some bytes changed, through reader and
 * placement.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What must hold: no access outside the blob, no leak (sanitizers); what is accepted keeps the
 * invariants that the VMM builds on; what is refused comes with one line. */
#include <stdlib.h>
#include <string.h>

#include "unit/sample.h"
#include "vmm/appliance/manifest.h"
#include "vmm/appliance/manifest_file.h"
#include "vmm/plan/placement.h"

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_compartment(const struct appliance *a, const struct compartment *c)
{
    uint64_t base = BH_COMPARTMENT_BASE(c->index);
    require(c->index == (uint32_t)(c - a->compartments) && strlen(c->name) < BH_NAME_MAX);
    require(c->n_wanted >= 1 && c->n_wanted <= 3 && c->threads >= 1 && c->threads <= BH_THREADS_MAX);
    require(c->memory % BH_PAGE_SIZE == 0 && c->memory <= BH_HEAP_MAX);
    require(c->threads * (c->stack + BH_PAGE_SIZE) <= BH_STACKS_MAX && strlen(c->sha256) == 64);
    for (uint32_t i = 0; i < c->n_libraries; i++)
        require(strlen(c->libraries[i]) < MANIFEST_BYTES_MAX);
    for (uint32_t i = 0; i < c->n_exports; i++) {
        require(c->exports[i].direct >= base && c->exports[i].direct < base + BH_SHARED_OFF);
        require(c->exports[i].dispatch >= base && c->exports[i].dispatch < base + BH_SHARED_OFF);
    }
    for (uint32_t i = 0; i < c->n_imports; i++) {
        const struct import_fn *im = &c->imports[i];
        require(im->compartment < a->n_compartments && im->compartment != c->index);
        require(im->fn < a->compartments[im->compartment].n_exports);
    }
}

static void check_appliance(const struct appliance *a)
{
    require(a->n_compartments >= 1 && a->n_compartments <= BH_COMPARTMENTS_MAX);
    require(a->default_compartment < a->n_compartments && a->args[a->n_args] == NULL);
    for (uint32_t i = 0; i < a->n_compartments; i++)
        check_compartment(a, &a->compartments[i]);
    for (uint32_t i = 0; i < a->n_shares; i++) {
        uint64_t members = a->shares[i].members;
        require(members && (a->n_compartments == 64 || members >> a->n_compartments == 0));
    }
    for (uint32_t i = 0; i < a->n_edges; i++) {
        const struct edge *e = &a->edges[i];
        uint32_t n = a->compartments[e->to].n_exports;
        require(e->from < a->n_compartments && e->to < a->n_compartments && e->from != e->to);
        for (uint32_t fn = n; fn < BH_FUNCTIONS_MAX; fn++)
            require(!(e->granted[fn / 64] >> fn % 64 & 1));
    }
}

static void check_net(const struct appliance *a)
{
    const struct net_config *c = &a->net;
    require(c->compartment < a->n_compartments && c->mtu >= 1280 && c->mtu <= 9000);
    require(!(c->mac[0] & 1) && strlen(c->address) < 64 && strlen(c->address6) < 64);
    require(strlen(c->interface) < 16 || c->mode == NET_USER);
    require(strlen(c->gateway) < 64 && strlen(c->dns) < 64 && strlen(c->hostname) < 64);
    require(c->n_forward <= NET_FORWARDS_MAX && (!c->n_forward || c->mode == NET_USER));
    require(c->n_reach <= NET_REACH_MAX && (!c->n_reach || c->mode == NET_USER));
    require(c->connections >= NET_CONNECTIONS_MIN && c->connections <= NET_CONNECTIONS_MAX);
}

static void check_placement(const struct appliance *a)
{
    uint64_t seen = 0;
    require(a->n_vms >= 1 && a->n_vms <= a->n_compartments);
    for (uint32_t v = 0; v < a->n_vms; v++) {
        require(!(seen & a->vms[v].compartments) && a->vms[v].n_threads <= BH_THREADS_MAX);
        seen |= a->vms[v].compartments;
    }
    require((uint32_t)__builtin_popcountll(seen) == a->n_compartments);
}

static void try_manifest(const void *blob, size_t size)
{
    static struct appliance a;
    struct problem p = {0};
    struct offer offer = {.memory = 0};
    if (!manifest_parse(blob, size, "dir/m", &a, &p)) {
        require(p.status != 0 && p.text[0] && !strchr(p.text, '\n'));
    } else {
        check_appliance(&a);
        if (a.has_net)
            check_net(&a);
        if (place(&a, &offer, &p))
            check_placement(&a);
    }
    manifest_release(&a);
    manifest_is_fresh(blob, size, "/nonexistent");
}

/* Four bytes each: offset in the sample (two), what to do, value. */
static void damage(uint8_t *blob, size_t size, const uint8_t *data, size_t left)
{
    for (; left >= 4; data += 4, left -= 4) {
        size_t at = ((size_t)data[0] << 8 | data[1]) % size;
        if (data[2] & 1)
            blob[at] ^= data[3];
        else
            blob[at] = data[3];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) uint8_t sample[SAMPLE_MAX];
    static size_t sample_size;
    if (!sample_size) {
        sample_write(sample);
        sample_size = sample_pack(sample);
    }
    bool raw = size && data[0] & 1;
    size_t n = !size ? 0 : raw ? size - 1 : sample_size;
    /* Of exactly this size: the sanitizer sees every byte beyond it. */
    uint8_t *blob = malloc(n ? n : 1);
    require(blob != NULL);
    if (raw) {
        memcpy(blob, data + 1, n);
    } else if (size) {
        memcpy(blob, sample, n);
        damage(blob, n, data + 1, size - 1);
    }
    try_manifest(blob, n);
    free(blob);
    return 0;
}

/* Protection keys in crash reports: the key, what PKRU allowed, and the gate calls in flight.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/report_keys.h"

#include <inttypes.h>

#include "vmm/mpk/keys.h"

static const char *name_of(const struct appliance *a, uint32_t compartment)
{
    return compartment < a->n_compartments ? a->compartments[compartment].name : "?";
}

/* Whose a key is, in words. */
static void key_words(const struct keys *k, uint32_t key, char *text, size_t size)
{
    if (key == BH_KEY_PUBLIC)
        snprintf(text, size, "public, read-only");
    else if (key == BH_KEY_CORE)
        snprintf(text, size, "the core's");
    else if (key < BH_KEYS && key < k->n_keys)
        keys_names(k, k->set[key], text, size);
    else
        snprintf(text, size, "unused");
}

static void print_pkru(FILE *out, const struct keys *k, uint32_t pkru)
{
    char words[256];
    const char *before = "";
    fprintf(out, "  PKRU      %#010" PRIx32 ": ", pkru);
    for (uint32_t key = 0; key < BH_KEYS; key++) {
        uint32_t bits = pkru >> 2 * key & 3;
        if ((bits & 1) || (key >= k->n_keys && pkru != 0))
            continue; /* access disabled */
        if (pkru == 0) {
            fprintf(out, "everything: the core");
            break;
        }
        key_words(k, key, words, sizeof(words));
        fprintf(out, "%skey %" PRIu32 " (%s)%s", before, key, words,
                key != BH_KEY_PUBLIC && (bits & 2) ? " to read" : "");
        before = ", ";
    }
    fputc('\n', out);
}

void report_keys(FILE *out, const struct appliance *a, const struct crash *c)
{
    struct keys k;
    struct problem p;
    if (!c->keyed || c->vm >= a->n_vms || !keys_plan(&k, a, c->vm, &p))
        return;
    if (c->kind == CRASH_TRAP && c->regs.vector == 14) {
        char words[256];
        uint32_t key = keys_of(&k, c->cr2);
        if (key != KEY_NONE) {
            key_words(&k, key, words, sizeof(words));
            fprintf(out, "  key       %" PRIu32 ": %s\n", key, words);
        }
    }
    print_pkru(out, &k, c->pkru);
    for (uint32_t i = 0; i < c->n_calls && i < CRASH_CALLS_MAX; i++) {
        uint32_t from = c->calls[i].from, to = c->calls[i].to;
        if (from == CRASH_CORE) {
            fprintf(out, "  called    \"%s\" by the core\n", name_of(a, to));
        } else {
            fprintf(out, "  called    \"%s\" by \"%s\"%s\n", name_of(a, to), name_of(a, from),
                    c->calls[i].by_core ? ", through the core" : "");
        }
    }
}

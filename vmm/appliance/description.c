/* Turns bytes back into an appliance with its placement.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/description.h"

#include <string.h>

#include "rpc/version.h"
#include "vmm/appliance/manifest.h"

/* What placement had decided; numbers in range, VMs without gaps. */
static bool take_placement(const struct description *s, struct appliance *a)
{
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        struct compartment *c = &a->compartments[i];
        c->vm = s->vm[i];
        c->mechanism = (enum mechanism)s->mechanism[i];
        c->share = s->share[i] == 0xff ? BH_NO_SHARE : s->share[i];
        if (c->vm >= BH_VMS_MAX || c->mechanism > MECH_NONE || (c->share != BH_NO_SHARE && c->share >= a->n_shares))
            return false;
        struct vm_plan *v = &a->vms[c->vm];
        v->index = c->vm;
        v->compartments |= 1ull << i;
        v->n_threads = c->threads > v->n_threads ? c->threads : v->n_threads;
        a->n_vms = c->vm >= a->n_vms ? c->vm + 1 : a->n_vms;
    }
    for (uint32_t v = 0; v < a->n_vms; v++)
        if (!a->vms[v].compartments)
            return false;
    return true;
}

bool description_load(const void *bytes, size_t size, const char *name, struct appliance *a, struct problem *p)
{
    const struct description *s = bytes;
    if (size < sizeof(*s) || s->magic != DESCRIPTION_MAGIC || s->version != DESCRIPTION_VERSION ||
        s->abi != BH_ABI_VERSION || s->manifest_size != size - sizeof(*s) ||
        !memchr(s->manifest, 0, sizeof(s->manifest)) || !memchr(s->core, 0, sizeof(s->core)))
        return problem_set(p, EXIT_USAGE, "%s: not of this version of Bulkhead", name);
    if (!manifest_parse(s + 1, s->manifest_size, s->manifest, a, p))
        return false;
    return take_placement(s, a) || problem_set(p, EXIT_USAGE, "%s: is damaged", name);
}

/* Prints a placed appliance for programs.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/plan/layout_json.h"

#include "vmm/mpk/keys.h"

#include "vmm/base/json.h"
#include "vmm/appliance/mechanism.h"
#include "vmm/plan/placement.h"
#include "vmm/appliance/topology.h"

/* Names of the compartments in `mask`. */
static void print_members(struct json *j, const char *key, const struct appliance *a, uint64_t mask)
{
    json_open(j, key, '[');
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (mask >> i & 1)
            json_string(j, NULL, a->compartments[i].name);
    json_close(j, ']');
}

static void print_compartments(struct json *j, const struct appliance *a)
{
    json_open(j, "compartments", '[');
    for (uint32_t i = 0; i < a->n_compartments; i++) {
        const struct compartment *c = &a->compartments[i];
        json_open(j, NULL, '{');
        json_string(j, "name", c->name);
        json_number(j, "index", i);
        json_bool(j, "default", c->is_default);
        json_string(j, "mechanism", mechanism_name(c->mechanism));
        json_number(j, "vm", c->vm);
        json_number(j, "memory", c->memory);
        json_number(j, "stack", c->stack);
        json_number(j, "threads", c->threads);
        json_string(j, "image", c->image);
        json_string(j, "sha256", c->sha256);
        json_open(j, "libraries", '[');
        for (uint32_t n = 0; n < c->n_libraries; n++)
            json_string(j, NULL, c->libraries[n]);
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_address_map(struct json *j, const struct address_line *lines, uint32_t n)
{
    json_open(j, "address_map", '[');
    for (uint32_t i = 0; i < n; i++) {
        json_open(j, NULL, '{');
        json_address(j, "address", lines[i].va);
        json_number(j, "size", lines[i].size);
        json_string(j, "access", lines[i].access);
        json_open(j, "vms", '[');
        for (uint32_t v = 0; v < BH_VMS_MAX; v++)
            if (lines[i].vms >> v & 1)
                json_number(j, NULL, v);
        json_close(j, ']');
        json_string(j, "what", lines[i].what);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_shares(struct json *j, const struct appliance *a)
{
    json_open(j, "shares", '[');
    for (uint32_t s = 0; s < a->n_shares; s++) {
        json_open(j, NULL, '{');
        json_string(j, "name", a->shares[s].name);
        json_address(j, "address", BH_SHARE_BASE(s));
        json_number(j, "size", a->shares[s].size);
        print_members(j, "members", a, a->shares[s].members);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_functions(struct json *j, const struct compartment *to, const uint64_t *granted)
{
    json_open(j, "functions", '[');
    for (uint32_t fn = 0; fn < to->n_exports; fn++) {
        if (granted[fn / 64] >> fn % 64 & 1) {
            json_open(j, NULL, '{');
            json_string(j, "name", to->exports[fn].name);
            json_string(j, "library", to->exports[fn].library);
            json_bool(j, "nonblocking", to->exports[fn].nonblocking);
            json_close(j, '}');
        }
    }
    json_close(j, ']');
}

static void print_edges(struct json *j, const struct appliance *a)
{
    static const char *const strategies[] = {"share", "copy", "strict"};
    json_open(j, "edges", '[');
    for (uint32_t n = 0; n < a->n_edges; n++) {
        const struct edge *e = &a->edges[n];
        json_open(j, NULL, '{');
        json_string(j, "from", a->compartments[e->from].name);
        json_string(j, "to", a->compartments[e->to].name);
        json_string(j, "data", strategies[e->strategy]);
        json_string(j, "gate", e->light ? "light" : "full");
        json_bool(j, "crosses_vms", edge_crosses(a, e));
        json_bool(j, "crosses_keys", edge_keyed(a, e));
        json_number(j, "arena", e->arena);
        print_functions(j, &a->compartments[e->to], e->granted);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_net(struct json *j, const struct appliance *a)
{
    const struct net_config *c = &a->net;
    char mac[18];
    if (!a->has_net)
        return;
    json_open(j, "net", '{');
    json_string(j, "compartment", a->compartments[c->compartment].name);
    json_string(j, "mode", c->mode == NET_TAP ? "tap" : "user");
    json_string(j, "interface", c->interface);
    json_string(j, "address", c->address);
    json_string(j, "gateway", c->gateway);
    json_string(j, "dns", c->dns);
    json_string(j, "address6", c->address6);
    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", c->mac[0], c->mac[1], c->mac[2], c->mac[3], c->mac[4],
             c->mac[5]);
    json_string(j, "mac", mac);
    json_number(j, "mtu", c->mtu);
    json_string(j, "hostname", c->hostname);
    json_open(j, "forward", '[');
    for (uint32_t i = 0; i < c->n_forward; i++)
        json_string(j, NULL, c->forward[i]);
    json_close(j, ']');
    if (c->has_reach) {
        json_open(j, "reach", '[');
        for (uint32_t i = 0; i < c->n_reach; i++)
            json_string(j, NULL, c->reach[i]);
        json_close(j, ']');
    }
    json_close(j, '}');
}

static void print_mounts(struct json *j, const struct appliance *a)
{
    json_open(j, "mounts", '[');
    for (uint32_t i = 0; i < a->n_mounts; i++) {
        const struct mount *m = &a->mounts[i];
        json_open(j, NULL, '{');
        json_string(j, "name", m->name);
        json_string(j, "compartment", a->compartments[m->compartment].name);
        json_string(j, "path", m->path);
        json_string(j, "directory", m->directory);
        json_bool(j, "read_only", m->read_only);
        json_bool(j, "create", m->create);
        if (m->size)
            json_number(j, "size", m->size);
        json_close(j, '}');
    }
    json_close(j, ']');
}

void layout_print_json(const struct appliance *a, const struct address_line *lines, uint32_t n)
{
    struct json j = {.out = stdout};
    json_open(&j, NULL, '{');
    json_bool(&j, "valid", true);
    json_string(&j, "name", a->name);
    json_string(&j, "file", a->toml);
    json_number(&j, "memory", appliance_memory(a));
    json_open(&j, "vms", '[');
    for (uint32_t v = 0; v < a->n_vms; v++) {
        json_open(&j, NULL, '{');
        json_number(&j, "index", v);
        json_number(&j, "threads", a->vms[v].n_threads);
        print_members(&j, "compartments", a, a->vms[v].compartments);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    print_compartments(&j, a);
    print_address_map(&j, lines, n);
    print_shares(&j, a);
    print_edges(&j, a);
    print_net(&j, a);
    print_mounts(&j, a);
    json_close(&j, '}');
}

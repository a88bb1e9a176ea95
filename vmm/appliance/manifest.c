/* Turns the composer's device tree into a `struct appliance`, checking everything on the way.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/appliance/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/image.h"
#include "rpc/gate.h"
#include "vmm/appliance/manifest_fdt.h"
#include "vmm/appliance/manifest_file.h"
#include "vmm/appliance/manifest_mounts.h"
#include "vmm/appliance/manifest_net.h"
#include "vmm/appliance/manifest_ports.h"
#include "vmm/appliance/mechanism.h"

#define LIBRARIES_MAX 256u
#define STRINGS_MAX   65536u
#define IMPORTS_MAX   ((BH_GATES_MAX - sizeof(struct bh_gate_table)) / sizeof(struct bh_import))

static const char *const strategies[] = {"share", "copy", "strict", NULL};
static const char *const gates[] = {"full", "light", NULL};

_Static_assert(BH_DATA_SHARE == 0 && BH_DATA_COPY == 1 && BH_DATA_STRICT == 2, "order of `strategies`");

/* Subnodes of `node`: their number, and in `order` the offset of the one with each index, from the
 * property `index` or, where `by_name`, from the name. Indices have to be 0 .. n-1, each once. */
static bool index_children(const struct reader *r, int node, uint32_t most, bool by_name, int **order, uint32_t *n)
{
    *order = NULL;
    if (!fdt_count(r, node, most, n))
        return false;
    if (*n == 0)
        return true;
    *order = calloc(*n, sizeof(**order));
    if (!*order)
        return problem_set(r->problem, EXIT_HOST, "out of memory");
    int child;
    fdt_for_each_subnode(child, r->fdt, node)
    {
        uint32_t index;
        if (!(by_name ? fdt_number_name(r, child, *n, &index) : fdt_u32(r, child, "index", 0, *n - 1, &index)))
            return false;
        if ((*order)[index]) /* offset 0 is the root, never a child */
            return fdt_bad(r, child, by_name ? NULL : "index", "%" PRIu32 " is taken twice", index);
        (*order)[index] = child;
    }
    return true;
}

static bool read_mechanisms(const struct reader *r, int node, struct compartment *c)
{
    const char **words = NULL;
    bool ok = fdt_list(r, node, "mechanism", 3, &words, &c->n_wanted);
    if (ok && c->n_wanted == 0)
        ok = fdt_bad(r, node, "mechanism", "missing");
    for (uint32_t i = 0; ok && i < c->n_wanted; i++) {
        if (!mechanism_find(words[i], &c->wanted[i]))
            ok = fdt_bad(r, node, "mechanism", "unknown value \"%s\"", words[i]);
        for (uint32_t j = 0; ok && j < i; j++)
            if (c->wanted[j] == c->wanted[i])
                ok = fdt_bad(r, node, "mechanism", "\"%s\" appears twice", words[i]);
    }
    free(words);
    return ok;
}

static bool read_image(const struct reader *r, int node, struct compartment *c)
{
    const char *image;
    if (!fdt_text(r, node, "image", PATH_MAX - 1, &image) || !fdt_text(r, node, "image-sha256", 64, &c->sha256))
        return false;
    if (strspn(c->sha256, "0123456789abcdef") != 64)
        return fdt_bad(r, node, "image-sha256", "is not 64 hex digits");
    const char *slash = image[0] == '/' ? NULL : strrchr(r->path, '/');
    int dir = slash ? (int)(slash - r->path) + 1 : 0;
    char *path = NULL;
    if (asprintf(&path, "%.*s%s", dir, r->path, image) < 0)
        return problem_set(r->problem, EXIT_HOST, "out of memory");
    c->image = path;
    return true;
}

/* An exported function lies in the part of the window that holds the image. */
static bool code_address(const struct reader *r, int node, const char *property, uint32_t index, uint64_t *out)
{
    uint64_t base = BH_COMPARTMENT_BASE(index);
    return fdt_u64(r, node, property, base + BH_IMAGE_OFF, base + BH_SHARED_OFF - 1, out);
}

static bool read_exports(const struct reader *r, int node, struct compartment *c)
{
    int *order = NULL, list = fdt_child(r, node, "exports", false);
    bool ok = list < 0 || index_children(r, list, BH_FUNCTIONS_MAX, true, &order, &c->n_exports);
    if (ok && c->n_exports) {
        c->exports = calloc(c->n_exports, sizeof(*c->exports));
        ok = c->exports || problem_set(r->problem, EXIT_HOST, "out of memory");
    }
    for (uint32_t i = 0; ok && order && c->exports && i < c->n_exports; i++) {
        struct export_fn *e = &c->exports[i];
        ok = fdt_text(r, order[i], "symbol", 63, &e->name) && fdt_text(r, order[i], "library", 63, &e->library) &&
             code_address(r, order[i], "direct", c->index, &e->direct) &&
             code_address(r, order[i], "dispatch", c->index, &e->dispatch);
        e->nonblocking = fdt_has(r, order[i], "nonblocking");
    }
    free(order);
    return ok;
}

/* Reads everything of one compartment but its imports, which name functions of others. */
static bool read_compartment(const struct reader *r, int node, struct appliance *a, uint32_t i)
{
    struct compartment *c = &a->compartments[i];
    c->index = i;
    if (!fdt_name(r, node, &c->name) || !read_mechanisms(r, node, c) ||
        !fdt_pages(r, node, "memory", BH_PAGE_SIZE, BH_HEAP_MAX, &c->memory) ||
        !fdt_pages(r, node, "stack", BH_PAGE_SIZE, BH_STACKS_MAX, &c->stack) ||
        !fdt_u32(r, node, "threads", 1, BH_THREADS_MAX, &c->threads) ||
        !fdt_list(r, node, "libraries", LIBRARIES_MAX, &c->libraries, &c->n_libraries) || !read_image(r, node, c) ||
        !read_exports(r, node, c))
        return false;
    if (c->threads * (c->stack + BH_PAGE_SIZE) > BH_STACKS_MAX) {
        return fdt_bad(r, node, "stack", "%" PRIu32 " stacks of %#" PRIx64 " bytes exceed %#llx", c->threads, c->stack,
                       BH_STACKS_MAX);
    }
    if (fdt_has(r, node, "vm") && !fdt_text(r, node, "vm", BH_NAME_MAX - 1, &c->vm_group))
        return false;
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(c->name, a->compartments[j].name) == 0)
            return fdt_bad(r, node, NULL, "the name is taken twice");
    if (fdt_has(r, node, "default")) {
        if (a->default_compartment < a->n_compartments) {
            return fdt_bad(r, node, "default", "%s is the default compartment already",
                           a->compartments[a->default_compartment].name);
        }
        a->default_compartment = i;
        c->is_default = true;
    }
    return true;
}

static bool read_import(const struct reader *r, int node, const struct appliance *a, const struct compartment *c,
                        struct import_fn *im)
{
    if (!fdt_text(r, node, "symbol", 63, &im->name) || !fdt_text(r, node, "library", 63, &im->library) ||
        !fdt_u32(r, node, "compartment", 0, a->n_compartments - 1, &im->compartment))
        return false;
    const struct compartment *callee = &a->compartments[im->compartment];
    if (callee == c)
        return fdt_bad(r, node, "compartment", "is the importing compartment itself");
    if (callee->n_exports == 0)
        return fdt_bad(r, node, "compartment", "%s exports nothing", callee->name);
    if (!fdt_u32(r, node, "function", 0, callee->n_exports - 1, &im->fn))
        return false;
    const char *name = callee->exports[im->fn].name;
    return strcmp(name, im->name) == 0 ||
           fdt_bad(r, node, "symbol", "function %" PRIu32 " of %s is \"%s\"", im->fn, callee->name, name);
}

static bool read_imports(const struct reader *r, int node, const struct appliance *a, struct compartment *c)
{
    int *order = NULL, list = fdt_child(r, node, "imports", false);
    bool ok = list < 0 || index_children(r, list, IMPORTS_MAX, true, &order, &c->n_imports);
    if (ok && c->n_imports) {
        c->imports = calloc(c->n_imports, sizeof(*c->imports));
        ok = c->imports || problem_set(r->problem, EXIT_HOST, "out of memory");
    }
    for (uint32_t i = 0; ok && order && c->imports && i < c->n_imports; i++)
        ok = read_import(r, order[i], a, c, &c->imports[i]);
    free(order);
    return ok;
}

static bool read_compartments(const struct reader *r, struct appliance *a)
{
    int *order = NULL, list = fdt_child(r, 0, "compartments", true);
    bool ok = list >= 0 && index_children(r, list, BH_COMPARTMENTS_MAX, false, &order, &a->n_compartments);
    a->default_compartment = BH_COMPARTMENTS_MAX;
    for (uint32_t i = 0; ok && i < a->n_compartments; i++)
        ok = read_compartment(r, order[i], a, i);
    for (uint32_t i = 0; ok && i < a->n_compartments; i++)
        ok = read_imports(r, order[i], a, &a->compartments[i]);
    free(order);
    if (ok && a->default_compartment >= a->n_compartments)
        ok = fdt_bad(r, list, NULL, "none is the default compartment");
    return ok;
}

static bool read_share(const struct reader *r, int node, struct appliance *a, uint32_t i)
{
    struct share *s = &a->shares[i];
    uint64_t mask[1];
    s->index = i;
    if (!fdt_name(r, node, &s->name) || !fdt_pages(r, node, "size", BH_PAGE_SIZE, BH_WINDOW_SIZE, &s->size) ||
        !fdt_bits(r, node, "members", a->n_compartments, mask))
        return false;
    s->members = mask[0];
    s->everyone = fdt_has(r, node, "everyone");
    uint32_t n = (uint32_t)__builtin_popcountll(s->members);
    if (n == 0 || (s->everyone && n != a->n_compartments))
        return fdt_bad(r, node, "members", n ? "\"everyone\" has to list all" : "is empty");
    if (s->size / BH_PAGE_SIZE < n)
        return fdt_bad(r, node, "size", "less than a page for each of %" PRIu32 " members", n);
    for (uint32_t j = 0; j < i; j++)
        if (strcmp(s->name, a->shares[j].name) == 0)
            return fdt_bad(r, node, NULL, "the name is taken twice");
    return true;
}

static bool read_edge(const struct reader *r, int node, struct appliance *a, uint32_t i)
{
    struct edge *e = &a->edges[i];
    uint32_t last = a->n_compartments - 1, strategy, gate;
    e->index = i;
    if (!fdt_u32(r, node, "from", 0, last, &e->from) || !fdt_u32(r, node, "to", 0, last, &e->to) ||
        !fdt_word(r, node, "data", strategies, &strategy) || !fdt_word(r, node, "gate", gates, &gate) ||
        !fdt_pages(r, node, "arena", 0, BH_EDGE_SIZE_MAX - BH_EDGE_ARENA_OFF, &e->arena) ||
        !fdt_bits(r, node, "functions", a->compartments[e->to].n_exports, e->granted))
        return false;
    e->strategy = (enum bh_strategy)strategy;
    e->light = gate == 1;
    if (e->from == e->to)
        return fdt_bad(r, node, "to", "is the calling compartment itself");
    for (uint32_t j = 0; j < i; j++)
        if (a->edges[j].from == e->from && a->edges[j].to == e->to)
            return fdt_bad(r, node, NULL, "is the same edge as number %" PRIu32, j);
    return manifest_read_ports(r, node, e);
}

/* Shares or edges: nodes with an index each. */
static bool read_all(const struct reader *r, struct appliance *a, const char *name, uint32_t most, uint32_t *n,
                     bool (*read_one)(const struct reader *, int, struct appliance *, uint32_t))
{
    int *order = NULL, list = fdt_child(r, 0, name, false);
    bool ok = list < 0 || index_children(r, list, most, false, &order, n);
    for (uint32_t i = 0; ok && order && i < *n; i++)
        ok = read_one(r, order[i], a, i);
    free(order);
    return ok;
}

static bool read_root(const struct reader *r, struct appliance *a)
{
    if (fdt_node_check_compatible(r->fdt, 0, "bulkhead,appliance-1") != 0)
        return fdt_bad(r, 0, "compatible", "is not \"bulkhead,appliance-1\"");
    if (!fdt_text(r, 0, "appliance", BH_NAME_MAX - 1, &a->name) || !fdt_text(r, 0, "toml", PATH_MAX - 1, &a->toml) ||
        !fdt_list(r, 0, "args", STRINGS_MAX, &a->args, &a->n_args) ||
        !fdt_list(r, 0, "env", STRINGS_MAX, &a->env, &a->n_env))
        return false;
    for (uint32_t i = 0; i < a->n_env; i++)
        if (!strchr(a->env[i], '='))
            return fdt_bad(r, 0, "env", "\"%s\" is not NAME=VALUE", a->env[i]);
    return true;
}

bool manifest_parse(const void *blob, size_t size, const char *path, struct appliance *a, struct problem *p)
{
    struct reader r = {.fdt = blob, .path = path, .problem = p};
    memset(a, 0, sizeof(*a));
    a->manifest = path;
    a->blob = blob;
    a->blob_size = size;
    int error = size > MANIFEST_BYTES_MAX ? -FDT_ERR_BADSTRUCTURE : fdt_check_full(blob, size);
    if (error)
        return problem_set(p, EXIT_USAGE, "%s: is no manifest of an appliance: %s", path, fdt_strerror(error));
    return read_root(&r, a) && read_compartments(&r, a) &&
           read_all(&r, a, "shares", BH_SHARES_MAX, &a->n_shares, read_share) &&
           read_all(&r, a, "edges", BH_EDGES_MAX, &a->n_edges, read_edge) && manifest_read_net(&r, a) &&
           manifest_read_mounts(&r, a);
}

void manifest_release(struct appliance *a)
{
    for (uint32_t i = 0; i < BH_COMPARTMENTS_MAX; i++) {
        struct compartment *c = &a->compartments[i];
        free((void *)c->image);
        free(c->libraries);
        free(c->exports);
        free(c->imports);
    }
    free(a->args);
    free(a->env);
    free(a->net.forward);
    free(a->net.reach);
    memset(a, 0, sizeof(*a));
}

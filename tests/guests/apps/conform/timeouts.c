/* Conformance: calls that do not get a reply in time, are not granted, or are forged.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include <bh/core.h>

#include "check.h"
#include "conform.h"
#include "relay.h"
#include "bh/marshal.h"

/* A late reply must not reach the memory of a later call, and the arena must be whole again. */
static void late_reply(enum memory memory)
{
    const char *kind = memory_names[memory];
    size_t arena = edge_to("conform")->arena_size;
    bool whole = expected(PRIVATE, 1) == BH_OK;
    unsigned char *data = get(memory, 1000), *all = get(whole ? PRIVATE : SHARED, arena);
    unsigned before = conform_late_done();
    enum bh_status refused = expected(memory, 1000), want = refused ? refused : one_vm() ? BH_OK : BH_TIMED_OUT, got;
    int value = 7;

    fill(data, 1000, 1);
    uint64_t start = bh_now();
    got = TRY(20 * MS, value = conform_late(data, 1000, 500));
    uint64_t took = bh_now() - start;
    CHECK(got == want && value == (want ? 0 : 1), "timeout.%s.status", kind);
    CHECK(want != BH_TIMED_OUT || (took >= 20 * MS && took < 450 * MS), "timeout.%s.duration", kind);
    CHECK(conform_quick(1) == 2, "timeout.%s.other calls pass", kind);
    bool private_copy = memory == PRIVATE || edge_to("conform")->strategy == BH_DATA_COPY;
    for (int i = 0; i < 500 && conform_late_done() == before && !refused; i++)
        bh_sleep(10 * MS);
    bh_sleep(5 * MS);
    CHECK(refused || conform_late_done() == before + 1, "timeout.%s.callee ended", kind);
    CHECK(one_vm() || filled(data, 1000, refused || private_copy ? 1 : 9), "timeout.%s.memory", kind);
    fill(all, arena, 4);
    CHECK(conform_sum(all, arena) == sum(all, arena), "timeout.%s.arena is whole", kind);
    put(memory, data);
    put(whole ? PRIVATE : SHARED, all);
}

/* More calls given up than there are reply lines. */
static void give_up(unsigned number)
{
    (void)number;
    TRY(1 * MS, conform_sleep(1, 30));
}

/* Requests that no stub would send, with the core's own call. */
static enum bh_status forged(const char *to, uint16_t fn, const uint64_t *args)
{
    struct bh_outgoing call = {.edge = edge_to(to)->index, .fn = fn, .timeout = BH_FOREVER};
    for (unsigned i = 0; args && i < BH_GATE_ARGS; i++)
        call.args[i] = args[i];
    for (uint32_t n = 0; n < bh_gates.n_imports; n++)
        if (bh_gates.imports[n].edge == call.edge && bh_gates.imports[n].fn == fn) {
            call.gate = bh_gates.imports[n].gate;
            return bh_gate_call(&call);
        }
    return bh_core()->call(&call);
}

static uint16_t index_of(const char *to, bool granted)
{
    const struct bh_boot_edge *edge = edge_to(to);
    for (uint16_t fn = 0; fn < BH_FUNCTIONS_MAX; fn++)
        if ((edge->granted[fn / 64] >> fn % 64 & 1) == granted)
            return fn;
    return 0;
}

static void forgeries(void)
{
    /* No caller uses the last function of relay.edl, so it is not granted. */
    CHECK(!isolated() || forged("relay", index_of("relay", false), NULL) == BH_REFUSED, "refused.not granted");
    CHECK(!isolated() || forged("conform", 1000, NULL) == BH_REFUSED, "refused.no such function");
    CHECK(!isolated() || forged("conform", 65535, NULL) == BH_REFUSED, "refused.index out of range");
    int private = 1;
    const struct bh_boot_edge *relay = edge_to("relay");
    uint64_t arena = BH_EDGE_BASE(relay->index) + BH_EDGE_ARENA_OFF;
    const struct {
        const char *name;
        uint64_t address, size;
    } wrong[] = {
        {"private memory of the caller", (uint64_t) & private, 4},
        {"past the arena", arena + relay->arena_size - 8, 9},
        {"before the arena", arena - 1, 8},
        {"size wraps", arena + 64, UINT64_MAX - 8},
        {"the ring", BH_EDGE_BASE(relay->index), 64},
        {"callee's text", BH_COMPARTMENT_BASE(relay->to) + BH_IMAGE_OFF, 8},
        {"callee's stack", BH_STACK(relay->to, 0, 0x10000), 8},
        {"the core", BH_CORE_IMAGE_VA, 8},
        {"the kernel", BH_KERNEL_BASE, 8},
        {"not canonical", 0x8000000000000000, 8},
        {"another edge's arena", BH_EDGE_BASE(edge_to("conform")->index) + BH_EDGE_ARENA_OFF, 8},
        {"a share that the callee lacks", BH_SHARE_BASE(0), 8},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        uint64_t args[BH_GATE_ARGS] = {wrong[i].address, wrong[i].size};
        CHECK(!isolated() || forged("relay", 0, args) == BH_BAD_ARGUMENT, "forged.%s", wrong[i].name);
    }
    CHECK(relay_sleep(5, 0) == 5, "forged.edge still works");
}

void check_timeouts(void)
{
    late_reply(PRIVATE);
    late_reply(SHARED);
    int value = 0;
    CHECK(TRY(1000 * MS, value = conform_quick(1)) == BH_OK && value == 2, "timeout.not reached");
    CHECK(in_threads(20, give_up), "timeout.20 at once");
    CHECK(conform_sleep(4, 0) == 4, "timeout.after 20 at once");
    struct bh_try outer;
    bh_try_begin(&outer, BH_FOREVER);
    enum bh_status inner = TRY(5 * MS, conform_sleep(1, 20));
    CHECK(inner == (one_vm() ? BH_OK : BH_TIMED_OUT) && bh_try_end(&outer) == BH_OK, "try.nested");
    forgeries();
}

/* What is generated from tests/unit/marshal/sampler.edl: callbacks, calls that fail, callers that die.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "fn.h"
#include "rig.h"

#define FN(name) ((uint32_t)bh_fn_sampler_##name)
#define QUIET    (rig.arenas[0].n == 0 && rig.arenas[1].n == 0 && bh_handles_in_use(RIG_EDGE) == 0)

/* ---- Callbacks ------------------------------------------------------------------------------- */

static int visit_sum;

static int visit(void *context, int value)
{
    visit_sum += *(int *)context * value;
    return 1;
}

static int in_a_callback(int value)
{
    (void)value;
    return bh_backs && strcmp(bh_backs->site->function, "s_agree") == 0;
}

static int last_step;

static int step(int value)
{
    return value >= last_step ? value : s_nest(step, value + 1);
}

static int ten_times(int value)
{
    return 10 * value;
}

static long source(void *buffer, size_t size)
{
    memcpy(buffer, "from the caller", size < 15 ? size : 15);
    return size ? (long)size : -9;
}

static char sunk[300], sunk_name[20];
static const void *sunk_at;

static size_t sink(const void *buffer, size_t size, const char *name)
{
    sunk_at = buffer;
    memcpy(sunk, buffer, size);
    snprintf(sunk_name, sizeof(sunk_name), "%s", name ? name : "(none)");
    return size;
}

static void scale(s_point *p, double factor)
{
    p->x *= factor;
    p->y *= (float)factor;
}

static void callbacks(void)
{
    int factor = 10;
    char text[] = "argument";
    s_point p = {3, 5};

    CHECK(s_each(visit, &factor, 4) == 4 && visit_sum == 60 && rig.callbacks == 4);
    CHECK(s_each(NULL, &factor, 4) == 0);
    CHECK(s_pump(source, sink, 6) == 7 && strcmp(sunk_name, "some") == 0);
    CHECK(memcmp(sunk, "from t?", 7) == 0);
    CHECK(s_pump(source, sink, 0) == -9);
    CHECK(s_forward(sink, text, sizeof(text)) == sizeof(text) && strcmp(sunk, text) == 0);
    CHECK((const char *)sunk_at >= RIG_ARENA); /* passed on as it was, not copied once more */
    CHECK(strcmp(sunk_name, "forwarded") == 0);
    s_points(scale, &p);
    CHECK(p.x == 1.5 && p.y == 2.5f);
    CHECK(s_raw(step, 10) == 10 && s_raw(NULL, 1) == -1);
    CHECK(QUIET && rig.reports == 0);
}

static void callbacks_nested(void)
{
    struct bh_try t;

    last_step = BH_THUNKS; /* as many calls, one in the other, as there are thunks */
    CHECK(s_nest(step, 1) == BH_THUNKS);
    bh_try_begin(&t, BH_FOREVER);
    int result = s_nest(step, 0); /* one more */
    CHECK(bh_try_end(&t) == BH_NO_MEMORY && result == 0);
    CHECK(s_nest(step, 1) == BH_THUNKS && QUIET); /* all of them are free again */
}

/* A caller that has as many callbacks under way as it may does not keep another one from its own. */
static void test_a13_thunks_of_each_edge(void)
{
    static struct bh_thunk pool[2 * BH_THUNKS];
    uint32_t owners[2] = {0};
    struct bh_incoming greedy = {.edge = RIG_EDGE}, other = {.edge = RIG_EDGE + 2}, third = {.edge = RIG_EDGE + 1};
    struct bh_visit first = {.call = &greedy, .edge = rig.edge}, second = {.call = &other, .edge = rig.edge},
                    none = {.call = &third, .edge = rig.edge};

    for (int i = 0; i < (int)BH_THUNKS; i++)
        CHECK(bh_visit_thunk(&first, pool, owners, 2, 1) == i);
    CHECK(bh_visit_thunk(&first, pool, owners, 2, 1) == -1 && first.status == BH_NO_MEMORY);
    CHECK(bh_visit_thunk(&second, pool, owners, 2, 1) == BH_THUNKS && second.status == BH_OK);
    CHECK(pool[BH_THUNKS].edge == RIG_EDGE + 2 && pool[BH_THUNKS].busy);
    CHECK(bh_visit_thunk(&none, pool, owners, 2, 1) == -1 && none.status == BH_NO_MEMORY);
}

static void test_c1_kept_callbacks_are_told(void)
{
    CHECK(s_keep(ten_times) == 10 && !rig.logged[0]);
    CHECK(s_use_kept(1) == 0);
    CHECK(strstr(rig.logged, "library sampler calls back s_step() after the call that it was given to") != NULL);
    rig.logged[0] = '\0';
    CHECK(s_use_kept(1) == 0 && !rig.logged[0]); /* once */
}

static void test_c1_kept_pointers_lie_in_a_share(void)
{
    static char private[8] = "private";

    strcpy(RIG_SHARE, "shared");
    CHECK(s_lodge(RIG_SHARE, 7) == 0 && s_lodged() == 's');
    RIG_SHARE[0] = 'S'; /* it is the memory itself, not a copy */
    CHECK(s_lodged() == 'S');
    CHECK(s_lodge(private, 8) == -1 && rig.report.status == BH_UNANNOTATED);
    CHECK(strcmp(rig.report.argument, "kept") == 0 && strstr(rig.report.text, "the library keeps it") != NULL);
    CHECK(s_lodge(NULL, 0) == 0);
}

static void test_c9_callbacks_are_recorded(void)
{
    last_step = 3;
    CHECK(!bh_backs && s_nest(step, 1) == 3 && !bh_backs);
    CHECK(s_poll(in_a_callback, 0) == 1 && !bh_backs);
}

static void callbacks_fail(void)
{
    int factor = 1;

    rig.forced_back = BH_PEER_DIED; /* the callee goes on with the error= value, or 0 */
    CHECK(s_each(visit, &factor, 3) == -21 && s_nest(step, 5) == 0 && rig.reports == 0);
    rig.forced_back = BH_REFUSED;
    CHECK(s_nest(step, 5) == 0 && rig.reports == 1 && !rig.report.fatal);
    CHECK(rig.report.peer == 1 && strcmp(rig.report.function, "s_step") == 0);
    rig.forced_back = BH_OK;
    CHECK(s_keep(ten_times) == 10);
    CHECK(s_use_kept(1) == 0); /* kept after its call: no longer a callback */
    rig.edge->strategy = BH_DATA_STRICT;
    rig.reports = 0;
    CHECK(s_pump(source, sink, 6) == -1 && rig.report.status == BH_UNANNOTATED && rig.reports == 1);
    CHECK(QUIET);
}

/* ---- Failures -------------------------------------------------------------------------------- */

static void test_c5_try_of_a_void_function(void)
{
    enum bh_status status = BH_BUSY;

    bh_gate_try(&status, BH_FOREVER, sampler, s_nothing);
    CHECK(status == BH_OK);
    rig.forced = BH_PEER_DIED;
    bh_gate_try(&status, BH_FOREVER, sampler, s_nothing);
    CHECK(status == BH_PEER_DIED && !bh_try_current);
    CHECK(bh_gate_try(&status, BH_FOREVER, sampler, s_add, 1, 2) == 0 && status == BH_PEER_DIED);
    rig.forced = BH_OK;
    CHECK(bh_gate_try(&status, BH_FOREVER, sampler, s_add, 1, 2) == 3 && status == BH_OK);
}

static struct s_box *busy_box;
static enum bh_status busy_status;

static int free_the_box(int value)
{
    busy_status = BH_OK;
    bh_gate_try(&busy_status, BH_FOREVER, sampler, s_box_drop, busy_box);
    return value;
}

static void test_c6_words_about_handles(void)
{
    static struct s_box *boxes[BH_HANDLES_MAX];
    enum bh_status status;

    busy_box = s_box_new(1);
    s_box_apply(busy_box, free_the_box);
    CHECK(busy_status == BH_HANDLE_BUSY);
    s_box_drop(busy_box);
    CHECK(RIG_ENDS(s_box_value((struct s_box *)0x70003)) && rig.report.status == BH_BAD_HANDLE);
    CHECK(strcmp(rig.report.argument, "box") == 0 && strcmp(rig.report.text, "bad handle: it is 0x70003") == 0);
    for (unsigned i = 0; i < BH_HANDLES_MAX; i++)
        CHECK((boxes[i] = s_box_new(1)) != NULL);
    CHECK(bh_gate_try(&status, BH_FOREVER, sampler, s_box_new, 1) == NULL && status == BH_NO_HANDLE);
    for (unsigned i = 0; i < BH_HANDLES_MAX; i++)
        s_box_drop(boxes[i]);
    CHECK(QUIET);
}

/* A callback's argument that is too large is the library's doing, and no key of the edge helps. */
static void test_c3_callback_too_big(void)
{
    CHECK(s_flood(sink, BH_EDGE_CB_ARENA_SIZE + 1) == 0);
    CHECK(rig.reports == 1 && rig.report.kind == BH_REPORT_CALLBACK && rig.report.status == BH_TOO_BIG);
    CHECK(strstr(rig.report.text, "arena of 983040; put them into a share, or hand over less at a time") != NULL);
}

static void failures(void)
{
    char buf[4] = "old";
    int q = 9;

    rig_import(FN(s_add), 0, BH_NO_EDGE);
    rig_import(FN(s_sum), 0, BH_NO_EDGE);
    CHECK(RIG_ENDS(s_add(1, 2)) && rig.report.status == BH_NO_GATE && rig.report.peer == BH_NO_PEER);
    CHECK(RIG_ENDS(s_sum(buf, 4)) && rig.report.status == BH_NO_GATE && rig.calls == 0);
    rig.forced = BH_PEER_DIED;
    CHECK(RIG_ENDS(s_quick(1)) && strcmp(rig.report.text, "peer died") == 0);
    rig.reports = 0;
    CHECK(s_read(buf, 4, 4) == -1 && errno == EPIPE && rig.reports == 0 && strcmp(buf, "old") == 0);
    rig.forced = BH_REFUSED;
    CHECK(s_read(buf, 4, 4) == -1 && errno == EACCES && rig.reports == 1 && !rig.report.fatal);
    CHECK(RIG_ENDS(s_divide(1, 1, &q, NULL)) && q == 9 && QUIET);
    rig.reports = 0;
    rig.forced = BH_TIMED_OUT;
    CHECK(s_read(buf, 4, 4) == -1 && errno == ETIMEDOUT && rig.reports == 0);
    CHECK(rig.arenas[0].n == 1); /* the core's now: the callee may still write to it */
    /* Between protection keys it is the callee that says so, and it may not: nothing stays with the core. */
    rig.edge->flags |= BH_EDGE_KEYED;
    CHECK(s_read(buf, 4, 4) == -1 && errno == EACCES && rig.arenas[0].n == 1);
    rig.forced = (enum bh_status)99;
    CHECK(s_read(buf, 4, 4) == -1 && errno == EACCES && rig.arenas[0].n == 1);
    rig.edge->flags &= ~BH_EDGE_KEYED;
    rig.forced = BH_TIMED_OUT;
    rig.reports = 0;
}

static void tries(void)
{
    struct bh_try outer, inner;
    enum bh_status status;

    rig.forced = BH_PEER_DIED;
    bh_try_begin(&outer, 1000);
    CHECK(s_add(1, 2) == 0 && rig.timeout == 1000);
    rig.forced = BH_REFUSED;
    bh_try_begin(&inner, 2000);
    CHECK(s_add(1, 2) == 0 && rig.timeout == 2000);
    CHECK(bh_try_end(&inner) == BH_REFUSED);
    CHECK(s_add(1, 2) == 0);
    CHECK(bh_try_end(&outer) == BH_PEER_DIED && rig.reports == 0); /* the first one */
    rig.forced = BH_OK;
    CHECK(bh_gate_try(&status, 77, sampler, s_add, 20, 22) == 42 && status == BH_OK && rig.timeout == 77);
    rig.forced = BH_TIMED_OUT;
    CHECK(bh_gate_try(&status, 77, sampler, s_add, 20, 22) == 0 && status == BH_TIMED_OUT);
    CHECK(strcmp(bh_status_text(status), "timed out") == 0 && bh_status_text((enum bh_status)99));
}

static void *taken;

static void give_it_back(void)
{
    bh_core()->arena_free(RIG_EDGE, BH_ARENA_CALLS, taken);
    taken = NULL;
}

/* Calls that timed out may keep the arena for ever: a time-out holds there as well. */
static void no_room_in_the_arena(void)
{
    const char bytes[] = {1, 2, 3};
    struct bh_try t;
    taken = bh_core()->arena_alloc(RIG_EDGE, BH_ARENA_CALLS, RIG_ARENA_SIZE);
    bh_try_begin(&t, 5000);
    CHECK(s_sum(bytes, 3) == 0 && bh_try_end(&t) == BH_TIMED_OUT && rig.now == 5000 && rig.calls == 0);
    CHECK(rig.waited_for == RIG_ARENA && rig.reports == 0);
    rig.on_wait = give_it_back;
    bh_try_begin(&t, 5000);
    CHECK(s_sum(bytes, 3) == 6 && bh_try_end(&t) == BH_OK && rig.timeout == 4000 && !taken && QUIET);
}

/* ---- A caller that died ---------------------------------------------------------------------- */

static int die_meanwhile(int value)
{
    bh_handles_caller_died((void *)(uintptr_t)RIG_EDGE);
    return bh_handles_in_use(RIG_EDGE) == 1 ? value : -1000; /* the box of this call is still there */
}

/* Last: nobody calls on an edge whose caller is dead. */
static void caller_died(void)
{
    struct s_stream stream = {0};
    struct s_box *box = s_box_new(5);
    CHECK(s_box_new(6) && s_open(&stream, 1) == 1);
    int n = (int)bh_handles_in_use(RIG_EDGE);
    s_ended = 0;
    CHECK(n >= 3 && s_box_apply(box, die_meanwhile) == 10 && s_ended == n);
    CHECK(bh_handles_in_use(RIG_EDGE) == 0 && QUIET);
    bh_handles_caller_died((void *)(uintptr_t)BH_EDGES_MAX);
}

int main(void)
{
    rig_start();
    RUN_ONE(callbacks);
    RUN_ONE(callbacks_nested);
    RUN_ONE(test_a13_thunks_of_each_edge);
    RUN_ONE(test_c1_kept_callbacks_are_told);
    RUN_ONE(test_c1_kept_pointers_lie_in_a_share);
    RUN_ONE(test_c9_callbacks_are_recorded);
    RUN_ONE(callbacks_fail);
    RUN_ONE(failures);
    RUN_ONE(test_c3_callback_too_big);
    RUN_ONE(test_c5_try_of_a_void_function);
    RUN_ONE(test_c6_words_about_handles);
    RUN_ONE(tries);
    RUN_ONE(no_room_in_the_arena);
    RUN_ONE(caller_died);
    return CHECK_RESULT();
}

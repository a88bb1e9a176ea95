/* Stubs and dispatch entries generated from tests/unit/marshal/sampler.edl, against each other.
 * Callbacks and calls that fail: test_marshal_calls.c; hostile peers: test_marshal_hostile.c.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include "fn.h"
#include "rig.h"

#define FN(name) ((uint32_t)bh_fn_sampler_##name)
#define QUIET    (rig.arenas[0].n == 0 && rig.arenas[1].n == 0 && bh_handles_in_use(RIG_EDGE) == 0)

/* ---- Values ---------------------------------------------------------------------------------- */

static void values(void)
{
    CHECK(s_mix(-1, 255, -300, -70000, 4000000000u, true, S_GREEN, -5000000000l) ==
          -1 + 510 - 900 - 280000 + 20000000000l + 6 + 35 - 40000000000l);
    CHECK(s_scale(1.5, -2.25f) == 1.5 * -2.25);
    CHECK(s_add(-5, 3) == -2);
    CHECK(rig.last_args[0] == UINT64_MAX - 4 && rig.last_args[2] == 0);
    CHECK(s_quick(7) == -7);
    s_nothing();
    CHECK(s_untouched(&rig) == &rig);
    CHECK(s_null(NULL) == 1);
    CHECK(bh_gate(sampler, s_add, 1, 2) == 3);
    CHECK(rig.timeout == BH_FOREVER && rig.reports == 0 && QUIET);
    CHECK(bh_exports[FN(s_quick)].flags == BH_EXPORT_NONBLOCKING && bh_exports[FN(s_add)].flags == 0);
    CHECK(strcmp((const char *)bh_exports[FN(s_sum)].name, "s_sum") == 0);
}

static int direct_add(int a, int b)
{
    return 1000 + a + b;
}

static void direct(void)
{
    rig_import(FN(s_add), (uint64_t)direct_add, BH_NO_EDGE);
    CHECK(s_add(1, 2) == 1003 && rig.calls == 0);
}

/* ---- Buffers --------------------------------------------------------------------------------- */

static void buffers(void)
{
    unsigned char from[] = {1, 2, 3, 4, 5, 6}, to[8];
    int v[] = {1, -2, 3};
    uint32_t m[] = {1, 10, 100, 1000, 10000, 100000};
    size_t size = sizeof(to);

    CHECK(s_sum(from, sizeof(from)) == 21);
    CHECK(rig.last_args[0] >= (uint64_t)RIG_ARENA);
    memset(to, 'u', sizeof(to));
    s_fill(to, 5, 'f');
    CHECK(memcmp(to, "fffffuuu", 8) == 0);
    s_double(v, 3);
    CHECK(v[0] == 2 && v[1] == -4 && v[2] == 6);
    CHECK(s_matrix(m, 2, 3) == 111111);
    memset(to, 'u', sizeof(to));
    CHECK(s_pack(to, &size, from, 3) == 0 && size == 3);
    CHECK(memcmp(to, "\3\7\13uuuuu", 8) == 0);
    char sixteen[17] = {0};
    s_sixteen(sixteen);
    CHECK(strcmp(sixteen, "0123456789abcdef") == 0);
    CHECK(QUIET);
}

static void buffers_used(void)
{
    char buf[8];
    unsigned used;

    memset(buf, 'u', sizeof(buf));
    CHECK(s_read(buf, sizeof(buf), 3) == 3 && memcmp(buf, "rrruuuuu", 8) == 0);
    memset(buf, 'u', sizeof(buf));
    CHECK(s_read(buf, 4, 1000000) == -1 && memcmp(buf, "uuuuuuuu", 8) == 0); /* never more than size */
    CHECK(rig.report.status == BH_BAD_RESULT && errno == EPROTO);
    errno = 0;
    memset(buf, 'u', sizeof(buf));
    CHECK(s_read(buf, sizeof(buf), -ENOTTY) == -1 && errno == ENOTTY && buf[0] == 'u');
    errno = 11;
    CHECK(s_read(buf, 1, 1) == 1 && errno == 11); /* untouched without an error */
    s_snapshot_out((unsigned char *)buf, 6, &used);
    CHECK(used == 3 && memcmp(buf, "ooouuuuu", 8) == 0);
    CHECK(QUIET);
}

static void buffers_null_and_empty(void)
{
    CHECK(s_is_null(NULL, 0) && s_is_null(NULL, 10));
    char c = 0;
    CHECK(!s_is_null(&c, 0));
    CHECK(rig.arenas[0].n == 0);
    rig.edge->strategy = BH_DATA_STRICT;
    CHECK(!s_is_null(&c, 0)); /* no byte of private memory crosses */
    CHECK(s_sum(NULL, 0) == 0);
}

static void zero_copy(void)
{
    memset(RIG_SHARE, 3, 100);
    CHECK(s_sum(RIG_SHARE, 100) == 300 && rig.last_args[0] == (uint64_t)RIG_SHARE);
    s_fill(RIG_SHARE + RIG_SHARE_SIZE - 16, 16, 'z');
    CHECK(rig.last_args[0] == (uint64_t)RIG_SHARE + RIG_SHARE_SIZE - 16);
    CHECK(RIG_SHARE[RIG_SHARE_SIZE - 1] == 'z');
    memset(RIG_SHARE, 'a', 8);
    CHECK(s_snapshot((unsigned char *)RIG_SHARE, 4) == 1 && memcmp(RIG_SHARE, "bbbbaaaa", 8) == 0);
    unsigned used;
    s_snapshot_out((unsigned char *)RIG_SHARE, 6, &used);
    CHECK(memcmp(RIG_SHARE, "ooobaaaa", 8) == 0);
    CHECK(QUIET);
}

static void too_big(void)
{
    static char big[RIG_ARENA_SIZE + 1];
    static unsigned char many[300];
    size_t size = RIG_ARENA_SIZE; /* with the other argument's copy it is too much */

    CHECK(s_sum(big, RIG_ARENA_SIZE) == 0 && rig.reports == 0);
    CHECK(RIG_ENDS(s_sum(big, sizeof(big))));
    CHECK(rig.report.status == BH_TOO_BIG && rig.report.kind == BH_REPORT_REFUSED && rig.report.fatal);
    CHECK(strcmp(rig.report.function, "s_sum") == 0 && strcmp(rig.report.argument, "data") == 0);
    CHECK(rig.report.size == sizeof(big) && rig.report.address == (uint64_t)big);
    CHECK(rig.report.compartment == 1 && rig.report.peer == 2 && rig.report.thread == 5);
    CHECK(strstr(rig.report.text, "65537 bytes do not fit the edge's arena of 65536"));
    CHECK(RIG_ENDS(s_pack((unsigned char *)big, &size, many, 100)) && strcmp(rig.report.argument, "to") == 0);
    CHECK(strstr(rig.report.text, "65536 bytes and the other arguments do not fit"));
    int v = 1;
    CHECK(RIG_ENDS(s_double(&v, -1)) && strstr(rig.report.text, "negative"));
    CHECK(RIG_ENDS(s_sum(big, SIZE_MAX - 3)) && rig.report.status == BH_TOO_BIG);
    CHECK(RIG_ENDS(s_matrix((uint32_t *)big, 0xffffffff, 0xffffffff)) && rig.report.status == BH_TOO_BIG);
    CHECK(rig.calls == 1 && QUIET);
}

static void strict(void)
{
    int private_number = 4, *shared_number = (int *)RIG_SHARE;
    char text[] = "private";

    rig.edge->strategy = BH_DATA_STRICT;
    CHECK(RIG_ENDS(s_sum(text, sizeof(text))) && rig.report.status == BH_UNANNOTATED);
    CHECK(strcmp(rig.report.argument, "data") == 0 && rig.report.address == (uint64_t)text);
    CHECK(RIG_ENDS(s_length(text)) && strcmp(rig.report.argument, "text") == 0);
    CHECK(RIG_ENDS(s_divide(7, 2, shared_number, &private_number)) && strcmp(rig.report.argument, "remainder") == 0);
    s_divide(7, 2, shared_number, NULL);
    CHECK(*shared_number == 3);
    strcpy(RIG_SHARE, "shared");
    CHECK(s_length(RIG_SHARE) == 6);
    CHECK(strcmp(s_word(1), "one") == 0); /* results may come back */
    CHECK(s_add(1, 1) == 2);
    struct s_record *record = memset(RIG_SHARE + 64, 0, sizeof(*record));
    record->name = text;
    CHECK(RIG_ENDS(s_fill_record(record)) && strcmp(rig.report.argument, "record->name") == 0);
    CHECK(QUIET);
}

/* ---- Strings and objects --------------------------------------------------------------------- */

static void strings(void)
{
    static char longest[BH_STRING_IN_MAX + 1];

    for (size_t n = 0; n < 400; n++) {
        memset(longest, 'l', n);
        longest[n] = '\0';
        CHECK(s_length(longest) == n);
    }
    CHECK(s_length(NULL) == (size_t)-1);
    rig.edge->strategy = BH_DATA_COPY;
    memset(longest, 'l', BH_STRING_IN_MAX);
    CHECK(RIG_ENDS(s_length(longest)) && strstr(rig.report.text, "at most 65536 can cross"));
    longest[BH_STRING_IN_MAX - 1] = '\0';
    CHECK(s_length(longest) == BH_STRING_IN_MAX - 1);

    const char *one = s_word(1);
    CHECK(strcmp(one, "one") == 0 && s_word(1) == one && strcmp(s_word(2), "two") == 0 && !s_word(3));
    const char *cut = s_word(1000);
    CHECK(strlen(cut) == BH_STRING_MAX - 1 && strcmp(cut + BH_STRING_MAX - 5, "x...") == 0);
    CHECK(QUIET);
}

static void objects(void)
{
    int q = -1, r = -1;
    short a = 5;
    double b = -7.0;

    s_divide(-17, 5, &q, &r);
    CHECK(q == -3 && r == -2);
    s_divide(9, 5, NULL, &r);
    CHECK(q == -3 && r == 4);
    CHECK(s_bump(&a, &b) == 3 && a == -2);
    CHECK(s_bump(NULL, &b) == 1 && s_bump(&a, NULL) == 2 && s_bump(NULL, NULL) == 0 && a == -2);
}

/* ---- Structs --------------------------------------------------------------------------------- */

static int some_function(void)
{
    return 0;
}

static void structs(void)
{
    char text[8] = "uuuuuuu";
    uint16_t numbers[] = {1000, 2000, 3000};
    struct s_record record = {.id = 200,
                              .total = -5,
                              .answer = 77,
                              .name = "a name",
                              .comment = "old",
                              .text = text,
                              .numbers = numbers,
                              .n_numbers = 3,
                              .room = 8,
                              .filled = 99,
                              .tag = "tags",
                              .cookie = &record};

    CHECK(s_fill_record(&record) == 6);
    CHECK(record.id == 200 && record.total == 5995 && record.answer == -200 && record.filled == 4);
    CHECK(strcmp(record.name, "a name") == 0 && strcmp(record.comment, "named") == 0);
    CHECK(strcmp(text, "textuuu") == 0 && strcmp(record.tag, "uags") == 0);
    CHECK(record.text == text && record.numbers == numbers && record.cookie == &record);
    CHECK(s_fill_record(NULL) == -1);
    CHECK(s_total(&record) == 5995 && s_total(NULL) == -1); /* the view leaves `id` out */
    s_point p = {1.5, -2.5f};
    s_mirror(&p);
    CHECK(p.x == -1.5 && p.y == 2.5f);
    record.reserved = some_function;
    CHECK(RIG_ENDS(s_fill_record(&record)) && rig.report.status == BH_BAD_ARGUMENT);
    CHECK(strcmp(rig.report.argument, "record->reserved") == 0 && strstr(rig.report.text, "NULL"));
    CHECK(RIG_ENDS(s_null(&p)) && strcmp(rig.report.argument, "p") == 0);
    CHECK(QUIET);
}

/* A struct in a share is the peer's to write: its pointers must not lead into private memory. */
static void struct_in_share(void)
{
    char secret[8] = "secret";
    struct s_record *record = memset(RIG_SHARE, 0, sizeof(*record));

    record->text = secret;
    record->room = sizeof(secret);
    CHECK(RIG_ENDS(s_fill_record(record)) && rig.report.status == BH_UNANNOTATED);
    CHECK(strstr(rig.report.text, "a struct in a share points to it") && strcmp(secret, "secret") == 0);
    record->text = RIG_SHARE + 512;
    CHECK(s_fill_record(record) == 0 && memcmp(record->text, "text", 4) == 0);
}

/* ---- Handles --------------------------------------------------------------------------------- */

static void handles(void)
{
    struct s_box *a = s_box_new(11), *b = NULL;

    CHECK(a && (uintptr_t)a < UINT32_MAX); /* a number, no address */
    CHECK(s_box_open(22, &b) == 0 && b && b != a);
    CHECK(s_box_value(a) == 11 && s_box_value(b) == 22 && s_box_value(NULL) == -1);
    CHECK(!s_box_new(-1) && s_box_open(-1, &b) == -1 && !b && bh_handles_in_use(RIG_EDGE) == 2);
    CHECK(s_box_free(a, 1) == -1 && s_box_value(a) == 11); /* success= says that it still exists */
    CHECK(s_box_free(a, 0) == 0);
    CHECK(RIG_ENDS(s_box_value(a)) && rig.report.status == BH_BAD_HANDLE);
    struct s_box *again = s_box_new(33);
    CHECK(RIG_ENDS(s_box_free(a, 0)) && rig.report.status == BH_BAD_HANDLE); /* stale, even if reused */
    CHECK(s_box_value(again) == 33 && s_box_free(again, 0) == 0);
    CHECK(RIG_ENDS(s_box_value((struct s_box *)0x70007)));
    CHECK(RIG_ENDS(s_box_value((struct s_box *)(uintptr_t)&rig)));
    CHECK(bh_handles_in_use(RIG_EDGE) == 1);
    struct bh_incoming call = {.args = {(2u << 16) | 1}};
    CHECK(rig_raw(FN(s_box_free), &call) == BH_BAD_HANDLE || bh_handles_in_use(RIG_EDGE) == 0);
}

static void handle_limit(void)
{
    static struct s_box *boxes[BH_HANDLES_MAX];
    struct bh_try t;

    uint32_t before = bh_handles_in_use(RIG_EDGE);
    for (uint32_t i = 0; i < BH_HANDLES_MAX - before; i++)
        CHECK((boxes[i] = s_box_new((int)i)) != NULL);
    bh_try_begin(&t, BH_FOREVER);
    CHECK(!s_box_new(1) && bh_try_end(&t) == BH_NO_HANDLE);
    for (uint32_t i = 0; i < BH_HANDLES_MAX - before; i++)
        CHECK(s_box_value(boxes[i]) == (int)i && s_box_free(boxes[i], 0) == 0);
    CHECK(bh_handles_in_use(RIG_EDGE) == before);
}

static struct s_box *held_box;

static int free_it_meanwhile(int value)
{
    struct bh_try t;
    bh_try_begin(&t, BH_FOREVER);
    int other = s_box_value(held_box); /* using it as well is fine */
    s_box_free(held_box, 0);
    return bh_try_end(&t) == BH_HANDLE_BUSY ? other : -1;
}

static void handle_in_use(void)
{
    held_box = s_box_new(40);
    CHECK(s_box_apply(held_box, free_it_meanwhile) == 80);
    CHECK(s_box_free(held_box, 0) == 0 && QUIET);
}

static void streams(void)
{
    unsigned char in[] = "streaming data", out[32];
    /* next_out, avail_*: not initialised, and not looked at by s_open */
    struct s_stream stream = {.next_in = (void *)0xdead, .avail_in = 12345, .next_out = (void *)0xbeef};
    struct s_stream copy;
    unsigned n = sizeof(in);

    CHECK(s_open(&stream, -1) == -1 && !stream.state && QUIET);
    stream.avail_out = 99999999;
    CHECK(s_open(&stream, 3) == 1 && stream.state);
    stream = (struct s_stream){in, n, out, 5, NULL, stream.state};
    memset(out, 'u', sizeof(out));
    CHECK(s_run(&stream) == (int)n - 5);
    CHECK(stream.next_in == in + 5 && stream.avail_in == n - 5 && stream.next_out == out + 5 && !stream.avail_out);
    CHECK(out[0] == ('s' ^ 3) && out[5] == 'u' && !stream.message);
    CHECK(s_copy(&copy, &stream) == 0 && copy.next_in == in + 5 && copy.state != stream.state);
    stream.avail_out = copy.avail_out = (unsigned)sizeof(out) - 5;
    CHECK(s_peek(&stream) == in[5]);
    CHECK(s_run(&stream) == 0 && s_run(&stream) == 0 && strcmp(stream.message, "no input") == 0);
    CHECK(out[n - 1] == 3 && out[n] == 'u' && stream.avail_out == sizeof(out) - n);
    CHECK(s_run(&copy) == 0 && copy.next_out == out + n);
    CHECK(s_close(&stream) == 0 && !stream.state);
    CHECK(s_run(&stream) == -100); /* no handle: the library gets NULL */
    CHECK(s_close(&copy) == 0 && s_close(NULL) == -2 && QUIET);
}

static void stream_zero_copy(void)
{
    struct s_stream stream = {0};
    memset(RIG_SHARE, 'i', 64);
    CHECK(s_open(&stream, 0) == 0);
    rig.edge->arena_size = RIG_ARENA_SIZE;
    stream.next_in = (unsigned char *)RIG_SHARE;
    stream.next_out = (unsigned char *)RIG_SHARE + 1000;
    stream.avail_in = stream.avail_out = 64;
    CHECK(s_run(&stream) == 0 && stream.next_out == (unsigned char *)RIG_SHARE + 1064);
    CHECK(memcmp(RIG_SHARE, RIG_SHARE + 1000, 64) == 0);
    CHECK(s_close(&stream) == 0 && QUIET);
}

int main(void)
{
    rig_start();
    RUN_ONE(values);
    RUN_ONE(direct);
    RUN_ONE(buffers);
    RUN_ONE(buffers_used);
    RUN_ONE(buffers_null_and_empty);
    RUN_ONE(zero_copy);
    RUN_ONE(too_big);
    RUN_ONE(strict);
    RUN_ONE(strings);
    RUN_ONE(objects);
    RUN_ONE(structs);
    RUN_ONE(struct_in_share);
    RUN_ONE(handle_in_use);
    RUN_ONE(streams);
    RUN_ONE(stream_zero_copy);
    RUN_ONE(handles);
    RUN_ONE(handle_limit);
    return CHECK_RESULT();
}

/* Conformance: structs by pointer, and structs that are handles.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "check.h"
#include "conform.h"

/* All parts of a record in one kind of memory. */
struct parts {
    struct conform_record record;
    char name[8];
    unsigned char text[40];
};

static struct parts *new_parts(enum memory memory)
{
    struct parts *p = (struct parts *)get(memory, sizeof(*p));
    *p = (struct parts){.record = {.id = 7,
                                   .total = 1ll << 40,
                                   .answer = -1,
                                   .room = 40,
                                   .filled = 99,
                                   .tag = "abcdefg",
                                   .cookie = &p->text,
                                   .unlisted = 5},
                        .name = "name"};
    memset(p->text, 0xaa, sizeof(p->text));
    p->record.name = p->name;
    p->record.text = p->text;
    return p;
}

static void record(enum memory memory)
{
    const char *kind = memory_names[memory];
    enum bh_status want = expected(memory, 1);
    struct parts *p = new_parts(memory);
    struct conform_record *r = &p->record;
    size_t result = 0;
    bool in_place = !isolated() ||
                    (memory == SHARED && want == expected(SHARED, 1) && edge_to("conform")->strategy != BH_DATA_COPY);

    CHECK(TRY(BH_FOREVER, result = conform_record(r)) == want && (want || result == (isolated() ? 4 : 1004)),
          "struct.%s.call", kind);
    bool crossed =
        r->total == (1ll << 40) + 7 && r->answer == 3.5 && r->filled == 20 && !memcmp(r->tag, "\0gfedcba", 8);
    bool untouched = r->total == 1ll << 40 && r->answer == -1 && r->filled == 99 && !strcmp(r->tag, "abcdefg");
    CHECK(want ? untouched : crossed, "struct.%s.members", kind);
    CHECK(r->id == 7 && r->unlisted == 5 && r->name == p->name && r->text == p->text && r->cookie == p->text,
          "struct.%s.other members", kind);
    size_t back = want ? 0 : in_place ? 40 : 20;
    bool rest = true;
    for (size_t i = back; i < 40; i++)
        rest &= p->text[i] == 0xaa;
    CHECK(filled(p->text, back, 3) && rest, "struct.%s.buffer member", kind);

    int64_t total = 0;
    r->total = 77;
    CHECK(TRY(BH_FOREVER, total = conform_record_total(r)) == want && total == (want ? 0 : 77), "struct.%s.view", kind);
    r->reserved = r;
    enum bh_status refused = !isolated() ? BH_OK : want ? want : BH_BAD_ARGUMENT;
    CHECK(TRY(BH_FOREVER, conform_record(r)) == refused, "struct.%s.null member", kind);
    put(memory, p);
}

/* A struct in a share could be changed by the peer at any time: it must not lead to private memory. */
static void mixed(void)
{
    struct parts *shared = new_parts(SHARED), *private = new_parts(PRIVATE);
    bool in_share = isolated() && edge_to("conform")->strategy != BH_DATA_COPY;
    shared->record.name = private->name;
    CHECK(TRY(BH_FOREVER, conform_record(&shared->record)) == (in_share ? BH_UNANNOTATED : BH_OK),
          "struct.shared with private member");
    put(SHARED, shared);
    put(PRIVATE, private);
}

struct stream_parts {
    struct conform_stream stream, copy;
    unsigned char in[100], out[100];
};

static void stream(enum memory memory)
{
    const char *kind = memory_names[memory];
    enum bh_status want = expected(memory, 1);
    struct stream_parts *p = (struct stream_parts *)get(memory, sizeof(*p));
    struct conform_stream *s = &p->stream;
    int result = -9;

    memset(p, 0, sizeof(*p));
    fill(p->in, 100, 0);
    CHECK(TRY(BH_FOREVER, result = conform_open(s, -5)) == want && (want || (result == -1 && !s->state)),
          "stream.%s.not made", kind);
    CHECK(want || !strcmp(s->message, "a key is not negative"), "stream.%s.message", kind);
    CHECK(TRY(BH_FOREVER, result = conform_open(s, 0x40)) == want && (want || (result == 0 && s->state)),
          "stream.%s.made", kind);
    s->next_in = p->in, s->avail_in = 100;
    s->next_out = p->out, s->avail_out = 60;
    CHECK(TRY(BH_FOREVER, result = conform_step(s)) == want && (want || result == 60), "stream.%s.step", kind);
    CHECK(want || (s->next_in == p->in + 60 && s->avail_in == 40 && s->next_out == p->out + 60 && s->avail_out == 0 &&
                   !strcmp(s->message, "more to do")),
          "stream.%s.cursors", kind);
    CHECK(TRY(BH_FOREVER, result = conform_copy(&p->copy, s)) == want && (want || (result == 0 && p->copy.state)),
          "stream.%s.copied", kind);
    CHECK(want || (p->copy.state != s->state && (!isolated() || p->copy.next_in == s->next_in)), "stream.%s.copy",
          kind);
    if (!want) {
        p->copy.next_in = p->in + 60, p->copy.avail_in = 40;
        p->copy.next_out = p->out + 60, p->copy.avail_out = 40;
        result = conform_step(&p->copy);
    }
    CHECK(want || (result == 40 && p->copy.avail_in == 0 && p->copy.avail_out == 0), "stream.%s.step of copy", kind);
    bool right = true;
    for (int i = 0; i < 100 && !want; i++)
        right &= p->out[i] == (p->in[i] ^ (i < 60 ? 0x40 : 0x41));
    CHECK(right, "stream.%s.bytes", kind);
    CHECK(want || (conform_close(s) == 0 && conform_close(&p->copy) == 0 && !s->state), "stream.%s.freed", kind);
    put(memory, p);
}

void check_structs(void)
{
    for (enum memory memory = PRIVATE; memory <= SHARED; memory++) {
        record(memory);
        stream(memory);
    }
    mixed();
}

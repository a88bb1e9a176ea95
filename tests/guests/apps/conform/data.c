/* Conformance: scalars, buffers of all sizes and directions, strings, NULL, zero copy.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bh/core.h>

#include "check.h"
#include "conform.h"
#include "relay.h"

static void scalars(void)
{
    CHECK(conform_zero() == 42, "scalars.none");
    CHECK(conform_six(1, 2, 3, 4, 5, 1ull << 60) == 55 + 6 * (1ull << 60), "scalars.six");
    CHECK(conform_narrow(-1, 255, -2, 65535, INT32_MIN, UINT32_MAX) ==
              -1 + 255 - 2 + 65535 + (int64_t)INT32_MIN + (int64_t)UINT32_MAX,
          "scalars.narrow");
    CHECK(conform_halves(5.5, -1.25f) == 2.125, "scalars.floating");
    CHECK(conform_quick(-3) == -2, "nonblocking");
    errno = 0;
    CHECK(conform_failing(ERANGE) == -1 && errno == ERANGE, "errno");
}

static const size_t guard = 64;

/* One buffer through each direction. Where the call is refused, the caller's memory is as before. */
static void buffer(enum memory memory, const char *size_name, size_t size)
{
    const char *kind = memory_names[memory];
    enum bh_status want = expected(memory, size), got;
    unsigned char *data = get(memory, size + guard);
    uint64_t value = 0;

    fill(data, size + guard, 5);
    got = TRY(BH_FOREVER, value = conform_sum(data, size));
    CHECK(got == want && value == (want ? 0 : sum(data, size)), "in.%s.%s", kind, size_name);
    got = TRY(BH_FOREVER, conform_fill(data, size, 99));
    CHECK(got == want && filled(data, size, want ? 5 : 99), "out.%s.%s", kind, size_name);
    fill(data, size, 5);
    got = TRY(BH_FOREVER, conform_invert(data, size));
    if (got == BH_OK)
        for (size_t i = 0; i < size; i++)
            data[i] = (unsigned char)~data[i];
    CHECK(got == want && filled(data, size + guard, 5), "in,out.%s.%s", kind, size_name);
    put(memory, data);
}

static void buffers(enum memory memory)
{
    size_t arena = edge_to("conform")->arena_size;
    const struct {
        const char *name;
        size_t size;
    } sizes[] = {{"0", 0},       {"1", 1},           {"63", 63},       {"64", 64},
                 {"4095", 4095}, {"64KiB", 0x10000}, {"arena", arena}, {"arena+1", arena + 1}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        buffer(memory, sizes[i].name, sizes[i].size);
}

static void counts(enum memory memory)
{
    const char *kind = memory_names[memory];
    int *numbers = (int *)get(memory, 100 * sizeof(int)), squared = 1;
    unsigned char *part = get(memory, 100);
    int64_t total = 0;
    long used = 0;

    for (int i = 0; i < 100; i++)
        numbers[i] = i - 50;
    enum bh_status want = expected(memory, 400);
    CHECK(TRY(BH_FOREVER, total = conform_total(numbers, 100)) == want && total == (want ? 0 : -50), "count.in.%s",
          kind);
    CHECK(TRY(BH_FOREVER, conform_squares(numbers, 100)) == want, "count.in,out.%s", kind);
    for (int i = 0; i < 100; i++)
        squared &= numbers[i] == (want ? i - 50 : (i - 50) * (i - 50));
    CHECK(squared, "count.in,out.%s.values", kind);

    /* Only the used part is copied back into private memory; a share is written in place. */
    bool in_place =
        want == BH_OK && (!isolated() || (memory == SHARED && edge_to("conform")->strategy != BH_DATA_COPY));
    for (long n = -1; n <= 100; n += n < 0 ? 41 : 60) {
        fill(part, 100, 200);
        CHECK(TRY(BH_FOREVER, used = conform_part(part, 100, n)) == want && used == (want ? 0 : n), "used.%s.%ld", kind,
              n);
        size_t back = want ? 0 : in_place ? 100 : n < 0 ? 0 : (size_t)n;
        unsigned char rest = (unsigned char)(200 + 7 * back);
        CHECK(filled(part, back, 1) && filled(part + back, 100 - back, rest), "used.%s.%ld.bytes", kind, n);
    }
    put(memory, numbers);
    put(memory, part);
}

static void several(enum memory memory)
{
    const char *kind = memory_names[memory];
    unsigned char *a = get(memory, 100), *b = get(memory, 200), *to = get(memory, 300);
    size_t *size = (size_t *)get(memory, sizeof(*size));
    enum bh_status want = expected(memory, 300);
    uint64_t value = 0;
    int result = -2;

    fill(a, 100, 1);
    fill(b, 200, 1 + 700 % 256);
    memset(to, 0, 300);
    CHECK(TRY(BH_FOREVER, value = conform_join(a, 100, b, 200, to, 300)) == want &&
              (want || (value == sum(to, 300) && filled(to, 300, 1))),
          "several.%s", kind);
    memset(to, 0x33, 300);
    *size = 150;
    CHECK(TRY(BH_FOREVER, result = conform_pack(to, size, b, 200)) == want && (want || (result == 0 && *size == 100)),
          "size=*.%s", kind);
    CHECK(want || (to[0] == b[0] && to[99] == b[198] && (to[100] == 0x33 || to[100] == 0xee)), "used=*.%s", kind);
    put(memory, a), put(memory, b), put(memory, to), put(memory, size);
}

static void objects(enum memory memory)
{
    const char *kind = memory_names[memory];
    int *numbers = (int *)get(memory, 2 * sizeof(int));
    char *text = (char *)get(memory, 70000);
    enum bh_status want = expected(memory, 1);
    size_t length = 0;

    numbers[0] = numbers[1] = -9;
    CHECK(TRY(BH_FOREVER, conform_divide(47, 10, &numbers[0], &numbers[1])) == want && numbers[0] == (want ? -9 : 4) &&
              numbers[1] == (want ? -9 : 7),
          "object.out.%s", kind);
    for (size_t n = 0; n < 3; n++) {
        static const size_t lengths[] = {0, 63, 60000};
        memset(text, 'x', lengths[n]);
        text[lengths[n]] = '\0';
        CHECK(TRY(BH_FOREVER, length = conform_length(text)) == want && length == (want ? 0 : lengths[n]),
              "string.%s.%zu", kind, lengths[n]);
    }
    put(memory, numbers);
    put(memory, text);
}

static void nulls(void)
{
    int value = -1;
    CHECK(TRY(BH_FOREVER, value = conform_nulls(NULL, 100, NULL, 100, NULL, NULL)) == BH_OK && value == 15, "null.all");
    CHECK(TRY(BH_FOREVER, value = (int)conform_sum(NULL, 0)) == BH_OK && value == 0, "null.size 0");
    CHECK(conform_word(-1) == NULL, "null.returned string");
    CHECK(TRY(BH_FOREVER, value = conform_two(NULL, NULL)) == BH_OK && value == 0, "null.callbacks");
}

static void returned_strings(void)
{
    const char *two = conform_word(2), *three = conform_word(3), *again = conform_word(2);
    CHECK(!strcmp(again, "word 2"), "string.returned");
    CHECK(!isolated() || (two == again && !strcmp(three, "word 3")), "string.interned");
}

static bh_shared unsigned char shared_static[100];
static unsigned char private_static[100];
typedef unsigned char hundred[100];

static bool passes_as_it_is(const void *data)
{
    uintptr_t seen = 0;
    enum bh_status status = TRY(BH_FOREVER, seen = conform_where(data, 100));
    return status == BH_OK && seen == (uintptr_t)data;
}

static void zero_copy(void)
{
    const struct bh_boot_edge *edge = edge_to("conform");
    bool in_place = !isolated() || edge->strategy != BH_DATA_COPY;
    bh_shared_stack(hundred, on_stack);
    hundred on_private_stack;
    unsigned char *heap = get(SHARED, 100), *private = get(PRIVATE, 100);
    uintptr_t seen = 0;

    __asm__ volatile("" : : "r"(on_private_stack) : "memory");
    CHECK(passes_as_it_is(shared_static) == in_place, "zero copy.bh_shared static");
    CHECK(passes_as_it_is(on_stack) == in_place, "zero copy.bh_shared_stack");
    CHECK(passes_as_it_is(heap) == in_place, "zero copy.bh_malloc_shared");
    CHECK(passes_as_it_is(private_static) == !isolated(), "copied.static");
    CHECK(passes_as_it_is(on_private_stack) == !isolated(), "copied.stack");
    CHECK(passes_as_it_is(private) == !isolated(), "copied.heap");
    CHECK(TRY(BH_FOREVER, seen = conform_where_snapshot(heap, 100)) == BH_OK &&
              (seen == (uintptr_t)heap) == !isolated(),
          "snapshot");
    /* The share connects app and conform, not relay. */
    enum bh_status want = edge->strategy == BH_DATA_STRICT && isolated() ? BH_UNANNOTATED : BH_OK;
    CHECK(TRY(BH_FOREVER, seen = relay_where(heap, 100)) == want && (want || (seen == (uintptr_t)heap) == !isolated()),
          "copied.share of others");
    CHECK(conform_cookie(private) == (uintptr_t) private, "user_check");
    put(SHARED, heap);
    put(PRIVATE, private);
}

static void shares(void)
{
    void *block = bh_malloc_shared_in("pool", 1000);
    CHECK(block && (uintptr_t)block % 64 == 0, "share.by name");
    bh_free_shared(block);
    errno = 0;
    CHECK(!bh_malloc_shared_in("nowhere", 1) && errno == EINVAL, "share.unknown");
    errno = 0;
    CHECK(!bh_malloc_shared(1ull << 40) && errno == ENOMEM, "share.too large");
    bh_free_shared(NULL);
    unsigned blocks = 0;
    for (void *last = NULL, *next; (next = bh_malloc_shared(0x10000)); last = next, blocks++)
        *(void **)next = last, block = next;
    for (void *next; block; block = next) {
        next = *(void **)block;
        bh_free_shared(block);
    }
    CHECK(blocks > 10 && (block = bh_malloc_shared(0x100000)), "share.used up and given back");
    bh_free_shared(block);
}

void check_data(void)
{
    scalars();
    for (enum memory memory = PRIVATE; memory <= SHARED; memory++) {
        buffers(memory);
        counts(memory);
        several(memory);
        objects(memory);
    }
    nulls();
    returned_strings();
    zero_copy();
    shares();
}

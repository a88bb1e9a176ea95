/* The conformance library: data, strings, structs, callbacks and time.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "conform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bh/bulkhead.h>

uint64_t conform_zero(void)
{
    return 42;
}

uint64_t conform_six(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;
}

int64_t conform_narrow(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned f)
{
    return (int64_t)a + b + c + d + e + (int64_t)f;
}

double conform_halves(double x, float y)
{
    return x / 2 + (double)(y / 2);
}

int conform_quick(int x)
{
    return x + 1;
}

int conform_failing(int code)
{
    errno = code;
    return -1;
}

uint64_t conform_sum(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t sum = size;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + bytes[i];
    return sum;
}

void conform_fill(void *data, size_t size, unsigned seed)
{
    unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(seed + 7 * i);
}

void conform_invert(unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)~data[i];
}

long conform_part(unsigned char *data, size_t size, long n)
{
    conform_fill(data, size, 1);
    return n;
}

int64_t conform_total(const int *numbers, size_t n)
{
    int64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += numbers[i];
    return total;
}

void conform_squares(int *numbers, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        numbers[i] *= numbers[i];
}

uint64_t conform_join(const void *a, size_t a_size, const void *b, size_t b_size, void *to, size_t to_size)
{
    memset(to, 0, to_size);
    if (a_size + b_size <= to_size) {
        memcpy(to, a, a_size);
        memcpy((char *)to + a_size, b, b_size);
    }
    return conform_sum(to, to_size);
}

uintptr_t conform_where(const void *data, size_t size)
{
    (void)size;
    return (uintptr_t)data;
}

uintptr_t conform_where_snapshot(const void *data, size_t size)
{
    (void)size;
    return (uintptr_t)data;
}

uintptr_t conform_cookie(const void *untouched)
{
    return (uintptr_t)untouched;
}

void conform_divide(int n, int by, int *quotient, int *remainder)
{
    *quotient = n / by;
    *remainder = n % by;
}

int conform_pack(unsigned char *to, size_t *size, const unsigned char *from, size_t from_size)
{
    memset(to, 0xee, *size);
    if (from_size / 2 > *size)
        return -1;
    for (size_t i = 0; i < from_size / 2; i++)
        to[i] = from[2 * i];
    *size = from_size / 2;
    return 0;
}

int conform_nulls(const void *in, size_t in_size, void *out, size_t out_size, const char *text, const int *number)
{
    (void)in_size, (void)out_size;
    return !in + 2 * !out + 4 * !text + 8 * !number;
}

size_t conform_length(const char *text)
{
    return strlen(text);
}

const char *conform_word(int n)
{
    static char word[32];
    snprintf(word, sizeof(word), "word %d", n);
    return n < 0 ? NULL : word;
}

size_t conform_record(struct conform_record *record)
{
    char *tag = record->tag;
    record->total += record->id;
    record->answer = record->id / 2.0;
    if (record->text)
        conform_fill(record->text, record->room, 3);
    record->filled = record->room / 2;
    for (size_t i = 0; i < sizeof(record->tag) / 2; i++) {
        char left = tag[i];
        tag[i] = tag[sizeof(record->tag) - 1 - i];
        tag[sizeof(record->tag) - 1 - i] = left;
    }
    return strlen(record->name) + (record->unlisted ? 1000 : 0);
}

int64_t conform_record_total(const struct conform_record *record)
{
    return record->total;
}

int conform_each(conform_visit *visit, void *context, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += visit(context, i);
    return sum;
}

int conform_recurse(conform_descend *descend, int depth)
{
    return depth ? 1 + descend(depth - 1) : 0;
}

int conform_two(conform_descend *a, conform_descend *b)
{
    return (a ? a(1) * 100 : 0) + (b ? b(2) : 0);
}

long conform_pump(conform_source *source, conform_sink *sink, size_t size, int shared)
{
    static unsigned char private_buffer[5000];
    static bh_shared unsigned char shared_buffer[5000];
    unsigned char *buffer = shared ? shared_buffer : private_buffer;
    long got = source(buffer, size);
    return got < 0 ? got : sink(buffer, (size_t)got);
}

int conform_sleep(int n, unsigned ms)
{
    bh_sleep(ms * 1000000ull);
    return n;
}

static unsigned late_done;

int conform_late(unsigned char *data, size_t size, unsigned ms)
{
    bh_sleep(ms * 1000000ull);
    conform_fill(data, size, 9);
    late_done++;
    return 1;
}

unsigned conform_late_done(void)
{
    return late_done;
}

int conform_big_stack(unsigned kib)
{
    volatile char bytes[1024];
    bytes[0] = bytes[1023] = (char)kib;
    return kib > 1 ? conform_big_stack(kib - 1) + bytes[0] - bytes[1023] : 1;
}

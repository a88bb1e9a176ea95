/* The conformance library: one small function for each thing that an interface file can say.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONFORM_H
#define CONFORM_H

#include <stddef.h>
#include <stdint.h>

/* ---- Scalars ---- */
uint64_t conform_zero(void); /* 42 */
uint64_t conform_six(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
int64_t conform_narrow(signed char a, unsigned char b, short c, unsigned short d, int e, unsigned f); /* sum */
double conform_halves(double x, float y); /* x / 2 + y / 2 */
int conform_quick(int x);                 /* x + 1; nonblocking */
int conform_failing(int code);            /* -1, errno = code; error=-1 errno */

/* ---- Buffers. Byte i of what the library writes is (uint8_t)(seed + 7 * i). ---- */
uint64_t conform_sum(const void *data, size_t size);
void conform_fill(void *data, size_t size, unsigned seed);
void conform_invert(unsigned char *data, size_t size);
long conform_part(unsigned char *data, size_t size, long n); /* fills all, returns n: only n bytes come back */
int64_t conform_total(const int *numbers, size_t n);
void conform_squares(int *numbers, unsigned n);
uint64_t conform_join(const void *a, size_t a_size, const void *b, size_t b_size, void *to, size_t to_size);
uintptr_t conform_where(const void *data, size_t size); /* the address that the library saw */
uintptr_t conform_where_snapshot(const void *data, size_t size);
uintptr_t conform_cookie(const void *untouched);
void conform_divide(int n, int by, int *quotient, int *remainder);
int conform_pack(unsigned char *to, size_t *size, const unsigned char *from, size_t from_size); /* as compress() */
int conform_nulls(const void *in, size_t in_size, void *out, size_t out_size, const char *text, const int *number);

/* ---- Strings ---- */
size_t conform_length(const char *text);
const char *conform_word(int n); /* "word N"; NULL for a negative n */

/* ---- Structs by pointer ---- */
struct conform_record {
    int id;
    int64_t total;       /* in, out: + id */
    double answer;       /* out: id / 2.0 */
    const char *name;    /* in, string */
    unsigned char *text; /* out, room bytes of which filled come back */
    size_t room, filled;
    char tag[8];    /* in, out: reversed */
    void *cookie;   /* user_check: unchanged */
    void *reserved; /* null */
    int unlisted;   /* does not cross */
};
size_t conform_record(struct conform_record *record);              /* length of name, + 1000 if `unlisted` arrived */
int64_t conform_record_total(const struct conform_record *record); /* view total: that member alone */

/* ---- Handles ---- */
struct conform_counter;
struct conform_other;
struct conform_counter *conform_counter_new(int start);             /* NULL for a negative start */
int conform_counter_make(struct conform_counter **made, int start); /* 0, or -1 for a negative start */
int conform_counter_add(struct conform_counter *counter, int n);
int conform_counter_free(struct conform_counter *counter);
struct conform_other *conform_other_new(void);
int conform_other_free(struct conform_other *other);
unsigned conform_counters(void); /* how many there are */

/* A struct that is a handle, as zlib's z_stream: the library remembers its address. */
struct conform_stream {
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned char *next_out;
    unsigned avail_out;
    const char *message; /* out, string */
    void *state;
};
int conform_open(struct conform_stream *stream, int key); /* 0, or -1 for a negative key */
int conform_step(struct conform_stream *stream);          /* out = in ^ key; bytes moved, -1: not the one opened */
int conform_copy(struct conform_stream *to, const struct conform_stream *from);
int conform_close(struct conform_stream *stream);

/* ---- Callbacks ---- */
typedef int conform_visit(void *context, int value);
typedef int conform_descend(int depth);
typedef long conform_source(void *buffer, size_t size);
typedef long conform_sink(const void *buffer, size_t size);
int conform_each(conform_visit *visit, void *context, int n); /* sum of visit(context, 0 .. n - 1) */
int conform_recurse(conform_descend *descend, int depth);     /* 1 + descend(depth - 1), at depth 0: 0 */
int conform_two(conform_descend *a, conform_descend *b);      /* a(1) * 100 + b(2); a missing one counts as 0 */
/* source() to sink(), through a buffer of the library: its value. */
long conform_pump(conform_source *source, conform_sink *sink, size_t size, int shared);

/* ---- Time ---- */
int conform_sleep(int n, unsigned ms);                           /* n, after a blocking sleep */
int conform_late(unsigned char *data, size_t size, unsigned ms); /* fills after a sleep: 1 */
unsigned conform_late_done(void);                                /* how many conform_late() have ended */
int conform_big_stack(unsigned kib);                             /* touches that much of its stack */

#endif

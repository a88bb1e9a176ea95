/* A library with every kind of argument that an interface file can describe.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum s_color { S_RED, S_GREEN = 5 };

int64_t s_mix(signed char a, unsigned char b, short c, int d, unsigned e, bool f, enum s_color g, long h);
double s_scale(double x, float y);
int s_add(int a, int b);
int s_quick(int x);
void s_nothing(void);
void *s_untouched(void *p);
int s_null(void *p);

uint64_t s_sum(const void *data, size_t n);
void s_fill(void *data, size_t n, int c);
void s_double(int *v, int n);
uint64_t s_matrix(const uint32_t *m, unsigned rows, unsigned cols);
int s_pack(unsigned char *to, size_t *size, const unsigned char *from, uint8_t n);
long s_read(void *buf, size_t n, long result); /* result < 0: -1 with errno = -result */
void s_sixteen(void *buf);
int s_snapshot(unsigned char *data, size_t n); /* 1: data lies outside of shared memory */
void s_snapshot_out(unsigned char *data, size_t n, unsigned *n_used);
bool s_is_null(const void *data, size_t n);

size_t s_length(const char *text);
const char *s_word(int n);
void s_divide(int n, int by, int *quotient, int *remainder);
int s_bump(short *a, const double *b);

struct s_record {
    unsigned char id;
    long total;
    short answer;
    const char *name;
    const char *comment;
    char *text;
    const uint16_t *numbers;
    unsigned n_numbers;
    unsigned room, filled;
    char tag[5];
    void *cookie;
    int (*reserved)(void);
};
typedef struct {
    double x;
    float y;
} s_point;
int s_lend(int where, s_point **lent); /* 0: NULL, else so many bytes into the share of the test */
int s_fill_record(struct s_record *record);
long s_total(const struct s_record *record);
void s_mirror(s_point *p);

struct s_box;
typedef int s_step(int value);
struct s_box *s_box_new(int value); /* NULL if value < 0 */
int s_box_open(int value, struct s_box **box);
int s_box_value(struct s_box *box);
int s_box_apply(struct s_box *box, s_step *step);
int s_box_free(struct s_box *box, int refuse);
int s_box_keep(struct s_box *box);
void s_box_drop(struct s_box *box);
extern int s_ended; /* boxes dropped and streams closed so far */

/* Copies input to output, each byte exclusive-or'ed with the key. */
struct s_stream {
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned char *next_out;
    unsigned avail_out;
    const char *message;
    struct s_state *state;
};
typedef struct s_stream *s_streamp;
int s_open(s_streamp stream, int key); /* 0 or 1: opened; else not */
int s_run(s_streamp stream);
int s_copy(s_streamp to, s_streamp from);
int s_peek(const struct s_stream *stream); /* first byte of the input */
int s_close(s_streamp stream);

typedef int s_visit(void *context, int value);
typedef long s_source(void *buffer, size_t size);
typedef size_t s_sink(const void *buffer, size_t size, const char *name);
typedef void s_point_fn(s_point *p, double factor);
int s_each(s_visit *visit, void *context, int n);
int s_nest(s_step *step, int depth);
long s_pump(s_source *source, s_sink *sink, size_t size);
int s_forward(s_sink *sink, const void *data, size_t n);
int s_flood(s_sink *sink, size_t size); /* hands over so many bytes at once */
void s_points(s_point_fn *fn, s_point *p);
int s_raw(int (*step)(int), int value);
int s_keep(s_step *step);
int s_use_kept(int value);

/* What they return is what a test says. */
struct s_limits {
    unsigned flags;
    enum s_color color;
    uint64_t big;
};
typedef int s_agree(int value);
long s_ranged(size_t size, long result, int *small); /* *small: 7 */
int s_twice(int n, int result);
int s_limit(struct s_limits *limits); /* flags: 15 */
void s_tell(unsigned *number);        /* 2 */
int s_lodge(const char *kept, size_t n);
int s_lodged(void); /* the first byte there, now */
int s_poll(s_agree *agree, int value);

#endif

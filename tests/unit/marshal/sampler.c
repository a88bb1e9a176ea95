/* The library behind the gate of the hosted test. It faces strangers, so it expects NULL everywhere.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/map.h"
#include "sampler.h"

int64_t s_mix(signed char a, unsigned char b, short c, int d, unsigned e, bool f, enum s_color g, long h)
{
    return (int64_t)((uint64_t)(a + b * 2 + c * 3 + d * 4l + e * 5l + f * 6 + (long)g * 7) + (uint64_t)h * 8);
}

double s_scale(double x, float y)
{
    return x * (double)y;
}

int s_add(int a, int b)
{
    return (int)((unsigned)a + (unsigned)b);
}

int s_quick(int x)
{
    return (int)-(unsigned)x;
}

void s_nothing(void)
{
}

int s_lend(int where, s_point **lent)
{
    if (lent)
        *lent = where ? (s_point *)(uintptr_t)(BH_SHARE_BASE(1) + (uint64_t)where) : NULL;
    return where;
}

void *s_untouched(void *p)
{
    return p;
}

int s_null(void *p)
{
    return p == NULL;
}

uint64_t s_sum(const void *data, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; data && i < n; i++)
        sum += ((const unsigned char *)data)[i];
    return sum;
}

void s_fill(void *data, size_t n, int c)
{
    if (data)
        memset(data, c, n);
}

void s_double(int *v, int n)
{
    for (int i = 0; v && i < n; i++)
        v[i] = (int)(2u * (unsigned)v[i]);
}

uint64_t s_matrix(const uint32_t *m, unsigned rows, unsigned cols)
{
    uint64_t sum = 0;
    for (size_t i = 0; m && i < (size_t)rows * cols; i++)
        sum += m[i];
    return sum;
}

int s_pack(unsigned char *to, size_t *size, const unsigned char *from, uint8_t n)
{
    if (!to || !from || !size || *size < n)
        return -1;
    for (unsigned i = 0; i < n; i++)
        to[i] = (unsigned char)(from[2 * i] + from[2 * i + 1]);
    *size = n;
    return 0;
}

long s_read(void *buf, size_t n, long result)
{
    if (result < 0) {
        errno = result < -1000 ? EINVAL : (int)-result;
        return -1;
    }
    if (buf)
        memset(buf, 'r', n);
    return result;
}

void s_sixteen(void *buf)
{
    if (buf)
        memcpy(buf, "0123456789abcdef", 16);
}

static bool in_edge(const void *p)
{
    return (uintptr_t)p >= BH_EDGE_BASE(0) && (uintptr_t)p < BH_EDGE_BASE(BH_EDGES_MAX);
}

int s_snapshot(unsigned char *data, size_t n)
{
    for (size_t i = 0; data && i < n; i++)
        data[i]++;
    return !in_edge(data);
}

void s_snapshot_out(unsigned char *data, size_t n, unsigned *n_used)
{
    if (data)
        memset(data, 'o', n / 2);
    if (n_used)
        *n_used = (unsigned)(n / 2);
}

bool s_is_null(const void *data, size_t n)
{
    return data == NULL;
}

size_t s_length(const char *text)
{
    return text ? strlen(text) : (size_t)-1;
}

const char *s_word(int n)
{
    static char longest[5000];
    static const char *const words[] = {"zero", "one", "two"};
    if (n == 1000) {
        memset(longest, 'x', sizeof(longest) - 1);
        return longest;
    }
    return n >= 0 && n < 3 ? words[n] : NULL;
}

void s_divide(int n, int by, int *quotient, int *remainder)
{
    if (by == 0 || by == -1)
        return;
    if (quotient)
        *quotient = n / by;
    if (remainder)
        *remainder = n % by;
}

int s_bump(short *a, const double *b)
{
    if (!a || !b)
        return (a != NULL) * 2 + (b != NULL);
    if (*b > -100 && *b < 100)
        *a = (short)(*a + (short)*b);
    return 3;
}

int s_fill_record(struct s_record *r)
{
    if (!r)
        return -1;
    if (r->answer || r->filled || r->comment || r->reserved)
        return -2; /* what only comes out must not have gone in */
    long sum = 0;
    for (unsigned i = 0; r->numbers && i < r->n_numbers; i++)
        sum += r->numbers[i];
    r->total = (long)((unsigned long)r->total + (unsigned long)sum);
    r->answer = (short)-r->id;
    r->comment = r->name ? "named" : NULL;
    r->filled = r->room < 4 ? r->room : 4;
    if (r->text)
        memcpy(r->text, "text", r->filled);
    r->tag[0]++;
    r->cookie = NULL; /* does not come back */
    return r->name ? (int)strlen(r->name) : 0;
}

long s_total(const struct s_record *r)
{
    return r ? (long)((unsigned long)r->total + r->id) : -1;
}

void s_mirror(s_point *p)
{
    if (p)
        *p = (s_point){-p->x, -p->y};
}

struct s_box {
    int value;
};

struct s_box *s_box_new(int value)
{
    struct s_box *box = value < 0 ? NULL : malloc(sizeof(*box));
    if (box)
        box->value = value;
    return box;
}

int s_box_open(int value, struct s_box **box)
{
    if (!box)
        return -2;
    *box = s_box_new(value);
    return *box ? 0 : -1;
}

int s_box_value(struct s_box *box)
{
    return box ? box->value : -1;
}

int s_box_apply(struct s_box *box, s_step *step)
{
    if (!box || !step)
        return -1;
    int result = step(box->value);
    return result + box->value; /* the box must still be there */
}

int s_box_free(struct s_box *box, int refuse)
{
    if (refuse)
        return -1;
    free(box);
    return 0;
}

int s_ended;

int s_box_keep(struct s_box *box)
{
    (void)box;
    return 0; /* never frees it */
}

void s_box_drop(struct s_box *box)
{
    s_ended += !!box;
    free(box);
}

struct s_state {
    struct s_stream *stream; /* like zlib: a stream may not move */
    unsigned char key;
};

int s_open(s_streamp stream, int key)
{
    if (key < 0 || !stream)
        return -1;
    stream->state = malloc(sizeof(*stream->state));
    stream->state->stream = stream;
    stream->state->key = (unsigned char)key;
    return key & 1;
}

int s_run(s_streamp stream)
{
    if (!stream)
        return -100;
    if (!stream->state || stream->state->stream != stream)
        return -2;
    stream->message = stream->avail_in ? NULL : "no input";
    while (stream->next_in && stream->next_out && stream->avail_in && stream->avail_out) {
        *stream->next_out++ = *stream->next_in++ ^ stream->state->key;
        stream->avail_in--;
        stream->avail_out--;
    }
    return (int)stream->avail_in;
}

int s_copy(s_streamp to, s_streamp from)
{
    if (!from || !to)
        return -2;
    *to = *from;
    to->state = malloc(sizeof(*to->state));
    *to->state = *from->state;
    to->state->stream = to;
    return 0;
}

int s_peek(const struct s_stream *stream)
{
    return stream && stream->next_in && stream->avail_in ? stream->next_in[0] : -1;
}

int s_close(s_streamp stream)
{
    if (!stream)
        return -2;
    s_ended++;
    free(stream->state);
    return 0;
}

int s_each(s_visit *visit, void *context, int n)
{
    int sum = 0;
    for (int i = 0; i < n && visit; i++)
        sum += visit(context, i);
    return sum;
}

int s_nest(s_step *step, int depth)
{
    return step ? step(depth) : -1;
}

long s_pump(s_source *source, s_sink *sink, size_t size)
{
    unsigned char buffer[256];
    memset(buffer, '?', sizeof(buffer));
    if (!source || !sink || size >= sizeof(buffer))
        return -3;
    long n = source(buffer, size);
    if (n < 0)
        return n;
    return (long)sink(buffer, (size_t)n + 1, n ? "some" : NULL); /* one byte that source did not write */
}

int s_forward(s_sink *sink, const void *data, size_t n)
{
    return sink ? (int)sink(data, n, "forwarded") : -1;
}

void s_points(s_point_fn *fn, s_point *p)
{
    if (fn)
        fn(p, 0.5);
}

int s_raw(int (*step)(int), int value)
{
    return step ? step(value) : -1;
}

static s_step *kept;

int s_keep(s_step *step)
{
    kept = step;
    return step ? step(1) : -1;
}

int s_use_kept(int value)
{
    return kept ? kept(value) : -1;
}

long s_ranged(size_t size, long result, int *small)
{
    (void)size;
    if (small)
        *small = 7;
    return result;
}

int s_twice(int n, int result)
{
    (void)n;
    return result;
}

int s_limit(struct s_limits *limits)
{
    if (limits)
        limits->flags = 15;
    return 0;
}

void s_tell(unsigned *number)
{
    if (number)
        *number = 2;
}

int s_poll(s_agree *agree, int value)
{
    return agree ? agree(value) : 0;
}

int s_flood(s_sink *sink, size_t size)
{
    char *buffer = size <= 1u << 20 ? calloc(1, size) : NULL;
    int taken = sink && buffer ? (int)sink(buffer, size, NULL) : 0;
    free(buffer);
    return taken;
}

static const char *lodged;

int s_lodge(const char *memory, size_t n)
{
    lodged = n ? memory : NULL;
    return 0;
}

int s_lodged(void)
{
    return lodged ? *lodged : 0;
}

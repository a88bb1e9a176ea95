/* The conformance library: objects that its callers know by handle.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdlib.h>

#include "conform.h"

struct conform_counter {
    int value;
};

struct conform_other {
    char unused[64];
};

static unsigned n_counters;

struct conform_counter *conform_counter_new(int start)
{
    struct conform_counter *counter = start < 0 ? NULL : malloc(sizeof(*counter));
    if (counter) {
        counter->value = start;
        n_counters++;
    }
    return counter;
}

int conform_counter_make(struct conform_counter **made, int start)
{
    *made = conform_counter_new(start);
    return *made ? 0 : -1;
}

int conform_counter_add(struct conform_counter *counter, int n)
{
    return counter->value += n;
}

int conform_counter_free(struct conform_counter *counter)
{
    int value = counter->value;
    free(counter);
    n_counters--;
    return value;
}

struct conform_other *conform_other_new(void)
{
    return calloc(1, sizeof(struct conform_other));
}

int conform_other_free(struct conform_other *other)
{
    free(other);
    return 1;
}

unsigned conform_counters(void)
{
    return n_counters;
}

struct stream_state {
    const struct conform_stream *self; /* zlib checks this, too: a struct must keep its address between calls */
    int key;
};

static int open_stream(struct conform_stream *stream, int key)
{
    struct stream_state *state = key < 0 ? NULL : malloc(sizeof(*state));
    stream->message = state ? "open" : "a key is not negative";
    if (!state)
        return -1;
    *state = (struct stream_state){.self = stream, .key = key};
    stream->state = state;
    return 0;
}

int conform_open(struct conform_stream *stream, int key)
{
    return open_stream(stream, key);
}

static bool is_open(const struct conform_stream *stream)
{
    const struct stream_state *state = stream->state;
    return state && state->self == stream;
}

int conform_step(struct conform_stream *stream)
{
    if (!is_open(stream))
        return -1;
    int key = ((const struct stream_state *)stream->state)->key, moved = 0;
    while (stream->avail_in && stream->avail_out) {
        *stream->next_out++ = (unsigned char)(*stream->next_in++ ^ key);
        stream->avail_in--;
        stream->avail_out--;
        moved++;
    }
    stream->message = stream->avail_in ? "more to do" : NULL;
    return moved;
}

int conform_copy(struct conform_stream *to, const struct conform_stream *from)
{
    return is_open(from) ? open_stream(to, ((const struct stream_state *)from->state)->key + 1) : -1;
}

int conform_close(struct conform_stream *stream)
{
    if (!is_open(stream))
        return -1;
    free(stream->state);
    stream->state = NULL;
    return 0;
}

/* Pipes and local socket pairs: bytes in a ring buffer between two files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../px.h"

enum { ROOM = 65536, ATOMIC = 4096 }; /* a write of at most ATOMIC bytes is never split */

/* One direction. It exists as long as one of its ends is open. */
struct stream {
    size_t first, used;
    struct px_file *reader, *writer; /* NULL: closed */
    char bytes[ROOM];
};

/* An end of a pipe has one stream, an end of a pair both. */
struct end {
    struct px_file file;
    bool pair;
    struct stream *in, *out; /* NULL: the end does not have this direction, or has shut it down */
};

static struct end *end_of(struct px_file *f)
{
    return (struct end *)f;
}

static size_t take_bytes(struct stream *s, char *to, size_t size)
{
    size_t done = 0;
    while (done < size && s->used) {
        size_t part = ROOM - s->first;
        part = part < s->used ? part : s->used;
        part = part < size - done ? part : size - done;
        memcpy(to + done, s->bytes + s->first, part);
        s->first = (s->first + part) % ROOM;
        s->used -= part;
        done += part;
    }
    return done;
}

static size_t put_bytes(struct stream *s, const char *from, size_t size)
{
    size_t done = 0;
    while (done < size && s->used < ROOM) {
        size_t at = (s->first + s->used) % ROOM;
        size_t part = at < s->first ? s->first - at : ROOM - at;
        part = part < size - done ? part : size - done;
        memcpy(s->bytes + at, from + done, part);
        s->used += part;
        done += part;
    }
    return done;
}

static ssize_t end_read(struct px_file *f, const struct iovec *iov, int n)
{
    struct stream *s = end_of(f)->in;
    if (!s)
        return end_of(f)->pair ? 0 : -EBADF;
    size_t wanted = px_iov_size(iov, n), done = 0;
    if (!s->used)
        return s->writer && wanted ? -EAGAIN : 0;
    for (int i = 0; i < n; i++)
        done += take_bytes(s, iov[i].iov_base, iov[i].iov_len);
    if (s->writer)
        px_notify(s->writer);
    return (ssize_t)done;
}

static ssize_t end_write(struct px_file *f, const struct iovec *iov, int n)
{
    struct stream *s = end_of(f)->out;
    if (!s && !end_of(f)->pair)
        return -EBADF;
    if (!s || !s->reader)
        return -EPIPE;
    size_t wanted = px_iov_size(iov, n), room = ROOM - s->used, done = 0;
    if (!wanted)
        return 0;
    if (!room || (wanted <= ATOMIC && wanted > room))
        return -EAGAIN;
    for (int i = 0; i < n; i++)
        done += put_bytes(s, iov[i].iov_base, iov[i].iov_len);
    px_notify(s->reader);
    return (ssize_t)done;
}

static unsigned end_poll(struct px_file *f)
{
    struct end *e = end_of(f);
    bool no_more_input = !e->in || !e->in->writer, no_reader = !e->out || !e->out->reader;
    unsigned events = 0;
    if (e->pair) {
        if (no_more_input || e->in->used)
            events |= POLLIN | POLLRDNORM;
        if (no_reader || ROOM - e->out->used >= ATOMIC)
            events |= POLLOUT | POLLWRNORM;
        return events | (no_more_input ? POLLRDHUP : 0) | (no_more_input && no_reader ? POLLHUP : 0);
    }
    if (e->in)
        return (e->in->used ? POLLIN | POLLRDNORM : 0) | (no_more_input ? POLLHUP : 0);
    if (!e->out)
        return POLLERR;
    events = ROOM - e->out->used >= ATOMIC ? POLLOUT | POLLWRNORM : 0;
    return events | (no_reader ? POLLERR : 0);
}

static int end_stat(struct px_file *f, struct stat *st)
{
    st->st_mode = (end_of(f)->pair ? S_IFSOCK : S_IFIFO) | 0600;
    st->st_blksize = 4096;
    return 0;
}

static long end_available(struct px_file *f)
{
    struct stream *s = end_of(f)->in;
    return s ? (long)s->used : 0;
}

/* One of its two ends is closed now. */
static void leave_stream(struct stream *s)
{
    struct px_file *other = s->reader ? s->reader : s->writer;
    if (other)
        px_notify(other);
    else
        free(s);
}

static void stop_reading(struct end *e)
{
    struct stream *s = e->in;
    if (!s)
        return;
    e->in = NULL;
    s->reader = NULL;
    leave_stream(s);
}

static void stop_writing(struct end *e)
{
    struct stream *s = e->out;
    if (!s)
        return;
    e->out = NULL;
    s->writer = NULL;
    leave_stream(s);
}

static void end_close(struct px_file *f)
{
    stop_reading(end_of(f));
    stop_writing(end_of(f));
    free(f);
}

static const struct px_ops ops = {
    .read = end_read,
    .write = end_write,
    .poll = end_poll,
    .stat = end_stat,
    .available = end_available,
    .close = end_close,
};

bool px_is_pair(const struct px_file *f)
{
    return f->ops == &ops && ((const struct end *)f)->pair;
}

int px_shutdown_pair(struct px_file *f, int how)
{
    if (!px_is_pair(f))
        return -ENOTSOCK;
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return -EINVAL;
    if (how != SHUT_WR)
        stop_reading(end_of(f));
    if (how != SHUT_RD)
        stop_writing(end_of(f));
    px_notify(f);
    return 0;
}

static struct end *new_end(int flags, bool pair)
{
    struct end *e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    px_file_init(&e->file, &ops, flags);
    e->pair = pair;
    return e;
}

static void connect_ends(struct stream *s, struct end *writer, struct end *reader)
{
    s->writer = &writer->file;
    s->reader = &reader->file;
    writer->out = reader->in = s;
}

static int make_ends(struct px_file *ends[2], int flags0, int flags1, bool both)
{
    struct end *a = new_end(flags0, both), *b = new_end(flags1, both);
    struct stream *s = calloc(1, sizeof(*s)), *t = both ? calloc(1, sizeof(*t)) : NULL;
    if (!a || !b || !s || (both && !t)) {
        free(a), free(b), free(s), free(t);
        return -ENOMEM;
    }
    connect_ends(s, b, a);
    if (both)
        connect_ends(t, a, b);
    ends[0] = &a->file;
    ends[1] = &b->file;
    return 0;
}

int px_pipe(struct px_file *ends[2], int flags)
{
    flags &= O_NONBLOCK;
    return make_ends(ends, O_RDONLY | flags, O_WRONLY | flags, false);
}

int px_socketpair(struct px_file *ends[2], int flags)
{
    flags &= O_NONBLOCK;
    return make_ends(ends, O_RDWR | flags, O_RDWR | flags, true);
}

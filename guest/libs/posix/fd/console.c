/* Descriptors 0, 1 and 2: the appliance's streams.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Reading blocks the calling thread until there is input. For poll(), a thread of its own reads ahead. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "../px.h"

static struct {
    char bytes[4096];
    size_t first, used;
    bool reading, ended;
} ahead;

static struct px_file streams[3];

static void read_ahead(void *unused)
{
    (void)unused;
    long got = bh_core()->read(BH_STDIN, ahead.bytes, sizeof(ahead.bytes));
    ahead.reading = false;
    ahead.ended = got <= 0;
    ahead.first = 0;
    ahead.used = got > 0 ? (size_t)got : 0;
    px_notify(&streams[0]);
}

static ssize_t console_read(struct px_file *f, const struct iovec *iov, int n)
{
    (void)f;
    if (ahead.used) {
        size_t part = 0;
        if (n) {
            part = iov[0].iov_len < ahead.used ? iov[0].iov_len : ahead.used;
            memcpy(iov[0].iov_base, ahead.bytes + ahead.first, part);
        }
        ahead.first += part;
        ahead.used -= part;
        return (ssize_t)part;
    }
    if (ahead.reading)
        return -EAGAIN;
    return n && iov[0].iov_len && !ahead.ended ? bh_core()->read(BH_STDIN, iov[0].iov_base, iov[0].iov_len) : 0;
}

static unsigned stdin_poll(struct px_file *f)
{
    (void)f;
    if (ahead.used || ahead.ended)
        return POLLIN | POLLRDNORM;
    if (!ahead.reading)
        ahead.reading = bh_thread_create(NULL, read_ahead, NULL) == 0;
    return ahead.reading ? 0 : POLLIN | POLLRDNORM;
}

static ssize_t console_write(struct px_file *f, const struct iovec *iov, int n)
{
    size_t done = 0;
    for (int i = 0; i < n; i++) {
        for (size_t at = 0; at < iov[i].iov_len;) {
            const char *from = (const char *)iov[i].iov_base + at;
            long put = bh_core()->write((enum bh_stream)(f - streams), from, iov[i].iov_len - at);
            if (put < 0)
                return done ? (ssize_t)done : put;
            at += (size_t)put;
            done += (size_t)put;
        }
    }
    return (ssize_t)done;
}

static unsigned output_poll(struct px_file *f)
{
    (void)f;
    return POLLOUT | POLLWRNORM;
}

static int console_stat(struct px_file *f, struct stat *st)
{
    st->st_mode = S_IFCHR | 0600;
    st->st_ino = (ino_t)(f - streams);
    st->st_blksize = 4096;
    return 0;
}

static void console_close(struct px_file *f)
{
    (void)f;
}

static const struct px_ops input = {
    .read = console_read, .poll = stdin_poll, .stat = console_stat, .close = console_close};
static const struct px_ops output = {
    .write = console_write, .poll = output_poll, .stat = console_stat, .close = console_close};

bool px_is_terminal(const struct px_file *f)
{
    return (f->ops == &input || f->ops == &output) && bh_boot()->flags & BH_BOOT_TTY(f - streams);
}

struct px_file *px_console(int stream)
{
    struct px_file *f = &streams[stream];
    px_file_init(f, stream == 0 ? &input : &output, stream == 0 ? O_RDONLY : O_WRONLY);
    return f;
}

/* Descriptors: small numbers for open files.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>

#include "../px.h"

static struct {
    struct px_file *file;
    bool cloexec;
} table[PX_FILES_MAX];
static int lowest_free; /* none below is free */
static int n_open;
static bool started;

static void set_descriptor(int fd, struct px_file *f, bool cloexec)
{
    table[fd].file = f;
    table[fd].cloexec = cloexec;
    n_open++;
}

/* Standard input and output exist from the start. */
static void start_table(void)
{
    started = true;
    for (int fd = 0; fd <= 2; fd++) {
        struct px_file *f = px_console(fd);
        if (f)
            set_descriptor(fd, f, false);
    }
}

void px_file_init(struct px_file *f, const struct px_ops *ops, int flags)
{
    *f = (struct px_file){.ops = ops, .refs = 1, .flags = flags & (O_ACCMODE | O_NONBLOCK | O_APPEND)};
}

struct px_file *px_peek(int fd)
{
    if (!started)
        start_table();
    return fd >= 0 && fd < PX_FILES_MAX ? table[fd].file : NULL;
}

struct px_file *px_get(int fd)
{
    struct px_file *f = px_peek(fd);
    if (f)
        f->refs++;
    return f;
}

void px_put(struct px_file *f)
{
    if (--f->refs)
        return;
    if (f->watches)
        px_epoll_forget(f);
    f->ops->close(f);
}

int px_open_fd(struct px_file *f, int lowest, bool cloexec)
{
    if (!started)
        start_table();
    int fd = lowest > lowest_free ? lowest : lowest_free;
    while (fd < PX_FILES_MAX && table[fd].file)
        fd++;
    if (fd >= PX_FILES_MAX) {
        px_put(f);
        return -EMFILE;
    }
    if (lowest <= lowest_free)
        lowest_free = fd + 1;
    set_descriptor(fd, f, cloexec);
    return fd;
}

int px_close_fd(int fd)
{
    struct px_file *f = px_peek(fd);
    if (!f)
        return -EBADF;
    table[fd].file = NULL;
    n_open--;
    if (fd < lowest_free)
        lowest_free = fd;
    px_put(f);
    return 0;
}

int px_dup(int fd, int lowest, bool cloexec)
{
    struct px_file *f = px_peek(fd);
    if (!f)
        return -EBADF;
    if (lowest < 0 || lowest >= PX_FILES_MAX)
        return -EINVAL;
    f->refs++;
    return px_open_fd(f, lowest, cloexec);
}

int px_dup2(int from, int to, bool cloexec)
{
    struct px_file *f = px_peek(from);
    if (!f || to < 0 || to >= PX_FILES_MAX)
        return -EBADF;
    f->refs++;
    struct px_file *old = table[to].file;
    if (old)
        n_open--;
    set_descriptor(to, f, cloexec);
    if (old)
        px_put(old);
    return to;
}

int px_cloexec(int fd, int to)
{
    if (!px_peek(fd))
        return -EBADF;
    if (to >= 0)
        table[fd].cloexec = to;
    return table[fd].cloexec;
}

int px_open_files(void)
{
    return n_open;
}

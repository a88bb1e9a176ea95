/* What the files of the POSIX layer share: open files, readiness, waiting.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Functions that return int or ssize_t return a negative errno value on failure; deadlines are px_now() values, in ns.
 * Threads are cooperative: another one runs only in px_block(), in px_yield() and in calls through a gate. */
#ifndef POSIX_PX_H
#define POSIX_PX_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#define PX_FILES_MAX 4096 /* descriptors: RLIMIT_NOFILE */
#define PX_FOREVER   UINT64_MAX

struct px_file;

/* Is told when the readiness of a file may have changed. The owner keeps it until px_watch_remove(). */
struct px_watch {
    struct px_watch *next, **link;
    void (*fire)(struct px_watch *watch, unsigned now); /* now: the file's POLL* bits */
};

/* The operations of a kind of file. NULL: it does not have the operation. None blocks, except console input. */
struct px_ops {
    ssize_t (*read)(struct px_file *f, const struct iovec *iov, int n);  /* -EAGAIN: nothing yet */
    ssize_t (*write)(struct px_file *f, const struct iovec *iov, int n); /* -EAGAIN: no room yet */
    ssize_t (*pread)(struct px_file *f, const struct iovec *iov, int n, off_t offset);
    ssize_t (*pwrite)(struct px_file *f, const struct iovec *iov, int n, off_t offset);
    off_t (*seek)(struct px_file *f, off_t offset, int whence);
    unsigned (*poll)(struct px_file *f); /* POLL* bits; NULL: always ready, and epoll refuses it */
    int (*stat)(struct px_file *f, struct stat *st);
    long (*available)(struct px_file *f); /* FIONREAD */
    void (*close)(struct px_file *f);     /* after the last reference: frees what `f` is part of */
};

/* An open file description, which dup()ed descriptors share. It is the first member of each kind's own structure. */
struct px_file {
    const struct px_ops *ops;
    uint32_t refs;
    uint32_t waiters; /* threads in px_wait_ready() */
    int flags;        /* O_ACCMODE, O_NONBLOCK, O_APPEND */
    struct px_watch *watches;
    uint64_t read_timeout, write_timeout; /* ns; 0: no limit (SO_RCVTIMEO) */
};

/* ---- Open files and descriptors (fd/table.c) --------------------------------------------------------------- */
void px_file_init(struct px_file *f, const struct px_ops *ops, int flags); /* refs = 1 */
struct px_file *px_get(int fd);  /* a reference, to be dropped by px_put(); NULL: EBADF */
struct px_file *px_peek(int fd); /* no reference: valid until a call that may block */
void px_put(struct px_file *f);
/* Takes over the reference, also if it fails with -EMFILE. */
int px_open_fd(struct px_file *f, int lowest, bool cloexec);
int px_close_fd(int fd);
int px_dup(int fd, int lowest, bool cloexec);
int px_dup2(int from, int to, bool cloexec); /* from != to */
int px_cloexec(int fd, int set);             /* returns the flag; set < 0: does not change it */
int px_open_files(void);                     /* how many descriptors are in use */

/* ---- Readiness (fd/ready.c) ---------------------------------------------------------------------------------- */
unsigned px_poll(struct px_file *f);
void px_notify(struct px_file *f); /* its readiness may have changed */
void px_watch_add(struct px_file *f, struct px_watch *w);
void px_watch_remove(struct px_watch *w);
/* Blocks until one of `events` or an error is there. 0, -EAGAIN when the deadline has passed, -EINTR. */
int px_wait_ready(struct px_file *f, unsigned events, uint64_t deadline);
ssize_t px_read(struct px_file *f, const struct iovec *iov, int n);  /* blocks unless O_NONBLOCK */
ssize_t px_write(struct px_file *f, const struct iovec *iov, int n); /* the same, until all is written */
/* px_write() with another write function than the file's own. */
struct px_sink {
    ssize_t (*put)(struct px_file *f, const struct iovec *iov, int n, const struct px_sink *sink);
    bool wait, quiet; /* quiet: no SIGPIPE */
};
ssize_t px_write_to(struct px_file *f, const struct iovec *iov, int n, const struct px_sink *sink);
size_t px_iov_size(const struct iovec *iov, int n); /* SIZE_MAX: too large, or n out of range */
/* Copy between `data` and the bytes of iov[n] from byte `from` on; return how many of at most `size` bytes fitted. */
size_t px_iov_scatter(const struct iovec *iov, int n, size_t from, const char *data, size_t size);
size_t px_iov_gather(const struct iovec *iov, int n, size_t from, char *data, size_t size);

/* ---- Waiting (thread/block.c; the hosted tests have their own) --------------------------------------------------- */
uint64_t px_now(void); /* monotonic ns */
/* Blocks until px_wake() of the wait channel `key`, or the deadline. 0, -ETIMEDOUT, or after a signal handler ran:
 * -EINTR, or PX_RESTART if its SA_RESTART allows the call to go on. It is a cancellation point. */
#define PX_RESTART 1
int px_block(const void *key, uint64_t deadline);
static inline int px_interrupted(int r) /* for calls that a signal always interrupts */
{
    return r == PX_RESTART ? -EINTR : r;
}
/* The same, but neither a signal nor a cancellation ends it. */
int px_block_always(const void *key, uint64_t deadline);
void px_wake(const void *key, uint32_t n);
void px_yield(void);                    /* lets other threads run and polls the rings */
uint64_t px_deadline(uint64_t timeout); /* timeout: ns from now; PX_FOREVER stays */
void px_signal(int number);             /* raises it in this process */
void px_signals_look(void);             /* at the end of a call: runs handlers of what came meanwhile */

/* ---- Kinds of files ---------------------------------------------------------------------------------------------- */
int px_pipe(struct px_file *ends[2], int flags); /* [0] reads */
int px_socketpair(struct px_file *ends[2], int flags);
int px_socketpair_fds(int fds[2], int flags);     /* descriptors of both ends; errno and -1 */
bool px_is_pair(const struct px_file *f);         /* an end of px_socketpair() */
int px_shutdown_pair(struct px_file *f, int how); /* -ENOTSOCK: not an end of a socket pair */
int px_eventfd(struct px_file **f, uint64_t initial, bool semaphore, int flags);
struct px_file *px_console(int stream);
bool px_is_terminal(const struct px_file *f);

struct pollfd;
int px_poll_fds(struct pollfd *fds, size_t n, uint64_t deadline);

struct epoll_event;
int px_epoll_create(struct px_file **f);
int px_epoll_ctl(struct px_file *epoll, int op, int fd, struct px_file *target, const struct epoll_event *event);
int px_epoll_wait(struct px_file *epoll, struct epoll_event *events, int max, uint64_t deadline);
bool px_is_epoll(const struct px_file *f);
void px_epoll_forget(struct px_file *target); /* it is being closed */

/* Processes the events of network sockets since the last time (net/events.c). */
void px_net_poll(void);
/* Has to be called before this thread waits or lets others run: sends what it wrote into the lane (net/lane.c). */
void px_net_flush(void);

/* Converts a negative errno value to errno and -1; returns other values. The last thing that a call does: handlers of
 * signals may run in it. */
long px_result(long value);

#endif

/* What programs that are split into processes use today: 64 bytes to another process and 64 bytes back.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     peers CORE CORE       commands on standard input: bench/sample.h
 *
 * Measurements are KIND-same (both processes on the first core) and KIND-two (one on each); KIND is pipe, socket
 * (UNIX domain stream), eventfd (8 bytes, all it can carry) or futex (in shared memory, no polling). */
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/sample.h"

enum { MESSAGE = 64 }; /* a request of a gate, or its reply, has as many */

struct mailbox {
    _Alignas(64) _Atomic uint32_t full;
    char message[MESSAGE - sizeof(uint32_t)];
};

/* One direction: two descriptors (of one object, or the two ends), or a word and its message in shared memory. */
struct way {
    int in, out;
    size_t size; /* bytes of a message */
    struct mailbox *box;
};

struct peer {
    struct way there, back;
};

static int cores[2];

static void must_succeed(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static void pin_to_core(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    must_succeed(sched_setaffinity(0, sizeof(set), &set) == 0, "peers: cannot pin a process to its core");
}

static void send_message(struct way *w, const void *message)
{
    if (!w->box) {
        must_succeed(write(w->out, message, w->size) == (ssize_t)w->size, "peers: write");
        return;
    }
    memcpy(w->box->message, message, sizeof(w->box->message));
    atomic_store_explicit(&w->box->full, 1, memory_order_release);
    syscall(SYS_futex, &w->box->full, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* 0: the other end is gone. */
static int take_message(struct way *w, void *message)
{
    if (!w->box) {
        ssize_t n = read(w->in, message, w->size);
        must_succeed(n == 0 || n == (ssize_t)w->size, "peers: read");
        return n != 0;
    }
    while (!atomic_load_explicit(&w->box->full, memory_order_acquire))
        syscall(SYS_futex, &w->box->full, FUTEX_WAIT, 0, NULL, NULL, 0);
    memcpy(message, w->box->message, sizeof(w->box->message));
    atomic_store_explicit(&w->box->full, 0, memory_order_relaxed);
    return 1;
}

static void call_peer(struct peer *p)
{
    char message[MESSAGE] = {1}; /* eventfd: a counter that is not zero */
    send_message(&p->there, message);
    must_succeed(take_message(&p->back, message), "peers: the other process ended");
}

static void serve_peer(struct peer *p)
{
    char message[MESSAGE];
    while (take_message(&p->there, message))
        send_message(&p->back, message);
    _exit(0);
}

static int make_pipe(struct way *w)
{
    int ends[2];
    *w = (struct way){.size = MESSAGE};
    if (pipe(ends))
        return 0;
    w->in = ends[0];
    w->out = ends[1];
    return 1;
}

static int make_event(struct way *w)
{
    *w = (struct way){.size = sizeof(uint64_t)};
    w->in = w->out = eventfd(0, 0);
    return w->in >= 0;
}

static int make_peers(const char *kind, size_t length, struct peer *p)
{
    if (strncmp(kind, "pipe", length) == 0)
        return make_pipe(&p->there) && make_pipe(&p->back);
    if (strncmp(kind, "eventfd", length) == 0)
        return make_event(&p->there) && make_event(&p->back);
    if (strncmp(kind, "socket", length) == 0) {
        int ends[2] = {-1, -1};
        must_succeed(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "peers: socketpair");
        p->there = (struct way){.in = ends[1], .out = ends[0], .size = MESSAGE};
        p->back = (struct way){.in = ends[0], .out = ends[1], .size = MESSAGE};
        return 1;
    }
    if (strncmp(kind, "futex", length) == 0) {
        struct mailbox *boxes =
            mmap(NULL, 2 * sizeof(*boxes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        must_succeed(boxes != MAP_FAILED, "peers: no shared memory");
        p->there = (struct way){.box = &boxes[0]};
        p->back = (struct way){.box = &boxes[1]};
        return 1;
    }
    return 0;
}

static void close_way(struct way *w)
{
    if (w->box)
        return;
    close(w->in);
    close(w->out);
}

static int measure_peers(struct bench_samples *s)
{
    const char *where = strchr(s->name, '-');
    struct peer p;
    if (!where || (strcmp(where, "-same") != 0 && strcmp(where, "-two") != 0))
        return 0;
    if (!make_peers(s->name, (size_t)(where - s->name), &p))
        return 0;
    pid_t server = fork();
    must_succeed(server >= 0, "peers: fork");
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin_to_core(strcmp(where, "-two") == 0 ? cores[1] : cores[0]);
        serve_peer(&p);
    }
    BENCH(s, call_peer(&p));
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    if (p.there.box)
        munmap(p.there.box, 2 * sizeof(*p.there.box));
    close_way(&p.there);
    if (strncmp(s->name, "socket", 6) != 0) /* it has both ways in one pair of descriptors */
        close_way(&p.back);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: peers CORE CORE\n", stderr);
        return 2;
    }
    cores[0] = atoi(argv[1]);
    cores[1] = atoi(argv[2]);
    pin_to_core(cores[0]);
    return bench_serve(measure_peers);
}

/* The contract of a gate: rings, calls, replies, status; shared by both ends of an edge and by the tests.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * An edge's region lies at BH_EDGE_BASE(index), the same address at both ends, and is mapped nowhere else.
 * Each end distrusts the other: it keeps its cursors in private memory, fetches a line once, checks the copy,
 * then uses the copy. */
#ifndef BH_GATE_H
#define BH_GATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define BH_LINES       64u /* request lines and reply lines of a channel: calls in flight at most */
#define BH_GATE_ARGS   6u
#define BH_REPLY_WORDS 5u

/* What became of a call. Only BH_OK comes with a reply of the callee's function. */
enum bh_status {
    BH_OK = 0,
    BH_REFUSED = 1,      /* function not granted to this caller, or no such function */
    BH_BAD_ARGUMENT = 2, /* callee's check: a pointer or size outside what both ends share */
    BH_TOO_BIG = 3,      /* an argument does not fit the edge's arena; nothing was sent */
    BH_UNANNOTATED = 4,  /* strict edge: the argument lies in private memory; nothing was sent */
    BH_TIMED_OUT = 5,    /* no reply in time; the call may still run in the callee */
    BH_PEER_DIED = 6,    /* the compartment at the other end is gone */
    BH_NO_MEMORY = 7,    /* callee could not take its private copy */
    BH_BAD_HANDLE = 8,   /* not a handle that this caller was given */
    BH_NO_GATE = 9,      /* the TOML has no edge for this call */
    BH_BUSY = 10,        /* no reply line, or no room in the arena, until this thread waits for a call it submitted */
};
#define BH_STATUS_LAST BH_BUSY

/* One cache line each. The writer fills everything else first and stores `seq` last (release); the reader
 * polls `seq` (acquire) for the value it expects next. */
struct bh_request {
    _Atomic uint32_t seq; /* n-th request of this channel carries n, starting at 1, wrapping past 0 */
    uint16_t fn;          /* function index; in a callback channel: the callback's number in its call */
    uint16_t slot;        /* reply line the caller waits on */
    uint32_t parent;      /* callback channel: slot of the call that it belongs to; else 0 */
    uint32_t reserved;
    uint64_t args[BH_GATE_ARGS];
};
_Static_assert(sizeof(struct bh_request) == 64, "one cache line");

/* Return value and small results (meaning per function), one by one or as a whole. */
#define BH_VALUES (1u + BH_REPLY_WORDS)
#define BH_REPLY_VALUES                     \
    union {                                 \
        struct {                            \
            uint64_t ret;                   \
            uint64_t words[BH_REPLY_WORDS]; \
        };                                  \
        uint64_t values[BH_VALUES];         \
    }

struct bh_reply {
    _Atomic uint32_t seq; /* the request's */
    uint32_t status;      /* enum bh_status */
    BH_REPLY_VALUES;
    uint64_t reserved;
};
_Static_assert(sizeof(struct bh_reply) == 64, "one cache line");

struct bh_channel {
    struct bh_request requests[BH_LINES]; /* written by the calling end */
    struct bh_reply replies[BH_LINES];    /* written by the called end */
};
_Static_assert(sizeof(struct bh_channel) == 8192, "two pages");

/* Set by an end before it parks, looked at by the other after it posted: then it must ring the doorbell. 0: awake; else
 * a number that differs from the last park's, so that one ring for each park is enough. */
struct bh_parked {
    _Alignas(64) _Atomic uint32_t parked;
    _Atomic uint64_t
        rang; /* time stamp counter when this end last rang the other: how long that would have had to poll */
};

struct bh_edge_region {
    struct bh_channel calls;     /* from -> to */
    struct bh_channel callbacks; /* to -> from, while a call is in flight */
    struct bh_parked from_end;   /* written by the caller's VM */
    struct bh_parked to_end;     /* written by the callee's VM */
    uint8_t reserved[4096 - 128];
};
_Static_assert(sizeof(struct bh_edge_region) == 5 * 4096, "five pages");

/* Copy arenas, in the edge's region. The calling end of the channel allocates. */
#define BH_EDGE_CB_ARENA_OFF  0x10000ull
#define BH_EDGE_CB_ARENA_SIZE 0x10000ull
#define BH_EDGE_ARENA_OFF     0x100000ull /* size: bh_boot_edge.arena_size */

#endif

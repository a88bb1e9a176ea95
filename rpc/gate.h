/* The contract of a gate: an edge's rings, requests and replies, and the status of a call.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * An edge's region lies at BH_EDGE_BASE(index), the same address at both ends, and is mapped nowhere else. Neither end
 * trusts the other: it keeps its cursors in private memory, fetches a slot once, checks the copy and uses the copy. */
#ifndef BH_RPC_GATE_H
#define BH_RPC_GATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "rpc/map.h"

#define BH_SLOTS       64u /* request slots, and reply slots, of a channel: calls in flight at most */
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
    BH_BUSY = 10,        /* no reply slot, or no room in the arena, until this thread waits for a call it submitted */
    BH_BAD_RESULT = 11,  /* caller's check: what came back is outside the range that the interface file gives */
    BH_NO_HANDLE = 12,   /* the caller has as many handles as an edge can have */
    BH_HANDLE_BUSY = 13, /* another call of the caller uses this handle */
};
#define BH_STATUS_LAST BH_HANDLE_BUSY

/* A slot is one cache line. The writer fills everything else first and stores `seq` last (release); the reader polls
 * `seq` (acquire) for the value that it expects next. */
struct bh_request {
    _Atomic uint32_t seq; /* n-th request of this channel carries n, starting at 1, wrapping past 0 */
    uint16_t fn;          /* function index; in a callback channel: the callback's number in its call */
    uint16_t slot;        /* reply slot that the caller waits on */
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
    struct bh_request requests[BH_SLOTS]; /* written by the calling end */
    struct bh_reply replies[BH_SLOTS];    /* written by the called end */
};
_Static_assert(sizeof(struct bh_channel) == 8192, "two pages");

/* How an end learns whether the other one has to be notified. */
struct bh_parked {
    /* Set by an end before it parks, read by the other one after it has posted. 0: awake. Otherwise a number that
     * differs from that of the last park, so that one notification for each park is enough. */
    _Alignas(64) _Atomic uint32_t parked;
    /* Time stamp counter when this end last notified the other one, which thus learns how long it would have had to
     * poll. */
    _Atomic uint64_t notified_at;
};

struct bh_edge_region {
    struct bh_channel calls;     /* from -> to */
    struct bh_channel callbacks; /* to -> from, while a call is in flight */
    struct bh_parked from_end;   /* written by the caller's VM */
    struct bh_parked to_end;     /* written by the callee's VM */
    uint8_t reserved[4096 - 128];
};
_Static_assert(sizeof(struct bh_edge_region) == 5 * 4096, "five pages");

#endif

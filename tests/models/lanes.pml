/* Received data on its way through a lane: an edge-triggered reader gets all of it, in order, and the error behind it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What stands for what:
 *   network   guest/libs/lwip/src: net_tcp_on_receive, net_tcp_receive (tcp_data.c), net_lane_push (lane.c), net_raise,
 *             on_error (tcp.c)
 *   reader    guest/libs/posix/net: px_net_poll (events.c), px_lane_poll and px_lane_receive (lane.c),
 *             px_socket_receive (socket.c); and a user who is told once, and then reads until a result is shorter than
 *             what he asked for, or until the error if he was told that it comes (as with EPOLLRDHUP)
 *   judge     no code of ours: it looks once nothing can happen any more
 *
 * The bytes are numbered. CREDIT of them may be in lane and inbox. All stores are the network's, in one order, and the
 * reader loads in the opposite one, so that store buffers change nothing; a call waits for its reply. Memory for the
 * inbox is short STALLS times; the reader looks again after a while.
 *
 * Mutants, each of which must fail: INBOX_ONLY (a read returns what inbox and lane had and does not ask the network),
 * EVENT_FIRST (the generation is stored before lane and word), NO_LEVEL (what does not fit into the lane leaves the
 * word alone), CALL_PASSES_LANE (a call does not wait for what is in the lane), NO_REST (the second call of a read
 * takes the error), STALL_UNTOLD (what is delivered late is not told), STALL_FORGOTTEN (nobody looks again). */
#ifndef TOTAL
#define TOTAL 5
#endif
#define CREDIT 2
#define STALLS 1
#define SIZE   2 /* of a read */

mtype = { NOTHING, FAILED, ENDED };
chan lane = [CREDIT] of {byte};
byte taken, generation;             /* taken: bytes that the application has read of the lane's */
bool readable, near;                /* bits of the word: NET_READABLE, NET_RDHUP */
chan request = [0] of {byte, bool}; /* how many bytes; is this the rest of a read? */
chan reply = [0] of {byte, byte, mtype}; /* how many, the first one */
byte expected;                      /* the next byte for the user */
bool over, failed;                  /* the network reports nothing more; the last was an error */
bool got_error, got_end;

#define UNREAD (pushed - taken)

active proctype network()
{
    byte arrived, first, pushed, wanted, n; /* queued are the bytes from `first` to `arrived` */
    bool error, rest;
end:
    do
    :: arrived < TOTAL ->
        /* net_tcp_on_receive(), for one byte or two */
        arrived++;
        if
        :: arrived < TOTAL -> arrived++
        :: true
        fi;
#ifdef EVENT_FIRST
        generation++;
#endif
        do
        :: first < arrived && UNREAD < CREDIT -> atomic { lane!first; first++; pushed++ }
        :: else -> break
        od;
        if
        :: first == arrived -> readable = false
#ifdef NO_LEVEL
        :: else
#else
        :: else -> readable = true
#endif
        fi;
#ifndef EVENT_FIRST
        generation++;
#endif
    :: arrived == TOTAL && !over ->
        if
        :: true ->
            atomic { error = true; failed = true };
            atomic { near = true; readable = true };
            generation++
        :: true
        fi;
        over = true
    :: request?wanted, rest ->
        /* net_tcp_receive() */
        if
#ifndef CALL_PASSES_LANE
        :: UNREAD > 0 -> reply!0, 0, NOTHING
        :: UNREAD == 0 && first == arrived ->
#else
        :: first == arrived ->
#endif
            if
#ifdef NO_REST
            :: error -> error = false; reply!0, 0, FAILED
            :: !error && failed -> reply!0, 0, ENDED
            :: !failed -> reply!0, 0, NOTHING
#else
            :: error && !rest -> error = false; reply!0, 0, FAILED
            :: !error && failed && !rest -> reply!0, 0, ENDED
            :: !failed || rest -> reply!0, 0, NOTHING
#endif
            fi
#ifndef CALL_PASSES_LANE
        :: UNREAD == 0 && first < arrived ->
#else
        :: first < arrived ->
#endif
            n = (arrived - first < wanted -> arrived - first : wanted);
            first = first + n;
            if
            :: first == arrived && !error -> readable = false
            :: else
            fi;
            reply!n, first - n, NOTHING
        fi;
        atomic { wanted = 0; n = 0; rest = false }
    od
}

inline tell()
{
    atomic {
        told = told || nempty(inbox) || readable || near;
        told_end = told_end || near
    }
}

inline px_lane_poll()
{
    if
    :: nempty(lane) && stalls > 0 -> stalls--; stalled = true
    :: true ->
        do
        :: atomic { lane?byte_ -> inbox!byte_; late = true }
        :: empty(lane) -> break
        od;
        if
        :: stalled && late ->
#ifndef STALL_UNTOLD
            tell()
#endif
        :: else
        fi;
        stalled = false;
        late = false
    fi
}

/* From the inbox to the user. */
inline take_inbox()
{
    do
    :: done < SIZE && nempty(inbox) ->
        atomic { inbox?byte_ -> assert(byte_ == expected); expected++; done++; taken++ }
    :: done == SIZE || empty(inbox) -> break
    od
}

inline px_socket_receive()
{
    done = 0;
    ended = false;
    do
    :: done == SIZE || ended -> break
    :: else ->
        before = done;
        px_lane_poll();
        take_inbox();
        if
        :: done > before
        :: done == before ->
#ifdef INBOX_ONLY
            if
            :: done == 0 && (readable || near) ->
#else
            if
            :: (done > 0 -> readable : readable || near) ->
#endif
                request!SIZE - done, done > 0;
                reply?n, byte_, what;
                if
                :: n > 0 ->
                    assert(byte_ == expected);
                    atomic { expected = expected + n; done = done + n };
                    ended = done < SIZE
                :: n == 0 && what == FAILED -> got_error = (done == 0); ended = true
                :: n == 0 && what == ENDED -> got_end = true; ended = true
                :: n == 0 && what == NOTHING ->
                    px_lane_poll();
                    take_inbox();
                    ended = done == before
                fi
            :: else -> ended = true
            fi
        fi
    od
}

active proctype reader()
{
    byte seen, now, done, before, n, byte_, stalls = STALLS;
    bool told, told_end, stalled, late, ended;
    mtype what;
    chan inbox = [CREDIT] of {byte};
end:
    do
#ifdef STALL_FORGOTTEN
    :: generation != seen ->
#else
    :: generation != seen || stalled ->
#endif
        now = generation;
        px_lane_poll();
        if
        :: now != seen -> seen = now; tell()
        :: else
        fi;
        now = 0;
        do
        :: told && !got_error && !got_end ->
            px_socket_receive();
            told = !ended || told_end;
            if
            :: stalled -> break
            :: else
            fi
        :: else -> break
        od;
        atomic { done = 0; before = 0; n = 0; byte_ = 0; ended = false; what = 0 }
    od
}

active proctype judge()
{
    timeout -> assert(over && expected == TOTAL && (got_error || !failed))
}

/* Parking and ringing between VMs, with the store buffers of the processors: no wake-up and no reply may be lost.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What stands for what:
 *   vm          a VM's core and the process around it. Its inlines carry the names of the functions they stand for:
 *               guest/kernel/core/core.h (peer_posted, peers_fence), peers.c (peer_ring, peers_fence_now, peers_poll,
 *               peers_set_parked, peers_need_processor), gate_out.c (send, finish), gate_in.c (run_request), idle.c
 *               (idle_until_ready, park), vmm/kvm/park.c (park: here ppoll_bell)
 *   drain       the store buffer of the processor that VM `me` runs on
 *   supervisor  vmm/supervisor/supervisor.c: take_idle and all_asleep
 *   judge       no code of ours: it looks once nothing can happen any more
 *
 * Memory: a store waits in its processor's buffer, and everybody else reads the old value. By default, stores leave the
 * buffer in their order (TSO, as on x86). With WEAK, a store passes all others but those to its own word, and a release
 * store waits for those before it (PSO with C11's release). Loads stay in their order. A fence waits until the buffer
 * is empty. Ringing a bell is taken not to be a fence, though a hypercall is one.
 *
 * Polling is cut down to one look: more looks without success change nothing, and parking at once is the hardest case.
 *
 * Shapes: PAIR (VM 0 calls VM 1), CHAIN (0 calls 1, which calls 2), STAR (0 and 1 call 2). CALLS: calls of each
 * application. LEAN, for three VMs: without the looks that only save time, at the mark before the fence and at the
 * rings before parking, and as if there were never a processor for a peer that sleeps. TIMED: so many parks of each VM
 * may end by their deadline. SUPERVISOR: it looks for deadlocks meanwhile.
 *
 * Mutants, each of which must fail: NO_MARK_FENCE, NO_POST_FENCE, NO_SECOND_LOOK, MARK_AFTER_LOOK, MARK_ONE_EDGE,
 * RING_ONCE (the number of a park is not looked at), KEEP_BELL_NUMBER (each park has the same number),
 * NO_LEAVING_FENCE, NO_BELLS (a VM that parks rings none); with WEAK, NO_RELEASE; with SUPERVISOR, ONE_PASS,
 * NO_COMPARE, NO_BELL_CHECK, FLAG_FIRST (then the bell), AWAKE_AFTER_BELL. */
#ifndef CALLS
#define CALLS 2
#endif
#ifndef TIMED
#define TIMED 0
#endif

#if defined(CHAIN)
#define VMS     3
#define EDGES   2
#define TOTAL   CALLS
#elif defined(STAR)
#define VMS     3
#define EDGES   2
#define TOTAL   (2 * CALLS)
#else
#define VMS     2
#define EDGES   1
#define TOTAL   CALLS
#endif

/* Words of an edge's region (rpc/gate.h). Each has one writer. */
#define REQUEST_SEQ 0
#define REQUEST_ARG 1
#define REPLY_SEQ   2
#define REPLY_VALUE 3
#define FROM_PARKED 4
#define TO_PARKED   5
#define WORDS       6
#define AT(edge, word) ((edge) * WORDS + (word))

byte memory[EDGES * WORDS];
chan buffer[VMS] = [8] of {byte, byte, bit}; /* word, value, release */
bool bell[VMS];                              /* eventfd */
byte idle[VMS];                              /* vm_stats.idle: odd while asleep */
byte done;                                   /* replies that reached the applications */
byte told;                                   /* verdicts of the supervisor */

/* The VMs at both ends of an edge. */
#if defined(CHAIN)
#define FROM(edge) (edge)
#define TO(edge)   ((edge) + 1)
#elif defined(STAR)
#define FROM(edge) (edge)
#define TO(edge)   2
#else
#define FROM(edge) 0
#define TO(edge)   1
#endif
#define CALLER(edge)    (FROM(edge) == me)
#define MINE(edge)      (FROM(edge) == me || TO(edge) == me)
#define PEER(edge)      (CALLER(edge) -> TO(edge) : FROM(edge))
#define MY_MARK(edge)   AT(edge, (CALLER(edge) -> FROM_PARKED : TO_PARKED))
#define PEER_MARK(edge) AT(edge, (CALLER(edge) -> TO_PARKED : FROM_PARKED))

#ifdef NO_RELEASE
#define RELEASE 0
#else
#define RELEASE 1
#endif
#define STORE(word, value)         buffer[me]!word, value, 0
#define STORE_RELEASE(word, value) buffer[me]!word, value, RELEASE
#define FENCE                      empty(buffer[me])

#ifdef WEAK
#define PAYLOAD(word, value) STORE(word, value)
#define CHECK(word, value)   assert(memory[word] == value)
#define PASS(word) :: atomic { buffer[me]??word, value, 0 -> memory[word] = value }
#else /* in their order, so nothing can be seen in between */
#define PAYLOAD(word, value) skip
#define CHECK(word, value)   skip
#endif

proctype drain(byte me)
{
    byte word, value;
end:
    do
#ifdef WEAK
    PASS(0) PASS(1) PASS(2) PASS(3) PASS(4) PASS(5)
#if EDGES > 1
    PASS(6) PASS(7) PASS(8) PASS(9) PASS(10) PASS(11)
#endif
    :: atomic { buffer[me]?word, value, 1 -> memory[word] = value; word = 0; value = 0 }
#else
    :: atomic { buffer[me]?word, value, _ -> memory[word] = value; word = 0; value = 0 }
#endif
    od
}

#ifdef RING_ONCE
#define RUNG(edge, number) (rung[edge] != 0)
#else
#define RUNG(edge, number) (rung[edge] == number)
#endif

inline peer_ring(edge, number)
{
    if
    :: number == 0 || RUNG(edge, number)
    :: else -> atomic { rung[edge] = number; bell[PEER(edge)] = true }
    fi
}

inline peer_posted(edge)
{
    unfenced[edge] = true
#ifndef LEAN
    ; number = memory[PEER_MARK(edge)];
    if
    :: peer_ring(edge, number)
    :: true /* peer_needs_processor(): when it parks, or at the next fence */
    fi;
    number = 0
#endif
}

#if EDGES > 1
#define ANY_UNFENCED (unfenced[0] || unfenced[1])
#else
#define ANY_UNFENCED unfenced[0]
#endif

inline look_at_mark(edge)
{
    if
    :: unfenced[edge] ->
        atomic { number = memory[PEER_MARK(edge)]; unfenced[edge] = false }
        peer_ring(edge, number);
        number = 0
    :: else
    fi
}

inline peers_fence()
{
    if
    :: ANY_UNFENCED ->
#ifndef NO_POST_FENCE
        FENCE;
#endif
        look_at_mark(0)
#if EDGES > 1
        ; look_at_mark(1)
#endif
    :: else
    fi
}

inline send(edge)
{
    atomic {
        assert(waiting[edge] == 0);
        sent[edge]++;
        waiting[edge] = 1;
        PAYLOAD(AT(edge, REQUEST_ARG), sent[edge]);
        STORE_RELEASE(AT(edge, REQUEST_SEQ), sent[edge])
    }
    peer_posted(edge)
}

inline reply(edge)
{
    atomic {
        PAYLOAD(AT(edge, REPLY_VALUE), taken[edge]);
        STORE_RELEASE(AT(edge, REPLY_SEQ), taken[edge])
    }
    peer_posted(edge)
}

/* The called end: a request is taken, and answered at once or, in the middle of a chain, after a call of its own. */
inline run_request(edge)
{
    CHECK(AT(edge, REQUEST_ARG), taken[edge]);
#ifdef CHAIN
    if
    :: me == 1 -> send(1)
    :: else -> reply(edge)
    fi
#else
    reply(edge)
#endif
}

/* The calling end. */
inline finish(edge)
{
    CHECK(AT(edge, REPLY_VALUE), sent[edge]);
    if
    :: me == 0 || FROM(edge) != 1 -> done++; ready = true
#ifdef CHAIN
    :: me == 1 -> reply(0)
#else
    :: me == 1 -> done++; ready = true
#endif
    fi
}

inline poll_port(edge)
{
    if
    :: MINE(edge) && CALLER(edge) && waiting[edge] && memory[AT(edge, REPLY_SEQ)] == sent[edge] ->
        atomic { found = true; waiting[edge] = 0 }
        finish(edge)
    :: MINE(edge) && !CALLER(edge) && memory[AT(edge, REQUEST_SEQ)] == taken[edge] + 1 ->
        atomic { found = true; taken[edge]++ }
        run_request(edge)
    :: else
    fi
}

inline peers_poll()
{
    poll_port(0);
#if EDGES > 1
    poll_port(1);
#endif
}

inline mark(edge, value)
{
    if
    :: MINE(edge) -> STORE(MY_MARK(edge), value)
    :: else
    fi
}

inline mark_all(value)
{
    atomic {
        mark(0, value)
#if EDGES > 1 && defined(MARK_ONE_EDGE)
        ; if
        :: MINE(0)
        :: else -> mark(1, value)
        fi
#elif EDGES > 1
        ; mark(1, value)
#endif
    }
}

inline peers_set_parked()
{
#ifndef KEEP_BELL_NUMBER
    parks++;
#else
    parks = 1;
#endif
    mark_all(parks);
#ifndef NO_MARK_FENCE
    FENCE
#endif
}

/* The hypercall enters the VMM's process on the same processor: what is in the buffer then leaves it before long. */
inline ppoll_bell()
{
#ifdef SUPERVISOR
    atomic { FENCE -> idle[me]++ }
#endif
    if
#ifdef AWAKE_AFTER_BELL
    :: bell[me] -> bell[me] = false; atomic { FENCE -> idle[me]++ }
#else
    :: bell[me] ->
#ifdef SUPERVISOR
        atomic { FENCE -> idle[me]++ }
#endif
        bell[me] = false
#endif
    :: timed < TIMED -> timed++
    fi
}

inline park()
{
#ifdef MARK_AFTER_LOOK
    peers_poll();
    peers_set_parked();
#else
    peers_set_parked();
#ifndef NO_SECOND_LOOK
    peers_poll();
#endif
#endif
    if
    :: !found ->
#ifndef NO_BELLS
        peers_fence(); /* peers_take_notifications(), and the hypercall rings them */
#endif
        ppoll_bell();
        mark_all(0) /* by the VMM's process */
    :: else
    fi;
    mark_all(0);
    FENCE
}

proctype vm(byte me; byte calls; byte out)
{
    byte sent[EDGES], taken[EDGES], rung[EDGES], parks, number, timed;
    bit waiting[EDGES];
    bool unfenced[EDGES], found, ready;
    do
    :: calls > 0 && (!waiting[out] || ready) -> /* the application's thread runs */
        ready = false;
        calls--;
        send(out)
    :: calls == 0 && ready -> ready = false /* it waits for something else from now on */
    :: else -> /* thread_block(): nothing can run */
        found = false;
#ifndef LEAN
        peers_poll(); /* idle_until_ready(): look() */
#endif
        if
        :: found
        :: else ->
#ifndef LEAN
            if
            :: peers_fence()
            :: true /* peers_need_processor() */
            fi;
#endif
            park()
        fi;
        /* A call that was answered may have made a thread ready that computes for ever; all requests are served. */
        if
        :: found && out == EDGES && taken[EDGES - 1] + (EDGES > 1 && MINE(0) -> taken[0] : 0) == TOTAL -> break
        :: true
        fi
    od;
#ifndef NO_LEAVING_FENCE
    peers_fence();
#endif
end:
    false
}

#ifdef SUPERVISOR
inline all_asleep(pass)
{
    v = 0;
    asleep = true;
    do
    :: v < VMS && asleep ->
#ifdef FLAG_FIRST
        flags[pass * VMS + v] = idle[v];
        asleep = flags[pass * VMS + v] % 2 == 1 && !bell[v];
#else
#ifndef NO_BELL_CHECK
        asleep = !bell[v];
#endif
        flags[pass * VMS + v] = idle[v];
        asleep = asleep && flags[pass * VMS + v] % 2 == 1;
#endif
        v++
    :: else -> break
    od
}

proctype supervisor()
{
    byte flags[2 * VMS], v;
    bool asleep;
    all_asleep(0);
#ifndef ONE_PASS
    if
    :: asleep -> all_asleep(1)
    :: else
    fi;
#ifndef NO_COMPARE
    v = 0;
    do
    :: asleep && v < VMS -> asleep = flags[v] == flags[VMS + v]; v++
    :: else -> break
    od;
#endif
#endif
    if
    :: asleep -> told++; assert(done == TOTAL) /* a verdict while a call is under way is wrong */
    :: else
    fi
}
#endif

proctype judge()
{
    timeout -> assert(done == TOTAL)
}

init
{
    atomic {
        run drain(0);
        run drain(1);
        run vm(0, CALLS, 0);
#if defined(CHAIN)
        run drain(2);
        run vm(1, 0, 1);
        run vm(2, 0, EDGES);
#elif defined(STAR)
        run drain(2);
        run vm(1, CALLS, 1);
        run vm(2, 0, EDGES);
#else
        run vm(1, 0, EDGES);
#endif
#ifdef SUPERVISOR
        run supervisor();
#endif
        run judge()
    }
}

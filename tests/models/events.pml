/* The ring of events and what wakes its reader: whatever the network reported last is told, however fast it is.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What stands for what:
 *   network   guest/libs/lwip/src/events.c: net_raise, and net_events_flush with net_lanes_tell of lane.c
 *   drain, drain_reader  the store buffers of the two processors
 *   reader    guest/libs/posix/net/events.c: px_net_poll, watch_network, be_woken
 *   judge     no code of ours: it looks once nothing can happen any more
 *
 * A word counts the events of its socket. Telling a socket is to read its word, as an edge-triggered user of epoll
 * does; nobody looks at a word without being told. The ring has RING entries, and a batch has up to two events. While
 * the reader's VM polls it sees the generation itself; once it is parked, only news wakes it. A store waits in its
 * processor's buffer, and all stores leave it in their order (TSO, as on x86).
 *
 * Mutants, each of which must fail: NO_CHECK (what was read is told in any case), CHECK_FIRST (the generation is
 * compared before the entries are read), WHOLE_RING (an entry counts as valid for one event too long), SOME_LOST
 * (the reader that finds itself overtaken tells the rest of the ring instead of all sockets), SEEN_LAST (`seen` becomes
 * the generation at the end), WORD_LAST (the network stores the word after the generation), ENTRY_LAST (the ring's
 * entry after it), NO_TELL_FENCE, NO_ARM_FENCE, NO_SECOND_LOOK (the reader arms, and parks at once). */
#ifndef EVENTS
#define EVENTS 6
#endif
#define SOCKETS 2
#define RING    4

#ifdef WHOLE_RING
#define SPAN RING
#else
#define SPAN (RING - 1)
#endif

/* Words of the share. */
#define WORD(s)    (s)
#define ENTRY(g)   (SOCKETS + (g) % RING)
#define GENERATION (SOCKETS + RING)
#define WORDS      (SOCKETS + RING + 1)

byte memory[WORDS];
chan buffer = [4] of {byte, byte}; /* word, value */
bool armed, late;                  /* late: the reader's store to `armed` waits in its processor's buffer */
bool news;
byte count[SOCKETS];               /* what the network knows */
byte told[SOCKETS];                /* what users know */
bool over;                         /* the network has reported everything */

active proctype drain()
{
    byte word, value;
end:
    do
    :: atomic { buffer?word, value -> memory[word] = value; word = 0; value = 0 }
    od
}

active proctype drain_reader()
{
end:
    do
    :: atomic { late -> armed = true; late = false }
    od
}

active proctype network()
{
    byte generation, socket;
    do
    :: generation < EVENTS ->
        if
        :: socket = 0
        :: socket = 1
        fi;
        generation++;
        count[socket]++;
#ifdef WORD_LAST
        buffer!ENTRY(generation), socket;
        buffer!GENERATION, generation;
        buffer!WORD(socket), count[socket];
#elif defined(ENTRY_LAST)
        buffer!WORD(socket), count[socket];
        buffer!GENERATION, generation;
        buffer!ENTRY(generation), socket;
#else
        buffer!WORD(socket), count[socket];
        buffer!ENTRY(generation), socket;
        buffer!GENERATION, generation;
#endif
        /* net_events_flush(), perhaps after several events */
        if
        :: generation < EVENTS
        :: true ->
#ifndef NO_TELL_FENCE
            empty(buffer);
#endif
            if
            :: armed -> news = true
            :: else
            fi
        fi
    :: else -> break
    od;
    over = true
}

inline tell(s)
{
    told[s] = memory[WORD(s)]
}

inline tell_all()
{
    tell(0);
    tell(1)
}

inline px_net_poll()
{
    atomic { now = memory[GENERATION]; first = seen + 1; left = now - seen };
#ifndef SEEN_LAST
    seen = now;
#endif
    do
    :: left == 0 -> break
    :: else ->
        n = (left < 2 -> left : 2);
#ifdef CHECK_FIRST
        good = left < RING && memory[GENERATION] - first < SPAN;
#endif
        event[0] = memory[ENTRY(first)];
        event[1] = memory[ENTRY(first + 1)];
#ifndef CHECK_FIRST
        good = left < RING && memory[GENERATION] - first < SPAN;
#endif
#ifdef NO_CHECK
        good = true;
#endif
        if
        :: good ->
            tell(event[0]);
            if
            :: n > 1 -> tell(event[1])
            :: else
            fi;
            first = first + n;
            left = left - n
        :: else ->
#ifdef SOME_LOST
            first = memory[GENERATION] - 1;
            event[0] = memory[ENTRY(first)];
            event[1] = memory[ENTRY(first + 1)];
            tell(event[0]);
            tell(event[1]);
#else
            tell_all();
#endif
            left = 0
        fi
    od;
#ifdef SEEN_LAST
    seen = memory[GENERATION];
#endif
    atomic { now = 0; first = 0; left = 0; n = 0; good = false; event[0] = 0; event[1] = 0 }
}

active proctype reader()
{
    byte seen, now, first, left, n, event[2];
    bool good;
end:
    do
    :: memory[GENERATION] != seen -> px_net_poll()
    :: memory[GENERATION] == seen -> /* quiet */
#ifdef NO_ARM_FENCE
        late = true;
#else
        armed = true;
#endif
#ifndef NO_SECOND_LOOK
        if
        :: memory[GENERATION] == seen ->
#endif
            news
#ifndef NO_SECOND_LOOK
        :: else
        fi
#endif
        ;
        atomic { armed = false; late = false; news = false }
    od
}

active proctype judge()
{
    timeout -> assert(over && told[0] == count[0] && told[1] == count[1])
}

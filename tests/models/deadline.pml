/* A VM that parks with a deadline: it may not sleep past it.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * What stands for what:
 *   core      guest/kernel/core/idle.c (idle_until_ready, expire, park) and thread.c (thread_wait, threads_expire):
 *             threads that wait until a time, and requests whose functions wait, too, and so bring nearer deadlines
 *   vmm_park  vmm/kvm/park.c (park): the time-out becomes a time at once; signals and a debugger interrupt the ppoll
 *   clock     time: a request takes a unit, and else it goes on only when everybody waits for it
 *   peer      another VM: sends requests, at any time
 *
 * A thread that still waits LATE units after its time is a failure. LOOKS stands for EXPIRE_CYCLES: so many looks with
 * success, and the clock is looked at.
 *
 * Mutants, each of which must fail: STALE_DEADLINE (the VM parks with the deadline that it knew when it began to idle),
 * RELATIVE_TIMEOUT (an interrupted ppoll starts from the beginning), NO_EXPIRY_IN_TRAFFIC (looks that find something go
 * on for ever without a look at the clock). */
#define END     8
#define LOOKS   2
#define LATE    2
#define NEVER   100
#define THREADS 2

byte now;
byte deadline[THREADS] = NEVER; /* of the waiting threads */
byte requests;                  /* in the ring */
bool bell, parked, interrupted;
byte left;                      /* parked: the time-out of the ppoll */

#define NEAREST (deadline[0] < deadline[1] -> deadline[0] : deadline[1])
#define TIMED_OUT (left <= now)

inline tick()
{
    now++;
    assert(deadline[0] >= now - LATE && deadline[1] >= now - LATE)
}

proctype clock()
{
end:
    do
    :: timeout && now < END -> atomic { tick() }
    od
}

inline expire()
{
    atomic {
        if
        :: deadline[0] <= now -> deadline[0] = NEVER; ready = true
        :: else
        fi;
        if
        :: deadline[1] <= now -> deadline[1] = NEVER; ready = true
        :: else
        fi;
        due = NEAREST
    }
}

/* Serves a request; its function waits for a unit of time, or it does not. */
inline look()
{
    if
    :: requests > 0 ->
        atomic {
            requests--;
            found = true;
            tick();
            if
            :: deadline[1] == NEVER -> deadline[1] = now + 1
            :: true
            fi
        }
    :: else
    fi
}

inline vmm_park()
{
    left = due;
    parked = true;
    do
    :: bell -> bell = false; break
    :: TIMED_OUT -> break
    :: interrupted ->
        interrupted = false;
#ifdef RELATIVE_TIMEOUT
        left = (due == NEVER -> NEVER : now + (due - asked))
#endif
    od;
    parked = false
}

proctype core()
{
    byte due = NEVER, looks, asked;
    bool found, ready;
    if
    :: deadline[0] = 1
    :: deadline[0] = 5
    fi;
end:
    do
    :: now >= END -> break
    :: else ->
        ready = false;
        looks = 0;
        expire();
        do
        :: ready -> break
        :: !ready ->
            found = false;
            look();
            if
            :: found ->
                looks++;
#ifndef NO_EXPIRY_IN_TRAFFIC
                if
                :: looks % LOOKS == 0 -> expire()
                :: else
                fi
#endif
            :: else ->
#ifndef STALE_DEADLINE
                expire();
#endif
                if
                :: ready -> break
                :: else -> asked = now; vmm_park(); expire()
                fi
            fi
        od;
        /* A thread ran, and waits anew. */
        if
        :: deadline[0] == NEVER && now < END - 4 -> deadline[0] = now + 3
        :: else
        fi
    od
}

/* Until some later time, or not at all. */
inline pause()
{
    when = now;
    do
    :: when < END -> when++
    :: break
    od;
    atomic { now >= when; when = 0 }
}

proctype peer()
{
    byte sent, when;
end:
    do
    :: sent < 2 -> pause(); atomic { sent++; requests++; bell = true }
    :: sent < 2 -> pause(); atomic { sent = sent + 4; requests = requests + 4; bell = true }
    :: break
    od
}

/* A signal, or a debugger that has a look. */
proctype disturber()
{
    byte times, when;
end:
    do
    :: times < 2 -> pause(); atomic { times++; interrupted = parked }
    :: break
    od
}

init
{
    atomic { run core(); run clock(); run peer(); run disturber() }
}

/* Messages of a VM's process to the supervisor, each of fixed size, over a SEQPACKET socket.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_VM_MESSAGE_H
#define BH_VMM_VM_MESSAGE_H

#include <stdbool.h>

#include "vmm/appliance/appliance.h"
#include "vmm/vm/crash.h"
#include "vmm/base/problem.h"

enum message_kind {
    MESSAGE_EXIT = 1,    /* the guest ended by itself: status */
    MESSAGE_CRASH = 2,   /* crash */
    MESSAGE_MARK = 3,    /* mark, time_ns */
    MESSAGE_FAILED = 4,  /* could not start: problem */
    MESSAGE_STARTED = 5, /* the guest runs from now on; MESSAGE_FAILED cannot follow */
    MESSAGE_IDLE = 6,    /* the guest sleeps until another VM notifies it */
};
#define MESSAGE_KIND_LAST MESSAGE_IDLE

/* MESSAGE_CRASH that is not the end, of one VM: so many at once, and so many a second for long; sender and receiver
 * leave out what exceeds that. */
#define REPORTS_BURST      64u
#define REPORTS_PER_SECOND 1u

struct message {
    uint32_t kind;
    uint32_t status;  /* MESSAGE_EXIT: as the guest gave it. MESSAGE_CRASH, a report: 1 if the next ones are left out */
    uint64_t time_ns; /* MESSAGE_MARK: CLOCK_MONOTONIC */
    uint64_t omitted; /* MESSAGE_EXIT, MESSAGE_CRASH: reports that were left out since the last message with a number */
    char mark[32];
    struct crash crash;
    struct problem problem;
};

/* Sends a message, and may block. It ignores that the supervisor is gone, because this process is then about to be
 * killed. */
void message_send(int fd, const struct message *m);

/* Receives a message without blocking. 1: *m is one whole message of a known kind about VM `vm`. Its strings are
 * terminated, `mark` and `problem` have no control characters (crash/report.c removes those of the others), and its
 * compartment is one of that VM's. 0: there is none at the moment. -1: the other end is gone or sent something
 * invalid. */
int message_receive(int fd, const struct appliance *a, uint32_t vm, struct message *m);

#endif

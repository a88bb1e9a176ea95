/* The signals that the supervisor waits for.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_SUPERVISOR_SIGNALS_H
#define BH_VMM_SUPERVISOR_SIGNALS_H

#include <signal.h>

#include "vmm/supervisor/state.h"

/* Receives SIGCHLD, SIGINT and SIGTERM through the loop from now on; children undo it for themselves. `before`: the
 * signal mask until now. False: `p`. */
bool signals_catch(struct supervisor *s, sigset_t *before, struct problem *p);

/* Undoes it. */
void signals_release(struct supervisor *s, const sigset_t *before);

#endif

/* The C library's <setjmp.h>, and the jumps that keep the mask of signals.
 * SPDX-License-Identifier: BSD-3-Clause */
#include_next <setjmp.h>
#ifndef BH_SETJMP_H
#define BH_SETJMP_H

#include <signal.h>
#include <stddef.h>

typedef struct {
    jmp_buf place;
    sigset_t mask;
    int saved;
} sigjmp_buf[1];

/* A macro, because setjmp() has to be called by the function that is jumped to. */
#define sigsetjmp(env, save) \
    ((env)->saved = (save), (void)((env)->saved && sigprocmask(SIG_BLOCK, NULL, &(env)->mask)), setjmp((env)->place))

void siglongjmp(sigjmp_buf env, int value) __attribute__((noreturn));

#endif

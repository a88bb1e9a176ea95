/* siglongjmp(); sigsetjmp() is a macro of <setjmp.h>.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>

void siglongjmp(sigjmp_buf env, int value)
{
    if (env->saved)
        sigprocmask(SIG_SETMASK, &env->mask, NULL);
    longjmp(env->place, value);
}

/* Signals that the process sends to itself, and SIGTERM and SIGINT from the supervisor.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Nothing interrupts running code: handlers run in raise(), or on the main thread when it waits or is waiting, or at
 * the end of any other call. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "../thread/thread.h"

#define BIT(number) ((sigset_t)1 << (number))

static struct sigaction actions[_NSIG];
static sigset_t pending;
static const char shutdown_key, pause_key; /* addresses to wait for */

static bool is_valid(int number)
{
    return number > 0 && number < _NSIG;
}

static bool ignored_by_default(int number)
{
    switch (number) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return true;
    default:
        return false;
    }
}

static void end_by(int number)
{
    if (number == SIGABRT)
        abort();
    if (number != SIGTERM && number != SIGINT)
        bh_log("ended by signal %d", number);
    _exit(128 + number);
}

static void deliver_signal(int number, struct posix_thread *self)
{
    struct sigaction action = actions[number];
    if (action.sa_handler == SIG_IGN || (action.sa_handler == SIG_DFL && ignored_by_default(number)))
        return;
    if (action.sa_handler == SIG_DFL)
        end_by(number);
    if (action.sa_flags & SA_RESETHAND)
        actions[number].sa_handler = SIG_DFL;
    sigset_t before = self->blocked;
    self->blocked |= action.sa_mask | (action.sa_flags & SA_NODEFER ? 0 : BIT(number));
    if (action.sa_flags & SA_SIGINFO) {
        siginfo_t info = {.si_signo = number, .si_code = SI_USER, .si_pid = getpid()};
        action.sa_sigaction(number, &info, NULL);
    } else {
        action.sa_handler(number);
    }
    self->blocked = before;
}

int px_signals_run(struct posix_thread *self)
{
    int r = 0;
    if (self != px_main())
        return 0;
    while (pending & ~self->blocked) {
        int number = __builtin_ctzl(pending & ~self->blocked);
        pending &= ~BIT(number);
        bool handled = actions[number].sa_handler != SIG_IGN && actions[number].sa_handler != SIG_DFL;
        if (handled && r != -EINTR)
            r = actions[number].sa_flags & SA_RESTART ? PX_RESTART : -EINTR;
        deliver_signal(number, self);
    }
    return r;
}

/* Makes a signal pending; the main thread handles it when it waits next. */
static void post_signal(int number)
{
    pending |= BIT(number);
    px_wake(&pending, UINT32_MAX); /* sigwait() */
    px_interrupt(px_main());
}

int raise(int number)
{
    if (!number)
        return 0;
    if (!is_valid(number))
        return (int)px_result(-EINVAL);
    struct posix_thread *self = px_self();
    if (self->blocked & BIT(number))
        post_signal(number);
    else
        deliver_signal(number, self);
    return 0;
}

void px_signal(int number)
{
    raise(number);
}

int kill(pid_t pid, int number)
{
    if (number < 0 || number >= _NSIG)
        return (int)px_result(-EINVAL);
    if (pid != getpid() && pid != 0 && pid != -1)
        return (int)px_result(-ESRCH);
    return number ? raise(number) : 0;
}

int killpg(pid_t group, int number)
{
    return kill(group == getpid() || group == 0 ? 0 : -2, number);
}

int pthread_kill(pthread_t t, int number)
{
    if (number < 0 || number >= _NSIG)
        return EINVAL;
    if (number && t == px_self())
        raise(number);
    else if (number)
        post_signal(number);
    return 0;
}

/* ---- From the supervisor ---- */

static bool taken_over; /* the application handles SIGTERM and SIGINT itself */
static bool asked;      /* the supervisor's signal has been posted */

static volatile const uint32_t *shutdown_word(void)
{
    return &((const volatile struct bh_status_page *)BH_STATUS_VA)->shutdown;
}

static void post_shutdown(void)
{
    int number = (int)*shutdown_word();
    if (asked)
        return;
    asked = true;
    number = is_valid(number) ? number : SIGTERM;
    if (taken_over)
        post_signal(number);
    else
        _exit(128 + number); /* as the core does when it polls */
}

/* Waits until the supervisor asks the appliance to end. */
static void listen_to_supervisor(void *unused)
{
    (void)unused;
    while (!*shutdown_word())
        bh_core()->sleep(&shutdown_key, BH_FOREVER);
    post_shutdown();
}

/* A program that computes waits for nothing, so the thread above does not run. */
void px_signals_look(void)
{
    if (__builtin_expect(*shutdown_word() && !asked, 0))
        post_shutdown();
    if (__builtin_expect(!pending, 1))
        return;
    int before = errno;
    px_signals_run(px_self());
    errno = before;
}

/* From the first handler on. */
static void take_over_shutdown(void)
{
    if (taken_over)
        return;
    taken_over = true;
    if (bh_core()->watch((const volatile uint16_t *)shutdown_word(), &shutdown_key) != 0 ||
        bh_thread_create(NULL, listen_to_supervisor, NULL) != 0)
        bh_panic("no thread to wait for signals: give this compartment more `threads`");
}

int sigaction(int number, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    if (!is_valid(number) || (action && (number == SIGKILL || number == SIGSTOP)))
        return (int)px_result(-EINVAL);
    if (old)
        *old = actions[number];
    if (!action)
        return 0;
    actions[number] = *action;
    if (action->sa_handler != SIG_DFL && (number == SIGTERM || number == SIGINT))
        take_over_shutdown();
    return 0;
}

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old = {0};
    return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    struct posix_thread *self = px_self();
    if (old)
        *old = self->blocked;
    if (!set)
        return 0;
    if (how == SIG_BLOCK)
        self->blocked |= *set;
    else if (how == SIG_UNBLOCK)
        self->blocked &= ~*set;
    else if (how == SIG_SETMASK)
        self->blocked = *set;
    else
        return EINVAL;
    self->blocked &= ~(BIT(SIGKILL) | BIT(SIGSTOP));
    px_signals_run(self);
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return (int)px_result(-pthread_sigmask(how, set, old));
}

int sigpending(sigset_t *set)
{
    *set = pending & px_self()->blocked;
    return 0;
}

int sigsuspend(const sigset_t *set)
{
    struct posix_thread *self = px_self();
    sigset_t before = self->blocked;
    self->blocked = *set;
    pause();
    self->blocked = before;
    return (int)px_result(-EINTR);
}

int pause(void)
{
    while (px_block(&pause_key, PX_FOREVER) == 0)
        continue;
    return (int)px_result(-EINTR);
}

/* Returns the number, or -EAGAIN at the deadline. */
static int wait_for_signal(const sigset_t *set, uint64_t deadline)
{
    while (!(pending & *set))
        if (px_block(&pending, deadline) == -ETIMEDOUT && !(pending & *set))
            return -EAGAIN;
    int number = __builtin_ctzl(pending & *set);
    pending &= ~BIT(number);
    return number;
}

int sigwait(const sigset_t *set, int *number)
{
    *number = wait_for_signal(set, PX_FOREVER);
    return 0;
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *time)
{
    if (time && (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1000000000))
        return (int)px_result(-EINVAL);
    uint64_t deadline = time ? px_deadline((uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec) : PX_FOREVER;
    int number = wait_for_signal(set, deadline);
    if (number > 0 && info)
        *info = (siginfo_t){.si_signo = number, .si_code = SI_USER, .si_pid = getpid()};
    return (int)px_result(number);
}

int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    return sigtimedwait(set, info, NULL);
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
    (void)stack;
    if (old)
        *old = (stack_t){.ss_flags = SS_DISABLE};
    return 0; /* handlers run on the stack of the thread that raises */
}

/* Signals: handlers, masks, sets, timers, waits that end early.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "same_as_native.h"

static volatile sig_atomic_t count, last;
static sigset_t seen;

static void note_signal(int number)
{
    count++;
    last = number;
    sigprocmask(SIG_BLOCK, NULL, &seen);
}

static void note_code(int number, siginfo_t *info, void *context)
{
    (void)context;
    count += 10;
    last = info->si_signo == number ? info->si_code : -1000;
}

static int handled(void)
{
    int n = count;
    count = 0;
    return n;
}

static int install(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    return sigaction(number, &action, NULL);
}

static void show_handlers(void)
{
    struct sigaction old;
    SHOW(install(SIGUSR1, note_signal, 0));
    SHOW(raise(SIGUSR1));
    SHOW(handled());
    SHOW(last == SIGUSR1);
    show("mask in the handler", "%d %d %d", sigismember(&seen, SIGUSR1), sigismember(&seen, SIGUSR2),
         sigismember(&seen, SIGHUP));
    sigprocmask(SIG_BLOCK, NULL, &seen);
    show("mask after it", "%d %d", sigismember(&seen, SIGUSR1), sigismember(&seen, SIGUSR2));
    SHOW(kill(getpid(), SIGUSR1));
    show("handled after kill", "%d", handled());
    SHOW(kill(getpid(), 0));
    SHOW(kill(getpid(), 12345));
    SHOW(raise(12345));
    SHOW(raise(0));
    SHOW(sigaction(SIGUSR1, NULL, &old));
    SHOW(old.sa_handler == note_signal);
    SHOW(sigismember(&old.sa_mask, SIGUSR2));
    SHOW(install(SIGKILL, note_signal, 0));
    SHOW(install(SIGSTOP, note_signal, 0));
    SHOW(install(12345, note_signal, 0));
    SHOW(install(0, note_signal, 0));
    SHOW(sigaction(SIGKILL, NULL, &old));
    SHOW(install(SIGUSR1, note_signal, SA_RESETHAND | SA_NODEFER));
    SHOW(raise(SIGUSR1) + handled());
    show("mask with SA_NODEFER", "%d", sigismember(&seen, SIGUSR1));
    SHOW(sigaction(SIGUSR1, NULL, &old));
    show("handler after SA_RESETHAND", "%d", old.sa_handler == SIG_DFL);
    struct sigaction with_code = {.sa_sigaction = note_code, .sa_flags = SA_SIGINFO};
    SHOW(sigaction(SIGUSR1, &with_code, NULL));
    SHOW(kill(getpid(), SIGUSR1) + handled());
    SHOW(last == SI_USER);
    SHOW(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    SHOW(raise(SIGUSR1) + handled());
    SHOW(signal(SIGUSR1, note_signal) == SIG_IGN);
    SHOW(signal(SIGKILL, note_signal) == SIG_ERR);
    SHOW(signal(12345, note_signal) == SIG_ERR);
    SHOW(raise(SIGCHLD));
    SHOW(raise(SIGURG));
    SHOW(raise(SIGWINCH));
    SHOW(raise(SIGCONT));
}

static void show_masks(void)
{
    sigset_t set, old, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    SHOW(sigprocmask(SIG_BLOCK, &set, &old));
    SHOW(sigismember(&old, SIGUSR1));
    SHOW(raise(SIGUSR1) + raise(SIGUSR1));
    show("handled while blocked", "%d", handled());
    SHOW(sigpending(&pending));
    SHOW(sigismember(&pending, SIGUSR1));
    SHOW(sigismember(&pending, SIGUSR2));
    SHOW(sigprocmask(SIG_UNBLOCK, &set, NULL));
    show("handled when unblocked", "%d", handled());
    SHOW(sigpending(&pending) + sigismember(&pending, SIGUSR1));
    SHOW(sigprocmask(77, &set, NULL));
    SHOW(sigprocmask(77, NULL, &old));
    SHOW_ERROR(pthread_sigmask(SIG_BLOCK, &set, NULL));
    SHOW_ERROR(pthread_kill(pthread_self(), SIGUSR1));
    SHOW_ERROR(pthread_kill(pthread_self(), 0));
    SHOW_ERROR(pthread_kill(pthread_self(), 12345));
    show("handled while blocked by the thread", "%d", handled());
    SHOW_ERROR(pthread_sigmask(SIG_SETMASK, &old, NULL));
    show("handled when unblocked by the thread", "%d", handled());
    sigset_t filled;
    sigfillset(&filled);
    SHOW(sigprocmask(SIG_SETMASK, &filled, NULL));
    SHOW(sigprocmask(SIG_SETMASK, &old, &filled));
    show("cannot be blocked", "%d %d, can be %d", sigismember(&filled, SIGKILL), sigismember(&filled, SIGSTOP),
         sigismember(&filled, SIGTERM));
    SHOW(sigaddset(&set, 12345));
    SHOW(sigaddset(&set, 0));
    SHOW(sigdelset(&set, SIGUSR1));
    SHOW(sigismember(&set, SIGUSR1));
    SHOW(sigismember(&set, 12345));
}

static void show_waits(void)
{
    sigset_t set, none;
    siginfo_t info;
    int number = 0;
    struct timespec moment = {0, 1000000};
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    SHOW(sigsuspend(&none));
    show("handled by sigsuspend", "%d", handled());
    raise(SIGUSR1);
    SHOW_ERROR(sigwait(&set, &number));
    show("sigwait", "%d, handled %d", number == SIGUSR1, handled());
    SHOW(sigtimedwait(&set, &info, &moment));
    raise(SIGUSR1);
    show("sigtimedwait", "%d", sigtimedwait(&set, &info, &moment) == SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void show_timers(void)
{
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}}; /* often, as one may come too early */
    struct itimerval old = {{9, 9}, {9, 9}}, wrong = {{0, 0}, {0, 1000000}};
    struct timespec second = {5, 0}, left = {0, 0};
    int ends[2];
    char buf[4];
    install(SIGALRM, note_signal, 0);
    SHOW(setitimer(ITIMER_REAL, &often, NULL));
    SHOW(nanosleep(&second, &left));
    show("left of five seconds", "%d, handled %d", left.tv_sec == 4, handled() > 0);
    SHOW(setitimer(ITIMER_REAL, &never, &old));
    show("interval", "%d %d", (int)old.it_interval.tv_sec, (int)old.it_interval.tv_usec);
    SHOW(getitimer(ITIMER_REAL, &old));
    show("no timer", "%d %d", (int)old.it_value.tv_sec, (int)old.it_value.tv_usec);
    SHOW(setitimer(ITIMER_REAL, &wrong, NULL));
    SHOW(setitimer(77, &often, NULL));
    SHOW(pipe(ends));
    setitimer(ITIMER_REAL, &often, NULL);
    SHOW_AS("read of a pipe", read(ends[0], buf, 1));
    SHOW(pause());
    show("handled by pause", "%d", handled() > 0);
    setitimer(ITIMER_REAL, &never, NULL);
    SHOW(alarm(100));
    unsigned left_of_alarm = alarm(0);
    show("left of an alarm", "%d", left_of_alarm == 100 || left_of_alarm == 99);
    SHOW(alarm(0));
    signal(SIGALRM, SIG_DFL);
    close(ends[0]);
    close(ends[1]);
}

static sigjmp_buf place;

static void jump_out(int number)
{
    siglongjmp(place, number == SIGUSR1 ? 7 : 8);
}

static void show_jumps(void)
{
    sigset_t mask;
    signal(SIGUSR1, jump_out);
    int r = sigsetjmp(place, 1);
    if (r == 0)
        raise(SIGUSR1);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    show("out of a handler", "%d, still blocked %d", r, sigismember(&mask, SIGUSR1));
    jmp_buf plain;
    r = setjmp(plain);
    if (r < 2)
        longjmp(plain, r * 2);
    show("longjmp", "%d", r);
    SHOW_TEXT(strsignal(SIGTERM));
    SHOW_TEXT(strsignal(SIGSEGV));
}

void show_signals(void)
{
    show_handlers();
    show_masks();
    show_waits();
    show_timers();
    show_jumps();
}

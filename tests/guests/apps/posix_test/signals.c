/* Signals, timers, and process functions that have to fail.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile int got, code;

static void handler(int number)
{
    got = number;
}

static void handler_info(int number, siginfo_t *info, void *unused)
{
    (void)unused;
    got = number;
    code = info->si_code;
}

static void *interrupt_main(void *main_thread)
{
    usleep(2000);
    pthread_kill((pthread_t)main_thread, SIGUSR1);
    return NULL;
}

void test_signals(void)
{
    struct sigaction action = {.sa_handler = handler}, old;
    sigset_t set, pending;
    CHECK("sigaction", sigaction(SIGUSR1, &action, &old) == 0 && old.sa_handler == SIG_DFL);
    CHECK("raise", raise(SIGUSR1) == 0 && got == SIGUSR1);
    got = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK("blocked signals wait",
          kill(getpid(), SIGUSR1) == 0 && !got && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK("and are delivered when unblocked", got == SIGUSR1);
    action.sa_sigaction = handler_info;
    action.sa_flags = SA_SIGINFO | SA_RESETHAND;
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &old);
    CHECK("SA_SIGINFO, SA_RESETHAND", got == SIGUSR2 && code == SI_USER && old.sa_handler == SIG_DFL);
    pthread_t t;
    int fds[2];
    char c;
    pipe(fds);
    got = 0;
    pthread_create(&t, NULL, interrupt_main, pthread_self());
    FAILS("a signal interrupts read", EINTR, read(fds[0], &c, 1));
    CHECK("after its handler", got == SIGUSR1);
    pthread_join(t, NULL);
    struct epoll_event e;
    int ep = epoll_create1(0);
    pthread_create(&t, NULL, interrupt_main, pthread_self());
    FAILS("a signal interrupts epoll_wait", EINTR, epoll_wait(ep, &e, 1, 5000));
    pthread_join(t, NULL);
    close(ep), close(fds[0]), close(fds[1]);
    signal(SIGALRM, handler);
    struct itimerval timer = {.it_value = {0, 3000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    pause();
    CHECK("setitimer, pause", got == SIGALRM);
    FAILS("bad signal number", EINVAL, kill(getpid(), 99));
    FAILS("another process", ESRCH, kill(1234, SIGTERM));
}

void test_process(void)
{
    struct utsname name;
    char text[64];
    unsigned char bytes[16];
    struct statfs room;
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    CHECK("getenv", getenv("PLACE") && !strcmp(getenv("PLACE"), "guest"));
    FAILS("fork", ENOSYS, fork());
    FAILS("execve", ENOSYS, execve("/bin/sh", NULL, NULL));
    FAILS("waitpid", ECHILD, waitpid(-1, NULL, 0));
    CHECK("dlopen", dlopen("libm.so", RTLD_NOW) == NULL && dlerror() != NULL);
    CHECK("uname", uname(&name) == 0 && !strcmp(name.sysname, "Bulkhead"));
    CHECK("one user",
          getpwnam("root") && !strcmp(getpwuid(0)->pw_name, "root") && !getpwnam("www-data") && !getpwuid(33));
    CHECK("one group", getgrnam("root") && !strcmp(getgrgid(0)->gr_name, "root") && !getgrnam("adm") && !getgrgid(4));
    CHECK("initgroups", initgroups("root", 0) == 0);
    FAILS("initgroups of another", EPERM, initgroups("root", 5));
    CHECK("statfs", statfs("/tmp", &room) == 0 && room.f_bsize > 0 && room.f_bfree > 0 && room.f_namelen == 255);
    FAILS("statfs of nothing", ENOENT, statfs("/none", &room));
    CHECK("timezone", setenv("TZ", "XYZ3", 1) == 0 && (tzset(), timezone == 3 * 3600) && unsetenv("TZ") == 0);
    tzset();
    CHECK("sysconf", sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_NPROCESSORS_ONLN) == 1);
    CHECK("malloc_usable_size and a large block", realloc(malloc(100), 8000000) != NULL);
    CHECK("inet_pton 4", inet_pton(AF_INET, "10.2.0.255", bytes) == 1 && bytes[3] == 255 &&
                             inet_pton(AF_INET, "1.2.3.256", bytes) == 0);
    CHECK("inet_pton 6", inet_pton(AF_INET6, "fd00::7:1.2.3.4", bytes) == 1 && bytes[11] == 7 && bytes[15] == 4 &&
                             inet_pton(AF_INET6, "1::2::3", bytes) == 0);
    inet_pton(AF_INET6, "2001:db8:0:0:1:0:0:0", bytes);
    CHECK("inet_ntop 6", inet_ntop(AF_INET6, bytes, text, sizeof(text)) && !strcmp(text, "2001:db8:0:0:1::"));
    CHECK("getaddrinfo",
          getaddrinfo("127.0.0.1", "6379", &hints, &list) == 0 && list->ai_family == AF_INET && !list->ai_next);
    freeaddrinfo(list);
    CHECK("getaddrinfo: no name", getaddrinfo("not-a-number", "1", &hints, &list) == EAI_NONAME);
}

int wait_for_signal(void)
{
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before); /* the signal may come before the program waits */
    signal(SIGTERM, handler);
    printf("waiting\n");
    fflush(stdout);
    sigsuspend(&before);
    printf("signal %d\n", got);
    return 7;
}

/* Makes calls, and waits in none. */
int compute_until_signal(void)
{
    char bytes[16];
    int fd = open("/etc/motd", O_RDONLY);
    signal(SIGTERM, handler);
    printf("computing\n");
    fflush(stdout);
    while (!got)
        pread(fd, bytes, sizeof(bytes), 0);
    printf("signal %d\n", got);
    return 7;
}

/* What a process knows of itself: environment, limits, configuration.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "same_as_native.h"

static void show_environment(void)
{
    SHOW(setenv("A", "one", 1));
    SHOW_TEXT(getenv("A"));
    SHOW(setenv("A", "two", 0));
    show("not replaced", "%s", getenv("A"));
    SHOW(setenv("A", "three", 1));
    show("replaced", "%s", getenv("A"));
    SHOW(setenv("", "x", 1));
    SHOW(setenv("A=B", "x", 1));
    SHOW(setenv("B", "", 1));
    SHOW_TEXT(getenv("B"));
    SHOW(getenv("none") == NULL);
    SHOW(unsetenv("A"));
    SHOW(getenv("A") == NULL);
    SHOW(unsetenv("none"));
    SHOW(unsetenv("A=B"));
    SHOW(unsetenv(""));
    static char entry[] = "C=first";
    SHOW(putenv(entry));
    SHOW_TEXT(getenv("C"));
    memcpy(entry + 2, "FIRST", 5);
    show("changed behind its back", "%s", getenv("C"));
    SHOW(clearenv());
    SHOW(getenv("C") == NULL);
    SHOW(setenv("D", "after", 1));
    SHOW_TEXT(getenv("D"));
}

static void show_configuration(void)
{
    SHOW(sysconf(_SC_PAGESIZE));
    SHOW(sysconf(_SC_CLK_TCK));
    SHOW(sysconf(_SC_NPROCESSORS_ONLN) > 0);
    SHOW(sysconf(_SC_OPEN_MAX) > 0);
    SHOW(sysconf(_SC_IOV_MAX));
    SHOW(sysconf(_SC_PHYS_PAGES) > 0);
    SHOW(sysconf(_SC_MONOTONIC_CLOCK) > 0);
    SHOW(sysconf(_SC_VERSION));
    SHOW(sysconf(12345));
    SHOW(sysconf(-1));
    SHOW(getpagesize());
    SHOW(sysconf(_SC_HOST_NAME_MAX));
    SHOW(sysconf(_SC_ARG_MAX) > 0);
    SHOW(sysconf(_SC_LOGIN_NAME_MAX));
    SHOW(sysconf(_SC_NGROUPS_MAX));
    SHOW(sysconf(_SC_LINE_MAX));
    SHOW(sysconf(_SC_THREADS) > 0);
    show("limits", "%d %d %d %d", PATH_MAX, NAME_MAX, PIPE_BUF, IOV_MAX);
}

static void show_resources(void)
{
    struct rlimit limit, own;
    struct rusage usage;
    SHOW(getrlimit(RLIMIT_NOFILE, &own));
    SHOW(own.rlim_cur <= own.rlim_max);
    SHOW(getrlimit(12345, &limit));
    limit = (struct rlimit){20, 10};
    SHOW(setrlimit(RLIMIT_NOFILE, &limit));
    limit = (struct rlimit){64, own.rlim_max};
    SHOW(setrlimit(RLIMIT_NOFILE, &limit));
    SHOW(getrlimit(RLIMIT_NOFILE, &limit));
    show("limit now", "%d", (int)limit.rlim_cur);
    SHOW(dup2(1, 64));
    SHOW(dup2(1, 63));
    int n = 0;
    while (dup(1) >= 0)
        n++;
    show("duplicates until full", "%s, highest taken %d", error_name(errno), dup2(1, 62) == 62);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    setrlimit(RLIMIT_NOFILE, &own);
    SHOW(getrusage(RUSAGE_SELF, &usage));
    SHOW(getrusage(77, &usage));
}

static void show_identity(void)
{
    struct utsname name;
    SHOW(getpid() > 0);
    SHOW(getuid() == geteuid());
    SHOW(getgid() == getegid());
    SHOW(uname(&name));
    SHOW_TEXT(name.machine);
    SHOW(getpgrp() > 0);
    SHOW(wait(NULL));
    SHOW(waitpid(-1, NULL, WNOHANG));
    SHOW(waitpid(12345678, NULL, 0));
    SHOW(execl("/none", "none", (char *)NULL));
    char text[2] = "";
    SHOW(gethostname(text, 0) <= 0);
    SHOW(kill(12345678, 0));
    SHOW(isatty(99));
}

static void show_options(void)
{
    static char *arguments[] = {"program", "-a",       "-bvalue", "-c", "value", "-x", "word",
                                "-d",      "--long=5", "--flag",  "--", "-rest", NULL};
    static const struct option names[] = {
        {"long", required_argument, NULL, 'L'}, {"flag", no_argument, NULL, 'F'}, {0}};
    int c, n = 0;
    opterr = 0;
    while ((c = getopt_long(12, arguments, "ab:c:d", names, NULL)) != -1) {
        set_case("option %d", n++);
        show("getopt_long", "%c, %s, index %d", c, optarg ? optarg : "none", optind);
    }
    set_case("%s", "");
    show("rest", "%d: %s %s", optind, arguments[optind], arguments[optind + 1]);
    static char *few[] = {"program", "-c", NULL};
    optind = 1;
    SHOW(getopt(2, few, ":c:"));
    show("option without its argument", "%c", optopt);
}

static int end_order;

static void note_end(void)
{
    end_order++;
    if (end_order == 2)
        show("functions at exit", "%d", end_order);
}

void show_process(void)
{
    show_environment();
    show_configuration();
    show_resources();
    show_identity();
    show_options();
    SHOW(atexit(note_end) + atexit(note_end));
}

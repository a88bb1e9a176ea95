/* The only process: its identity, and process functions that always fail.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bh/core.h>

#include "../px.h"

static const char *own_hostname(void)
{
    const char *name = NULL;
    if (bh_boot()->net_off)
        name = ((const struct bh_boot_net *)((const char *)bh_boot() + bh_boot()->net_off))->hostname;
    return name && *name ? name : "bulkhead";
}

int clearenv(void)
{
    if (environ)
        *environ = NULL; /* the array stays: the C library's setenv() makes it longer */
    return 0;
}

pid_t getpid(void)
{
    return 1;
}
pid_t getppid(void)
{
    return 0;
}
pid_t getpgrp(void)
{
    return 1;
}
pid_t getpgid(pid_t pid)
{
    (void)pid;
    return 1;
}
pid_t setsid(void)
{
    return 1;
}
int setpgid(pid_t pid, pid_t group)
{
    (void)pid, (void)group;
    return 0;
}
uid_t getuid(void)
{
    return 0;
}
uid_t geteuid(void)
{
    return 0;
}
gid_t getgid(void)
{
    return 0;
}
gid_t getegid(void)
{
    return 0;
}

static int only_root(unsigned id)
{
    return id ? (int)px_result(-EPERM) : 0;
}

int setuid(uid_t id)
{
    return only_root(id);
}
int seteuid(uid_t id)
{
    return only_root(id);
}
int setgid(gid_t id)
{
    return only_root(id);
}
int setegid(gid_t id)
{
    return only_root(id);
}

int getgroups(int n, gid_t *list)
{
    (void)n, (void)list;
    return 0;
}

/* ---- There is no second process, so these fail ---- */

static int no_process(void)
{
    return (int)px_result(-ENOSYS);
}

pid_t fork(void)
{
    return no_process();
}
pid_t vfork(void)
{
    return no_process();
}
int execve(const char *path, char *const argv[], char *const env[])
{
    (void)path, (void)argv, (void)env;
    return no_process();
}
int execv(const char *path, char *const argv[])
{
    return execve(path, argv, NULL);
}
int execvp(const char *file, char *const argv[])
{
    return execve(file, argv, NULL);
}
int execl(const char *path, const char *arg, ...)
{
    (void)arg;
    return execve(path, NULL, NULL);
}
int execlp(const char *file, const char *arg, ...)
{
    (void)arg;
    return execve(file, NULL, NULL);
}
int system(const char *command)
{
    return command ? no_process() : 0;
}
FILE *popen(const char *command, const char *mode)
{
    (void)command, (void)mode;
    no_process();
    return NULL;
}
int pclose(FILE *f)
{
    (void)f;
    return no_process();
}
int daemon(int keep_directory, int keep_files)
{
    (void)keep_directory, (void)keep_files;
    return no_process();
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    (void)pid, (void)status, (void)options;
    return (pid_t)px_result(-ECHILD);
}
pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}
pid_t wait3(int *status, int options, struct rusage *usage)
{
    (void)usage;
    return waitpid(-1, status, options);
}

/* ---- Names ---- */

int uname(struct utsname *name)
{
    *name = (struct utsname){.sysname = "Bulkhead", .release = "1", .version = "1", .machine = "x86_64"};
    snprintf(name->nodename, sizeof(name->nodename), "%s", own_hostname());
    return 0;
}

int gethostname(char *name, size_t size)
{
    if (snprintf(name, size, "%s", own_hostname()) >= (int)size)
        return (int)px_result(-ENAMETOOLONG);
    return 0;
}

/* Makes, lists and removes the directories of running appliances.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/rundir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/sandbox/identity.h"

#define LOCK "lock"

static bool base_path(char *path, size_t size)
{
    const char *own = getenv("BULKHEAD_RUNTIME_DIR"), *xdg = getenv("XDG_RUNTIME_DIR");
    int n;
    if (own && *own)
        n = snprintf(path, size, "%s", own);
    else if (xdg && *xdg == '/')
        n = snprintf(path, size, "%s/bulkhead", xdg);
    else if (sandbox_owner() == 0)
        n = snprintf(path, size, "/run/bulkhead");
    else
        n = snprintf(path, size, "/tmp/bulkhead-%u", (unsigned)sandbox_owner());
    return n > 0 && (size_t)n < size;
}

/* The base as a descriptor; -1: errno. Others could otherwise put sockets in it, or read what comes out of ours. */
static int open_base(char *path, size_t size, bool make)
{
    struct stat s;
    if (!base_path(path, size)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (make && mkdir(path, 0700) && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &s) || s.st_uid != sandbox_owner() || (s.st_mode & 0022))) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

static void remove_at(int base, const char *name)
{
    int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));)
        unlinkat(fd, e->d_name, 0); /* "." and "..": fails */
    unlinkat(base, name, AT_REMOVEDIR);
    closedir(dir);
}

static void set_name(struct rundir *r, const char *appliance)
{
    char clean[RUNDIR_NAME_MAX - 16];
    size_t n = 0;
    for (; appliance[n] && n + 1 < sizeof(clean); n++) {
        bool good = isalnum((unsigned char)appliance[n]) || strchr("._-", appliance[n]);
        clean[n] = good && !(n == 0 && appliance[n] == '.') ? appliance[n] : '_';
    }
    clean[n] = 0;
    snprintf(r->name, sizeof(r->name), "%s-%ld", n ? clean : "appliance", (long)r->pid);
}

/* Makes the directory with its lock taken; until then under a name that rundir_list() takes for none. */
static bool make_locked(struct rundir *r, int base)
{
    char hidden[32], file[64];
    snprintf(hidden, sizeof(hidden), ".new-%ld", (long)r->pid);
    snprintf(file, sizeof(file), "%s/" LOCK, hidden);
    remove_at(base, hidden);
    remove_at(base, r->name); /* both: of a process that had this number before */
    if (mkdirat(base, hidden, 0700))
        return false;
    r->lock = openat(base, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return r->lock >= 0 && flock(r->lock, LOCK_EX | LOCK_NB) == 0 && renameat(base, hidden, base, r->name) == 0;
}

bool rundir_make(const char *appliance, struct rundir *r, struct problem *p)
{
    char path[PATH_MAX - RUNDIR_NAME_MAX - 1];
    *r = (struct rundir){.pid = getpid(), .lock = -1};
    set_name(r, appliance);
    int base = open_base(path, sizeof(path), true);
    if (base < 0) {
        return problem_set(p, EXIT_HOST, "cannot use %s, where appliances that run are found: %s", path,
                           errno == EPERM ? "it has to be a directory of yours that others cannot write"
                                          : strerror(errno));
    }
    bool good = make_locked(r, base);
    int code = errno;
    close(base);
    if (!good)
        return problem_set(p, EXIT_HOST, "cannot make %s/%s: %s", path, r->name, strerror(code));
    snprintf(r->path, sizeof(r->path), "%s/%s", path, r->name);
    return true;
}

void rundir_remove(struct rundir *r)
{
    char path[PATH_MAX];
    int base = r->path[0] && r->pid == getpid() ? open_base(path, sizeof(path), false) : -1;
    if (base >= 0) {
        remove_at(base, r->name);
        close(base);
    }
    if (r->lock >= 0)
        close(r->lock);
    r->lock = -1;
    r->path[0] = 0;
}

/* Fills `r` for directory `name`. False: its supervisor is gone, or it is none. */
static bool inspect_directory(int base, const char *path, const char *name, struct rundir *r, bool *dead)
{
    char file[NAME_MAX + 8], *end;
    const char *dash = strrchr(name, '-');
    *dead = false;
    if (!dash || name[0] == '.' || strlen(name) >= RUNDIR_NAME_MAX ||
        strlen(path) + RUNDIR_NAME_MAX + 2 > sizeof(r->path))
        return false;
    long pid = strtol(dash + 1, &end, 10);
    snprintf(file, sizeof(file), "%s/" LOCK, name);
    int lock = *end || pid <= 0 ? -1 : openat(base, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0)
        return false;
    *dead = flock(lock, LOCK_SH | LOCK_NB) == 0;
    close(lock);
    *r = (struct rundir){.pid = (pid_t)pid, .lock = -1};
    memcpy(r->name, name, strlen(name) + 1);
    snprintf(r->path, sizeof(r->path), "%.*s/%s", PATH_MAX - (int)RUNDIR_NAME_MAX - 2, path, name);
    return !*dead;
}

unsigned rundir_list(struct rundir *list)
{
    char path[PATH_MAX - RUNDIR_NAME_MAX - 1];
    int base = open_base(path, sizeof(path), false);
    int copy = base < 0 ? -1 : dup(base);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    unsigned n = 0;
    for (struct dirent *e; dir && n < RUNDIR_LIST_MAX && (e = readdir(dir));) {
        bool dead;
        if (inspect_directory(base, path, e->d_name, &list[n], &dead))
            n++;
        else if (dead)
            remove_at(base, e->d_name);
    }
    if (dir)
        closedir(dir);
    if (base >= 0)
        close(base);
    return n;
}

static bool is_named(const struct rundir *r, const char *which)
{
    char pid[24];
    snprintf(pid, sizeof(pid), "%ld", (long)r->pid);
    size_t name = (size_t)(strrchr(r->name, '-') - r->name);
    return !which || strcmp(which, r->name) == 0 || strcmp(which, pid) == 0 ||
           (strlen(which) == name && strncmp(which, r->name, name) == 0);
}

bool rundir_choose(const char *which, struct rundir *r, struct problem *p)
{
    static struct rundir list[RUNDIR_LIST_MAX];
    unsigned n = rundir_list(list), found = 0;
    char names[256] = "";
    for (unsigned i = 0; i < n; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", list[i].name);
        if (is_named(&list[i], which)) {
            *r = list[i];
            found++;
        }
    }
    if (found == 1)
        return true;
    if (!n)
        return problem_set(p, EXIT_USAGE, "no appliance of yours is running");
    return problem_set(p, EXIT_USAGE, "%s: %s%s%s; running: %s",
                       found ? "more than one appliance is meant" : "no such appliance is running", which ? "\"" : "",
                       which ? which : "say which one", which ? "\"" : "", names);
}

/* A socket's name can be longer than sun_path: it is reached through the directory's descriptor. */
static int open_socket(const struct rundir *r, const char *name, int type, struct sockaddr_un *at, int *dir)
{
    *dir = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = *dir < 0 ? -1 : socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    *at = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(at->sun_path, sizeof(at->sun_path), "/proc/self/fd/%d/%s", *dir, name);
    return fd;
}

static int finish_socket(int fd, int dir, bool good)
{
    int code = errno;
    if (dir >= 0)
        close(dir);
    if (fd >= 0 && !good) {
        close(fd);
        fd = -1;
    }
    errno = code;
    return fd;
}

int rundir_listen(const struct rundir *r, const char *name, int type)
{
    struct sockaddr_un at;
    int dir, fd = open_socket(r, name, type, &at, &dir);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 8) == 0;
    return finish_socket(fd, dir, good);
}

int rundir_connect(const struct rundir *r, const char *name, int type)
{
    struct sockaddr_un at;
    int dir, fd = open_socket(r, name, type, &at, &dir);
    bool good = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    return finish_socket(fd, dir, good);
}

/* A mount's server that was taken over: each forbidden thing is tried from inside its sandbox.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "vmm/sandbox/identity.h"
#include "vmm/sandbox/mount.h"

#define NOBODY 65534u

enum { KILLED = 1000 }; /* what comes of an attempt: this, 0, or its error */

static char place[64], inside[80], outside[80], outside_link[80];
static int directory, proc, file, outside_fd;

typedef long attempt_function(void);

static long status_of(int child)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? KILLED : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What comes of `attempt` in a child that is confined like a server, as this user or another. */
static long confined(attempt_function *attempt, bool read_only, uid_t user)
{
    pid_t child = fork();
    if (child == 0) {
        struct problem problem = {0};
        if (user && (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresuid, user, user, user)))
            _exit(99);
        if (!sandbox_leave_root(&problem)) /* as the supervisor did before it forked */
            _exit(99);
        directory = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
        proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        file = open(inside, read_only ? O_RDONLY : O_RDWR);
        outside_fd = open(outside, O_PATH);
        if (directory < 0 || proc < 0 || file < 0 || outside_fd < 0 ||
            !sandbox_fs(directory, proc, read_only, &problem))
            _exit(99);
        long error = attempt() < 0 ? errno : 0;
        syscall(SYS_exit_group, error); /* a sanitizer's _exit() would do what nobody here may */
    }
    return status_of(child);
}

static long chmod_outside(void)
{
    return syscall(SYS_fchmodat, AT_FDCWD, outside, 04755);
}

static long chmod_by_link(void)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", outside_fd);
    return syscall(SYS_fchmodat, proc, name, 04755);
}

static long old_chmod(void)
{
    return syscall(SYS_chmod, outside, 04755);
}

static long new_chmod(void)
{
    return syscall(452, AT_FDCWD, outside, 04755, 0); /* fchmodat2 */
}

static long chown_outside(void)
{
    return syscall(SYS_fchownat, AT_FDCWD, outside, 1, 1, 0);
}

static long stat_outside(void)
{
    struct stat st;
    return syscall(SYS_newfstatat, AT_FDCWD, "/etc/shadow", &st, 0);
}

static long old_stat(void)
{
    struct stat st;
    return syscall(SYS_stat, "/etc/shadow", &st);
}

static long new_stat(void)
{
    char buffer[256];
    return syscall(SYS_statx, AT_FDCWD, "/etc/shadow", 0, 0x7ff, buffer);
}

static long times_outside(void)
{
    return syscall(SYS_utimensat, AT_FDCWD, outside, NULL, 0);
}

static long times_by_descriptor(void)
{
    return syscall(SYS_utimensat, outside_fd, "", NULL, AT_EMPTY_PATH);
}

static long set_xattr(void)
{
    return syscall(SYS_setxattr, outside, "user.x", "x", 1, 0);
}

static long set_owner(void)
{
    return syscall(SYS_fcntl, file, F_SETOWN, 1);
}

static long make_socket(void)
{
    return syscall(SYS_socket, 2, 1, 0);
}

static long execute(void)
{
    char *none[] = {NULL};
    return syscall(SYS_execve, "/bin/true", none, none);
}

static long open_outside(void)
{
    return syscall(SYS_openat, AT_FDCWD, outside, O_RDONLY);
}

static long open_through_proc(void)
{
    return syscall(SYS_openat, proc, "../../../etc/passwd", O_RDONLY);
}

static long open_by_link(void)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", outside_fd);
    return syscall(SYS_openat, proc, name, O_RDONLY);
}

static long open_above(void)
{
    return syscall(SYS_openat, directory, "../../etc/passwd", O_RDONLY);
}

static long link_outside(void)
{
    return syscall(SYS_linkat, AT_FDCWD, outside, directory, "stolen", 0);
}

static long read_link_outside(void)
{
    char to[64];
    return syscall(SYS_readlinkat, AT_FDCWD, outside_link, to, sizeof(to));
}

static long read_link_through_proc(void)
{
    char to[64];
    return syscall(SYS_readlinkat, proc, "../exe", to, sizeof(to));
}

static long change_mode(void)
{
    return syscall(SYS_fchmod, file, 0640);
}

static long change_size(void)
{
    return syscall(SYS_ftruncate, file, 3);
}

static long change_times(void)
{
    return syscall(SYS_utimensat, file, NULL, NULL, 0);
}

static long change_contents(void)
{
    struct iovec v = {"abc", 3};
    return syscall(SYS_pwritev, file, &v, 1, 0l, 0l);
}

static long change_contents_again(void)
{
    struct iovec v = {"abc", 3};
    return syscall(SYS_pwritev2, file, &v, 1, 0l, 0l, 0);
}

static long change_space(void)
{
    return syscall(SYS_fallocate, file, 0, 0l, 100l);
}

static long make_directory(void)
{
    return syscall(SYS_mkdirat, directory, "made", 0755);
}

static long make_link(void)
{
    return syscall(SYS_symlinkat, "nowhere", directory, "link");
}

static long rename_file(void)
{
    return syscall(SYS_renameat2, directory, "link", directory, "renamed", 0);
}

static long remove_link(void)
{
    return syscall(SYS_unlinkat, directory, "renamed", 0);
}

static long look_inside(void)
{
    struct stat st;
    char name[16];
    int again = (int)syscall(SYS_openat, directory, "inside", O_PATH);
    snprintf(name, sizeof(name), "%d", again);
    int opened = (int)syscall(SYS_openat, proc, name, O_RDONLY);
    return again < 0 || opened < 0 ? -1 : syscall(SYS_fstat, again, &st);
}

/* Everything is tried as root, if that is who we are, and as an ordinary user. */
static uid_t users[2] = {0, NOBODY};
static int n_users;

static attempt_function *const never[] = {
    chmod_outside, chmod_by_link, old_chmod, new_chmod,     chown_outside,       stat_outside, old_stat,
    new_stat,      set_xattr,     set_owner, times_outside, times_by_descriptor, make_socket,  execute,
};

static attempt_function *const changes[] = {
    change_mode,  change_size,    change_times, change_contents, change_contents_again,
    change_space, make_directory, make_link,    rename_file,     remove_link,
};

static void no_call_with_a_path_outside(void)
{
    for (int u = 0; u < n_users; u++)
        for (int read_only = 0; read_only < 2; read_only++)
            for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
                CHECK(confined(never[i], read_only, users[u]) == KILLED);
    struct stat st;
    CHECK(stat(outside, &st) == 0 && (st.st_mode & 07777) == 0644);
}

static bool is_refused(long outcome)
{
    return outcome == EACCES || outcome == ENOENT || outcome == EPERM || outcome == EXDEV;
}

static void no_file_outside(void)
{
    static attempt_function *const opens[] = {open_outside, open_through_proc, open_by_link, open_above};
    for (int u = 0; u < n_users; u++) {
        for (size_t i = 0; i < sizeof(opens) / sizeof(*opens); i++)
            CHECK(is_refused(confined(opens[i], false, users[u])) && is_refused(confined(opens[i], true, users[u])));
        CHECK(is_refused(confined(link_outside, false, users[u])) && confined(link_outside, true, users[u]) == KILLED);
    }
}

/* Landlock does not cover these: the root of its own does, which root always gets. */
static void no_link_outside(void)
{
    if (!geteuid())
        CHECK(is_refused(confined(read_link_outside, true, 0)) &&
              is_refused(confined(read_link_through_proc, true, 0)));
}

static void read_only_changes_nothing(void)
{
    for (int u = 0; u < n_users; u++)
        for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
            CHECK(confined(changes[i], true, users[u]) == KILLED);
}

/* The test would pass as well if nothing worked at all. */
static void its_own_work_is_allowed(void)
{
    for (int u = 0; u < n_users; u++) {
        CHECK(!users[u] || !chown(inside, users[u], (gid_t)-1));
        CHECK(confined(look_inside, false, users[u]) == 0 && confined(look_inside, true, users[u]) == 0);
        for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
            CHECK(confined(changes[i], false, users[u]) == 0);
        CHECK(unlinkat(AT_FDCWD, inside, 0) == 0);
        char made[96];
        snprintf(made, sizeof(made), "%s/made", place);
        CHECK(rmdir(made) == 0);
        close(open(inside, O_WRONLY | O_CREAT, 0666));
    }
}

static void make_files(void)
{
    umask(0);
    strcpy(place, "/tmp/bulkhead-mount-XXXXXX");
    if (!mkdtemp(place) || chmod(place, 0777))
        abort();
    snprintf(inside, sizeof(inside), "%s/inside", place);
    snprintf(outside, sizeof(outside), "%s.outside", place);
    snprintf(outside_link, sizeof(outside_link), "%s.link", place);
    int in = open(inside, O_WRONLY | O_CREAT | O_EXCL, 0666), out = open(outside, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (in < 0 || out < 0 || symlink("secret", outside_link))
        abort();
    close(in);
    close(out);
}

int main(void)
{
    make_files();
    n_users = geteuid() ? 1 : 2;
    RUN(no_call_with_a_path_outside);
    RUN(no_file_outside);
    RUN(no_link_outside);
    RUN(read_only_changes_nothing);
    RUN(its_own_work_is_allowed);
    unlink(inside);
    unlink(outside);
    unlink(outside_link);
    rmdir(place);
    return CHECK_RESULT();
}

/* Tests of the directories in which running appliances are found.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/check.h"
#include "vmm/observe/rundir.h"

static struct rundir list[RUNDIR_LIST_MAX];

static void an_appliance_is_found_while_it_runs(void)
{
    struct rundir r, chosen;
    struct problem p;
    CHECK(rundir_list(list) == 0 && !rundir_choose(NULL, &chosen, &p) && p.status == EXIT_USAGE);
    CHECK(rundir_make("../we ird", &r, &p) && strncmp(r.name, "_._we_ird-", 10) == 0);
    CHECK(rundir_list(list) == 1 && list[0].pid == getpid() && strcmp(list[0].path, r.path) == 0);
    CHECK(rundir_choose("_._we_ird", &chosen, &p) && strcmp(chosen.path, r.path) == 0);
    CHECK(rundir_choose(r.name, &chosen, &p) && !rundir_choose("other", &chosen, &p));
    int server = rundir_listen(&r, "control", SOCK_SEQPACKET),
        client = rundir_connect(&chosen, "control", SOCK_SEQPACKET);
    CHECK(server >= 0 && client >= 0 && rundir_connect(&r, "nothing", SOCK_STREAM) == -1 && errno == ENOENT);
    close(client);
    close(server);
    rundir_remove(&r);
    CHECK(rundir_list(list) == 0 && r.path[0] == 0);
}

static void two_have_to_be_told_apart(void)
{
    struct rundir r, chosen;
    struct problem p;
    int pipes[2];
    CHECK(rundir_make("twin", &r, &p) && pipe(pipes) == 0);
    pid_t pid = fork();
    if (pid == 0) { /* a second supervisor, which is killed */
        struct rundir mine;
        close(r.lock);
        bool good = rundir_make("twin", &mine, &p);
        if (write(pipes[1], &good, 1) == 1)
            pause();
        _exit(1);
    }
    bool good = false;
    CHECK(read(pipes[0], &good, 1) == 1 && good);
    CHECK(rundir_list(list) == 2 && !rundir_choose("twin", &chosen, &p) && strstr(p.text, "more than one"));
    CHECK(rundir_choose(r.name, &chosen, &p) && chosen.pid == getpid());
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK(rundir_list(list) == 1 && rundir_choose(NULL, &chosen, &p)); /* what the dead one left is gone */
    rundir_remove(&r);
}

static char base[] = "/tmp/bulkhead-test-XXXXXX";

static void a_directory_that_others_can_write_is_refused(void)
{
    struct rundir r;
    struct problem p;
    CHECK(chmod(base, 0777) == 0);
    CHECK(!rundir_make("x", &r, &p) && strstr(p.text, "others cannot write") && rundir_list(list) == 0);
    CHECK(chmod(base, 0700) == 0 && rundir_make("x", &r, &p));
    rundir_remove(&r);
}

int main(void)
{
    if (!mkdtemp(base) || setenv("BULKHEAD_RUNTIME_DIR", base, 1))
        return 1;
    RUN(an_appliance_is_found_while_it_runs);
    RUN(two_have_to_be_told_apart);
    RUN(a_directory_that_others_can_write_is_refused);
    rmdir(base);
    return CHECK_RESULT();
}

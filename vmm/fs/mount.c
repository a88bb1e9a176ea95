/* Makes a mount of a directory, and starts the process that serves it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/mount.h"
#include "vmm/fs/process.h"
#include "vmm/kvm/doorbell.h"
#include "vmm/base/notify.h"
#include "vmm/sandbox/process.h"
#include "vmm/sandbox/mount.h"
#include "vmm/resources/resources.h"

/* How long a server polls before it sleeps, at most; see vmm/net/net.c. */
#define SPIN_CYCLES         150000u
#define SPIN_CROWDED_CYCLES 30000u

/* ---- The supervisor ---- */

static bool open_directory(const struct mount *m, int *fd, struct problem *p)
{
    if (m->create && mkdir(m->directory, 0777) && errno != EEXIST) {
        return problem_set(p, EXIT_HOST, "mount %s: cannot make directory \"%s\": %s", m->name, m->directory,
                           strerror(errno));
    }
    *fd = open(m->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0)
        return true;
    return problem_set(p, EXIT_HOST, "mount %s: cannot open directory \"%s\": %s%s", m->name, m->directory,
                       strerror(errno), errno == ENOENT ? ": make it, or write create = true" : "");
}

static bool make_window(struct resources *w, uint32_t i, struct problem *p)
{
    int fd = memfd_create("bulkhead-mount", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    w->mounts[i].fd = fd;
    if (fd < 0 || ftruncate(fd, (off_t)BH_MOUNT_SIZE) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
        return problem_set(p, EXIT_HOST, "cannot make shared memory: %s", strerror(errno));
    w->mounts[i].window = mmap(NULL, BH_MOUNT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    w->mounts[i].kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->mounts[i].window == MAP_FAILED || w->mounts[i].kick < 0)
        return problem_set(p, EXIT_HOST, "cannot make a mount's memory: %s", strerror(errno));
    return true;
}

bool fs_make(struct resources *w, struct problem *p)
{
    for (uint32_t i = 0; i < w->a->n_mounts; i++)
        if (!open_directory(&w->a->mounts[i], &w->mounts[i].directory, p) || !make_window(w, i, p))
            return false;
    return true;
}

static uint64_t spin_max(const struct resources *w)
{
    return w->o->spin_given ? w->o->spin_cycles : SPIN_CYCLES;
}

/* The server's process. It reports a failure to give up its rights to the pipe `report`, or closes the pipe. */
static void run_server(struct resources *w, uint32_t i, int report)
{
    const struct mount *m = &w->a->mounts[i];
    struct problem problem = {0};
    uint32_t v = w->a->compartments[m->compartment].vm;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != w->supervisor)
        _exit(0);
    sandbox_signals();
    struct fs_process s = {
        .directory = w->mounts[i].directory,
        .vm_notify = w->vms[v].notify_fd,
        .kick = w->mounts[i].kick,
        .window = w->mounts[i].window,
        .at = guest_va(BH_MOUNT_VA(m->compartment, i)),
        .limit = {.cycles = spin_max(w), .max = spin_max(w), .full_max = SPIN_CROWDED_CYCLES, .crowd = &w->crowd->page},
        .member = crowd_mount(w->crowd, i),
        .name = m->name,
        .read_only = m->read_only,
        .size = m->size};
    s.proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int keep[] = {s.directory, s.vm_notify, s.kick, s.proc, report};
    for (uint32_t other = 0; other < w->a->n_vms; other++)
        munmap(w->vms[other].status, PAGE);
    for (uint32_t other = 0; other < w->a->n_mounts; other++)
        if (other != i)
            munmap(w->mounts[other].window, BH_MOUNT_SIZE);
    if (s.proc < 0)
        problem_set(&problem, EXIT_HOST, "cannot open /proc/self/fd: %s", strerror(errno));
    else if (sandbox_close_others(keep, sizeof(keep) / sizeof(*keep), &problem))
        sandbox_fs(s.directory, s.proc, s.read_only, &problem);
    if (problem.status) {
        if (write(report, &problem, sizeof(problem)) < 0) {
            /* There is nobody left to tell. */
        }
        _exit(EXIT_HOST);
    }
    close(report);
    fs_serve(&s);
}

bool fs_start(struct resources *w, uint32_t i, pid_t *pid, struct problem *p)
{
    int ends[2];
    struct problem failed;
    if (pipe2(ends, O_CLOEXEC))
        return problem_set(p, EXIT_HOST, "cannot make a pipe: %s", strerror(errno));
    *pid = fork();
    if (*pid == 0)
        run_server(w, i, ends[1]);
    close(ends[1]);
    bool started = *pid > 0;
    if (!started) {
        problem_set(p, EXIT_HOST, "cannot start a mount's process: %s", strerror(errno));
    } else if (read(ends[0], &failed, sizeof(failed)) == (ssize_t)sizeof(failed)) {
        *p = failed;
        waitpid(*pid, NULL, 0);
        *pid = -1;
        started = false;
    }
    close(ends[0]);
    close(w->mounts[i].directory);
    w->mounts[i].directory = -1;
    return started;
}

void fs_died(struct resources *w, uint32_t i)
{
    struct bh_mount_control *c = w->mounts[i].window;
    atomic_store((_Atomic uint16_t *)&c->dead, 1);
    notify(w->vms[w->a->compartments[w->a->mounts[i].compartment].vm].notify_fd);
}

/* ---- A VM's process ---- */

bool fs_wire(const struct resources *w, uint32_t v, int vm_fd, struct problem *p)
{
    for (uint32_t i = 0; i < w->a->n_mounts; i++) {
        if (!vm_has_mount(w->a, v, i))
            continue;
        if (!doorbell_wire(vm_fd, BH_PORT_KICK, 2, BH_KICK_MOUNT + i, w->mounts[i].kick))
            return problem_set(p, EXIT_HOST, "KVM: cannot wire a mount: %s", strerror(errno));
    }
    return true;
}

int64_t fs_kick(const struct resources *w, uint64_t i)
{
    if (i >= w->a->n_mounts || w->mounts[i].kick < 0)
        return -EINVAL;
    return notify(w->mounts[i].kick);
}

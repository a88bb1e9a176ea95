/* Starts, reaps and ends the servers of mounts.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/supervisor/mount_proc.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "vmm/fs/mount.h"
#include "vmm/supervisor/state.h"

bool mount_proc_start(struct supervisor *s, uint32_t i, struct problem *p)
{
    struct mount_proc *m = &s->mounts[i];
    if (!fs_start(&s->resources, i, &m->pid, p))
        return false;
    m->state = MOUNT_SERVES;
    return true;
}

/* A server that ends by itself was killed, or its guest broke the queue's rules. The guest lives on, without those
 * files. */
void mount_proc_reap(struct supervisor *s, uint32_t i)
{
    struct mount_proc *m = &s->mounts[i];
    int status;
    if (m->state != MOUNT_SERVES || waitpid(m->pid, &status, WNOHANG) != m->pid)
        return;
    m->state = MOUNT_REAPED;
    crowd_leave(crowd_mount(s->resources.crowd, i));
    fs_died(&s->resources, i);
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "bulkhead: mount %s: its server was ended by signal %d; its files give EIO from now on\n",
                s->a->mounts[i].name, WTERMSIG(status));
    }
}

void mount_proc_end(struct mount_proc *m)
{
    if (m->state != MOUNT_SERVES)
        return;
    kill(m->pid, SIGKILL);
    waitpid(m->pid, NULL, 0);
    m->state = MOUNT_REAPED;
}

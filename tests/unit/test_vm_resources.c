/* Tests of what the supervisor makes for one VM.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/check.h"
#include "vmm/resources/vm_resources.h"

static struct vm_resources r;
static struct problem p;

/* Descriptors that this process has open. */
static unsigned count_descriptors(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n;
}

static void everything_is_released(void)
{
    unsigned before = count_descriptors();
    CHECK(vm_resources_make(&r, &p));
    CHECK(count_descriptors() == before + 9 && r.status && r.stats);
    vm_resources_release(&r);
    CHECK(count_descriptors() == before && !r.status && !r.stats && r.notify_fd == -1);
    vm_resources_release(&r); /* a second time: there is nothing to release */
    CHECK(count_descriptors() == before);
}

/* The VM's process has the descriptor: it must not be able to write what the supervisor tells it. */
static void only_the_supervisor_writes_the_status_page(void)
{
    CHECK(vm_resources_make(&r, &p));
    r.status->generation = 7;
    CHECK(mmap(NULL, BH_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, r.status_fd, 0) == MAP_FAILED);
    const struct bh_status_page *seen = mmap(NULL, BH_PAGE_SIZE, PROT_READ, MAP_SHARED, r.status_fd, 0);
    CHECK(seen != MAP_FAILED && seen->generation == 7);
    CHECK(ftruncate(r.status_fd, 0) < 0 && ftruncate(r.stats_fd, 0) < 0);
    munmap((void *)seen, BH_PAGE_SIZE);
    vm_resources_release(&r);
}

/* A VM's process may end and be forked again: its sockets are made anew, and the rest stays. */
static void sockets_belong_to_one_process(void)
{
    char byte = 'x';
    CHECK(vm_resources_make(&r, &p));
    void *page = r.status;
    CHECK(send(r.messages.vm, &byte, 1, MSG_NOSIGNAL) == 1);
    vm_resources_close_vm_ends(&r);
    CHECK(r.messages.vm == -1 && recv(r.messages.supervisor, &byte, 1, 0) == 1);
    CHECK(recv(r.messages.supervisor, &byte, 1, 0) == 0); /* the process has ended */
    vm_resources_close_sockets(&r);
    unsigned before = count_descriptors();
    CHECK(vm_resources_open_sockets(&r, &p) && count_descriptors() == before + 6);
    CHECK(send(r.debug.vm, &byte, 1, MSG_NOSIGNAL) == 1 && recv(r.debug.supervisor, &byte, 1, 0) == 1);
    CHECK(send(r.coredump.vm, &byte, 1, MSG_NOSIGNAL) == 1 && recv(r.coredump.supervisor, &byte, 1, 0) == 1);
    CHECK(r.status == page);
    vm_resources_release(&r);
}

int main(void)
{
    RUN(everything_is_released);
    RUN(only_the_supervisor_writes_the_status_page);
    RUN(sockets_belong_to_one_process);
    return CHECK_RESULT();
}

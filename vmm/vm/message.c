/* Sends, receives and checks messages between a VM's process and the supervisor.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/message.h"

#include <errno.h>
#include <sys/socket.h>

#include "vmm/base/text.h"

void message_send(int fd, const struct message *m)
{
    while (send(fd, m, sizeof(*m), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static bool in_vm(const struct appliance *a, uint32_t vm, uint32_t compartment)
{
    return compartment < a->n_compartments && (a->vms[vm].compartments >> compartment & 1);
}

static void check_contents(struct message *m, const struct appliance *a, uint32_t vm)
{
    struct crash *c = &m->crash;
    c->vm = vm;
    if (!in_vm(a, vm, c->compartment))
        c->compartment = (uint32_t)__builtin_ctzll(a->vms[vm].compartments);
    if (!in_vm(a, vm, c->report.compartment))
        c->report.compartment = c->compartment;
    if (c->report.peer >= a->n_compartments)
        c->report.peer = BH_NO_PEER;
    m->mark[sizeof(m->mark) - 1] = 0;
    c->detail[sizeof(c->detail) - 1] = 0;
    c->report.function[sizeof(c->report.function) - 1] = 0;
    c->report.argument[sizeof(c->report.argument) - 1] = 0;
    c->report.text[sizeof(c->report.text) - 1] = 0;
    m->problem.text[sizeof(m->problem.text) - 1] = 0;
    text_clean(m->mark, '?');
    text_clean(m->problem.text, ' ');
}

int message_receive(int fd, const struct appliance *a, uint32_t vm, struct message *m)
{
    ssize_t got;
    do {
        got = recv(fd, m, sizeof(*m), MSG_DONTWAIT | MSG_TRUNC);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got != (ssize_t)sizeof(*m) || m->kind < MESSAGE_EXIT || m->kind > MESSAGE_KIND_LAST ||
        (m->kind == MESSAGE_CRASH && (m->crash.kind < CRASH_TRAP || m->crash.kind > CRASH_KIND_LAST)))
        return -1;
    check_contents(m, a, vm);
    return 1;
}

/* Hosted tests of asking VMs' processes for a debugger: proper answers, and those of a process that was taken over.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "vmm/gdb/vms.h"

static struct appliance a;
static struct bh_status_page pages[2];
static struct resources w;
static struct gdb g;
static int other[2]; /* the VMs' ends */

static void begin(void)
{
    memset(pages, 0, sizeof(pages));
    a.n_vms = 2;
    w.a = &a;
    g = (struct gdb){.resources = &w, .a = &a};
    for (unsigned v = 0; v < 2; v++) {
        int ends[2];
        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
        w.vms[v].status = &pages[v];
        g.vms[v] = (struct gdb_vm){.fd = ends[0], .attached = true};
        other[v] = ends[1];
    }
}

static void end(void)
{
    for (unsigned v = 0; v < 2; v++) {
        close(other[v]);
        close(g.vms[v].fd);
    }
}

static bool say(unsigned v, uint32_t kind, uint32_t number)
{
    struct debug_answer answer = {.kind = kind, .number = number, .status = 300};
    answer.stop = (struct debug_stop){.signal = 5, .thread = UINT32_MAX};
    return send(other[v], &answer, sizeof(answer), MSG_NOSIGNAL) == (ssize_t)sizeof(answer);
}

static bool ask(unsigned v)
{
    static struct debug_request q;
    static struct debug_answer answer;
    q = (struct debug_request){.ask = DEBUG_STOP};
    return gdb_ask(&g, v, &q, &answer);
}

static void answers(void)
{
    begin();
    CHECK(say(0, DEBUG_DONE, 77) && say(0, 12345, 0) && send(other[0], "x", 1, 0) == 1); /* to nothing that was asked */
    CHECK(say(0, DEBUG_DONE, 1) && ask(0));
    CHECK(say(0, DEBUG_FAILED, 2) && !ask(0));
    CHECK(say(0, 12345, 3) && !ask(0));
    CHECK(say(0, DEBUG_STOPPED, 0) && say(0, DEBUG_DONE, 4) && ask(0)); /* it stopped meanwhile */
    CHECK(g.vms[0].standing && g.vms[0].report && g.vms[0].stop.signal == 5);
    CHECK(pages[0].held == 1 && pages[1].held == 1 && pages[1].hold_epoch == 1);
    end();
}

static void ends(void)
{
    begin();
    CHECK(say(0, DEBUG_STOPPED, 0) && say(0, DEBUG_ENDED, 0) && say(0, DEBUG_STOPPED, 0));
    gdb_hear(&g, 0);
    CHECK(!gdb_alive(&g, 0) && !g.vms[0].standing && !g.vms[0].by_signal && g.vms[0].status == (300 & 0xff));
    CHECK(pages[0].held == 0 && pages[1].held == 0);
    close(other[1]);
    gdb_hear(&g, 1);
    CHECK(!gdb_alive(&g, 1) && g.vms[1].by_signal && g.vms[1].status == 9 && g.vms[1].fd == -1 && !ask(1));
    CHECK(!gdb_alive(&g, 2) && !gdb_alive(&g, UINT32_MAX));
    end();
}

/* A process that talks faster than it can be heard keeps nobody waiting: a few messages are taken, then others have
 * their turn. */
static void without_end(void)
{
    struct debug_answer answer = {.kind = DEBUG_STOPPED};
    char byte;
    unsigned n = 0;
    begin();
    while (send(other[0], &answer, sizeof(answer), MSG_DONTWAIT) > 0)
        n++;
    gdb_hear(&g, 0);
    CHECK(g.vms[0].standing && recv(g.vms[0].fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1);
    for (unsigned i = 0; i < n; i++)
        gdb_hear(&g, 0);
    CHECK(recv(g.vms[0].fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0);
    end();
}

int main(void)
{
    RUN(answers);
    RUN(ends);
    RUN(without_end);
    return CHECK_RESULT();
}

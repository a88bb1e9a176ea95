/* Follows the appliances that run.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/observe/top.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "vmm/base/json.h"
#include "vmm/base/loop.h"
#include "vmm/observe/sample.h"
#include "vmm/observe/top_json.h"
#include "vmm/observe/top_text.h"

#define FOLLOWED_MAX 64u

/* One appliance and its last two samples. */
struct followed {
    struct observed o;
    struct sample samples[2];
    unsigned last; /* which of them */
    bool fresh;    /* there is only one */
};

static struct followed *list[FOLLOWED_MAX];
static unsigned n_followed;
static struct termios terminal;
static bool raw;
static struct loop loop;
static struct loop_source keys;
static bool quit; /* the user pressed q */

static bool is_followed(const struct rundir *r)
{
    for (unsigned i = 0; i < n_followed; i++)
        if (strcmp(list[i]->o.dir.name, r->name) == 0)
            return true;
    return false;
}

static bool follow_appliance(const struct rundir *r, struct problem *p)
{
    struct followed *f = calloc(1, sizeof(*f));
    if (!f || !observe_connect(&f->o, r, p)) {
        free(f);
        return false;
    }
    observe_sample(&f->o, &f->samples[0]);
    f->fresh = true;
    list[n_followed++] = f;
    return true;
}

static void drop_dead(void)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < n_followed; i++) {
        if (observe_alive(&list[i]->o)) {
            list[kept++] = list[i];
        } else {
            observe_close(&list[i]->o);
            free(list[i]);
        }
    }
    n_followed = kept;
}

/* Follows what has started since. An appliance that cannot be followed is left out, unless it is the one wanted. */
static bool look_around(const char *which, struct problem *p)
{
    static struct rundir dirs[RUNDIR_LIST_MAX];
    struct problem ignored;
    drop_dead();
    if (which)
        return rundir_choose(which, &dirs[0], p) && (is_followed(&dirs[0]) || follow_appliance(&dirs[0], p));
    unsigned n = rundir_list(dirs);
    for (unsigned i = 0; i < n && n_followed < FOLLOWED_MAX; i++)
        if (!is_followed(&dirs[i]))
            follow_appliance(&dirs[i], &ignored);
    return true;
}

static void sample_all(void)
{
    for (unsigned i = 0; i < n_followed; i++) {
        struct followed *f = list[i];
        f->last = !f->last;
        observe_sample(&f->o, &f->samples[f->last]);
        f->fresh = false;
    }
}

static unsigned terminal_width(void)
{
    struct winsize w;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 100;
}

static void print_all(bool json)
{
    struct json j = {.out = stdout};
    if (json) {
        json_open(&j, NULL, '{');
        json_open(&j, "appliances", '[');
    }
    for (unsigned i = 0; i < n_followed; i++) {
        const struct followed *f = list[i];
        if (json) {
            top_json(&j, &f->o, &f->samples[f->last]);
        } else {
            fputs(i ? "\n" : "", stdout);
            top_print(stdout, &f->o, &f->samples[!f->last], &f->samples[f->last], terminal_width());
        }
    }
    if (json) {
        json_close(&j, ']');
        json_close(&j, '}');
    } else if (!n_followed) {
        puts("no appliance of yours is running");
    }
    fflush(stdout);
}

static void restore_terminal(void)
{
    if (raw) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
        fputs("\033[?25h", stdout);
        fflush(stdout);
        raw = false;
    }
}

static void leave_on_signal(int signo)
{
    restore_terminal();
    _exit(128 + signo);
}

/* Keys without a newline, the cursor hidden; undone at the end, however it comes. */
static void take_terminal(void)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &terminal))
        return;
    struct termios t = terminal;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
    struct sigaction end = {.sa_handler = leave_on_signal};
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    atexit(restore_terminal);
    fputs("\033[?25l", stdout);
}

static void on_key(void *argument, short revents)
{
    char key;
    quit = read(STDIN_FILENO, &key, 1) <= 0 || key == 'q';
}

/* Sleeps until the time is over or a key is pressed. True: the user wants to quit. */
static bool pause_or_quit(uint64_t ms)
{
    fflush(stdout);
    loop_turn(&loop, ms * (CLOCK_SECOND / 1000));
    return quit;
}

int top(const struct top_options *o)
{
    struct problem p = {0};
    if (!loop_init(&loop, 1))
        problem_set(&p, EXIT_HOST, "out of memory");
    if (p.status || !look_around(o->which, &p))
        return problem_print(&p);
    if (o->once) {
        if (!o->json) /* rates need two samples */
            pause_or_quit(o->interval_ms);
        sample_all();
        print_all(o->json);
        return 0;
    }
    take_terminal();
    if (raw)
        loop_add(&loop, &keys, STDIN_FILENO, POLLIN, on_key, NULL);
    bool screen = raw && !o->json;
    while (!pause_or_quit(o->interval_ms)) {
        sample_all();
        fputs(screen ? "\033[H\033[2J" : "", stdout);
        print_all(o->json);
        if (screen)
            printf("\nevery %.1f s; q ends\n", (double)o->interval_ms / 1000);
        else if (!o->json)
            putchar('\n');
        if (ferror(stdout) || !look_around(o->which, &p))
            return problem_print(&p);
    }
    return 0;
}

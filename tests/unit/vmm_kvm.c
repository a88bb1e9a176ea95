/* The VMM with real VMs on /dev/kvm: start, parking, bells, traps, hostile hypercalls, ends of all
 * kinds.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The guest is vmm_guest.c. Each test runs an appliance in a child process with pipes as its
 * standard streams; report_crash() is that of vmm_report.c. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "check.h"
#include "vmm/base/boot_trace.h"
#include "vmm/supervisor/supervisor.h"
#include "vmm_guest.h"
#include "vmm_images.h"

#define MIB (1ull << 20)

static struct host host;
static char dir[] = "/tmp/bulkhead-vmm-XXXXXX";
static char paths[BH_COMPARTMENTS_MAX + 1][64]; /* images; the last: the core */
static char names[BH_COMPARTMENTS_MAX][8];
static struct appliance a;
static struct run_options options;
static uint64_t limit_ms = 20000; /* of one run */

static char out[65536], err[65536]; /* what the run wrote */
static int status;
static uint64_t run_ms;

/* An appliance of n VMs with one compartment each; the guest does `mode`. */
static void prepare(uint32_t n, uint64_t mode)
{
    static struct import_fn imports[2] = {{"f", "l", 1, 0}, {"g", "l", 1, 5}};
    static struct image_file f;
    static const char *args[] = {"a", "b", NULL}, *env[] = {NULL};
    memset(&a, 0, sizeof(a));
    a = (struct appliance){.name = "test",
                           .args = args,
                           .n_args = 2,
                           .env = env,
                           .n_compartments = n,
                           .n_vms = n,
                           .n_shares = 2,
                           .n_edges = n - 1};
    for (uint32_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof(names[i]), "c%u", i);
        make_compartment(&f, i);
        CHECK(write_image(&f, paths[i]));
        a.compartments[i] = (struct compartment){.name = names[i],
                                                 .index = i,
                                                 .is_default = i == 0,
                                                 .memory = 8 * MIB,
                                                 .stack = 0x4000,
                                                 .threads = 16,
                                                 .image = paths[i],
                                                 .mechanism = MECH_VM,
                                                 .vm = i,
                                                 .share = 0};
        a.vms[i] = (struct vm_plan){.index = i, .compartments = 1ull << i, .n_threads = 16};
        if (i)
            a.edges[i - 1] = (struct edge){.index = i - 1, .from = 0, .to = i, .arena = MIB, .granted = {1}};
    }
    a.compartments[0].imports = imports;
    a.compartments[0].n_imports = n > 1 ? 2 : 0;
    a.shares[0] = (struct share){.name = "s0", .index = 0, .size = MIB, .members = ~0ull >> (64 - n)};
    a.shares[1] = (struct share){.name = "s1", .index = 1, .size = MIB, .members = n > 1 ? 2 : 1};
    make_core(&f, __start_bh_guest_code, (size_t)(__stop_bh_guest_code - __start_bh_guest_code),
              (size_t)(guest_start - __start_bh_guest_code), mode);
    CHECK(write_image(&f, paths[BH_COMPARTMENTS_MAX]));
    options = (struct run_options){0};
}

struct session {
    pid_t pid;
    int in, out, err; /* this side's ends */
};

static struct session begin(void)
{
    int in[2], so[2], se[2];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(so, O_CLOEXEC) == 0 && pipe2(se, O_CLOEXEC) == 0);
    fflush(stdout);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(so[1], 1);
        dup2(se[1], 2);
        close(in[1]);
        close(so[0]);
        close(se[0]);
        setpgid(0, 0);
        sigset_t later; /* a signal before or after the run is not what a test means */
        sigemptyset(&later);
        sigaddset(&later, SIGTERM);
        sigaddset(&later, SIGINT);
        sigprocmask(SIG_BLOCK, &later, NULL);
        _exit(appliance_run(&a, &host, &options));
    }
    close(in[0]);
    close(so[1]);
    close(se[1]);
    return (struct session){pid, in[1], so[0], se[0]};
}

static void append(char *to, size_t size, int *fd)
{
    size_t used = strlen(to);
    ssize_t n = read(*fd, to + used, size - 1 - used);
    if (n <= 0) {
        close(*fd);
        *fd = -1;
    } else {
        to[used + (size_t)n] = 0;
    }
}

static int nagging; /* a signal that finish() sends again and again: two that are pending at once are one */

/* Reads until every process that holds the streams is gone: a VM that outlived its supervisor would
 * show. */
static void finish(struct session *s)
{
    uint64_t start = clock_ns();
    memset(out, 0, sizeof(out));
    memset(err, 0, sizeof(err));
    while (s->out >= 0 || s->err >= 0) {
        struct pollfd fds[2] = {{.fd = s->out, .events = POLLIN}, {.fd = s->err, .events = POLLIN}};
        if (poll(fds, 2, nagging ? 50 : (int)limit_ms) == 0)
            kill(nagging ? s->pid : -s->pid, nagging ? nagging : SIGKILL);
        if (fds[0].revents)
            append(out, sizeof(out), &s->out);
        if (fds[1].revents)
            append(err, sizeof(err), &s->err);
    }
    int raw;
    waitpid(s->pid, &raw, 0);
    status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -WTERMSIG(raw);
    run_ms = (clock_ns() - start) / 1000000;
    if (s->in >= 0)
        close(s->in);
}

static void run(uint32_t n, uint64_t mode)
{
    prepare(n, mode);
    struct session s = begin();
    finish(&s);
}

static bool ended(int want)
{
    if (status != want || err[0])
        printf("# exit %d instead of %d, stderr: %s\n", status, want, err);
    return status == want && !err[0];
}

/* Exit 4 and exactly one report, which contains `what`. */
static bool crashed(const char *what)
{
    const char *line = strstr(err, "CRASH");
    bool good = status == 4 && line && strstr(line, what) && !strstr(line + 1, "CRASH");
    if (!good)
        printf("# exit %d, wanted \"%s\", stderr: %s\n", status, what, err);
    return good;
}

static void exit_status(void)
{
    run(1, MODE_EXIT);
    CHECK(ended(42));
}

static void start_state(void)
{
    run(2, MODE_STATE);
    CHECK(ended(0));
}

static void park_with_deadline(void)
{
    run(1, MODE_PARK);
    CHECK(ended(0));
}

static void bells_between_vms(void)
{
    run(2, MODE_BELL);
    CHECK(ended(0));
}

static void notifications_of_parking(void)
{
    run(2, MODE_NOTIFY_AND_PARK);
    CHECK(ended(0));
}

static void shared_memory(void)
{
    run(2, MODE_SHARE);
    CHECK(ended(0));
}

static void bad_pointers(void)
{
    run(2, MODE_POINTERS);
    CHECK(ended(0));
}

static void odd_ports(void)
{
    run(1, MODE_PORTS);
    CHECK(ended(0));
}

static void sixteen_vms(void)
{
    run(16, MODE_MANY);
    CHECK(ended(0));
    run(64, MODE_MANY);
    CHECK(ended(0));
}

static void streams(void)
{
    static char bytes[40000];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i % 255 + 1);
    prepare(1, MODE_STREAMS);
    struct session s = begin();
    usleep(20000); /* let it park for input once */
    CHECK(write(s.in, bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes));
    close(s.in);
    s.in = -1;
    finish(&s);
    CHECK(ended(0));
    CHECK(strlen(out) == sizeof(bytes) && !memcmp(out, bytes, sizeof(bytes)));
}

static void console_lines(void)
{
    run(1, MODE_LOG);
    CHECK(status == 0 && !strcmp(err, "[c0] one\n[c0] ?xone\n"));
}

static void guest_reports(void)
{
    run(2, MODE_REPORT);
    CHECK(status == 4);
    CHECK(strstr(err, "CRASH kind=2 vm=0 comp=0 sig=0 vec=0 cr2=0 ring=0 report=3/159\n"));
    CHECK(strstr(err, "report=1/159\n"));
}

/* KVM without VT-x or SVM gives other exceptions for instructions that it has to imitate. */
static void traps(void)
{
    bool pvm = host.kvm_kind == KVM_KIND_PVM;
    const struct {
        uint64_t mode;
        const char *what;
    } cases[] = {
        {MODE_UD, "kind=1 vm=0 comp=0 sig=0 vec=6 cr2=0 ring=3"},
        {MODE_DE, "vec=0 cr2=0 ring=3"},
        {MODE_BP, "vec=3 "},
        {MODE_HLT, "vec=13 "},
        {MODE_NULL, "vec=14 cr2=10 ring=3"},
        {MODE_KERNEL_READ, "vec=14 cr2=400000000000 "},
        {MODE_TABLES_READ, "vec=14 cr2=400000001000 "},
        {MODE_BOOT_WRITE, "vec=14 cr2=300000000000 "},
        {MODE_STATUS_WRITE, "vec=14 cr2=300000100000 "},
        {MODE_GATES_WRITE, "vec=14 cr2=110000000000 "},
        {MODE_TEXT_WRITE, "vec=14 cr2=110000101000 "},
        {MODE_DATA_EXEC, "vec=14 cr2=110000105000 "},
        {MODE_STACK_EXEC, "vec=14 cr2=11004000"},
        {MODE_GUARD, "vec=14 cr2=110040000ff8 "},
        {MODE_OTHER_SHARE, "vec=14 cr2=181090c00000 "},
        {MODE_OTHER_PRIVATE, "vec=14 cr2=1110c0000000 "},
        {MODE_PORT_TRAP, "vec=13 "},
        {MODE_PORT_OTHER, "vec=13 "},
        {MODE_INT_PF, pvm ? "vec=6 " : "vec=13 "},
        {MODE_SYSCALL, pvm ? "vec=14 cr2=0 ring=3" : "vec=6 "},
        {MODE_WRMSR, "vec=13 "},
        {MODE_NONCANONICAL, "vec=13 "},
        {MODE_BAD_STACK, "vec=14 cr2=ff8 ring=3"},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        run(2, cases[i].mode);
        if (!crashed(cases[i].what)) {
            printf("# case %zu\n", i);
            good = false;
        }
    }
    CHECK(good);
    if (host.doorbell == BH_DOORBELL_PORT) {
        run(1, MODE_INT_CALL);
        CHECK(crashed(pvm ? "vec=6 " : "vec=13 "));
    }
}

static void peer_dies(void)
{
    run(2, MODE_PEER_DIES);
    CHECK(crashed("kind=1 vm=1 comp=1 sig=0 vec=14 cr2=0 ring=3"));
}

/* Longer than finish() waits: what ends needs no grace. */
#define NEVER_NS 3600000000000ull

enum { SETTLED_US = 400000 }; /* by then an appliance has started, even on a busy machine */

static void stop_by_signal(void)
{
    prepare(2, MODE_STOP);
    options.grace_ns = NEVER_NS;
    struct session s = begin();
    usleep(SETTLED_US);
    kill(s.pid, SIGTERM);
    finish(&s);
    CHECK(ended(9)); /* it ended by itself when asked */
    prepare(2, MODE_PARK_FOREVER);
    options.grace_ns = NEVER_NS;
    s = begin();
    usleep(SETTLED_US);
    kill(-s.pid, SIGINT); /* as a terminal does: to the whole group */
    finish(&s);
    CHECK(ended(0)); /* the bell woke it */
    prepare(2, MODE_SPIN);
    s = begin();
    usleep(SETTLED_US);
    kill(s.pid, SIGINT);
    finish(&s);
    CHECK(ended(128 + SIGINT) && run_ms > 700); /* after the grace */
    options.grace_ns = NEVER_NS;
    s = begin();
    usleep(SETTLED_US);
    kill(s.pid, SIGTERM);
    nagging = SIGTERM;
    finish(&s);
    nagging = 0;
    CHECK(ended(128 + SIGTERM)); /* the second one is meant */
}

static void supervisor_dies(void)
{
    prepare(2, MODE_SPIN);
    struct session s = begin();
    usleep(SETTLED_US);
    kill(s.pid, SIGKILL);
    finish(&s); /* returns only when the VMs are gone too */
    CHECK(status == -SIGKILL);
}

static void cannot_start(void)
{
    prepare(2, MODE_EXIT);
    a.compartments[1].image = "/nonexistent/image.elf";
    struct session s = begin();
    finish(&s);
    CHECK(status == 2 && strstr(err, "/nonexistent/image.elf: No such file") && !strchr(strchr(err, '\n') + 1, '\n'));
    prepare(2, MODE_EXIT);
    a.compartments[1].memory = 1ull << 60;
    s = begin();
    finish(&s);
    bool told = status == 2 && strstr(err, "compartment c1: its memory exceeds 56 GiB");
    if (!told)
        printf("# exit %d, stderr: %s\n", status, err);
    CHECK(told);
}

static void remove_files(void)
{
    for (uint32_t i = 0; i <= BH_COMPARTMENTS_MAX; i++)
        unlink(paths[i]);
    rmdir(dir);
}

int main(int argc, char **argv)
{
    struct problem p = {0};
    enum doorbell_choice choice = argc > 1 && !strcmp(argv[1], "vmcall") ? CHOOSE_VMCALL : CHOOSE_PORT;
    if (!host_open(&host, &p) || !host_choose_doorbell(&host, choice, &p))
        return CHECK_SKIP(p.text);
    CHECK(mkdtemp(dir));
    for (uint32_t i = 0; i <= BH_COMPARTMENTS_MAX; i++)
        snprintf(paths[i], sizeof(paths[i]), "%s/%u.elf", dir, i);
    setenv("BULKHEAD_CORE", paths[BH_COMPARTMENTS_MAX], 1);
    signal(SIGPIPE, SIG_IGN);
    RUN(exit_status);
    RUN(start_state);
    RUN(park_with_deadline);
    RUN(bells_between_vms);
    RUN(notifications_of_parking);
    RUN(shared_memory);
    RUN(bad_pointers);
    RUN(odd_ports);
    RUN(sixteen_vms);
    RUN(streams);
    RUN(console_lines);
    RUN(guest_reports);
    RUN(traps);
    RUN(peer_dies);
    RUN(stop_by_signal);
    RUN(supervisor_dies);
    RUN(cannot_start);
    remove_files();
    return CHECK_RESULT();
}

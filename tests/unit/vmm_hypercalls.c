/* Hosted tests of hypercalls, the console, parking and the supervisor's messages, without a guest:
 * hostile arguments included.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/base/clock.h"
#include "check.h"
#include "vmm/vm/hypercalls.h"
#include "vmm/base/boot_trace.h"
#include "vmm/kvm/park.h"
#include "vmm/kvm/memory.h"

#define TEXT   0x10000ull /* readable */
#define DATA   0x20000ull /* two blocks of two pages, a hole of one between */
#define KERNEL 0x40000ull /* not the guest's */
#define MS     1000000ull

static struct appliance a;
static struct resources w;
static struct run_options options;
static struct vm_stats stats;
static struct vm vm;
static struct problem p;
static int console[2], control[2], standard[2][2];

static bool add(uint64_t va, uint64_t size, uint32_t count, uint32_t perms)
{
    struct region r = {.va = va, .size = size, .stride = size + PAGE, .count = count, .perms = perms};
    return memory_add(&vm.memory, &r, &p);
}

static void prepare(void)
{
    a.n_compartments = a.n_vms = 2;
    a.compartments[1].vm = a.vms[1].index = 1;
    a.compartments[0].memory = a.compartments[1].memory = 2 * PAGE;
    a.vms[0].compartments = 1;
    a.vms[1].compartments = 2;
    memset(&w, 0xff, sizeof(w));
    static struct crowd crowd;
    w.a = &a;
    w.crowd = &crowd;
    w.o = &options;
    CHECK(pipe2(console, O_NONBLOCK) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control) == 0);
    w.vms[0].notify_fd = eventfd(0, EFD_NONBLOCK);
    vm = (struct vm){.w = &w,
                     .debuggee.socket = -1,
                     .dump = -1,
                     .stats = &stats,
                     .application = true,
                     .supervisor = control[1],
                     .notify_fd = w.vms[0].notify_fd,
                     .console = {.fd = console[1], .lines = {{.name = "app"}}}};
    CHECK(add(TEXT, 2 * PAGE, 1, PERM_R | PERM_X | PERM_U) && add(DATA, 2 * PAGE, 2, PERM_R | PERM_W | PERM_U) &&
          add(KERNEL, PAGE, 1, PERM_R | PERM_W) &&
          add(BH_COMPARTMENT_BASE(0) + BH_HEAP_OFF, 2 * PAGE, 1, PERM_R | PERM_W | PERM_U) &&
          add(BH_COMPARTMENT_BASE(1) + BH_HEAP_OFF, 2 * PAGE, 1, PERM_R | PERM_W | PERM_U));
    CHECK(memory_map(&vm.memory, &p));
}

static int64_t call(uint32_t op, uint64_t x, uint64_t y, uint64_t z)
{
    struct hypercall h = {.op = op, .args = {x, y, z, 0x7777}};
    return (int64_t)hypercall_do(&vm, &h);
}

static void put(uint64_t va, const void *bytes, size_t n)
{
    CHECK(memory_fill(&vm.memory, guest_va(va), bytes, n));
}

static const char *console_text(void)
{
    static char text[65536];
    ssize_t n = read(console[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = 0;
    return text;
}

/* Makes a pipe this process's stdin or stdout for one test; 0 puts the old one back. */
static void redirect(int stream, int on)
{
    static int saved[2];
    fflush(stdout);
    if (on) {
        CHECK(pipe2(standard[stream], O_NONBLOCK) == 0);
        saved[stream] = dup(stream);
        dup2(standard[stream][stream], stream);
    } else {
        dup2(saved[stream], stream);
        close(saved[stream]);
        close(standard[stream][0]);
        close(standard[stream][1]);
    }
}

static void unknown_operations(void)
{
    static const uint32_t ops[] = {0, 12, 64, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
        CHECK(call(ops[i], ~0ull, ~0ull, ~0ull) == -ENOSYS);
}

static void no_network_device(void)
{
    CHECK(call(BH_HC_NET_START, DATA, 0, 0) == -ENODEV && call(BH_HC_KICK, 0, 0, 0) == -ENODEV);
}

/* Two pages of heap; behind it lies other memory of the compartment. */
static void heap_is_given_back(void)
{
    uint64_t heap = BH_COMPARTMENT_BASE(0) + BH_HEAP_OFF;
    struct bh_range ranges[BH_RANGES_BATCH + 1] = {{heap, PAGE}, {heap + PAGE, PAGE}};
    char got[2] = "";
    put(heap, "a", 1);
    put(heap + PAGE, "b", 1);
    put(DATA, ranges, sizeof(ranges));
    CHECK(call(BH_HC_GIVE_BACK, DATA, 1, 0) == 0);
    CHECK(memory_read(&vm.memory, &got[0], guest_va(heap), 1, PERM_R) && got[0] == 0);
    CHECK(memory_read(&vm.memory, &got[1], guest_va(heap + PAGE), 1, PERM_R) && got[1] == 'b');
    CHECK(call(BH_HC_GIVE_BACK, DATA, 2, 0) == 0 && call(BH_HC_GIVE_BACK, DATA, 0, 0) == 0);
    CHECK(memory_read(&vm.memory, &got[1], guest_va(heap + PAGE), 1, PERM_R) && got[1] == 0);
    CHECK(call(BH_HC_GIVE_BACK, DATA, BH_RANGES_BATCH + 1, 0) == -EINVAL);
    CHECK(call(BH_HC_GIVE_BACK, DATA, 1ull << 60, 0) == -EINVAL);
    CHECK(call(BH_HC_GIVE_BACK, KERNEL, 1, 0) == -EFAULT && call(BH_HC_GIVE_BACK, ~0ull, 1, 0) == -EFAULT);
}

static void only_heaps_are_given_back(void)
{
    uint64_t heap = BH_COMPARTMENT_BASE(0) + BH_HEAP_OFF;
    const struct bh_range bad[] = {
        {heap + 1, PAGE},
        {heap, PAGE + 1},
        {heap, 0},
        {heap, 3 * PAGE},
        {heap, 0 - PAGE},
        {heap + PAGE, 2 * PAGE},
        {heap + 2 * PAGE, PAGE},
        {heap - PAGE, PAGE},
        {TEXT, PAGE},
        {DATA, PAGE},
        {KERNEL, PAGE},
        {0, PAGE},
        {0 - PAGE, PAGE},
        {BH_COMPARTMENT_BASE(1) + BH_HEAP_OFF, PAGE},   /* of another VM */
        {BH_COMPARTMENT_BASE(200) + BH_HEAP_OFF, PAGE}, /* of none */
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        put(DATA, &bad[i], sizeof(bad[i]));
        CHECK(call(BH_HC_GIVE_BACK, DATA, 1, 0) == -EFAULT);
    }
}

static void write_checks_its_range(void)
{
    static const uint64_t bad[] = {0, 0xfff, TEXT - 1, TEXT + 2 * PAGE, DATA + 2 * PAGE, KERNEL, ~0ull, 1ull << 63};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CHECK(call(BH_HC_WRITE, BH_STDOUT, bad[i], 1) == -EFAULT);
        CHECK(call(BH_HC_WRITE, BH_STDOUT, bad[i], ~0ull) == -EFAULT);
        CHECK(call(BH_HC_READ, BH_STDIN, bad[i], 1) == -EFAULT);
    }
    CHECK(call(BH_HC_READ, BH_STDIN, TEXT, 1) == -EFAULT);
    CHECK(call(BH_HC_WRITE, BH_STDIN, TEXT, 1) == -EBADF && call(BH_HC_WRITE, 3, TEXT, 1) == -EBADF);
    CHECK(call(BH_HC_READ, BH_STDOUT, DATA, 1) == -EBADF && call(BH_HC_READ, 1ull << 32, DATA, 1) == -EBADF);
    CHECK(call(BH_HC_WRITE, BH_STDOUT, 0, 0) == 0 && call(BH_HC_READ, BH_STDIN, 0, 0) == 0);
}

static void write_stops_at_the_block(void)
{
    char got[16];
    put(DATA + 2 * PAGE - 4, "abcd", 4);
    redirect(1, 1);
    int64_t n = call(BH_HC_WRITE, BH_STDOUT, DATA + 2 * PAGE - 4, ~0ull);
    ssize_t arrived = read(standard[1][0], got, sizeof(got));
    close(standard[1][0]);
    int64_t broken = call(BH_HC_WRITE, BH_STDOUT, DATA, 8);
    redirect(1, 0);
    CHECK(n == 4 && arrived == 4 && !memcmp(got, "abcd", 4) && broken == -EPIPE);
}

static void write_waits_for_room(void)
{
    redirect(1, 1);
    fcntl(standard[1][1], F_SETPIPE_SZ, 4096);
    pid_t pid = fork();
    if (pid == 0) {
        char sink[4096];
        close(standard[1][1]);
        usleep(30000);
        fcntl(standard[1][0], F_SETFL, 0);
        while (read(standard[1][0], sink, sizeof(sink)) > 0) {
        }
        _exit(0);
    }
    int64_t total = 0, n = 1;
    while (n > 0 && total < 20000)
        total += n = call(BH_HC_WRITE, BH_STDOUT, DATA, 2 * PAGE);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    redirect(1, 0);
    CHECK(n > 0 && total >= 20000);
}

static void reading_input(void)
{
    char got[8] = "";
    redirect(0, 1);
    int64_t nothing = call(BH_HC_READ, BH_STDIN, DATA, 8);
    uint64_t timeout = (uint64_t)call(BH_HC_PARK, MS, BH_EVENT_STDIN, 0);
    bool sent = write(standard[0][1], "hi", 2) == 2;
    uint64_t event = (uint64_t)call(BH_HC_PARK, BH_FOREVER, BH_EVENT_STDIN, 0);
    int64_t two = call(BH_HC_READ, BH_STDIN, DATA, 8);
    close(standard[0][1]);
    uint64_t hangup = (uint64_t)call(BH_HC_PARK, BH_FOREVER, BH_EVENT_STDIN, 0);
    int64_t end = call(BH_HC_READ, BH_STDIN, DATA, 8);
    redirect(0, 0);
    CHECK(nothing == -EAGAIN && timeout == 0 && sent && event == BH_EVENT_STDIN && two == 2);
    CHECK(hangup == BH_EVENT_STDIN && end == 0);
    CHECK(memory_read(&vm.memory, got, guest_va(DATA), 2, PERM_R) && !strcmp(got, "hi"));
}

static void others_have_no_streams(void)
{
    vm.application = false;
    CHECK(call(BH_HC_WRITE, BH_STDOUT, DATA, 1) == -EBADF && call(BH_HC_READ, BH_STDIN, DATA, 1) == -EBADF);
    CHECK(call(BH_HC_PARK, 0, BH_EVENT_STDIN, 0) == 0);
    /* Nor can they print what a terminal obeys, or what looks like somebody else's line. */
    put(DATA, "\x1b[2J\nbulkhead: ", 15);
    CHECK(call(BH_HC_WRITE, BH_STDERR, DATA, 15) == 15 && !strcmp(console_text(), "[app] ?[2J\n"));
    CHECK(call(BH_HC_WRITE, BH_STDERR, KERNEL, 1) == -EFAULT && call(BH_HC_WRITE, BH_STDERR, 0, 0) == 0);
    console_end(&vm.console);
    CHECK(!strcmp(console_text(), "[app] bulkhead: \n"));
    vm.application = true;
}

static void parking(void)
{
    uint64_t start = clock_ns();
    CHECK(call(BH_HC_PARK, 5 * MS, BH_EVENT_NOTIFY, 0) == 0);
    CHECK(clock_ns() - start >= 5 * MS && clock_ns() - start < 1000 * MS);
    CHECK(call(BH_HC_PARK, 0, ~0ull & ~BH_EVENT_STDIN, 0) == 0);
    CHECK(call(BH_HC_NOTIFY, 0, 0, 0) == 0 && call(BH_HC_NOTIFY, 0, 0, 0) == 0);
    CHECK(call(BH_HC_PARK, MS, 0, 0) == 0); /* not asked for: kept */
    CHECK(call(BH_HC_PARK, BH_FOREVER, BH_EVENT_NOTIFY, 0) == BH_EVENT_NOTIFY);
    CHECK(call(BH_HC_PARK, 0, BH_EVENT_NOTIFY, 0) == 0);
    CHECK(call(BH_HC_NOTIFY, 0, 0, 0) == 0);
    CHECK(call(BH_HC_PARK, BH_FOREVER - 1, BH_EVENT_NOTIFY, 0) == BH_EVENT_NOTIFY);
    uint64_t full = 0xfffffffffffffffe;
    CHECK(write(w.vms[0].notify_fd, &full, 8) == 8 && call(BH_HC_NOTIFY, 0, 0, 0) == 0);
    CHECK(call(BH_HC_PARK, 0, BH_EVENT_NOTIFY, 0) == BH_EVENT_NOTIFY);
}

/* A VM that sleeps wants no processor, and parking notifies whom it is told to, but nobody that is not its peer. */
static void parking_gives_up_the_processor(void)
{
    uint32_t before = w.crowd->page.awake;
    CHECK(call(BH_HC_PARK, BH_FOREVER, BH_EVENT_NOTIFY, ~0ull) == BH_EVENT_NOTIFY); /* VM 0: itself */
    CHECK(w.crowd->page.awake == before);
    CHECK(call(BH_HC_PARK, 0, BH_EVENT_NOTIFY, ~1ull) == 0);
    CHECK(w.crowd->page.awake == before);
}

static void bells_not_given(void)
{
    CHECK(call(BH_HC_NOTIFY, 1, 0, 0) == -EINVAL); /* exists, not this VM's peer */
    CHECK(call(BH_HC_NOTIFY, 2, 0, 0) == -EINVAL && call(BH_HC_NOTIFY, 1ull << 32, 0, 0) == -EINVAL);
    CHECK(call(BH_HC_NOTIFY, ~0ull, 0, 0) == -EINVAL);
}

static void console_lines(void)
{
    put(DATA, "one\ntw\x1b\x01", 8);
    CHECK(call(BH_HC_LOG, 0, DATA, 8) == 0 && !strcmp(console_text(), "[app] one\n"));
    put(DATA, "o\t\xc3\xa9\n\n", 6);
    CHECK(call(BH_HC_LOG, 0, DATA, 6) == 0 && !strcmp(console_text(), "[app] tw??o\t\xc3\xa9\n[app] \n"));
    put(DATA, "\x9b[\xc2\x9b[\xe2\x80\x93\n", 9); /* C1: as a byte, in UTF-8; a dash */
    CHECK(call(BH_HC_LOG, 0, DATA, 9) == 0 && !strcmp(console_text(), "[app] ?[\xc2?[\xe2\x80\x93\n"));
    char x[2 * PAGE];
    memset(x, 'x', sizeof(x));
    put(DATA, x, sizeof(x));
    CHECK(call(BH_HC_LOG, 0, DATA, sizeof(x)) == 0);
    const char *text = console_text();
    CHECK(strlen(text) == 7 * (CONSOLE_LINE + 7) && !strncmp(text + CONSOLE_LINE + 6, "\n[app] x", 8));
    console_end(&vm.console);
    text = console_text();
    CHECK(strlen(text) == CONSOLE_LINE + 7 && text[strlen(text) - 1] == '\n');
}

static void console_refusals(void)
{
    CHECK(call(BH_HC_LOG, 1, DATA, 1) == -EINVAL && call(BH_HC_LOG, 64, DATA, 1) == -EINVAL);
    CHECK(call(BH_HC_LOG, ~0ull, DATA, 1) == -EINVAL && call(BH_HC_LOG, 0, DATA, ~0ull) == -EINVAL);
    CHECK(call(BH_HC_LOG, 0, DATA, 2 * PAGE + 1) == -EFAULT && call(BH_HC_LOG, 0, ~0ull, 2) == -EFAULT);
    CHECK(call(BH_HC_LOG, 0, KERNEL, 1) == -EFAULT && call(BH_HC_LOG, 0, 0, 0) == 0);
    console_end(&vm.console);
    console_text();
}

static void marks_only_when_asked(void)
{
    struct message m;
    CHECK(call(BH_HC_MARK, 0, 0, 0) == -EINVAL && call(BH_HC_MARK, 5, 0, 0) == -EINVAL);
    CHECK(call(BH_HC_MARK, ~0ull, 0, 0) == -EINVAL && call(BH_HC_MARK, BH_MARK_MAIN, 0, 0) == 0);
    CHECK(message_receive(control[0], &a, 0, &m) == 0);
    options.marks = true;
    CHECK(call(BH_HC_MARK, BH_MARK_MAIN, 0, 0) == 0 && message_receive(control[0], &a, 0, &m) == 1);
    CHECK(m.kind == MESSAGE_MARK && !strcmp(m.mark, "vm0.main"));
    CHECK(call(BH_HC_MARK, BH_MARK_MAIN, 0, 0) == 0 && message_receive(control[0], &a, 0, &m) == 0); /* once */
    options.marks = false;
}

static void reports_are_copied_and_settled(void)
{
    struct message m;
    struct bh_report r = {.kind = BH_REPORT_REFUSED, .compartment = 1, .peer = 99};
    memset(r.text, 'x', sizeof(r.text));
    memset(r.function, 'f', sizeof(r.function));
    memset(r.argument, 'a', sizeof(r.argument));
    put(DATA, &r, sizeof(r));
    CHECK(call(BH_HC_REPORT, DATA, 0, 0) == 0 && message_receive(control[0], &a, 0, &m) == 1);
    CHECK(m.kind == MESSAGE_CRASH && m.crash.kind == CRASH_REPORT && m.crash.vm == 0);
    /* Compartment 1 is not VM 0's, and there is no 99. */
    CHECK(m.crash.compartment == 0 && m.crash.report.compartment == 0);
    CHECK(m.crash.report.peer == BH_NO_PEER && strlen(m.crash.report.text) == sizeof(r.text) - 1);
    CHECK(strlen(m.crash.report.function) == 63 && strlen(m.crash.report.argument) == 31);
    CHECK(call(BH_HC_REPORT, DATA + 2 * PAGE - sizeof(r) + 1, 0, 0) == -EFAULT);
    CHECK(call(BH_HC_REPORT, 0, 0, 0) == -EFAULT && call(BH_HC_REPORT, ~0ull - 100, 0, 0) == -EFAULT);
    CHECK(call(BH_HC_REPORT, KERNEL, 0, 0) == -EFAULT);
}

static void reports_cannot_flood(void)
{
    struct message m;
    uint64_t n = 0, omitted = 0;
    vm.reports = bucket_of(20, 10); /* the last ones come within half a second */
    for (uint64_t end = clock_ns() + CLOCK_SECOND / 2; clock_ns() < end;) {
        CHECK(call(BH_HC_REPORT, DATA, 0, 0) == 0);
        if (message_receive(control[0], &a, 0, &m) == 1) {
            CHECK(n != 10 || !m.omitted);
            omitted += m.omitted;
            n++;
        }
    }
    CHECK(n >= 20 && n < 200 && omitted > 0);
}

/* What exceeds the limit comes later, and whole. */
static void test_a16_console_is_slowed_down(void)
{
    enum { LINES = 40, LINE = 9 };
    char text[LINES * (LINE + 6) + 1];
    size_t got = 0;
    vm.console.rate = bucket_of(10 * LINE, 100 * LINE);
    put(DATA, "12345678\n", LINE);
    uint64_t start = clock_ns();
    for (int i = 0; i < LINES; i++) {
        CHECK(call(BH_HC_LOG, 0, DATA, LINE) == 0);
        if (i == 9)
            CHECK(bucket_spend(&vm.console.rate, 0, clock_ns()) == 0);
    }
    CHECK(clock_ns() - start >= (LINES - 11) * CLOCK_SECOND / 100);
    for (ssize_t r; got < sizeof(text) - 1 && (r = read(console[0], text + got, sizeof(text) - 1 - got)) > 0;)
        got += (size_t)r;
    CHECK(got == sizeof(text) - 1 && memcmp(text + got - 15, "[app] 12345678\n", 15) == 0);
    /* Standard error of a VM without the application is the same console. */
    vm.application = false;
    start = clock_ns();
    for (int i = 0; i < 20; i++)
        CHECK(call(BH_HC_WRITE, BH_STDERR, DATA, LINE) == LINE);
    CHECK(clock_ns() - start >= 9 * CLOCK_SECOND / 100);
    vm.application = true;
    console_text();
    vm.console.rate = (struct bucket){0};
}

static void rubbish_from_a_vm(void)
{
    struct message m = {.kind = MESSAGE_EXIT}, got;
    char large[sizeof(m) + 1] = {1};
    CHECK(send(control[1], &m, sizeof(m) - 1, 0) > 0 && message_receive(control[0], &a, 0, &got) == -1);
    CHECK(send(control[1], large, sizeof(large), 0) > 0 && message_receive(control[0], &a, 0, &got) == -1);
    m.kind = 0;
    CHECK(send(control[1], &m, sizeof(m), 0) > 0 && message_receive(control[0], &a, 0, &got) == -1);
    m.kind = MESSAGE_KIND_LAST + 1;
    CHECK(send(control[1], &m, sizeof(m), 0) > 0 && message_receive(control[0], &a, 0, &got) == -1);
    m.kind = MESSAGE_CRASH;
    CHECK(send(control[1], &m, sizeof(m), 0) > 0 && message_receive(control[0], &a, 0, &got) == -1);
    memset(&m, 0xff, sizeof(m));
    m.kind = MESSAGE_CRASH;
    m.crash.kind = CRASH_KVM;
    CHECK(send(control[1], &m, sizeof(m), 0) > 0 && message_receive(control[0], &a, 1, &got) == 1);
    CHECK(got.crash.vm == 1 && got.crash.compartment == 1 && strlen(got.mark) == 31);
    CHECK(strlen(got.crash.detail) == 127 && strlen(got.problem.text) == sizeof(got.problem.text) - 1);
    m = (struct message){.kind = MESSAGE_FAILED, .mark = "a\x1b[", .problem.text = "b\n\xc2\x9b"};
    CHECK(send(control[1], &m, sizeof(m), 0) > 0 && message_receive(control[0], &a, 0, &got) == 1);
    CHECK(!strcmp(got.mark, "a?[") && !strcmp(got.problem.text, "b \xc2 "));
    close(control[1]);
    CHECK(message_receive(control[0], &a, 0, &got) == -1);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    RUN(prepare);
    RUN(unknown_operations);
    RUN(no_network_device);
    RUN(heap_is_given_back);
    RUN(only_heaps_are_given_back);
    RUN(write_checks_its_range);
    RUN(write_stops_at_the_block);
    RUN(write_waits_for_room);
    RUN(reading_input);
    RUN(others_have_no_streams);
    RUN(parking);
    RUN(parking_gives_up_the_processor);
    RUN(bells_not_given);
    RUN(console_lines);
    RUN(console_refusals);
    RUN(marks_only_when_asked);
    RUN(reports_are_copied_and_settled);
    RUN(reports_cannot_flood);
    RUN(test_a16_console_is_slowed_down);
    RUN(rubbish_from_a_vm);
    memory_release(&vm.memory);
    return CHECK_RESULT();
}

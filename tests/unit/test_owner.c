/* Who owns an address, and what a crash report says: by the address map, and by the symbols of an
 * image.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Usage: test_owner IMAGE; IMAGE is sample_image.c linked at compartment 0's image address. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/gate.h"
#include "rpc/stats.h"
#include "unit/check.h"
#include "vmm/appliance/address_owner.h"
#include "vmm/crash/report.h"
#include "vmm/image/symbols.h"

static struct appliance a;
static const char *image;
static char text[4096];

static void make_appliance(void)
{
    memset(&a, 0, sizeof(a));
    a.n_compartments = 2;
    a.n_shares = a.n_edges = 1;
    a.n_vms = 2;
    for (uint32_t i = 0; i < 2; i++) {
        a.compartments[i] = (struct compartment){.name = i ? "lib" : "app",
                                                 .index = i,
                                                 .vm = i,
                                                 .memory = 1 << 20,
                                                 .stack = 1 << 16,
                                                 .threads = 4,
                                                 .image = image};
        a.vms[i] = (struct vm_plan){.index = i, .compartments = 1ull << i, .n_threads = 4};
    }
    a.shares[0] = (struct share){.name = "heap", .size = 1 << 20, .members = 3};
    a.edges[0] = (struct edge){.from = 0, .to = 1, .arena = 1 << 18};
}

static enum owner_kind kind(uint64_t va)
{
    return address_owner_find(&a, va).kind;
}

static bool says(uint64_t va, const char *expected)
{
    address_owner_describe(&a, NULL, va, text, sizeof(text));
    bool same = strcmp(text, expected) == 0;
    if (!same)
        printf("%#llx: %s\n", (unsigned long long)va, text);
    return same;
}

static void windows(void)
{
    make_appliance();
    uint64_t base = BH_COMPARTMENT_BASE(1);
    CHECK(address_owner_find(&a, base).compartment == 1);
    CHECK(kind(base) == OWN_GATES && kind(base + BH_GATES_MAX - 1) == OWN_GATES);
    CHECK(kind(base + BH_IMAGE_OFF) == OWN_IMAGE && kind(base + BH_SHARED_OFF - 1) == OWN_IMAGE);
    CHECK(kind(base + BH_SHARED_OFF) == OWN_STATICS);
    CHECK(kind(base + BH_HEAP_OFF) == OWN_HEAP && kind(base + BH_HEAP_OFF - 1) == OWN_WINDOW);
    CHECK(kind(base + BH_HEAP_OFF + (1 << 20)) == OWN_WINDOW);
    CHECK(kind(base + BH_WINDOW_SIZE - 1) == OWN_WINDOW);
    CHECK(kind(base + BH_WINDOW_SIZE) == OWN_NOTHING); /* compartment 2, which is not there */
    CHECK(kind(BH_COMPARTMENT_BASE(0) - 1) == OWN_NOTHING);
    CHECK(says(base, "compartment \"lib\", its gate table"));
    CHECK(says(base + BH_HEAP_OFF + 16, "compartment \"lib\", its heap, 0x10 from the start"));
}

static void stacks(void)
{
    make_appliance();
    uint64_t stack = BH_STACK(1, 2, 1 << 16);
    struct address_owner o = address_owner_find(&a, stack);
    CHECK(o.kind == OWN_STACK && o.thread == 2 && o.compartment == 1);
    CHECK(kind(stack + (1 << 16) - 1) == OWN_STACK);
    o = address_owner_find(&a, stack + (1 << 16));
    CHECK(o.kind == OWN_GUARD && o.thread == 3);
    o = address_owner_find(&a, stack - 1);
    CHECK(o.kind == OWN_GUARD && o.thread == 2);
    CHECK(kind(BH_STACK(1, 4, 1 << 16)) == OWN_WINDOW); /* only 4 threads */
    o = address_owner_find(&a, stack + BH_SHADOW_DELTA);
    CHECK(o.kind == OWN_SHADOW && o.thread == 2);
    CHECK(kind(stack + BH_SHADOW_DELTA - 1) == OWN_WINDOW);
    CHECK(says(stack - 1, "compartment \"lib\", the guard page below its stack of thread 2"));
}

static void what_is_shared(void)
{
    make_appliance();
    CHECK(kind(BH_SHARE_BASE(0)) == OWN_SHARE && kind(BH_SHARE_BASE(0) + (1 << 20)) == OWN_NOTHING);
    CHECK(kind(BH_SHARE_BASE(1)) == OWN_NOTHING);
    CHECK(kind(BH_EDGE_BASE(0) + 5 * 4096 - 1) == OWN_RING);
    CHECK(kind(BH_EDGE_BASE(0) + 5 * 4096) == OWN_NOTHING);
    CHECK(kind(BH_EDGE_BASE(0) + BH_EDGE_CB_ARENA_OFF) == OWN_ARENA);
    CHECK(kind(BH_EDGE_BASE(0) + BH_EDGE_ARENA_OFF + (1 << 18) - 1) == OWN_ARENA);
    CHECK(kind(BH_EDGE_BASE(0) + BH_EDGE_ARENA_OFF + (1 << 18)) == OWN_NOTHING);
    CHECK(says(BH_SHARE_BASE(0) + 4, "share \"heap\", 0x4 from the start"));
    CHECK(says(BH_EDGE_BASE(0), "the ring of edge app -> lib"));
}

static void core_and_kernel(void)
{
    make_appliance();
    CHECK(kind(0) == OWN_NULL && kind(4095) == OWN_NULL && kind(4096) == OWN_NOTHING);
    CHECK(kind(BH_BOOTINFO_VA) == OWN_BOOT && kind(BH_STATUS_VA) == OWN_STATUS && kind(BH_STATS_VA) == OWN_STATS);
    CHECK(kind(BH_CROWD_VA) == OWN_CROWD && kind(BH_CROWD_VA + BH_PAGE_SIZE) == OWN_NOTHING);
    CHECK(kind(BH_CORE_IMAGE_VA) == OWN_CORE && kind(BH_KERNEL_BASE + 5) == OWN_KERNEL);
    CHECK(kind(UINT64_MAX) == OWN_NOTHING);
    struct address_owner o = address_owner_find(&a, BH_TLS_TP(3));
    CHECK(o.kind == OWN_TLS && o.thread == 3 && o.compartment == BH_NO_PEER);
    o = address_owner_find(&a, BH_TLS_SEGMENT(3, 1) + 8);
    CHECK(o.kind == OWN_TLS && o.thread == 3 && o.compartment == 1);
    CHECK(kind(BH_TLS_SEGMENT(3, 2)) == OWN_NOTHING);
    CHECK(says(BH_TLS_SEGMENT(3, 1), "thread-local storage of thread 3 in compartment \"lib\""));
}

/* Address of a symbol, read from the image by hand: the reporter is not its own judge. */
static uint64_t symbol(const char *name)
{
    static char file[1 << 20];
    FILE *in = fopen(image, "rb");
    size_t size = in ? fread(file, 1, sizeof(file), in) : 0;
    const Elf64_Ehdr *header = (const void *)file;
    CHECK(size > sizeof(*header) && size < sizeof(file));
    fclose(in);
    const Elf64_Shdr *sections = (const void *)(file + header->e_shoff);
    for (int s = 0; s < header->e_shnum; s++) {
        if (sections[s].sh_type != SHT_SYMTAB)
            continue;
        const Elf64_Sym *list = (const void *)(file + sections[s].sh_offset);
        const char *names = file + sections[sections[s].sh_link].sh_offset;
        for (size_t n = 0; n < sections[s].sh_size / sizeof(*list); n++)
            if (strcmp(names + list[n].st_name, name) == 0)
                return list[n].st_value;
    }
    CHECK(!"symbol found");
    return 0;
}

static void symbols_name_what_is_there(void)
{
    make_appliance();
    uint64_t secret = symbol("sample_secret");
    CHECK(says(secret + 4,
               "compartment \"app\", section .data, symbol sample_secret+0x4 "
               "(tests/unit/sample_image.c:3)"));
    address_owner_describe(&a, NULL, symbol("sample_peek"), text, sizeof(text));
    CHECK(strcmp(text,
                 "compartment \"app\", section .text, symbol sample_peek "
                 "(tests/unit/sample_image.c:7)") == 0);
    CHECK(says(BH_COMPARTMENT_BASE(0) + BH_SHARED_OFF - 1, "compartment \"app\", no section of its image"));
    a.compartments[0].image = "/nonexistent";
    CHECK(says(secret, "compartment \"app\", no section of its image"));
}

static const char *shortened(const char *path)
{
    snprintf(text, sizeof(text), "%s", path);
    source_path(text);
    return text;
}

static void source_paths_are_relative_to_the_root(void)
{
    CHECK(strcmp(shortened(BH_SOURCE_ROOT "/guest/./x.c"), "guest/x.c") == 0);
    CHECK(strcmp(shortened(BH_SOURCE_ROOT "/build/../guest/x.c"), "guest/x.c") == 0);
    CHECK(strcmp(shortened("../guest/x.c"), "guest/x.c") == 0);
    CHECK(strcmp(shortened("../.." BH_SOURCE_ROOT "/guest/x.c"), "guest/x.c") == 0);
    CHECK(strcmp(shortened("/usr/include/x.h"), "/usr/include/x.h") == 0);
    CHECK(strcmp(shortened(""), "") == 0);
}

static void report(const struct crash *c)
{
    FILE *out = fmemopen(text, sizeof(text), "w");
    report_head(out, &a, c);
    report_details(out, &a, NULL, c);
    fclose(out);
}

static bool has(const char *line)
{
    bool found = strstr(text, line) != NULL;
    if (!found)
        printf("expected: %sin: %s", line, text);
    return found;
}

static void page_fault_on_anothers_secret(void)
{
    make_appliance();
    char line[200];
    uint64_t secret = symbol("sample_secret");
    struct crash c = {.kind = CRASH_TRAP, .vm = 1, .compartment = 1, .cr2 = secret};
    c.regs = (struct bh_trap){.vector = 14, .error = 4, .rax = 0x1234, .rip = symbol("sample_peek")};
    c.regs.rsp = BH_STACK(1, 3, 1 << 16) + 64;
    report(&c);
    snprintf(line, sizeof(line),
             "bulkhead: compartment \"lib\" crashed: page fault reading %#llx: "
             "memory of compartment \"app\"\n",
             (unsigned long long)secret);
    CHECK(strncmp(text, line, strlen(line)) == 0);
    CHECK(has("symbol sample_secret (tests/unit/sample_image.c:3)\n"));
    CHECK(has(" sample_peek (tests/unit/sample_image.c:7)\n"));
    CHECK(has("  thread    3, on its stack in compartment \"lib\"\n"));
    CHECK(has("  registers rax=0000000000001234 rbx=0000000000000000 "));
}

static void other_faults(void)
{
    make_appliance();
    struct crash c = {.kind = CRASH_TRAP, .vm = 1, .compartment = 1, .cr2 = 8};
    c.regs = (struct bh_trap){.vector = 14, .error = 6};
    report(&c);
    CHECK(has("page fault writing 0x8: null pointer\n"));
    c.cr2 = BH_COMPARTMENT_BASE(1) + BH_IMAGE_OFF;
    c.regs.error = 7;
    report(&c);
    CHECK(has(": not permitted: read-only\n"));
    c.regs.error = 0x15;
    report(&c);
    CHECK(has("page fault executing "));
    CHECK(has(": not permitted: data is not executable\n"));
    c.cr2 = BH_STACK(1, 1, 1 << 16) - 8;
    c.regs.error = 6;
    report(&c);
    CHECK(has("stack overflow of thread 1: compartments.lib.stack is 64 KiB\n"));
    c.cr2 = BH_SHARE_BASE(0);
    report(&c);
    CHECK(has(": not mapped into its VM\n"));
    c.regs.vector = 6;
    report(&c);
    CHECK(has("compartment \"lib\" crashed: undefined instruction\n"));
    c = (struct crash){.kind = CRASH_KILLED, .vm = 1, .compartment = 1, .signal = 9};
    report(&c);
    CHECK(has("compartment \"lib\" crashed: the process of VM 1 was killed by signal 9 (Killed)\n"));
}

static void triple_faults(void)
{
    make_appliance();
    struct crash c = {.kind = CRASH_SHUTDOWN, .vm = 1, .compartment = 1};
    c.regs.rip = symbol("sample_peek");
    report(&c);
    CHECK(has("compartment \"lib\" crashed: triple fault: neither ") && has(" sample_peek (") && has("rip="));
    c.regs.rip = 0xfff0;
    c.reset = 1;
    report(&c);
    CHECK(has("compartment \"lib\" crashed: triple fault: neither ") && has("  registers lost: "));
    CHECK(!strstr(text, "rip=") && !strstr(text, "fff0") && !strstr(text, "  at "));
}

static void refused_call_names_everything(void)
{
    make_appliance();
    struct crash c = {.kind = CRASH_REPORT, .vm = 0, .compartment = 0};
    c.report = (struct bh_report){
        .kind = BH_REPORT_REFUSED, .compartment = 0, .peer = 1, .status = BH_UNANNOTATED, .thread = 2, .size = 16};
    c.report.pc = symbol("sample_peek");
    c.report.address = symbol("sample_secret");
    strcpy(c.report.function, "fill");
    strcpy(c.report.argument, "buf\033");
    report(&c);
    CHECK(
        has("bulkhead: compartment \"app\" calls fill() of compartment \"lib\": refused: argument "
            "\"buf?\" lies in private memory, and the edge is strict\n"));
    CHECK(has("symbol sample_secret (tests/unit/sample_image.c:3)\n"));
    CHECK(has("  called at 0x"));
    CHECK(has("sample_peek (tests/unit/sample_image.c:7)\n"));
    CHECK(has("  hint      declare it bh_shared"));
    c.report.compartment = 1; /* found out by the callee: still app that called */
    c.report.peer = 0;
    c.report.status = BH_BAD_ARGUMENT;
    report(&c);
    CHECK(has("compartment \"app\" calls fill() of compartment \"lib\": refused: argument "));
}

static void report_of_a_hostile_guest(void)
{
    make_appliance();
    struct crash c = {.kind = CRASH_REPORT, .vm = 0, .compartment = 0};
    memset(&c.report, 0xff, sizeof(c.report)); /* no string ends, nothing is in range */
    report(&c);
    CHECK(has("gave up: ????"));
    c.report.kind = BH_REPORT_REFUSED;
    report(&c);
    CHECK(has("unknown reason\n"));
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    image = argv[1];
    RUN(windows);
    RUN(stacks);
    RUN(what_is_shared);
    RUN(core_and_kernel);
    RUN(symbols_name_what_is_there);
    RUN(source_paths_are_relative_to_the_root);
    RUN(page_fault_on_anothers_secret);
    RUN(other_faults);
    RUN(triple_faults);
    RUN(refused_call_names_everything);
    RUN(report_of_a_hostile_guest);
    return CHECK_RESULT();
}

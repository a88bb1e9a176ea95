/* Writes ELF cores (System V ABI, chapters 4 and 5; core(5)) of a VM, without a file.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/vm/coredump.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/vm/debug_threads.h"
#include "vmm/vm/exits.h"

#define LOADS_MAX 4096u
#define LOOK      4096u /* pages that mincore(2) is asked about at once */

struct note {
    Elf64_Nhdr head;
    char name[8];
    struct elf_prstatus status;
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct elf_prstatus) % 4 == 0, "the next note is aligned");

/* This is large, and is needed when nothing can be allocated any more. */
static struct {
    struct {
        Elf64_Ehdr elf;
        Elf64_Phdr loads[LOADS_MAX + 1]; /* the notes' first */
    } head;
    struct note notes[BH_THREADS_MAX];
    uint32_t n_loads, n_notes;
    struct {
        const uint8_t *host;
        uint64_t size;
    } from[LOADS_MAX];
    bool failed;
} d;

static struct vm *dumped; /* of the signal handler */

static void send_bytes(const struct vm *vm, const void *bytes, uint64_t size)
{
    const uint8_t *at = bytes;
    while (size && !d.failed) {
        ssize_t n = write(vm->dump, at, size);
        if (n > 0) {
            at += n;
            size -= (uint64_t)n;
        } else if (n == 0 || errno != EINTR) {
            d.failed = true; /* nobody takes it */
        }
    }
}

static void send_piece(const struct vm *vm, uint64_t offset, const void *bytes, uint64_t size)
{
    struct dump_piece piece = {offset, size};
    send_bytes(vm, &piece, sizeof(piece));
    send_bytes(vm, bytes, size);
}

/* ---- Threads ---- */

static bool read_guest(const struct vm *vm, uint64_t va, void *to, uint64_t size)
{
    return memory_read(&vm->memory, to, guest_va(va), size, PERM_R);
}

static void add_thread(uint32_t id, const struct bh_trap *t, int signo)
{
    struct note *n = &d.notes[d.n_notes++];
    *n = (struct note){.head = {.n_namesz = 5, .n_descsz = sizeof(n->status), .n_type = NT_PRSTATUS}, .name = "CORE"};
    n->status.pr_pid = (int)id + 1; /* 0 is no thread, to GDB */
    n->status.pr_cursig = (short)signo;
    n->status.pr_info.si_signo = signo;
    const unsigned long long fs = BH_TLS_TP(id);
    const unsigned long long registers[ELF_NGREG] = {t->r15, t->r14, t->r13,    t->r12, t->rbp, t->rbx, t->r11, t->r10,
                                                     t->r9,  t->r8,  t->rax,    t->rcx, t->rdx, t->rsi, t->rdi, t->rax,
                                                     t->rip, 0x33,   t->rflags, t->rsp, 0x2b,   fs};
    memcpy(n->status.pr_reg, registers, sizeof(n->status.pr_reg));
}

/* Adds a thread that does not run, with the registers that it left on its stack. */
static void add_waiting(const struct vm *vm, uint32_t id, uint64_t element)
{
    const struct bh_core_debug *where = &vm->w->core.debug;
    struct switched_thread s;
    uint32_t state = 0;
    uint64_t sp;
    if (!read_guest(vm, element + where->state, &state, sizeof(state)) || (state != 1 && state != 3) ||
        !read_guest(vm, element + where->sp, &sp, sizeof(sp)) || !read_guest(vm, sp, &s, sizeof(s)))
        return;
    struct bh_trap t = {.r15 = s.r15,
                        .r14 = s.r14,
                        .r13 = s.r13,
                        .r12 = s.r12,
                        .rbx = s.rbx,
                        .rbp = s.rbp,
                        .rip = s.rip,
                        .rsp = sp + sizeof(s),
                        .rflags = 2};
    add_thread(id, &t, 0);
}

static void add_threads(const struct vm *vm, const struct crash *c, const struct bh_trap *t)
{
    const struct bh_core_debug *where = &vm->w->core.debug;
    uint32_t n = vm->w->a->vms[vm->index].n_threads, running = 0;
    uint64_t current = 0;
    if (where->threads && read_guest(vm, where->current, &current, sizeof(current)) && current >= where->threads &&
        (current - where->threads) / where->stride < n)
        running = (uint32_t)((current - where->threads) / where->stride);
    add_thread(running, t, c ? (c->kind == CRASH_TRAP && c->regs.vector == 14 ? SIGSEGV : SIGABRT) : 0);
    for (uint32_t id = 0; where->threads && id < n && id < BH_THREADS_MAX; id++)
        if (id != running)
            add_waiting(vm, id, where->threads + (uint64_t)id * where->stride);
}

/* ---- Memory ---- */

/* Finds which of `pages` from `at` on (at most LOOK) were ever used, without making any of them present. */
static void find_used(const uint8_t *at, uint64_t pages, unsigned char *used)
{
    if (mincore((void *)at, pages * PAGE, used))
        memset(used, 1, pages);
}

static bool any_used(const uint8_t *host, uint64_t size)
{
    static unsigned char used[LOOK];
    for (uint64_t page = 0; page < size / PAGE; page += LOOK) {
        uint64_t n = size / PAGE - page < LOOK ? size / PAGE - page : LOOK;
        find_used(host + page * PAGE, n, used);
        for (uint64_t i = 0; i < n; i++)
            if (used[i] & 1)
                return true;
    }
    return false;
}

static void add_region(const struct vm *vm, const struct region *r, bool whole)
{
    for (uint32_t b = 0; b < r->count && d.n_loads < LOADS_MAX; b++) {
        const uint8_t *host = vm->memory.host + r->gpa + b * r->size;
        bool sent = whole || r->size < DUMP_LARGE;
        if (r->count > 1 && !any_used(host, r->size))
            continue;
        d.head.loads[d.n_loads + 1] =
            (Elf64_Phdr){.p_type = PT_LOAD,
                         .p_flags = (r->perms & PERM_R ? PF_R : 0u) | (r->perms & PERM_W ? PF_W : 0u) |
                                    (r->perms & PERM_X ? PF_X : 0u),
                         .p_vaddr = r->va + b * r->stride,
                         .p_filesz = sent ? r->size : 0,
                         .p_memsz = r->size,
                         .p_align = PAGE};
        d.from[d.n_loads].host = host;
        d.from[d.n_loads++].size = sent ? r->size : 0;
    }
}

/* Gives everything its place in the file. Returns the file's length. */
static uint64_t lay_out(void)
{
    uint64_t head = sizeof(Elf64_Ehdr) + (d.n_loads + 1) * sizeof(Elf64_Phdr), notes = d.n_notes * sizeof(struct note);
    d.head.elf = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                              .e_type = ET_CORE,
                              .e_machine = EM_X86_64,
                              .e_version = EV_CURRENT,
                              .e_phoff = sizeof(Elf64_Ehdr),
                              .e_ehsize = sizeof(Elf64_Ehdr),
                              .e_phentsize = sizeof(Elf64_Phdr),
                              .e_phnum = (uint16_t)(d.n_loads + 1)};
    d.head.loads[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = head, .p_filesz = notes, .p_align = 4};
    uint64_t at = page_up(head + notes);
    for (uint32_t i = 0; i < d.n_loads; i++) {
        d.head.loads[i + 1].p_offset = at;
        at += d.from[i].size;
    }
    return at;
}

static bool all_zero(const uint8_t *page)
{
    const uint64_t *words = (const uint64_t *)page;
    for (unsigned i = 0; i < PAGE / sizeof(*words); i++)
        if (words[i])
            return false;
    return true;
}

/* Sends the pages of one segment that are not zero, several at once where they are neighbours. */
static void send_load(const struct vm *vm, const uint8_t *host, uint64_t size, uint64_t offset)
{
    static unsigned char used[LOOK];
    for (uint64_t first = 0; first < size / PAGE && !d.failed; first += LOOK) {
        uint64_t n = size / PAGE - first < LOOK ? size / PAGE - first : LOOK, run = 0;
        find_used(host + first * PAGE, n, used);
        for (uint64_t i = 0; i <= n; i++) {
            bool wanted = i < n && (used[i] & 1) && !all_zero(host + (first + i) * PAGE);
            if (wanted && run < DUMP_PIECE_MAX / PAGE) {
                run++;
                continue;
            }
            if (run)
                send_piece(vm, offset + (first + i - run) * PAGE, host + (first + i - run) * PAGE, run * PAGE);
            run = wanted;
        }
    }
}

static void current_registers(const struct vm *vm, struct bh_trap *t)
{
    struct kvm_regs r;
    uint64_t frame[7]; /* of the trap shim at its VMCALL: rdx rcx rbx, then rip cs rflags rsp of ring 3 */
    if (ioctl(vm->vcpu.fd, KVM_GET_REGS, &r))
        return;
    *t = trap_from_kvm(&r);
    if (t->rip >= BH_KERNEL_BASE && t->rip < 2 * BH_KERNEL_BASE && read_guest(vm, t->rsp, frame, sizeof(frame))) {
        t->rdx = frame[0];
        t->rcx = frame[1];
        t->rbx = frame[2];
        t->rip = frame[3];
        t->rflags = frame[5];
        t->rsp = frame[6];
    }
}

void coredump(struct vm *vm, const struct crash *c)
{
    struct bh_trap t = {0};
    if (vm->dump < 0)
        return;
    d.n_loads = d.n_notes = 0;
    d.failed = false;
    if (c && c->kind != CRASH_REPORT)
        t = c->regs;
    else
        current_registers(vm, &t);
    add_threads(vm, c, &t);
    for (uint32_t i = 0; i < vm->memory.n; i++)
        add_region(vm, &vm->memory.list[i], c != NULL);
    uint64_t length = lay_out();
    send_piece(vm, 0, &d.head, sizeof(d.head.elf) + (d.n_loads + 1) * sizeof(Elf64_Phdr));
    send_piece(vm, d.head.loads[0].p_offset, d.notes, d.head.loads[0].p_filesz);
    for (uint32_t i = 0; i < d.n_loads; i++)
        send_load(vm, d.from[i].host, d.from[i].size, d.head.loads[i + 1].p_offset);
    struct dump_piece end = {length, 0};
    send_bytes(vm, &end, sizeof(end));
}

/* Runs on the vCPU's thread, which is in no call of KVM's now, or in one that other calls do not disturb. */
static void on_signal(int signo)
{
    int before = errno;
    if (!dumped->crashed) /* else its core is on its way already */
        coredump(dumped, NULL);
    errno = before;
    (void)signo;
}

void coredump_prepare(struct vm *vm)
{
    dumped = vm;
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    sigaddset(&act.sa_mask, SIGUSR1); /* the supervisor ends the appliance: the core comes first */
    sigaction(SIGUSR2, &act, NULL);
}

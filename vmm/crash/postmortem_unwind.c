/* Unwinds the stack of a guest's thread from a core, with elfutils' libdwfl and the images' own call frame information.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/crash/postmortem_unwind.h"

#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/appliance/address_owner.h"

struct target {
    const struct postmortem *p;
    uint32_t vm;
    const unsigned long long *registers;
    struct frames *out;
};

/* The images hold their debugging information; nothing else is looked for. */
static int no_file(Dwfl_Module *m, void **data, const char *name, Dwarf_Addr base, char **file, Elf **elf)
{
    return -1;
}

static int no_debuginfo(Dwfl_Module *m, void **data, const char *name, Dwarf_Addr base, const char *file,
                        const char *link, GElf_Word crc, char **out)
{
    return -1;
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = no_file, .find_debuginfo = no_debuginfo, .section_address = dwfl_offline_section_address};

static pid_t one_thread(Dwfl *dwfl, void *arg, void **thread)
{
    if (*thread)
        return 0;
    *thread = arg;
    return 1;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr at, Dwarf_Word *result, void *arg)
{
    const struct target *t = arg;
    return coredump_read(&t->p->vms[t->vm].core, at, result, sizeof(*result));
}

/* DWARF's numbers (psABI AMD64, figure 3.36): rax rdx rcx rbx rsi rdi rbp rsp r8 ... r15, return address. */
static bool set_registers(Dwfl_Thread *thread, void *arg)
{
    static const uint8_t from[17] = {10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16};
    const struct target *t = arg;
    Dwarf_Word values[17];
    for (unsigned i = 0; i < 17; i++)
        values[i] = t->registers[from[i]];
    return dwfl_thread_state_registers(thread, 0, 17, values);
}

static int add_frame(Dwfl_Frame *frame, void *arg)
{
    struct frames *f = ((struct target *)arg)->out;
    Dwarf_Addr pc;
    bool activation;
    if (!dwfl_frame_pc(frame, &pc, &activation) || !pc || f->n == sizeof(f->pc) / sizeof(*f->pc))
        return DWARF_CB_ABORT;
    f->pc[f->n] = pc;
    f->call[f->n++] = !activation;
    return DWARF_CB_OK;
}

static bool add_images(Dwfl *dwfl, const struct target *t)
{
    const struct appliance *a = t->p->a;
    dwfl_report_begin(dwfl);
    bool good = dwfl_report_elf(dwfl, "core", t->p->core, -1, 0, false) != NULL;
    for (uint32_t i = 0; i < a->n_compartments; i++)
        if (a->compartments[i].vm == t->vm)
            good = dwfl_report_elf(dwfl, a->compartments[i].name, a->compartments[i].image, -1, 0, false) && good;
    return dwfl_report_end(dwfl, NULL, NULL) == 0 && good;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = one_thread, .memory_read = read_word, .set_initial_registers = set_registers};

/* Appends the frames of a thread with these registers. */
static void append_frames(struct target *t)
{
    Dwfl *dwfl = dwfl_begin(&callbacks);
    if (dwfl && add_images(dwfl, t) && dwfl_attach_state(dwfl, NULL, 1, &thread_callbacks, t))
        dwfl_getthread_frames(dwfl, 1, add_frame, t);
    if (dwfl)
        dwfl_end(dwfl);
}

void postmortem_unwind(const struct postmortem *p, uint32_t v, const unsigned long long *registers, struct frames *f)
{
    struct target t = {.p = p, .vm = v, .registers = registers, .out = f};
    uint64_t back;
    f->n = 0;
    append_frames(&t);
    if (f->n > 1)
        return;
    /* A jump to nowhere, or a routine without such information: where it was called from is on top of the stack. */
    f->n = 1;
    f->pc[0] = registers[16];
    f->call[0] = false;
    if (!coredump_read(&p->vms[v].core, registers[19], &back, sizeof(back)))
        return;
    enum owner_kind kind = address_owner_find(p->a, back).kind;
    if (kind == OWN_IMAGE || kind == OWN_CORE) {
        unsigned long long up[ELF_NGREG];
        memcpy(up, registers, sizeof(up));
        up[16] = back;
        up[19] += sizeof(back);
        t.registers = up;
        append_frames(&t);
        if (f->n > 1)
            f->call[1] = true;
    }
}

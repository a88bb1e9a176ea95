/* The caller's side of a gate call: stubs, and thunks that call back. For generated code.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_MARSHAL_CALLER_H
#define BH_MARSHAL_CALLER_H

#include <bh/handles.h>
#include <bh/marshal_values.h>

enum bh_site_flags {
    BH_SITE_ERROR = 1,    /* has an error= value */
    BH_SITE_CALLBACK = 2, /* a callback: its failure never ends the callee */
};

/* What a report says about the function. */
struct bh_site {
    const char *library, *function;
    uint32_t flags;
    const char *handles; /* what its arguments that are handles are called, or NULL */
    int handle_word;     /* the argument word with the only one of them; -1: several, or it travels in the frame */
};

enum bh_how {
    BH_IN = 1,     /* copied before the call */
    BH_OUT = 2,    /* copied back after it */
    BH_STRING = 4, /* with BH_IN: NUL terminated, size includes the NUL */
    BH_OBJECT = 8, /* crosses member by member, not as bytes: only checked on strict edges */
    BH_MUST_BE_NULL = 16,
    BH_KEEP = 64,   /* the library keeps the address: never copied */
    BH_RESULT = 32, /* no argument: a value that came back, in `sent` */
};

/* A pointer argument, or pointer member of a struct. */
struct bh_argument {
    const char *name;
    void *data;
    size_t size; /* bytes */
    uint32_t how;
    bool shared;                      /* OUT lies in memory that both ends have */
    const struct bh_argument *parent; /* the struct that this pointer was read from, or NULL */
    uint64_t sent;                    /* OUT the address for the callee */
};

/* A call with pointers that is being made. */
struct bh_passage {
    const struct bh_site *site;
    struct bh_outgoing *call;
    struct bh_argument *arguments;
    uint32_t n_arguments;
    enum bh_arena which;
    size_t frame_size; /* bytes of the struct of arguments in the arena; 0: argument words suffice */
    uint64_t pc;
    const struct bh_argument *culprit; /* OUT the argument that was refused */
};

extern _Thread_local struct bh_try *bh_try_current;
static inline uint64_t bh_call_timeout(void)
{
    return bh_try_current ? bh_try_current->timeout : BH_FOREVER;
}

/* Sets every word that goes out, so that none of the caller's stack does. A whole-struct initialiser would not do: gcc
 * makes that a `rep stos`, which costs as much as the rest of a stub. */
static inline void bh_call_clear(struct bh_outgoing *call, uint32_t edge, uint16_t fn, uint32_t parent,
                                 uint64_t timeout)
{
    for (unsigned i = 0; i < BH_GATE_ARGS; i++)
        call->args[i] = 0;
    call->edge = edge;
    call->fn = fn;
    call->n_callbacks = 0;
    call->callbacks = NULL;
    call->parent = parent;
    call->copied = call->passed = 0;
    call->timeout = timeout;
    call->block = NULL;
}
static inline void bh_call_begin(struct bh_outgoing *call, const struct bh_import *import)
{
    bh_call_clear(call, import->edge, (uint16_t)import->fn, 0, bh_call_timeout());
    call->gate = import->gate;
}

/* How many calls that this thread has submitted and not waited for hold a slot or a block of an arena. */
extern _Thread_local uint32_t bh_submitted;

/* The status of a call that failed. Between protection keys it is the callee that wrote call->status: only a status
 * that a callee can know counts. */
enum bh_status bh_gate_status(const struct bh_outgoing *call) __attribute__((cold));

/* Makes a call whose argument words are complete. Blocks. A gate between protection keys restores no register but the
 * stack pointer: the caller saves what it needs, once, and the gate only clears. */
static inline enum bh_status bh_gate_call(struct bh_outgoing *call)
{
    uint64_t gate = call->gate;
#ifdef __linux__ /* hosted tests */
    call->status = ((enum bh_status(*)(struct bh_outgoing *))(uintptr_t)gate)(call);
#else
    struct bh_outgoing *argument = call;
    register uint64_t stack __asm__("rsp"); /* as an operand: no red zone */
    __asm__ volatile("call *%%rax"
                     : "+a"(gate), "+D"(argument), "+r"(stack)
                     :
                     : "rbx", "rcx", "rdx", "rsi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",
                       "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
                       "st(7)", "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7", "memory", "cc");
#endif
    if (call->status == BH_OK)
        return BH_OK;
    /* The compiler keeps the stack aligned for the call above only because it sees this one, which is no tail call. */
    enum bh_status status = bh_gate_status(call);
    __asm__ volatile("" : "+r"(status));
    return status;
}

/* Deals with a call that did not happen: records it for bh_try_end(), or sets errno for an error=
 * value, or ends the appliance with a report. When it returns, the stub returns its error value.
 * `culprit` may be NULL. */
void bh_gate_failed(const struct bh_site *site, const struct bh_outgoing *call, enum bh_status status,
                    const struct bh_argument *culprit, uint64_t pc) __attribute__((cold));

/* Decides how each argument crosses, takes one block of the arena for the frame and all copies,
 * copies what goes in. Blocks. After BH_OK `sent` of each argument is valid. */
enum bh_status bh_pass_begin(struct bh_passage *pass);
/* Puts the first bytes of the frame in its place and its address into argument word 0. */
void bh_pass_frame(struct bh_passage *pass, const void *in, size_t size);
/* Makes the call. Blocks. */
enum bh_status bh_pass_call(struct bh_passage *pass);
/* Does `address`, which the callee gave, name `size` aligned bytes in memory that both ends have? NULL passes, too.
 * A callee must not make its caller read or write private memory, or another compartment's. */
bool bh_pass_lent(const struct bh_passage *pass, uint64_t address, size_t size, size_t align);
static inline bool bh_is_copied(const struct bh_argument *a)
{
    return a->data && !a->shared && a->how & (BH_IN | BH_OUT);
}
/* Copies the first `used` bytes of an argument back to the caller's memory, never more than its
 * size. */
static inline void bh_pass_back(const struct bh_argument *argument, size_t used)
{
    if (bh_is_copied(argument))
        bh_copy(argument->data, bh_address(argument->sent), bh_smaller(used, argument->size));
}
/* Gives the block back, after the results have been read, or before a failure is dealt with. */
static inline void bh_pass_end(struct bh_passage *pass)
{
    if (pass->call->block)
        bh_core()->arena_free(pass->call->edge, pass->which, pass->call->block);
    pass->call->block = NULL;
}
void bh_pass_failed(struct bh_passage *pass, enum bh_status status) __attribute__((cold));
/* The called compartment returned `value` for `result`, which is out of range: the call failed (BH_BAD_RESULT). */
void bh_result_strayed(const struct bh_site *site, const struct bh_outgoing *call, const char *result, uint64_t value,
                       uint64_t pc) __attribute__((cold));
void bh_pass_strayed(struct bh_passage *pass, const char *result, uint64_t value) __attribute__((cold));
/* Bytes of a string with its NUL; 0 for NULL. */
static inline size_t bh_string_size(const char *string)
{
    return string ? strlen(string) + 1 : 0;
}
/* This compartment's own copy of a string in shared memory of BH_STRING_MAX bytes; one per
 * different text, never freed. When there are BH_STRINGS_MAX already: a text that says so. */
const char *bh_intern(const char *shared);

/* Moves a cursor of the caller's struct on by as much as the callee's moved. */
#define bh_advance(pointer, argument, moved)                                                       \
    do {                                                                                           \
        if ((argument)->data)                                                                      \
            (pointer) = (__typeof__(pointer))bh_address((const char *)(argument)->data + (moved)); \
    } while (0)

/* The callbacks that run on this thread, innermost first; each record is in the frame that runs one. */
struct bh_back {
    struct bh_back *outer;
    const struct bh_site *site;
};
extern _Thread_local struct bh_back *bh_backs;
static inline void bh_back_enter(struct bh_back *back, const struct bh_site *site)
{
    *back = (struct bh_back){bh_backs, site};
    bh_backs = back;
}
static inline void bh_back_leave(const struct bh_back *back)
{
    bh_backs = back->outer;
}
/* For longjmp() (rt/setjmp.S): ends the compartment with a report. */
void bh_back_left(void) __attribute__((noreturn, cold));

/* A callback in the caller, as its dispatch gets it: on the stack of the stub, never sent. */
struct bh_closure {
    uintptr_t function;
    uintptr_t context; /* what the callback gets as [context], whatever the callee sends */
};

#endif

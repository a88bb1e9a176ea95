/* What generated stubs and dispatch entries are made of: checked crossing of arguments, at both ends of a gate.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Generated code only; applications include <bh/bulkhead.h>. Names of functions that a caller's
 * stub uses begin with bh_pass_, those of the callee's dispatch with bh_visit_. Nothing here is
 * thread-safe: threads of a VM are cooperative. Whatever lies in memory that the peer can write is
 * read exactly once, and the copy is used. */
#ifndef BH_MARSHAL_H
#define BH_MARSHAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#include "rpc/handles.h"

#define BH_ALIGN         64u      /* of each argument in the arena */
#define BH_STRING_IN_MAX 0x10000u /* bytes of a string that goes in, with its NUL */
#define BH_STRING_MAX    1024u    /* bytes of a string that comes back, with its NUL; longer ones are cut */
#define BH_STRINGS_MAX   256u     /* different strings that may have come back to one compartment */
#define BH_ERRNO_WORD    (BH_REPLY_WORDS - 1)
#define BH_BAD_SIZE      SIZE_MAX /* a negative or overflowing size */

/* ---- Values ---------------------------------------------------------------------------------- */

/* One read, whatever else the compiler would like to do. */
#define bh_fetch(lvalue)    (*(const volatile __typeof__(lvalue) *)&(lvalue))
#define bh_address(pointer) ((void *)(uintptr_t)(pointer))
/* Must be expanded in the stub itself: the place in the source that called it. */
#define BH_CALLED_FROM          ((uint64_t)(uintptr_t)__builtin_return_address(0) - 1)
#define BH_MEMBER(type, member) (((type *)NULL)->member)

static inline uint64_t bh_word_integer(uint64_t value)
{
    return value;
}
static inline uint64_t bh_word_double(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof(word));
    return word;
}
static inline uint64_t bh_word_float(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof(word));
    return word;
}
static inline double bh_double_of(uint64_t word)
{
    double value;
    memcpy(&value, &word, sizeof(value));
    return value;
}
static inline float bh_float_of(uint64_t word)
{
    uint32_t low = (uint32_t)word;
    float value;
    memcpy(&value, &low, sizeof(value));
    return value;
}
/* Any scalar that is no pointer, as an argument word and back; integers keep their sign. */
#define bh_word(x) _Generic((x), float : bh_word_float, double : bh_word_double, default : bh_word_integer)(x)
#define bh_value(type, word) \
    ((type) _Generic((type)0, float : bh_float_of, double : bh_double_of, default : bh_word_integer)(word))
#define bh_word_pointer(p)           ((uint64_t)(uintptr_t)(p))
#define bh_value_pointer(type, word) ((type)(uintptr_t)(word))

/* What a function with `errno` returns where no isolation stands between (in rax and rdx). */
struct bh_direct {
    uint64_t value;
    int error;
};

/* Compile-time checks of what an interface file claims about the header's types. */
#define BH_IS_NUMBER(x) \
    (__builtin_classify_type(x) >= 1 && __builtin_classify_type(x) <= 8 && __builtin_classify_type(x) != 5)
#define BH_CHECK_SCALAR(type)                                        \
    _Static_assert(BH_IS_NUMBER(*(type *)NULL) && sizeof(type) <= 8, \
                   "interface file: " #type " is no number; a pointer needs an attribute and * or a typedef")
#define BH_CHECK_MEMBER(type, member)                                                             \
    _Static_assert(BH_IS_NUMBER(BH_MEMBER(type, member)) && sizeof(BH_MEMBER(type, member)) <= 8, \
                   "interface file: member " #member " is no number; say what it points to, or array")

/* Sizes. Negative or overflowing ones become BH_BAD_SIZE, which no memory satisfies. */
static inline size_t bh_length_signed(int64_t value)
{
    return value < 0 ? BH_BAD_SIZE : (size_t)value;
}
static inline size_t bh_length_unsigned(uint64_t value)
{
    return value;
}
#define bh_length(x)                       \
    _Generic((x), signed char              \
             : bh_length_signed, char      \
             : bh_length_signed, short     \
             : bh_length_signed, int       \
             : bh_length_signed, long      \
             : bh_length_signed, long long \
             : bh_length_signed, default   \
             : bh_length_unsigned)(x)
static inline size_t bh_product(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? BH_BAD_SIZE : product;
}
/* How much of a buffer a value says was used: nothing if negative. */
static inline size_t bh_used(size_t length)
{
    return length == BH_BAD_SIZE ? 0 : length;
}
static inline size_t bh_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Moves lines that the other end will touch next out of this core's own caches, to where that end
 * finds them sooner (Intel SDM vol. 2A, CLDEMOTE: a hint, and a NOP on processors without it).
 * Worth it for small data only. */
#define BH_PUSH_MAX 256u
static inline void bh_push(const void *data, size_t size)
{
    const char *line = (const char *)((uintptr_t)data & ~(uintptr_t)63);
    for (; line < (const char *)data + size; line += 64)
        __asm__ volatile(".byte 0x0f, 0x1c, 0x00" : : "a"(line) : "memory"); /* cldemote (%rax) */
}

/* memcpy() for what crosses: `rep movs`, which the C library uses, takes longer to begin than a small copy takes. */
#define BH_COPY_SMALL 512u
typedef uint64_t bh_copied __attribute__((vector_size(16), may_alias, aligned(1)));
static inline void bh_copy(void *to, const void *from, size_t size)
{
    if (size < sizeof(bh_copied) || size > BH_COPY_SMALL) {
        memcpy(to, from, size);
        return;
    }
    const char *source = from, *last = source + size - sizeof(bh_copied);
    char *target = to, *last_target = target + size - sizeof(bh_copied);
    for (; source < last; source += sizeof(bh_copied), target += sizeof(bh_copied))
        *(bh_copied *)target = *(const bh_copied *)source;
    *(bh_copied *)last_target = *(const bh_copied *)last; /* the rest, and some of what was copied once more */
}

/* Copies out of memory that the peer can write; the compiler cannot go back to the source
 * afterwards. */
static inline void bh_copy_in(void *private, const void *shared, size_t size)
{
    bh_copy(private, shared, size);
    __asm__ volatile("" : : "r"(private), "r"(shared) : "memory");
}

/* ---- Caller's side: stubs, and thunks that call back ----------------------------------------- */

enum bh_site_flags {
    BH_SITE_ERROR = 1,    /* has an error= value */
    BH_SITE_CALLBACK = 2, /* a callback: its failure never ends the callee */
};

/* What a report says about the function. */
struct bh_site {
    const char *library, *function;
    uint32_t flags;
};

enum bh_how {
    BH_IN = 1,     /* copied before the call */
    BH_OUT = 2,    /* copied back after it */
    BH_STRING = 4, /* with BH_IN: NUL terminated, size includes the NUL */
    BH_OBJECT = 8, /* crosses member by member, not as bytes: only checked on strict edges */
    BH_MUST_BE_NULL = 16,
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

/* A call with pointers, on its way. */
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

/* Sets all that goes out, so that no word of the caller's stack does. Not a whole-struct
 * initialiser: gcc makes that a `rep stos`, which costs as much as the rest of a stub. */
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

/* How many calls that this thread has submitted and not waited for hold a line or a block of an arena. */
extern _Thread_local uint32_t bh_submitted;

/* What became of a call that failed. Between protection keys the callee's own word is in call->status: it may say only
 * what a callee can. */
enum bh_status bh_gate_status(const struct bh_outgoing *call) __attribute__((cold));

/* A call whose argument words are complete. Gates between protection keys give no register back but the stack pointer:
 * who makes the call saves what it needs, once, and the gate only clears. */
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
    /* A call the compiler sees, and not the last thing: only so does it keep the stack aligned for the other one. */
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
/* Is `address`, which the callee gave, that of `size` aligned bytes in memory that both ends have? NULL is right, too.
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
/* Gives the block back: after the results have been read, or after a failure, which is then dealt
 * with. */
static inline void bh_pass_end(struct bh_passage *pass)
{
    if (pass->call->block)
        bh_core()->arena_free(pass->call->edge, pass->which, pass->call->block);
    pass->call->block = NULL;
}
void bh_pass_failed(struct bh_passage *pass, enum bh_status status) __attribute__((cold));
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

/* A callback in the caller, as its dispatch gets it: on the stack of the stub, never sent. */
struct bh_closure {
    uintptr_t function;
    uintptr_t context; /* what the callback gets as [context], whatever the callee sends */
};

/* ---- Caller's side: calls in two halves -------------------------------------------------------- */

/* What a struct bh_call is; generated code puts what it needs itself behind it. */
struct bh_async {
    struct bh_outgoing call;
    enum bh_status status;      /* of a call that is no longer under way */
    bool under_way, counted;    /* in `submitted` */
    bool made_here;             /* by a plain call: only `ret` and errno are left */
    struct bh_passage *passage; /* NULL: argument words suffice */
    uint64_t pc;
    uint32_t *submitted; /* counter of the thread */
};
_Static_assert(sizeof(struct bh_async) == 192 && sizeof(struct bh_passage) == 56 && sizeof(struct bh_argument) == 48,
               "gen_async.py");

enum bh_async_how {
    BH_ASYNC_LATER,   /* send it, the reply is collected later */
    BH_ASYNC_AT_ONCE, /* it has callbacks: they run on this thread, now */
};

/* The first half, arguments complete. Returns what bh_gate_submit() returns. */
enum bh_status bh_async_send_passage(struct bh_async *async, struct bh_passage *passage, enum bh_async_how how);
enum bh_status bh_async_send(struct bh_async *async, enum bh_async_how how, uint64_t pc);
/* The first half ends early: nothing was sent. */
enum bh_status bh_async_failed(struct bh_async *async, struct bh_passage *passage, enum bh_status status);
/* The first half was a plain call. */
static inline enum bh_status bh_async_made_here(struct bh_async *async)
{
    async->status = BH_OK;
    async->under_way = async->counted = false;
    async->made_here = true;
    async->passage = NULL;
    return BH_OK;
}
/* The second half: the results are in async->call. Blocks. */
enum bh_status bh_async_wait(struct bh_async *async);
/* Deals with a call that did not happen, as bh_pass_failed() does. */
void bh_async_end(struct bh_async *async, const struct bh_site *site, enum bh_status status) __attribute__((cold));

/* ---- Callee's side: dispatch entries, and callbacks in the caller ---------------------------- */

struct bh_private; /* a private copy, freed at the end of the call */

/* A handle in use by this call; lives in the dispatch entry. */
struct bh_held {
    struct bh_held *next;
    const struct bh_handle_type *type;
    void *object; /* library's object, or the struct's twin; NULL: no handle */
    uint64_t number;
    bool made; /* a new one, not yet kept */
    bool drop; /* to be freed at the end */
};

/* Entries of a pool of C functions that stand for callbacks of the caller. */
#define BH_THUNKS 32u
struct bh_thunk {
    struct bh_thunk *next;
    bool busy;
    uint16_t number; /* of the callback in its call */
    uint32_t edge;
    uint32_t parent; /* slot of the call that it belongs to */
};
static inline void bh_callback_begin(struct bh_outgoing *call, const struct bh_thunk *thunk)
{
    bh_call_clear(call, thunk->edge, thunk->number, thunk->parent, BH_FOREVER);
}

/* One call in the callee. The first failed check sets `status`; the checks after it return NULL. */
struct bh_visit {
    enum bh_status status;
    enum bh_arena which;
    const struct bh_incoming *call;
    const struct bh_boot_edge *edge;
    struct bh_private *privates;
    struct bh_held *held;
    struct bh_thunk *thunks;
    const char *small; /* small buffers and the frame: what the caller will read first */
    size_t small_size;
};

void bh_visit_begin(struct bh_visit *visit, const struct bh_incoming *call, enum bh_arena which);
/* The frame at `address`; its first `in_size` bytes are copied to `in`, or zeroed on failure. */
void *bh_visit_frame(struct bh_visit *visit, uint64_t address, size_t size, void *in, size_t in_size);
/* A bulk buffer by reference: NULL for 0, otherwise checked to lie in memory that both ends have. */
void *bh_visit_buffer(struct bh_visit *visit, uint64_t address, size_t size, size_t align);
/* A private copy of one, with the current contents; `back`: written back at the end. */
void *bh_visit_snapshot(struct bh_visit *visit, uint64_t address, size_t size, size_t align, bool back);
/* A private copy of a string; in `small` if it fits. */
char *bh_visit_string(struct bh_visit *visit, uint64_t address, char *small, size_t small_size);
/* The object of a handle (NULL for 0), which stays until the end. A twin, and a handle that is to
 * be freed, must not be in use by another call: `exclusive`. */
void *bh_visit_handle(struct bh_visit *visit, struct bh_held *held, const struct bh_handle_type *type, uint64_t number,
                      bool exclusive);
/* Room for a new handle; for a twin, the zeroed twin itself. */
void *bh_visit_reserve(struct bh_visit *visit, struct bh_held *held, const struct bh_handle_type *type);
/* The new handle was really made: its number. */
uint64_t bh_visit_keep(struct bh_held *held, void *object);
/* A free thunk of a pool of BH_THUNKS, for callback `word` - 1: its index; -1 if `word` is 0 (NULL)
 * or on failure. */
int bh_visit_thunk(struct bh_visit *visit, struct bh_thunk *pool, uint64_t word);
/* How far a cursor moved; 0 if it left its buffer. */
static inline uint64_t bh_visit_moved(const void *now, const void *start, size_t size)
{
    size_t moved = (uintptr_t)now - (uintptr_t)start;
    return moved <= size ? moved : 0;
}
/* Puts a string of the callee into the frame, cut at BH_STRING_MAX; 1, or 0 for NULL. */
uint64_t bh_visit_text(char *shared, const char *string);
/* Writes snapshots back, releases handles, frees everything. */
enum bh_status bh_visit_end(struct bh_visit *visit);

/* ---- Both ------------------------------------------------------------------------------------ */

/* Boot information of an edge; NULL: this VM has no end of it. */
extern const struct bh_boot_edge *bh_known_edges[BH_EDGES_MAX]; /* those that were asked for already */
const struct bh_boot_edge *bh_find_edge(uint32_t edge);
static inline const struct bh_boot_edge *bh_edge_of(uint32_t edge)
{
    return edge < BH_EDGES_MAX && bh_known_edges[edge] ? bh_known_edges[edge] : bh_find_edge(edge);
}
/* Bytes from `address` to the end of the memory that both ends of the edge have there; 0: none.
 * `arenas`: bit set of 1 << enum bh_arena that count too. */
size_t bh_edge_room(const struct bh_boot_edge *edge, uint32_t arenas, uint64_t address);

extern const struct bh_export bh_exports[];
extern const uint64_t bh_n_exports;

#endif

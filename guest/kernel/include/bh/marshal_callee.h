/* The callee's side of a gate call: dispatch entries, and callbacks in the caller. For generated code.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_MARSHAL_CALLEE_H
#define BH_MARSHAL_CALLEE_H

#include <bh/callers.h>
#include <bh/handles.h>
#include <bh/marshal_caller.h>

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

/* Entries of a pool of C functions that stand for callbacks of the caller. Each edge has BH_THUNKS of them for itself,
 * so that one caller cannot take those of the others. */
#define BH_THUNKS 32u
struct bh_thunk {
    struct bh_thunk *next;
    bool busy;
    uint16_t number; /* of the callback in its call */
    uint32_t edge;
    uint32_t parent; /* slot of the call that it belongs to */
};
/* A callback that the library kept is called when its call is over: says so on the console, once for each type. */
void bh_callback_late(const struct bh_site *site, bool *told) __attribute__((cold));
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
/* The library made the object: the number of its handle; 0 for NULL. */
uint64_t bh_visit_keep(struct bh_held *held, void *object);
/* A free thunk of a pool, for callback `word` - 1: its index; -1 if `word` is 0 (NULL) or on failure. The pool has
 * `callers` times BH_THUNKS; owners[i] is the edge, + 1, that has the i-th BH_THUNKS, or 0. */
int bh_visit_thunk(struct bh_visit *visit, struct bh_thunk *pool, uint32_t *owners, uint32_t callers, uint64_t word);
/* How far a cursor moved; 0 if it left its buffer. */
static inline uint64_t bh_visit_moved(const void *now, const void *start, size_t size)
{
    size_t moved = (uintptr_t)now - (uintptr_t)start;
    return moved <= size ? moved : 0;
}
/* Puts a string of the callee into the frame, cut at BH_STRING_MAX bytes. Returns 1, or 0 for NULL. */
uint64_t bh_visit_text(char *shared, const char *string);
/* Ends the call: writes snapshots back, releases handles, frees everything. Returns the status for the caller. */
enum bh_status bh_visit_end(struct bh_visit *visit);

#endif

/* Values, sizes and copies at both ends of a gate, and the memory that both ends of an edge have. For generated code.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_MARSHAL_VALUES_H
#define BH_MARSHAL_VALUES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bh/bulkhead.h>
#include <bh/core.h>

#define BH_ALIGN         64u      /* of each argument in the arena */
#define BH_STRING_IN_MAX 0x10000u /* bytes of a string that goes in, with its NUL */
#define BH_STRING_MAX    1024u    /* bytes of a string that comes back, with its NUL; longer ones are cut */
#define BH_STRINGS_MAX   256u     /* different strings that may have come back to one compartment */
#define BH_ERRNO_WORD    (BH_REPLY_WORDS - 1)
#define BH_BAD_SIZE      SIZE_MAX /* a negative or overflowing size */

/* Reads an lvalue exactly once, whatever the compiler would like to do. */
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
#define BH_IS_INTEGER(x) (BH_IS_NUMBER(x) && __builtin_classify_type(x) != 8)
#define BH_IS_POINTER(x) (__builtin_classify_type(x) == 5)
#define BH_IS_WORD(x)    (BH_IS_NUMBER(x) && sizeof(x) <= 8)

/* Ends of a range, whatever the signs of value and end. */
__extension__ typedef __int128 bh_wide;
#define bh_at_least(value, low) ((bh_wide)(value) >= (bh_wide)(low))
#define bh_at_most(value, high) ((bh_wide)(value) <= (bh_wide)(high))

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

/* Moves cache lines that the other end will touch next out of this processor's own caches, to where that end finds them
 * sooner (Intel SDM vol. 2A, CLDEMOTE: a hint, and a NOP on processors without it). It pays for small data only. */
#define BH_PUSH_MAX 256u
static inline void bh_push(const void *data, size_t size)
{
    const char *line = (const char *)((uintptr_t)data & ~(uintptr_t)63);
    for (; line < (const char *)data + size; line += 64)
        __asm__ volatile(".byte 0x0f, 0x1c, 0x00" : : "a"(line) : "memory"); /* cldemote (%rax) */
}

/* memcpy() for data that crosses a gate: the C library's `rep movs` takes longer to begin than a small copy takes. */
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

/* Copies out of memory that the peer can write; the compiler cannot read the source again afterwards. */
static inline void bh_copy_in(void *private, const void *shared, size_t size)
{
    bh_copy(private, shared, size);
    __asm__ volatile("" : : "r"(private), "r"(shared) : "memory");
}

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

#endif

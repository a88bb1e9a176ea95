/* Conformance: callbacks, nested in every way.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "check.h"
#include "conform.h"
#include "relay.h"

static int visit_scaled(void *context, int value)
{
    return value * *(int *)context;
}

static int visit_and_call(void *context, int value)
{
    return conform_quick(value) + (int)conform_zero() + *(int *)context;
}

static int down(int depth)
{
    return conform_recurse(down, depth);
}

static int ten_times(int depth)
{
    return depth * 10;
}

static int twice(int value)
{
    return 2 * value;
}

static int calls_again(int value)
{
    return conform_quick(value);
}

static int visits_again(void *context, int value)
{
    return conform_each(visit_scaled, context, value);
}

static unsigned char pumped[3000];
static size_t pumped_size;

static long source(void *buffer, size_t size)
{
    fill(buffer, size, 77);
    return (long)size;
}

static long sink(const void *buffer, size_t size)
{
    pumped_size = size;
    for (size_t i = 0; i < size && i < sizeof(pumped); i++)
        pumped[i] = ((const unsigned char *)buffer)[i];
    return (long)size + 1;
}

/* A callback whose gate fails gives the library 0, and a report that is not fatal. */
static void buffers(enum memory memory)
{
    long size = expected(memory, 3000) == BH_OK ? 3000 : 0;
    CHECK(conform_pump(source, sink, 3000, memory) == size + 1 && pumped_size == (size_t)size &&
              filled(pumped, pumped_size, 77),
          "callback.buffers.%s", memory_names[memory]);
}

static int failing(int depth)
{
    errno = depth;
    return -1;
}

void check_callbacks(void)
{
    int factor = 3; /* private: the library only hands the pointer through */
    CHECK(conform_each(visit_scaled, &factor, 10) == 135, "callback.context");
    CHECK(conform_each(visit_scaled, &factor, 0) == 0, "callback.never called");
    CHECK(conform_each(visit_and_call, &factor, 4) == 6 + 4 + 4 * 45, "callback.that calls the library");
    CHECK(conform_each(visits_again, &factor, 5) == 3 * (0 + 0 + 1 + 3 + 6), "callback.that calls with a callback");
    CHECK(conform_two(ten_times, twice) == 1004, "callback.two");
    CHECK(conform_two(twice, NULL) == 200, "callback.one missing");
    CHECK(conform_two(failing, failing) == -101, "callback.negative");
    CHECK(relay_each(twice, 4) == 12, "callback.from a nested call");
    CHECK(relay_each(calls_again, 4) == 10, "callback.from a nested call, that calls");
    for (int depth = 1; depth <= 20; depth += 19)
        CHECK(conform_recurse(down, depth) == depth, "callback.recursion %d", depth);
    for (enum memory memory = PRIVATE; memory <= SHARED; memory++)
        buffers(memory);
    CHECK(conform_pump(source, sink, 0, PRIVATE) == 1 && pumped_size == 0, "callback.empty buffers");
}

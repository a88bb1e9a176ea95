/* The conformance suite: calls a library that has one function for each property of gates, and checks the core.
 * Prints one line for each check; exit status: how many failed. Arguments: groups to run, by default
 * all; `flood BYTES` and `echo` test the streams instead.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bh/core.h>

#include "check.h"

int failures;
const char *const memory_names[] = {"private", "shared"};

void check_at(const char *file, int line, const char *what, bool good, const char *name, ...)
{
    va_list args;
    va_start(args, name);
    printf(good ? "ok " : "FAIL ");
    vprintf(name, args);
    va_end(args);
    if (good)
        puts("");
    else
        printf(": %s, %s:%d\n", what, file, line);
    failures += !good;
}

const struct bh_boot_edge *edge_to(const char *name)
{
    const struct bh_boot_edge *edge = (const void *)((const char *)bh_boot() + bh_boot()->edges_off);
    for (uint32_t i = 0; i < bh_boot()->n_edges; i++, edge++)
        if (edge->from == bh_gates.compartment && !strcmp(edge->peer, name))
            return edge;
    bh_panic("there is no edge to %s", name);
}

bool isolated(void)
{
    return !one_vm() || (edge_to("conform")->flags & BH_EDGE_KEYED);
}

bool one_vm(void)
{
    return (edge_to("conform")->flags & BH_EDGE_LOCAL) == BH_EDGE_LOCAL;
}

enum bh_status expected(enum memory memory, size_t bytes)
{
    const struct bh_boot_edge *edge = edge_to("conform");
    bool shared = memory == SHARED && edge->strategy != BH_DATA_COPY;
    if (!isolated() || bytes == 0 || shared)
        return BH_OK;
    if (edge->strategy == BH_DATA_STRICT)
        return BH_UNANNOTATED;
    return bytes > edge->arena_size ? BH_TOO_BIG : BH_OK;
}

unsigned char *get(enum memory memory, size_t bytes)
{
    unsigned char *block = memory == SHARED ? bh_malloc_shared(bytes) : malloc(bytes ? bytes : 1);
    if (!block)
        bh_panic("no %s memory for %zu bytes", memory_names[memory], bytes);
    return block;
}

void put(enum memory memory, void *block)
{
    if (memory == SHARED)
        bh_free_shared(block);
    else
        free(block);
}

void fill(void *data, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)data)[i] = (unsigned char)(seed + 7 * i);
}

bool filled(const void *data, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++)
        if (((const unsigned char *)data)[i] != (unsigned char)(seed + 7 * i))
            return false;
    return true;
}

uint64_t sum(const void *data, size_t bytes)
{
    uint64_t result = bytes;
    for (size_t i = 0; i < bytes; i++)
        result = result * 31 + ((const unsigned char *)data)[i];
    return result;
}

struct member {
    void (*entry)(unsigned);
    unsigned number;
    struct bh_sem *done;
};

static void run_member(void *member_)
{
    struct member *member = member_;
    member->entry(member->number);
    bh_sem_post(member->done);
}

bool in_threads(unsigned n, void (*entry)(unsigned number))
{
    struct bh_sem done = {0};
    struct member members[n];
    unsigned started = 0;
    for (; started < n; started++) {
        members[started] = (struct member){entry, started, &done};
        if (bh_thread_create(NULL, run_member, &members[started]))
            break;
    }
    for (unsigned i = 0; i < started; i++)
        bh_sem_wait(&done, BH_FOREVER);
    return started == n;
}

/* Byte i is (i * 31 + i / 251) % 256, in pieces of growing size. */
static int flood(size_t bytes)
{
    static unsigned char piece[40000];
    size_t done = 0;
    for (size_t size = 1; done < bytes; size = size * 3 % sizeof(piece) + 1) {
        size_t n = size < bytes - done ? size : bytes - done;
        for (size_t i = 0; i < n; i++)
            piece[i] = (unsigned char)((done + i) * 31 + (done + i) / 251);
        for (size_t sent = 0; sent < n;) {
            ssize_t w = write(STDOUT_FILENO, piece + sent, n - sent);
            if (w <= 0)
                return fprintf(stderr, "flood: write failed\n"), 1;
            sent += (size_t)w;
        }
        done += n;
    }
    return 0;
}

static int echo(void)
{
    static char buffer[5000];
    ssize_t n;
    while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
        if (fwrite(buffer, 1, (size_t)n, stdout) != (size_t)n)
            return 1;
    return n < 0 || fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "flood"))
        return flood(strtoul(argv[2], NULL, 10));
    if (argc > 1 && !strcmp(argv[1], "echo"))
        return echo();
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {{"data", check_data},           {"structs", check_structs}, {"handles", check_handles},
                  {"callbacks", check_callbacks}, {"threads", check_threads}, {"timeouts", check_timeouts},
                  {"async", check_async},         {"core", check_core}};
    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
        bool wanted = argc < 2;
        for (int arg = 1; arg < argc; arg++)
            wanted |= !strcmp(argv[arg], groups[i].name);
        if (wanted)
            groups[i].run();
    }
    printf("%d failed\n", failures);
    return failures < 125 ? failures : 125;
}

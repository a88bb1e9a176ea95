/* What the cache of the host's files promises, with a file that the test changes behind its back.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest/libs/vfs/host/host.h"

enum { SECOND = 1000000000, SIZE = 8 << 20 };

extern int64_t vfs_now; /* vfs_sys.c */

static char file[SIZE]; /* of the host */
static struct fuse_attr attr;
static unsigned reads, questions;
static struct host_node *changing; /* this file system writes to it while it reads */
static struct host_node n = {.vfs = {.type = S_IFREG}};

ssize_t host_read(struct vfs_node *vn, void *handle, void *buffer, size_t size, uint64_t offset)
{
    (void)vn, (void)handle;
    reads++;
    size = size < HOST_DATA ? size : HOST_DATA;
    if (offset >= attr.size)
        return 0;
    size = size < attr.size - offset ? size : (size_t)(attr.size - offset);
    memcpy(buffer, file + offset, size);
    if (changing) {
        host_cache_begin(changing);
        host_cache_end(changing);
    }
    return (ssize_t)size;
}

static int stat_node(struct vfs_node *vn, void *handle, struct vfs_stat *st)
{
    struct host_asked asked = host_cache_ask();
    (void)handle, (void)st;
    questions++;
    host_cache_seen(host_of(vn), &attr, &asked);
    return 0;
}

const struct vfs_ops host_ops = {.stat = stat_node};

/* Somebody on the host writes one byte. */
static void write_outside(uint64_t at, char byte)
{
    file[at] = byte;
    attr.size = at >= attr.size ? at + 1 : attr.size;
    attr.mtime = attr.ctime = (uint64_t)(vfs_now / SECOND);
    attr.mtimensec = attr.ctimensec = (uint32_t)(vfs_now % SECOND);
}

static int read_byte(uint64_t at)
{
    unsigned char byte;
    ssize_t got = host_cache_read(&n, NULL, &byte, 1, at);
    return got == 1 ? byte : (int)got - 1000;
}

static void start_over(uint64_t size)
{
    host_cache_forget(&n);
    n = (struct host_node){.vfs = {.type = S_IFREG, .ops = &host_ops}};
    memset(file, 'a', sizeof(file));
    attr = (struct fuse_attr){.size = size};
    vfs_now += 5ll * SECOND;
    write_outside(0, 'a');
    vfs_now += SECOND;
    changing = NULL;
    reads = questions = 0;
}

static void test_d4_what_was_read_is_not_asked_again(void)
{
    char part[4096];
    start_over(1 << 19);
    for (int i = 0; i < 128; i++)
        CHECK(host_cache_read(&n, NULL, part, sizeof(part), (uint64_t)i * sizeof(part)) == sizeof(part));
    CHECK(questions == 1 && reads == (1 << 19) / HOST_DATA);
    for (int i = 0; i < 1000; i++)
        CHECK(read_byte((uint64_t)rand() % (1 << 19)) == 'a');
    CHECK(questions == 1 && reads == (1 << 19) / HOST_DATA);
}

static void test_d4_another_change_is_seen_after_the_time(void)
{
    start_over(100000);
    CHECK(read_byte(5) == 'a');
    write_outside(5, 'b');
    vfs_now += HOST_HOLD;
    CHECK(read_byte(5) == 'b' && questions == 2);
    vfs_now += HOST_HOLD;
    write_outside(100000, 'c'); /* it grows */
    CHECK(read_byte(100000) == 'c');
    vfs_now += SECOND;
    CHECK(read_byte(7) == 'a' && read_byte(5) == 'b');
    unsigned before = reads;
    vfs_now += SECOND;
    CHECK(read_byte(5) == 'b' && reads == before); /* nothing has changed: only the question */
    attr.size = 3;
    vfs_now += HOST_HOLD;
    CHECK(read_byte(5) == -1000 && read_byte(2) == 'a');
}

static void test_d4_a_lock_makes_changes_visible(void)
{
    start_over(100000);
    CHECK(read_byte(5) == 'a');
    write_outside(5, 'b');
    host_cache_doubt(&n);
    CHECK(read_byte(5) == 'b');
}

/* Two changes within one tick of the host's clock have the same time. */
static void test_d4_a_change_that_no_time_shows(void)
{
    start_over(100000);
    write_outside(5, 'b');
    struct fuse_attr first = attr;
    CHECK(read_byte(5) == 'b');
    write_outside(5, 'c');
    attr = first;
    vfs_now += HOST_HOLD;
    CHECK(read_byte(5) == 'c');
}

static void test_d4_own_changes_are_seen_at_once(void)
{
    start_over(100000);
    CHECK(read_byte(5) == 'a');
    host_cache_begin(&n);
    file[5] = 'b';
    CHECK(read_byte(5) == 'b'); /* while it is under way: old or new, but nothing is kept */
    file[5] = 'c';
    host_cache_end(&n);
    CHECK(read_byte(5) == 'c');
    /* What came with a read during which the file changed is not kept either. */
    changing = &n;
    CHECK(read_byte(70000) == 'a');
    changing = NULL;
    file[70000] = 'd';
    CHECK(read_byte(70000) == 'd');
}

static void test_d4_contents_are_the_files(void)
{
    static char part[HOST_DATA];
    start_over(SIZE - 777); /* several times what is kept here */
    for (size_t i = 0; i < SIZE; i++)
        file[i] = (char)(i * 2654435761u >> 13);
    for (int i = 0; i < 20000; i++) {
        uint64_t at = (uint64_t)rand() % SIZE;
        size_t size = (size_t)rand() % (i % 10 ? 5000 : HOST_DATA) + 1;
        size_t left = at < attr.size ? attr.size - at : 0;
        CHECK(host_cache_read(&n, NULL, part, size, at) == (ssize_t)(size < left ? size : left));
        CHECK(memcmp(part, file + at, size < left ? size : left) == 0);
    }
    CHECK(vfs_shrink() && !n.cache.blocks && !vfs_shrink());
}

int main(void)
{
    RUN(test_d4_what_was_read_is_not_asked_again);
    RUN(test_d4_another_change_is_seen_after_the_time);
    RUN(test_d4_a_lock_makes_changes_visible);
    RUN(test_d4_a_change_that_no_time_shows);
    RUN(test_d4_own_changes_are_seen_at_once);
    RUN(test_d4_contents_are_the_files);
    return CHECK_RESULT();
}

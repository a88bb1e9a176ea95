/* Reading directories.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../fd/file.h"

enum { ROOM = 8192 }; /* entries that one call brings */

struct posix_directory {
    int fd;
    uint64_t cookie; /* of the last entry returned */
    uint64_t ahead;  /* where the next call continues: after the last one of `entries` */
    size_t used, at; /* bytes of `entries`; which of them comes next */
    struct dirent entry;
    _Alignas(8) char entries[ROOM];
};

DIR *fdopendir(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return NULL;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    DIR *d = calloc(1, sizeof(*d));
    if (d)
        d->fd = fd;
    return d;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d)
        close(fd);
    return d;
}

int closedir(DIR *d)
{
    int r = close(d->fd);
    free(d);
    return r;
}

/* Gets more entries from the file system. False: there are none, or errno has the error. */
static bool read_more(DIR *d)
{
    struct px_file *f = px_get(d->fd);
    vfs_file_t dir = f ? px_handle(f) : NULL;
    ssize_t r = dir ? vfs_list(dir, d->entries, ROOM, &d->ahead) : -EBADF;
    if (f)
        px_put(f);
    d->at = 0;
    d->used = r > 0 && r <= ROOM ? (size_t)r : 0;
    if (r < 0)
        px_result(r);
    return d->used > 0;
}

struct dirent *readdir(DIR *d)
{
    const struct vfs_entry *e;
    if (d->at >= d->used && !read_more(d))
        return NULL;
    /* Another compartment wrote this. */
    size_t left = d->used - d->at;
    e = (const void *)(d->entries + d->at);
    if (left < sizeof(*e) || e->bytes > left || e->bytes % 8 || sizeof(*e) + e->length + 1 > e->bytes) {
        errno = EIO;
        return NULL;
    }
    d->at += e->bytes;
    d->cookie = e->cookie;
    d->entry =
        (struct dirent){.d_ino = e->inode, .d_off = (off_t)e->cookie, .d_reclen = sizeof(d->entry), .d_type = e->type};
    memcpy(d->entry.d_name, e->name, e->length);
    return &d->entry;
}

int readdir_r(DIR *restrict d, struct dirent *restrict entry, struct dirent **restrict result)
{
    struct dirent *got = readdir(d);
    if (got)
        *entry = *got;
    *result = got ? entry : NULL;
    return 0;
}

void rewinddir(DIR *d)
{
    seekdir(d, 0);
}

long telldir(DIR *d)
{
    return (long)d->cookie;
}

void seekdir(DIR *d, long place)
{
    d->cookie = d->ahead = (uint64_t)place;
    d->used = d->at = 0;
}

int dirfd(DIR *d)
{
    return d->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int scandir(const char *path, struct dirent ***list, int (*wanted)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **))
{
    struct dirent **found = NULL, *e;
    size_t n = 0;
    DIR *d = opendir(path);
    if (!d)
        return -1;
    while ((e = readdir(d))) {
        if (wanted && !wanted(e))
            continue;
        struct dirent **grown = realloc(found, (n + 1) * sizeof(*found));
        struct dirent *copy = grown ? malloc(sizeof(*copy)) : NULL;
        found = grown ? grown : found;
        if (!copy) {
            while (n)
                free(found[--n]);
            free(found);
            closedir(d);
            errno = ENOMEM;
            return -1;
        }
        *copy = *e;
        found[n++] = copy;
    }
    closedir(d);
    if (order && n)
        qsort(found, n, sizeof(*found), (int (*)(const void *, const void *))order);
    *list = found;
    return (int)n;
}

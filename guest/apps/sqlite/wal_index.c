/* The index of a write-ahead log, in memory: SQLite's unix VFS keeps it in a shared mapping of the file "-shm", which
 * there is none of here (docs/sqlite.md).
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * So one process may have a database in WAL mode: this one, as long as it has byte 128 of "-shm" locked. SQLite calls
 * it the dead man's switch. Every process that has the index holds a shared lock on it, and cannot open a database
 * while somebody has an exclusive one. Connections of this process share the index. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite3.h"

enum { SWITCH = 128 }; /* UNIX_SHM_DMS of sqlite3.c */

struct wal_index {
    struct wal_index *next;
    unsigned users;
    int fd;                        /* of "-shm": has the lock */
    int holders[SQLITE_SHM_NLOCK]; /* of each lock: -1: one, alone; otherwise how many share it */
    int n_regions;
    void **regions;
    char path[];
};

/* What an open database has beside SQLite's own structure; its methods are the unix VFS's, but for those below. */
struct connection {
    sqlite3_io_methods methods;
    const sqlite3_io_methods *unix_methods;
    const char *name;
    struct wal_index *index;    /* NULL: none so far, or the unix VFS's own */
    bool foreign;               /* the unix VFS's own: "-shm" cannot be written to */
    uint32_t shared, exclusive; /* locks, as bits */
};

static struct wal_index *indices;
static sqlite3_vfs *unix_vfs, own_vfs;

static struct connection *connection_of(sqlite3_file *file)
{
    return (struct connection *)((char *)file->pMethods - offsetof(struct connection, methods));
}

static sqlite3_mutex *lock_all(void)
{
    sqlite3_mutex *m = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS3);
    sqlite3_mutex_enter(m);
    return m;
}

/* ---- The index of a database ---- */

static void free_index(struct wal_index *x)
{
    struct wal_index **link = &indices;
    while (*link != x)
        link = &(*link)->next;
    *link = x->next;
    for (int i = 0; i < x->n_regions; i++)
        sqlite3_free(x->regions[i]);
    sqlite3_free(x->regions);
    close(x->fd);
    sqlite3_free(x);
}

/* Takes the lock that keeps other processes out. */
static int take_switch(int fd)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SWITCH, .l_len = 1};
    if (fcntl(fd, F_SETLK, &l) == 0)
        return SQLITE_OK;
    /* After a bare SQLITE_BUSY SQLite would try a hundred times, and then complain about the protocol. */
    return errno == EAGAIN || errno == EACCES ? SQLITE_BUSY_RECOVERY : SQLITE_IOERR_SHMLOCK;
}

static int make_index(struct connection *c, const char *path)
{
    struct stat st;
    mode_t mode = stat(c->name, &st) == 0 ? st.st_mode & 0777 : 0644;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) {
        c->foreign = true; /* on a read-only mount SQLite builds an index for each transaction, or says what is wrong */
        return SQLITE_OK;
    }
    int r = take_switch(fd);
    struct wal_index *x = r ? NULL : sqlite3_malloc64(sizeof(*x) + strlen(path) + 1);
    if (!x) {
        close(fd);
        return r ? r : SQLITE_NOMEM;
    }
    *x = (struct wal_index){.next = indices, .fd = fd};
    strcpy(x->path, path);
    indices = x;
    c->index = x;
    return SQLITE_OK;
}

static int attach_index(struct connection *c)
{
    char *path = sqlite3_mprintf("%s-shm", c->name);
    int r = path ? SQLITE_OK : SQLITE_NOMEM;
    for (struct wal_index *x = indices; !r && x; x = x->next)
        if (strcmp(x->path, path) == 0)
            c->index = x;
    if (!r && !c->index)
        r = make_index(c, path);
    if (c->index)
        c->index->users++;
    sqlite3_free(path);
    return r;
}

static int add_regions(struct wal_index *x, int n, int size)
{
    void **regions = sqlite3_realloc64(x->regions, (sqlite3_uint64)n * sizeof(*regions));
    if (!regions)
        return SQLITE_IOERR_NOMEM;
    x->regions = regions;
    for (; x->n_regions < n; x->n_regions++) {
        void *region = sqlite3_malloc(size);
        if (!region)
            return SQLITE_IOERR_NOMEM;
        x->regions[x->n_regions] = memset(region, 0, (size_t)size);
    }
    return SQLITE_OK;
}

/* ---- Methods of an open database ---- */

static int map_region(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    struct connection *c = connection_of(file);
    sqlite3_mutex *m = lock_all();
    int r = c->index || c->foreign ? SQLITE_OK : attach_index(c);
    *out = NULL;
    if (!r && c->index) {
        r = region < c->index->n_regions ? SQLITE_OK : add_regions(c->index, region + 1, size);
        *out = r ? NULL : c->index->regions[region];
    }
    sqlite3_mutex_leave(m);
    return !r && c->foreign ? c->unix_methods->xShmMap(file, region, size, extend, out) : r;
}

static int change_locks(struct connection *c, int first, int n, int flags)
{
    uint32_t mask = (1u << (first + n)) - (1u << first);
    int *holders = c->index->holders;
    if (flags & SQLITE_SHM_UNLOCK) {
        for (int i = first; i < first + n; i++) {
            holders[i] -= c->shared >> i & 1;
            holders[i] = c->exclusive >> i & 1 ? 0 : holders[i];
        }
        c->shared &= ~mask;
        c->exclusive &= ~mask;
        return SQLITE_OK;
    }
    bool alone = flags & SQLITE_SHM_EXCLUSIVE;
    if (!alone && c->shared & mask)
        return SQLITE_OK;
    for (int i = first; i < first + n; i++)
        if (alone ? holders[i] != 0 : holders[i] < 0)
            return SQLITE_BUSY;
    for (int i = first; i < first + n; i++)
        holders[i] = alone ? -1 : holders[i] + 1;
    *(alone ? &c->exclusive : &c->shared) |= mask;
    return SQLITE_OK;
}

static int lock_regions(sqlite3_file *file, int first, int n, int flags)
{
    struct connection *c = connection_of(file);
    if (c->foreign)
        return c->unix_methods->xShmLock(file, first, n, flags);
    if (!c->index)
        return SQLITE_IOERR_SHMLOCK;
    sqlite3_mutex *m = lock_all();
    int r = change_locks(c, first, n, flags);
    sqlite3_mutex_leave(m);
    return r;
}

static void order_accesses(sqlite3_file *file)
{
    struct connection *c = connection_of(file);
    if (c->foreign)
        c->unix_methods->xShmBarrier(file);
    else
        sqlite3_mutex_leave(lock_all());
}

static int unmap_regions(sqlite3_file *file, int remove)
{
    struct connection *c = connection_of(file);
    if (c->foreign) {
        c->foreign = false;
        return c->unix_methods->xShmUnmap(file, remove);
    }
    sqlite3_mutex *m = lock_all();
    struct wal_index *x = c->index;
    if (x) {
        change_locks(c, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_UNLOCK);
        c->index = NULL;
        if (--x->users == 0) {
            if (remove)
                unlink(x->path);
            free_index(x);
        }
    }
    sqlite3_mutex_leave(m);
    return SQLITE_OK;
}

static int close_file(sqlite3_file *file)
{
    struct connection *c = connection_of(file);
    unmap_regions(file, 0);
    file->pMethods = c->unix_methods;
    int r = c->unix_methods->xClose(file);
    sqlite3_free(c);
    return r;
}

/* ---- The VFS ---- */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    int r = unix_vfs->xOpen(unix_vfs, name, file, flags, out_flags);
    if (r || !(flags & SQLITE_OPEN_MAIN_DB) || file->pMethods->iVersion < 2 || !file->pMethods->xShmMap)
        return r;
    struct connection *c = sqlite3_malloc(sizeof(*c));
    if (!c) {
        file->pMethods->xClose(file);
        return SQLITE_NOMEM;
    }
    *c = (struct connection){.methods = *file->pMethods, .unix_methods = file->pMethods, .name = name};
    c->methods.xClose = close_file;
    c->methods.xShmMap = map_region;
    c->methods.xShmLock = lock_regions;
    c->methods.xShmBarrier = order_accesses;
    c->methods.xShmUnmap = unmap_regions;
    file->pMethods = &c->methods;
    return SQLITE_OK;
}

int wal_index_start(const char *unused);

/* SQLITE_EXTRA_INIT: the end of sqlite3_initialize(). */
int wal_index_start(const char *unused)
{
    (void)unused;
    if (unix_vfs)
        return SQLITE_OK;
    unix_vfs = sqlite3_vfs_find(NULL);
    own_vfs = *unix_vfs;
    own_vfs.pNext = NULL;
    own_vfs.zName = "unix-memory-index";
    own_vfs.xOpen = open_file;
    return sqlite3_vfs_register(&own_vfs, 1);
}

/* Locks on files: fcntl(), lockf(), flock().
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * The application is one process, so its own threads never wait for each other with fcntl(); other clients of the file
 * system, and the host where it has the file, do. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "../fd/file.h"

/* Converts the range of *l to one from the start of the file. -EINVAL, -EOVERFLOW. */
static int lock_range(struct px_file *f, const struct flock *l, struct vfs_lock *to)
{
    off_t from = 0, size = l->l_len;
    if (l->l_whence == SEEK_CUR || l->l_whence == SEEK_END) {
        struct stat st = {0};
        from = l->l_whence == SEEK_CUR ? f->ops->seek(f, 0, SEEK_CUR) : f->ops->stat(f, &st);
        if (from < 0)
            return (int)from;
        from = l->l_whence == SEEK_CUR ? from : st.st_size;
    } else if (l->l_whence != SEEK_SET) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(from, l->l_start, &from))
        return -EOVERFLOW;
    if (size < 0) {
        from += size;
        size = -size;
    }
    if (from < 0)
        return -EINVAL;
    to->first = (uint64_t)from;
    to->last = size ? (uint64_t)from + (uint64_t)size - 1 : UINT64_MAX;
    return size && to->last > INT64_MAX ? -EOVERFLOW : 0;
}

/* No other client sees the lock, and locks of one process do not conflict with each other. */
static int lock_alone(const struct px_file *f, int command, struct flock *l)
{
    int mode = f->flags & O_ACCMODE;
    if (l->l_type != F_RDLCK && l->l_type != F_WRLCK && l->l_type != F_UNLCK)
        return -EINVAL;
    if (command == F_GETLK)
        l->l_type = F_UNLCK;
    else if ((l->l_type == F_RDLCK && mode == O_WRONLY) || (l->l_type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    return 0;
}

static int set_lock(struct px_file *f, int command, struct flock *l)
{
    struct vfs_lock wanted = {.type = (uint32_t)(unsigned short)l->l_type};
    int r = lock_range(f, l, &wanted);
    if (r)
        return r;
    if (px_file_is(f) & VFS_ALONE)
        return lock_alone(f, command, l);
    if (command != F_GETLK) {
        r = vfs_lock(px_handle(f), &wanted, command == F_SETLKW);
        if (wanted.type != F_UNLCK)
            px_invalidate(); /* what others changed under their lock has to be seen */
        return r;
    }
    r = vfs_lock_test(px_handle(f), &wanted);
    if (r)
        return r;
    l->l_type = (short)wanted.type;
    if (wanted.type != F_UNLCK) {
        l->l_whence = SEEK_SET;
        l->l_start = (off_t)wanted.first;
        l->l_len = wanted.last == UINT64_MAX ? 0 : (off_t)(wanted.last - wanted.first + 1);
        l->l_pid = -1; /* no process that this one could know */
    }
    return 0;
}

int px_fcntl_lock(int fd, int command, struct flock *l)
{
    struct px_file *f = px_get(fd);
    int r = !f ? -EBADF : !px_is_file(f) ? -EINVAL : set_lock(f, command, l);
    if (f)
        px_put(f);
    return (int)px_result(r);
}

int flock(int fd, int operation)
{
    static const uint32_t types[] = {[LOCK_SH] = F_RDLCK, [LOCK_EX] = F_WRLCK, [LOCK_UN] = F_UNLCK};
    int what = operation & ~LOCK_NB;
    struct px_file *f = px_get(fd);
    int r = !f ? -EBADF : -EINVAL;
    if (f && px_is_file(f) && (what == LOCK_SH || what == LOCK_EX || what == LOCK_UN)) {
        px_dir_cache_refuse(f); /* closing it has to drop the lock */
        r = vfs_flock(px_handle(f), types[what], !(operation & LOCK_NB));
        if (what != LOCK_UN && !(px_file_is(f) & VFS_ALONE))
            px_invalidate(); /* as in set_lock() */
    }
    if (f)
        px_put(f);
    return (int)px_result(r);
}

int lockf(int fd, int command, off_t size)
{
    struct flock l = {.l_type = command == F_ULOCK ? F_UNLCK : F_WRLCK, .l_whence = SEEK_CUR, .l_len = size};
    if (command == F_LOCK || command == F_TLOCK || command == F_ULOCK)
        return px_fcntl_lock(fd, command == F_LOCK ? F_SETLKW : F_SETLK, &l);
    int r = command == F_TEST ? px_fcntl_lock(fd, F_GETLK, &l) : (int)px_result(-EINVAL);
    return r || l.l_type == F_UNLCK ? r : (int)px_result(-EACCES);
}

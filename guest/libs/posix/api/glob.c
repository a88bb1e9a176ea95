/* Names that match a pattern, and names that do not exist yet.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vfs/vfs.h>

static int add_path(glob_t *g, const char *path)
{
    char **grown = realloc(g->gl_pathv, (size_t)(g->gl_offs + g->gl_pathc + 2) * sizeof(*grown));
    char *copy = grown ? strdup(path) : NULL;
    g->gl_pathv = grown ? grown : g->gl_pathv;
    if (!copy)
        return GLOB_NOSPACE;
    for (int i = 0; i < g->gl_offs; i++)
        grown[i] = NULL;
    grown[g->gl_offs + g->gl_pathc++] = copy;
    grown[g->gl_offs + g->gl_pathc] = NULL;
    return 0;
}

static int found_path(glob_t *g, const char *path, int flags)
{
    char marked[VFS_PATH_MAX + 1];
    struct stat st;
    if (stat(path, &st) != 0)
        return 0;
    snprintf(marked, sizeof(marked), "%s%s", path, flags & GLOB_MARK && S_ISDIR(st.st_mode) ? "/" : "");
    return add_path(g, marked);
}

/* Matches `pattern`, one name after the other, below `path` (which ends with a slash or is empty). */
static int walk_pattern(glob_t *g, const char *path, const char *pattern, int flags)
{
    char next[VFS_PATH_MAX], part[VFS_NAME_MAX + 1];
    size_t length = strcspn(pattern, "/"), slashes = strspn(pattern + length, "/");
    const char *rest = pattern + length + slashes;
    if (length > VFS_NAME_MAX)
        return 0;
    snprintf(part, sizeof(part), "%.*s", (int)length, pattern);
    if (!strpbrk(part, "*?[\\")) {
        if (snprintf(next, sizeof(next), "%s%s%s", path, part, slashes ? "/" : "") >= (int)sizeof(next))
            return 0;
        return *rest ? walk_pattern(g, next, rest, flags) : found_path(g, next, flags);
    }
    DIR *d = opendir(*path ? path : ".");
    int r = 0;
    for (struct dirent *e; d && !r && (e = readdir(d));) {
        if (fnmatch(part, e->d_name, FNM_PERIOD) != 0)
            continue;
        if (snprintf(next, sizeof(next), "%s%s%s", path, e->d_name, slashes ? "/" : "") >= (int)sizeof(next))
            continue;
        r = *rest ? walk_pattern(g, next, rest, flags) : found_path(g, next, flags);
    }
    if (d)
        closedir(d);
    return r;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int glob(const char *restrict pattern, int flags, int (*error)(const char *, int), glob_t *restrict g)
{
    (void)error; /* no directory is unreadable */
    if (!(flags & GLOB_APPEND)) {
        int offset = flags & GLOB_DOOFFS ? g->gl_offs : 0;
        *g = (glob_t){.gl_offs = offset};
    }
    int before = g->gl_pathc;
    g->gl_flags = flags;
    int r = walk_pattern(g, *pattern == '/' ? "/" : "", pattern + strspn(pattern, "/"), flags);
    if (r)
        return r;
    if (g->gl_pathc == before)
        return flags & GLOB_NOCHECK ? add_path(g, pattern) : GLOB_NOMATCH;
    if (!(flags & GLOB_NOSORT))
        qsort(g->gl_pathv + g->gl_offs + before, (size_t)(g->gl_pathc - before), sizeof(char *), compare_paths);
    return 0;
}

void globfree(glob_t *g)
{
    for (int i = 0; i < g->gl_pathc; i++)
        free(g->gl_pathv[g->gl_offs + i]);
    free(g->gl_pathv);
    *g = (glob_t){0};
}

/* ---- Temporary files ---- */

static bool fill_template(char *template, int suffix, char **place)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t length = strlen(template);
    unsigned char random[6];
    if (suffix < 0 || length < 6 + (size_t)suffix)
        return false;
    *place = template + length - 6 - suffix;
    if (getentropy(random, sizeof(random)) != 0)
        return false;
    for (int i = 0; i < 6; i++)
        (*place)[i] = letters[random[i] % (sizeof(letters) - 1)];
    return true;
}

int mkostemps(char *template, int suffix, int flags)
{
    size_t length = strlen(template);
    char *place;
    if (suffix < 0 || length < 6 + (size_t)suffix || strncmp(template + length - 6 - suffix, "XXXXXX", 6) != 0) {
        errno = EINVAL;
        return -1;
    }
    for (int tries = 0; tries < 100 && fill_template(template, suffix, &place); tries++) {
        int fd = open(template, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

int mkostemp(char *template, int flags)
{
    return mkostemps(template, 0, flags);
}

int mkstemps(char *template, int suffix)
{
    return mkostemps(template, suffix, 0);
}

int mkstemp(char *template)
{
    return mkostemps(template, 0, 0);
}

char *mkdtemp(char *template)
{
    char *place;
    for (int tries = 0; tries < 100 && fill_template(template, 0, &place); tries++) {
        if (mkdir(template, 0700) == 0)
            return template;
        if (errno != EEXIST)
            return NULL;
    }
    return NULL;
}

/* Names with a '/' behind them, and modes of access().
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static int kind_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? (int)((st.st_mode & S_IFMT) >> 12) : -1;
}

void show_slashes(void)
{
    static const char *const paths[] = {"file/", "dir/", "to_file/", "to_dir/", "dangling/", "none/"};
    char text[64];
    mkdir("dir", 0755);
    close(open("file", O_WRONLY | O_CREAT, 0644));
    symlink("file", "to_file");
    symlink("dir", "to_dir");
    symlink("nowhere", "dangling");
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        set_case("%s", paths[i]);
        SHOW(kind_of(paths[i]));
        SHOW(unlink(paths[i]));
        SHOW(rename(paths[i], "renamed"));
        SHOW(rename("renamed", paths[i]));
        SHOW(rename("file", paths[i]));
        SHOW(readlink(paths[i], text, sizeof(text)));
        SHOW(open(paths[i], O_RDONLY | O_NOFOLLOW) >= 0);
    }
    set_case("%s", "");
    SHOW(rmdir("to_dir/"));
    SHOW(rmdir("to_file/"));
    SHOW(rename("dir", "to_dir/"));
    SHOW(access("file", 64));
    SHOW(access("none", 64));
    SHOW(access("file", R_OK | W_OK));
    SHOW(access("file", X_OK));
    SHOW(rmdir("dir/"));
    SHOW(unlink("file") + unlink("to_file") + unlink("to_dir") + unlink("dangling"));
}

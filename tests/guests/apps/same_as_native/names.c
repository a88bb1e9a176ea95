/* Names of files: made up, matched, taken apart.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fnmatch.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "same_as_native.h"

static void show_temporary(void)
{
    char name[] = "nameXXXXXX", again[] = "nameXXXXXX", wrong[] = "nameXXXXX", dir[] = "dirXXXXXX",
         in[] = "none/XXXXXX";
    struct stat st;
    int fd = mkstemp(name);
    show("mkstemp", "%d, %d letters, starts %.4s", fd >= 0, (int)strlen(name), name);
    SHOW((fstat(fd, &st), st.st_mode & 07777));
    close(fd);
    fd = mkstemp(again);
    SHOW(strcmp(name, again) != 0);
    SHOW(strchr(again, 'X') == NULL || strcmp(again + 4, "XXXXXX") != 0);
    close(fd);
    SHOW(mkstemp(wrong));
    SHOW(mkstemp(in));
    SHOW(mkdtemp(dir) != NULL);
    SHOW((stat(dir, &st), st.st_mode & 07777));
    SHOW(unlink(name) + unlink(again) + rmdir(dir));
}

static void show_long(void)
{
    char name[300];
    static const int lengths[] = {1, 255, 256};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        memset(name, 'n', sizeof(name));
        name[lengths[i]] = 0;
        set_case("name of %d bytes", lengths[i]);
        SHOW(mkdir(name, 0755));
        SHOW(access(name, F_OK));
        SHOW(rename(name, "short"));
        SHOW(symlink("x", name));
        SHOW(unlink(name));
        SHOW(rmdir("short"));
    }
    set_case("path of PATH_MAX bytes");
    static char path[PATH_MAX + 10];
    for (size_t i = 0; i < PATH_MAX; i += 2)
        memcpy(path + i, "./", 2);
    SHOW(access(path, F_OK));
    SHOW(chdir(path));
    set_case("path of two bytes less");
    path[PATH_MAX - 2] = 0;
    SHOW(access(path, F_OK));
    set_case("%s", "");
}

static void show_glob(void)
{
    static const char *const patterns[] = {"*",   "a*",  "?b",   "[a-b]?", "[!a]*",  "none*", "none",
                                           "d/*", "*/x", "\\a?", ".*",     "a{a,b}", "",      "*/"};
    mkdir("d", 0755);
    put_file("d/x", "");
    put_file("aa", "");
    put_file("ab", "");
    put_file("bb", "");
    put_file(".hidden", "");
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        glob_t found = {0};
        char text[200] = "";
        int r = glob(patterns[i], 0, NULL, &found);
        for (size_t j = 0; r == 0 && j < found.gl_pathc; j++) {
            strcat(text, " ");
            strcat(text, found.gl_pathv[j]);
        }
        set_case("glob \"%s\"", patterns[i]);
        show("result", "%s%s", r == 0 ? "found" : r == GLOB_NOMATCH ? "no match" : "error", text);
        globfree(&found);
    }
    glob_t found = {.gl_offs = 2};
    SHOW(glob("a*", GLOB_DOOFFS | GLOB_MARK, NULL, &found));
    SHOW(glob("d", GLOB_DOOFFS | GLOB_MARK | GLOB_APPEND, NULL, &found));
    show("appended", "%d: %s %s", (int)found.gl_pathc, found.gl_pathv[2], found.gl_pathv[4]);
    globfree(&found);
    SHOW(glob("none", GLOB_NOCHECK, NULL, &found));
    show("not checked", "%d: %s", (int)found.gl_pathc, found.gl_pathv[0]);
    globfree(&found);
    set_case("%s", "");
    unlink("d/x");
    rmdir("d");
    SHOW(unlink("aa") + unlink("ab") + unlink("bb") + unlink(".hidden"));
}

static void show_matching(void)
{
    static const struct {
        const char *pattern, *text;
        int flags;
    } cases[] = {
        {"*.c", "a.c", 0},
        {"*.c", ".c", 0},
        {"*.c", ".c", FNM_PERIOD},
        {"a/*", "a/b/c", 0},
        {"a/*", "a/b/c", FNM_PATHNAME},
        {"[[:digit:]]x", "5x", 0},
        {"[^a]", "b", 0},
        {"\\*", "*", 0},
        {"\\*", "\\x", FNM_NOESCAPE},
        {"a[", "a[", 0},
        {"[]]", "]", 0},
        {"ABC", "abc", FNM_CASEFOLD},
        {"*a*b*c", "xxaxxbxxc", 0},
        {"", "", 0},
        {"?", "", 0},
        {"[a-", "[a-", 0},
        {"a", "a/b", FNM_LEADING_DIR},
        {"[z-a]", "b", 0},
        {"*", "", 0},
        {"[a\\-c]", "b", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        set_case("fnmatch \"%s\" \"%s\" %d", cases[i].pattern, cases[i].text, (int)i);
        show("result", "%s", fnmatch(cases[i].pattern, cases[i].text, cases[i].flags) == 0 ? "match" : "none");
    }
    set_case("%s", "");
}

static void show_parts(void)
{
    static const char *const paths[] = {"/usr/lib", "/usr/", "usr", "/", ".", "..", "", "//", "a//b//", "a/b"};
    char copy[32];
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        set_case("\"%s\"", paths[i]);
        strcpy(copy, paths[i]);
        show("dirname", "%s", dirname(copy));
        strcpy(copy, paths[i]);
        show("basename", "%s", basename(copy));
    }
    set_case("%s", "");
}

void show_names(void)
{
    show_temporary();
    show_long();
    show_glob();
    show_matching();
    show_parts();
}

/* Where streams begin, and where they are after writing, if the file is opened for appending.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "appending.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void show_place(const char *what, FILE *f)
{
    printf("%s: at %ld\n", what, ftell(f));
}

static void show_mode(const char *mode)
{
    FILE *f = fopen("text", mode);
    printf("fopen %s\n", mode);
    show_place("opened", f);
    if (mode[1] == '+') {
        printf("read %d\n", fgetc(f));
        fseek(f, 0, SEEK_CUR);
        show_place("read", f);
    }
    fputs("more", f);
    show_place("written", f);
    rewind(f);
    fputs("!", f);
    printf("closed %d\n", fclose(f));
}

static void show_descriptor(const char *mode, long at)
{
    int fd = open("text", O_RDWR);
    lseek(fd, at, SEEK_SET);
    FILE *f = fdopen(fd, mode);
    printf("fdopen %s at %ld, appends %d\n", mode, at, (fcntl(fd, F_GETFL) & O_APPEND) != 0);
    show_place("opened", f);
    if (mode[1] == '+')
        printf("read %d\n", fgetc(f));
    fclose(f);
}

void show_appending(void)
{
    char text[64] = "";
    FILE *f = fopen("text", "w");
    fputs("hello", f);
    fclose(f);
    show_mode("a+");
    show_mode("a");
    show_mode("a+");
    show_descriptor("a+", 0);
    show_descriptor("a+", 3);
    show_descriptor("a", 3);
    show_descriptor("r+", 3);
    f = fopen("text", "r");
    size_t got = fread(text, 1, sizeof(text) - 1, f);
    printf("%zu bytes: %s\n", got, text);
    fclose(f);
    f = fopen("new", "a+");
    show_place("a new file", f);
    fclose(f);
    printf("no descriptor: %d\n", fdopen(-1, "a") == NULL);
    unlink("text"), unlink("new");
}

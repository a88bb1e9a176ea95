/* Streams: positions, ends, errors, buffers.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "same_as_native.h"

static void show_position(const char *name, FILE *f)
{
    show(name, "at %ld, end %d, error %d", ftell(f), feof(f) != 0, ferror(f) != 0);
}

static void show_reading(void)
{
    char line[16];
    put_file("f", "first\nsecond line\n\nlast");
    FILE *f = fopen("f", "r");
    SHOW_TEXT(fgets(line, 4, f));
    SHOW(getc(f));
    show("next", "%d", getc(f));
    SHOW(getc(f) == '\n');
    show_position("after a line", f);
    SHOW(ungetc('X', f));
    show_position("after ungetc", f);
    SHOW(ungetc(EOF, f));
    SHOW(getc(f) == 'X');
    SHOW(fseek(f, -4, SEEK_END));
    SHOW(fread(line, 1, 10, f));
    show_position("after a short fread", f);
    SHOW(getc(f) == EOF);
    clearerr(f);
    show_position("after clearerr", f);
    SHOW(fseek(f, 0, SEEK_SET));
    SHOW(fread(line, 4, 2, f));
    SHOW(fread(line, 0, 2, f));
    SHOW(fread(line, 4, 0, f));
    show_position("after items", f);
    SHOW(fread(line, 10, 2, f));
    show_position("after a part of an item", f);
    SHOW(fseek(f, -100, SEEK_CUR));
    SHOW(fseek(f, 3, 99));
    SHOW(fseek(f, 100, SEEK_SET));
    show_position("beyond the end", f);
    SHOW(getc(f));
    show_position("read beyond the end", f);
    rewind(f);
    show_position("rewound", f);
    SHOW(putc('x', f));
    show_position("after putc to a reader", f);
    SHOW(fgets(line, 1, f) != NULL);
    SHOW(strlen(line));
    SHOW(fclose(f));
}

static void show_lines(void)
{
    char *line = NULL;
    size_t size = 0;
    FILE *f = fopen("f", "r");
    SHOW(getline(&line, &size, f));
    SHOW_TEXT(strtok(line, "\n"));
    SHOW(getdelim(&line, &size, ' ', f));
    show("getdelim", "%s", line);
    SHOW(getline(&line, &size, f));
    show("empty line", "%d", (int)getline(&line, &size, f));
    SHOW_AS("size without a newline", getline(&line, &size, f));
    show("without a newline", "%s", line);
    show("getline at the end", "%d", (int)getline(&line, &size, f));
    show_position("end of lines", f);
    free(line);
    fclose(f);
}

static void show_updating(void)
{
    char buf[32] = "";
    put_file("f", "0123456789");
    FILE *f = fopen("f", "r+");
    SHOW(fread(buf, 1, 3, f));
    SHOW(fseek(f, 0, SEEK_CUR));
    SHOW(fputs("AB", f) >= 0);
    show_position("after writing", f);
    SHOW(fflush(f));
    SHOW_TEXT(text_of("f"));
    SHOW(getc(f));
    SHOW(fseek(f, -1, SEEK_END));
    SHOW(fputc('Z', f));
    show("before fflush", "%s", text_of("f"));
    SHOW(fputc('Y', f));
    fclose(f);
    show("after fclose", "%s", text_of("f"));
    f = fopen("f", "a+");
    SHOW(fputs("end", f) >= 0);
    show_position("appended", f);
    SHOW(fseek(f, 2, SEEK_SET));
    SHOW(getc(f) == '2');
    SHOW(fseek(f, 0, SEEK_SET));
    SHOW(fputs("!", f) >= 0);
    fclose(f);
    show("appended twice", "%s", text_of("f"));
    f = fopen("f", "w+");
    SHOW(fprintf(f, "%d %s", 42, "text"));
    rewind(f);
    SHOW(fgetc(f));
    fclose(f);
    f = fopen("f", "w");
    SHOW(fgetc(f));
    show_position("after reading a writer", f);
    SHOW(fclose(f));
}

static void show_descriptors_below(void)
{
    char buf[8] = "";
    put_file("f", "0123456789");
    FILE *f = fopen("f", "r");
    SHOW(getc(f));
    SHOW(fflush(f));
    show("descriptor after fflush", "%lld", (long long)lseek(fileno(f), 0, SEEK_CUR));
    SHOW(getc(f) == '1');
    fclose(f);
    int fd = open("f", O_RDWR);
    SHOW(lseek(fd, 4, SEEK_SET));
    f = fdopen(fd, "r+");
    show_position("fdopen in the middle", f);
    SHOW(getc(f) == '4');
    SHOW(fclose(f));
    SHOW(fcntl(fd, F_GETFD));
    fd = open("f", O_RDONLY);
    SHOW(fdopen(fd, "q") != NULL);
    SHOW(fdopen(99, "r") != NULL);
    show("fdopen of nothing", "%s", error_name(last_error));
    f = fdopen(fd, "r");
    SHOW(setvbuf(f, NULL, _IONBF, 0));
    SHOW(getc(f) == '0');
    show("descriptor without a buffer", "%lld", (long long)lseek(fd, 0, SEEK_CUR));
    close(fd);
    SHOW(getc(f));
    show_position("the descriptor is closed", f);
    SHOW(fclose(f));
    f = fopen("f", "w");
    SHOW(setvbuf(f, NULL, _IOLBF, 100));
    fputs("line\npart", f);
    show("line by line", "%s", text_of("f"));
    fclose(f);
    f = fopen("f", "r");
    f = freopen("g", "w", f);
    SHOW(fputs("reopened", f) >= 0);
    fclose(f);
    show("reopened", "%s", text_of("g"));
    f = tmpfile();
    SHOW(fputs("temporary", f) >= 0);
    rewind(f);
    SHOW(fread(buf, 1, 4, f));
    SHOW_TEXT(buf);
    SHOW(fclose(f));
}

static void show_memory_streams(void)
{
    char buf[8] = "abcdefg";
    FILE *f = fmemopen(buf, sizeof(buf), "r");
    SHOW(fgetc(f));
    SHOW(fseek(f, 0, SEEK_END));
    show_position("end of memory", f);
    fclose(f);
    f = fmemopen(buf, sizeof(buf), "w");
    SHOW(fprintf(f, "xy"));
    SHOW(fflush(f));
    show("memory", "%s", buf);
    SHOW(fprintf(f, "0123456789") > 0);
    show("flush of too much", "%d", fflush(f));
    fclose(f);
}

static void show_big_positions(void)
{
    FILE *f = fopen("f", "w+");
    SHOW(fseeko(f, 5000000000, SEEK_SET));
    SHOW(ftello(f));
    SHOW(fputc('x', f));
    SHOW(fflush(f));
    show("end of a big file", "%lld", (long long)ftello(f));
    fpos_t place;
    SHOW(fseeko(f, -1, SEEK_END));
    SHOW(fgetpos(f, &place));
    SHOW(getc(f));
    SHOW(fsetpos(f, &place));
    show("back at a place", "%lld", (long long)ftello(f));
    fclose(f);
}

void show_streams(void)
{
    show_reading();
    show_lines();
    show_updating();
    show_descriptors_below();
    show_memory_streams();
    show_big_positions();
    unlink("f");
    unlink("g");
}

/* Prints observations, and names errors.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "same_as_native.h"

int last_error;
static char case_name[128];

void set_case(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(case_name, sizeof(case_name), format, args);
    va_end(args);
}

/* How often a name came before, for the first 512 of a part. */
static int count_before(const char *name)
{
    static char names[512][120];
    static int counts[512], used;
    for (int i = 0; i < used; i++)
        if (strcmp(names[i], name) == 0)
            return ++counts[i];
    if (used < (int)COUNT_OF(names) && strlen(name) < sizeof(names[0]))
        strcpy(names[used++], name);
    return 0;
}

static void print_name(const char *name)
{
    char full[400];
    snprintf(full, sizeof(full), "%s%s%s", case_name, *case_name ? ", " : "", name);
    int before = count_before(full);
    printf(before ? "%s #%d: " : "%s: ", full, before + 1);
}

void show(const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_name(name);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void show_result(const char *call, long long result, int error)
{
    print_name(call);
    if (result == -1)
        printf("-1 %s\n", error_name(error));
    else
        printf("%lld\n", result);
}

void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

const char *text_of(const char *path)
{
    static char text[256];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return error_name(errno);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    for (char *at = text; at < text + n; at++)
        if ((unsigned char)*at < ' ')
            *at = *at ? '/' : '0'; /* a line stays a line */
    return text;
}

#define NAMED(error)  \
    {                 \
        error, #error \
    }

const char *error_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {0, "0"},
        {ENOTSUP, "EOPNOTSUPP"}, /* one number on Linux */
        NAMED(E2BIG),
        NAMED(EACCES),
        NAMED(EADDRINUSE),
        NAMED(EADDRNOTAVAIL),
        NAMED(EAFNOSUPPORT),
        NAMED(EAGAIN),
        NAMED(EALREADY),
        NAMED(EBADF),
        NAMED(EBUSY),
        NAMED(ECANCELED),
        NAMED(ECHILD),
        NAMED(ECONNABORTED),
        NAMED(ECONNREFUSED),
        NAMED(ECONNRESET),
        NAMED(EDEADLK),
        NAMED(EDESTADDRREQ),
        NAMED(EDOM),
        NAMED(EEXIST),
        NAMED(EFAULT),
        NAMED(EFBIG),
        NAMED(EHOSTUNREACH),
        NAMED(EILSEQ),
        NAMED(EINPROGRESS),
        NAMED(EINTR),
        NAMED(EINVAL),
        NAMED(EIO),
        NAMED(EISCONN),
        NAMED(EISDIR),
        NAMED(ELOOP),
        NAMED(EMFILE),
        NAMED(EMLINK),
        NAMED(EMSGSIZE),
        NAMED(ENAMETOOLONG),
        NAMED(ENETUNREACH),
        NAMED(ENFILE),
        NAMED(ENODEV),
        NAMED(ENOENT),
        NAMED(ENOLCK),
        NAMED(ENOMEM),
        NAMED(ENOPROTOOPT),
        NAMED(ENOSPC),
        NAMED(ENOSYS),
        NAMED(ENOTCONN),
        NAMED(ENOTDIR),
        NAMED(ENOTEMPTY),
        NAMED(ENOTSOCK),
        NAMED(ENOTTY),
        NAMED(ENXIO),
        NAMED(EOPNOTSUPP),
        NAMED(EOVERFLOW),
        NAMED(EPERM),
        NAMED(EPIPE),
        NAMED(EPROTO),
        NAMED(EPROTONOSUPPORT),
        NAMED(EPROTOTYPE),
        NAMED(ERANGE),
        NAMED(EROFS),
        NAMED(ESPIPE),
        NAMED(ESRCH),
        NAMED(ETIMEDOUT),
        NAMED(ETXTBSY),
        NAMED(EXDEV),
#ifdef ESOCKTNOSUPPORT
        NAMED(ESOCKTNOSUPPORT),
#endif
    };
    static char unknown[32];
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].number == error)
            return names[i].name;
    snprintf(unknown, sizeof(unknown), "error %d", error);
    return unknown;
}

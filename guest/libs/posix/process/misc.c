/* What exists in name only (dlopen), or becomes a line on the console (syslog).
 * SPDX-License-Identifier: BSD-3-Clause */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include <bh/bulkhead.h>

#include "../px.h"

void *dlopen(const char *file, int mode)
{
    (void)file, (void)mode;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

void *dlsym(void *handle, const char *name)
{
    (void)handle, (void)name;
    return NULL;
}

char *dlerror(void)
{
    return "an appliance loads no code at run time: link it into the application";
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address, (void)info;
    return 0;
}

static int log_mask = 0xff;
static const char *log_name = "syslog";

void openlog(const char *name, int option, int facility)
{
    (void)option, (void)facility;
    if (name)
        log_name = name;
}

void closelog(void)
{
}

int setlogmask(int mask)
{
    int old = log_mask;
    if (mask)
        log_mask = mask;
    return old;
}

void vsyslog(int priority, const char *format, va_list args)
{
    char text[200];
    if (!(log_mask & LOG_MASK(priority & LOG_PRIMASK)))
        return;
    vsnprintf(text, sizeof(text), format, args);
    bh_log("%s: %s", log_name, text);
}

void syslog(int priority, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}

int sched_yield(void)
{
    px_yield();
    return 0;
}

long px_result(long value)
{
    if (value >= 0)
        return value;
    errno = (int)-value;
    return -1;
}

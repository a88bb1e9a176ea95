/* syslog(): messages become lines on the console.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include <bh/bulkhead.h>

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

/* Calendars, and clocks as far as two computers agree.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "same_as_native.h"

static const char *text_of_time(const struct tm *tm)
{
    static char text[100];
    if (!tm)
        return error_name(errno);
    snprintf(text, sizeof(text), "%d-%d-%d %d:%d:%d w%d y%d d%d", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday,
             tm->tm_hour, tm->tm_min, tm->tm_sec, tm->tm_wday, tm->tm_yday, tm->tm_isdst);
    return text;
}

static void show_calendar(void)
{
    static const long long times[] = {0,
                                      -1,
                                      951782400,
                                      951868799,
                                      1709164800,
                                      4107542400,
                                      -2208988801,
                                      -62135596800,
                                      2147483647,
                                      2147483648,
                                      253402300799,
                                      67767976233532799,
                                      67768036191676800};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        time_t t = (time_t)times[i];
        struct tm tm;
        set_case("time %lld", times[i]);
        errno = 0;
        struct tm *found = gmtime_r(&t, &tm);
        show("gmtime", "%s", text_of_time(found));
        SHOW_AS("timegm", found ? timegm(&tm) : -2);
    }
    set_case("%s", "");
}

static void show_mktime(void)
{
    static const struct tm parts[] = {
        {.tm_year = 124, .tm_mon = 1, .tm_mday = 30},
        {.tm_year = 124, .tm_mon = 13, .tm_mday = 1},
        {.tm_year = 124, .tm_mon = -1, .tm_mday = 0},
        {.tm_year = 123, .tm_mon = 1, .tm_mday = 29, .tm_hour = 25, .tm_min = -61, .tm_sec = 3601},
        {.tm_year = 70, .tm_mday = 1, .tm_sec = -1},
        {.tm_year = 1, .tm_mday = 1},
        {.tm_year = -1000, .tm_mday = 1},
    };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct tm tm = parts[i];
        set_case("parts %d", (int)i);
        errno = 0;
        long long t = mktime(&tm);
        show("mktime", "%lld %s", t, text_of_time(&tm));
    }
    set_case("%s", "");
}

static void show_zones(void)
{
    static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+0530>-5:30"};
    static const time_t times[] = {1711846799, 1711846800, 1720000000, 1729990799, 1729990800, 1704067200};
    char text[64];
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        for (size_t j = 0; j < COUNT_OF(times); j++) {
            struct tm tm;
            set_case("%s %lld", zones[i], (long long)times[j]);
            localtime_r(&times[j], &tm);
            strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z %z", &tm);
            show("localtime", "%s, dst %d, back %d", text, tm.tm_isdst, mktime(&tm) == times[j]);
        }
        set_case("%s", zones[i]);
        show("zone", "%s %s, %ld, %d", tzname[0], tzname[1], timezone, daylight != 0);
    }
    setenv("TZ", "UTC0", 1);
    tzset();
    set_case("%s", "");
}

static void show_formats(void)
{
    static const char *const formats[] = {
        "%a %A", "%b %B %h", "%c",    "%C %y %Y", "%d %e", "%D",  "%F",  "%g %G %V", "%H %I %l %k", "%j",    "%m",
        "%M",    "%n%t|",    "%p %P", "%r",       "%R",    "%s",  "%S",  "%T",       "%u %w",       "%U %W", "%x",
        "%X",    "%z",       "%%",    "%E",       "%Ey",   "%Od", "%5Y", "%-d",      "%_d",         "%^a",   "%q"};
    time_t t = 1704621909; /* a Sunday, 7 January 2024 */
    struct tm tm;
    char text[100];
    gmtime_r(&t, &tm);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        text[0] = 0;
        size_t n = strftime(text, sizeof(text), formats[i], &tm);
        for (char *at = text; *at; at++)
            if (*at < ' ')
                *at = '/';
        set_case("strftime %s", formats[i]);
        show("result", "%d [%.*s]", (int)n, (int)n, text);
    }
    set_case("%s", "");
    SHOW(strftime(text, 4, "%Y", &tm));
    SHOW(strftime(text, 5, "%Y", &tm));
    show("asctime", "%.24s", asctime(&tm));
    show("ctime", "%.24s", ctime(&t));
}

static void show_parsing(void)
{
    static const struct {
        const char *text, *format;
    } cases[] = {
        {"2024-02-29 12:34:56", "%Y-%m-%d %H:%M:%S"},
        {"29 Feb 2024", "%d %b %Y"},
        {"Sunday 7", "%A %d"},
        {"12:34 PM", "%I:%M %p"},
        {"2024-13-01", "%Y-%m-%d"},
        {"Mon, 01 Jan 2024 00:00:00 GMT", "%a, %d %b %Y %T GMT"},
        {"69", "%y"},
        {"68", "%y"},
        {"366", "%j"},
        {"  5", "%d"},
        {"x", "%d"},
        {"10%", "%d%%"},
        {"20240102", "%Y%m%d"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tm tm = {0};
        const char *end = strptime(cases[i].text, cases[i].format, &tm);
        set_case("strptime \"%s\"", cases[i].text);
        show("result", "%d %s", end ? (int)(end - cases[i].text) : -1, end ? text_of_time(&tm) : "");
    }
    set_case("%s", "");
}

static void show_clocks(void)
{
    struct timespec a, b, wrong = {0, 1000000000}, negative = {-1, 0}, past = {1, 0}, little = {0, 1000};
    SHOW(clock_gettime(CLOCK_REALTIME, &a));
    SHOW(clock_gettime(CLOCK_MONOTONIC, &a) + clock_gettime(CLOCK_MONOTONIC, &b));
    SHOW(a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec <= b.tv_nsec));
    SHOW(a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
    SHOW(clock_gettime(1234, &a));
    SHOW(clock_getres(CLOCK_MONOTONIC, &a));
    SHOW(clock_getres(1234, &a));
    SHOW(nanosleep(&little, NULL));
    SHOW(nanosleep(&wrong, NULL));
    SHOW(nanosleep(&negative, NULL));
    SHOW_ERROR(clock_nanosleep(CLOCK_MONOTONIC, 0, &wrong, NULL));
    SHOW_ERROR(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
    SHOW_ERROR(clock_nanosleep(1234, 0, &little, NULL));
    SHOW(usleep(10));
    SHOW(sleep(0));
    struct timeval tv;
    SHOW(gettimeofday(&tv, NULL));
    SHOW(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
    SHOW(llabs((long long)time(NULL) - (long long)tv.tv_sec) <= 1);
    SHOW(difftime(5, 7) == -2);
    SHOW(clock() != (clock_t)-1);
}

void show_time(void)
{
    setenv("TZ", "UTC0", 1);
    tzset();
    show_calendar();
    show_mktime();
    show_zones();
    show_formats();
    show_parsing();
    show_clocks();
}

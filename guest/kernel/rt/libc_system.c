/* What picolibc always asks of a system: time, exit. Memory: heap/. Files and signals: fallback/, or the posix library.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "runtime.h"

enum { CPUID_RDRAND = 1 << 30 }; /* leaf 1, ecx */

static uint64_t realtime_ns(void)
{
    return bh_boot()->realtime_ns + bh_now();
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    uint64_t ns = realtime_ns();
    if (zone)
        *(struct timezone *)zone = (struct timezone){0}; /* UTC */
    tv->tv_sec = (time_t)(ns / 1000000000);
    tv->tv_usec = (suseconds_t)(ns % 1000000000 / 1000);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    /* <time.h> hides the names of some: 0 is CLOCK_REALTIME_COARSE, 7 CLOCK_BOOTTIME; between them are other
     * names of the monotonic clock, and CPU time, of which there is no account. */
    bool wall = clock == CLOCK_REALTIME || clock == 0;
    if (clock > 7) {
        errno = EINVAL;
        return -1;
    }
    uint64_t ns = wall ? realtime_ns() : bh_now();
    ts->tv_sec = (time_t)(ns / 1000000000);
    ts->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

clock_t times(struct tms *t)
{
    clock_t ticks = (clock_t)(bh_now() / (1000000000 / CLOCKS_PER_SEC));
    *t = (struct tms){.tms_utime = ticks};
    return ticks;
}

void _exit(int status)
{
    if (bh_self()->flags & BH_COMPARTMENT_DEFAULT)
        bh_core()->exit(status);
    bh_panic("a library called exit(%d)", status);
}

/* Weak in picolibc and called: a weak undefined function cannot be called in images above 2 GiB. */
char *_user_strerror(int error, int internal, int *errptr)
{
    (void)error, (void)internal, (void)errptr;
    return NULL;
}

/* Random bytes of the processor. */
int getentropy(void *buf, size_t n)
{
    uint32_t a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (n > 256 || !(c & CPUID_RDRAND)) {
        errno = n > 256 ? EIO : ENOSYS;
        return -1;
    }
    for (size_t done = 0, tries = 0; done < n;) {
        uint64_t word;
        uint8_t got;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(word), "=q"(got));
        if (!got && tries++ < 100)
            continue;
        if (!got) {
            errno = EIO;
            return -1;
        }
        size_t part = n - done < sizeof(word) ? n - done : sizeof(word);
        memcpy((char *)buf + done, &word, part);
        done += part;
    }
    return 0;
}

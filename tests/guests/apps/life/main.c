/* An application that starts, ends and waits in many ways; see tests/kvm/test_lifecycle.py.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bh/bulkhead.h>

#include <bh/gate_conform.h>

extern char **environ;

static int show(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        printf("argument <%s>\n", argv[i]);
    for (char **e = environ; *e; e++)
        printf("environment <%s>\n", *e);
    return 0;
}

static int idle(void)
{
    for (;;)
        bh_sleep(BH_FOREVER);
}

static int spin(void)
{
    for (;;)
        __asm__ volatile("pause");
}

static int call(void)
{
    for (unsigned i = 0;; i++) {
        struct bh_try attempt;
        bh_try_begin(&attempt, BH_FOREVER);
        conform_sleep(1, i % 2);
        enum bh_status status = bh_try_end(&attempt);
        if (status != BH_OK)
            return printf("%s\n", bh_status_text(status)), 0;
    }
}

/* The same with sixteen calls under way at any time: the last of them fail, one by one. */
static int submit(void)
{
    struct bh_call calls[16];
    unsigned failed = 0;
    for (unsigned i = 0; i < 16; i++)
        bh_gate_submit(conform, conform_sleep, &calls[i], 1, i % 3);
    for (unsigned i = 0; failed < 16; i++) {
        struct bh_try attempt;
        bh_try_begin(&attempt, BH_FOREVER);
        bh_gate_wait(conform, conform_sleep, &calls[i % 16]);
        enum bh_status status = bh_try_end(&attempt);
        failed += status != BH_OK;
        if (status != BH_OK && status != BH_PEER_DIED)
            return printf("%s\n", bh_status_text(status)), 1;
        bh_gate_submit(conform, conform_sleep, &calls[i % 16], 1, i % 3);
    }
    return puts("peer died"), 0;
}

static int count(void)
{
    char buffer[1000];
    long total = 0, n;
    while ((n = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
        total += n;
    return printf("%ld bytes, then %s\n", total, n ? strerror(errno) : "the end"), 0;
}

static int fill(void)
{
    char buffer[1000] = "";
    while (write(STDOUT_FILENO, buffer, sizeof(buffer)) > 0)
        ;
    return fprintf(stderr, "write: %s\n", strerror(errno)), errno == EPIPE ? 9 : 8;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "exit";
    if (!strcmp(what, "exit"))
        return argc > 2 ? atoi(argv[2]) : 0;
    if (!strcmp(what, "show"))
        return show(argc, argv);
    if (!strcmp(what, "count"))
        return count();
    if (conform_zero() != 42) /* the library's VM is there, too */
        return 1;
    puts("ready");
    fflush(stdout);
    return !strcmp(what, "idle")     ? idle()
           : !strcmp(what, "spin")   ? spin()
           : !strcmp(what, "call")   ? call()
           : !strcmp(what, "submit") ? submit()
                                     : fill();
}

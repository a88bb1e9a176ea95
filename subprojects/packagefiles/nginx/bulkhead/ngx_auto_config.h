/* What nginx's configure would find out about the system it runs on, here the POSIX layer, and what its options say.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Left out although Linux has it: file AIO, direct I/O, accept filters, TCP_INFO, transparent proxying, packet
 * information, UNIX sockets with names, capabilities, processor affinity, System V shared memory, process-shared
 * semaphores. */
#define NGX_CONFIGURE " (cross build, docs/nginx.md)"
#define NGX_COMPILER  "gcc " __VERSION__

/* The compiler. */
#define NGX_HAVE_GCC_ATOMIC          1
#define NGX_HAVE_C99_VARIADIC_MACROS 1
#define NGX_HAVE_GCC_VARIADIC_MACROS 1
#define NGX_HAVE_GCC_BSWAP64         1

/* The processor and the types. */
#define NGX_HAVE_NONALIGNED    1
#define NGX_HAVE_LITTLE_ENDIAN 1
#define NGX_CPU_CACHE_LINE     64
#define NGX_PTR_SIZE           8
#define NGX_SIG_ATOMIC_T_SIZE  4
#define NGX_MAX_SIZE_T_VALUE   9223372036854775807LL
#define NGX_SIZE_T_LEN         (sizeof("-9223372036854775808") - 1)
#define NGX_MAX_OFF_T_VALUE    9223372036854775807LL
#define NGX_OFF_T_LEN          (sizeof("-9223372036854775808") - 1)
#define NGX_TIME_T_SIZE        8
#define NGX_TIME_T_LEN         (sizeof("-9223372036854775808") - 1)
#define NGX_MAX_TIME_T_VALUE   9223372036854775807LL

/* Events and sockets. */
#define NGX_HAVE_EPOLL              1
#define NGX_HAVE_CLEAR_EVENT        1
#define NGX_HAVE_EPOLLRDHUP         1
#define NGX_HAVE_EPOLLEXCLUSIVE     1
#define NGX_HAVE_SENDFILE           1
#define NGX_HAVE_SENDFILE64         1
#define NGX_HAVE_REUSEPORT          1
#define NGX_HAVE_KEEPALIVE_TUNABLE  1
#define NGX_HAVE_ACCEPT4            1
#define NGX_HAVE_INET6              1
#define NGX_HAVE_GETADDRINFO        1
#define NGX_HAVE_MSGHDR_MSG_CONTROL 1
#define NGX_HAVE_FIONBIO            1
#define NGX_HAVE_FIONREAD           1
#define NGX_KQUEUE_UDATA_T          (void *)

/* Files, memory, time. */
#define NGX_HAVE_PREAD               1
#define NGX_HAVE_PWRITE              1
#define NGX_HAVE_PWRITEV             1
#define NGX_HAVE_OPENAT              1
#define NGX_HAVE_STATVFS             1
#define NGX_HAVE_D_TYPE              1
#define NGX_HAVE_POSIX_MEMALIGN      1
#define NGX_HAVE_MEMALIGN            1
#define NGX_HAVE_MAP_ANON            1
#define NGX_HAVE_LOCALTIME_R         1
#define NGX_HAVE_CLOCK_MONOTONIC     1
#define NGX_HAVE_SCHED_YIELD         1
#define NGX_HAVE_SC_NPROCESSORS_ONLN 1
#define NGX_SYS_NERR                 160 /* more than any of <errno.h> */

/* Options: zlib, the modules of ngx_modules.c, places, the one user. */
#define NGX_ZLIB                   1
#define NGX_HTTP_GZIP              1
#define NGX_HTTP_X_FORWARDED_FOR   1
#define NGX_STAT_STUB              1
#define NGX_PREFIX                 "/"
#define NGX_CONF_PREFIX            "etc/nginx/"
#define NGX_SBIN_PATH              "nginx"
#define NGX_CONF_PATH              "etc/nginx/nginx.conf"
#define NGX_PID_PATH               "tmp/nginx.pid"
#define NGX_LOCK_PATH              "tmp/nginx.lock"
#define NGX_ERROR_LOG_PATH         ""
#define NGX_HTTP_LOG_PATH          "/dev/stdout"
#define NGX_HTTP_CLIENT_TEMP_PATH  "tmp/client_body"
#define NGX_HTTP_PROXY_TEMP_PATH   "tmp/proxy"
#define NGX_HTTP_FASTCGI_TEMP_PATH "tmp/fastcgi"
#define NGX_HTTP_UWSGI_TEMP_PATH   "tmp/uwsgi"
#define NGX_HTTP_SCGI_TEMP_PATH    "tmp/scgi"
#define NGX_USER                   "root"
#define NGX_GROUP                  "root"

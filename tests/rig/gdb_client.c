/* A debugger of few words for the rig: sends packets of GDB's protocol and compares the answers.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     gdb_client SOCKET PACKET REGEX [PACKET REGEX]...
 * Exit status: 0, or 1 when an answer did not match, was late or did not come. */
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 60

static char answer[0x8000];

static int open_socket(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? fd : -1;
}

static int send_packet(int fd, const char *packet)
{
    char frame[1024];
    uint8_t sum = 0;
    for (const char *c = packet; *c; c++)
        sum = (uint8_t)(sum + (uint8_t)*c);
    int n = snprintf(frame, sizeof(frame), "+$%s#%02x", packet, sum);
    return n > 0 && (size_t)n < sizeof(frame) && write(fd, frame, (size_t)n) == n;
}

static int receive(int fd)
{
    size_t n = 0;
    char c = 0;
    while (c != '$')
        if (read(fd, &c, 1) != 1)
            return 0;
    while (n + 1 < sizeof(answer) && read(fd, &c, 1) == 1 && c != '#')
        answer[n++] = c;
    answer[n] = 0;
    char sum[2];
    return c == '#' && read(fd, sum, 1) == 1 && read(fd, sum + 1, 1) == 1;
}

static int matches(const char *pattern)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB))
        return 0;
    int good = regexec(&compiled, answer, 0, NULL, 0) == 0;
    regfree(&compiled);
    return good;
}

int main(int argc, char **argv)
{
    int fd = argc > 1 ? open_socket(argv[1]) : -1;
    if (fd < 0) {
        fprintf(stderr, "gdb_client: cannot connect\n");
        return 1;
    }
    for (int i = 2; i + 1 < argc; i += 2) {
        answer[0] = 0;
        int came = send_packet(fd, argv[i]) && receive(fd);
        if (!came || !matches(argv[i + 1])) {
            printf("FAIL %s: %s, not %s\n", argv[i], came ? answer : "no answer", argv[i + 1]);
            return 1;
        }
        printf("ok %s: %.80s\n", argv[i], answer);
    }
    return 0;
}

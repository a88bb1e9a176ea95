/* netperf: the far end of a throughput or latency measurement.
 *
 * discard (port 5001) is what a stock iperf 2 client needs; echo (port 7) sends everything back. With `report` as
 * second argument it prints what the network compartment has in use whenever the last connection has ended: for leak
 * tests.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "server.h"

enum { DISCARD_PORT = 5001, ECHO_PORT = 7 };

int main(int argc, char **argv)
{
    const char *what = argc >= 2 ? argv[1] : "";
    bool report = argc == 3 && strcmp(argv[2], "report") == 0;
    bool both = strcmp(what, "both") == 0, discard = strcmp(what, "discard") == 0;

    if ((!both && !discard && strcmp(what, "echo") != 0) || argc > 3 || (argc == 3 && !report)) {
        fprintf(stderr, "netperf: say what to do: discard, echo, or both; then perhaps: report\n");
        return 2;
    }
    if ((both || discard) && server_listen(DISCARD_PORT, false))
        return 1;
    if ((both || !discard) && server_listen(ECHO_PORT, true))
        return 1;
    printf("netperf: ready\n");
    fflush(stdout);
    return server_run(report);
}

/* Has QEMU's TCG run a stale translation for ever, without Bulkhead: why the rig needs tests/rig/hold_vm.c.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 *     gcc -O2 -static -o stale_translation tests/rig/stale_translation.c
 *     scripts/rig --timeout 60 --with stale_translation sh -c 'kill $(pidof hold_vm); ./stale_translation'
 *
 * Each round makes Linux patch an instruction of its scheduler twice (the static key of the preempt notifiers), while the
 * other processor schedules. It stands still before long: both processors take an int3 where memory holds none. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        if (fork() == 0)
            for (;;)
                sched_yield();
    }
    for (unsigned round = 1; kvm >= 0; round++) {
        int vm = ioctl(kvm, KVM_CREATE_VM, 0);
        if (vm < 0)
            break;
        close(vm);
        printf("%u\n", round);
        fflush(stdout);
    }
    perror("stale_translation: /dev/kvm");
    return 1;
}

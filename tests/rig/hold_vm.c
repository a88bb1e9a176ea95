/* Keeps one VM with one vCPU open until it is killed, so that the rig's kernel never sees its last one go.
 * SPDX-License-Identifier: BSD-3-Clause
 *
 * Linux switches a static key in its scheduler's code with the first VM and with the last one (preempt notifiers), and
 * one in KVM's with the first and the last vCPU that has no local APIC in the kernel: it puts an int3 over the
 * instruction, then the new one. QEMU's TCG discards its translation before the store is done. A processor that comes by
 * in between translates the old byte once more, and nobody discards that: it takes the same int3 for ever, holding a run
 * queue's lock, though the memory holds a jump. So the first VM has to be there before a second processor is started:
 * this program returns as soon as it is, and a child keeps the VM. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
    if (vm < 0 || ioctl(vm, KVM_CREATE_VCPU, 0) < 0) {
        perror("hold_vm: /dev/kvm");
        return 1;
    }
    if (fork() == 0)
        pause();
    return 0;
}

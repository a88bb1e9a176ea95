/* Runs a throw-away guest for a moment, to see what this host's KVM does.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_PROBE_H
#define BH_VMM_KVM_PROBE_H

#include "vmm/kvm/host.h"
#include "vmm/kvm/vcpu.h"

/* KVM_RUN of a vCPU that vcpu_start() has set up. 0: the guest has exited, see c->run. Else the errno of KVM_RUN:
 * EINTR if it ran for `patience_ms`, EAGAIN if KVM gave no other answer for as long. Uses SIGALRM and its timer. */
int probe_run(struct vcpu *c, unsigned patience_ms);

/* Whether a guest runs as those of appliances do: ring 3 of 64-bit mode, which answers through an I/O port. At most
 * 1 s. False: `p` says what was seen and what to do (EXIT_HOST). */
bool probe_guest(int kvm_fd, enum kvm_kind kind, struct problem *p);

#endif

/* What this host can do: KVM, protection keys, doorbells, processors, memory.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_VMM_KVM_HOST_H
#define BH_VMM_KVM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/hypercall.h"
#include "vmm/base/problem.h"

enum kvm_kind { KVM_KIND_UNKNOWN = 0, KVM_KIND_VMX, KVM_KIND_SVM, KVM_KIND_PVM };
enum huge_pages { HUGE_UNSUPPORTED = 0, HUGE_NEVER, HUGE_MADVISE, HUGE_ALWAYS };

struct host {
    /* host_open() */
    const char *kvm_path; /* environment variable BULKHEAD_KVM, else /dev/kvm */
    int kvm_fd;           /* open and close-on-exec; -1 when host_open() failed */
    int kvm_api;          /* KVM_GET_API_VERSION */
    enum kvm_kind kvm_kind;
    unsigned cores;        /* processors that this process may run on */
    uint64_t memory_total; /* bytes of RAM */
    /* host_probe_keys() */
    bool pku_cpu;   /* the processor has protection keys and the host's kernel uses them */
    bool pku_guest; /* KVM offers them to guests, and AVX */
    /* host_choose_doorbell() */
    enum bh_doorbell doorbell;
    /* host_probe_rest() */
    bool tcg; /* the processor is emulated by QEMU, so timings mean nothing */
    bool doorbell_vmcall;
    enum huge_pages huge_private, huge_shared; /* anonymous memory; memfd */
    uint64_t memory_available;                 /* bytes */
    uint64_t tsc_khz;                          /* of a guest; 0: unknown */
    char cpu[64];                              /* brand string */
};

enum doorbell_choice { CHOOSE_AUTO = 0, CHOOSE_PORT, CHOOSE_VMCALL };

/* Opens KVM and finds out what every start needs, in well below a millisecond. False: the host cannot run VMs, and `p`
 * says what to do about it (EXIT_HOST). The fields that do not depend on KVM are filled even then. */
bool host_open(struct host *h, struct problem *p);

/* Finds out about protection keys. This is slow on a nested host, where every CPUID leaf is an exit, so it is called
 * only when an appliance wants them. */
void host_probe_keys(struct host *h);

/* Sets `doorbell`, and tries VMCALL in a throw-away VM unless the choice is CHOOSE_PORT. False: the choice is
 * CHOOSE_VMCALL, which does not work here. */
bool host_choose_doorbell(struct host *h, enum doorbell_choice choice, struct problem *p);

/* Finds out everything else, for `bulkhead doctor`, as far as that is possible without KVM. It creates a VM for a
 * moment. */
void host_probe_rest(struct host *h);

const char *kvm_kind_name(enum kvm_kind kind);        /* "vmx", "svm", "pvm", "unknown" */
const char *huge_pages_name(enum huge_pages huge);    /* "always", "madvise", "never", "unsupported" */
const char *doorbell_name(enum bh_doorbell doorbell); /* "port", "vmcall" */

#endif

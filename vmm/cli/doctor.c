/* Prints what this host can do, with a verdict for each mechanism.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/cli/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "vmm/appliance/mechanism.h"
#include "vmm/base/json.h"
#include "vmm/kvm/host.h"
#include "vmm/kvm/probe.h"

struct verdict {
    const char *mechanism;
    bool available;
    const char *why;
};

#define VERDICTS 3

/* `kvm`: why no guest runs; its status is 0 if one did. */
static void judge_mechanisms(const struct host *h, const struct problem *kvm, struct verdict v[VERDICTS])
{
    bool usable = !kvm->status;
    v[0] =
        (struct verdict){mechanism_name(MECH_VM), usable, usable ? "each compartment in a VM of its own" : kvm->text};
    v[1] = (struct verdict){mechanism_name(MECH_MPK), usable && h->pku_cpu && h->pku_guest,
                            "a protection key for each compartment"};
    if (!usable)
        v[1].why = "needs a KVM that runs guests";
    else if (!h->pku_cpu)
        v[1].why = "the CPU feature PKU is absent, or the kernel does not use it";
    else if (!h->pku_guest)
        v[1].why = "this host's KVM keeps the CPU feature PKU, or AVX, from guests";
    v[2] = (struct verdict){mechanism_name(MECH_NONE), usable,
                            usable ? "no isolation, direct calls" : "needs a KVM that runs guests"};
}

static const char *kind_note(enum kvm_kind kind)
{
    switch (kind) {
    case KVM_KIND_VMX:
        return "Intel VT-x";
    case KVM_KIND_SVM:
        return "AMD-V";
    case KVM_KIND_PVM:
        return "without VT-x or AMD-V: ring 3 runs natively, exits are slow";
    case KVM_KIND_UNKNOWN:
        break;
    }
    return "no kvm_intel, kvm_amd or kvm_pvm module found";
}

static void print_table(const struct host *h, const struct problem *kvm, const struct verdict v[VERDICTS])
{
    bool usable = h->kvm_fd >= 0;
    printf("CPU          %s%s\n", h->cpu[0] ? h->cpu : "unknown",
           h->tcg ? " (emulated by QEMU TCG: timings mean nothing)" : "");
    printf("cores        %u\n", h->cores);
    printf("memory       %.1f GiB, %.1f GiB available\n", (double)h->memory_total / (1 << 30),
           (double)h->memory_available / (1 << 30));
    printf("huge pages   private memory: %s, shared memory: %s\n", huge_pages_name(h->huge_private),
           huge_pages_name(h->huge_shared));
    printf("KVM device   %s: %s\n", h->kvm_path, usable ? "usable" : "not usable");
    if (usable) {
        printf("KVM kind     %s (%s), API version %d\n", kvm_kind_name(h->kvm_kind), kind_note(h->kvm_kind),
               h->kvm_api);
        printf("trial guest  %s\n", kvm->status ? kvm->text : "ran and answered");
        printf("doorbell     %s\n", h->doorbell_vmcall ? "vmcall" : "port (VMCALL does not reach the VMM here)");
        printf("guest TSC    %.3f MHz\n", (double)h->tsc_khz / 1000);
    }
    printf("PKU          CPU: %s, KVM guests: %s\n", h->pku_cpu ? "yes" : "no", h->pku_guest ? "yes" : "no");
    printf("\nmechanism    verdict\n");
    for (int i = 0; i < VERDICTS; i++)
        printf("%-12s %s: %s\n", v[i].mechanism, v[i].available ? "yes" : "no", v[i].why);
}

static void print_json(const struct host *h, const struct problem *kvm, const struct verdict v[VERDICTS])
{
    struct json j = {.out = stdout};
    json_open(&j, NULL, '{');
    json_string(&j, "version", BH_VERSION);
    json_string(&j, "cpu", h->cpu);
    json_bool(&j, "emulated", h->tcg);
    json_number(&j, "cores", h->cores);
    json_open(&j, "memory", '{');
    json_number(&j, "total", h->memory_total);
    json_number(&j, "available", h->memory_available);
    json_close(&j, '}');
    json_open(&j, "huge_pages", '{');
    json_string(&j, "private", huge_pages_name(h->huge_private));
    json_string(&j, "shared", huge_pages_name(h->huge_shared));
    json_close(&j, '}');
    json_open(&j, "kvm", '{');
    json_string(&j, "path", h->kvm_path);
    json_bool(&j, "usable", h->kvm_fd >= 0);
    json_bool(&j, "runs_guests", !kvm->status);
    json_string(&j, "problem", kvm->text);
    json_string(&j, "kind", kvm_kind_name(h->kvm_kind));
    json_number(&j, "api", h->kvm_api > 0 ? (uint64_t)h->kvm_api : 0);
    json_number(&j, "tsc_khz", h->tsc_khz);
    json_close(&j, '}');
    json_open(&j, "doorbell", '{');
    json_bool(&j, "vmcall", h->doorbell_vmcall);
    json_string(&j, "auto", doorbell_name(h->doorbell_vmcall ? BH_DOORBELL_VMCALL : BH_DOORBELL_PORT));
    json_close(&j, '}');
    json_open(&j, "pku", '{');
    json_bool(&j, "cpu", h->pku_cpu);
    json_bool(&j, "guest", h->pku_guest);
    json_close(&j, '}');
    json_open(&j, "mechanisms", '{');
    for (int i = 0; i < VERDICTS; i++) {
        json_open(&j, v[i].mechanism, '{');
        json_bool(&j, "available", v[i].available);
        json_string(&j, "reason", v[i].why);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    json_close(&j, '}');
}

int doctor(bool json)
{
    struct host h;
    struct problem kvm = {0};
    struct verdict verdicts[VERDICTS];
    bool usable = host_open(&h, &kvm);
    if (usable)
        probe_guest(h.kvm_fd, h.kvm_kind, &kvm);
    host_probe_rest(&h);
    judge_mechanisms(&h, &kvm, verdicts);
    if (json)
        print_json(&h, &kvm, verdicts);
    else
        print_table(&h, &kvm, verdicts);
    if (usable)
        close(h.kvm_fd);
    return kvm.status ? EXIT_HOST : 0;
}

/* Probes this host.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "vmm/kvm/host.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/kvm/doorbell.h"

#define DEFAULT_KVM "/dev/kvm"

const char *kvm_kind_name(enum kvm_kind kind)
{
    static const char *const names[] = {"unknown", "vmx", "svm", "pvm"};
    return names[kind];
}

const char *huge_pages_name(enum huge_pages huge)
{
    static const char *const names[] = {"unsupported", "never", "madvise", "always"};
    return names[huge];
}

const char *doorbell_name(enum bh_doorbell doorbell)
{
    return doorbell == BH_DOORBELL_VMCALL ? "vmcall" : "port";
}

static enum kvm_kind find_kind(void)
{
    /* The module that drives the hardware; kvm.ko itself is common to all. */
    static const struct {
        const char *path;
        enum kvm_kind kind;
    } modules[] = {{"/sys/module/kvm_intel", KVM_KIND_VMX},
                   {"/sys/module/kvm_amd", KVM_KIND_SVM},
                   {"/sys/module/kvm_pvm", KVM_KIND_PVM}};
    for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++)
        if (access(modules[i].path, F_OK) == 0)
            return modules[i].kind;
    return KVM_KIND_UNKNOWN;
}

static unsigned count_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more than CPU_SETSIZE processors */
    return online > 0 ? (unsigned)online : 1;
}

static bool is_in_group(gid_t group)
{
    gid_t list[NGROUPS_MAX];
    int n = getgroups(NGROUPS_MAX, list);
    bool found = group == getegid();
    for (int i = 0; i < n; i++)
        found |= list[i] == group;
    return found;
}

/* What helps depends on whom the device's owner, group and mode let in: adding a user to a group helps only if the
 * group may use the device. */
static bool not_permitted(const struct host *h, int error, struct problem *p)
{
    struct stat s;
    if (stat(h->kvm_path, &s))
        return problem_set(p, EXIT_HOST, "%s: %s: you may not reach it", h->kvm_path, strerror(error));
    const struct group *g = s.st_gid ? getgrgid(s.st_gid) : NULL;
    bool group_may = s.st_gid && (s.st_mode & 060) == 060;
    if (group_may && !is_in_group(s.st_gid) && g)
        return problem_set(p, EXIT_HOST,
                           "%s: %s: you may not use KVM: join the group of the device: sudo usermod -aG %s $USER, then "
                           "log in again",
                           h->kvm_path, strerror(error), g->gr_name);
    if (group_may && !is_in_group(s.st_gid))
        return problem_set(p, EXIT_HOST,
                           "%s: %s: you may not use KVM: the device belongs to group %u, of which you are no member: "
                           "sudo chgrp kvm %s, and join that group: sudo usermod -aG kvm $USER, then log in again",
                           h->kvm_path, strerror(error), (unsigned)s.st_gid, h->kvm_path);
    if (!group_may)
        return problem_set(p, EXIT_HOST,
                           "%s: %s: you may not use KVM: mode %04o lets no group in: sudo chgrp kvm %s && "
                           "sudo chmod 660 %s, and join that group: sudo usermod -aG kvm $USER, then log in again",
                           h->kvm_path, strerror(error), (unsigned)s.st_mode & 07777, h->kvm_path, h->kvm_path);
    return problem_set(p, EXIT_HOST,
                       "%s: %s: the device's mode lets you in, something else does not: look at what confines you "
                       "(container, AppArmor, SELinux, systemd's DevicePolicy)",
                       h->kvm_path, strerror(error));
}

/* Opening or asking KVM failed with errno `error`. */
static bool no_kvm(const struct host *h, int error, struct problem *p)
{
    switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return problem_set(p, EXIT_HOST,
                           "%s: %s: this host has no KVM: load kvm_intel or kvm_amd (modprobe), "
                           "enable virtualization in the firmware, or nested virtualization for "
                           "this VM",
                           h->kvm_path, strerror(error));
    case EACCES:
    case EPERM:
        return not_permitted(h, error, p);
    default:
        return problem_set(p, EXIT_HOST, "%s: %s", h->kvm_path, strerror(error));
    }
}

bool host_open(struct host *h, struct problem *p)
{
    memset(h, 0, sizeof(*h));
    const char *path = getenv("BULKHEAD_KVM");
    h->kvm_path = path && *path ? path : DEFAULT_KVM;
    h->kvm_kind = find_kind();
    h->cores = count_cores();
    h->memory_total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    h->kvm_fd = open(h->kvm_path, O_RDWR | O_CLOEXEC);
    if (h->kvm_fd < 0)
        return no_kvm(h, errno, p);
    h->kvm_api = ioctl(h->kvm_fd, KVM_GET_API_VERSION, 0);
    if (h->kvm_api == KVM_API_VERSION)
        return true;
    if (h->kvm_api < 0) {
        problem_set(p, EXIT_HOST, "%s: is not a KVM device: %s", h->kvm_path, strerror(errno));
    } else {
        problem_set(p, EXIT_HOST, "%s: KVM API version %d instead of %d: use a Linux from 2.6.22 on", h->kvm_path,
                    h->kvm_api, KVM_API_VERSION);
    }
    close(h->kvm_fd);
    h->kvm_fd = -1;
    return false;
}

/* CPUID leaf 7 ecx: bit 3 PKU, bit 4 OSPKE (the kernel has switched them on); Intel SDM vol. 2A,
 * CPUID. */
#define CPUID7_PKU    (1u << 3)
#define CPUID1_AVX    (1u << 28) /* leaf 1 ecx: the gates clear vector registers with it */
#define CPUID7_OSPKE  (1u << 4)
#define CPUID_ENTRIES 256

void host_probe_keys(struct host *h)
{
    unsigned eax, ebx, ecx, edx;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        h->pku_cpu = (ecx & CPUID7_PKU) && (ecx & CPUID7_OSPKE);
    if (h->kvm_fd < 0)
        return;
    bool pku = false, avx = false;
    struct kvm_cpuid2 *list = calloc(1, sizeof(*list) + CPUID_ENTRIES * sizeof(*list->entries));
    if (list) {
        list->nent = CPUID_ENTRIES;
        if (ioctl(h->kvm_fd, KVM_GET_SUPPORTED_CPUID, list) == 0) {
            for (uint32_t i = 0; i < list->nent; i++) {
                const struct kvm_cpuid_entry2 *e = &list->entries[i];
                pku |= e->function == 7 && e->index == 0 && (e->ecx & CPUID7_PKU);
                avx |= e->function == 1 && (e->ecx & CPUID1_AVX);
            }
        }
        h->pku_guest = pku && avx;
        free(list);
    }
}

bool host_choose_doorbell(struct host *h, enum doorbell_choice choice, struct problem *p)
{
    h->doorbell = BH_DOORBELL_PORT;
    if (choice == CHOOSE_PORT)
        return true;
    h->doorbell_vmcall = doorbell_vmcall_works(h->kvm_fd);
    if (h->doorbell_vmcall) {
        h->doorbell = BH_DOORBELL_VMCALL;
    } else if (choice == CHOOSE_VMCALL) {
        return problem_set(p, EXIT_HOST,
                           "VMCALL does not reach the VMM on this host (KVM kind %s): use --doorbell "
                           "port, or auto",
                           kvm_kind_name(h->kvm_kind));
    }
    return true;
}

/* A transparent huge page setting: the chosen word is in brackets. For memfds "within_size" and
 * "advise" behave as "madvise" does, "force" as "always"; "deny" as "never". */
static enum huge_pages read_huge(const char *path)
{
    static const struct {
        const char *word;
        enum huge_pages huge;
    } words[] = {{"[always]", HUGE_ALWAYS},  {"[force]", HUGE_ALWAYS},        {"[madvise]", HUGE_MADVISE},
                 {"[advise]", HUGE_MADVISE}, {"[within_size]", HUGE_MADVISE}, {"[never]", HUGE_NEVER},
                 {"[deny]", HUGE_NEVER}};
    char text[128] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return HUGE_UNSUPPORTED;
    bool got = fgets(text, sizeof(text), file) != NULL;
    fclose(file);
    for (size_t i = 0; got && i < sizeof(words) / sizeof(*words); i++)
        if (strstr(text, words[i].word))
            return words[i].huge;
    return HUGE_UNSUPPORTED;
}

static uint64_t read_memory_available(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && !kib && fgets(line, sizeof(line), file))
        sscanf(line, "MemAvailable: %llu kB", &kib);
    if (file)
        fclose(file);
    return kib * 1024;
}

/* KVM knows the rate a guest's counter runs at only once there is a vCPU. */
static uint64_t read_tsc_khz(int kvm_fd)
{
    int vm = ioctl(kvm_fd, KVM_CREATE_VM, 0);
    int vcpu = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_VCPU, 0);
    int khz = vcpu < 0 ? 0 : ioctl(vcpu, KVM_GET_TSC_KHZ, 0);
    if (vcpu >= 0)
        close(vcpu);
    if (vm >= 0)
        close(vm);
    return khz > 0 ? (uint64_t)khz : 0;
}

static void read_cpu_names(struct host *h)
{
    unsigned r[12];
    /* The hypervisor's signature (leaf 0x40000000: ebx, ecx, edx) when there is one; bit 31 of leaf
     * 1 ecx. */
    if (__get_cpuid(1, &r[0], &r[1], &r[2], &r[3]) && (r[2] >> 31 & 1)) {
        char signature[13] = "";
        __cpuid(0x40000000, r[0], r[1], r[2], r[3]);
        memcpy(signature, &r[1], 12);
        h->tcg = strcmp(signature, "TCGTCGTCGTCG") == 0;
    }
    if ((unsigned)__get_cpuid_max(0x80000000, NULL) >= 0x80000004) {
        for (unsigned i = 0; i < 3; i++)
            __cpuid(0x80000002 + i, r[4 * i], r[4 * i + 1], r[4 * i + 2], r[4 * i + 3]);
        memcpy(h->cpu, r, sizeof(r));
    }
}

void host_probe_rest(struct host *h)
{
    host_probe_keys(h);
    read_cpu_names(h);
    h->huge_private = read_huge("/sys/kernel/mm/transparent_hugepage/enabled");
    h->huge_shared = read_huge("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
    h->memory_available = read_memory_available();
    if (h->kvm_fd >= 0) {
        h->doorbell_vmcall = doorbell_vmcall_works(h->kvm_fd);
        h->tsc_khz = read_tsc_khz(h->kvm_fd);
    }
}

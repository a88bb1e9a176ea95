/* The manifest reader: takes a good manifest whole, and refuses each kind of damage with a line
 * that names it.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <libfdt.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/check.h"
#include "unit/sample.h"
#include "vmm/appliance/manifest.h"
#include "vmm/appliance/manifest_file.h"

static _Alignas(8) char blob[SAMPLE_MAX];
static struct appliance a;
static struct problem p;

static bool parse(void)
{
    p = (struct problem){0};
    return manifest_parse(blob, sizeof(blob), "dir/manifest.dtb", &a, &p);
}

/* Does the (damaged) manifest get refused with exactly this line? */
static bool refused(const char *line)
{
    char expected[600];
    snprintf(expected, sizeof(expected), "dir/manifest.dtb: %s (compose the appliance anew)", line);
    bool ok = !parse() && p.status == EXIT_USAGE && strcmp(p.text, expected) == 0;
    if (!ok)
        printf("expected: %s\nhave:     %s\n", expected, p.text);
    manifest_release(&a);
    return ok;
}

static int node(const char *path)
{
    int offset = fdt_path_offset(blob, path);
    if (offset < 0)
        abort();
    return offset;
}

/* A fresh sample with one property changed; size < 0: removed. */
static void with(const char *path, const char *property, const void *data, int size)
{
    sample_write(blob);
    int error =
        size < 0 ? fdt_delprop(blob, node(path), property) : fdt_setprop(blob, node(path), property, data, size);
    if (error)
        abort();
}

static void with_u32(const char *path, const char *property, uint32_t value)
{
    fdt32_t cell = cpu_to_fdt32(value);
    with(path, property, &cell, sizeof(cell));
}

static void with_u64(const char *path, const char *property, uint64_t value)
{
    fdt64_t cells = cpu_to_fdt64(value);
    with(path, property, &cells, sizeof(cells));
}

static void good_manifest_is_read_whole(void)
{
    sample_write(blob);
    CHECK(parse());
    CHECK(strcmp(a.name, "sample") == 0 && a.n_args == 2 && strcmp(a.args[1], "two") == 0);
    CHECK(a.args[2] == NULL && a.n_env == 1 && strcmp(a.env[0], "HOME=/") == 0);
    CHECK(a.n_compartments == 2 && a.default_compartment == 0 && a.compartments[0].is_default);
    const struct compartment *app = &a.compartments[0], *lib = &a.compartments[1];
    CHECK(strcmp(app->name, "app") == 0 && strcmp(lib->name, "lib") == 0 && !lib->is_default);
    CHECK(app->n_wanted == 2 && app->wanted[0] == MECH_VM && app->wanted[1] == MECH_NONE);
    CHECK(app->memory == 1 << 20 && app->stack == 1 << 16 && app->threads == 8 && !app->vm_group);
    CHECK(strcmp(app->image, "dir/app.elf") == 0 && strcmp(lib->image, "/images/lib.elf") == 0);
    CHECK(lib->n_exports == 2 && strcmp(lib->exports[1].name, "second") == 0);
    CHECK(lib->exports[0].dispatch == BH_COMPARTMENT_BASE(1) + BH_IMAGE_OFF + 0x1010);
    CHECK(app->n_imports == 1 && app->imports[0].compartment == 1 && app->imports[0].fn == 1);
    CHECK(a.n_shares == 1 && a.shares[0].members == 3 && a.shares[0].everyone);
    CHECK(a.n_edges == 1 && a.edges[0].from == 0 && a.edges[0].to == 1);
    CHECK(a.edges[0].strategy == BH_DATA_STRICT && !a.edges[0].light && a.edges[0].granted[0] == 2);
    CHECK(a.has_net && a.net.compartment == 1 && a.net.mode == NET_USER && a.net.mac[5] == 1);
    CHECK(a.net.mtu == 1500 && strcmp(a.net.gateway, "10.0.2.2") == 0 && !a.net.dns[0]);
    CHECK(a.net.n_forward == 2 && strcmp(a.net.forward[1], "udp:[::1]:65535:3") == 0);
    manifest_release(&a);
}

static void not_a_tree(void)
{
    memset(blob, 0, sizeof(blob));
    CHECK(!parse());
    CHECK(strcmp(p.text, "dir/manifest.dtb: is no manifest of an appliance: FDT_ERR_BADMAGIC") == 0);
    sample_write(blob);
    p = (struct problem){0};
    CHECK(!manifest_parse(blob, 64, "m", &a, &p) && p.status == EXIT_USAGE);
    manifest_release(&a);
}

static void cut_anywhere(void)
{
    sample_write(blob);
    size_t size = sample_pack(blob);
    for (size_t n = 0; n < size; n += 4) {
        char *part = malloc(n + 1); /* of exactly this size, for the sanitizer */
        memcpy(part, blob, n);
        CHECK(!manifest_parse(part, n, "m", &a, &p));
        manifest_release(&a);
        free(part);
    }
}

static void wrong_root(void)
{
    with("/", "compatible", "other", 6);
    CHECK(refused("/: compatible: is not \"bulkhead,appliance-1\""));
    with("/", "appliance", NULL, -1);
    CHECK(refused("/: appliance: missing"));
    with("/", "appliance", "", 1);
    CHECK(refused("/: appliance: is not one non-empty string"));
    with("/", "args", "abc", 3);
    CHECK(refused("/: args: does not end with a NUL"));
    with("/", "env", "HOME", 5);
    CHECK(refused("/: env: \"HOME\" is not NAME=VALUE"));
}

static void with_text(const char *property, const char *text)
{
    with("/net", property, text, (int)strlen(text) + 1);
}

static void wrong_net(void)
{
    with_u32("/net", "compartment", 2);
    CHECK(refused("/net: compartment: 2 is not in 0..1"));
    with_text("mode", "bridge");
    CHECK(refused("/net: mode: unknown value \"bridge\""));
    with_text("address", "10.0.2.15");
    CHECK(refused("/net: address: is neither \"dhcp\" nor A.B.C.D/N"));
    with_text("address", "10.0.2.15/30");
    CHECK(refused("/net: address: has a prefix outside 8 to 29"));
    with("/net", "gateway", NULL, -1);
    CHECK(refused("/net: gateway: is no address"));
    with_text("dns", "10.0.2");
    CHECK(refused("/net: dns: is no address"));
    with_text("address6", "::1");
    CHECK(refused("/net: address6: is neither \"auto\" nor \"none\" nor X::Y/N"));
    with("/net", "mac", "12345", 5);
    CHECK(refused("/net: mac: is not 6 bytes long"));
    with("/net", "mac", "\1\0\0\0\0\1", 6);
    CHECK(refused("/net: mac: is a multicast address"));
    with_u32("/net", "mtu", 1279);
    CHECK(refused("/net: mtu: 1279 is not in 1280..9000"));
    with_text("mode", "tap");
    CHECK(refused("/net: forward: is for mode \"user\" only"));
    static const char *const forwards[] = {"1:2",
                                           "tcp:1:2",
                                           "tcp:127.0.0.1:0:2",
                                           "tcp:127.0.0.1:1:65536",
                                           "icmp:1.2.3.4:1:2",
                                           "udp:::1:1:2",
                                           "tcp:127.0.0.1:1:2:3",
                                           "tcp:[::1:1:2",
                                           "tcp:127.0.0.1:+1:2",
                                           "tcp:1.2.3:1:2"};
    for (size_t i = 0; i < sizeof(forwards) / sizeof(*forwards); i++) {
        char line[128];
        with_text("forward", forwards[i]);
        snprintf(line, sizeof(line), "/net: forward: \"%s\" is no port forward", forwards[i]);
        CHECK(refused(line));
    }
}

static void a1_destinations(void)
{
    static const char *const wrong[] = {"1.2.3.4", "everything", "[::1]", "10.0.0.0/8:0"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char line[128];
        with_text("reach", wrong[i]);
        snprintf(line, sizeof(line), "/net: reach: \"%s\" is no destination", wrong[i]);
        CHECK(refused(line));
    }
    with_text("reach", "10.0.0.0/8:443");
    CHECK(parse() && a.net.has_reach && a.net.n_reach == 1 && a.net.connections == 100);
    manifest_release(&a);
}

static void tap_needs_an_interface(void)
{
    with("/net", "forward", NULL, -1);
    CHECK(fdt_setprop_string(blob, node("/net"), "mode", "tap") == 0);
    CHECK(refused("/net: interface: has not 1 to 15 characters"));
    with("/net", "forward", NULL, -1);
    CHECK(fdt_setprop_string(blob, node("/net"), "mode", "tap") == 0);
    CHECK(fdt_setprop_string(blob, node("/net"), "interface", "0123456789abcdef") == 0);
    CHECK(refused("/net: interface: has not 1 to 15 characters"));
    CHECK(fdt_setprop_string(blob, node("/net"), "interface", "0123456789abcde") == 0);
    CHECK(parse() && a.net.mode == NET_TAP);
    manifest_release(&a);
}

static void wrong_indices(void)
{
    with_u32("/compartments/lib", "index", 2);
    CHECK(refused("/compartments/lib: index: 2 is not in 0..1"));
    with_u32("/compartments/lib", "index", 0);
    CHECK(refused("/compartments/app: index: 0 is taken twice"));
    with("/compartments/lib", "index", NULL, -1);
    CHECK(refused("/compartments/lib: index: missing"));
    with("/compartments/lib", "index", "12345678", 8);
    CHECK(refused("/compartments/lib: index: is 8 bytes long instead of 4"));
    sample_write(blob);
    CHECK(fdt_set_name(blob, node("/compartments/lib/exports/1"), "2") == 0);
    CHECK(refused("/compartments/lib/exports/2: the name has to be a number below 2"));
    sample_write(blob);
    CHECK(fdt_set_name(blob, node("/compartments/lib/exports/1"), "0") == 0);
    CHECK(refused("/compartments/lib/exports/0: 0 is taken twice"));
}

static void wrong_compartments(void)
{
    with("/compartments/app", "default", NULL, -1);
    CHECK(refused("/compartments: none is the default compartment"));
    with("/compartments/lib", "default", NULL, 0);
    CHECK(refused("/compartments/lib: default: app is the default compartment already"));
    with("/compartments/lib", "mechanism", "vm\0sgx", 7);
    CHECK(refused("/compartments/lib: mechanism: unknown value \"sgx\""));
    with("/compartments/lib", "mechanism", "vm\0vm", 6);
    CHECK(refused("/compartments/lib: mechanism: \"vm\" appears twice"));
    with("/compartments/lib", "mechanism", NULL, 0);
    CHECK(refused("/compartments/lib: mechanism: missing"));
    with_u64("/compartments/lib", "memory", 4097);
    CHECK(refused("/compartments/lib: memory: 0x1001 is no multiple of the page size"));
    with_u64("/compartments/lib", "memory", ~0ull & ~4095ull);
    CHECK(refused("/compartments/lib: memory: 0xfffffffffffff000 is not in 0x1000..0xe00000000"));
    with_u64("/compartments/lib", "stack", 1 << 30);
    CHECK(refused("/compartments/lib: stack: 8 stacks of 0x40000000 bytes exceed 0x40000000"));
    with_u32("/compartments/lib", "threads", 257);
    CHECK(refused("/compartments/lib: threads: 257 is not in 1..256"));
    with("/compartments/lib", "image-sha256", "xyz", 4);
    CHECK(refused("/compartments/lib: image-sha256: is not 64 hex digits"));
    sample_write(blob);
    CHECK(fdt_set_name(blob, node("/compartments/lib"), "a\"b") == 0);
    CHECK(refused("/compartments/a\"b: a name is 1 to 31 letters, digits, '_', '-' and '.'"));
}

static void wrong_functions(void)
{
    with_u64("/compartments/lib/exports/0", "direct", BH_COMPARTMENT_BASE(0) + BH_IMAGE_OFF);
    char line[200];
    snprintf(line, sizeof(line), "/compartments/lib/exports/0: direct: %#llx is not in %#llx..%#llx",
             BH_COMPARTMENT_BASE(0) + BH_IMAGE_OFF, BH_COMPARTMENT_BASE(1) + BH_IMAGE_OFF,
             BH_COMPARTMENT_BASE(1) + BH_SHARED_OFF - 1);
    CHECK(refused(line));
    with_u32("/compartments/app/imports/0", "compartment", 0);
    CHECK(refused("/compartments/app/imports/0: compartment: is the importing compartment itself"));
    with_u32("/compartments/app/imports/0", "compartment", 2);
    CHECK(refused("/compartments/app/imports/0: compartment: 2 is not in 0..1"));
    with_u32("/compartments/app/imports/0", "function", 2);
    CHECK(refused("/compartments/app/imports/0: function: 2 is not in 0..1"));
    with_u32("/compartments/app/imports/0", "function", 0);
    CHECK(refused("/compartments/app/imports/0: symbol: function 0 of lib is \"first\""));
}

static void wrong_shares_and_edges(void)
{
    with_u32("/shares/heap", "members", 2);
    CHECK(refused("/shares/heap: members: 2 is not below 2"));
    with_u32("/shares/heap", "members", 1);
    CHECK(refused("/shares/heap: members: \"everyone\" has to list all"));
    with("/shares/heap", "members", "\0\0\0\0\0\0\0", 8);
    CHECK(refused("/shares/heap: members: 0 appears twice"));
    with_u64("/shares/heap", "size", 4096);
    CHECK(refused("/shares/heap: size: less than a page for each of 2 members"));
    with_u32("/edges/app-lib", "to", 0);
    CHECK(refused("/edges/app-lib: functions: 1 is not below 0"));
    with_u32("/edges/app-lib", "to", 2);
    CHECK(refused("/edges/app-lib: to: 2 is not in 0..1"));
    with("/edges/app-lib", "data", "steal", 6);
    CHECK(refused("/edges/app-lib: data: unknown value \"steal\""));
    with_u64("/edges/app-lib", "arena", 1 << 28);
    CHECK(refused("/edges/app-lib: arena: 0x10000000 is not in 0..0xff00000"));
    with_u32("/edges/app-lib", "functions", 2);
    CHECK(refused("/edges/app-lib: functions: 2 is not below 2"));
}

static void test_a3_ports_of_an_edge(void)
{
    static const char *const wrong[] = {"80",     "tcp:",   "tcp:0",  "tcp:65536", "tcp:100000", "udp:2-1",
                                        "tcp:1-", "tcp:1x", "sctp:1", "tcp:-1",    "tcp:1-2-3",  ""};
    char line[100];
    sample_write(blob);
    CHECK(parse() && !a.edges[0].ports_listed && !a.edges[0].n_ports);
    manifest_release(&a);
    with("/edges/app-lib", "ports", "tcp:80\0udp:53-65535", 20);
    CHECK(parse() && a.edges[0].ports_listed && a.edges[0].n_ports == 2);
    CHECK(a.edges[0].ports[0].protocol == IPPROTO_TCP && a.edges[0].ports[0].first == 80 &&
          a.edges[0].ports[0].last == 80);
    CHECK(a.edges[0].ports[1].protocol == IPPROTO_UDP && a.edges[0].ports[1].first == 53 &&
          a.edges[0].ports[1].last == 65535);
    manifest_release(&a);
    with("/edges/app-lib", "ports", "", 0);
    CHECK(parse() && a.edges[0].ports_listed && !a.edges[0].n_ports);
    manifest_release(&a);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        with("/edges/app-lib", "ports", wrong[i], (int)strlen(wrong[i]) + 1);
        snprintf(line, sizeof(line), "/edges/app-lib: ports: \"%s\" are no ports", wrong[i]);
        CHECK(refused(line));
    }
    char many[33 * 6];
    for (int i = 0; i < 33; i++)
        memcpy(many + 6 * i, "tcp:1", 6);
    with("/edges/app-lib", "ports", many, sizeof(many));
    CHECK(refused("/edges/app-lib: ports: has 33 strings, at most 32 can be"));
}

static bool fresh_with(const char *inputs, int size)
{
    with("/", "inputs", inputs, size);
    return manifest_is_fresh(blob, sizeof(blob), "/");
}

static void freshness_follows_the_inputs(void)
{
    char path[] = "/tmp/bh-manifest-XXXXXX", stamp[200];
    int fd = mkstemp(path);
    struct stat st;
    CHECK(fd >= 0 && write(fd, "abc", 3) == 3 && fstat(fd, &st) == 0);
    int n = snprintf(stamp, sizeof(stamp), "%s\t%lld%09ld\t3", path, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    bool same = fresh_with(stamp, n + 1), relative = fresh_with(stamp + 1, n);
    bool cut = fresh_with(stamp, n), none = fresh_with("", 0);
    bool grown = write(fd, "d", 1) == 1 && fresh_with(stamp, n + 1);
    unlink(path);
    bool gone = !fresh_with(stamp, n + 1);
    close(fd);
    CHECK(same && relative);
    CHECK(!cut && !grown && gone && !none);
    CHECK(!fresh_with("nothing but a path", 19));
    CHECK(!manifest_is_fresh("rubbish", 7, "/"));
}

int main(void)
{
    RUN(good_manifest_is_read_whole);
    RUN(not_a_tree);
    RUN(cut_anywhere);
    RUN(wrong_root);
    RUN(wrong_net);
    RUN(a1_destinations);
    RUN(tap_needs_an_interface);
    RUN(wrong_indices);
    RUN(wrong_compartments);
    RUN(wrong_functions);
    RUN(wrong_shares_and_edges);
    RUN(test_a3_ports_of_an_edge);
    RUN(freshness_follows_the_inputs);
    return CHECK_RESULT();
}

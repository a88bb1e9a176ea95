/* Writes the sample manifest with libfdt.
 * SPDX-License-Identifier: BSD-3-Clause */
#include "unit/sample.h"

#include <libfdt.h>
#include <stdint.h>
#include <stdlib.h>

#include "rpc/map.h"

#define MUST(call)   \
    do {             \
        if (call) {  \
            abort(); \
        }            \
    } while (0)

static const char sha256[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static void compartment(void *fdt, const char *name, uint32_t index)
{
    MUST(fdt_begin_node(fdt, name));
    MUST(fdt_property_u32(fdt, "index", index));
    if (index == 0)
        MUST(fdt_property(fdt, "default", NULL, 0));
    MUST(fdt_property(fdt, "mechanism", "vm\0none", 8));
    MUST(fdt_property_u64(fdt, "memory", 1 << 20));
    MUST(fdt_property_u64(fdt, "stack", 1 << 16));
    MUST(fdt_property_u32(fdt, "threads", 8));
    MUST(fdt_property_string(fdt, "libraries", "some"));
    MUST(fdt_property_string(fdt, "image", index ? "/images/lib.elf" : "app.elf"));
    MUST(fdt_property_string(fdt, "image-sha256", sha256));
}

static void export(void *fdt, const char *number, const char *name, uint64_t address)
{
    MUST(fdt_begin_node(fdt, number));
    MUST(fdt_property_string(fdt, "symbol", name));
    MUST(fdt_property_string(fdt, "library", "some"));
    MUST(fdt_property_u64(fdt, "direct", address));
    MUST(fdt_property_u64(fdt, "dispatch", address + 16));
    MUST(fdt_end_node(fdt));
}

static void compartments(void *fdt)
{
    MUST(fdt_begin_node(fdt, "compartments"));
    compartment(fdt, "lib", 1);
    MUST(fdt_begin_node(fdt, "exports"));
    export(fdt, "1", "second", BH_COMPARTMENT_BASE(1) + BH_IMAGE_OFF + 0x2000);
    export(fdt, "0", "first", BH_COMPARTMENT_BASE(1) + BH_IMAGE_OFF + 0x1000);
    MUST(fdt_end_node(fdt));
    MUST(fdt_end_node(fdt));
    compartment(fdt, "app", 0);
    MUST(fdt_begin_node(fdt, "imports"));
    MUST(fdt_begin_node(fdt, "0"));
    MUST(fdt_property_string(fdt, "symbol", "second"));
    MUST(fdt_property_string(fdt, "library", "some"));
    MUST(fdt_property_u32(fdt, "compartment", 1));
    MUST(fdt_property_u32(fdt, "function", 1));
    MUST(fdt_end_node(fdt));
    MUST(fdt_end_node(fdt));
    MUST(fdt_end_node(fdt));
    MUST(fdt_end_node(fdt));
}

static void shares_and_edges(void *fdt)
{
    const fdt32_t both[2] = {0, cpu_to_fdt32(1)};
    MUST(fdt_begin_node(fdt, "shares"));
    MUST(fdt_begin_node(fdt, "heap"));
    MUST(fdt_property_u32(fdt, "index", 0));
    MUST(fdt_property_u64(fdt, "size", 1 << 20));
    MUST(fdt_property(fdt, "members", both, sizeof(both)));
    MUST(fdt_property(fdt, "everyone", NULL, 0));
    MUST(fdt_end_node(fdt));
    MUST(fdt_end_node(fdt));
    MUST(fdt_begin_node(fdt, "edges"));
    MUST(fdt_begin_node(fdt, "app-lib"));
    MUST(fdt_property_u32(fdt, "index", 0));
    MUST(fdt_property_u32(fdt, "from", 0));
    MUST(fdt_property_u32(fdt, "to", 1));
    MUST(fdt_property_string(fdt, "data", "strict"));
    MUST(fdt_property_string(fdt, "gate", "full"));
    MUST(fdt_property_u64(fdt, "arena", 1 << 18));
    MUST(fdt_property_u32(fdt, "functions", 1));
    MUST(fdt_end_node(fdt));
    MUST(fdt_end_node(fdt));
}

static void net(void *fdt)
{
    static const char forwards[] = "tcp:127.0.0.1:1:2\0udp:[::1]:65535:3";
    MUST(fdt_begin_node(fdt, "net"));
    MUST(fdt_property_u32(fdt, "compartment", 1));
    MUST(fdt_property_string(fdt, "mode", "user"));
    MUST(fdt_property_string(fdt, "address", "10.0.2.15/24"));
    MUST(fdt_property_string(fdt, "gateway", "10.0.2.2"));
    MUST(fdt_property_string(fdt, "address6", "auto"));
    MUST(fdt_property(fdt, "mac", "\x02\0\0\0\0\1", 6));
    MUST(fdt_property_u32(fdt, "mtu", 1500));
    MUST(fdt_property(fdt, "forward", forwards, sizeof(forwards)));
    MUST(fdt_property_u32(fdt, "connections", 100));
    MUST(fdt_end_node(fdt));
}

void sample_write(void *blob)
{
    MUST(fdt_create(blob, SAMPLE_MAX));
    MUST(fdt_finish_reservemap(blob));
    MUST(fdt_begin_node(blob, ""));
    MUST(fdt_property_string(blob, "compatible", "bulkhead,appliance-1"));
    MUST(fdt_property_string(blob, "appliance", "sample"));
    MUST(fdt_property_string(blob, "toml", "/src/compartments.toml"));
    MUST(fdt_property(blob, "args", "one\0two", 8));
    MUST(fdt_property_string(blob, "env", "HOME=/"));
    compartments(blob);
    shares_and_edges(blob);
    net(blob);
    MUST(fdt_end_node(blob));
    MUST(fdt_finish(blob));
    MUST(fdt_open_into(blob, blob, SAMPLE_MAX));
}

size_t sample_pack(void *blob)
{
    MUST(fdt_pack(blob));
    return fdt_totalsize(blob);
}

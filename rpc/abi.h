/* The contract between VMM and guest, all of it but for gates, statistics and protection keys.
 * SPDX-License-Identifier: BSD-3-Clause */
#ifndef BH_RPC_ABI_H
#define BH_RPC_ABI_H

#include "rpc/boot.h"
#include "rpc/hypercall.h"
#include "rpc/image.h"
#include "rpc/map.h"
#include "rpc/mount.h"
#include "rpc/net.h"
#include "rpc/report.h"
#include "rpc/version.h"

#endif

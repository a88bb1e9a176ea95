"""What a test may need from this computer: each function says why it is missing, or returns an empty text.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import shutil
import unittest


def why_no_kvm() -> str:
    device = os.environ.get("BULKHEAD_KVM", "/dev/kvm")
    return "" if os.access(device, os.R_OK | os.W_OK) else f"no access to {device}"


def why_not_root() -> str:
    return "" if os.geteuid() == 0 and shutil.which("unshare") else "needs root and unshare(1)"


def why_no_tun() -> str:
    return "" if os.path.exists("/dev/net/tun") else "no /dev/net/tun here"


def why_no_tap() -> str:
    """For in_a_namespace() of tests/support/server.py and a TAP interface in it."""
    if why_not_root() or not shutil.which("ip"):
        return "a network namespace needs root, unshare(1) and ip(8)"
    return why_no_tun()


def why_no_rig() -> str:
    missing = [name for name in ("qemu-system-x86_64", "busybox", "cpio") if shutil.which(name) is None]
    return f"{missing[0]} is not installed" if missing else ""


GUARDS = {"kvm": why_no_kvm, "root": why_not_root, "rig": why_no_rig}  # marker to function
needs_tun = unittest.skipIf(why_no_tun(), why_no_tun())

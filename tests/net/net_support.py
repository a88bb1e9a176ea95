"""What the tests of the network share: the bare driver's appliance, ports, TAP interfaces.

SPDX-License-Identifier: BSD-3-Clause
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build")
PROGRAM = str(BUILD / "bulkhead")
NETRAW = str(ROOT / "tests/guests/apps/netraw/compartments.toml")

TUNSETIFF, TUNSETPERSIST, TUNSETOWNER = 0x400454CA, 0x400454CB, 0x400454CC
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 2, 0x1000, 0x4000

needs_kvm = unittest.skipUnless(
    os.access(os.environ.get("BULKHEAD_KVM", "/dev/kvm"), os.R_OK | os.W_OK), "no KVM here"
)
needs_namespaces = unittest.skipUnless(
    os.geteuid() == 0 and shutil.which("unshare"), "needs root and unshare(1)"
)
needs_tun = unittest.skipUnless(os.path.exists("/dev/net/tun"), "no /dev/net/tun here")


def command(*arguments: str, sets: tuple[str, ...] = ()) -> list[str]:
    """The bare driver's appliance with these arguments for the guest."""
    options = [part for item in sets for part in ("--set", item)]
    return [PROGRAM, "run", *options, NETRAW, "--", *arguments]


def run(*arguments: str, sets: tuple[str, ...] = (), before: tuple[str, ...] = ()):
    return subprocess.run(
        [*before, *command(*arguments, sets=sets)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_tap(name: str, persistent_for: int | None = None) -> int:
    """A new TAP interface; it is gone with the descriptor unless it is persistent for a user."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    if persistent_for is not None:
        fcntl.ioctl(fd, TUNSETOWNER, persistent_for)
        fcntl.ioctl(fd, TUNSETPERSIST, 1)
    return fd


def remove_tap(name: str) -> None:
    fd = open_tap(name)
    fcntl.ioctl(fd, TUNSETPERSIST, 0)
    os.close(fd)

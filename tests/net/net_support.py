"""What the tests of the network share: the bare driver's appliance, ports, TAP interfaces.

SPDX-License-Identifier: BSD-3-Clause
"""

import fcntl
import os
import struct
import subprocess

from tests.support.paths import GUESTS, PROGRAM

NETRAW = str(GUESTS / "netraw/compartments.toml")

TUNSETIFF, TUNSETPERSIST, TUNSETOWNER = 0x400454CA, 0x400454CB, 0x400454CC
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 2, 0x1000, 0x4000


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

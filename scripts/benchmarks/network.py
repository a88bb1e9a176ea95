"""Where servers and their clients meet: a pair of network namespaces, or this machine's loopback.

SPDX-License-Identifier: BSD-3-Clause

Mode `tap`: clients run in one namespace. Appliances have TAP interfaces in it, the native server sits
in a second namespace behind a veth pair. Both need root. Mode `user`: appliances forward a port of the
loopback interface (libslirp), the native server listens there itself.
"""

import ctypes
import dataclasses
import os
import pathlib
import socket
import subprocess

from . import common
from .servers import Server

CLONE_NEWNET = 0x40000000
NATIVE, ONE, OWN = "native", "one VM", "own VM"
WAYS = (NATIVE, ONE, OWN)
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass
class Service:
    """What is served: by an appliance, and natively."""

    toml: pathlib.Path
    port: int             # in the guest
    native: list[str]     # {port}, {host}: where it shall listen
    arguments: list[str]  # of the appliance's application; empty: those of its file
    ways: tuple[str, ...] = WAYS
    # {way: (TOML, --set options)} of ways other than those of WAYS.
    appliances: dict = dataclasses.field(default_factory=dict)


def raise_errno(what):
    error = ctypes.get_errno()
    raise common.BenchError(f"{what}: {os.strerror(error)}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Place:
    """How to start the ways to serve in one mode, and where clients find them."""

    def __init__(self, args, service):
        self.args, self.service = args, service

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        pass

    def appliance(self, way, sets):
        own = ["compartments.net.mechanism=none"] if way == ONE else []
        toml, more = self.service.appliances.get(way, (self.service.toml, own))
        options = [part for item in (*sets, *more) for part in ("--set", item)]
        command = [common.bulkhead(self.args), "run", *options, str(toml)]
        return command + (["--", *self.service.arguments] if self.service.arguments else [])

    def native(self, host, port):
        return [word.format(host=host, port=port) for word in self.service.native]


class Loopback(Place):
    mode = "user"

    def server(self, way, port=None):
        """Always on the same `port`: the appliance is composed anew only at the first start."""
        port = port or free_port()
        if way == NATIVE:
            return Server(way, self.native("127.0.0.1", port), "127.0.0.1", port, self.args)
        sets = ["net.mode=user", f'net.forward=["{port}:{self.service.port}"]']
        return Server(way, self.appliance(way, sets), "127.0.0.1", port, self.args)


class Namespaces(Place):
    """Within the `with` block this thread, and what it starts, is in the clients' namespace."""

    mode = "tap"

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.servers = self.new()
        ip("link", "set", "lo", "up")
        self.clients = self.new()
        ip("link", "set", "lo", "up")
        ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns",
           path(self.servers))
        ip("addr", "add", "10.77.0.1/24", "dev", "veth0")
        ip("link", "set", "veth0", "up")
        far = ["nsenter", "--net=" + path(self.servers), "ip"]
        subprocess.run([*far, "addr", "add", "10.77.0.2/24", "dev", "veth1"], check=True)
        subprocess.run([*far, "link", "set", "veth1", "up"], check=True)
        return self

    def new(self):
        if LIBC.unshare(CLONE_NEWNET):
            raise_errno("cannot make a network namespace")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def __exit__(self, *unused):
        if LIBC.setns(self.home, CLONE_NEWNET):
            raise_errno("cannot return to the network namespace of before")
        for fd in (self.home, self.servers, self.clients):
            os.close(fd)

    def server(self, way):
        port = self.service.port
        if way == NATIVE:
            command = ["nsenter", "--net=" + path(self.servers), "--",
                       *self.native("10.77.0.2", port)]
            return Server(way, command, "10.77.0.2", port, self.args)
        net = 1 + self.service.ways.index(way)
        sets = ["net.mode=tap", f"net.interface=tap{net}", f'net.address="10.77.{net}.2/24"',
                f'net.gateway="10.77.{net}.1"']
        return Server(way, self.appliance(way, sets), f"10.77.{net}.2", port, self.args)


def path(fd):
    return f"/proc/{os.getpid()}/fd/{fd}"


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise common.BenchError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def places(args, service):
    """The places that can be had here; says which cannot."""
    if args.mode != "user" and os.geteuid():
        line = "mode tap needs root: network namespaces, TAP and veth interfaces"
        if args.mode == "tap":
            raise common.BenchError(line)
        print(f"left out: {line}\n")
    elif args.mode != "user":
        yield Namespaces(args, service)
    if args.mode != "tap":
        yield Loopback(args, service)


def in_turns(servers, number):
    """The order of round `number`: another one is first each time."""
    first = number % len(servers)
    return servers[first:] + servers[:first]

"""The appliance that a valid compartments.toml describes; immutable, indices in file order.

SPDX-License-Identifier: BSD-3-Clause
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was when it was read; another mtime or size means that it changed since."""

    path: str  # absolute, symbolic links resolved
    mtime_ns: int
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Application:
    name: str
    args: tuple[str, ...]  # without the program's name
    env: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Compartment:
    index: int
    name: str
    default: bool  # holds the application
    mechanisms: tuple[str, ...]  # in order of preference, never empty: "vm", "mpk", "none"
    vm: str | None  # group of "mpk" and "none"; None: the VM of the default compartment
    memory: int  # bytes of heap
    stack: int  # bytes of one thread's stack
    threads: int
    hardening: tuple[str, ...]
    libraries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports at which a caller of the network may listen."""

    protocol: str  # "tcp" or "udp"
    first: int
    last: int

    @property
    def text(self) -> str:
        """As a TOML file could write it, with every part."""
        last = "" if self.last == self.first else f"-{self.last}"
        return f"{self.protocol}:{self.first}{last}"

    def overlaps(self, other: "PortRange") -> bool:
        same = self.protocol == other.protocol
        return same and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Edge:
    index: int
    caller: int  # compartment index
    callee: int  # compartment index
    data: str  # "share", "copy" or "strict"
    gate: str  # "full" or "light"
    arena: int  # bytes
    functions: tuple[str, ...] | None  # None: those that the caller's code uses
    ports: tuple[PortRange, ...] | None = None  # None: those that no other edge has


@dataclass(frozen=True, slots=True)
class Share:
    index: int
    name: str
    size: int  # bytes
    members: tuple[int, ...]  # compartment indices, ascending
    everyone: bool  # members = "*"


@dataclass(frozen=True, slots=True)
class Forward:
    """A port of the host whose connections reach a port of the guest."""

    protocol: str  # "tcp" or "udp"
    host: IPv4Address | IPv6Address
    host_port: int
    guest_port: int

    @property
    def text(self) -> str:
        """As a TOML file could write it, with every part."""
        host = f"[{self.host}]" if self.host.version == 6 else str(self.host)
        return f"{self.protocol}:{host}:{self.host_port}:{self.guest_port}"

    def clashes(self, other: "Forward") -> bool:
        """Whether the host cannot listen for both."""
        hosts = (self.host, other.host)
        return (
            (self.protocol, self.host_port) == (other.protocol, other.host_port)
            and self.host.version == other.host.version
            and (hosts[0] == hosts[1] or any(host.is_unspecified for host in hosts))
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """A destination that the appliance may open connections to."""

    network: IPv4Network | IPv6Network | None  # None: everything but the host
    port: int | None  # None: all, and what has no ports

    @property
    def text(self) -> str:
        """As a TOML file could write it, with every part."""
        if self.network is None:
            return "world"
        address, prefix = self.network.network_address, self.network.prefixlen
        network = f"[{address}]/{prefix}" if self.network.version == 6 else f"{address}/{prefix}"
        return network if self.port is None else f"{network}:{self.port}"


@dataclass(frozen=True, slots=True)
class Net:
    """The network device."""

    compartment: int  # index of the one that sees it
    mode: str  # "user" or "tap"
    interface: str | None  # "tap": of the host
    address: str  # "dhcp" or "A.B.C.D/N"
    gateway: str | None
    dns: str | None
    address6: str  # "auto", "none" or "X::Y/N"
    mac: bytes
    mtu: int
    hostname: str
    forward: tuple[Forward, ...]
    reach: tuple[Reach, ...] | None  # None: the key is not there
    connections: int  # "user": sockets of the host at a time


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory of the host in the file system."""

    name: str
    compartment: int  # index of the one with the file system
    path: str  # in the appliance
    directory: str  # of the host; relative: to where bulkhead is started
    read_only: bool
    create: bool  # make the directory if it is not there
    size: int | None  # bytes that it may hold


@dataclass(frozen=True, slots=True)
class Appliance:
    name: str
    toml: Stamp
    application: Application
    compartments: tuple[Compartment, ...]
    edges: tuple[Edge, ...]
    shares: tuple[Share, ...]
    net: Net | None
    mounts: tuple[Mount, ...] = ()  # parents first

    @property
    def default(self) -> Compartment:
        return next(c for c in self.compartments if c.default)

    def edge_name(self, edge: Edge) -> str:
        """FROM-TO: what --set and the manifest call it; unique in an appliance."""
        return f"{self.compartments[edge.caller].name}-{self.compartments[edge.callee].name}"

    @property
    def memory(self) -> int:
        """Bytes of all heaps and shares."""
        return sum(c.memory for c in self.compartments) + sum(s.size for s in self.shares)

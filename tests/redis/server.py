"""A Redis appliance on a free port, and a small client of its protocol.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import signal
import socket
import tempfile
import weakref
from pathlib import Path

from tests.support import appliances
from tests.support.paths import ROOT
from tests.support.server import Server as Base
from tests.support.server import free_port

# Over a TAP interface, which the VMM creates in the network namespace.
TAP_GUEST, TAP_HOST, TAP_INTERFACE, TAP_MAC = "10.0.2.15", "10.0.2.2", "bulkhead0", bytes.fromhex("020000000307")
TAP_SETS = ("net.mode=tap", f'net.address="{TAP_GUEST}/24"', f'net.gateway="{TAP_HOST}"',
            f'net.mac="{TAP_MAC.hex(":")}"')  # fmt: skip


class Client:
    def __init__(self, port: int, timeout: float = 20, host: str = "127.0.0.1", receive_buffer: int = 0,
                 source_port: int = 0):  # fmt: skip
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if source_port:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(("127.0.0.1", source_port))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect((host, port))
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def send(self, *words) -> None:
        parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        data = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
        self.socket.sendall(data)

    def receive(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.file.read(int(rest) + 2)
            return data[:-2]
        return None if rest == b"-1" else [self.receive() for _ in range(int(rest))]

    def __call__(self, *words):
        self.send(*words)
        return self.receive()

    def info(self, section: str) -> dict[str, str]:
        lines = self("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def ask_netwatch(address: tuple[str, int]) -> dict[str, int]:
    """What the network compartment has in use: tests/guests/libs/netwatch."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        for _ in range(10):
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                s.sendto(b"?", address)
                return {name: int(value) for name, value in (w.split("=") for w in s.recv(1000).decode().split())}
    raise AssertionError("netwatch does not answer")


def write_toml(folder: Path, *forwards: str, watch: bool = False, name: str = "compartments.toml") -> Path:
    """A copy of one of Redis's TOML files in `folder`; `watch`: with netwatch in the network compartment."""
    text = (ROOT / "guest/apps/redis" / name).read_text()
    # Lists, which --set cannot replace.
    text = text.replace('["6379:6379"]', str(list(forwards)).replace("'", '"'))
    if watch:
        text = text.replace('["lwip"]', '["lwip", "netwatch"]')
    toml = folder / name
    toml.write_text(text)
    return toml


class Server(Base):
    """Runs guest/apps/redis with its port 6379 forwarded to `port`; `watch`: used() can be asked. `tap`: over a TAP
    interface instead, at `host`; for a network namespace of one's own (in_a_namespace())."""

    def __init__(self, *arguments: str, options: tuple[str, ...] = (), watch: bool = False, tap: bool = False,
                 toml: str = "compartments.toml"):
        self.directory = tempfile.TemporaryDirectory()
        self.clients: weakref.WeakSet[Client] = weakref.WeakSet()
        if tap:
            self.host, self.port, self.watch_port = TAP_GUEST, 6379, 9
            options += tuple(word for value in TAP_SETS for word in ("--set", value))
            forwards = []
        else:
            self.host, self.port, self.watch_port = "127.0.0.1", free_port(), free_port(socket.SOCK_DGRAM)
            forwards = [f"{self.port}:6379"] + [f"udp:{self.watch_port}:9"] * watch
        toml = write_toml(Path(self.directory.name), *forwards, watch=watch, name=toml)
        if arguments:
            arguments = ("/etc/redis.conf", *arguments)
        command = [*appliances.command(str(toml), *options), *arguments]
        if not arguments:
            command.pop()
        super().__init__(command)

    def answers(self) -> bool:
        with contextlib.suppress(OSError), self.client(2) as client:
            return client("PING") == "PONG"
        return False

    def used(self) -> dict[str, int]:
        """What the network compartment has in use."""
        return ask_netwatch((self.host, self.watch_port))

    def client(self, timeout: float = 20, receive_buffer: int = 0, source_port: int = 0) -> Client:
        client = Client(self.port, timeout, self.host, receive_buffer, source_port)
        self.clients.add(client)
        return client

    def close_clients(self, *but: Client) -> None:
        """Closes all clients but these, whatever else refers to them, such as the traceback of a test that failed."""
        for client in list(self.clients):
            if client not in but:
                client.close()

    def __call__(self, *words):
        """One command on a connection of its own."""
        with self.client() as client:
            return client(*words)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Exit status."""
        status = super().stop(number)
        self.directory.cleanup()
        return status

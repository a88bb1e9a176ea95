"""An nginx appliance on a free port, with a folder of the host as its site.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import http.client
import os
import socket
from pathlib import Path

from tests.support import appliances
from tests.support.processes import children_of
from tests.support.server import Server as Base
from tests.support.server import free_port

APP = "guest/apps/nginx"
PATIENCE = 60  # seconds for one answer


class Server(Base):
    """Serves `site`; `arguments` are nginx's, `options` bulkhead's. What it logged is in output() and errors()."""

    def __init__(self, site: Path, *arguments: str, options: tuple[str, ...] = (), toml: str = "compartments.toml"):
        self.port = free_port()
        options += ("--set", f'net.forward=["{self.port}:8080"]', "--set", f"mounts.www.directory={site}")
        super().__init__([*appliances.command(f"{APP}/{toml}", *options), *arguments])

    def answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException), self.connect(5) as client:
            client.request("GET", "/")
            client.getresponse().read()
            return True
        return False

    def connect(self, timeout: float = PATIENCE):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout))

    def raw(self, receive_buffer: int = 0) -> socket.socket:
        s = socket.socket()
        s.settimeout(PATIENCE)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.connect(("127.0.0.1", self.port))
        return s

    def get(self, path: str, method: str = "GET", **headers: str):
        """(status, headers, body) of one request on a connection of its own."""
        with self.connect() as client:
            client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = client.getresponse()
            return answer.status, answer.headers, answer.read()

    def processes(self) -> list[int]:
        return [self.process.pid, *children_of(self.process.pid)]

    def resident(self) -> int:
        """Bytes of all processes."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.processes())
        return pages * os.sysconf("SC_PAGE_SIZE")

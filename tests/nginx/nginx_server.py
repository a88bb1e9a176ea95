"""An nginx appliance on a free port, with a folder of the host as its site.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "apps"))

import appliances  # noqa: E402  (needs the path)

APP = "guest/apps/nginx"
START_LIMIT = 30  # seconds
PATIENCE = 60  # seconds for one answer


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """Serves `site`; `arguments` are nginx's, `options` bulkhead's. What it logged is in output() and errors()."""

    def __init__(self, site: Path, *arguments: str, options: tuple[str, ...] = (), toml: str = "compartments.toml"):
        self.port = free_port()
        self.logs = tempfile.TemporaryFile("w+", errors="replace"), tempfile.TemporaryFile("w+", errors="replace")
        options += ("--set", f'net.forward=["{self.port}:8080"]', "--set", f"mounts.www.directory={site}")
        command = [*appliances.command(f"{APP}/{toml}", *options), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.logs[0], stderr=self.logs[1])
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException), self.connect(5) as client:
                client.request("GET", "/")
                client.getresponse().read()
                return
            time.sleep(0.05)
        raise AssertionError(f"no answer\n{self.errors()}")

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
        top = self.process.pid
        return [top, *map(int, Path(f"/proc/{top}/task/{top}/children").read_text().split())]

    def resident(self) -> int:
        """Bytes of all processes."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.processes())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def text(self, log) -> str:
        log.seek(0)
        return log.read()

    def output(self) -> str:
        return self.text(self.logs[0])

    def errors(self) -> str:
        return self.text(self.logs[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def close(self) -> None:
        self.stop()
        for log in self.logs:
            log.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

"""Request bodies that nginx does not want: it reads and forgets them, and nobody waits.

SPDX-License-Identifier: BSD-3-Clause
"""

import time
from pathlib import Path

import pytest

from tests.nginx.nginx_server import Server

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

LINGERING = 5  # seconds for which nginx waits for the rest of a body (lingering_timeout)
ATTEMPTS = 3  # on a busy computer


@pytest.fixture(name="server", scope="module")
def running_server(tmp_path_factory: pytest.TempPathFactory):
    site: Path = tmp_path_factory.mktemp("site")
    (site / "index.html").write_text("hello\n")
    with Server(site) as server:
        yield server


def exchange(server: Server, method: str, size: int) -> tuple[bytes, float]:
    """The answer, and the seconds until the connection's end."""
    start = time.monotonic()
    with server.raw() as client:
        head = f"{method} /index.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
        client.sendall(head.encode() + bytes(size))
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer, time.monotonic() - start


@pytest.mark.parametrize(("method", "size", "status"), [("GET", 900000, b"200"), ("POST", 900000, b"405"),
                                                        ("POST", 20000000, b"413")])  # fmt: skip
def test_b2_unwanted_body(server: Server, method: str, size: int, status: bytes):
    times = []
    for _ in range(ATTEMPTS):
        answer, took = exchange(server, method, size)
        assert answer.startswith(b"HTTP/1.1 " + status)
        times.append(took)
        if took < LINGERING:
            break
    assert min(times) < LINGERING, f"the answer ended after {times} seconds"

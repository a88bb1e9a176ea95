"""An appliance that serves clients on this computer, and what tests of the network share.

SPDX-License-Identifier: BSD-3-Clause
"""

import signal
import socket
import subprocess
import tempfile
import time


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_a_namespace(*command: str) -> list[str]:
    """The command in a network namespace of its own, where the loopback interface works."""
    return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "-", *command]


class Server:
    """Starts the command and returns when it answers. What it printed is in output() and errors()."""

    start_limit = 30  # seconds

    def __init__(self, command: list[str]):
        self.logs = tempfile.TemporaryFile("w+", errors="replace"), tempfile.TemporaryFile("w+", errors="replace")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.logs[0], stderr=self.logs[1])
        try:
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise

    def answers(self) -> bool:
        """Whether it is ready for clients."""
        raise NotImplementedError

    def wait_until_ready(self) -> None:
        end = time.monotonic() + self.start_limit
        while time.monotonic() < end and self.process.poll() is None:
            if self.answers():
                return
            time.sleep(0.05)
        raise AssertionError(f"no answer\n{self.output()}{self.errors()}")

    def output(self) -> str:
        return text_of(self.logs[0])

    def errors(self) -> str:
        return text_of(self.logs[1])

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

    def __exit__(self, *_):
        self.close()


def text_of(log) -> str:
    log.seek(0)
    return log.read()

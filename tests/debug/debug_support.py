"""Appliances that GDB debugs: starting both, Redis's protocol, and a client of GDB's protocol.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tests.support.paths import PROGRAM, ROOT
from tests.support.server import free_port

REDIS = "guest/apps/redis/compartments.toml"
HELLO = "guest/apps/hello/compartments.toml"
HELD = "tests/guests/apps/held/compartments.toml"


class DebugTest(unittest.TestCase):
    """Each test has a runtime directory of its own; what it started is ended with it."""

    time_limit = 120

    @classmethod
    def setUpClass(cls):
        if not shutil.which("gdb"):
            raise unittest.SkipTest("no gdb: run scripts/setup")

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="bh-debug-"))
        self.addCleanup(shutil.rmtree, self.directory, True)
        self.env = {**os.environ, "BULKHEAD_RUNTIME_DIR": str(self.directory / "run"), "TERM": "dumb"}

    def end(self, child: subprocess.Popen) -> None:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream:
                stream.close()

    def start(self, toml: str, *options: str, gdb: bool = False) -> subprocess.Popen:
        """An appliance; returns once GDB could connect to it."""
        self.toml = toml
        command = [PROGRAM, "run", toml, *(["--gdb"] if gdb else []), *options]
        child = subprocess.Popen(command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, child)
        self.wait_for(lambda: child.poll() is not None or self.socket(child), "the debugger's socket")
        return child

    def socket(self, child: subprocess.Popen) -> str:
        """Path of the appliance's socket, or nothing yet."""
        for path in (self.directory / "run").glob(f"*-{child.pid}/gdb.sock"):
            return str(path)
        return ""

    def wait_for(self, condition, what: str, seconds: float = 30):
        end = time.monotonic() + seconds
        while not (result := condition()):
            self.assertLess(time.monotonic(), end, f"waited in vain for {what}")
            time.sleep(0.02)
        return result

    def start_redis(self, *options: str, gdb: bool = False) -> subprocess.Popen:
        self.port = free_port()
        child = self.start(REDIS, "--set", f'net.forward=["{self.port}:6379"]', *options, gdb=gdb)
        if not gdb:
            self.wait_for(lambda: self.ping(), "Redis")
        return child

    def ping(self, timeout: float = 30) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as s:
                s.sendall(b"PING\r\n")
                return s.recv(64) == b"+PONG\r\n"
        except OSError:
            return False

    def say(self, line: str) -> bytes:
        """Redis's answer to an inline command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as s:
            s.sendall(line.encode() + b"\r\n")
            return s.recv(4096)

    def gdb_command(self, *commands: str, compartment: str = "net", before=()) -> list[str]:
        """Real GDB, in batch mode, on the appliance that was started last."""
        words = [PROGRAM, "gdb", self.toml, compartment, "--", "-nx", "-batch"]
        words += [word for command in ("set width 0", "set confirm off", *commands) for word in ("-ex", command)]
        return words

    def gdb(self, *commands: str, compartment: str = "net", during=None, seconds: float = 60) -> str:
        """What GDB prints. `during`: called while it runs."""
        child = subprocess.Popen(self.gdb_command(*commands, compartment=compartment), cwd=ROOT, env=self.env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, child)
        if during:
            during(child)
        try:
            return child.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            self.fail("GDB did not end:\n" + child.communicate()[0][-3000:])

    def assert_in_order(self, text: str, *patterns: str) -> None:
        at = 0
        for pattern in patterns:
            found = re.compile(pattern, re.M).search(text, at)
            self.assertTrue(found, f"no {pattern!r} from here on:\n{text[at:][:4000]}\nall of it:\n{text}")
            at = found.end()

    def finish(self, child: subprocess.Popen, status: int = 0, seconds: float = 30) -> tuple[str, str]:
        out, err = child.communicate(timeout=seconds)
        self.assertEqual(child.returncode, status, err)
        return out, err


class NonStop:
    """Real GDB in non-stop mode, spoken to line by line."""

    def __init__(self, test: DebugTest):
        script = next(test.directory.glob("run/*/gdb.script"))
        self.test, self.text = test, ""
        self.child = subprocess.Popen(
            ["gdb", "-nx", "-q", "-ex", "set width 0", "-ex", "set confirm off", "-ex", "set non-stop on",
             "-x", str(script)],
            cwd=ROOT, env=test.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        test.addCleanup(test.end, self.child)
        os.set_blocking(self.child.stdout.fileno(), False)
        self.say("", r"\(gdb\)")

    def say(self, line: str, pattern: str) -> str:
        """Types a line; waits until what is printed from then on matches."""
        self.text = ""
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        self.test.wait_for(lambda: self.heard(pattern), f"{pattern!r} after {line!r}", 30)
        return self.text

    def heard(self, pattern: str) -> bool:
        try:
            self.text += os.read(self.child.stdout.fileno(), 65536).decode(errors="replace")
        except BlockingIOError:
            pass
        if self.child.poll() is not None:
            self.test.fail(f"GDB ended:\n{self.text}")
        return re.search(pattern, self.text) is not None


class Session:
    """GDB's side of the remote protocol, for what GDB itself never sends."""

    def __init__(self, path: str):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.buffer = b""

    def close(self) -> None:
        self.socket.close()

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, packet: str) -> None:
        data = packet.encode("latin-1")
        self.send_raw(b"$%s#%02x" % (data, sum(data) & 255))

    def byte(self) -> bytes:
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError("the other end closed the connection")
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def receive(self, lead: bytes = b"$") -> str:
        while (byte := self.byte()) != lead:
            if byte == b"-":
                return "-"
        data = b""
        while (byte := self.byte()) != b"#":
            data += byte
        check = self.byte() + self.byte()
        assert int(check, 16) == sum(data) & 255, "wrong check sum"
        self.send_raw(b"+")
        return data.decode("latin-1")

    def ask(self, packet: str) -> str:
        self.send(packet)
        return self.receive()

    def quiet(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        return not self.buffer and not select.select([self.socket], [], [], seconds)[0]

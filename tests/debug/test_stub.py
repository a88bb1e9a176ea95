"""The debugger's socket against a client that is no GDB: rubbish, and what GDB itself never asks.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import socket

import pytest

from tests.debug.debug_support import HELLO, DebugTest, Session
from tests.support.server import free_port

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

RUBBISH = (b"", b"$", b"$#00", b"+-+-", b"\x00" * 50, b"}}}}", b"$g#ff", b"$}#7d", b"$vCont;#d8",
           b"$" + b"x" * 40000 + b"#00", b"#" * 100, b"\xff" * 1000)
PACKETS = ("vCont;", "vCont;c:", "vCont;c:pffffffff.1", "vCont;x", "vCont;C", "vCont;r1", "Hg", "Hgp", "Hx1", "m", "m,",
           "m1", "mffffffffffffffff,ffffffffffffffff", "m0,1", "M0,1:00", "M110000100000,5:00", "X0,5:a", "G00", "G",
           "P", "P0", "P0=", "Pff=00", "P10=ffffffffffffff7f", "p", "pff", "Z", "Z0", "Z0,0,1", "Z9,0,0", "z0,1,1",
           "Z0,ffffffffffffffff,1", "Z0,400000000000,1", "qXfer:features:read:target.xml:", "qXfer:features:read:x:0,1",
           "qXfer:threads:read::0,0", "qXfer:exec-file:read:99:0,10", "qXfer:memory-map:read::0,10", "qRcmd,",
           "qRcmd,zz", "qRcmd,68656c7", "T", "Tp9.9", "T-1", "vAttach;", "vAttach;0", "vAttach;ffff", "vKill;",
           "vKill;77", "D;", "D;99", "qCRC:0,1", "Q", "v", "nonsense", "s", "c", "S05", "qSearch:memory:0;1;a")


class Stub(DebugTest):
    def connect(self, child) -> Session:
        session = Session(self.socket(child))
        self.addCleanup(session.close)
        return session

    def test_malformed_packets(self):
        """Whatever comes, the next proper packet is answered, and the appliance goes on afterwards."""
        hello = self.start(HELLO, gdb=True)
        session = self.connect(hello)
        self.assertIn("multiprocess+", session.ask("qSupported"))
        self.assertRegex(session.ask("?"), r"^T05thread:p1\.1;")
        for data in RUBBISH:
            session.send_raw(data)
            session.send_raw(b"#00")  # ends what was begun
            self.assertRegex(self.last(session), "QCp")
        for packet in PACKETS:
            answer = session.ask(packet)
            self.assertRegex(answer, r"^($|E[0-9a-f]{2}|OK|[lmO]|[0-9a-f]+$)", packet)
            while answer.startswith("O") and answer != "OK":
                answer = session.receive()
        self.assertEqual(session.ask("Hgp1.1"), "OK")
        self.assertEqual(len(session.ask("g")), 2 * 808)
        session.close()
        out, _ = self.finish(hello)
        self.assertIn("The secret is still 1234", out)

    def last(self, session) -> str:
        """The answer to qC, behind whatever else is answered."""
        session.send("qC")
        while not (answer := session.receive()).startswith("QC"):
            pass
        return answer

    def test_second_debugger(self):
        """There is one at a time; the next is welcome when it is gone."""
        hello = self.start(HELLO, gdb=True)
        first = self.connect(hello)
        self.assertRegex(first.ask("?"), "^T05")
        second = self.connect(hello)
        with self.assertRaises((EOFError, OSError)):
            second.ask("?")
        self.assertRegex(first.ask("qC"), "^QCp1")
        first.close()
        out, _ = self.finish(hello)
        self.assertIn("The secret is still 1234", out)

    def test_out_of_reach(self):
        """A VM's registers and memory are its own: an address of another compartment is not there."""
        hello = self.start(HELLO, gdb=True)
        session = self.connect(hello)
        session.ask("?")
        self.assertEqual(session.ask("Hgp1.1"), "OK")
        self.assertRegex(session.ask("m110000100000,8"), "^[0-9a-f]{16}$")  # its image
        self.assertEqual(session.ask("m111000100000,8"), "E14")             # the library's
        self.assertEqual(session.ask("M300000100000,1:ff"), "E01")          # the status page is the supervisor's
        session.close()
        self.finish(hello)

    def test_only_its_user(self):
        """The socket's directory is the user's own; a port is 127.0.0.1's."""
        port = free_port()
        hello = self.start(HELLO, f"--gdb={port}")
        path = self.socket(hello)
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
        local = socket.create_connection(("127.0.0.1", port), timeout=20)
        local.sendall(b"$?#3f")
        answer = b""
        while b"#" not in answer:
            answer += local.recv(4096)
        self.assertIn(b"T05thread:p1.1", answer)
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        for other in {info[4][0] for info in found} - {"127.0.0.1"}:
            with self.assertRaises(OSError):
                socket.create_connection((other, port), timeout=2)
        local.close()
        self.finish(hello)

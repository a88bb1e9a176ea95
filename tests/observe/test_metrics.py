"""run --metrics: counters for Prometheus.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.observe.observe_support import BENCH, ObserveTest
from tests.support.paths import PROGRAM

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]


class Metrics(ObserveTest):
    time_limit = 60

    def test_port(self):
        child = subprocess.Popen([PROGRAM, "run", str(BENCH), "--metrics", "0"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                 env=self.env)
        self.appliances.adopt(child)
        url = re.fullmatch(rb"bulkhead: metrics on (http://127\.0\.0\.1:\d+/metrics)\n",
                           child.stderr.readline())[1].decode()
        self.measure(child, "args0", 500)
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
            text = answer.read().decode()
        for line in text.splitlines():
            self.assertRegex(line, r'\A(# (HELP|TYPE) bulkhead_\w+ .+|bulkhead_\w+\{[^{}]*\} [-+0-9.e]+)\Z')
        found = re.search(r'(?m)^bulkhead_gate_calls_total\{appliance="bench",from="app",to="lib"\} (\d+)$', text)
        self.assertGreaterEqual(int(found[1]), 500)
        buckets = [int(n) for n in re.findall(r"(?m)^bulkhead_gate_latency_seconds_bucket\{.*\} (\d+)$", text)]
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(buckets[-1], -(-int(found[1]) // 8))  # BH_STATS_TIMED
        self.assertRegex(text, r'(?m)^bulkhead_vm_cpu_seconds_total\{appliance="bench",vm="1",compartments="lib"\} ')
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + "/no", timeout=10)
        self.assertEqual(refused.exception.code, 404)
        child.communicate(timeout=20)
        self.assertEqual(child.returncode, 0)
        with self.assertRaises(OSError):
            urllib.request.urlopen(url, timeout=5)

    def test_socket(self):
        path = self.scratch / "metrics.sock"
        child = self.bench("--metrics", str(path))
        self.measure(child, "args0", 1)
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(path))
            s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            answer = b""
            while more := s.recv(65536):
                answer += more
        self.assertTrue(answer.startswith(b"HTTP/1.0 200 OK\r\n"))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_wrong_places(self):
        for where, words in (("99999", "a port is at most 65535"), ("word", "has to be a port number or a path"),
                             ("/nonexistent/x", "cannot listen there")):
            with self.subTest(where=where):
                done = self.bulkhead("run", str(BENCH), "--metrics", where)
                self.assertIn(done.returncode, (2, 3))
                self.assertRegex(done.stderr, rf"\Abulkhead: error: --metrics {where}: .*{words}.*\n\Z")

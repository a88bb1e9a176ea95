"""bulkhead top: what it counts, what it finds, and that it sees nothing it should not.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import re
import socket
import subprocess
import time
import urllib.request

import pytest

from tests.observe.observe_support import ObserveTest
from tests.support.paths import PROGRAM, ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

REDIS = str(ROOT / "guest/apps/redis/compartments.toml")


class Top(ObserveTest):
    time_limit = 60

    def test_calls_and_bytes_are_counted(self):
        child = self.bench()
        self.measure(child, "args0", 1000)
        (first,) = self.totals()
        (edge,) = first["edges"]
        self.assertEqual((edge["from"], edge["to"], edge["mechanism"]), ("app", "lib", "vm"))
        self.assertGreaterEqual(edge["calls"], 1000)
        self.assertEqual((edge["calls"], edge["in_flight"]), (edge["served"], 0))
        self.assertEqual((edge["errors"], edge["copied_bytes"]), ({}, 0))
        timed = -(-edge["calls"] // 8)  # BH_STATS_TIMED
        self.assertEqual(edge["latency"]["calls"], timed)
        self.assertEqual(sum(b["calls"] for b in edge["latency"]["buckets"]), timed)
        self.assertGreater(edge["latency"]["p99_ns"], 0)
        self.assertLessEqual(edge["latency"]["median_ns"], edge["latency"]["p99_ns"])
        self.measure(child, "inout-64", 500)
        self.measure(child, "spass-65536", 20)
        self.measure(child, "callback", 300)
        (second,) = self.totals("bench")
        (now,) = second["edges"]
        copied = now["copied_bytes"]
        self.assertGreaterEqual(copied, 2 * 64 * 500)
        self.assertEqual(copied % 128, 0)
        self.assertGreaterEqual(now["shared_bytes"], 20 * 65536)
        self.assertGreaterEqual(now["callbacks"], 300)
        self.assertGreater(now["calls"], edge["calls"])

    def test_vms(self):
        child = self.bench()
        self.measure(child, "args0", 1000)
        before = self.totals()[0]["vms"]
        self.assertEqual([vm["compartments"] for vm in before], [["app"], ["lib"]])
        for vm in before:
            self.assertTrue(vm["runs"])
            self.assertGreater(vm["resident_bytes"], 0)
            os.kill(vm["pid"], 0)
        deadline = time.monotonic() + 20
        now = self.totals()[0]["vms"]
        while not all(vm["parked"] for vm in now):
            self.assertLess(time.monotonic(), deadline, now)
            time.sleep(0.05)
            now = self.totals()[0]["vms"]
        time.sleep(0.2)
        later = self.totals()[0]["vms"]
        for a, b in zip(now, later):
            self.assertGreater(b["parked_ns"], a["parked_ns"])
            self.assertGreaterEqual(b["parks"], 1)
        self.measure(child, "parked", 5)
        rung = self.totals()[0]["vms"]
        self.assertGreaterEqual(sum(vm["doorbells"] for vm in rung), 5)

    def test_statistics_can_be_off(self):
        child = self.bench("--no-stats")
        self.measure(child, "args0", 1000)
        self.assertFalse(self.totals()[0]["edges"][0]["counted"])

    def test_plain_calls_have_nobody_who_counts(self):
        child = self.bench("--set", "compartments.lib.mechanism=none")
        self.measure(child, "args0", 100)
        (edge,) = self.totals()[0]["edges"]
        self.assertEqual((edge["mechanism"], edge["counted"]), ("none", False))

    def test_text(self):
        child = self.bench()
        self.measure(child, "args0", 100)
        done = self.bulkhead("top", "--once", "--interval", "0.1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^bench \(.*\), process \d+, running for")
        self.assertRegex(done.stdout, r"(?m)^  0 app +\d")
        self.assertRegex(done.stdout, r"(?m)^    app -> lib +0 +0 ")

    def test_finding_them(self):
        self.assertEqual(self.totals(), [])
        one, two = self.bench(), self.bench()
        for child in (one, two):
            self.measure(child, "args0", 1)
        self.assertEqual({a["pid"] for a in self.totals()}, {one.pid, two.pid})
        self.assertEqual([a["pid"] for a in self.totals(str(two.pid))], [two.pid])
        both = self.bulkhead("top", "--once", "bench")
        self.assertEqual(both.returncode, 2)
        self.assertIn('more than one appliance is meant: "bench"', both.stderr)
        one.kill()
        one.wait()
        two.communicate(timeout=20)
        self.assertEqual(self.totals(), [])
        self.assertEqual(list(self.runtime.iterdir()), [])
        none = self.bulkhead("top", "--once", "bench")
        self.assertEqual((none.returncode, none.stderr),
                         (2, "bulkhead: error: no appliance of yours is running\n"))

    def test_the_directory_is_private(self):
        child = self.bench()
        self.measure(child, "args0", 1)
        for path in (self.runtime, *self.runtime.iterdir()):
            self.assertEqual(path.stat().st_mode & 0o777, 0o700, path)

    def test_an_appliance_runs_without_a_directory(self):
        self.env["BULKHEAD_RUNTIME_DIR"] = "/proc/nowhere"
        child = self.bench()
        self.measure(child, "args0", 1)
        child.communicate(timeout=20)
        self.assertEqual(child.returncode, 0)

    def redis(self) -> subprocess.Popen:
        """Redis, reached over the network device of its other VM; its metrics, too."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        command = [PROGRAM, "run", REDIS, "--metrics", "0", "--set", f'net.forward=["{self.port}:6379"]']
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                 start_new_session=True, env=self.env)
        self.appliances.adopt(child)
        self.url = re.search(rb"http://\S+", child.stderr.readline())[0].decode()
        deadline = time.monotonic() + 30
        while not self.echo(b"x"):
            self.assertLess(time.monotonic(), deadline, "Redis does not answer")
            time.sleep(0.05)
        return child

    def echo(self, text: bytes) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as s:
                s.sendall(b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (len(text), text))
                with s.makefile("rb") as answer:
                    answer.readline()
                    return answer.read(len(text)) == text
        except OSError:
            return False

    def test_network(self):
        """What a client sends and gets goes through the device's counters, and nobody else's."""
        self.redis()
        (app, before) = self.totals()[0]["vms"]
        self.assertNotIn("net", app)
        self.assertTrue(self.echo(b"x" * 100000))
        now = self.totals()[0]["vms"][1]["net"]
        for way in ("rx", "tx"):  # received: by the guest
            carried = now[f"{way}_bytes"] - before["net"][f"{way}_bytes"]
            frames = now[f"{way}_frames"] - before["net"][f"{way}_frames"]
            self.assertGreaterEqual(carried, 100000, way)
            self.assertLess(carried, 200000, way)  # headers, acknowledgements, perhaps sent again
            self.assertGreaterEqual(frames, 100000 // 65536, way)
            self.assertEqual(now[f"{way}_drops"], 0, way)
        text = self.bulkhead("top", "--once", "--interval", "0.1").stdout
        rates = r".* frames/s, .* B/s, dropped 0"
        flows = r"open \d+ connections, 0 flows of datagrams"
        self.assertRegex(text, rf"(?m)^ +network: received {rates}; sent {rates}; {flows}$")
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            metrics = answer.read().decode()
        labels = r'\{appliance="redis",vm="1",compartments="net"\}'
        found = re.findall(rf"(?m)^bulkhead_net_received_bytes_total{labels} (\d+)$", metrics)
        self.assertEqual(len(found), 1)
        self.assertGreaterEqual(int(found[0]), now["rx_bytes"])
        self.assertNotIn('net_received_bytes_total{appliance="redis",vm="0"', metrics)

    def test_nudges_are_no_time_outs(self):
        """Replies leave over a lane, whose sender does not wait: `top` counts calls, and no errors."""
        self.redis()
        for _ in range(50):
            self.assertTrue(self.echo(b"y"))
        edges = {(e["from"], e["to"]): e for e in self.totals()[0]["edges"]}
        edge = edges["app", "net"]
        self.assertGreater(edge["calls"], 50)
        self.assertNotIn("timed-out", edge["errors"])

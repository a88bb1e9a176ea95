"""bulkhead trace: a timeline that viewers can read, recorded while the appliance runs.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import signal
import subprocess
import time

import pytest

from tests.observe.observe_support import ObserveTest
from tests.support.paths import PROGRAM

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]


class Trace(ObserveTest):
    time_limit = 60

    def record(self, work, stopped=False):
        """Traces while `work` runs; `stopped`: the tracer stands still meanwhile."""
        file = self.scratch / "t.json"
        tracer = subprocess.Popen([PROGRAM, "trace", "-o", str(file), "--seconds", "50"],
                                  stderr=subprocess.PIPE, text=True, env=self.env)
        self.appliances.adopt(tracer)
        time.sleep(0.5)  # until it has connected
        if stopped:
            tracer.send_signal(signal.SIGSTOP)
        work()
        tracer.send_signal(signal.SIGCONT)
        time.sleep(0.3)
        tracer.terminate()
        _, errors = tracer.communicate(timeout=20)
        self.assertEqual(tracer.returncode, 0, errors)
        return json.loads(file.read_text()), errors

    def test_calls_and_arrows(self):
        child = self.bench()
        self.measure(child, "args0", 10)
        trace, errors = self.record(lambda: self.measure(child, "callback", 100))
        events = trace["traceEvents"]
        self.assertRegex(errors, r"t\.json: \d+ events, 0 lost")
        self.assertEqual(trace["otherData"], {"lost": 0})
        names = {e["args"]["name"] for e in events if e.get("name") == "process_name"}
        self.assertEqual(names, {"VM 0: app", "VM 1: lib"})
        calls = [e for e in events if e["ph"] == "B" and e["pid"] == 0 and e["name"].startswith("lib: ")]
        served = [e for e in events if e["ph"] == "B" and e["pid"] == 1 and not e["name"].startswith("app: ")
                  and e["name"] != "parked"]
        self.assertGreaterEqual(len(calls), 100)
        self.assertEqual(len(calls), len(served))
        self.assertGreaterEqual(sum(e["ph"] == "B" and e["name"] == "app: callback 0" for e in events), 100)
        starts = {e["id"]: e for e in events if e["ph"] == "s"}
        ends = {e["id"]: e for e in events if e["ph"] == "f"}
        self.assertEqual(set(starts), set(ends))
        for name, start in starts.items():
            self.assertNotEqual(start["pid"], ends[name]["pid"])
        # Begin and end come in pairs, for each thread.
        depth = {}
        for e in events:
            if e["ph"] in "BE":
                key = e["pid"], e["tid"]
                depth[key] = depth.get(key, 0) + (1 if e["ph"] == "B" else -1)
                self.assertGreaterEqual(depth[key], -1, e)  # one may have begun before
        # Time stamps of the VMs are of one clock: most calls begin before they are served.
        in_order = sum(starts[n]["ts"] <= ends[n]["ts"] for n in starts)
        self.assertGreaterEqual(in_order, 0.9 * len(starts))

    def test_what_is_lost_is_counted(self):
        child = self.bench()
        self.measure(child, "args0", 10)
        trace, _ = self.record(lambda: self.measure(child, "args0", 20000), stopped=True)
        recorded = sum(e["ph"] in "BE" and e["name"] != "parked" for e in trace["traceEvents"])
        # each call begins and ends at both of its ends
        self.assertGreaterEqual(recorded + trace["otherData"]["lost"], 4 * 20000)
        self.assertGreater(trace["otherData"]["lost"], 0)

    def test_it_stops_with_the_tracer(self):
        child = self.bench()
        self.measure(child, "args0", 10)
        self.record(lambda: self.measure(child, "args0", 10))
        trace, _ = self.record(lambda: None)  # nothing left over from before
        self.assertEqual([e for e in trace["traceEvents"] if e["ph"] == "s"], [])

    def test_usage(self):
        done = self.bulkhead("trace")
        self.assertEqual((done.returncode, done.stderr),
                         (2, "bulkhead: error: no -o FILE given: see bulkhead trace --help\n"))

"""16 VMs in one appliance: each called from the application, and all of them in a chain.

SPDX-License-Identifier: BSD-3-Clause
"""

import importlib.util
import json
import subprocess

import pytest

from tests.kvm.kvm_support import KvmTest
from tests.support.paths import GUESTS, PROGRAM
from tests.support.processes import vm_processes

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

OUTPUT = b"star and chain: 0 wrong\n16 threads at once: 0 wrong\n"


class Many(KvmTest):
    time_limit = 60

    def test_generated_files(self):
        """What generate.py writes is what is committed."""
        guests = GUESTS.parent
        spec = importlib.util.spec_from_file_location("generate", guests / "hops/generate.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for path, text in module.files().items():
            self.assertEqual((guests / path).read_text(), text, path)

    def test_sixteen_vms(self):
        for spin in ("", "0", "20000"):
            with self.subTest(spin=spin):
                done = self.run_app("many", options=["--spin", spin] if spin else [])
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, OUTPUT, b""))

    def test_processes(self):
        """A process for each VM."""
        file = GUESTS / "many/compartments.toml"
        layout = json.loads(subprocess.check_output([PROGRAM, "check", file, "--json"]))
        self.assertEqual(len(layout["vms"]), 16)
        child = self.start("many", options=["--spin", "0"])
        found = set()
        while child.poll() is None:
            found.add(len(vm_processes(child.pid)))
        self.assertEqual(max(found), 16)

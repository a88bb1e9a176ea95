"""Usage errors, doctor, hosts without KVM, damaged manifests, and when the composer runs.

SPDX-License-Identifier: BSD-3-Clause
"""

import grp
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import pytest

from tests import forger
from tests.cli.cli_support import HELLO, PROGRAM, bulkhead, sample_manifest, sample_tree

pytestmark = [pytest.mark.quick, pytest.mark.build("all")]

NO_KVM = {"BULKHEAD_KVM": "/nonexistent"}

USAGE_ERRORS = {
    (): "no command given: see bulkhead --help",
    ("fly",): 'unknown command "fly": see bulkhead --help',
    ("--fly",): 'unknown option "--fly": see bulkhead --help',
    ("run",): "no FILE given: see bulkhead run --help",
    ("check",): "no FILE given: see bulkhead check --help",
    ("run", "--fly", "x"): 'unknown option "--fly": see bulkhead run --help',
    ("check", "x", "--marks"): 'unknown option "--marks": see bulkhead check --help',
    ("run", "x", "--json"): 'unknown option "--json": see bulkhead run --help',
    ("run", "x", "-vv"): 'unknown option "-vv": see bulkhead run --help',
    ("run", "x", "--marks=1"): 'no value belongs to option "--marks": see bulkhead run --help',
    ("run", "x", "--set"): 'a value is missing after option "--set": see bulkhead run --help',
    ("run", "x", "--set", "key"): '--set "key": has to be KEY=VALUE, such as --set '
    "compartments.zlib.mechanism=none",
    ("run", "x", "--set", "=v"): '--set "=v": has to be KEY=VALUE, such as --set '
    "compartments.zlib.mechanism=none",
    ("run", "x", "--doorbell", "gong"): '--doorbell "gong": has to be auto, port or vmcall',
    ("run", "x", "--spin=-1"): '--spin "-1": has to be a number of cycles',
    ("run", "x", "--spin", "99999999999999999999"): '--spin "99999999999999999999": has to be a '
    "number of cycles",
    ("run", "x", "y"): 'one file only, and arguments of the application after "--"; there is also '
    '"y": see bulkhead run --help',
    ("check", "x", "y"): 'too many arguments: "y": see bulkhead check --help',
    ("doctor", "x"): 'too many arguments: "x": see bulkhead doctor --help',
    ("doctor", "--set", "a=b"): 'unknown option "--set": see bulkhead doctor --help',
    ("top", "--interval", "0"): '--interval "0": has to be a number of seconds from 0.05 to 86400',
    ("top", "x", "y"): 'too many arguments: "y": see bulkhead top --help',
    ("run", "/nonexistent.toml"): "/nonexistent.toml: No such file or directory",
    ("run", "bad\nname"): "bad name: No such file or directory",
}


class Usage(unittest.TestCase):
    def test_wrong_usage_is_one_line_and_status_2(self):
        for arguments, message in USAGE_ERRORS.items():
            with self.subTest(arguments=arguments):
                done = bulkhead(*arguments)
                self.assertEqual(done.stderr, f"bulkhead: error: {message}\n")
                self.assertEqual((done.returncode, done.stdout), (2, ""))

    def test_help(self):
        of_commands = ([command, "--help"] for command in ("run", "check", "doctor", "top", "report", "trace"))
        for arguments in (["--help"], ["-h"], ["help"], *of_commands):
            with self.subTest(arguments=arguments):
                done = bulkhead(*arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout.startswith("Usage: bulkhead "))
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_every_option_is_in_the_help(self):
        text = bulkhead("run", "--help").stdout
        for option in ("--set", "--doorbell", "--spin", "--marks", "-v", "--verbose", "--no-stats",
                       "--count-mpk", "--poison", "--crash-dir", "--metrics", "--"):
            self.assertIn(option, text)

    def test_version(self):
        done = bulkhead("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\Abulkhead \d+\.\d+\.\d+\n\Z")


class Doctor(unittest.TestCase):
    def check_shape(self, found):
        self.assertEqual(
            set(found),
            set("version cpu emulated cores memory huge_pages kvm doorbell pku mechanisms".split()),
        )
        self.assertEqual(set(found["kvm"]), {"path", "usable", "runs_guests", "problem", "kind", "api", "tsc_khz"})
        self.assertEqual(set(found["mechanisms"]), {"vm", "mpk", "none"})
        for verdict in found["mechanisms"].values():
            self.assertIsInstance(verdict["available"], bool)
            self.assertTrue(verdict["reason"])
        self.assertEqual(found["cores"], len(os.sched_getaffinity(0)))
        self.assertGreater(found["memory"]["total"], found["memory"]["available"])

    def test_json(self):
        done = bulkhead("doctor", "--json")
        found = json.loads(done.stdout)
        self.check_shape(found)
        self.assertEqual(done.returncode, 0 if found["kvm"]["runs_guests"] else 3)
        self.assertEqual(found["mechanisms"]["vm"]["available"], found["kvm"]["runs_guests"])
        self.assertTrue(found["kvm"]["usable"] or not found["kvm"]["runs_guests"])

    def test_table_names_the_same_facts(self):
        found = json.loads(bulkhead("doctor", "--json").stdout)
        table = bulkhead("doctor").stdout
        self.assertIn(found["kvm"]["path"], table)
        for name, verdict in found["mechanisms"].items():
            word = "yes" if verdict["available"] else "no"
            self.assertRegex(table, rf"(?m)^{name} +{word}: {re.escape(verdict['reason'])}$")

    def test_without_kvm(self):
        done = bulkhead("doctor", "--json", env=NO_KVM)
        found = json.loads(done.stdout)
        self.check_shape(found)
        self.assertEqual(done.returncode, 3)
        self.assertFalse(found["kvm"]["usable"])
        self.assertFalse(any(v["available"] for v in found["mechanisms"].values()))
        self.assertIn("this host has no KVM", found["mechanisms"]["vm"]["reason"])

    def test_keys_have_to_be_there_for_guests(self):
        found = json.loads(bulkhead("doctor", "--json").stdout)
        everywhere = found["pku"]["cpu"] and found["pku"]["guest"] and found["kvm"]["usable"]
        self.assertEqual(found["mechanisms"]["mpk"]["available"], everywhere)
        found = json.loads(bulkhead("doctor", "--json", env=NO_KVM).stdout)
        self.assertFalse(found["pku"]["guest"])

    def test_fewer_cores_than_the_host_has(self):
        first = min(os.sched_getaffinity(0))
        done = bulkhead("doctor", "--json", preexec_fn=lambda: os.sched_setaffinity(0, {first}))
        self.assertEqual(json.loads(done.stdout)["cores"], 1)


class Folder(unittest.TestCase):
    """A test with a directory of its own that anybody may read."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bulkhead-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.manifest = self.folder / "manifest.dtb"
        self.manifest.write_bytes(sample_manifest())


class NoKvm(Folder):
    def refused(self, env, **options):
        done = bulkhead("run", self.manifest, env=env, **options)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        return done.stderr

    def test_missing(self):
        self.assertEqual(
            self.refused(NO_KVM),
            "bulkhead: error: /nonexistent: No such file or directory: this host has no KVM: load "
            "kvm_intel or kvm_amd (modprobe), enable virtualization in the firmware, or nested "
            "virtualization for this VM\n",
        )

    def test_no_permission(self):
        """The advice helps: a group is only joined where the device's mode lets it in."""
        device = self.folder / "kvm"
        device.touch(mode=0o000)
        joins = "join that group: sudo usermod -aG kvm $USER, then log in again"
        self.check_advice(
            device, "mode 0000 lets no group in: "
            f"sudo chgrp kvm {device} && sudo chmod 660 {device}, and {joins}")
        if os.getuid() == 0:
            device.chmod(0o600)
            self.check_advice(
                device, "mode 0600 lets no group in: "
                f"sudo chgrp kvm {device} && sudo chmod 660 {device}, and {joins}")
            device.chmod(0o660)
            os.chown(device, 0, grp.getgrnam("audio").gr_gid)
            self.check_advice(
                device, "join the group of the device: sudo usermod -aG audio $USER, then log in again")
            os.chown(device, 0, 65533)
            self.check_advice(
                device, "the device belongs to group 65533, of which you are no member: "
                f"sudo chgrp kvm {device}, and {joins}")

    def check_advice(self, device, advice):
        program = shutil.copy(PROGRAM, self.folder / "bulkhead")  # where anybody can reach it
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        done = subprocess.run(
            [program, "run", self.manifest],
            env={**os.environ, "BULKHEAD_KVM": str(device)},
            capture_output=True,
            text=True,
            timeout=60,
            **nobody,
        )
        self.assertEqual(done.returncode, 3)
        self.assertEqual(
            done.stderr,
            f"bulkhead: error: {device}: Permission denied: you may not use KVM: {advice}\n",
        )

    def test_another_device(self):
        text = self.refused({"BULKHEAD_KVM": "/dev/null"})
        self.assertIn("/dev/null: is not a KVM device: ", text)


class Manifests(Folder):
    def run_manifest(self, blob):
        self.manifest.write_bytes(blob)
        done = bulkhead("run", self.manifest, env=NO_KVM)
        self.assertIn(done.returncode, (2, 3))
        self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1))
        self.assertTrue(done.stderr.startswith("bulkhead: error: "), done.stderr)
        return done

    def test_good_one_gets_as_far_as_kvm(self):
        self.assertEqual(self.run_manifest(sample_manifest()).returncode, 3)

    def test_rubbish(self):
        for blob in (b"", b"x", b"compartments", b"\xd0\x0d\xfe\xed", bytes(4096)):
            done = self.run_manifest(blob)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{self.manifest}: is no manifest of an appliance: FDT_ERR_", done.stderr)

    def test_cut(self):
        blob = sample_manifest()
        for size in range(0, len(blob), 37):
            self.assertEqual(self.run_manifest(blob[:size]).returncode, 2)

    def test_flipped_bytes(self):
        blob, rng = sample_manifest(), random.Random(1)
        for _ in range(200):
            damaged = bytearray(blob)
            for _ in range(rng.randint(1, 4)):
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            self.run_manifest(bytes(damaged))

    def test_message_names_node_and_property(self):
        tree = sample_tree()
        tree.child("shares").child("heap").set_u32("index", 7)
        done = self.run_manifest(forger.write(tree))
        self.assertEqual(
            done.stderr,
            f"bulkhead: error: {self.manifest}: /shares/heap: index: 7 is not in 0..0 (compose the "
            "appliance anew)\n",
        )

    def test_set_needs_a_toml_file(self):
        done = bulkhead("run", self.manifest, "--set", "a=b")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(
            done.stderr,
            f"bulkhead: error: {self.manifest} is a manifest: --set works on a compartments.toml "
            "only\n",
        )

    def test_missing_image(self):
        done = bulkhead("check", self.manifest)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nonexistent/app.elf: No such file", done.stderr)

    def test_mpk_alone_needs_the_feature(self):
        tree = sample_tree(mechanism=("mpk",))
        self.manifest.write_bytes(forger.write(tree))
        done = bulkhead("check", self.manifest)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1))
        self.assertIn('compartment "app": ', done.stderr)
        self.assertIn('write mechanism = ["mpk", "vm"] to have a VM instead', done.stderr)


FAKE_COMPOSER = """
import os, pathlib, sys, time

folder = pathlib.Path(__file__).resolve().parent.parent
with open(folder / "calls", "a") as calls:
    calls.write(repr(sys.argv[1:]) + "\\n")
print("the application's output is not for the composer")
if (folder / "fail").exists():
    print("x.toml:1:1: error: wrong", file=sys.stderr)
    sys.exit(int((folder / "fail").read_text()))
time.sleep(0.3)
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
(out / "new").write_bytes((folder / "next.dtb").read_bytes())
os.replace(out / "new", out / "manifest.dtb")
"""


class Composing(Folder):
    def setUp(self):
        super().setUp()
        (self.folder / "scripts").mkdir()
        (self.folder / "scripts/compose").write_text(FAKE_COMPOSER)
        self.toml = self.folder / "x.toml"
        self.toml.write_text("[compartments]\n")
        places = {"BULKHEAD_ROOT": str(self.folder), "BULKHEAD_BUILD": str(self.folder / "b")}
        self.env = {**places, **NO_KVM}
        self.stamp()

    def stamp(self):
        stat = self.toml.stat()
        stamp = f"{self.toml}\t{stat.st_mtime_ns}\t{stat.st_size}"
        (self.folder / "next.dtb").write_bytes(sample_manifest([stamp]))

    def calls(self):
        path = self.folder / "calls"
        return [eval(line) for line in path.read_text().splitlines()] if path.exists() else []

    def run_toml(self, *arguments):
        return bulkhead("run", self.toml, *arguments, env=self.env)

    def test_composes_once(self):
        for _ in range(2):
            done = self.run_toml()
            self.assertEqual((done.returncode, done.stdout.count("application's")), (3, 0))
        (call,) = self.calls()
        out = call[call.index("--out") + 1]
        self.assertEqual(call[:2], ["build", str(self.toml)])
        self.assertRegex(out, rf"\A{self.folder}/b/appliances/x-[0-9a-f]{{8}}\Z")

    def test_directory_is_named_by_the_documented_hash(self):
        self.run_toml("--set", "a.b=1", "--set=c=2")
        (call,) = self.calls()
        value = 0x811C9DC5
        for byte in b"\0".join((os.path.realpath(self.toml).encode(), b"a.b=1", b"c=2")):
            value = (value ^ byte) * 0x01000193 % 2**32
        self.assertEqual(call[2:6], ["--set", "a.b=1", "--set", "c=2"])
        self.assertEqual(Path(call[call.index("--out") + 1]).name, f"x-{value:08x}")

    def test_changed_input_composes_again(self):
        self.run_toml()
        self.toml.write_text("[compartments] # changed\n")
        self.stamp()
        self.run_toml()
        self.run_toml()
        self.assertEqual(len(self.calls()), 2)

    def test_damaged_manifest_composes_again(self):
        self.run_toml()
        (made,) = (self.folder / "b/appliances").glob("*/manifest.dtb")
        made.write_bytes(b"rubbish")
        self.assertEqual(self.run_toml().returncode, 3)
        self.assertEqual(len(self.calls()), 2)

    def test_two_at_once_compose_once(self):
        command = [PROGRAM, "run", self.toml]
        options = {"env": {**os.environ, **self.env}, "stderr": subprocess.DEVNULL}
        runs = [subprocess.Popen(command, **options) for _ in range(3)]
        self.assertEqual([run.wait(timeout=60) for run in runs], [3, 3, 3])
        self.assertEqual(len(self.calls()), 1)

    def test_its_errors_and_status_pass_through(self):
        for status in (2, 5):
            (self.folder / "fail").write_text(str(status))
            done = self.run_toml()
            self.assertEqual(done.returncode, status)
            self.assertEqual(
                done.stderr,
                "the application's output is not for the composer\nx.toml:1:1: error: wrong\n",
            )

    def test_no_python(self):
        self.env["PATH"] = str(self.folder)
        done = self.run_toml()
        self.assertEqual(done.returncode, 3)
        self.assertEqual(
            done.stderr,
            f"bulkhead: error: {self.toml}: cannot run the composer: is python3 (3.11 or later) "
            "installed?\n",
        )


class Layout(unittest.TestCase):
    time_limit = 300

    def check(self, *arguments):
        done = bulkhead("check", HELLO, "--json", *arguments, timeout=250)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def test_hello(self):
        found = self.check()
        self.assertTrue(found["valid"])
        self.assertEqual([vm["compartments"] for vm in found["vms"]], [["app"], ["lib"]])
        (edge,) = found["edges"]
        self.assertEqual((edge["from"], edge["to"], edge["crosses_vms"]), ("app", "lib", True))
        self.assertIn("greeter_write", [function["name"] for function in edge["functions"]])

    def test_address_map_is_sorted_and_disjoint(self):
        end = 0
        for line in self.check()["address_map"]:
            self.assertGreaterEqual(int(line["address"], 16), end, line)
            self.assertGreater(line["size"], 0)
            self.assertNotRegex(line["access"], "wx")
            end = int(line["address"], 16) + line["size"]

    def test_private_memory_is_in_one_vm_only(self):
        for line in self.check()["address_map"]:
            if re.search(r"text|heap$|: data$|stacks with guard", line["what"]):
                if line["what"].startswith(("app:", "lib:")):
                    own = 0 if line["what"].startswith("app") else 1
                    self.assertEqual(line["vms"], [own], line)

    def test_another_mechanism_changes_no_image(self):
        def images(found):
            return {c["name"]: c["sha256"] for c in found["compartments"]}

        apart, together = self.check(), self.check("--set", "compartments.lib.mechanism=none")
        self.assertEqual((len(apart["vms"]), len(together["vms"])), (2, 1))
        self.assertEqual(images(apart), images(together))
        self.assertFalse(together["edges"][0]["crosses_vms"])

    def keys(self):
        """What the host says of protection keys."""
        return json.loads(bulkhead("doctor", "--json").stdout)["mechanisms"]["mpk"]["available"]

    def test_mechanism_follows_the_host(self):
        found = self.check("--set", 'compartments.lib.mechanism=["mpk", "vm"]')
        chosen, count = ("mpk", 1) if self.keys() else ("vm", 2)
        self.assertEqual(found["compartments"][1]["mechanism"], chosen)
        self.assertEqual(len(found["vms"]), count)

    def test_mechanism_that_the_host_lacks(self):
        if self.keys():
            self.skipTest("this host has protection keys")
        done = bulkhead("check", HELLO, "--set", "compartments.lib.mechanism=mpk")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertRegex(done.stderr, r'^bulkhead: error: compartment "lib": mpk needs .*PKU.*\n$')

    def test_text_names_the_same(self):
        found, text = self.check(), bulkhead("check", HELLO).stdout
        for line in found["address_map"]:
            self.assertIn(f"  {line['address']}  ", text)
        for compartment in found["compartments"]:
            self.assertIn(f"sha256:{compartment['sha256']}", text)

    def test_wrong_toml_as_json(self):
        done = bulkhead("check", HELLO, "--json", "--set", "compartments.lib.mechanism=glue")
        self.assertEqual(done.returncode, 2)
        found = json.loads(done.stdout)
        self.assertFalse(found["valid"])
        self.assertIn("glue", found["errors"][0]["message"])

    def test_verbose_run_says_what_was_taken(self):
        if json.loads(bulkhead("doctor", "--json").stdout)["kvm"]["usable"]:
            quiet, loud = bulkhead("run", HELLO), bulkhead("run", HELLO, "-v")
            self.assertEqual((quiet.returncode, quiet.stderr, loud.returncode), (0, "", 0))
            self.assertEqual(quiet.stdout, loud.stdout)
            self.assertRegex(loud.stderr, r"(?m)^compartment app: VM 0, mechanism vm$")
            self.assertRegex(loud.stderr, r"(?m)^image lib sha256:[0-9a-f]{64}$")
            self.assertRegex(loud.stderr, r"(?m)^doorbell (port|vmcall)$")
        else:
            self.skipTest("no KVM")

"""The conformance suite under every mechanism and data strategy: same checks, same results.

SPDX-License-Identifier: BSD-3-Clause
"""

from kvm_support import KvmTest

EDGES = ("app-conform", "app-relay", "relay-conform")
LIBRARIES = ("conform", "relay")
MODES = {
    "share": [],
    "copy": [f"edges.{edge}.data=copy" for edge in EDGES],
    "strict": [f"edges.{edge}.data=strict" for edge in EDGES],
    "none": [f"compartments.{name}.mechanism=none" for name in LIBRARIES],
}
SPINS = ("0", "1000", "50000")  # cycles: parks at once, soon, seldom


def options(mode: str) -> list[str]:
    return [word for setting in MODES[mode] for word in ("--set", setting)]


def pattern(size: int) -> bytes:
    """What `conform flood` writes."""
    return bytes((i * 31 + i // 251) % 256 for i in range(size))


class Conform(KvmTest):
    time_limit = 60
    names: dict[str, list[str]] = {}

    def check(self, mode: str, *groups: str, spin: str = "") -> list[str]:
        """Runs one mode; returns the names of its checks."""
        more = ["--spin", spin] if spin else []
        done = self.run_app("conform", *groups, options=[*options(mode), *more])
        lines = done.stdout.decode().splitlines()
        failed = [line for line in lines if line.startswith("FAIL")]
        self.assertEqual(failed, [], done.stderr.decode())
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(lines[-1], "0 failed")
        return [line[3:] for line in lines if line.startswith("ok ")]

    def test_flood(self):
        """1 MiB to standard output, byte for byte."""
        done = self.run_app("conform", "flood", str(1 << 20))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout, pattern(1 << 20))

    def test_echo(self):
        """Standard input to standard output, byte for byte, larger than any buffer on the way."""
        data = pattern(1_000_003)
        done = self.run_app("conform", "echo", data=data)
        self.assertEqual((done.returncode, done.stderr, done.stdout == data), (0, b"", True))


def add_tests() -> None:
    for mode in MODES:

        def same_results(self, mode=mode):
            names = self.check(mode)
            self.assertEqual(len(names), len(set(names)), "a name is there twice")
            self.assertGreater(len(names), 200)
            first = self.names.setdefault("first", names)
            self.assertEqual(names, first)

        setattr(Conform, f"test_{mode}", same_results)
    for spin in SPINS:

        def parks(self, spin=spin):
            self.check("share", "callbacks", "threads", "timeouts", spin=spin)

        setattr(Conform, f"test_spin_{spin}", parks)


add_tests()

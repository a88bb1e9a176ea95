"""The isolation matrix, tests/guests/apps/isolation/matrix.txt: one test for each attack.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
from dataclasses import dataclass
from itertools import product

from kvm_support import APPS, KvmTest

NAMES = {"app": "probe", "probe": "app"}  # attacker to peer
VERBS = {"read": "reading", "write": "writing", "exec": "executing"}


@dataclass(frozen=True)
class Attack:
    who: str
    action: str
    target: str
    reason: str
    owner: str

    @property
    def name(self) -> str:
        return re.sub(r"\W", "_", f"{self.who}_{self.action}_{self.target}")


def matrix() -> list[Attack]:
    attacks = []
    for line in (APPS / "isolation/matrix.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        head, reason, *owner = line.split("; ")
        who, actions, targets = head.split()
        lists = (["app", "probe"] if who == "both" else [who], actions.split(","), targets.split(","))
        for self_, action, target in product(*lists):
            words = [text.replace("SELF", self_).replace("PEER", NAMES[self_]) for text in (reason, *owner, "")]
            attacks.append(Attack(self_, action, target, words[0], words[1]))
    return attacks


class Isolation(KvmTest):
    time_limit = 30

    def check(self, attack: Attack) -> None:
        done = self.run_app("isolation", attack.who, attack.action, attack.target, timeout=20)
        lines, report = done.stdout.decode().splitlines(), done.stderr.decode()
        address = re.fullmatch(r"at (0x[0-9a-f]+)", lines[0])[1] if lines else ""
        address = "0" if address == "0x0" else address
        undisturbed = ["the bystander is undisturbed"]
        if done.returncode == 0:
            self.assertRegex("survives", f"^({attack.reason})$", report)
            self.assertEqual(lines[1:], [*undisturbed, "survived"], report)
            return
        self.assertEqual(done.returncode, 4, report)
        self.assertEqual(lines[1:], ["the peer died", *undisturbed] if attack.who == "probe" else [], report)
        heads = [line for line in report.splitlines() if line.startswith("bulkhead:")]
        self.assertEqual(len(heads), 1, report)
        what = attack.reason
        if attack.owner:
            what = f"page fault {VERBS[attack.action]} {address}: {attack.reason}"
            self.assertIn(attack.owner, report.splitlines()[1])
            self.assertIn(f"\n  address   {address}: ", report)
        self.assertRegex(heads[0], f'^bulkhead: compartment "{attack.who}" crashed: .*({what})')


for attack in matrix():
    setattr(Isolation, f"test_{attack.name}", lambda self, attack=attack: self.check(attack))

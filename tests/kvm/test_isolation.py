"""The isolation matrix, tests/guests/apps/isolation/matrix.txt: one test for each attack.

SPDX-License-Identifier: BSD-3-Clause
"""

import re
from dataclasses import dataclass
from itertools import product

import pytest

from tests.support.paths import GUESTS

pytestmark = [pytest.mark.kvm, pytest.mark.build("all"), pytest.mark.timeout(30)]

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
    for line in (GUESTS / "isolation/matrix.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        head, reason, *owner = line.split("; ")
        who, actions, targets = head.split()
        lists = (["app", "probe"] if who == "both" else [who], actions.split(","), targets.split(","))
        for self_, action, target in product(*lists):
            words = [text.replace("SELF", self_).replace("PEER", NAMES[self_]) for text in (reason, *owner, "")]
            attacks.append(Attack(self_, action, target, words[0], words[1]))
    return attacks


@pytest.mark.parametrize("attack", matrix(), ids=lambda attack: attack.name)
def test_attack(appliances, attack):
    done = appliances.run("isolation", attack.who, attack.action, attack.target, timeout=20)
    lines, report = done.stdout.decode().splitlines(), done.stderr.decode()
    address = re.fullmatch(r"at (0x[0-9a-f]+)", lines[0])[1] if lines else ""
    address = "0" if address == "0x0" else address
    undisturbed = ["the bystander is undisturbed"]
    if done.returncode == 0:
        assert re.search(f"^({attack.reason})$", "survives"), report
        assert lines[1:] == [*undisturbed, "survived"], report
        return
    assert done.returncode == 4, report
    assert lines[1:] == (["the peer died", *undisturbed] if attack.who == "probe" else []), report
    heads = [line for line in report.splitlines() if line.startswith("bulkhead:")]
    assert len(heads) == 1, report
    what = attack.reason
    if attack.owner:
        what = f"page fault {VERBS[attack.action]} {address}: {attack.reason}"
        assert attack.owner in report.splitlines()[1]
        assert f"\n  address   {address}: " in report
    assert re.search(f'^bulkhead: compartment "{attack.who}" crashed: .*({what})', heads[0])

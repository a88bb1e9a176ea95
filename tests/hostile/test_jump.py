"""longjmp() out of a callback leaves a library waiting for ever: it is refused in a line (FAULTS C9).

SPDX-License-Identifier: BSD-3-Clause
"""

import pytest

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]


def test_c9_refused_between_vms(appliances):
    done = appliances.run("jumper")
    assert done.stdout.decode() == "3 within callbacks\n"
    assert done.returncode != 0
    assert (
        "longjmp() out of callback greeter_listener() of library greeter, which would wait for it for ever: return "
        "from the callback" in done.stderr.decode()
    )


def test_c9_allowed_without_isolation(appliances):
    done = appliances.run("jumper", options=("--set", "compartments.lib.mechanism=none"))
    assert (done.stdout.decode(), done.returncode) == ("3 within callbacks\njumped 7\n", 0)

"""How the tests of applications start an appliance.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build")


def command(toml: str, *options: str) -> list[str]:
    """Command line of an appliance, to which the application's own arguments can be added."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise unittest.SkipTest("no access to /dev/kvm")
    return [str(BUILD / "bulkhead"), "run", str(ROOT / toml), *options, "--"]

"""Where the tests find the source tree and what was built from it.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("BULKHEAD_BUILD") or ROOT / "build")
ASAN = ROOT / "build-asan"
PROGRAM = str(BUILD / "bulkhead")
GUESTS = ROOT / "tests/guests/apps"  # appliances that only tests use

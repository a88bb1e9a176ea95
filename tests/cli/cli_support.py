"""What the tests of the command line share: running `bulkhead`, and a manifest without a build.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import subprocess

from tests import forger
from tests.support.paths import PROGRAM, ROOT

HELLO = ROOT / "guest/apps/hello/compartments.toml"


def bulkhead(*arguments, env=None, timeout=60, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        **options,
    )


def sample_tree(inputs=(), mechanism=("vm",)) -> forger.Node:
    """One compartment, whose image does not exist."""
    root = forger.Node()
    root.set_string("compatible", "bulkhead,appliance-1")
    root.set_string("appliance", "sample")
    root.set_string("toml", "/src/sample.toml")
    root.set_strings("inputs", inputs)
    root.set_strings("args", [])
    root.set_strings("env", [])
    app = root.child("compartments").child("app")
    app.set_u32("index", 0)
    app.set("default")
    app.set_strings("mechanism", mechanism)
    app.set_u64("memory", 1 << 20)
    app.set_u64("stack", 1 << 16)
    app.set_u32("threads", 4)
    app.set_strings("libraries", [])
    app.set_string("image", "/nonexistent/app.elf")
    app.set_string("image-sha256", "0" * 64)
    return root


def sample_manifest(inputs=()) -> bytes:
    return forger.write(sample_tree(inputs))

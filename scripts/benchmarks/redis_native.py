"""Redis for this machine itself: the sources of the appliance, built by Redis's own Makefile.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import shutil
import subprocess

from . import common

SOURCES = common.ROOT / "subprojects/redis-7.0.15"
HOW = "its own Makefile: -O2, the jemalloc that comes with it"
# Debian's patches are made for its own jemalloc package, whose functions have no prefix.
SETTINGS = ["MALLOC=jemalloc", "JEMALLOC_CONFIGURE_OPTS=--with-jemalloc-prefix="]


def program(args):
    return args.build_dir / "bench/redis-native/src/redis-server"


def build(args):
    """Builds it once, in a copy: the sources stay as they were verified."""
    if program(args).exists():
        return
    folder = args.build_dir / "bench/redis-native"
    print("bench: building Redis natively (once)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCES, folder)
    done = subprocess.run(["make", "-C", folder / "src", f"-j{os.cpu_count()}", *SETTINGS, "redis-server"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=1800, check=False)
    if done.returncode:
        raise common.BenchError(f"Redis's Makefile failed: {done.stdout.strip()[-300:]}")

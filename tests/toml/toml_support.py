"""What the tests of compartments.toml have in common.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import io
import os
from pathlib import Path

from composer import cli
from tests.support.paths import ROOT

HERE = Path(__file__).resolve().parent
TREE = HERE / "tree"  # a small source tree: libraries and applications to choose from
COMPOSE = ROOT / "scripts/compose"
# A host that is the same everywhere.
HOST = ["--root", "tree", "--host-memory", "24GiB"]


def validate(arguments: list[str]) -> tuple[int, str, str]:
    """`compose validate` in this process: status, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    before = os.getcwd()
    os.chdir(HERE)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = cli.main(["validate", *HOST, *arguments])
            except SystemExit as exit:  # argparse: wrong usage
                status = exit.code
    finally:
        os.chdir(before)
    return status, out.getvalue(), err.getvalue()


def flatten(value: object, path: tuple = ()) -> list[tuple]:
    """The paths of everything in a parsed TOML document, tables and lists included."""
    paths = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            paths += flatten(item, path + (key,))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            paths += flatten(item, path + (index,))
    return paths

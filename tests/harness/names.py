"""The name and the kind of a test, as reports show them and as `scripts/test -k` takes them.

SPDX-License-Identifier: BSD-3-Clause
"""

from pathlib import PurePosixPath

import pytest
from _pytest.mark import KeywordMatcher

KINDS = ("fuzz", "unit", "python", "rig")  # in the order in which they run


def kind_of(item: pytest.Item) -> str:
    """One of KINDS."""
    return next((kind for kind in KINDS if item.get_closest_marker(kind)), "python")


def name_of(nodeid: str) -> str:
    """`tests/kvm/test_many.py::Many::test_processes` is shown as `kvm/test_many.Many.test_processes`.

    All commands of the rig have one folder, and a fuzzer is all of its file:
    `rig/mpk-hello`, `unit/test_manifest.reads_a_sample`, `fuzz/fuzz_fs`.
    """
    path, *inside = nodeid.split("::")
    file = PurePosixPath(path)
    folder = str(file.parent).removeprefix("tests/")
    if file.suffix == ".toml" and inside:
        return "/".join([folder, *inside])
    if folder == "fuzz":
        return f"{folder}/{file.stem}"
    return ".".join([f"{folder}/{file.stem}", *inside])


def match_names_only() -> None:
    """`-k` looks at what name_of() gives. By itself, pytest also looks at markers and at suffixes of files."""
    KeywordMatcher.from_item = classmethod(
        lambda cls, item: cls(frozenset([name_of(item.nodeid)])))

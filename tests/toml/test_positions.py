"""The scanner that finds the places of keys and values.

SPDX-License-Identifier: BSD-3-Clause
"""

import tomllib
import unittest

import pytest

from composer.positions import scan
from tests.toml.toml_support import HERE, flatten

pytestmark = [pytest.mark.quick]

NASTY = (HERE / "notations.toml").read_text()


class Positions(unittest.TestCase):
    def test_every_path_is_found(self):
        documents = [path.read_text() for path in sorted((HERE / "good").glob("*.toml"))]
        for document in (*documents, NASTY):
            found = scan(document)
            for path in flatten(tomllib.loads(document)):
                self.assertTrue(path in found.keys or path in found.values, path)

    def test_places(self):
        found = scan(NASTY)
        places = {
            ("top",): ((2, 1), (2, 7)),
            ("quoted key", "literal", "escAped"): ((3, 27), (3, 44)),
            ("a", "b", "c", "d"): ((8, 3), (8, 7)),
            ("a", "b", "c", "d", 2, "e", "f"): ((10, 11), (10, 15)),
            ("a", "b", "c", "d", 2, "g"): ((10, 21), (10, 25)),
            ("a", "z"): ((13, 1), (13, 7)),
            ("list", 1, "k"): ((16, 1), (16, 5)),
            ("list", 1, "sub", "n"): ((18, 1), (18, 5)),
            ("list", 1, "sub2", 0, "deep", "v"): ((21, 1), (21, 5)),
        }
        for path, (key, value) in places.items():
            self.assertEqual((found.key(path), found.value(path)), (key, value), path)
        self.assertEqual(found.value(("a", "b", "c", "d", 1, 0)), (9, 13))
        self.assertEqual(found.key(("list", 0)), (14, 3))
        self.assertEqual(found.key(("list", 1)), (15, 3))
        self.assertEqual(found.key(("list", 1, "sub2", 0, "deep")), (20, 19))
        self.assertEqual(found.key(("a", "b")), (7, 4))

    def test_unknown_paths_fall_back_to_the_table_around(self):
        found = scan("[a]\nb = [1]\n")
        self.assertEqual(found.key(("a", "missing")), (1, 2))
        self.assertEqual(found.value(("a", "b", 7)), (2, 5))
        self.assertEqual(found.value(("missing", 0, "x")), (1, 1))

    def test_no_false_duplicates(self):
        for document in (
            NASTY,
            "[a.b]\n[a]\nc = 1\n",
            "a.b = 1\na.c = 2\n",
            "[x]\na = {b = 1}\n[y]\na = {b = 1}\n",
        ):
            tomllib.loads(document)
            self.assertIsNone(scan(document).duplicate)

    def test_broken_text_keeps_what_came_before(self):
        open_ended = ("[", "[a", '"a = 1', "a = ", 'a = """', "a = [1", "a = {b")
        for broken in ("= 1", *open_ended, "a b", '"\\q" = 1', "\0"):
            found = scan("good = 1\n" + broken)
            self.assertEqual(found.value(("good",)), (1, 8), broken)

    def test_deep_nesting_ends(self):
        scan("a = " + "[" * 100000)

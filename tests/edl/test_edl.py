"""Every bad interface file gives its exact message, and what is right is read as meant.

Each file of bad/ has the whole expected output beside it (.expected). After a wanted change of messages: UPDATE=1,
then read the diff.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import random
import tempfile
import unittest
from pathlib import Path

import pytest

from composer import edl, gen_dispatch, gen_header, gen_stubs
from tests.support.paths import ROOT

pytestmark = [pytest.mark.quick]

HERE = Path(__file__).resolve().parent


@pytest.mark.parametrize("file", sorted((HERE / "bad").glob("*.edl")), ids=lambda file: file.stem)
def test_bad(file):
    expected = file.with_suffix(".expected")
    with pytest.raises(edl.EdlErrors) as caught:
        edl.parse(file, file.name)
    if os.environ.get("UPDATE"):
        expected.write_text(f"{caught.value}\n")
    assert f"{caught.value}\n" == expected.read_text()


def parse(body: str) -> edl.Library:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "x.edl"
        file.write_text(f'library x {{ include "x.h"; include <y/z.h>; {body} }}')
        return edl.parse(file, "x.edl")


class Reading(unittest.TestCase):
    def test_functions(self):
        library = parse(
            "unsigned long f(const char c, [in, string] const char *const s) nonblocking error=-1 errno;"
            "/* a comment */ void g(void); // another\n int h();"
        )
        f, g, h = library.functions
        self.assertEqual(library.includes, ['"x.h"', "<y/z.h>"])
        self.assertEqual(f.prototype, "unsigned long f(const char c, const char *const s)")
        self.assertEqual((f.nonblocking, f.errno, f.error), (True, True, "-1"))
        self.assertEqual([p.kind for p in f.parameters], ["scalar", "string"])
        self.assertEqual(g.prototype, "void g(void)")
        self.assertEqual((h.parameters, h.nonblocking), ([], False))

    def test_typedefs(self):
        library = parse(
            "typedef struct s_ *s_ptr; typedef void *any; struct s_ { [in] a; };"
            "int f([in] s_ptr p, [in, size=n] const any q, int n, [in] struct s_ *r);"
        )
        self.assertEqual([p.kind for p in library.functions[0].parameters], ["struct", "bulk", "scalar", "struct"])

    def test_c7_pointer_type_before_its_struct(self):
        library = parse("typedef point *point_p; typedef struct { [in] x; } point; int f([in] point_p p) error=-1;")
        self.assertEqual([p.kind for p in library.functions[0].parameters], ["struct"])

    def test_function_pointer(self):
        library = parse("callback int c(int n); int f([callback=c] int (*fn)(int n, long), int m);")
        self.assertEqual(library.functions[0].prototype, "int f(int (*fn)(int n, long), int m)")

    def test_missing_file(self):
        with self.assertRaises(edl.EdlErrors) as caught:
            edl.parse(HERE / "nowhere.edl", "nowhere.edl")
        message = "nowhere.edl: error: cannot be read: No such file or directory\nhint: check its name and its mode"
        self.assertEqual(str(caught.exception), message)

    def test_too_many_functions(self):
        with self.assertRaises(edl.EdlErrors) as caught:
            parse(" ".join(f"int f{i}(int n);" for i in range(1025)))
        self.assertIn("more than 1024 functions", str(caught.exception))

    def test_order(self):
        """The place in the file is the function's index; stubs use the index that the image gives them."""
        library = parse("int b(int n); int a(int n); int c(int n);")
        header = gen_header.generate(library)
        for index, name in enumerate("bac"):
            self.assertIn(f"bh_fn_x_{name} = {index},", header)
        dispatch = gen_dispatch.generate([library])
        places = [dispatch.index(f'(uint64_t)"{name}"') for name in "bac"]
        self.assertEqual(places, sorted(places))
        self.assertIn("bh_n_exports = 3;", dispatch)
        stubs = gen_stubs.generate(library, {"a": 7, "c": 0})
        self.assertIn("&bh_gates.imports[7]", stubs)
        self.assertNotIn("int b(int n)", stubs)


class Robust(unittest.TestCase):
    """Broken files give errors, never a traceback."""

    def test_mutations(self):
        good = (ROOT / "tests/unit/marshal/sampler.edl").read_text()
        dice = random.Random(1)
        parts = ["[", "]", "{", "}", "(", ")", ";", ",", "*", "in", "out", "size=n", "handle", "struct", "é", "\0", "0"]
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "x.edl"
            for _ in range(400):
                text = good
                for _ in range(dice.randint(1, 3)):
                    at = dice.randrange(len(text))
                    end = at + dice.choice([0, 1, 5, 40])
                    text = text[:at] + dice.choice(parts) * dice.randint(0, 1) + text[end:]
                file.write_text(text)
                try:
                    library = edl.parse(file, "x.edl")
                except edl.EdlErrors as errors:
                    self.assertRegex(str(errors), r"(?m)^x\.edl:\d+:\d+: error: .+\nhint: .+")
                    continue
                gen_stubs.generate(library, {f.name: 0 for f in library.functions})
                gen_dispatch.generate([library])

    def test_every_interface_of_the_tree(self):
        files = [*ROOT.glob("guest/libs/*/*.edl"), *ROOT.glob("tests/guests/libs/*/*.edl")]
        self.assertGreater(len(files), 2)
        for file in files:
            library = edl.parse(file)
            self.assertEqual(library.name, file.stem)

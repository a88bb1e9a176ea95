"""The numbers that the composer takes from the C headers.

SPDX-License-Identifier: BSD-3-Clause
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from composer import contract, schema
from tests.support.paths import ROOT


class Contract(unittest.TestCase):
    def test_every_number_is_the_compilers(self):
        checks = [f'_Static_assert(({name}) == {number}ull, "");' for name, number in contract.from_compiler().items()]
        source = contract.INCLUDES + "\n".join(checks) + "\n"
        command = ["gcc", "-std=gnu17", "-fsyntax-only", f"-I{ROOT}", f"-I{ROOT}/guest/kernel/include", "-xc", "-"]
        subprocess.run(command, input=source, text=True, check=True)

    def test_addresses(self):
        found = contract.from_compiler()
        names = ("BH_WINDOW_SIZE", "BH_IMAGE_OFF", "BH_STACKS_OFF", "BH_HEAP_OFF", "BH_CORE_BASE")
        for name in (*names, *contract.EXPRESSIONS):
            self.assertIn(name, found)

    def test_what_is_no_number(self):
        for text in ("", "x", "f(1)", '"1"', "1 +", "sizeof(int)", "-", "1, 2"):
            self.assertIsNone(contract.value(text), text)
        numbers = {"(0x10ull + (uint64_t)(2) * 0x1000u)": 0x2010, "(16u - 2)": 14, "8 / 3": 2, "(1u << 3) | 1": 9}
        for text, number in numbers.items():
            self.assertEqual(contract.value(text), number)

    def test_file_of_the_build(self):
        with tempfile.TemporaryDirectory() as build, mock.patch.dict(os.environ, BULKHEAD_BUILD=build):
            file = Path(build, "contract.json")
            for content, limit in (("{", schema.PAGE), ('{"BH_PAGE_SIZE": 3}', 3)):
                file.write_text(content)
                self.assertEqual(contract.numbers.__wrapped__()["BH_PAGE_SIZE"], limit)
            os.utime(file, (0, 0))  # older than the headers
            self.assertEqual(contract.numbers.__wrapped__()["BH_PAGE_SIZE"], schema.PAGE)
            contract.main(str(file), f"{file}.d")
            self.assertEqual(json.loads(file.read_bytes()), contract.from_compiler())
            self.assertIn(f"{ROOT}/rpc/", Path(f"{file}.d").read_text())

    def test_limits(self):
        self.assertEqual((schema.PAGE, schema.EDGES_MAX), (4096, contract.number("BH_EDGES_MAX")))
        longest = "a" * (contract.number("BH_NAME_MAX") - 1)
        self.assertTrue(schema.NAME.fullmatch(longest))
        self.assertFalse(schema.NAME.fullmatch(longest + "a"))


if __name__ == "__main__":
    unittest.main()

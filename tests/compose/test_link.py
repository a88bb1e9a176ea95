"""Tests of linking: the linker script, who is found to call whom, and the images that come out.

SPDX-License-Identifier: BSD-3-Clause
"""

import hashlib
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import pytest

from composer import build, elf, resolve, toolchain
from tests.compose.trees import HERE, Tree, archive, compile_c, disassembly
from tests.support.paths import BUILD, ROOT

pytestmark = [pytest.mark.quick, pytest.mark.build("all")]

ADD_H = "int add(int a, int b); int twice(int n);"
ADD_EDL = "int add(int a, int b) error=-1; int twice(int n) error=-1;"
ADD_C = {
    "add": "int add(int a, int b); int add(int a, int b) { return a + b; }",
    "twice": "int add(int, int); int twice(int n); int twice(int n) { return add(n, n); }",
}
MAIN_C = {"main": "int add(int, int); int main(void); int main(void) { return add(1, 2); }"}
TWO = """[application]
name = "app"
[compartments.app]
default = true
[compartments.lib]
libraries = ["sum"]
"""
EDGE = '[[edges]]\nfrom = "app"\nto = "lib"\n'


class Temporary(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = Path(os.path.realpath(temporary.name))


class LinkerScript(Temporary):
    def link(self, index: int, options: list[str] | None = None) -> Path:
        source = (HERE / "tls_image.c").read_text()
        part = compile_c(source, self.root / "image.o", options)
        tools = toolchain.load(BUILD)
        target = self.root / f"image-{index}"
        command = [*tools.cc, *tools.ldflags, f"-Wl,-T,{tools.linker_script},--gc-sections"]
        command += ["-Wl,--fatal-warnings", f"-Wl,--defsym=BH_INDEX={index}", str(part)]
        command += ["-Wl,--defsym=bh_runtime_main=0", "-o", str(target)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        self.output = done.stderr
        return target

    def test_three_images_share_one_thread_pointer(self):
        host = self.root / "tls_host"
        command = ["gcc", "-O1", "-Wall", "-Werror", "-D_GNU_SOURCE", f"-I{ROOT}"]
        subprocess.run([*command, str(HERE / "tls_host.c"), "-o", str(host)], check=True)
        images = [str(self.link(index)) for index in (63, 0, 5)]
        done = subprocess.run([str(host), *images], check=False, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_one_segment_per_permission(self):
        command = ["readelf", "-lW", str(self.link(1))]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        loads = [line.split() for line in text.splitlines() if line.strip().startswith("LOAD")]
        self.assertEqual(["".join(line[6:-1]) for line in loads], ["R", "RE", "RW", "RW"])
        self.assertEqual([line[-1] for line in loads], ["0x1000"] * 4)
        self.assertNotIn("DYNAMIC", text)
        self.assertRegex(text, r"GNU_STACK .* RW ")

    def test_too_many_thread_local_variables(self):
        self.link(0, ["-DTLS_SIZE=5000"])
        self.assertIn("thread-local variables take more than 4096 bytes", self.output)

    def test_debugging_information_is_kept(self):
        command = ["objdump", "-dl", "--disassemble=step", str(self.link(2))]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertRegex(text, r"<stdin>:\d+|<step>:\n.*step\(\)")


class Resolve(Temporary):
    def needs(self, own: dict, base: dict, reachable=(), unreachable=(), roots=("main",)):
        own = [elf.Archive(archive(self.root / "own.a", own))]
        base = [elf.Archive(archive(self.root / "base.a", base))]
        return resolve.needs(roots, own, base, reachable, unreachable)

    def test_only_members_that_are_used_count(self):
        unused = "void gone(void); void other(void); void other(void) { gone(); }"
        found = self.needs({**MAIN_C, "other": unused}, {}, {"add"}, {"gone"})
        self.assertEqual((found.imports, found.forbidden, found.unknown), ({"add"}, set(), set()))

    def test_own_function_before_another_compartments(self):
        found = self.needs({**MAIN_C, **ADD_C}, {}, {"add"})
        self.assertEqual(found.imports, set())

    def test_reachable_function_before_the_c_library(self):
        found = self.needs(MAIN_C, {"add": ADD_C["add"]}, {"add"})
        self.assertEqual(found.imports, {"add"})

    def test_c_library_before_a_function_without_edge(self):
        found = self.needs(MAIN_C, {"add": ADD_C["add"]}, (), {"add"})
        self.assertEqual((found.imports, found.forbidden), (set(), set()))

    def test_through_the_c_library(self):
        main = {"main": "int twice(int); int main(void); int main(void) { return twice(3); }"}
        found = self.needs(main, {"twice": ADD_C["twice"]}, {"add"})
        self.assertEqual(found.imports, {"add"})

    def test_weak_reference_needs_nothing(self):
        weak = "int add(int, int) __attribute__((weak)); int main(void);"
        weak += "void *place(void); void *place(void) { return add; } int main(void) { return 0; }"
        found = self.needs({"main": weak}, {}, {"add"})
        self.assertNotIn("add", found.imports | found.unknown)

    def test_damaged_archive(self):
        file = archive(self.root / "own.a", MAIN_C)
        data = file.read_bytes()
        for size in (0, 7, 70, 100, len(data) // 2):
            with self.subTest(size=size), self.assertRaises(elf.BadFile):
                found = elf.Archive(file, data[:size])
                for offset in found.index.values():
                    found.member(offset)


class Images(Temporary):
    def setUp(self):
        super().setUp()
        self.tree = Tree(self.root)
        self.tree.application("app", MAIN_C)
        self.tree.library("sum", ADD_EDL, ADD_H, ADD_C)
        self.tree.toml(TWO + EDGE)

    def compose(self, *options: str) -> None:
        self.assertEqual(self.tree.compose(*options), (0, ""))

    def hashes(self) -> dict[str, str]:
        files = (self.root / "out").glob("*.elf")
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    def cached(self) -> dict[str, int]:
        return {f.name: f.stat().st_mtime_ns for f in (self.tree.build / "images").iterdir()}

    def test_launch_settings_never_relink(self):
        self.compose()
        before, images = self.hashes(), self.cached()
        self.assertEqual(set(before), {"app.elf", "lib.elf"})
        for option in (
            "compartments.lib.mechanism=none",
            "compartments.lib.mechanism=mpk",
            "compartments.app.memory=2MiB",
            "compartments.lib.stack=64KiB",
            "compartments.lib.threads=2",
            "edges.app-lib.data=strict",
            "edges.app-lib.arena=1MiB",
        ):
            with self.subTest(option=option):
                self.compose("--set", option)
                self.assertEqual((self.hashes(), self.cached()), (before, images))

    def test_same_bytes_from_scratch(self):
        self.compose()
        before = self.hashes()
        for file in (self.tree.build / "images").iterdir():
            file.unlink()
        self.compose()
        self.assertEqual(self.hashes(), before)

    def test_changed_library_relinks_its_image_only(self):
        self.compose()
        before = self.hashes()
        changed = ADD_C | {"add": ADD_C["add"].replace("a + b", "a - b")}
        self.tree.library("sum", ADD_EDL, ADD_H, changed)
        self.compose()
        after = self.hashes()
        self.assertEqual(before["app.elf"], after["app.elf"])
        self.assertNotEqual(before["lib.elf"], after["lib.elf"])

    def test_changed_header_compiles_again(self):
        self.compose()
        images = self.cached()
        (self.root / "guest/libs/sum/sum.h").write_text(ADD_H + "\n#define NEW 1\n")
        self.compose()
        self.assertNotEqual(self.cached(), images)

    def test_direct_call_within_a_compartment(self):
        self.tree.toml('[application]\nname = "app"\n[compartments.one]\nlibraries = ["sum"]\n')
        self.compose()
        image = self.tree.image("one")
        self.assertRegex(disassembly(image, "main"), r"(call|jmp) +[0-9a-f]+ <add>")
        self.assertNotIn("call", disassembly(image, "add"))

    def test_stub_between_compartments(self):
        self.compose()
        self.assertNotIn("<add>:", disassembly(self.tree.image("app"), "twice"))
        symbols = elf.symbols(self.tree.image("app").read_bytes(), "app")
        self.assertIn("add", [symbol.name for symbol in symbols])
        self.assertNotIn("twice", [symbol.name for symbol in symbols])

    def test_stub_jumps_when_nothing_stands_between(self):
        """Mechanism none: at most four instructions before the library's own function runs."""
        self.compose()
        command = ["objdump", "-d", "--no-show-raw-insn", str(self.tree.image("app"))]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        bodies = [body for body in text.split("\n\n") if "<add>:" in body]  # the runtime has one as well
        (stub,) = (body.splitlines() for body in bodies if re.search(r"\tjmp +\*", body))
        words = [line.partition("\t")[2].split()[0] for line in stub if "\t" in line]
        self.assertLessEqual(words.index("jmp") + 1, 4, stub)

    def test_missing_edge(self):
        self.tree.toml(TWO)
        self.assertEqual(
            self.tree.compose(),
            (
                2,
                't.toml:3:15: error: compartment "app" calls add() of library sum in compartment'
                ' "lib", but no edge allows it\n'
                'hint: add [[edges]] with from = "app" and to = "lib"\n',
            ),
        )

    def test_function_not_listed(self):
        self.tree.toml(TWO + EDGE + 'functions = ["twice"]\n')
        self.assertEqual(
            self.tree.compose(),
            (
                2,
                't.toml:10:13: error: compartment "app" calls add(), which functions of this edge'
                " does not list\n"
                'hint: add "add" to the list, or remove the list to allow what the caller uses\n',
            ),
        )

    def test_two_libraries_offer_the_same(self):
        self.tree.library("total", "int add(int a, int b) error=-1;", ADD_H, {"add": ADD_C["add"]})
        other = '[compartments.other]\nlibraries = ["total"]\n'
        edge = '[[edges]]\nfrom = "app"\nto = "other"\n'
        self.tree.toml(TWO + other + EDGE + edge)
        self.assertEqual(
            self.tree.compose(),
            (
                2,
                't.toml:3:15: error: compartment "app" calls add(), which edges allow in several'
                " libraries: sum, total\nhint: keep the edge to one of them only\n",
            ),
        )
        self.tree.toml(TWO + other + EDGE)
        self.compose()

    def test_a13_nothing_said_about_failure(self):
        """A callee in another domain may die: the interface file says what its callers get then."""
        said = ADD_EDL.replace("add(int a, int b) error=-1", "add(int a, int b)")
        self.tree.library("sum", said, ADD_H, ADD_C)
        status, error = self.tree.compose()
        self.assertEqual(status, 2)
        self.assertRegex(
            error,
            r'^guest/libs/sum/sum\.edl:1:\d+: error: compartment "app" calls add\(\) of compartment "lib", and '
            r"nothing says what it gets when that gate fails\n"
            r"hint: write error=VALUE behind the prototype, or fatal if the caller shall end then\n$",
        )
        self.assertEqual(self.tree.compose("--set", "compartments.lib.mechanism=none")[0], 0)
        self.tree.library("sum", said.replace("b);", "b) fatal;"), ADD_H, ADD_C)
        self.compose()

    def test_c10_copies_of_a_stateless_library(self):
        """The application has its own copy, and another library calls one in the compartment beside it."""
        self.tree.library("total", "int all(int n) error=-1;", "int all(int n);", {
            "all": "int add(int, int); int all(int n); int all(int n) { return add(n, n); }",
        })
        main = "int add(int, int); int all(int); int main(void); int main(void) { return add(1, all(2)); }"
        self.tree.application("app", {"main": main})
        two = TWO.replace("default = true", 'default = true\nlibraries = ["sum"]').replace(
            '[compartments.lib]\nlibraries = ["sum"]', '[compartments.lib]\nlibraries = ["total", "sum"]'
        )
        self.tree.toml(two + EDGE)
        status, error = self.tree.compose()
        self.assertEqual(status, 2)
        self.assertIn('library "sum" is in two compartments, "app" and "lib"', error)
        self.assertIn('only libraries with state = "none" in library.toml may have several', error)
        with open(self.tree.root / "guest/libs/sum/library.toml", "a") as file:
            file.write('state = "none"\n')
        self.compose()
        for name in ("app", "lib"):
            symbols = elf.symbols((self.tree.root / f"out/{name}.elf").read_bytes(), name)
            self.assertIn("add", [symbol.name for symbol in symbols])

    def test_c7_wrong_claims_name_the_interface_file(self):
        """And the generated file is kept where the message says."""
        edl_text = "struct sum_t {\n [handle] n;\n };\n int add(int a, int b) error=-1;"
        edl_text += " int twice([handle] struct sum_t *s) error=-1;"
        self.tree.library("sum", edl_text, ADD_H + " struct sum_t { int n; };", ADD_C)
        main = "int twice(void *s); int main(void); int main(void) { return twice(0); }"
        self.tree.application("app", {"main": main})
        status, error = self.tree.compose()
        self.assertEqual(status, 2)
        self.assertRegex(error, r"guest/libs/sum/sum\.edl:2:\d+: error: static assertion failed: \"interface file: ")
        self.assertIn("[handle] n is no pointer; the number of a handle that it keeps needs 64 bits", error)
        kept = re.search(r"is kept as (\S+)", error)
        assert kept is not None
        self.assertIn("BH_IS_POINTER(BH_MEMBER(struct sum_t, n))", Path(kept[1]).read_text())

    def test_no_main(self):
        self.tree.application("app", {"start": "int start(void); int start(void) { return 0; }"})
        self.assertEqual(
            self.tree.compose(),
            (
                2,
                't.toml:2:8: error: application "app" has no main()\n'
                "hint: add int main(int argc, char **argv) to its sources\n",
            ),
        )

    def test_interface_without_implementation(self):
        self.tree.library("sum", ADD_EDL + " int gone(int n);", ADD_H + "int gone(int n);", ADD_C)
        self.assertEqual(
            self.tree.compose(),
            (
                2,
                "guest/libs/sum/sum.edl:1:95: error: library sum exports gone(), but libsum.a has"
                " none\nhint: remove it here, or add the source file that defines it to the"
                " library\n",
            ),
        )

    def test_undefined_function_names_compartment_and_step(self):
        main = "int gone(void); int main(void); int main(void) { return gone(); }"
        self.tree.application("app", {"main": main})
        status, error = self.tree.compose()
        first, *rest = error.splitlines()
        self.assertEqual(status, 2)
        self.assertEqual(first, 'compose: error: compartment "app": linking its image failed')
        self.assertIn("undefined reference to `gone'", "\n".join(rest))

    def refused(self, message: str, hint: str) -> None:
        self.assertEqual(self.tree.compose(), (2, f"t.toml:3:15: error: {message}\nhint: {hint}\n"))

    def test_function_missing_in_the_interface(self):
        self.tree.library("sum", "int twice(int n);", ADD_H, ADD_C)
        self.refused(
            'compartment "app" uses add, which library sum in compartment "lib" has, but does not export',
            "add its prototype to guest/libs/sum/sum.edl, or put both into one compartment",
        )

    def test_library_in_no_compartment(self):
        self.tree.library("total", "int all(int n);", "int all(int n);", {"all": "int all(int n) { return n; }"})
        main = "int all(int); int gone(int); int main(void); int main(void) { return all(gone(1)); }"
        self.tree.application("app", {"main": main})
        self.refused(
            'compartment "app" uses all, which library total has, but that library is in no compartment',
            'add "total" to the libraries of a compartment',
        )

    def test_unused_reference_to_what_is_not_exported(self):
        """The linker drops it: no reason to refuse anything."""
        self.tree.library("sum", "int twice(int n);", ADD_H, ADD_C)
        main = "int add(int, int); int drop(void); int drop(void) { return add(1, 2); } "
        self.tree.application("app", {"main": main + "int main(void); int main(void) { return 0; }"})
        self.compose()

    def test_wrong_description(self):
        file = self.root / "guest/libs/sum/library.toml"
        known = "known keys: description, includes, state, whole"
        for text, message in (
            ('include = ["x"]', f'unknown key "include"\nhint: did you mean "includes"? {known}'),
            ("description = 1", "description has to be a text in quotes"),
            ('includes = "x"', 'includes has to be a list of folders, such as ["guest/libs/x"]'),
            ('whole = "yes"', "whole has to be true or false"),
        ):  # fmt: skip
            file.write_text(text + "\n")
            error = f"compose: error: guest/libs/sum/library.toml: {message}\n"
            self.assertEqual(self.tree.compose(), (2, error))

    def test_incomplete_library(self):
        for name in ("library.toml", "sum.edl"):
            file = self.root / "guest/libs/sum" / name
            content = file.read_text()
            file.unlink()
            message = f't.toml:6:14: error: library "sum" is not complete: guest/libs/sum/{name} is missing\n'
            hint = f"hint: add guest/libs/sum/{name}: docs/porting.md says what belongs into it\n"
            self.assertEqual(self.tree.compose(), (2, message + hint))
            file.write_text(content)

    def test_missing_archive(self):
        (self.tree.build / "guest/libs/sum/libsum.a").unlink()
        status, error = self.tree.compose()
        self.assertEqual(status, 2)
        self.assertEqual(
            error,
            f"compose: error: {self.tree.build}/guest/libs/sum/libsum.a cannot be read: No such"
            f" file or directory\nhint: build it first: ninja -C {self.tree.build}\n",
        )

    def test_renamed_compartment_leaves_no_image(self):
        self.compose()
        self.tree.toml((TWO + EDGE).replace("lib]", "new]").replace('"lib"', '"new"'))
        self.compose()
        self.assertEqual(set(self.hashes()), {"app.elf", "new.elf"})


class Directory(unittest.TestCase):
    """The names that vmm/plan/compose.c computes as well."""

    def name(self, file: str, *sets: str) -> str:
        return build.directory(Path("/b"), file, sets).name

    def test_fnv1a(self):
        # Test vectors of draft-eastlake-fnv
        self.assertEqual(build.fnv1a(b""), 0x811C9DC5)
        self.assertEqual(build.fnv1a(b"a"), 0xE40C292C)
        self.assertEqual(build.fnv1a(b"foobar"), 0xBF9CF968)

    def test_name(self):
        self.assertRegex(self.name("/x/hello/compartments.toml"), r"^hello-[0-9a-f]{8}$")
        self.assertRegex(self.name("/x/hello/two.parts.toml"), r"^two-[0-9a-f]{8}$")

    def test_sets_count(self):
        options = ((), ("k=v",), ("k=", "v"))
        names = {self.name("/x/a.toml", *sets) for sets in options}
        self.assertEqual(len(names), 3)

"""The manifest that the composer writes with libfdt, and the forger of trees that other tests use.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

import libfdt
import pytest

from composer import config, manifest
from composer.catalogue import Catalogue
from composer.device_tree import TreeWriter
from composer.manifest import Export, ImageInfo, Import
from tests import forger
from tests.toml.toml_support import HERE, TREE

pytestmark = [pytest.mark.quick]


def tool(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def needs(name: str):
    return unittest.skipUnless(shutil.which(name), f"{name} is not installed")


def sample() -> forger.Node:
    root = forger.Node()
    root.set_string("compatible", "test,tree-1")
    root.set("empty")
    root.set_strings("none", [])
    root.set_strings("list", ["a", "", "two words", "\u00e9"])
    child = root.child("child-1,a")
    child.set_u32("numbers", 0, 1, 0xFFFFFFFF)
    child.set_u64("big", 0x0123456789ABCDEF, 1)
    child.set("bytes", b"12345")
    child.child("1").set_u32("numbers", 7)
    root.child("sibling")
    return root


class Forger(unittest.TestCase):
    def test_reads_back(self):
        root = forger.read(forger.write(sample()))
        self.assertEqual(root, sample())
        self.assertEqual(root.strings("list"), ("a", "", "two words", "\u00e9"))
        self.assertEqual(root.strings("none"), ())
        child = root.children["child-1,a"]
        self.assertEqual(child.u32s("numbers"), (0, 1, 0xFFFFFFFF))
        self.assertEqual(child.u64s("big"), (0x0123456789ABCDEF, 1))
        self.assertEqual(child.properties["big"][:8].hex(), "0123456789abcdef")

    def test_header(self):
        blob = forger.write(sample())
        fields = struct.unpack(">10I", blob[:40])
        magic, total, structure_at, strings_at, reservations, version, compatible = fields[:7]
        self.assertEqual((magic, total), (0xD00DFEED, len(blob)))
        self.assertEqual((version, compatible), (17, 16))
        self.assertEqual(reservations % 8, 0)
        self.assertEqual(structure_at % 4, 0)
        self.assertEqual(strings_at + fields[8], len(blob))
        self.assertEqual(structure_at + fields[9], strings_at)
        self.assertEqual(blob[strings_at:].count(b"numbers\0"), 1)  # each name once

    def test_same_tree_as_libfdt_writes(self):
        tree = TreeWriter()
        with tree.add_node(""):
            tree.string("compatible", "test,tree-1")
            tree.flag("empty")
            tree.strings("none", [])
            tree.strings("list", ["a", "", "two words", "\u00e9"])
            with tree.add_node("child-1,a"):
                tree.u32s("numbers", [0, 1, 0xFFFFFFFF])
                tree.property("big", struct.pack(">2Q", 0x0123456789ABCDEF, 1))
                tree.property("bytes", b"12345")
                with tree.add_node("1"):
                    tree.u32("numbers", 7)
            with tree.add_node("sibling"):
                pass
        self.assertEqual(forger.read(tree.blob()), sample())

    def test_writer_refuses_what_has_no_place(self):
        tree = TreeWriter()
        for action in (
            lambda: tree.string("s", "a\0b"),
            lambda: tree.u32("n", 1 << 32),
            lambda: tree.u32("n", -1),
            lambda: tree.u32s("n", [1, 1 << 32]),
            lambda: tree.u64("n", 1 << 64),
        ):
            self.assertRaises(ValueError, action)

    def test_large_tree(self):
        tree = TreeWriter()
        with tree.add_node(""):
            tree.property("large", bytes(1 << 19))  # more than the writer begins with
        self.assertEqual(forger.read(tree.blob()).properties["large"], bytes(1 << 19))

    def test_reader_refuses_a_cut_tree(self):
        blob = forger.write(sample())
        for length in range(len(blob)):
            self.assertRaises(libfdt.FdtException, forger.read, blob[:length])

    @needs("dtc")
    def test_dtc_reads_it(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "t.dtb")
            path.write_bytes(forger.write(sample()))
            source = tool("dtc", "-I", "dtb", "-O", "dts", str(path))
            self.assertEqual((source.returncode, source.stderr), (0, ""))
            self.assertIn("numbers = <0x00 0x01 0xffffffff>;", source.stdout)
            again = Path(directory, "again.dtb")
            result = tool("dtc", "-I", "dtb", "-O", "dtb", "-o", str(again), str(path))
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(forger.read(again.read_bytes()), sample())

    @needs("fdtdump")
    def test_fdtdump_reads_it(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(forger.write(sample()))
            file.flush()
            result = tool("fdtdump", file.name)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"// version:\s+17")
        self.assertIn("big = <0x01234567 0x89abcdef 0x00000000 0x00000001>;", result.stdout)


DEFLATE, INFLATE = 0x2000101000, 0x2000102000
IMAGES = (
    ImageInfo("/build/app.elf", "00" * 32, (), (Import("inflate", "zlib", 1, 1),)),
    ImageInfo(
        "/build/zlib.elf",
        "ff" * 32,
        (
            Export("deflate", "zlib", DEFLATE, DEFLATE + 64, False),
            Export("inflate", "zlib", INFLATE, INFLATE + 64, False),
            Export("crc32", "zlib", 0x2000103000, 0x2000103040, True),
        ),
        (),
    ),
)


class Manifest(unittest.TestCase):
    def setUp(self):
        catalogue = Catalogue(TREE)
        self.toml = str(HERE / "good/gzip.toml")
        self.appliance = config.load(self.toml, catalogue)
        self.all_functions = config.load(self.toml, catalogue, ["edges.app-zlib.arena=64KiB"])
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name, "manifest.dtb")
        self.input = Path(directory.name, "in put.edl")
        self.input.write_text("four")

    def write(self) -> forger.Node:
        inputs = [manifest.stamp(self.input), manifest.stamp(self.toml)]
        manifest.write(self.appliance, IMAGES, self.path, inputs)
        return forger.read(self.path.read_bytes())

    def test_root(self):
        root = self.write()
        self.assertEqual(list(root.children), ["compartments", "shares", "edges"])
        self.assertEqual(root.strings("compatible"), ("bulkhead,appliance-1",))
        self.assertEqual(root.strings("appliance"), ("gzip-appliance",))
        self.assertEqual(root.strings("toml"), (os.path.realpath(self.toml),))
        self.assertEqual(root.strings("args"), ("-6", "two words"))
        self.assertEqual(root.strings("env"), ("LEVEL=6", "EMPTY="))
        inputs = [line.rsplit("\t", 2) for line in root.strings("inputs")]
        paths = [os.path.realpath(self.toml), str(self.input.resolve())]  # each once
        self.assertEqual([line[0] for line in inputs], paths)
        for path, mtime, size in inputs:
            stat = os.stat(path)
            self.assertEqual((int(mtime), int(size)), (stat.st_mtime_ns, stat.st_size))

    def test_compartments(self):
        compartments = self.write().children["compartments"].children
        self.assertEqual(list(compartments), ["app", "zlib"])
        app, zlib = compartments.values()
        self.assertEqual((app.u32s("index"), zlib.u32s("index")), ((0,), (1,)))
        self.assertEqual(app.properties["default"], b"")
        self.assertNotIn("default", zlib.properties)
        self.assertNotIn("vm", zlib.properties)
        self.assertEqual(zlib.strings("mechanism"), ("mpk", "vm"))
        self.assertEqual((app.u64s("memory"), app.u64s("stack")), ((64 << 20,), (128 << 10,)))
        self.assertEqual((app.u32s("threads"), zlib.u32s("threads")), ((16,), (32,)))
        self.assertEqual(app.strings("hardening"), ("stack-protector", "ubsan"))
        self.assertEqual((app.strings("libraries"), zlib.strings("libraries")), ((), ("zlib",)))
        self.assertEqual(zlib.strings("image"), ("/build/zlib.elf",))
        self.assertEqual(zlib.strings("image-sha256"), ("ff" * 32,))
        exports = zlib.children["exports"].children
        self.assertEqual(list(exports), ["0", "1", "2"])
        self.assertEqual(exports["1"].strings("symbol"), ("inflate",))
        self.assertEqual(exports["1"].strings("library"), ("zlib",))
        self.assertEqual(exports["1"].u64s("direct"), (INFLATE,))
        self.assertEqual(exports["1"].u64s("dispatch"), (INFLATE + 64,))
        nonblocking = ["nonblocking" in export.properties for export in exports.values()]
        self.assertEqual(nonblocking, [False, False, True])
        (wanted,) = app.children["imports"].children.values()
        self.assertEqual(wanted.strings("symbol") + wanted.strings("library"), ("inflate", "zlib"))
        self.assertEqual(wanted.u32s("compartment") + wanted.u32s("function"), (1, 1))

    def test_group(self):
        server = config.load(str(HERE / "good/server.toml"), Catalogue(TREE))
        images = [ImageInfo("/x", "00" * 32, (), ())] * 4
        root = forger.read(manifest.blob(server, images))
        self.assertEqual(root.children["compartments"].children["net"].strings("vm"), ("back",))
        packets = root.children["shares"].children["packets"]
        self.assertEqual(packets.u32s("members"), (0, 1))  # whatever the order in the file
        self.assertNotIn("everyone", packets.properties)
        self.assertEqual(list(root.children["edges"].children), ["web-net", "net-web", "web-store"])

    def test_shares_and_edges(self):
        root = self.write()
        heap = root.children["shares"].children["heap"]
        self.assertEqual(heap.u32s("index") + heap.u64s("size"), (0, 16 << 20))
        self.assertEqual(heap.u32s("members"), (0, 1))
        self.assertEqual(heap.properties["everyone"], b"")
        edge = root.children["edges"].children["app-zlib"]
        self.assertEqual(edge.u32s("index") + edge.u32s("from") + edge.u32s("to"), (0, 0, 1))
        self.assertEqual(edge.strings("data") + edge.strings("gate"), ("copy", "light"))
        self.assertEqual(edge.u64s("arena"), (1 << 20,))
        self.assertEqual(edge.u32s("functions"), (0, 1))

    def test_without_restriction_the_used_functions_are_granted(self):
        server = config.load(str(HERE / "good/forms.toml"), Catalogue(TREE))
        answer = Export("answer", "tiny", 1, 2, False)
        ticks = tuple(Export(name, "lwip", 1, 2, False) for name in ("init", "tick"))
        images = (
            ImageInfo("/a", "0", (answer,), (Import("tick", "lwip", 1, 1),)),
            ImageInfo("/b", "0", ticks, ()),
        )
        self.assertEqual(manifest.granted(server.edges[0], images), [1])
        self.assertEqual(manifest.granted(server.edges[1], images), [0])

    def test_images_that_do_not_fit(self):
        self.assertRaises(manifest.ManifestError, manifest.blob, self.appliance, IMAGES[:1])
        without = (IMAGES[0], ImageInfo("/build/zlib.elf", "0", (), ()))
        self.assertRaises(manifest.ManifestError, manifest.blob, self.appliance, without)

    def test_nothing_is_left_of_a_failed_write(self):
        missing = self.path.parent / "missing" / "manifest.dtb"
        self.assertRaises(OSError, manifest.write, self.appliance, IMAGES, missing)
        os.mkdir(self.path)  # cannot be replaced by a file
        self.assertRaises(OSError, manifest.write, self.appliance, IMAGES, self.path)
        self.assertEqual(sorted(os.listdir(self.path.parent)), ["in put.edl", "manifest.dtb"])

    @needs("dtc")
    def test_dtc_reads_it(self):
        self.write()
        result = tool("dtc", "-I", "dtb", "-O", "dts", str(self.path))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("direct = <0x20 0x102000>;", result.stdout)

    @needs("fdtget")
    def test_libfdt_finds_the_values(self):
        self.write()
        result = tool("fdtget", "-t", "x", str(self.path), "/compartments/zlib/exports/1", "direct")
        self.assertEqual(result.stdout, "20 102000\n")
        result = tool("fdtget", str(self.path), "/edges/app-zlib", "data")
        self.assertEqual(result.stdout, "copy\n")

"""The order of the house: which folder may include from which, and how large a file may grow.

SPDX-License-Identifier: BSD-3-Clause

A room of the VMM includes only from rooms below it; FLOORS names them from the ground up, and each may include only
what its line says. The guest's folders and the contract (rpc/) have lines of their own.
"""
import collections
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES_MAX = 500
COLUMNS_MAX = 120

# Room: the rooms that it may include from. A room stands below every room that is listed after it.
FLOORS = {
    "base": "",
    "sandbox": "base",
    "kvm": "base",
    "image": "base kvm",
    "appliance": "base kvm image",
    "resources": "base kvm image appliance",
    "mpk": "base kvm image appliance resources",
    "virtio": "base kvm",
    "net": "base sandbox kvm appliance resources virtio",
    "fs": "base sandbox kvm appliance resources virtio",
    "plan": "base kvm image appliance mpk",
    "vm": "base sandbox kvm image appliance resources mpk net fs",
    "observe": "base sandbox kvm appliance resources mpk",
    "gdb": "base sandbox kvm appliance resources mpk vm observe",
    "crash": "base sandbox image appliance resources mpk vm observe",
    "supervisor": "base sandbox kvm appliance resources fs vm observe gdb crash",
    "cli": "base kvm appliance mpk resources plan observe gdb crash supervisor",
}
# Top folder: the top folders whose files it may include by a path from the top, besides its own.
TOP = {"vmm": "rpc guest", "rpc": "", "shared-mem": "rpc guest", "guest": "rpc shared-mem bench", "bench": "rpc"}


def sources(*patterns):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout.split()
    return [path for path in listed if (ROOT / path).exists()]


def includes(path):
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        if match := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
            yield number, match[1]


def test_every_room_has_its_floor():
    rooms = {path.split("/")[1] for path in sources("vmm/*.c", "vmm/*.h")}
    assert rooms == set(FLOORS)
    order = list(FLOORS)
    for room, allowed in FLOORS.items():
        above = [other for other in allowed.split() if order.index(other) >= order.index(room)]
        assert not above, f"vmm/{room} stands below {above}"


def test_includes_run_down():
    wrong = []
    for path in sources("vmm/*.c", "vmm/*.h"):
        room = path.split("/")[1]
        for number, name in includes(path):
            if match := re.fullmatch(r"vmm/(\w+)/\w+\.h", name):
                if match[1] != room and match[1] not in FLOORS[room].split():
                    wrong.append(f"{path}:{number}: vmm/{room} may not include from vmm/{match[1]}")
            elif name.startswith("vmm/"):
                wrong.append(f"{path}:{number}: {name} lies in no room")
    assert not wrong, "\n".join(wrong)


def test_top_folders_include_down():
    wrong = []
    for path in sources("vmm/*.[chS]", "rpc/*.[ch]", "shared-mem/*.[ch]", "guest/*.[chS]", "bench/*.[ch]"):
        top = path.split("/")[0]
        for number, name in includes(path):
            other = name.split("/")[0]
            if other in TOP and other != top and other not in TOP[top].split():
                wrong.append(f"{path}:{number}: {top}/ may not include from {other}/")
    assert not wrong, "\n".join(wrong)


def test_no_cycle_of_includes():
    graph = collections.defaultdict(set)
    for path in sources("*.c", "*.h"):
        for _, name in includes(path):
            if (ROOT / name).exists():
                graph[path].add(name)
    done, under_way = set(), []

    def visit(path):
        assert path not in under_way, " -> ".join([*under_way[under_way.index(path):], path])
        if path not in done:
            under_way.append(path)
            for name in graph[path]:
                visit(name)
            under_way.pop()
            done.add(path)

    for path in list(graph):
        visit(path)


def test_files_are_short():
    long = []
    for path in sources("*.c", "*.h", "*.S", "*.py", "scripts/*", "*.build"):
        lines = len((ROOT / path).read_text(errors="replace").splitlines())
        if lines > LINES_MAX and not path.startswith("subprojects/"):
            long.append(f"{path}: {lines} lines, {LINES_MAX} at most")
    assert not long, "\n".join(long)


def test_lines_are_short():
    long = []
    for path in sources("*.c", "*.h", "*.S", "*.py", "*.md", "*.toml", "*.build", "*.sh"):
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1):
            if len(line) > COLUMNS_MAX and not path.startswith(("subprojects/", "tests/toml/")):
                long.append(f"{path}:{number}: {len(line)} columns, {COLUMNS_MAX} at most")
    assert not long, "\n".join(long)


def test_every_file_names_its_licence_on_a_line():
    missing = []
    for path in sources("*.c", "*.h", "*.S", "*.py", "*.sh", "*.build", "*.edl"):
        head = (ROOT / path).read_text(errors="replace").splitlines()[:12]
        if path.startswith("tests/edl/bad/"):
            continue  # errors in them are expected at the first lines
        if not any(re.fullmatch(r"\W*SPDX-License-Identifier: BSD-3-Clause\W*", line) for line in head):
            missing.append(path)
    assert not missing, "no SPDX line of its own: " + ", ".join(missing)

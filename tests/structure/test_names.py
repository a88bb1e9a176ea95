"""What comments and pages name exists: files by their paths, functions by their names.

SPDX-License-Identifier: BSD-3-Clause
"""
import glob
import io
import pathlib
import re
import subprocess
import tokenize

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOPS = "vmm|rpc|guest|shared-mem|scripts|tests|docs|bench|subprojects|examples"
PATH = re.compile(rf"(?<![\w/.<-])((?:{TOPS})/[A-Za-z0-9_./*{{}},-]*[A-Za-z0-9_*}}/])")
CALL = re.compile(r"(?<![\w.>:'\"/-])([a-z_][a-z0-9_]{2,})\(\)")
# Named by the texts as what others have: system calls, C library, Python, tools.
ELSEWHERE = {"crypt", "fork", "getdents64", "netif_add", "scanf", "sqlite3_initialize", "tcp_sndbuf", "vfscanf",
             "vfwprintf", "waitpid"}


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout.split()
    return [path for path in listed if (ROOT / path).exists() and not path.startswith("subprojects/")]


def c_comments(text):
    for match in re.finditer(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', text, re.S):
        if match[0].startswith("/"):
            yield text.count("\n", 0, match.start()) + 1, match[0]


def python_comments(text):
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or token.type == tokenize.STRING and token.string.startswith('"""'):
            yield token.start[0], token.string


def hash_comments(text):
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            yield number, line


def pages(text):
    """A page as one comment, without the section that lists what names were before."""
    yield 1, re.sub(r"(?ms)^## Names that were replaced$.*?(?=^## |\Z)", lambda m: "\n" * m[0].count("\n"), text)


def prose():
    """All comments and pages, as (file, line, text)."""
    for patterns, comments in ((["*.c", "*.h", "*.S", "*.lds"], c_comments), (["*.py"], python_comments),
                               (["*.sh", "*meson.build", "scripts/*", "*.toml"], hash_comments),
                               (["*.md"], pages)):
        for path in tracked(*patterns):
            text = (ROOT / path).read_text(errors="replace")
            if comments is hash_comments and (path.endswith((".py", ".c", ".h")) or path.startswith("tests/toml/")):
                continue
            if path == "CHANGELOG.md":  # it names what was
                continue
            for line, comment in comments(text):
                for offset, part in enumerate(comment.splitlines()):
                    yield path, line + offset, part


def exists(name, beside):
    """Whether the name, which may hold braces and wildcards, stands for a file from the top, or from `beside`."""
    if match := re.search(r"\{([^{}]*)\}", name):
        return all(exists(name[:match.start()] + part + name[match.end():], beside) for part in match[1].split(","))
    name = name.rstrip("/.")
    return any(glob.glob(str(base / name)) or glob.glob(str(base / (name + ".*"))) for base in (ROOT, beside))


def test_paths_exist():
    ignored = set(subprocess.run(["git", "check-ignore", "--stdin"], cwd=ROOT, capture_output=True, text=True,
                                 input="\n".join({m[1] for _, _, t in prose() for m in PATH.finditer(t)}),
                                 check=False).stdout.split())
    wrong = []
    for path, line, text in prose():
        for match in PATH.finditer(text):
            name = match[1]
            if re.search(r"NAME|FILE|FOLDER|DIR|LIB\b|XXX|\bX\b", name) or name in ignored:
                continue
            if name.startswith("subprojects/") and "packagefiles" not in name:
                continue  # unpacked by set-up
            if re.search(r"\b[A-Z]\w*'s $", text[:match.start()]):
                continue  # "Redis's tests/x": of the tree of others
            if not exists(name, (ROOT / path).parent):
                wrong.append(f"{path}:{line}: no file {name}")
    assert not wrong, "\n".join(wrong)


def test_functions_exist():
    known = set(ELSEWHERE)
    for path in tracked("*.c", "*.h", "*.S", "*.py", "*.edl", "scripts/*"):
        code = re.sub(r"/\*.*?\*/|\"\"\".*?\"\"\"", "", (ROOT / path).read_text(errors="replace"), flags=re.S)
        known |= set(re.findall(r"\b([A-Za-z_]\w+)\s*\(", code)) | set(re.findall(r"\(\*(\w+)\)\(", code))
        known |= set(re.findall(r"^\s*\.globa?l\s+(\w+)", code, re.M))
    wrong = [f"{path}:{line}: no function {match[1]}()" for path, line, text in prose() for match in CALL.finditer(text)
             if match[1] not in known]
    assert not wrong, "\n".join(wrong)

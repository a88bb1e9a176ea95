#!/usr/bin/env python3
"""Fetches third-party sources and the test rig's kernel from Debian's archive.

SPDX-License-Identifier: BSD-3-Clause

    scripts/fetch.py              the sources marked `needed` in sources.toml, and the rig's kernel
    scripts/fetch.py NAME...      those sources ("rig-kernel" is the kernel)
    scripts/fetch.py --for NAME   the needed sources that the application NAME of guest/apps is built from
    scripts/fetch.py --all        everything

What is already there is left alone and no network is touched. Archives come through apt-get, from
the mirror that the machine's own apt configuration names, in a private apt directory: neither a
host name nor the user's apt set-up is ours to change.
"""
import hashlib
import lzma
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUBPROJECTS = ROOT / "subprojects"
CACHE = SUBPROJECTS / "packagecache"
OVERLAYS = SUBPROJECTS / "packagefiles"
STAMP = ".bulkhead-fetched"
KERNEL_DIR = SUBPROJECTS / "rig-kernel"
KERNEL_PACKAGE = "linux-image-amd64"
KERNEL_SUITE = "bookworm"
KERNEL_MODULES = ("irqbypass", "kvm", "ccp", "kvm-amd")


# Keys of a table in sources.toml, and of its `patches`.
FILE_KEYS: dict = {"suite": (str, list), "file": str, "sha256": str}
SOURCE_KEYS: dict = {"version": str, **FILE_KEYS, "needed": bool}
OPTIONAL_KEYS = ("patches", "application")


class FetchError(Exception):
    """Something the user has to know, in one line."""


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def run(command, what, **kwargs):
    """Runs a command quietly; on failure raises its last words as one line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **kwargs)
    if done.returncode:
        lines = [x for x in done.stdout.splitlines() if x.startswith("E:")]
        lines = lines or done.stdout.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        raise FetchError(f"{what}: {lines[0]}")
    return done.stdout


# --- apt -------------------------------------------------------------------------------------


def parse_deb822(text):
    """Stanzas of a .sources file as dictionaries with lower-case keys."""
    stanza: dict[str, str] = {}
    key: str | None = None
    for line in text.splitlines() + [""]:
        if not line.strip():
            if stanza:
                yield stanza
            stanza, key = {}, None
        elif line.startswith("#"):
            continue
        elif line[0] in " \t" and key:
            stanza[key] += "\n" + line
        elif ":" in line:
            word, _, value = line.partition(":")
            name: str = word.strip().lower()
            stanza[name], key = value.strip(), name


def parse_list(text):
    """Lines of a .list file in the same form as parse_deb822's stanzas."""
    pattern = re.compile(r"^\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)")
    for line in text.splitlines():
        match = pattern.match(line)
        if not match:
            continue
        kind, options, uri, suite, components = match.groups()
        stanza = {"types": kind, "uris": uri, "suites": suite, "components": components.strip()}
        for option in (options or "").split():
            name, _, value = option.partition("=")
            stanza[name.lower()] = value
        yield stanza


def apt_entries():
    """All enabled entries of the machine's apt configuration."""
    shell = run(["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f",
                 "PARTS", "Dir::Etc::sourceparts/d"], "apt-config")
    paths = dict(re.findall(r"^(\w+)='(.*)'$", shell, re.M))
    files = [pathlib.Path(paths.get("LIST", "/etc/apt/sources.list"))]
    parts = pathlib.Path(paths.get("PARTS", "/etc/apt/sources.list.d"))
    if parts.is_dir():
        files += sorted(x for x in parts.iterdir() if x.suffix in (".list", ".sources"))
    for path in files:
        if path.is_file():
            parse = parse_deb822 if path.suffix == ".sources" else parse_list
            for stanza in parse(path.read_text(errors="replace")):
                if stanza.get("enabled", "yes").lower() not in ("no", "false", "0"):
                    yield stanza


def debian_archive(suite):
    """The entry (and its one URI) through which this machine gets a suite: Debian's own archive, or
    the one of its security updates."""
    release = pathlib.Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=(\S+)", release, re.M)
    suites = {codename.group(1) if codename else "bookworm", "bookworm", "stable"}
    end = "/debian"
    if suite.endswith("-security"):
        suites, end = {f"{x}-security" for x in suites}, "/debian-security"
    found = []
    for stanza in apt_entries():
        if suites & set(stanza.get("suites", "").split()) and \
                "main" in stanza.get("components", "").split():
            for uri in stanza.get("uris", "").split():
                found.append((not uri.rstrip("/").endswith(end), uri, stanza))
    if not found:
        raise FetchError(f"no Debian archive (a suite such as {min(suites)} with component main) "
                         "in apt's sources: add one to /etc/apt/sources.list.d and run again")
    _, uri, stanza = min(found, key=lambda x: x[0])
    return uri, stanza


class Apt:
    """A private apt directory, set up on first use and removed at the end. In root's process apt-get downloads as its
    own unprivileged user, as it does for the system: what it writes to belongs to that user."""

    def __init__(self):
        self.dir = None
        self.updated = set()
        try:
            self.user = pwd.getpwnam("_apt").pw_uid if os.geteuid() == 0 else None
        except KeyError:
            self.user = None

    def _private(self):
        if self.dir is None:
            self.dir = pathlib.Path(tempfile.mkdtemp(prefix="bulkhead-apt-"))
            self.dir.chmod(0o755)
        return self.dir

    def _give(self, path):
        if self.user is not None:
            os.chown(path, self.user, -1)

    def folder(self):
        """An empty folder to download to; removed at the end."""
        path = pathlib.Path(tempfile.mkdtemp(dir=self._private()))
        path.chmod(0o755)
        self._give(path)
        return path

    def options(self, kind, suite):
        """Command-line options for entries of one kind (deb, deb-src) and suite, updated once."""
        base = self._private() / f"{kind}-{suite}"
        for sub in ("sources", "lists/partial", "cache/archives/partial"):
            (base / sub).mkdir(parents=True, exist_ok=True)
            if sub.endswith("partial"):
                self._give(base / sub)
        options = ["-qq", "-o", "Dir::Etc::sourcelist=/dev/null",
                   "-o", f"Dir::Etc::sourceparts={base}/sources",
                   "-o", f"Dir::State::lists={base}/lists", "-o", f"Dir::Cache={base}/cache",
                   "-o", f"APT::Sandbox::User={'root' if self.user is None else '_apt'}",
                   "-o", "Acquire::Retries=2"]
        if (kind, suite) not in self.updated:
            uri, stanza = debian_archive(suite)
            text = f"Types: {kind}\nURIs: {uri}\nSuites: {suite}\nComponents: main\n"
            for key in ("signed-by", "trusted", "check-valid-until"):
                if key in stanza:
                    text += f"{key.title()}: {stanza[key]}\n"
            (base / "sources/bulkhead.sources").write_text(text)
            say(f"reading the package index of {suite}")
            run(["apt-get", *options, "-o", "APT::Update::Error-Mode=any", "update"],
                f"package index of {suite}")
            self.updated.add((kind, suite))
        return options

    def close(self):
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)


# --- sources ---------------------------------------------------------------------------------


def overlay_files(name):
    base = OVERLAYS / name
    return sorted(x for x in base.rglob("*") if x.is_file()) if base.is_dir() else []


def stamp_of(name, source):
    """What has to be in a tree's stamp for the tree to be up to date."""
    digest = hashlib.sha256(source["sha256"].encode())
    digest.update(source.get("patches", {}).get("sha256", "").encode())
    for path in overlay_files(name):
        digest.update(str(path.relative_to(OVERLAYS)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def download(name, suites, file, what, apt):
    """Puts one file of a Debian source package into the cache. `what`: apt-get's option for it."""
    tmp = apt.folder()
    for suite in suites:
        run(["apt-get", *apt.options("deb-src", suite), "source", "--download-only", what,
             f"{name}/{suite}"], f"{name} of {suite}", cwd=tmp)
        got = tmp / file
        if got.exists():
            take_over(got, CACHE / file)
            return
    have = ", ".join(sorted(os.listdir(tmp))) or "nothing"
    raise FetchError(f"{name}: {' and '.join(suites)} have {have}, not {file}: "
                     "put that file into subprojects/packagecache by hand")


def take_over(got, to):
    """Moves a downloaded file to its place under its own name only when it is whole, as a file of this user's."""
    part = to.with_name(to.name + ".part")
    shutil.copyfile(got, part)
    part.replace(to)
    got.unlink()


def verified(name, wanted, what, apt):
    """Path in the cache of a file with the right sha256; fetched if it is not there. `wanted`: a
    table of sources.toml."""
    cached = CACHE / wanted["file"]
    if not cached.exists():
        say(f"fetching {wanted['file']}")
        suites = wanted["suite"]
        download(name, [suites] if isinstance(suites, str) else suites, wanted["file"], what, apt)
    actual = sha256(cached)
    if actual != wanted["sha256"]:
        raise FetchError(f"subprojects/packagecache/{wanted['file']}: sha256 is {actual}, expected "
                         f"{wanted['sha256']} (scripts/sources.toml): delete the file and retry")
    return cached


def unpack(archive, tree, strip):
    tree.mkdir()
    run(["tar", "-xf", str(archive), f"--strip-components={strip}", "--no-same-owner",
         "-C", str(tree)], f"unpacking {archive.name}")


def apply_patches(archive, tree, tmp):
    """Applies what debian/patches/series of a Debian tarball lists, in its order."""
    unpack(archive, tmp / "debian", 1)
    patches = tmp / "debian" / "patches"
    for line in (patches / "series").read_text().splitlines():
        name = line.partition("#")[0].strip()
        if name:
            run(["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch", "-s", "-d", str(tree),
                 "-i", str(patches / name)], f"{archive.name}: patch {name}")


def source_tree(name, source, tree, apt):
    """Makes the directory `tree`: the verified archive, with the patches that sources.toml names."""
    with tempfile.TemporaryDirectory(dir=SUBPROJECTS) as tmp:
        unpack(verified(name, source, "--tar-only", apt), tree, 1)
        if "patches" in source:
            archive = verified(name, source["patches"], "--diff-only", apt)
            apply_patches(archive, tree, pathlib.Path(tmp))


def fetch_source(name, source, apt):
    tree = SUBPROJECTS / f"{name}-{source['version']}"
    want = stamp_of(name, source)
    stamp = tree / STAMP
    if stamp.exists() and stamp.read_text() == want:
        return
    say(f"unpacking {name} {source['version']}")
    with tempfile.TemporaryDirectory(dir=SUBPROJECTS) as tmp:
        fresh = pathlib.Path(tmp) / "tree"
        source_tree(name, source, fresh, apt)
        for path in overlay_files(name):
            target = fresh / path.relative_to(OVERLAYS / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        (fresh / STAMP).write_text(want)
        if tree.exists():
            shutil.rmtree(tree)
        fresh.rename(tree)


# --- the rig's kernel ------------------------------------------------------------------------


def kernel_package(options):
    """Name of the package with the kernel itself, which the meta package depends on."""
    text = run(["apt-cache", *options, "show", f"{KERNEL_PACKAGE}"], KERNEL_PACKAGE)
    match = re.search(r"^Depends:.*?\b(linux-image-[0-9][^ ,(]*)", text, re.M)
    if not match:
        raise FetchError(f"{KERNEL_PACKAGE}: its dependency on a kernel was not found")
    return match.group(1)


def fetch_kernel(apt):
    if (KERNEL_DIR / STAMP).exists():
        return
    options = apt.options("deb", KERNEL_SUITE)
    package = kernel_package(options)
    say(f"fetching {package}")
    with tempfile.TemporaryDirectory(dir=SUBPROJECTS) as folder:
        tmp = pathlib.Path(folder)
        place = apt.folder()
        run(["apt-get", *options, "download", package], package, cwd=place)
        deb = next(place.glob("*.deb"), None)
        if deb is None:
            raise FetchError(f"{package}: nothing was downloaded")
        unpack_kernel(deb, tmp / "tree")
        (tmp / "tree" / STAMP).write_text(deb.name + "\n")
        shutil.rmtree(KERNEL_DIR, ignore_errors=True)
        (tmp / "tree").rename(KERNEL_DIR)


def uncompressed(vmlinuz):
    """The ELF kernel inside a compressed one, which QEMU starts in a third of the time."""
    at = vmlinuz.find(b"\xfd7zXZ\0")
    if at >= 0:
        try:
            elf = lzma.LZMADecompressor().decompress(vmlinuz[at:])
            if elf.startswith(b"\x7fELF"):
                return elf
        except lzma.LZMAError:
            pass
    return vmlinuz


def unpack_kernel(deb, tree):
    """Puts the kernel and the modules for KVM on SVM, all uncompressed, into `tree`."""
    raw = tree.parent / "raw"
    raw.mkdir()
    tree.mkdir()
    wanted = ["./boot/vmlinuz-*"] + [f"*/{m}.ko*" for m in KERNEL_MODULES]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as p:
        run(["tar", "-x", "--wildcards", "--no-same-owner", "-C", str(raw), *wanted],
            f"unpacking {deb.name}", stdin=p.stdout)
    vmlinuz = next(raw.glob("boot/vmlinuz-*"), None)
    if vmlinuz is None:
        raise FetchError(f"{deb.name} has no vmlinuz")
    (tree / "kernel").write_bytes(uncompressed(vmlinuz.read_bytes()))
    for name in KERNEL_MODULES:
        found = next(raw.glob(f"**/{name}.ko*"), None)
        if found is None:
            raise FetchError(f"{deb.name} has no {name}.ko")
        data = found.read_bytes()
        (tree / f"{name}.ko").write_bytes(
            lzma.decompress(data) if found.suffix == ".xz" else data)


def say(text):
    print(f"setup: {text}", file=sys.stderr, flush=True)


def read_sources():
    """The tables of sources.toml, each of them complete."""
    file = "scripts/sources.toml"
    try:
        sources = tomllib.loads((ROOT / file).read_text())
    except (OSError, ValueError) as e:
        raise FetchError(f"{file}: {e}") from None
    for name, source in sources.items():
        check_table(f"{file}: [{name}]", source, SOURCE_KEYS)
        if "patches" in source:
            check_table(f"{file}: [{name}] patches", source["patches"], FILE_KEYS)
    return sources


def check_table(what, table, keys):
    if not isinstance(table, dict):
        raise FetchError(f"{what} is no table: it needs the keys {', '.join(keys)}")
    for key, form in keys.items():
        if key not in table:
            hint = " (with a wrong one, scripts/fetch.py NAME tells the right one)" if key == "sha256" else ""
            raise FetchError(f"{what} has no {key}: add it{hint}; the top of the file explains the keys")
        if not isinstance(table[key], form):
            raise FetchError(f"{what}: {key} has the wrong type; the top of the file explains the keys")
    for key in table:
        if key not in keys and not (key in OPTIONAL_KEYS and keys is SOURCE_KEYS):
            raise FetchError(f"{what}: unknown key {key}: one of {', '.join(keys)}, {', '.join(OPTIONAL_KEYS)}")


def main(args):
    sources = read_sources()
    names = [x for x in args if x != "--all"]
    if args[:1] == ["--for"]:
        if len(args) != 2:
            raise FetchError("--for takes the name of one application")
        names = [x for x in sources if sources[x]["needed"] and sources[x].get("application", args[1]) == args[1]]
    elif "--all" in args:
        names = list(sources) + ["rig-kernel"]
    elif not names:
        names = [x for x in sources if sources[x]["needed"]] + ["rig-kernel"]
    for name in names:
        if name != "rig-kernel" and name not in sources:
            raise FetchError(f"unknown source '{name}': one of {', '.join(sources)}, rig-kernel")
    CACHE.mkdir(parents=True, exist_ok=True)
    apt = Apt()
    try:
        for name in names:
            if name == "rig-kernel":
                fetch_kernel(apt)
            else:
                fetch_source(name, sources[name], apt)
    finally:
        apt.close()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FetchError as e:
        print(f"setup: error: {e}", file=sys.stderr)
        sys.exit(3)

"""An ordinary user who may use KVM runs appliances, and is told in words if the host does not let a VM start.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.paths import PROGRAM, ROOT
from tests.support.server import free_port

pytestmark = [pytest.mark.kvm, pytest.mark.root, pytest.mark.build("all")]

USER, KVM_GROUP = 65532, 65533  # nobody else has processes or files as these


@pytest.fixture
def place():
    """A folder that everybody may reach; pytest closes those that it makes to others again and again."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-user-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def device(place):
    """A KVM device for a group of its own, as /dev/kvm is for the group kvm on an ordinary host."""
    path = place / "kvm"
    os.mknod(path, stat.S_IFCHR | 0o660, os.stat("/dev/kvm").st_rdev)
    os.chown(path, 0, KVM_GROUP)
    path.chmod(0o660)
    return path


@pytest.fixture
def manifest(place):
    """hello, composed by somebody else: the user may only read it."""
    out = place / "hello"
    toml = ROOT / "guest/apps/hello/compartments.toml"
    subprocess.run([ROOT / "scripts/compose", "build", "--out", out, toml], check=True, timeout=60)
    return out / "manifest.dtb"


def as_user(device, *arguments, limit=()):
    command = [*limit, "setpriv", f"--reuid={USER}", f"--regid={USER}", f"--groups={KVM_GROUP}", *arguments]
    environment = {**os.environ, "BULKHEAD_KVM": str(device), "HOME": str(device.parent)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_an_appliance_runs(device, manifest):
    done = as_user(device, PROGRAM, "run", manifest)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The secret is still 1234" in done.stdout


def test_d1_doctor_boots_a_guest(device):
    done = as_user(device, PROGRAM, "doctor")
    assert done.returncode == 0
    assert "trial guest  ran and answered" in done.stdout


def test_d1_advice_about_the_device_helps(device):
    """What doctor tells about a device that is root's alone is done; then doctor is content."""
    device.chmod(0o600)
    done = as_user(device, PROGRAM, "doctor")
    assert done.returncode == 3
    assert f"sudo chgrp kvm {device} && sudo chmod 660 {device}" in done.stdout
    device.chmod(0o660)
    assert as_user(device, PROGRAM, "doctor").returncode == 0


def test_d1_doctor_finds_eagain_without_end(device):
    """One process is all that this user may have: KVM cannot start its thread."""
    done = as_user(device, PROGRAM, "doctor", limit=["prlimit", "--nproc=1"])
    if done.returncode == 0:
        pytest.skip("this kernel's KVM starts no thread in the user's name")
    assert done.returncode == 3
    assert "KVM_RUN gives EAGAIN without end" in done.stdout


def test_eagain_without_end_is_told(device, manifest):
    """The appliance needs three processes; the limit leaves too few for the threads that KVM starts beside them."""
    done = as_user(device, PROGRAM, "run", manifest, limit=["prlimit", "--nproc=5"])
    if done.returncode == 0:
        pytest.skip("this kernel's KVM starts no thread in the user's name")
    assert done.returncode == 4
    assert "KVM_RUN gives EAGAIN without end" in done.stderr


# In a mount namespace, so that nobody else sees it: the tree as the user's own, over the one that is there, and the
# device where it is on any host. Files are not copied, as far as the file system below can do without.
AS_ONES_OWN = r"""
set -e
place=$1 device=$2 tree=$3 user=$4 group=$5
shift 5
mount -t tmpfs none "$place"
mkdir "$place/upper" "$place/work" "$place/home"
mount -t overlay overlay -o metacopy=on,lowerdir="$tree",upperdir="$place/upper",workdir="$place/work" "$tree" ||
    exit 77
chown -R "$user:$user" "$tree" "$place/home"
mount --bind "$device" /dev/kvm
cd "$tree"
export HOME="$place/home" TMPDIR="$place/home" BULKHEAD_RUNTIME_DIR="$place/home/run"
exec setpriv --reuid="$user" --regid="$user" --groups="$group" --inh-caps=-all --bounding-set=-all \
    --no-new-privs "$@"
"""


def as_owner(place, device, *command) -> list[str]:
    place.mkdir()
    arguments = [str(place), str(device), str(ROOT), str(USER), str(KVM_GROUP), *map(str, command)]
    return ["unshare", "--mount", "sh", "-c", AS_ONES_OWN, "-", *arguments]


def environment_of_a_user() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}


def skip_unless_possible(status: int, said: str) -> None:
    if status == 77:
        pytest.skip("no overlay file system here")
    if "Permission denied" in said and str(ROOT) in said:
        pytest.skip("the tree is in a directory that an ordinary user cannot reach")


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.settimeout(5)
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


@pytest.mark.net
def test_readme_run_as_an_ordinary_user(device, place):
    """scripts/run: the default appliance serves clients."""
    port = free_port()
    command = as_owner(place / "own", device, "scripts/run", "--set", f'net.forward=["{port}:6379"]')
    with subprocess.Popen(command, env=environment_of_a_user(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, start_new_session=True) as child:
        end = time.monotonic() + 300
        while child.poll() is None and not answers(port) and time.monotonic() < end:
            time.sleep(0.2)
        served = child.poll() is None and answers(port)
        child.terminate()
        said = child.communicate(timeout=30)[0]
    skip_unless_possible(child.returncode, said)
    assert served, said


@pytest.mark.net
def test_readme_test_as_an_ordinary_user(device, place):
    """scripts/test, with some of the tests; none of these may be left out."""
    chosen = ("tests/apps/test_hello.py", "tests/apps/test_gzip.py", "tests/sqlite/test_sqlite.py",
              "tests/redis/test_redis.py", "tests/observe/test_top.py")
    names = "test_hello or TwoVms or test_commands or test_strings or test_save_and_load or test_vms"
    command = as_owner(place / "own", device, "scripts/test", *chosen, "-k", names)
    done = subprocess.run(command, env=environment_of_a_user(), capture_output=True, text=True, timeout=300,
                          check=False)
    said = done.stdout + done.stderr
    skip_unless_possible(done.returncode, said)
    assert done.returncode == 0, said
    for name in ("test_hello", "test_gzip", "test_sqlite", "test_redis", "test_top"):
        assert f"{name}." in said, said

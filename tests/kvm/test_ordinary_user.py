"""An ordinary user who may use KVM runs appliances, and is told in words if the host does not let a VM start.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import stat
import subprocess

import pytest

from tests.support.paths import PROGRAM, ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.root, pytest.mark.build("all")]

NOBODY, KVM_GROUP = 65534, 65533


@pytest.fixture
def device(tmp_path):
    """A KVM device for a group of its own, as /dev/kvm is for the group kvm on an ordinary host."""
    for part in [tmp_path, *tmp_path.parents]:
        if not part.stat().st_mode & 1:
            part.chmod(part.stat().st_mode | 1)
    path = tmp_path / "kvm"
    os.mknod(path, stat.S_IFCHR | 0o660, os.stat("/dev/kvm").st_rdev)
    os.chown(path, 0, KVM_GROUP)
    path.chmod(0o660)
    return path


@pytest.fixture
def manifest(tmp_path):
    """hello, composed by somebody else: the user may only read it."""
    out = tmp_path / "hello"
    toml = ROOT / "guest/apps/hello/compartments.toml"
    subprocess.run([ROOT / "scripts/compose", "build", "--out", out, toml], check=True, timeout=60)
    return out / "manifest.dtb"


def as_user(device, *arguments, limit=()):
    command = [*limit, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", f"--groups={KVM_GROUP}", *arguments]
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

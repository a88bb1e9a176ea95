"""A hostile client of network and file system takes what it can get; its neighbour works all the while.

The guest is tests/guests/apps/neighbour: the application does its work, a library in another VM is hostile. In each of
these tests the application failed, or was kept waiting for ever, before there were quotas of callers.

SPDX-License-Identifier: BSD-3-Clause
"""

import pytest

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]


@pytest.fixture
def neighbours(appliances):
    """Runs the appliance with one case."""

    def run(case: str, *options: str, status: int = 0) -> list[str]:
        done = appliances.run("neighbour", case, options=options, timeout=100)
        lines = done.stderr.decode().splitlines()
        assert (done.stdout.decode(), done.returncode) == ("PASS\n", status), "\n".join(lines[:100])
        return lines

    return run


def test_a3_ports_of_another_client(neighbours):
    neighbours("ports")


def test_a3_ports_that_the_appliance_lists(neighbours):
    listed = ("--set", 'edges.app-net.ports=["7100-7110", "60000-60999", "udp:60000-60999"]')
    neighbours("listed", *listed, "--set", 'edges.hostile-net.ports=["tcp:7200"]')


@pytest.mark.parametrize("what", ["sockets", "listeners", "datagrams", "lanes"])
def test_a16_sockets_of_one_client(neighbours, what):
    neighbours(what)


@pytest.mark.parametrize("what", ["waits", "names", "waiters"])
def test_a16_calls_that_block(neighbours, what):
    neighbours(what)


def test_a12_locks_of_one_client(neighbours):
    neighbours("locks")


@pytest.mark.parametrize("what", ["files", "memory", "tree"])
def test_a12_files_of_one_client(neighbours, what):
    neighbours(what)


def test_a10_death_releases_everything(neighbours):
    neighbours("death", status=4)


def test_a16_reports_of_refused_calls(neighbours):
    lines = neighbours("reports")
    reports = [line for line in lines if "calls net_close() of compartment" in line]
    assert 10 < len(reports) < 200
    limits = [line for line in lines if "are left out" in line]
    assert limits == ['bulkhead: compartment "hostile": more reports of refused calls than 1 a second are left out']


def test_a16_console(neighbours):
    lines = neighbours("printing")
    printed = [line for line in lines if line.startswith("[hostile] this line is one of very many")]
    assert len(printed) > 1000
    assert sum(map(len, printed)) < 12 << 20  # 4 MiB at once, and 64 KiB for each of the 100 seconds that there are

"""The network device with a bare driver in the guest: both back ends, and every way not to start.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import ExitStack

import pytest

from tests.net.net_support import NETRAW, command, open_tap, remove_tap, run
from tests.support.needs import needs_tun
from tests.support.processes import children_of
from tests.support.paths import PROGRAM, ROOT
from tests.support.server import free_port

pytestmark = [pytest.mark.net, pytest.mark.build("all")]

NOBODY = 65534
# As root, but without the rights of the one who owns the host's network.
UNPRIVILEGED = ("unshare", "--user")


def own_address() -> bytes:
    """IPv4 address of one of this host's interfaces, or of its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anybody:
        with contextlib.suppress(OSError):
            anybody.connect(("192.0.2.1", 9))  # sends nothing
        return socket.inet_aton(anybody.getsockname()[0])


@pytest.mark.kvm
class User(unittest.TestCase):
    def passes(self, *arguments: str, sets: tuple[str, ...] = ()) -> str:
        result = run(*arguments, sets=sets)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertTrue(result.stdout.endswith("PASS\n"), result.stdout)
        return result.stdout

    def test_dhcp(self):
        out = self.passes("dhcp")
        self.assertIn("address 10.0.2.15 mask 255.255.255.0 router 10.0.2.2 dns 10.0.2.3\n", out)
        self.assertRegex(out, r"router ([0-9a-f]{2}:){5}[0-9a-f]{2}\n")

    def test_dhcp_of_a_network_of_ones_own(self):
        out = self.passes("dhcp", sets=('net.address="192.168.7.9/28"',))
        line = "address 192.168.7.9 mask 255.255.255.240 router 192.168.7.2 dns 192.168.7.3\n"
        self.assertIn(line, out)

    def test_ping(self):
        self.assertIn("2000 pings of 1400 bytes", self.passes("ping", "2000", "1400"))

    def test_what_the_guest_learns(self):
        sets = (
            'net.address="10.1.2.4/24"', 'net.gateway="10.1.2.1"', 'net.dns="9.9.9.9"',
            'net.address6="fd00::4/64"', 'net.mac="02:00:00:aa:bb:cc"', "net.mtu=9000",
            "net.hostname=some-host",
        )  # fmt: skip
        self.assertRegex(
            self.passes("show", sets=sets),
            r"mac 02:00:00:aa:bb:cc mtu 9000 features 0x\w+ address 10\.1\.2\.4/24 "
            r"gateway 10\.1\.2\.1 dns 9\.9\.9\.9 address6 fd00::4/64 hostname some-host\n",
        )

    def test_names_can_be_asked_for_again_and_again(self):
        self.assertRegex(self.passes("dns"), r"\d answers")

    def test_forwarded_datagrams(self):
        port, tcp_port = free_port(socket.SOCK_DGRAM), free_port()
        forward = f'net.forward=["udp:{port}:7", "udp:[::1]:{port}:7", "{tcp_port}:7"]'
        guest = subprocess.Popen(
            command("echo", sets=(forward,)), stdout=subprocess.PIPE, text=True
        )
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(10)
                client.connect(("127.0.0.1", port))
                for size in (1, 2, 555, 1472):
                    data = os.urandom(size)
                    self.assertEqual(self.exchange(client, data), data)
                # Nobody answers TCP there; the device accepts it and goes on with the rest.
                for _ in range(20):
                    with socket.create_connection(("127.0.0.1", tcp_port), 10) as stream:
                        stream.send(b"hello?")
                        self.assertEqual(self.exchange(client, b"still there?"), b"still there?")
                client.send(b"end")
                self.assertEqual(client.recv(10), b"end")
            self.assertEqual(guest.communicate(timeout=10)[0], "PASS\n")
        finally:
            guest.kill()
            guest.wait()

    def exchange(self, client: socket.socket, data: bytes) -> bytes:
        """Until somebody listens there; how long that takes is not for this test."""
        deadline = time.monotonic() + 20
        while True:
            try:
                client.send(data)
                return client.recv(4096)
            except ConnectionRefusedError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)

    def knocks(self, *sets: str, port: int = 0) -> list[str]:
        """What services on the host's loopback and interfaces hear of a guest that calls them."""
        heard: list[str] = []
        with ExitStack() as stack:
            sockets = []
            port = port or free_port()
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                service = stack.enter_context(socket.socket(socket.AF_INET6, kind))
                service.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                service.bind(("::", port))
                service.setblocking(False)
                if kind == socket.SOCK_STREAM:
                    service.listen(64)
                sockets.append(service)
            self.passes("knock", str(port), own_address().hex(), sets=sets)
            for service in sockets:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        if service.type == socket.SOCK_STREAM:
                            connection, peer = service.accept()
                            connection.close()
                        else:
                            _, peer = service.recvfrom(100)
                        heard.append(f"{service.type.name} {peer[0]}")
        return heard

    def test_the_host_itself_is_out_of_reach(self):
        self.assertEqual(self.knocks(), [])

    def test_the_host_is_out_of_reach_with_a_datagram_port_forwarded(self):
        self.assertEqual(self.knocks(f'net.forward=["udp:{free_port(socket.SOCK_DGRAM)}:7"]'), [])

    def test_a1_what_the_allow_list_names_is_within_reach(self):
        port, own = free_port(), socket.inet_ntoa(own_address())
        streams = self.knocks(f'net.reach=["world", "127.0.0.1:{port}"]', port=port)
        self.assertIn("SOCK_STREAM ::ffff:127.0.0.1", streams)
        self.assertIn("SOCK_DGRAM ::ffff:127.0.0.1", streams)
        self.assertEqual(set(streams), {"SOCK_STREAM ::ffff:127.0.0.1", "SOCK_DGRAM ::ffff:127.0.0.1"})
        self.assertIn("SOCK_STREAM ::1", self.knocks(f'net.reach=["[::1]:{port}"]', port=port))
        if own != "127.0.0.1":
            self.assertIn(f"SOCK_STREAM ::ffff:{own}", self.knocks(f'net.reach=["{own}"]', port=port))

    def test_a1_another_port_or_host_stays_out_of_reach(self):
        port = free_port()
        for reach in ('["world"]', "[]", f'["127.0.0.1:{port % 65535 + 1}", "10.0.0.0/8", "0.0.0.0/1:1"]',
                      '["[::2]", "[fd00::]/8"]'):
            with self.subTest(reach=reach):
                self.assertEqual(self.knocks(f"net.reach={reach}", port=port), [])

    def test_a7_flows_are_bounded_and_leave_room_for_clients(self):
        port, tcp_port = free_port(socket.SOCK_DGRAM), free_port()
        sets = (f'net.forward=["udp:{port}:7", "{tcp_port}:7"]', "net.connections=64")
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "BULKHEAD_RUNTIME_DIR": folder}
            guest = subprocess.Popen(command("flows", "3000", sets=sets), stdout=subprocess.PIPE, text=True,
                                     env=environment)
            try:
                self.assertEqual(guest.stdout.readline(), "flooded\n")
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                    client.settimeout(20)
                    client.connect(("127.0.0.1", port))
                    self.assertEqual(self.exchange(client, b"still there?"), b"still there?")
                    with socket.create_connection(("127.0.0.1", tcp_port), 10):
                        counts = self.open_flows(environment, streams=1)
                    client.send(b"end")
                    self.assertEqual(client.recv(10), b"end")
                self.assertEqual(guest.communicate(timeout=20)[0], "PASS\n")
            finally:
                guest.kill()
                guest.wait()
        open_now = counts["connections"] + counts["datagram_flows"]
        self.assertTrue(20 < open_now <= 49, counts)  # three quarters, and one from outside
        self.assertGreater(counts["tx_drops"], 3000)

    def open_flows(self, environment: dict[str, str], streams: int) -> dict[str, int]:
        """What `top` counts, once it knows of so many connections."""
        deadline = time.monotonic() + 10
        while True:
            done = subprocess.run([PROGRAM, "top", "--json", "--once"], env=environment, capture_output=True,
                                  check=True, timeout=20)
            found = json.loads(done.stdout)["appliances"][0]["vms"][0]["net"]
            if found["connections"] >= streams or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def test_fragments_do_not_fill_the_hosts_memory(self):
        guest = subprocess.Popen(command("flood", "60000"), stdout=subprocess.PIPE, text=True)
        try:
            for line in guest.stdout:
                if line == "flooded\n":
                    break
            time.sleep(0.5)
            resident = [self.resident_mib(pid) for pid in children_of(guest.pid)]
            self.assertTrue(guest.communicate(timeout=30)[0].endswith("PASS\n"))
        finally:
            guest.kill()
            guest.wait()
        self.assertEqual(len(resident), 1)
        self.assertLess(resident[0], 60)

    def resident_mib(self, pid: int) -> int:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * 4096 >> 20

    def test_hostile_driver(self):
        result = run("hostile")
        self.assertEqual((result.returncode, result.stdout), (0, "PASS\n"), result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 16)
        for line in lines:
            self.assertRegex(line, r"^bulkhead: network device of app: reset: \w")
        self.assertEqual(["; it stays off" in line for line in lines], [False] * 15 + [True])

    def test_no_cpu_time_when_idle(self):
        before = os.times()
        self.passes("idle", "3")
        after = os.times()
        used = sum(after[2:4]) - sum(before[2:4])
        self.assertLess(used, 0.3)  # the start takes most of it


@pytest.mark.kvm
class CannotStart(unittest.TestCase):
    def refused(self, line: str, sets: tuple[str, ...], before: tuple[str, ...] = ()) -> None:
        result = run("show", sets=sets, before=before)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertEqual((result.stdout, result.stderr), ("", f"bulkhead: error: {line}\n"))

    def test_port_taken(self):
        for family, host, shown in (
            (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
            (socket.AF_INET6, "::1", "[::1]"),
        ):
            with socket.socket(family) as other:
                other.bind((host, 0))
                other.listen()
                port = other.getsockname()[1]
                line = (
                    f"TCP port {shown}:{port} of this host is taken: end what listens there, or "
                    "forward another port with --set 'net.forward=[\"HOSTPORT:80\"]'"
                )
                self.refused(line, (f'net.forward=["{shown}:{port}:80"]',))

    def test_datagram_port_taken(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
            line = (
                f"UDP port 127.0.0.1:{port} of this host is taken: end what listens there, or "
                "forward another port with --set 'net.forward=[\"HOSTPORT:53\"]'"
            )
            self.refused(line, (f'net.forward=["udp:{port}:53"]',))

    def test_address_of_another_host(self):
        line = "cannot forward tcp:192.0.2.1:8080:80: this host has no address 192.0.2.1"
        self.refused(line, ('net.forward=["192.0.2.1:8080:80"]',))

    @pytest.mark.root
    def test_port_of_the_system(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as file:
            if int(file.read()) <= 81:
                self.skipTest("every port is free for all here")
        line = (
            "no permission to listen on TCP port 127.0.0.1:81: forward a port from 1024 on with "
            "--set 'net.forward=[\"HOSTPORT:80\"]'"
        )
        self.refused(line, ('net.forward=["81:80"]',), UNPRIVILEGED)

    @needs_tun
    @pytest.mark.root
    def test_interface_missing_and_no_right_to_create_it(self):
        line = (
            "there is no TAP interface bh-none, and no permission to create it; as root: "
            "ip tuntap add dev bh-none mode tap user $USER && ip link set bh-none up"
        )
        self.refused(line, ("net.mode=tap", "net.interface=bh-none"), UNPRIVILEGED)

    @needs_tun
    @pytest.mark.root
    def test_interface_of_somebody_else(self):
        os.close(open_tap("bh-theirs", persistent_for=NOBODY))
        try:
            line = (
                "no permission to use TAP interface bh-theirs: it belongs to another user, or is "
                "none; as root: ip tuntap add dev bh-theirs mode tap user $USER"
            )
            self.refused(line, ("net.mode=tap", "net.interface=bh-theirs"), UNPRIVILEGED)
        finally:
            remove_tap("bh-theirs")

    @needs_tun
    @pytest.mark.root
    def test_interface_down(self):
        os.close(open_tap("bh-down", persistent_for=0))
        try:
            line = "TAP interface bh-down is down; as root: ip link set bh-down up"
            self.refused(line, ("net.mode=tap", "net.interface=bh-down"), UNPRIVILEGED)
            line = (
                "TAP interface bh-down has an MTU of 1500, not 9000: run with --set net.mtu=1500, "
                "or as root: ip link set bh-down mtu 9000"
            )
            sets = ("net.mode=tap", "net.interface=bh-down", "net.mtu=9000")
            self.refused(line, sets, UNPRIVILEGED)
        finally:
            remove_tap("bh-down")

    @needs_tun
    @pytest.mark.root
    def test_interface_in_use(self):
        fd = open_tap("bh-used")
        try:
            line = (
                "TAP interface bh-used is in use by another process: end that, or name another "
                "with --set net.interface=NAME"
            )
            self.refused(line, ("net.mode=tap", "net.interface=bh-used"))
        finally:
            os.close(fd)

    @needs_tun
    @pytest.mark.root
    def test_interface_that_is_no_tap(self):
        line = (
            "interface lo is no TAP interface (or has several queues): name another with "
            "--set net.interface=NAME"
        )
        self.refused(line, ("net.mode=tap", "net.interface=lo"))

    @pytest.mark.root
    def test_no_tun_device(self):
        hide = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "-")
        line = (
            "/dev/net/tun is missing: load the module (modprobe tun), or use --set net.mode=user"
        )
        self.refused(line, ("net.mode=tap",), hide)


@pytest.mark.kvm
@needs_tun
@pytest.mark.root
class Tap(unittest.TestCase):
    def test_echo_in_a_namespace(self):
        result = subprocess.run(
            ["unshare", "--net", sys.executable, "-m", "tests.net.tap_world"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertIn("PASS", result.stdout)


class Description(unittest.TestCase):
    def test_check_prints_the_network(self):
        options = ["--set", "net.mac=02:00:00:00:00:01", "--set", 'net.forward=["udp:1:2"]']
        result = subprocess.run(
            [PROGRAM, "check", *options, NETRAW], capture_output=True, text=True, timeout=60
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertTrue(
            re.search(
                r"\nnetwork\n  compartment app in VM 0, mode user, address dhcp, address6 auto, "
                r"MAC 02:00:00:00:00:01, MTU 1500\n    forward udp:127\.0\.0\.1:1:2\n",
                result.stdout,
            ),
            result.stdout,
        )

"""Clients that connect while the appliance starts.

SPDX-License-Identifier: BSD-3-Clause
"""

import contextlib
import socket
import time
import unittest

import pytest

from tests.redis.server import Server

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]


class Started(Server):
    """Is connected to as soon as its port is open."""

    def answers(self) -> bool:
        return True

    def first_connection(self) -> socket.socket:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection((self.host, self.port), timeout=20)
            time.sleep(0.001)
        raise AssertionError("the port never opened\n" + self.errors())


class Early(unittest.TestCase):
    def test_d8_a_client_that_comes_too_early_is_served(self):
        for _ in range(3):
            with Started() as server, server.first_connection() as client:
                client.sendall(b"PING\r\n")
                self.assertEqual(client.recv(100), b"+PONG\r\n")

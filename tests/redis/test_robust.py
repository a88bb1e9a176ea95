"""What bad clients, many clients and full memory do to Redis with lwIP in a VM of its own.

SPDX-License-Identifier: BSD-3-Clause

The data stays, and nothing leaks: after each test the network compartment's counts of sockets, connections, queue
entries, packets and buffers are what they were before (tests/guests/libs/netwatch tells them), its heap and Redis's.
"""

import collections
import os
import resource
import signal
import socket
import struct
import threading
import time
import unittest

import pytest

from tests.redis.server import Server
from tests.support.server import free_port

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

MIB = 1 << 20
ONE_AFTER_ANOTHER = 20000
SETTLE = 30  # seconds for clients to be gone and memory to be free; TIME_WAIT takes 10
COUNTS = ("sockets", "connections", "segments", "packets", "data")
TABLES = 256 << 10  # bytes of the network compartment's heap by which tables may grow


def reset(sock: socket.socket) -> None:
    """Closes as the kernel does for a program that is killed with unread data: with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def wait_for(condition) -> bool:
    end = time.monotonic() + SETTLE
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return result


class Base(unittest.TestCase):
    server: Server
    time_limit = 300
    options: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 4096:
            raise unittest.SkipTest(f"limit of {hard} open files; 4096 are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
        cls.server = Server(watch=True, options=cls.options)
        cls.addClassCleanup(cls.stop_server)
        with cls.server.client() as redis:
            redis("DEBUG", "POPULATE", 10000, "seed", 100)
            redis("XADD", "stream", "1-1", "field", "value")
            redis("ZADD", "sorted", 1, "a", 2, "b")

    @classmethod
    def stop_server(cls):
        status = cls.server.stop()
        output = cls.server.output() + cls.server.errors()
        cls.server.close()
        if status != 0:
            raise AssertionError(f"ended with status {status}\n{output}")

    def setUp(self):
        self.redis = self.server.client(60)
        self.addCleanup(self.server.close_clients)
        self.assertTrue(wait_for(self.alone), "clients of the test before")
        self.digest = self.redis("DEBUG", "DIGEST")
        self.memory = self.used()
        self.assertTrue(wait_for(lambda: self.server.used()["segments"] == 0))
        self.network = self.server.used()

    def tearDown(self):
        self.server.close_clients(self.redis)
        self.assertTrue(wait_for(self.alone), "clients are left over")
        self.assertEqual(self.redis("DEBUG", "DIGEST"), self.digest)
        self.assertTrue(wait_for(lambda: self.used() < self.memory + MIB),
                        f"Redis uses {self.used() - self.memory} bytes more than before")
        self.assertTrue(wait_for(self.network_as_before),
                        f"the network compartment: {self.network} before, {self.server.used()} after")

    def network_as_before(self) -> bool:
        now = self.server.used()
        return (all(now[name] <= self.network[name] for name in COUNTS) and
                now["free_buffers"] == now["buffers"] and now["heap"] <= self.network["heap"] + TABLES)

    def alone(self) -> bool:
        return self.redis.info("clients")["connected_clients"] == "1"

    def used(self) -> int:
        return int(self.redis.info("memory")["used_memory"])


class Robust(Base):
    def test_a_thousand_at_once(self):
        for _ in range(3):
            clients = [self.server.client(60) for _ in range(1000)]
            for number, client in enumerate(clients):
                client.send("ECHO", number)
            answers = [client.receive() for client in clients]
            self.assertEqual(answers, [b"%d" % number for number in range(1000)])
            self.assertEqual(self.redis.info("clients")["connected_clients"], "1001")
            for client in clients:
                client.close()
            self.assertTrue(wait_for(self.alone))

    def one_after_another(self, count: int, overlap: int) -> None:
        waiting = collections.deque()
        for number in range(count + overlap - 1):
            if number < count:
                waiting.append(self.server.client())
                waiting[-1].send("PING")
            if number >= overlap - 1:
                client = waiting.popleft()
                self.assertEqual(client.receive(), "PONG")
                client.close()

    def test_one_after_another(self):
        """The last ones with 16 under way at a time, which takes a third of the time."""
        self.one_after_another(ONE_AFTER_ANOTHER // 20, 1)
        self.one_after_another(ONE_AFTER_ANOTHER - ONE_AFTER_ANOTHER // 20, 16)

    def test_ports_come_around(self):
        """A client's port is used again while Redis's end, which closed first, is in TIME_WAIT; libslirp would repeat a
        SYN that was dropped after 6 s."""
        port = free_port()
        for _ in range(20):
            with self.server.client(5, source_port=port) as client:
                self.assertEqual(client("QUIT"), "OK")
                self.assertEqual(client.file.read(), b"")

    def test_b13_urgent_data_is_no_part_of_the_stream(self):
        """As on Linux without SO_OOBINLINE. libslirp takes the last byte that it reads at once for the urgent one."""
        with self.server.client() as client:
            for flags, part in (0, b"PI"), (socket.MSG_OOB, b"X"), (0, b"NG\r\n"):
                client.socket.send(part, flags)
                time.sleep(0.3)
            self.assertEqual(client.receive(), "PONG")

    def test_killed_while_sending(self):
        half = b"*3\r\n$3\r\nSET\r\n$6\r\nbroken\r\n$100000\r\n" + bytes(50000)
        for _ in range(1500):
            sock = socket.create_connection(("127.0.0.1", self.server.port), 20)
            sock.sendall(half)
            reset(sock)
        self.assertEqual(self.redis("EXISTS", "broken"), 0)

    def test_killed_while_receiving(self):
        self.redis("SET", "large", bytes(4 * MIB))
        for _ in range(100):
            client = self.server.client()
            for _ in range(2):
                client.send("GET", "large")
            client.socket.recv(100)
            client.file.close()
            reset(client.socket)
        self.assertEqual(self.redis("DEL", "large"), 1)

    def test_half_closed(self):
        for _ in range(200):
            with self.server.client() as client:
                client.send("ECHO", b"x" * 1000)
                client.send("PING")
                client.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(client.receive(), b"x" * 1000)
                self.assertEqual(client.receive(), "PONG")
                self.assertEqual(client.file.read(), b"")

    def test_values_of_64_mib(self):
        value = os.urandom(64 * MIB)
        for _ in range(2):
            self.assertEqual(self.redis("SET", "large", value), "OK")
            self.assertEqual(self.redis("STRLEN", "large"), len(value))
            self.assertTrue(self.redis("GET", "large") == value, "not what was stored")
        self.assertEqual(self.redis("DEL", "large"), 1)

    def test_pipeline_of_10000(self):
        value = b"v" * 1000
        command = b"*2\r\n$4\r\nECHO\r\n$1000\r\n" + value + b"\r\n"
        for _ in range(3):
            sender = threading.Thread(target=self.redis.socket.sendall, args=(command * 10000,))
            sender.start()
            self.assertTrue(all(self.redis.receive() == value for _ in range(10000)))
            sender.join()

    def test_publish_to_many(self):
        others = [self.server.client() for _ in range(100)]
        for other in others:
            self.assertEqual(other("SUBSCRIBE", "news"), [b"subscribe", b"news", 1])
        for number in range(50):
            self.assertEqual(self.redis("PUBLISH", "news", number), 100)
        for other in others:
            self.assertEqual([int(other.receive()[2]) for _ in range(50)], list(range(50)))
            other.close()

    def test_blocked_clients_are_served_in_turn_or_killed(self):
        others = [self.server.client() for _ in range(100)]
        for number, other in enumerate(others):
            other.send("BLPOP", "queue", 0)
            self.assertTrue(wait_for(lambda expected=number + 1: expected == int(
                self.redis.info("clients")["blocked_clients"])))
        for other in others[::2]:
            reset(other.socket)
            other.file.close()
        self.assertTrue(wait_for(lambda: self.redis.info("clients")["blocked_clients"] == "50"))
        self.redis("RPUSH", "queue", *range(50))
        for number, other in enumerate(others[1::2]):
            self.assertEqual(other.receive(), [b"queue", b"%d" % number])
            other.close()

    def test_transactions_and_scripts_are_whole(self):
        script = "for i = 1, 100 do redis.call('INCR', KEYS[1]) end return redis.call('GET', KEYS[1])"
        clients = [self.server.client() for _ in range(50)]
        for client in clients:
            client.send("MULTI")
            client.send("INCR", "n")
            client.send("EVAL", script, 1, "n")
            client.send("EXEC")
        for client in clients:
            *_, (first, last) = [client.receive() for _ in range(4)]
            self.assertEqual(int(last), first + 100)
            client.close()
        self.assertEqual(self.redis("GETDEL", "n"), b"5050")

    def test_greedy_clients_are_evicted(self):
        self.redis("CONFIG", "SET", "maxmemory-clients", "8mb")
        before = int(self.redis.info("stats")["evicted_clients"])
        greedy = self.server.client()
        with self.assertRaises(OSError):
            greedy.socket.sendall(b"*2\r\n$4\r\nECHO\r\n$33554432\r\n" + bytes(32 * MIB))
            if not greedy.socket.recv(1):
                raise ConnectionError("closed")
        greedy.close()
        self.assertGreater(int(self.redis.info("stats")["evicted_clients"]), before)
        self.redis("CONFIG", "SET", "maxmemory-clients", "0")

    def test_memory_full_is_an_answer(self):
        limit = self.redis("CONFIG", "GET", "maxmemory")[1]
        self.redis("CONFIG", "SET", "maxmemory", self.used() + 32 * MIB)
        count = 0
        while not isinstance(answer := self.redis("SET", f"fill{count}", bytes(MIB)), RuntimeError):
            count += 1
            self.assertLess(count, 64)
        self.assertIn("OOM command not allowed", str(answer))
        self.assertGreater(count, 16)
        self.assertEqual(self.redis("UNLINK", *(f"fill{i}" for i in range(count))), count)
        self.assertEqual(self.redis("CONFIG", "SET", "maxmemory", limit), "OK")
        self.assertTrue(wait_for(lambda: self.redis.info("memory")["lazyfree_pending_objects"] == "0"))

    def test_save_and_load_again(self):
        for _ in range(3):
            self.assertEqual(self.redis("SAVE"), "OK")
            self.assertEqual(self.redis("DEBUG", "RELOAD", "NOSAVE"), "OK")


class NetworkFull(Base):
    """With a quarter of the network compartment's usual memory: 2 MiB of receive buffers, 8 MiB of data."""

    options = ("--set", "compartments.net.memory=16MiB")

    def wait_until_used(self, condition) -> None:
        self.assertTrue(wait_for(lambda: condition(self.server.used())), self.server.used())

    def test_out_of_receive_buffers(self):
        """Redis does not read for a while, and libslirp sends 64 KiB on each of 200 connections."""
        clients = [self.server.client(60) for _ in range(200)]
        sleeper = self.server.client(60)
        value = os.urandom(MIB // 4)
        sleeper.send("DEBUG", "SLEEP", 3)
        threads = [threading.Thread(target=client.send, args=("ECHO", value)) for client in clients]
        for thread in threads:
            thread.start()
        self.wait_until_used(lambda now: now["free_buffers"] < now["buffers"] // 3 and now["data"] > 3 * MIB)
        self.assertEqual(sleeper.receive(), "OK")
        with self.server.client(60) as other:
            self.assertEqual(other("PING"), "PONG")
        for thread in threads:
            thread.join()
        for client in clients:
            self.assertEqual(client.receive(), value)
            client.close()
        sleeper.close()

    def test_full_of_answers(self):
        """Nobody reads answers of 8 MiB, of which the host keeps 4: who asks for little is answered all the same."""
        self.redis("SET", "large", bytes(8 * MIB))
        clients = [self.server.client(60, receive_buffer=4096) for _ in range(36)]
        for client in clients:
            client.send("GET", "large")
        self.wait_until_used(lambda now: now["data"] > 5 * MIB)
        with self.server.client(60) as other:
            self.assertEqual(other("ECHO", b"x" * 1000), b"x" * 1000)
        for client in clients[::2]:
            self.assertTrue(client.receive() == bytes(8 * MIB))
        for client in clients:
            client.close()
        self.assertEqual(self.redis("DEL", "large"), 1)


class Ends(unittest.TestCase):
    time_limit = 120

    def test_b6_bind_to_a_foreign_address(self):
        with self.assertRaises(AssertionError) as raised:
            Server("--bind", "192.0.2.7").close()
        self.assertIn("Failed listening on port 6379", str(raised.exception))

    def test_heap_exhausted_is_said(self):
        """Without maxmemory Redis says that it ran out, and the appliance ends with an error."""
        options = ("--set", "compartments.app.memory=128MiB")
        with Server("--maxmemory", "0", options=options) as server:
            with self.assertRaises(OSError), server.client() as redis:
                for number in range(256):
                    self.assertEqual(redis("SET", f"k{number}", bytes(MIB)), "OK")
            self.assertNotEqual(server.process.wait(20), 0)
            self.assertIn("Out Of Memory allocating", server.output())

    def test_sigterm_with_clients_busy(self):
        with Server() as server:
            blocked, busy = server.client(), server.client()
            blocked.send("BLPOP", "nothing", 0)
            busy.socket.sendall(b"*1\r\n$4\r\nPING\r\n" * 1000)
            self.assertEqual(server.stop(signal.SIGTERM), 0)
            self.assertIn("Redis is now ready to exit", server.output())
            blocked.close()
            busy.close()

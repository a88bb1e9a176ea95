"""What bad clients, many clients and full memory do to Redis with lwIP in a VM of its own: the data stays, nothing leaks.

SPDX-License-Identifier: BSD-3-Clause

The network compartment's free buffers cannot be asked for from outside. So each test that could leak takes more than all that
there is: 3,072 connections, 2,048 sockets, 64 MiB. BULKHEAD_CONNECTIONS sets how many come one after another: 4,000,
or 20,000 for the full test.
"""

import os
import resource
import signal
import socket
import struct
import threading
import time
import unittest

from server import Server

MIB = 1 << 20
ONE_AFTER_ANOTHER = int(os.environ.get("BULKHEAD_CONNECTIONS", "4000"))
SETTLE = 20  # seconds for clients to be gone and memory to be free


def reset(sock: socket.socket) -> None:
    """Closes as the kernel does for a program that is killed with unread data: with RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def wait_for(condition) -> bool:
    end = time.monotonic() + SETTLE
    while not (result := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return result


class Robust(unittest.TestCase):
    time_limit = 300

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 4096:
            raise unittest.SkipTest(f"limit of {hard} open files; 4096 are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
        cls.server = Server()
        cls.addClassCleanup(cls.stop_server)
        with cls.server.client() as redis:
            redis("DEBUG", "POPULATE", 10000, "seed", 100)
            redis("XADD", "stream", "1-1", "field", "value")
            redis("ZADD", "sorted", 1, "a", 2, "b")

    @classmethod
    def stop_server(cls):
        status = cls.server.stop()
        output = cls.server.output()
        cls.server.log.close()
        if status != 0:
            raise AssertionError(f"ended with status {status}\n{output}")

    def setUp(self):
        self.redis = self.server.client(60)
        self.addCleanup(self.redis.close)
        self.assertTrue(wait_for(self.alone), "clients of the test before")
        self.digest = self.redis("DEBUG", "DIGEST")
        self.memory = self.used()

    def tearDown(self):
        self.assertTrue(wait_for(self.alone), "clients are left over")
        self.assertEqual(self.redis("DEBUG", "DIGEST"), self.digest)
        self.assertTrue(wait_for(lambda: self.used() < self.memory + MIB),
                        f"Redis uses {self.used() - self.memory} bytes more than before")

    def alone(self) -> bool:
        return self.redis.info("clients")["connected_clients"] == "1"

    def used(self) -> int:
        return int(self.redis.info("memory")["used_memory"])

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

    def test_one_after_another(self):
        start = time.monotonic()
        for _ in range(ONE_AFTER_ANOTHER):
            with self.server.client() as client:
                self.assertEqual(client("PING"), "PONG")
        took = time.monotonic() - start
        self.assertLess(took, max(30, 0.02 * ONE_AFTER_ANOTHER))

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


class Ends(unittest.TestCase):
    time_limit = 120

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


if __name__ == "__main__":
    unittest.main()

"""Redis with lwIP in a virtual machine of its own, by a client on the host.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import signal
import threading
import time
import tomllib
import unittest

import pytest

from tests.redis.server import Server
from tests.support.paths import ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

MIB = 1 << 20


class Redis(unittest.TestCase):
    time_limit = 240

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.redis = self.server.client()
        self.assertEqual(self.redis("FLUSHALL"), "OK")

    def tearDown(self):
        self.redis.close()

    def test_strings(self):
        self.assertEqual(self.redis("SET", "k", "v"), "OK")
        self.assertEqual(self.redis("GET", "k"), b"v")
        self.assertEqual(self.redis("INCRBYFLOAT", "f", "10.5"), b"10.5")
        self.assertEqual(self.redis("APPEND", "k", "w"), 2)

    def test_info_tells_where_it_runs(self):
        info = self.redis.info("server")
        self.assertEqual(info["redis_version"], "7.0.15")
        self.assertEqual(info["multiplexing_api"], "epoll")
        self.assertTrue(info["os"].startswith("Bulkhead"))

    def test_the_clock_is_the_hosts(self):
        for _ in range(20):
            before = time.time()
            seconds, microseconds = map(int, self.redis("TIME"))
            after, guest = time.time(), seconds + microseconds / 1e6
            self.assertGreater(guest, before - 0.001)
            self.assertLess(guest, after + 0.001)

    def test_large_value(self):
        value = os.urandom(16 * MIB)
        self.assertEqual(self.redis("SET", "large", value), "OK")
        self.assertEqual(self.redis("GET", "large"), value)
        self.assertEqual(self.redis("DEL", "large"), 1)

    def test_pipeline(self):
        count = 10000
        data = b"".join(b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n" for _ in range(count))
        threading.Thread(target=self.redis.socket.sendall, args=(data,)).start()
        self.assertEqual([self.redis.receive() for _ in range(count)], list(range(1, count + 1)))

    def test_lua(self):
        script = "redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[1])"
        self.assertEqual(self.redis("EVAL", script, 1, "lua", "yes"), b"yes")
        self.assertEqual(self.redis("EVAL", "return cjson.encode({a=1})", 0), b'{"a":1}')

    def test_transactions_and_streams(self):
        self.assertEqual(self.redis("MULTI"), "OK")
        self.assertEqual(self.redis("XADD", "s", "1-1", "field", "value"), "QUEUED")
        self.assertEqual(self.redis("XLEN", "s"), "QUEUED")
        self.assertEqual(self.redis("EXEC"), [b"1-1", 1])

    def test_publish_and_subscribe(self):
        with self.server.client() as other:
            self.assertEqual(other("SUBSCRIBE", "news"), [b"subscribe", b"news", 1])
            self.assertEqual(self.redis("PUBLISH", "news", "hello"), 1)
            self.assertEqual(other.receive(), [b"message", b"news", b"hello"])

    def test_blocking_pop(self):
        with self.server.client() as other:
            other.send("BLPOP", "list", 10)
            time.sleep(0.1)
            self.assertEqual(self.redis("RPUSH", "list", "x"), 1)
            self.assertEqual(other.receive(), [b"list", b"x"])
        start = time.monotonic()
        self.assertIsNone(self.redis("BLPOP", "nothing", "0.2"))
        self.assertGreaterEqual(time.monotonic() - start, 0.2)

    def test_expiry(self):
        self.redis("SET", "short", "1", "PX", 50)
        time.sleep(0.2)
        self.assertIsNone(self.redis("GET", "short"))

    def test_save_and_load(self):
        for i in range(1000):
            self.redis("HSET", f"h{i}", "field", i)
        self.assertEqual(self.redis("SAVE"), "OK")
        self.assertEqual(self.redis("DEBUG", "RELOAD"), "OK")
        self.assertEqual(self.redis("DBSIZE"), 1000)
        self.assertEqual(self.redis("HGET", "h999", "field"), b"999")

    def test_background_save_fails_cleanly(self):
        self.assertIn("ERR", str(self.redis("BGSAVE")))
        self.assertEqual(self.redis("PING"), "PONG")

    def test_background_threads_free(self):
        for _ in range(3):
            self.redis("DEBUG", "POPULATE", 100000, "p", 30)
            before = int(self.redis.info("memory")["used_memory"])
            self.assertEqual(self.redis("FLUSHALL", "ASYNC"), "OK")
            deadline = time.monotonic() + 10
            while int(self.redis.info("memory")["used_memory"]) > before / 2:
                self.assertLess(time.monotonic(), deadline, "lazy free does not run")
                time.sleep(0.05)
        self.assertEqual(self.redis.info("memory")["lazyfree_pending_objects"], "0")

    def test_out_of_memory_is_an_answer(self):
        limit = int(self.redis("CONFIG", "GET", "maxmemory")[1])
        value = b"x" * MIB
        count = 0
        while not isinstance(answer := self.redis("SET", f"m{count}", value), RuntimeError):
            count += 1
            self.assertLess(count * MIB, 2 * limit)
        self.assertIn("OOM", str(answer))
        self.assertGreater(count * MIB, limit // 2)
        self.assertEqual(self.redis("GET", "m0"), value)
        self.redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        self.assertEqual(self.redis("SET", "another", value), "OK")
        self.redis("CONFIG", "SET", "maxmemory-policy", "noeviction")

    def test_many_clients(self):
        clients = [self.server.client() for _ in range(200)]
        for number, client in enumerate(clients):
            client.send("SET", f"c{number}", number)
        self.assertEqual([client.receive() for client in clients], ["OK"] * 200)
        for client in clients:
            client.close()
        self.assertEqual(self.redis("DBSIZE"), 200)


class Stopping(unittest.TestCase):
    def test_sigterm_shuts_down(self):
        with Server() as server:
            with server.client() as redis:
                redis("SET", "k", "v")
            self.assertEqual(server.stop(signal.SIGTERM), 0)
            self.assertIn("Redis is now ready to exit", server.output())

    def test_shutdown_command(self):
        with Server() as server:
            with server.client() as redis:
                redis.send("SHUTDOWN", "NOSAVE")
            self.assertEqual(server.process.wait(10), 0)


class Variants(unittest.TestCase):
    def test_the_default_appliance_is_this_one(self):
        files = ("compartments.toml", "guest/apps/redis/compartments.toml")
        contents = [tomllib.loads((ROOT / file).read_text()) for file in files]
        self.assertEqual(*contents)

    def test_without_isolation_between_the_two(self):
        options = ("--set", "compartments.net.mechanism=none")
        with Server(options=options) as server, server.client() as redis:
            self.assertEqual(redis("SET", "k", "v" * 100000), "OK")
            self.assertEqual(redis("GET", "k"), b"v" * 100000)

    def test_options_on_the_command_line(self):
        with Server("--maxmemory", "50mb", "--appendonly", "yes") as server, server.client() as redis:
            self.assertEqual(redis("CONFIG", "GET", "maxmemory")[1], b"52428800")
            redis("SET", "k", "v")
            self.assertEqual(redis("DEBUG", "LOADAOF"), "OK")
            self.assertEqual(redis("GET", "k"), b"v")

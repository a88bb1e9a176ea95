"""nginx in an appliance, driven from the host: what a web server promises, and what bad clients must not break.

SPDX-License-Identifier: BSD-3-Clause
"""

import gzip
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import pytest

from tests.nginx.nginx_server import APP, Server
from tests.support import appliances

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]

MIB = 1 << 20
# The full promises: BULKHEAD_BIG_FILE=2048 (MiB, a sparse file), BULKHEAD_WRK_SECONDS=600.
BIG = int(os.environ.get("BULKHEAD_BIG_FILE", "64")) * MIB
WRK_SECONDS = int(os.environ.get("BULKHEAD_WRK_SECONDS", "4"))
SETTLE = 30  # seconds until connections that were closed are known to be
GROWTH = 16 * MIB  # of resident memory while the same load goes on: libslirp's heap comes and goes
REQUEST = b"GET /digits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TEXT = b"<p>some text, " * 500

# Places where nothing may be looked at, and a short time for those who do not go on.
CONF = """
daemon off; master_process off; error_log stderr; pid /tmp/nginx.pid;
events { worker_connections 1800; multi_accept on; }
http {
    include /etc/nginx/mime.types;
    access_log /dev/stdout combined;
    gzip on;
    server {
        listen 8080;
        root /www;
        autoindex on;
        error_page 404 /missing.html;
        location /denied/ { deny all; }
        location /closed/ { autoindex off; }
        location /sent/ { alias /www/; sendfile on; tcp_nopush on; }
        location = /status { stub_status; access_log off; }
    }
}
"""


def make_site(folder: Path) -> None:
    (folder / "index.html").write_bytes(b"<h1>front page</h1>")
    (folder / "missing.html").write_bytes(b"<h1>nothing here</h1>")
    (folder / "text.html").write_bytes(TEXT)
    (folder / "digits").write_bytes(b"0123456789" * 100)
    (folder / "empty").write_bytes(b"")
    for name in ("list", "denied", "closed", "deep/er"):
        (folder / name).mkdir(parents=True)
    for name in ("list/a & b.txt", "list/c.txt", "denied/x", "closed/x", "deep/er/index.html"):
        (folder / name).write_text(name)
    (folder / "nginx.conf").write_text(CONF)
    with open(folder / "big", "wb") as f:  # holes, with something in between
        f.truncate(BIG)
        for at in range(0, BIG, BIG // 16):
            f.seek(at + 4095)
            f.write(b"<%d>" % at)


class Packaged(unittest.TestCase):
    """With the configuration that the appliance brings."""

    def test_b12_redirects_lead_where_the_client_asked(self):
        """The guest listens on a port of its own, which a client of the host's cannot reach."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "folder").mkdir()
            Path(folder, "folder/file").write_text("x")
            with Server(Path(folder)) as server:
                status, headers, _ = server.get("/folder")
                self.assertEqual((status, headers["Location"]), (301, "/folder/"))
                self.assertIn(b'href="file"', server.get(headers["Location"])[2])


class Site(unittest.TestCase):
    """One appliance, three VMs, with a configuration of the test's own."""

    time_limit = 120 + 2 * WRK_SECONDS + BIG // MIB

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        make_site(cls.folder)
        cls.server = Server(cls.folder, "-c", "/www/nginx.conf")
        cls.addClassCleanup(cls.stop_server)
        cls.get = cls.server.get

    @classmethod
    def stop_server(cls):
        status, errors = cls.server.stop(), cls.server.errors()
        cls.server.close()
        if status != 0 or "[alert]" in errors or "[emerg]" in errors or "[crit]" in errors:
            raise AssertionError(f"ended with status {status}\n{errors}")

    def test_pages(self):
        status, headers, body = self.get("/")
        self.assertEqual((status, body), (200, b"<h1>front page</h1>"))
        self.assertEqual((headers["Server"], headers["Content-Type"]), ("nginx/1.22.1", "text/html"))
        self.assertEqual(self.get("/empty")[::2], (200, b""))
        self.assertEqual(self.get("/deep/er/")[::2], (200, b"deep/er/index.html"))
        self.assertEqual(self.get("/deep/../digits")[2], b"0123456789" * 100)
        status, headers, _ = self.get("/deep/er")
        self.assertEqual((status, headers["Location"]), (301, "http://127.0.0.1:8080/deep/er/"))

    def test_head(self):
        status, headers, body = self.get("/digits", "HEAD")
        self.assertEqual((status, headers["Content-Length"], body), (200, "1000", b""))

    def test_errors(self):
        self.assertEqual(self.get("/none")[::2], (404, b"<h1>nothing here</h1>"))
        self.assertEqual(self.get("/denied/x")[0], 403)
        self.assertEqual(self.get("/closed/")[0], 403)
        self.assertEqual(self.get("/digits", "DELETE")[0], 405)
        self.assertEqual(self.get("/%00")[0], 400)
        self.assertEqual(self.get("/" + "x" * 9000)[0], 414)
        self.assertIn(self.get("/../../etc/nginx/nginx.conf")[0], (400, 404))

    def test_index_of_a_folder(self):
        status, _, body = self.get("/list/")
        self.assertEqual(status, 200)
        self.assertEqual(re.findall(b'href="([^"]*)"', body), [b"../", b"a%20%26%20b.txt", b"c.txt"])
        self.assertEqual(self.get("/list/a%20&%20b.txt")[2], b"list/a & b.txt")

    def test_conditions(self):
        headers = self.get("/digits")[1]
        self.assertEqual(self.get("/digits", If_Modified_Since=headers["Last-Modified"])[::2], (304, b""))
        self.assertEqual(self.get("/digits", If_None_Match=headers["ETag"])[0], 304)
        self.assertEqual(self.get("/digits", If_Modified_Since="Sat, 01 Jan 2000 00:00:00 GMT")[0], 200)
        self.assertEqual(self.get("/digits", If_Match='"no"')[0], 412)

    def test_ranges(self):
        def part(words):
            status, headers, body = self.get("/digits", Range=f"bytes={words}")
            return status, headers.get("Content-Range"), body

        self.assertEqual(part("5-14"), (206, "bytes 5-14/1000", b"5678901234"))
        self.assertEqual(part("-3"), (206, "bytes 997-999/1000", b"789"))
        self.assertEqual(part("998-"), (206, "bytes 998-999/1000", b"89"))
        self.assertEqual(part("1000-")[:2], (416, "bytes */1000"))
        status, headers, body = self.get("/digits", Range="bytes=0-1,10-12")
        self.assertEqual(status, 206)
        self.assertRegex(headers["Content-Type"], "^multipart/byteranges; boundary=")
        self.assertEqual(re.findall(rb"\r\n\r\n(\d+)\r\n", body), [b"01", b"012"])

    def test_gzip(self):
        _, headers, body = self.get("/text.html", Accept_Encoding="gzip")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        self.assertLess(len(body), len(TEXT) // 4)
        self.assertEqual(gzip.decompress(body), TEXT)
        self.assertEqual(self.get("/text.html")[2], TEXT)

    def test_one_connection_many_requests(self):
        with self.server.connect() as client:
            for path, size in (("/digits", 1000), ("/none", 21), ("/text.html", len(TEXT))) * 20:
                client.request("GET", path)
                self.assertEqual(len(client.getresponse().read()), size)
                where = client.sock and client.sock.getsockname()
                self.assertEqual(where, getattr(self, "where", where))
                self.where = where

    def test_requests_one_behind_the_other(self):
        with self.server.raw() as s:
            s.sendall(REQUEST.replace(b"Connection: close\r\n", b"") * 19 + REQUEST)
            everything = b"".join(iter(lambda: s.recv(65536), b""))
        self.assertEqual(everything.count(b"HTTP/1.1 200 OK"), 20)
        self.assertEqual(everything.count(b"0123456789" * 100), 20)

    def test_http_1_0_closes(self):
        with self.server.raw() as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertTrue(b"".join(iter(lambda: s.recv(65536), b"")).endswith(b"front page</h1>"))

    @unittest.skipUnless(shutil.which("curl"), "no curl on this host")
    def test_a_big_file_with_curl(self):
        self.big_file("/big")

    @unittest.skipUnless(shutil.which("curl"), "no curl on this host")
    def test_a_big_file_by_sendfile(self):
        self.big_file("/sent/big")

    def big_file(self, path):
        command = ["curl", "-sS", "--fail", f"http://127.0.0.1:{self.server.port}{path}"]
        digest, size = hashlib.sha256(), 0
        with subprocess.Popen(command, stdout=subprocess.PIPE) as curl:
            while piece := curl.stdout.read(MIB):
                digest.update(piece)
                size += len(piece)
        self.assertEqual((curl.returncode, size), (0, BIG))
        with open(self.folder / "big", "rb") as f:
            self.assertEqual(digest.digest(), hashlib.file_digest(f, "sha256").digest())

    def test_slow_and_silent_clients_block_nobody(self):
        asked, silent = [], []
        try:
            for i in range(20):
                asked.append(self.server.raw(receive_buffer=4096))
                asked[-1].sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")  # and reads nothing
                silent.append(self.server.raw())
                silent[-1].sendall(REQUEST[:i])  # and says no more
            for _ in range(20):
                self.assertEqual(len(self.get("/digits")[2]), 1000)
            for s in asked[:3]:  # goes on where it was left
                self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 200 OK"))
            silent[-1].sendall(REQUEST[i:])
            answer = b"".join(iter(lambda: silent[-1].recv(65536), b""))
            self.assertTrue(answer.endswith(b"0123456789" * 100), answer[:100])
        finally:
            for s in asked + silent:
                s.close()
        self.assertEqual(len(self.get("/digits")[2]), 1000)

    def test_clients_that_close_their_half(self):
        with self.server.raw() as s:
            s.sendall(REQUEST.replace(b"/digits", b"/text.html"))
            s.shutdown(socket.SHUT_WR)
            self.assertTrue(b"".join(iter(lambda: s.recv(65536), b"")).endswith(TEXT))

    @unittest.skipUnless(shutil.which("wrk"), "no wrk on this host")
    def test_a_hundred_connections(self):
        def load(seconds):
            url = f"http://127.0.0.1:{self.server.port}/digits"
            command = ["wrk", "-t2", "-c100", f"-d{seconds}s", "--timeout", "60s", url]
            out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
            self.assertNotRegex(out, "Socket errors|Non-2xx", out)
            return int(re.search(r"(\d+) requests in", out)[1])

        load(2)
        before = self.server.resident()
        requests = load(WRK_SECONDS)
        grown = self.server.resident() - before
        self.assertGreater(requests, 100)
        self.assertLess(grown, GROWTH, f"{requests} requests")
        end = time.monotonic() + SETTLE
        while (active := self.active()) > 1 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(active, 1)  # the one that asks

    def active(self):
        return int(re.search(rb"Active connections: (\d+)", self.get("/status")[2])[1])

    def test_what_changes_on_the_host_is_served(self):
        path = self.folder / "new"
        self.assertEqual(self.get("/new")[0], 404)
        path.write_text("one")
        self.assertEqual(self.get("/new")[::2], (200, b"one"))
        path.unlink()
        self.assertEqual(self.get("/new")[0], 404)


class Delivered(unittest.TestCase):
    """The configuration that comes with it; where compartments are is decided at the start."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.site = Path(folder.name)
        (self.site / "page").write_bytes(TEXT)

    def serves(self, *options, toml="compartments.toml", number=signal.SIGTERM):
        with Server(self.site, options=options, toml=toml) as server:
            self.assertEqual(server.get("/page")[::2], (200, TEXT))
            self.assertEqual(server.get("/page", Range="bytes=5-8")[2], TEXT[5:9])
            self.assertEqual(server.stop(number), 0)
            log = [line.split('"') for line in server.output().splitlines()]
            self.assertEqual([(words[1], words[2]) for words in log if "page" in words[1]],
                             [("GET /page HTTP/1.1", f" 200 {len(TEXT)} "), ("GET /page HTTP/1.1", " 206 4 ")])
            self.assertEqual(server.errors(), "")

    def test_three_vms(self):
        self.serves()

    def test_network_and_application_in_one_vm(self):
        self.serves("--set", "compartments.net.mechanism=none", number=signal.SIGINT)

    def test_all_in_one_vm(self):
        self.serves("--set", "compartments.net.mechanism=none", "--set", "compartments.files.mechanism=none")

    def test_one_compartment(self):
        self.serves(toml="compartments-one.toml")

    def test_mistakes(self):
        (self.site / "bad.conf").write_text("events {}\nhttp { server { listen 8080;\n rooot /www; } }\n")
        (self.site / "open.conf").write_text("events {}\nhttp {\n")
        cases = {
            ("-c", "/www/bad.conf"): '[emerg] 1#0: unknown directive "rooot" in /www/bad.conf:3',
            ("-c", "/www/open.conf"): '[emerg] 1#0: unexpected end of file, expecting "}" in /www/open.conf:3',
            ("-c", "/www/none.conf"): '[emerg] 1#0: open() "/www/none.conf" failed (2: No such file or directory)',
            ("-g", "root /;"): '[emerg] 1#0: "root" directive is not allowed here in command line',
            ("-x",): 'nginx: invalid option: "x"',
        }  # fmt: skip
        command = appliances.command(f"{APP}/compartments.toml", "--set", f"mounts.www.directory={self.site}",
                                     "--set", "net.forward=[]")  # fmt: skip
        for arguments, message in cases.items():
            done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(message, done.stderr)
        done = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertIn("configuration file /etc/nginx/nginx.conf test is successful", done.stderr)

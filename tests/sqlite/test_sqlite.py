"""SQLite's shell in an appliance, on a directory of the host that the host's own sqlite3 reads as well.

SPDX-License-Identifier: BSD-3-Clause
"""

import os
import random
import re
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

import pytest

from tests.support import appliances
from tests.support.processes import children_of

pytestmark = [pytest.mark.kvm, pytest.mark.build("all")]

SHELL = "guest/apps/sqlite/compartments.toml"
# How often the appliance is killed; the full promise is 50: BULKHEAD_KILLS=50 scripts/test -k sqlite
KILLS = int(os.environ.get("BULKHEAD_KILLS", "6"))


def host(database: Path, sql: str) -> str:
    """The host's sqlite3; it rolls a hot journal back."""
    command = ["sqlite3", "-cmd", ".timeout 5000", str(database), sql]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@unittest.skipUnless(shutil.which("sqlite3"), "no sqlite3 on this host")
class Sqlite(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.database = self.folder / "x.db"

    def command(self, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        options = ("--set", f"mounts.data.directory={self.folder}", *options)
        return [*appliances.command(SHELL, *options), *arguments]

    def shell(self, *arguments: str, text: str = "", options: tuple[str, ...] = ()) -> tuple[int, str]:
        command = self.command(*arguments, options=options)
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr


class Shell(Sqlite):
    def test_what_one_writes_the_other_reads(self):
        status, out = self.shell("/data/x.db",
                                 "create table t(a); insert into t values(1),('two'); select count(*) from t")
        self.assertEqual((status, out), (0, "2\n"))
        self.assertEqual(host(self.database, "select a from t; pragma integrity_check"), "1\ntwo\nok\n")
        host(self.database, "insert into t values(3)")
        self.assertEqual(self.shell("/data/x.db", "select sum(a) from t"), (0, "4.0\n"))
        self.assertEqual([f.name for f in self.folder.iterdir()], ["x.db"])

    def test_commands_from_standard_input(self):
        lines = "create table t(a);\ninsert into t select value from generate_series(1,1000);\n"
        lines += ".open /data/y.db\ncreate table u(b);\n.tables\n.open /data/x.db\nselect avg(a) from t;\n.exit 5\n"
        self.assertEqual(self.shell("/data/x.db", text=lines), (5, "u\n500.5\n"))

    def test_prompts_on_a_terminal(self):
        ours, theirs = os.openpty()
        with subprocess.Popen(self.command("/data/x.db"), stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            os.write(ours, b"select 6*7;\n.exit 3\n")
            out = b""
            try:
                while select.select([ours], [], [], 60)[0] and (part := os.read(ours, 4096)):
                    out += part
            except OSError:
                pass  # the other end is closed
            finally:
                os.close(ours)
            self.assertEqual(process.wait(30), 3, out)
        self.assertIn(b"SQLite version 3.40.1", out)
        self.assertRegex(out, rb"sqlite> (?s:.*)42\r\n(?s:.*)sqlite> ")

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_a_full_disk(self):
        """SQLite says so, and what it acknowledged before is there."""
        mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(self.folder)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            self.skipTest("cannot mount a small disk")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.folder)], check=False)
        sql = "create table t(a integer primary key, b);\n" + "".join(
            f"insert into t values({n}, zeroblob(20000)); select {n};\n" for n in range(1, 40)
        )
        status, out = self.shell("-bail", "/data/x.db", text=sql)
        self.assertEqual(status, 1, out)
        self.assertRegex(out, r"database or disk is full|disk I/O error")
        acknowledged = max(int(line) for line in out.splitlines() if line.isdigit())
        self.assertGreater(acknowledged, 3)
        self.assertEqual(host(self.database, "pragma integrity_check; select count(*) from t"), f"ok\n{acknowledged}\n")

    def test_a_large_transaction_without_isolation(self):
        sql = ("create table t(a,b); begin; insert into t select value, hex(randomblob(200)) from "
               "generate_series(1,20000); commit;")
        options = ("--set", "compartments.files.mechanism=none")
        status, out = self.shell("/data/x.db", sql + "pragma integrity_check", options=options)
        self.assertEqual((status, out), (0, "ok\n"))
        self.assertEqual(host(self.database, "select count(*) from t where length(b)=400"), "20000\n")

    def test_locks_are_the_hosts(self):
        host(self.database, "create table t(a)")
        command = ["sqlite3", str(self.database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            other.stdin.write("begin immediate; insert into t values(1); select 'held';\n")
            other.stdin.flush()
            self.assertEqual(other.stdout.readline(), "held\n")
            status, out = self.shell("/data/x.db", "select count(*) from t; insert into t values(2)")
            self.assertNotEqual(status, 0)
            self.assertTrue(out.startswith("0\n") and "database is locked" in out, out)
            other.stdin.write("commit;\n")
            other.stdin.close()
        self.assertEqual(self.shell("/data/x.db", "insert into t values(2); select count(*) from t"), (0, "2\n"))

    def test_b10_a_database_that_the_host_left_in_wal_mode(self):
        sql = "pragma journal_mode=wal; create table t(a); insert into t values(1), (2);\n"
        with subprocess.Popen(["sqlite3", str(self.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as other:
            other.stdin.write(sql + "select 'written';\n")
            other.stdin.flush()
            self.assertEqual([other.stdout.readline() for _ in range(2)], ["wal\n", "written\n"])
            # While the host has it, nobody here has; it says so.
            status, out = self.shell("/data/x.db", "select count(*) from t")
            self.assertNotEqual(status, 0)
            self.assertIn("database is locked", out)
            other.kill()
        self.assertTrue(self.folder.joinpath("x.db-wal").exists())
        again = "select sum(a) from t; insert into t values(3); pragma journal_mode; select count(*) from t"
        self.assertEqual(self.shell("/data/x.db", again), (0, "3\nwal\n3\n"))
        self.assertEqual(host(self.database, "select sum(a) from t; pragma integrity_check"), "6\nok\n")
        self.assertEqual([f.name for f in self.folder.iterdir()], ["x.db"])

    def test_b10_wal_mode_keeps_the_host_out_while_it_lasts(self):
        command = self.command("-batch", "/data/x.db")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
            shell.stdin.write("pragma journal_mode=wal; create table t(a); insert into t values(1);\n")
            shell.stdin.write("attach '/data/x.db' as again; select 'here '||count(*) from again.t;\n")
            shell.stdin.flush()
            self.assertEqual([shell.stdout.readline() for _ in range(2)], ["wal\n", "here 1\n"])
            done = subprocess.run(["sqlite3", str(self.database), "insert into t values(2)"],
                                  capture_output=True, text=True, check=False, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("locking protocol", done.stderr)  # SQLite's word if one keeps the index for itself
            shell.stdin.write("insert into t select value from generate_series(2,20000); select count(*) from t;\n")
            shell.stdin.flush()
            self.assertEqual(shell.stdout.readline(), "20000\n")
            shell.kill()  # the log has what was acknowledged
        found = host(self.database, "pragma integrity_check; select count(*), sum(a) from t")
        self.assertEqual(found, "ok\n20000|200010000\n")

    def test_full_paths_only_below_the_mount_survive(self):
        self.assertEqual(self.shell("/tmp/x.db", "create table t(a); select 1"), (0, "1\n"))
        self.assertEqual(list(self.folder.iterdir()), [])


class Killed(Sqlite):
    """kill -9 of any process during a stream of inserts: what was acknowledged is there."""

    time_limit = 60 + 20 * KILLS

    def test_nothing_acknowledged_is_lost(self):
        rng = random.Random(os.environ.get("BULKHEAD_SEED", "1"))
        host(self.database, "create table t(n integer primary key, text)")
        acknowledged = 0
        for round_ in range(KILLS):
            acknowledged = self.one_round(rng, acknowledged)
            found = host(self.database, "pragma integrity_check; select count(*), max(n) from t")
            integrity, counts = found.split("\n", 1)
            self.assertEqual(integrity, "ok", f"round {round_}: {found}")
            count, largest = (int(word or 0) for word in re.split("[|\n]", counts)[:2])
            self.assertEqual(count, largest, f"round {round_}: there are gaps")
            self.assertGreaterEqual(largest, acknowledged, f"round {round_}")
            acknowledged = largest
        self.assertGreater(acknowledged, KILLS)

    def one_round(self, rng: random.Random, last: int) -> int:
        """Starts after row `last`; the last one that was acknowledged."""
        command = self.command("-batch", "/data/x.db")
        appliance = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        feeder = threading.Thread(target=self.feed, args=(appliance, last), daemon=True)
        feeder.start()
        killer = None
        for line in appliance.stdout:
            if line.startswith("ack "):
                last = int(line[4:])
                if killer is None:
                    killer = threading.Timer(rng.random() * 0.5, self.kill_one, (appliance, rng.random()))
                    killer.start()
        appliance.wait(20)
        feeder.join(20)
        self.assertIsNotNone(killer, "nothing was acknowledged")
        killer.join()
        appliance.stdout.close()
        return last

    @staticmethod
    def feed(appliance: subprocess.Popen, last: int) -> None:
        try:
            for n in range(last + 1, last + 100000):
                appliance.stdin.write(f"insert into t values({n}, hex(randomblob(300)));"
                                      f" select 'ack '||n from t where n={n};\n")
                appliance.stdin.flush()
        except OSError:
            pass  # it is dead
        finally:
            try:
                appliance.stdin.close()
            except OSError:
                pass

    @staticmethod
    def kill_one(appliance: subprocess.Popen, which: float) -> None:
        top = appliance.pid
        processes = [top, *children_of(top)]
        os.kill(processes[int(which * len(processes))], signal.SIGKILL)
        time.sleep(0.3)  # if it was not the one on which all depend, what is left goes, too
        if appliance.poll() is None:
            appliance.kill()


class Speed(unittest.TestCase):
    def test_speedtest1(self):
        """It checks its own results with --verify; the two builds have to agree."""
        found = []
        for toml in ("compartments.toml", "compartments-one.toml"):
            command = appliances.command(f"guest/apps/sqlite_speedtest1/{toml}")
            command += ["--size", "2", "--verify", "/tmp/x.db"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            found.append(re.findall("Verification Hash: .*", done.stdout))
        self.assertEqual(len(found[0]), 1)
        self.assertEqual(found[0], found[1])

"""Stock GDB on running appliances.

SPDX-License-Identifier: BSD-3-Clause
"""

import signal
import subprocess
import threading
import time

import pytest

from tests.debug.debug_support import HELD, HELLO, DebugTest, NonStop
from tests.support.paths import PROGRAM, ROOT

pytestmark = [pytest.mark.kvm, pytest.mark.net, pytest.mark.build("all")]


class OnRedis(DebugTest):
    """Attached to an appliance that is already running, with its sandbox on."""

    def pinging(self, child) -> None:
        """A client that does not stop before GDB does."""

        def ping():
            while child.poll() is None:
                self.ping()

        self.client = threading.Thread(target=ping)
        self.client.start()
        self.addCleanup(self.client.join)

    def check_first_packet(self, *options: str) -> None:
        redis = self.start_redis(*options)
        text = self.gdb(
            "break ethernet_input", "continue", "backtrace 3", "next", "finish", "delete",
            "break net_accept", "continue", "delete", "detach", during=self.pinging)
        self.assert_in_order(
            text, r"^Breakpoint 1 at 0x11", r"hit Breakpoint 1, ethernet_input \(p=0x\w+",
            r"^#0 +ethernet_input \(p=0x", r"^#1 .*net_rx_poll", r"^\d+\t",  # next shows a source line
            r"net_rx_poll \(netif=", r"^Value returned is \$1 = 0", r"hit Breakpoint 2.*net_accept \(")
        self.client.join()
        self.assertTrue(self.ping())
        self.assertIsNone(redis.poll())

    def test_first_packet(self):
        self.check_first_packet()

    def test_first_packet_one_vm(self):
        self.check_first_packet("--set", "compartments.net.mechanism=none")

    def test_across_the_gate(self):
        """The stack of net_accept goes on in the application; a variable is watched."""
        self.start_redis()
        text = self.gdb(
            "break bh_dispatch_lwip_net_accept", "continue", "backtrace", "delete", "break ethernet_input", "continue",
            "delete", "watch -location p->payload", "continue", "delete",
            "info threads", "detach", during=self.pinging)
        self.assert_in_order(
            text, r"hit Breakpoint 1, bh_dispatch_lwip_net_accept", r"^#0 .*bh_dispatch_lwip_net_accept",
            r"run_request", r"^\[app\] bh_away_lwip_net_accept", r"^\[app\] .*accept", r"^\[app\] main",
            r"hit Breakpoint 2, ethernet_input",
            r"^(Hardware w|W)atchpoint 3: -location p->payload", r"^Old value = ", r"^New value = ",
            r"1\.1 .*\"app\"", r"2\.\d .*\"net\"")
        self.client.join()
        self.assertTrue(self.ping())

    def test_killed_debugger(self):
        """GDB dies of SIGKILL, with a breakpoint in place and everything stopped: the appliance runs on."""
        redis = self.start_redis()
        command = self.gdb_command("break ethernet_input", "continue", "shell echo stopped", "shell sleep 60")
        gdb = subprocess.Popen(command, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.addCleanup(self.end, gdb)
        self.wait_for(lambda: "Continuing" in (line := gdb.stdout.readline()) or "Breakpoint 1 at" in line, "GDB")
        self.pinging(gdb)
        self.wait_for(lambda: "stopped" in gdb.stdout.readline(), "the breakpoint")
        gdb.kill()
        self.client.join()
        self.assertTrue(self.ping())
        self.assertIsNone(redis.poll())
        text = self.gdb("info threads", "detach")  # and another can connect
        self.assertIn('"net"', text)
        self.assertTrue(self.ping())

    def test_interrupt(self):
        """Ctrl-C stops everything; continue goes on."""
        self.start_redis()

        def interrupt(gdb):
            time.sleep(2)
            self.assertTrue(self.ping())
            gdb.send_signal(signal.SIGINT)

        text = self.gdb("continue", "info threads", "detach", during=interrupt)
        self.assert_in_order(text, "received signal SIGINT", r"1\.1 .*\"app\"", r"2\.1 .*\"net\"")
        self.assertTrue(self.ping())

    def test_detach_one(self):
        """One compartment is let go, the other one is kept."""
        self.start_redis()
        text = self.gdb("detach inferior 1", "info inferiors", "break ethernet_input", "continue", "delete",
                        "info inferiors", "detach", during=self.pinging)
        self.assert_in_order(text, r"Inferior 1 \(process 1\) detached", r"hit Breakpoint 1, ethernet_input")
        self.client.join()
        self.assertTrue(self.ping())

    def test_b3_functions_can_be_called(self):
        """Wherever the appliance was stopped: while it waits, and in the middle of a command."""
        redis = self.start_redis()
        self.assertEqual(self.say("SET kept value"), b"+OK\r\n")
        text = self.gdb("print zmalloc_used_memory()", "break pingCommand", "continue",
                        "print (int)getpid()", "print zmalloc_used_memory()", "backtrace 1", "delete", "detach",
                        compartment="app", during=self.pinging)
        self.assert_in_order(text, r"^\$1 = [1-9]\d{4,}$", r"hit Breakpoint 1(\.\d)?, pingCommand", r"^\$\d = 1$",
                             r"^\$\d = [1-9]\d{4,}$", r"^#0 +pingCommand")
        self.client.join()
        self.assertEqual(self.say("GET kept"), b"$5\r\nvalue\r\n")
        self.assertIsNone(redis.poll())

    def test_b16_what_would_end_the_appliance_is_refused(self):
        redis = self.start_redis()
        text = self.gdb("run", "start", "starti", "generate-core-file", "info inferiors", "detach")
        self.assert_in_order(text, "^run: the appliance runs already", "^start: the appliance runs already",
                             "^starti: the appliance runs already", "^generate-core-file: Bulkhead writes the cores",
                             "process 1", "process 2")
        self.assertTrue(self.ping())
        self.assertIsNone(redis.poll())

    def test_several_appliances(self):
        """Which one is meant has to be said."""
        first = self.start_redis()
        second = self.start_redis()
        done = subprocess.run([PROGRAM, "gdb", self.toml, "net", "--", "-batch"], cwd=ROOT, env=self.env,
                              capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr,
                         r"^bulkhead: error: 2 appliances run from \S+compartments.toml: name one by its process")
        self.toml = str(first.pid)
        self.assertIn('"net"', self.gdb("info threads", "detach"))
        self.assertIsNone(second.poll())


class OnHello(DebugTest):
    """From before the first instruction."""

    def test_from_the_start(self):
        hello = self.start(HELLO, gdb=True)
        text = self.gdb("info inferiors", "break greeter.c:greeter_write", "continue", "backtrace", "stepi",
                        "print $xmm0", "print $ymm1", "print $eflags", "print $shared = text", "finish", "x/s $shared",
                        "thread 1.1", "x/s $shared", "delete", "continue", compartment="lib")
        self.assert_in_order(
            text, "process 1", "process 2", "hit Breakpoint 1, greeter_write", r"^#0 +greeter_write",
            r"\[app\] bh_away_greeter_greeter_write", r"\[app\] main \(\) at .*hello/main.c", "v4_float = ",
            "v8_float = ", r"\[.*\]", "Value returned is", r'^0x\w+:\s+"Greetings from the library!"',
            r'^0x\w+ <card>:\s+"Greetings from the library!"',
            r"\[Inferior 1 \(process 1\) exited normally\]")
        out, err = self.finish(hello)
        self.assertIn("The secret is still 1234", out)
        self.assertRegex(err, r"^bulkhead: waiting for a debugger: gdb -x \S+gdb.script$")

    def test_c2_a_callback(self):
        """Its stack leads through the library, once, and to main."""
        hello = self.start(HELLO, gdb=True)
        text = self.gdb("break listen_round", "continue", "backtrace", "delete", "continue", compartment="app")
        self.assert_in_order(
            text, "hit Breakpoint 1, listen_round", r"^#0 +listen_round \(round=1\)", "run_callback",
            r"^\[lib\] greeter_ask \(.*rounds=3\)", r"^\[app\] bh_away_greeter_greeter_ask", r"^\[app\] main \(",
            "exited normally")
        self.assertEqual(text.count("[lib] greeter_ask ("), 1, text)
        self.assertEqual(text.count("listen_round (round=1)"), 2, text)  # the breakpoint's, and the backtrace's
        self.finish(hello)

    def test_crash(self):
        """An exception is GDB's first; then it takes its course."""
        peek = self.start("tests/guests/apps/hello_peek/compartments.toml", gdb=True)
        text = self.gdb("continue", "print/x $rip", "backtrace", "continue", "info inferiors", compartment="lib")
        self.assert_in_order(text, "received signal SIGSEGV", r"greeter_peek", r"^#0 .*greeter_peek", r"\[app\] main",
                             "terminated with signal SIGSEGV")
        out, err = self.finish(peek, 4)
        self.assertIn('compartment "lib" crashed: page fault reading', err)

    def test_registers_and_memory(self):
        """What is written is read again; text too, without a trace in the image."""
        self.start(HELLO, gdb=True)
        text = self.gdb("break greeter.c:greeter_write", "continue", "set $rax = 0x1122334455667788", "print/x $rax",
                        "set $xmm5.v2_int64[1] = 77", "print $xmm5.v2_int64[1]", "print/x $fs_base != 0",
                        "set var *(char *)text = 'x'", "print *(char *)text",
                        "print *(unsigned char *)$rip == 0xcc", "print/x *(int *)0", "print $_siginfo_not", "detach",
                        compartment="lib")
        self.assert_in_order(text, "= 0x1122334455667788", "= 77", "= 0x1", "= 120 'x'", "= 0",
                             "Cannot access memory at address 0x0")

    def test_monitor(self):
        self.start(HELLO, gdb=True)
        text = self.gdb("monitor help", "monitor placement", "monitor shares", "monitor edges", "monitor threads",
                        "monitor nonsense", "detach", compartment="lib")
        self.assert_in_order(
            text, "monitor placement", "compartment app: inferior process 1",
            "compartment lib: inferior process 2, mechanism vm", r"^share \w+: 0x18", r"^edge 0: app to lib, data",
            r"^process 1, thread 1 of app: runs", "Not a monitor command")

    def test_kill(self):
        hello = self.start(HELLO, gdb=True)
        self.gdb("break greeter.c:greeter_write", "continue", "kill inferiors 2", "inferior 1", "delete", "continue",
                 compartment="lib")
        _, err = self.finish(hello, 4)
        self.assertIn('compartment "lib" crashed: the process of VM 1 was killed by signal 9', err)

    def test_no_hardware(self):
        """Where KVM has no hardware breakpoints, `hbreak` and `rwatch` are refused at once and `watch` steps: nothing
        is taken that never comes."""
        self.start(HELLO, gdb=True)
        text = self.gdb("break greeter.c:greeter_count", "continue", "monitor hardware", "hbreak greeter_ask",
                        "watch -location *number", "continue", "delete", "rwatch *(int *)$rsp", "continue",
                        compartment="lib")
        self.assert_in_order(text, "hit Breakpoint 1, greeter_count", r"hardware breakpoints and watchpoints: \d")
        if "watchpoints: 0" in text:
            self.assert_in_order(text, "^No hardware breakpoint support in the target", "^Watchpoint 2: -location",
                                 "^Expression cannot be implemented with read/access watchpoint")
        self.assert_in_order(text, "atchpoint 2: -location", "^Old value = 41", "^New value = 42", "exited normally")

    def test_non_stop(self):
        """One compartment stands still while the other one runs, and waits without losing patience."""
        held = self.start(HELD, gdb=True)
        gdb = NonStop(self)
        gdb.say("break greeter.c:greeter_count", "Breakpoint 1 at")
        gdb.say("thread 1.1", "Switching to thread 1.1")
        gdb.say("continue&", "Thread 2.1 .* hit Breakpoint 1, greeter_count")
        gdb.say("info threads", r"1\.1 .*\(running\)\s+(\* )?2\.1 .*greeter_count")
        time.sleep(1.5)  # three times as long as the caller waits
        gdb.say("thread 2.1", r"#0 +greeter_count")
        gdb.say("backtrace", r"#0 +greeter_count[^$]*run_request[^$]*the caller, app, runs")
        gdb.say("delete", "")
        gdb.say("continue&", "exited normally")
        self.assertEqual(self.finish(held)[0], "42 in time\n")

    def test_held(self):
        """The same with everything stopped; whoever runs finds that its clock has gone on."""
        held = self.start(HELD, gdb=True)
        self.gdb("break greeter.c:greeter_count", "continue", "shell sleep 1.5", "delete", "continue",
                 compartment="lib")
        self.assertEqual(self.finish(held)[0], "42 in time\n")

"""GDB on a Bulkhead appliance: symbols of all compartments, and backtraces that go on at the other end of a gate.

SPDX-License-Identifier: BSD-3-Clause

`bulkhead gdb` and the script that `bulkhead run --gdb` names load this by themselves; by hand: `source` this file after
`target extended-remote SOCKET`, then `bulkhead symbols`. docs/debugging.md has a session.
"""
import re

import gdb
from gdb.FrameDecorator import FrameDecorator


def monitor(words):
    return gdb.execute("monitor " + words, to_string=True)


def images():
    """[(process, name, path)] of every image in every VM; `name` is a compartment's, or `core`."""
    found = []
    for line in monitor("images").splitlines():
        process, name, path = line.split(" ", 2)
        found.append((int(process), name, path))
    return found


class at:
    """Context: another inferior, or one of its threads, is selected, quietly; then what was before."""

    def __init__(self, inferior):
        self.inferior = inferior

    def __enter__(self):
        self.before = gdb.selected_thread()
        self.frame = None
        try:
            self.frame = gdb.selected_frame()
        except gdb.error:
            pass
        self.inferior.threads()[0].switch()

    def __exit__(self, *_):
        if self.before and self.before.is_valid():
            self.before.switch()
        if self.frame and self.frame.is_valid():
            self.frame.select()


class Bulkhead(gdb.Command):
    """Commands for Bulkhead appliances."""

    def __init__(self):
        super().__init__("bulkhead", gdb.COMMAND_SUPPORT, gdb.COMPLETE_NONE, True)


class Symbols(gdb.Command):
    """bulkhead symbols: loads the symbols of every image into the inferiors that have it."""

    def __init__(self):
        super().__init__("bulkhead symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        known = images()
        # With 0 GDB watches by stepping; it would not find out by itself.
        number = monitor("hardware").split()[-1]
        gdb.execute(f"set remote hardware-watchpoint-limit {number}")
        gdb.execute(f"set remote hardware-breakpoint-limit {number}")
        for inferior in gdb.inferiors():
            mine = [path for process, _, path in known if process == inferior.pid]
            if not mine or not inferior.threads():
                continue
            with at(inferior):
                # What GDB 13 neglects for all inferiors but one: it asks only for the first one's description, and
                # forgets that it connected (and does not report stops) only of the one that goes on first.
                gdb.execute("unset tdesc filename")
                if gdb.selected_thread().is_stopped():
                    gdb.execute("stepi 0", to_string=True)
                have = {o.filename for o in inferior.progspace.objfiles()}
                if not inferior.progspace.filename:
                    gdb.execute(f"file {mine[0]}", to_string=True)
                    have.add(mine[0])
                for path in mine:
                    if path not in have:
                        gdb.execute(f"add-symbol-file {path}", to_string=True)


def running_thread(inferior):
    """The one that the guest's core had chosen when it stopped; else the first."""
    for line in monitor("threads").splitlines():
        match = re.match(r"process (\d+), thread (\d+) of \S+: runs$", line)
        if match and int(match[1]) == inferior.pid:
            for thread in inferior.threads():
                if thread.ptid[1] == int(match[2]):
                    return thread
    return inferior.threads()[0]


class Compartment(gdb.Command):
    """bulkhead compartment [NAME]: selects the inferior that NAME runs in; without NAME: which there are."""

    def __init__(self):
        super().__init__("bulkhead compartment", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        places = {name: process for process, name, _ in images() if name != "core"}
        if not argument:
            gdb.write(monitor("placement"))
            return
        if argument not in places:
            raise gdb.GdbError(f"no compartment {argument}: there are {', '.join(places)}")
        for inferior in gdb.inferiors():
            if inferior.pid == places[argument] and inferior.threads():
                runs = running_thread(inferior)
                gdb.execute(f"thread {inferior.num}.{runs.num}")
                return
        raise gdb.GdbError(f"compartment {argument} is not attached: attach {places[argument]}")


# ---- Across a gate: the core's own records say which call a thread serves, and which thread waits for it ----

CORE = 0x300000000000, 0x400000000000  # rpc/abi.h: the core's window
SERVING = {"gate_serve", "run_callback"}  # guest/kernel/core: frames that run a call of somebody else's


def in_core(frame):
    return CORE[0] <= frame.pc() < CORE[1]


def frames(newest):
    while newest:
        yield newest
        try:
            newest = newest.older()
        except gdb.error:
            return


class Call:
    """The call that a frame serves: over which edge, in which reply slot, and which end of the edge this is."""

    def __init__(self, frame):
        port = frame.read_var("port")
        request = frame.read_var("request")
        boot = port["boot"]
        self.edge = int(boot["index"])
        self.slot = int(request["slot"])
        self.caller_is_here = bool(port["caller"])  # then it is a callback
        self.peer = boot["peer"].string()


def served(frame):
    """The call that this frame serves, or None."""
    if frame.name() not in SERVING or not in_core(frame):
        return None
    try:
        return Call(frame)
    except (gdb.error, ValueError):  # optimised away, or memory that makes no sense
        return None


def waiter_of(call):
    """In the selected inferior: where the thread keeps what it knows of the call that it waits for; 0: not here."""
    ports = gdb.lookup_global_symbol("ports")
    count = gdb.lookup_global_symbol("n_ports")
    if ports is None or count is None:
        return 0
    ports = ports.value()
    for i in range(min(int(count.value()), 256)):
        port = ports[i]
        if int(port["boot"]["index"]) == call.edge and bool(port["caller"]) != call.caller_is_here:
            return int(port["pending"][call.slot]["waiter"]) if call.slot < 64 else 0
    return 0


def thread_of_stack(inferior, address):
    """The thread on whose stack `address` lies: the one whose stack pointer is next below it."""
    best = None
    for thread in inferior.threads():
        if not thread.is_stopped():
            continue
        thread.switch()
        distance = address - int(gdb.newest_frame().read_register("rsp"))
        if 0 <= distance < 1 << 30 and (best is None or distance < best[0]):
            best = distance, thread
    return best[1] if best else None


class Seen:
    """What a backtrace says of a frame in another compartment, taken down while that one was selected."""

    def __init__(self, frame, where):
        sal = frame.find_sal()
        self.where = where
        self.name = frame.name()
        self.pc = frame.pc()
        self.line = sal.line if sal.symtab else None
        self.file = sal.symtab.filename if sal.symtab else None
        self.arguments = list(self.take_arguments(frame))

    @staticmethod
    def take_arguments(frame):
        try:
            block = frame.block()
        except RuntimeError:
            return
        while block and not block.function:
            block = block.superblock
        for symbol in block or ():
            if not symbol.is_argument:
                continue
            try:
                value = symbol.value(frame)
                code = value.type.strip_typedefs().code
                if value.is_optimized_out:
                    continue
                if code == gdb.TYPE_CODE_PTR:
                    yield symbol.name, gdb.Value(int(value)).cast(gdb.lookup_type("void").pointer())
                elif code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_ENUM):
                    yield symbol.name, int(value)
            except (gdb.error, OverflowError):
                continue


class Note:
    """A line of a backtrace that is no frame."""

    def __init__(self, text):
        self.where, self.name, self.pc, self.line, self.file, self.arguments = None, text, None, None, None, []


def callers(call, depth=0):
    """The frames that made this call, from the stub on, wherever they are; and so on, gate by gate."""
    here = gdb.selected_inferior()
    for inferior in gdb.inferiors():
        if inferior.num == here.num or not inferior.pid:
            continue
        if not any(thread.is_stopped() for thread in inferior.threads()):
            continue
        with at(inferior):
            try:
                waiter = waiter_of(call)
                thread = thread_of_stack(inferior, waiter) if waiter else None
                if thread:
                    thread.switch()
                    return follow(gdb.newest_frame(), call.peer, depth)
            except gdb.error:
                continue
    return [Note(f"<the caller, {call.peer}, runs, is not attached, or gave up>")]


def follow(newest, where, depth):
    """What is of interest of the selected thread: all but the core; to where it serves a call itself, then that call's."""
    found = []
    for frame in frames(newest):
        call = served(frame)
        if call and depth < 16:
            return found + callers(call, depth + 1)
        if not in_core(frame):
            found.append(Seen(frame, where))
    return found


class Argument:
    def __init__(self, name, value):
        self.name, self.content = name, value

    def symbol(self):
        return self.name

    def value(self):
        return self.content


class Caller(FrameDecorator):
    """A frame of another compartment; GDB wants one of its own to hang it on."""

    def __init__(self, seen, frame):
        super().__init__(frame)
        self.seen, self.frame = seen, frame

    def inferior_frame(self):
        return self.frame

    def function(self):
        return f"[{self.seen.where}] {self.seen.name or '??'}" if self.seen.where else self.seen.name

    def address(self):
        return self.seen.pc

    def filename(self):
        return self.seen.file

    def line(self):
        return self.seen.line

    def frame_args(self):
        return [Argument(name, value) for name, value in self.seen.arguments]

    def frame_locals(self):
        return None


class AcrossGates:
    """Frame filter: below the frame that serves a call, the frames that made it, in the other compartment."""

    def __init__(self):
        self.name, self.priority, self.enabled = "bulkhead", 50, True
        gdb.frame_filters[self.name] = self

    def filter(self, iterator):
        shown = []
        for decorated in iterator:
            shown.append(decorated)
            frame = decorated.inferior_frame()
            call = served(frame)
            if call:
                return iter(shown + [Caller(seen, frame) for seen in callers(call)])
        return iter(shown)


Bulkhead()
Symbols()
Compartment()
AcrossGates()

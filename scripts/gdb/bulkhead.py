"""GDB on a Bulkhead appliance: symbols of all compartments, and backtraces that go on at the other end of a gate.

SPDX-License-Identifier: BSD-3-Clause

`bulkhead gdb` and the script that `bulkhead run --gdb` names load this by themselves; by hand: docs/gdb.md.
"""
import json
import os
import re
import struct

import gdb
from gdb.FrameDecorator import FrameDecorator
from gdb.unwinder import Unwinder, register_unwinder


def contract():
    """The numbers of rpc/*.h, which the build keeps for us."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    file = os.path.join(os.environ.get("BULKHEAD_BUILD") or os.path.join(root, "build"), "contract.json")
    try:
        with open(file, encoding="ascii") as stream:
            return json.load(stream)
    except OSError as error:
        raise gdb.GdbError(f"{file}: {error.strerror}: run scripts/build") from None


CONTRACT = contract()


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


# ---- Across a gate between protection keys: the caller left a frame on its own stack (rpc/mpk.h, struct bh_frame) ----

TRAMPOLINES = CONTRACT["BH_MPK_CODE_VA"], CONTRACT["BH_MPK_CODE_VA"] + CONTRACT["BH_MPK_CODE_MAX"]
FRAME_SIZE, PREVIOUS = CONTRACT["sizeof(struct bh_frame)"], CONTRACT["offsetof(struct bh_frame, previous)"]
TEMPLATE_MAX = 512  # bytes of one of them, guest/kernel/mpk/trampolines.S
WINDOW = CONTRACT["BH_WINDOW_SIZE"]  # addresses of a compartment
# How the templates begin: `push %fs:PLACE; push $ID`, behind what they save; a light gate pushes nothing.
PUSHES = re.compile(
    rb"(?:\x57|(\x53\x55\x41\x54\x41\x55\x41\x56\x41\x57\x6a\x00))\x64\xff\x34\x25(.{4})\x68(.{4})", re.S)
LIGHT = re.compile(
    rb"\x48\x8b\x05.{4}\x31\xc9\x31\xd2\x0f\x01\xef\x48\x3b\x05.{4}(?:\x75.|\x0f\x85.{4})\xfc\x89\xff", re.S)
# By the core's way into a compartment, and (light) by whoever is called.
SAVED = "r15", "r14", "r13", "r12", "rbp", "rbx"


def in_trampolines(pc):
    return TRAMPOLINES[0] <= pc < TRAMPOLINES[1]


def words(address, n):
    return struct.unpack(f"<{n}Q", gdb.selected_inferior().read_memory(address, 8 * n))


def template_of(pc):
    """How the trampoline around pc begins."""
    start = pc & ~15
    while start > max(pc - TEMPLATE_MAX, TRAMPOLINES[0] - 1):
        begin = bytes(gdb.selected_inferior().read_memory(start, 40))
        if match := PUSHES.match(begin) or LIGHT.match(begin):
            return match
        start -= 16
    return None


class Crossings:
    """The ways out of the trampolines that the selected thread's stack leads through, from the innermost one on."""

    def __init__(self):
        self.thread_pointer = int(gdb.newest_frame().read_register("fs_base"))
        self.windows = {}  # address: name of the compartment
        for name, start in re.findall(r"(?m)^compartment (\S+):.* addresses 0x([0-9a-f]+) to ", monitor("placement")):
            self.windows[int(start, 16)] = name
        self.next = {}  # place of a stack pointer: the frame there that has not been used yet

    def compartment(self, pc):
        return self.windows.get(pc & ~(WINDOW - 1))

    def caller(self, frame):
        """Registers where the trampoline that `frame` is in was called; None: not known."""
        begin = template_of(frame.pc())
        if begin is None:
            return None
        if begin.re is LIGHT:
            sp = int(frame.read_register("rsp"))
            known = {name: int(frame.read_register(name)) for name in SAVED}
            return known | {"rip": words(sp + 8, 1)[0], "rsp": sp + 16}
        place = self.thread_pointer + struct.unpack("<i", begin[2])[0]
        sp = self.next.get(place) or words(place, 1)[0]
        (number,), (self.next[place],) = words(sp, 1), words(sp + PREVIOUS, 1)
        if number & 0xffffffff != struct.unpack("<I", begin[3])[0]:
            return None
        if begin[1]:
            *saved, pc = words(sp + FRAME_SIZE, 7)
            return dict(zip(SAVED, saved)) | {"rip": pc, "rsp": sp + FRAME_SIZE + 56}
        # The caller has saved its registers further up.
        return {"rip": words(sp + FRAME_SIZE, 1)[0], "rsp": sp + FRAME_SIZE + 8}


class Jump(Unwinder):
    """While `to` is set, the innermost frame has a caller with these registers. (GDB would not unwind from one stack to
    another one below it; with a made-up frame in between there is nothing to compare.)"""

    def __init__(self):
        super().__init__("bulkhead")
        self.to = None

    def __call__(self, pending):
        if self.to is None or pending.level() != 0:
            return None
        kind = pending.read_register("rip").type
        self.sp, self.pc = gdb.Value(1).cast(kind), gdb.Value(1).cast(kind)
        info = pending.create_unwind_info(self)
        for name, value in self.to.items():
            old = pending.read_register(name)
            info.add_saved_register(name, gdb.Value(value.to_bytes(old.type.sizeof, "little"), old.type))
        return info


jump = Jump()
register_unwinder(None, jump, replace=True)


class jumped:
    """Context: the frames of a caller with these registers; `newest` is the first."""

    def __init__(self, registers):
        self.registers = registers

    def __enter__(self):
        jump.to = self.registers
        gdb.invalidate_cached_frames()
        return gdb.newest_frame().older()

    def __exit__(self, *_):
        jump.to = None
        gdb.invalidate_cached_frames()


# ---- Across a gate between VMs: the core's records say which call a thread serves, and which thread waits for it ----

CORE = CONTRACT["BH_CORE_BASE"], CONTRACT["BH_KERNEL_BASE"]  # the core's window
DEPTH_MAX = 32  # gates
SERVING = {"run_request", "run_callback"}  # guest/kernel/core: frames that run a call of somebody else's


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
        endpoint = frame.read_var("endpoint")
        incoming = frame.read_var("in")
        if incoming.type.code == gdb.TYPE_CODE_PTR:
            incoming = incoming.dereference()
        boot = endpoint["boot"]
        self.edge = int(boot["index"])
        self.slot = int(incoming["slot"])
        self.caller_is_here = bool(endpoint["caller"])  # then it is a callback
        self.peer = boot["peer"].string()


def served(frame):
    """The call that this frame serves, or None."""
    if frame.name() not in SERVING or not in_core(frame):
        return None
    try:
        return Call(frame)
    except (gdb.error, ValueError):  # optimised away, or memory that makes no sense
        return None


POLLING = -1


def waiter_of(call):
    """In the selected inferior: where the thread keeps what it knows of the call it waits for; POLLING: it has just
    posted it, and has not gone to wait yet; 0: not here."""
    endpoints = gdb.lookup_global_symbol("endpoints")
    count = gdb.lookup_global_symbol("n_endpoints")
    if endpoints is None or count is None:
        return 0
    endpoints = endpoints.value()
    for i in range(min(int(count.value()), CONTRACT["BH_EDGES_MAX"])):
        endpoint = endpoints[i]
        if int(endpoint["boot"]["index"]) == call.edge and bool(endpoint["caller"]) != call.caller_is_here:
            if call.slot >= CONTRACT["BH_SLOTS"]:
                return 0
            sent = int(endpoint["out"]["outstanding"]) & ~int(endpoint["submitted"]) & 1 << call.slot
            return int(endpoint["pending"][call.slot]["waiter"]) or (POLLING if sent else 0)
    return 0


def in_a_call(newest):
    """Whether a thread's innermost frames make a gate call."""
    for _, frame in zip(range(16), frames(newest)):
        if in_core(frame) and frame.name() in ("gate_call", "gate_callback"):
            return True
    return False


def waiting_thread(inferior, waiter):
    """The thread that made a call, by what waiter_of() said."""
    if waiter != POLLING:
        return thread_of_stack(inferior, waiter)
    thread = running_thread(inferior)
    thread.switch()
    return thread if in_a_call(gdb.newest_frame()) else None


def thread_of_stack(inferior, address):
    """The thread on whose stack `address` lies: the one whose stack pointer is next below it."""
    best: tuple | None = None
    for thread in inferior.threads():
        if not thread.is_stopped():
            continue
        thread.switch()
        distance = address - int(gdb.newest_frame().read_register("rsp"))
        if 0 <= distance < CONTRACT["BH_STACKS_MAX"] and (best is None or distance < best[0]):
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
    """The frames that made this call, from the stub on, in another VM; and so on, gate by gate."""
    here = gdb.selected_inferior()
    for inferior in gdb.inferiors():
        if inferior.num == here.num or not inferior.pid:
            continue
        if not any(thread.is_stopped() for thread in inferior.threads()):
            continue
        with at(inferior):
            try:
                waiter = waiter_of(call)
                thread = waiting_thread(inferior, waiter) if waiter else None
                if thread:
                    thread.switch()
                    return follow(gdb.newest_frame(), Crossings(), depth, waiter)
            except gdb.error:
                continue
    return [Note(f"<the caller, {call.peer}, runs, is not attached, or gave up>")]


def holds(frame, waiter):
    """Whether what a thread knows of its call lies in this frame."""
    older = frame.older()
    return older and int(frame.read_register("rsp")) <= waiter < int(older.read_register("rsp"))


def follow(newest, crossings, depth=0, waiter=POLLING):
    """The selected thread's frames, without the core's; from where it serves a call itself on, that call's. A thread
    that runs a callback has the callback's frames on top: those before the one that holds `waiter` are left out."""
    found: list = []
    for frame in frames(newest):
        if in_trampolines(frame.pc()):
            return found + beyond(frame, crossings, depth + 1, waiter)
        if waiter != POLLING:
            waiter = POLLING if holds(frame, waiter) else waiter
            continue
        call = served(frame)
        if call and depth < DEPTH_MAX:
            return found + callers(call, depth + 1)
        if not in_core(frame):
            found.append(Seen(frame, crossings.compartment(frame.pc())))
    return found


def beyond(frame, crossings, depth=0, waiter=POLLING):
    """The same from where the trampoline that this frame is in was called."""
    registers = crossings.caller(frame) if depth < DEPTH_MAX else None
    if registers is None:
        return [Note("<the caller, behind a gate between protection keys, is not known>")]
    with jumped(registers) as newest:
        return [Note("<gate between protection keys>")][waiter != POLLING:] + follow(newest, crossings, depth, waiter)


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
    """Frame filter: below the frame that serves a call, or a gate between keys, the frames that made the call."""

    def __init__(self):
        self.name, self.priority, self.enabled = "bulkhead", 50, True
        gdb.frame_filters[self.name] = self

    def filter(self, iterator):
        shown: list = []
        for decorated in iterator:
            frame = decorated.inferior_frame()
            if in_trampolines(frame.pc()):
                return iter(shown + [Caller(seen, frame) for seen in beyond(frame, Crossings())])
            shown.append(decorated)
            call = served(frame)
            if call:
                return iter(shown + [Caller(seen, frame) for seen in callers(call)])
        return iter(shown)


Bulkhead()
Symbols()
Compartment()
AcrossGates()
gdb.execute(f"source {os.path.dirname(os.path.abspath(__file__))}/refused.py")

"""What scripts/bench gates measures: the programs, and every line of its tables.

SPDX-License-Identifier: BSD-3-Clause
"""

import dataclasses

from . import common, svg

APPS = common.ROOT / "guest/apps/bench"
MANY = 42_000  # calls of one measurement in one round: 24 rounds make a million
SIZES = (16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
THREADS = (1, 2, 4, 8)
COMPARTMENTS = (2, 4, 8, 16)
BATCHES = (1, 4, 16, 64)
POLL = 10_000_000  # cycles: so long that nothing parks between two calls. Standard input waits for a VM to park
POLL_LONG = 4_000_000_000  # longer than the look at what an idle appliance costs that polls
GROUPS = {
    "floors": "floor: what nothing can beat",
    "peers": "peer: 64 bytes to another process and back",
    "gates": "gate: one call",
    "buffers": "vm polled, a call with a buffer",
    "threads": "vm polled, threads that call",
    "batches": "vm polled, calls in flight from one thread; per call",
    "compartments": "many compartments, a VM each; per crossing",
}


@dataclasses.dataclass(frozen=True)
class Item:
    """One line of a table."""
    name: str
    group: str
    what: str
    program: str       # of command()
    command: str       # to that program
    count: int = MANY  # calls a round
    every: int = 1     # measured in each n-th round only
    calls: int = 1     # gate calls that one sample is made of
    turns: bool = False  # the yardstick is measured right before it
    cpu: bool = False    # processor time per call is measured, too
    pins: str = "callee"  # see pinning()
    beside: str = ""      # of command(): measured in turns with this one, to be compared with it


def floors():
    return [
        Item("floor.empty", "floors", "call of an empty function", "floors", "empty"),
        Item("floor.wrpkru", "floors", "WRPKRU: rights of protection keys", "floors", "wrpkru"),
        Item("floor.getppid", "floors", "system call (getppid)", "floors", "getppid"),
        Item("floor.line", "floors", "cache line to another core and back", "floors", "line"),
        Item("floor.futex", "floors", "wake a thread on another core, be woken", "floors", "futex", 300),
        Item("floor.ioeventfd", "floors", "doorbell (ioeventfd exit)", "port", "ioeventfd", 200),
        Item("floor.exit", "floors", "exit to user space and back", "port", "exit", 200),
        Item("floor.exit.vmcall", "floors", "exit by VMCALL to user space and back", "vmcall", "exit", 200),
    ]


def peers():
    words = {"pipe": "two pipes", "socket": "UNIX socket", "eventfd": "two eventfds (8 bytes)",
             "futex": "shared memory and futex"}
    places = {"same": ("same core", 3000), "two": ("two cores", 400)}
    return [Item(f"peer.{kind}.{place}", "peers", f"{words[kind]}, {places[place][0]}", "peers", f"{kind}-{place}",
                 places[place][1])
            for kind in words for place in places]


def gates():
    def gate(name, what, program, command, **more):
        return Item(f"gate.{name}", "gates", what, program, command, **more)

    polled = {"turns": True, "cpu": True}
    found = [gate("one.0", "same compartment, 0 arguments", "one", "args0", cpu=True)]
    for program, words in (("none", "none"), ("light", "mpk, light gate"), ("mpk", "mpk"), ("polled", "vm polled")):
        vm = "vm." if program == "polled" else ""
        more = polled if vm else {"cpu": True}
        for n in (0, 6):
            found.append(gate(f"{vm}{program}.{n}", f"{words}, {n} arguments", program, f"args{n}", **more))
        found.append(gate(f"{vm}{program}.callback", f"{words}, callback in the call", program, "callback", **more))
    found += [gate(f"{p}.copy64", f"{w}, 64 B copied in and out", p, "inout-64", cpu=True)
              for p, w in (("light", "mpk, light gate"), ("mpk", "mpk"))]
    return found + [
        gate("vm.polled.nostats", "vm polled, 0 arguments, statistics off", "nostats", "args0", beside="polled",
             **polled),
        gate("vm.polled.nonblocking", "vm polled, 0 arguments, nonblocking", "polled", "quick", **polled),
        gate("vm.polled.copy64", "vm polled, 64 B copied in and out", "polled", "inout-64", **polled),
        gate("vm.polled.share64", "vm polled, 64 B in a share, written", "polled", "sinout-64", **polled),
        gate("vm.polled.share64k", "vm polled, 64 KiB in a share", "polled", "spass-65536", **polled),
        gate("vm.adaptive.0", "vm adaptive, 0 arguments", "adaptive", "args0", **polled),
        gate("vm.adaptive.50us", "vm adaptive, pauses of 50 us", "adaptive", "gap-{50us}", count=200),
        gate("vm.adaptive.1ms", "vm adaptive, pauses of 1 ms", "adaptive", "gap-{1ms}", count=20, every=2),
        gate("vm.adaptive.to-park", "vm adaptive, end of a call to parked", "adaptive", "to-park", count=30, every=2),
        gate("vm.parked.port", "vm parked, doorbell port", "port", "parked", count=20),
        gate("vm.parked.vmcall", "vm parked, doorbell VMCALL", "vmcall", "parked", count=20),
    ]


def buffers():
    kinds = {"in": "copied in", "out": "copied out", "sin": "share, read", "sout": "share, written",
             "spass": "share, passed"}
    found = []
    for kind, words in kinds.items():
        for size in SIZES:
            count = max(min(MANY, (16 << 20) // size), 20) if kind != "spass" else MANY // 4
            found.append(Item(f"buffer.{kind}.{size}", "buffers", f"{words}, {svg.size(size)}", "polled",
                              f"{kind}-{size}", count // 2, every=2))
    return found


def threads():
    return [Item(f"threads.{n}", "threads", f"{n} thread{'s' * (n > 1)}", "polled", f"threads-{n}", MANY // 2, every=2,
                 turns=True) for n in THREADS]


def batches():
    found = [Item("batches.sync", "batches", "one call after the other", "polled", "args0", MANY // 2, every=2,
                  turns=True, cpu=True)]
    for n in BATCHES:
        found.append(Item(f"batches.{n}", "batches", f"{n} in flight", "polled", f"batch-{n}", MANY // 2 // n, every=2,
                          calls=n, turns=True, cpu=True))
    return found


def compartments():
    found = []
    for n in COMPARTMENTS:
        hops = n - 1
        found += [
            Item(f"compartments.{n}.pair", "compartments", f"{n} compartments, a call between two", f"hops-{n}", "pair",
                 MANY // 2, every=2, turns=True),
            Item(f"compartments.{n}.star", "compartments", f"{n} in a star, each called in turn", f"crowd-{n}",
                 f"star-{hops}", max(600 // n, 40), every=2, calls=hops),
            Item(f"compartments.{n}.chain", "compartments", f"{n} in a chain, through all", f"crowd-{n}",
                 f"chain-{hops}", max(600 // n, 40), every=2, calls=hops, pins="alternate"),
        ]
    return found


def items():
    """{name: Item}, in the order of the tables."""
    everything = floors() + peers() + gates() + buffers() + threads() + batches() + compartments()
    return {i.name: i for i in everything}


def command(args, program, cores):
    """What starts a program."""
    run = [common.bulkhead(args), "run"]
    two = str(APPS / "compartments.toml")
    if program in ("floors", "peers"):
        return [str(args.build_dir / "bench" / program), *map(str, cores[:2])]
    if hops(program):
        toml = [str(hops_toml(args, hops(program)))]
        return run + toml + (["--spin", str(POLL)] if program.startswith("hops-") else [])
    mechanism = "compartments.lib.mechanism="
    return run + {
        "one": [str(APPS / "compartments-one.toml")],
        "none": [two, "--set", mechanism + "none"],
        "mpk": [two, "--set", mechanism + "mpk"],
        "light": [two, "--set", mechanism + "mpk", "--set", "edges.app-lib.gate=light"],
        "polled": [two, "--spin", str(POLL)],
        "nostats": [two, "--spin", str(POLL), "--no-stats"],
        "adaptive": [two],
        "polling": [two, "--spin", str(POLL_LONG)],
        "port": [two, "--doorbell", "port"],
        "vmcall": [two, "--doorbell", "vmcall"],
    }[program]


def hops(program):
    """Compartments of "hops-N" and "crowd-N"; else 0."""
    kind, _, n = program.partition("-")
    return int(n) if kind in ("hops", "crowd") else 0


def vms(program):
    """How many VMs a program has; 0: it is none of ours."""
    if program in ("floors", "peers"):
        return 0
    return hops(program) or (1 if program in ("one", "none", "mpk", "light") else 2)


def why_not(program, host):
    """Why this host cannot run a program; None: it can."""
    if program in ("mpk", "light") and not host["mechanisms"]["mpk"]["available"]:
        return host["mechanisms"]["mpk"]["reason"]
    if program == "vmcall" and not host["vmcall"]:
        return "VMCALL does not reach the VMM on this host"
    return None


def absent(item):
    """Why a program that runs may not know a measurement."""
    if item.name == "floor.wrpkru":
        return "the CPU feature PKU is absent, or the kernel does not use it"
    if item.group == "batches":
        return "this version has no asynchronous calls"
    return "this appliance has no such measurement"


def pinning(item, cores):
    """A core for each VM. Enough cores: one each. Else the application has the first one for itself and all others the
    second; "alternate": one after the other, as a chain goes."""
    n = vms(item.program)
    if n <= len(cores):
        return cores[:n]
    return [cores[i % 2] if item.pins == "alternate" else cores[min(i, 1)] for i in range(n)]


def hops_toml(args, n):
    """An appliance of n compartments: the application and the libraries hop01 to hop15; the last one has the rest."""
    names = [f"hop{i:02}" for i in range(1, 16)]
    own = names[:n - 1]
    libraries = {h: [h] for h in own[:-1]} | {own[-1]: names[n - 2:]}
    lines = ["# SPDX-License-Identifier: BSD-3-Clause", "[appliance]", f'name = "bench-hops-{n}"', "[application]",
             'name = "bench_hops"', "[compartments.app]", "default = true", 'memory = "4MiB"', "threads = 20"]
    for name, inside in libraries.items():
        quoted = ", ".join(f'"{x}"' for x in inside)
        lines += [f"[compartments.{name}]", f"libraries = [{quoted}]", 'memory = "1MiB"', "threads = 4"]
    edges = [("app", name) for name in own] + list(zip(own, own[1:]))
    for caller, callee in edges:
        lines += ["[[edges]]", f'from = "{caller}"', f'to = "{callee}"', 'arena = "64KiB"']
    path = args.out / f"hops-{n}.toml"
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path

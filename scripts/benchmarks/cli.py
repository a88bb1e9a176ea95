"""Command line of scripts/bench.

SPDX-License-Identifier: BSD-3-Clause
"""

import argparse
import pathlib
import re
import subprocess
import sys

from . import alloc, boot, common, compare, everything, gates, gzip_run, net_run, nginx_run, redis_run, sqlite_run


def some_cores(text):
    try:
        return [int(x) for x in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': want core numbers, such as 0,1") from None


class OneLine(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        unknown = re.match(r"argument BENCHMARK: invalid choice: ('.*') \(choose from (.*)\)", message)
        if unknown:
            message = f"no benchmark {unknown[1]}; there are: {unknown[2]}".replace("', '", ", ").replace(": '", ": ")
            message = message.rstrip("'")
        print(f"bench: error: {message}", file=sys.stderr)
        sys.exit(2)


def parser():
    p = OneLine(prog="scripts/bench", description=(
        "Measures on this machine, prints tables and writes JSON and plots to build/bench/."))
    p.add_argument("--build-dir", type=pathlib.Path,
                   help="another build directory; it is used as it is")
    p.add_argument("--out", type=pathlib.Path, help="folder for the results (default: BUILD/bench)")
    p.add_argument("--check", action="store_true",
                   help="instead: what moved in the last results, against scripts/benchmarks/expected.json")
    p.add_argument("--update", action="store_true", help="with --check: from now on expect the last results")
    sub = p.add_subparsers(dest="what", metavar="BENCHMARK")

    g = sub.add_parser("gates", help="gate calls beside the floors of this machine")
    g.add_argument("--quick", action="store_true", help="a few calls only: does it work at all?")
    g.add_argument("--rounds", type=int, metavar="N", help="start the appliances at least so often (default 24)")
    g.add_argument("--only", metavar="NAME", action="append", help="only these measurements; * stands for anything")
    g.add_argument("--cores", type=some_cores, metavar="A,B...", help="cores to use (default: all)")
    g.add_argument("--compare", nargs=2, metavar=("A.json", "B.json"), help="instead: what differs between two results")
    g.set_defaults(run=gates.run)

    a = sub.add_parser("alloc", help="shared stack buffers: heap, shadow stack, plain locals")
    a.set_defaults(run=alloc.run)

    z = sub.add_parser("gzip", help="zlib natively, in one compartment, in a VM of its own")
    z.add_argument("--size", type=int, default=64, metavar="MIB")
    z.add_argument("--rounds", type=int, default=7)
    z.add_argument("--long", action="store_true",
                   help="instead: 1 GiB through the VM, watching its memory")
    z.set_defaults(run=gzip_run.run)

    b = sub.add_parser("boot", help="time from exec to main, memory of a VM, size of images")
    b.add_argument("--starts", type=int, default=30)
    b.set_defaults(run=boot.run)

    s = sub.add_parser("sqlite", help="SQLite on files in memory: natively, in one compartment, files apart")
    s.add_argument("--rows", type=int, default=5000, help="INSERTs, each a transaction of its own")
    s.add_argument("--size", type=int, default=5, help="of speedtest1")
    s.add_argument("--rounds", type=int, default=7)
    s.set_defaults(run=sqlite_run.run)

    e = sub.add_parser("all", help="gates, alloc, boot, gzip, sqlite, net, redis, nginx; and report.html of all")
    e.set_defaults(run=everything.run)
    for one in (a, z, b, s, e):
        one.add_argument("--quick", action="store_true", help="a few only: does it work at all?")

    for name, module, rounds, what in (
            ("redis", redis_run, 5, "redis-benchmark: natively, in one VM, in two"),
            ("net", net_run, 3, "iperf: natively, in one VM, in two"),
            ("nginx", nginx_run, 5, "wrk: natively, in one compartment, in two VMs, in three")):
        n = sub.add_parser(name, help=what)
        n.add_argument("--mode", choices=("tap", "user"), help="only this one (default: both; tap needs root)")
        n.add_argument("--rounds", type=int, default=rounds)
        n.add_argument("--seconds", type=float, default=1.0, help="of each measurement, about")
        n.add_argument("--quick", action="store_true", help="a few only: does it work at all?")
        n.set_defaults(run=module.run)
        if name == "redis":
            n.add_argument("--starts", type=int, default=20)
    return p


def prepare(args):
    """Builds, and makes the folder for results. The build's exit status."""
    if args.build_dir is None:
        args.build_dir = common.ROOT / "build"
        built = subprocess.run([common.ROOT / "scripts/build"], check=False)
        if built.returncode:
            return built.returncode
    args.build_dir = args.build_dir.resolve()
    args.out = (args.out or args.build_dir / "bench").resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    return 0


def compares_only(args):
    return args.check or bool(getattr(args, "compare", None))


def main(argv):
    p = parser()
    args = p.parse_args(argv)
    if args.check == bool(args.what):
        p.error("want --check alone" if args.check else
                "want a benchmark: gates, alloc, boot, gzip, sqlite, net, redis, nginx or all")
    if args.update and not args.check:
        p.error("--update goes with --check")
    args.parse = p.parse_args
    if compares_only(args):
        args.build_dir = args.build_dir or common.ROOT / "build"
        args.out = (args.out or args.build_dir / "bench").resolve()
    else:
        status = prepare(args)
        if status:
            return status
        common.raise_priority()
    try:
        if args.check:
            return compare.update(args) if args.update else compare.check(args)
        return args.run(args)
    except common.BenchError as e:
        print(f"bench: error: {e}", file=sys.stderr)
        return e.status
    except KeyboardInterrupt:
        return 130

"""A DHCP server and a name server on the host's end of a TAP interface, and a guest that asks both.

Then Redis over IPv6. In a network namespace of its own.

SPDX-License-Identifier: BSD-3-Clause

Prints one line per check; exit status 0 if all went well.
"""

import ipaddress
import os
import socket
import struct
import subprocess
import sys
import threading

from tests.net.net_support import open_tap, remove_tap
from tests.redis import server
from tests.support.paths import PROGRAM, ROOT

INTERFACE = "bh-names"
GUEST, HOST = ipaddress.ip_address("10.7.0.99"), ipaddress.ip_address("10.7.0.1")
NAMES = {"some.test": {1: ["192.0.2.77"], 28: ["2001:db8::77"]}, "four.test": {1: ["192.0.2.4"]}}
APPLIANCE = str(ROOT / "tests/guests/apps/posix_net/compartments.toml")
GUEST6, HOST6 = "fd00:7::15", "fd00:7::2"


def dhcp_answer(request: bytes) -> bytes | None:
    options, at = {}, 240
    while at + 1 < len(request) and request[at] != 255:
        options[request[at]] = request[at + 2 : at + 2 + request[at + 1]]
        at += 2 + request[at + 1]
    kind = {b"\1": b"\2", b"\3": b"\5"}.get(options.get(53))  # DISCOVER: OFFER, REQUEST: ACK
    if not kind:
        return None
    head = b"\2" + request[1:12] + bytes(4) + GUEST.packed + HOST.packed + bytes(4) + request[28:44] + bytes(192)
    own = {53: kind, 54: HOST.packed, 51: struct.pack(">I", 600), 1: b"\xff\xff\xff\0", 3: HOST.packed, 6: HOST.packed}
    return head + request[236:240] + b"".join(bytes([n, len(v)]) + v for n, v in own.items()) + b"\xff"


def dns_answer(request: bytes) -> bytes:
    labels, at = [], 12
    while request[at]:
        labels.append(request[at + 1 : at + 1 + request[at]].decode())
        at += 1 + request[at]
    question = request[12 : at + 5]
    (kind,) = struct.unpack(">H", question[-4:-2])
    name = ".".join(labels)
    found = NAMES.get(name, {}).get(kind, [])
    flags = 0x8180 if name in NAMES else 0x8183
    out = request[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + question
    for text in found:
        data = ipaddress.ip_address(text).packed
        out += struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
    return out


def serve(port: int, answer, to: tuple[str, int] | None = None) -> None:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, INTERFACE.encode())
    s.bind(("", port))

    def loop() -> None:
        while True:
            request, client = s.recvfrom(2000)
            if out := answer(request):
                s.sendto(out, to or client)

    threading.Thread(target=loop, daemon=True).start()


def check(text: str, good: bool) -> bool:
    print(f"{text}: {'yes' if good else 'NO'}", flush=True)
    return good


def resolve(name: str, *sets: str) -> tuple[int, list[str]]:
    options = [word for value in ("net.mode=tap", f"net.interface={INTERFACE}", *sets) for word in ("--set", value)]
    done = subprocess.run([PROGRAM, "run", *options, APPLIANCE, "--", "resolve", name], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)  # fmt: skip
    return done.returncode, done.stdout.splitlines()


def names() -> bool:
    os.close(open_tap(INTERFACE, persistent_for=0))
    try:
        for command in (["addr", "add", f"{HOST}/24", "dev", INTERFACE], ["link", "set", INTERFACE, "up"]):
            subprocess.run(["ip", *command], check=True)
        serve(67, dhcp_answer, ("255.255.255.255", 68))
        serve(53, dns_answer)
        dhcp = "net.address=dhcp"
        good = check("DHCP, and the name server that it names", resolve("four.test", dhcp) == (0, ["192.0.2.4"]))
        status, found = resolve("some.test", dhcp)
        good &= check("both kinds of addresses", status == 0 and sorted(found) == ["192.0.2.77", "2001:db8::77"])
        good &= check("no such name", resolve("nobody.test", dhcp)[0] == 1)
        static = (f'net.address="{GUEST}/24"', f'net.gateway="{HOST}"', f'net.dns="{HOST}"')
        return good & check("a static address", resolve("four.test", *static) == (0, ["192.0.2.4"]))
    finally:
        remove_tap(INTERFACE)


def ipv6() -> bool:
    options = ("--set", f'net.address6="{GUEST6}/64"')
    with server.Server(options=options, tap=True) as redis:
        subprocess.run(["ip", "-6", "addr", "add", f"{HOST6}/64", "dev", server.TAP_INTERFACE, "nodad"], check=True)
        with socket.create_connection((GUEST6, redis.port), 20) as s:
            s.sendall(b"SET six " + b"6" * 10000 + b"\r\nSTRLEN six\r\n")
            answer = b""
            while answer.count(b"\n") < 2:
                answer += s.recv(100)
        return check("Redis over IPv6", answer == b"+OK\r\n:10000\r\n")


if __name__ == "__main__":
    sys.exit(0 if names() & ipv6() else 1)

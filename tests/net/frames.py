"""Frames that no stack would send: broken Ethernet, ARP, IPv4, TCP, UDP, ICMP and IPv6, many with right checksums.

SPDX-License-Identifier: BSD-3-Clause
"""

import ipaddress
import random
import struct
from collections.abc import Iterator

ETHERNET_MAX = 1514


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Frames:
    """Frames from `host` to `guest`; `live` is the host's port of a TCP connection to `port` that has to survive."""

    def __init__(self, seed: int, mac: bytes, guest: str, host: str, port: int, live: int):
        self.random = random.Random(seed)
        self.mac = mac
        self.guest = ipaddress.ip_address(guest).packed
        self.host = ipaddress.ip_address(host).packed
        self.port = port
        self.live = live

    def make(self, count: int) -> Iterator[bytes]:
        kinds = [self.rubbish, self.arp, self.header4, self.fragment4, self.segment, self.of_the_live_one,
                 self.datagram, self.icmp, self.chain6, self.icmp6]  # fmt: skip
        for _ in range(count):
            frame = self.random.choice(kinds)()
            if self.random.random() < 0.1:  # the end is missing
                frame = frame[: self.random.randrange(14, len(frame) + 1)]
            yield frame[:ETHERNET_MAX].ljust(14, b"\0")

    def noise(self, least: int, most: int) -> bytes:
        return self.random.randbytes(self.random.randint(least, most))

    def pick(self, *values: int) -> int:
        return self.random.choice(values)

    # ---- Ethernet, ARP ----

    def ethernet(self, kind: int, payload: bytes) -> bytes:
        to = self.mac if self.random.random() < 0.9 else self.random.choice([b"\xff" * 6, b"\x33\x33\0\0\0\1"])
        return to + b"\x02\0\0" + self.random.randbytes(3) + struct.pack(">H", kind) + payload

    def rubbish(self) -> bytes:
        kind = self.pick(0x0800, 0x0806, 0x86DD, 0x8100, 0x88A8, 0, 46, 0x05DC, self.random.getrandbits(16))
        return self.ethernet(kind, self.noise(0, 1500))

    def arp(self) -> bytes:
        operation = self.pick(0, 1, 2, 3, 0xFFFF)
        sender = bytes([10, 0, 2, self.random.randrange(100, 250)])  # not the host: poisoning works, as everywhere
        head = struct.pack(">HHBBH", self.pick(1, 6, 0xFFFF), self.pick(0x0800, 0x86DD, 0),
                           self.pick(6, 0, 255), self.pick(4, 16, 0, 255), operation)  # fmt: skip
        return self.ethernet(0x0806, head + self.random.randbytes(6) + sender + bytes(6) + self.guest)

    # ---- IPv4 ----

    def source(self) -> bytes:
        if self.random.random() < 0.8:
            return self.host
        return self.random.choice([bytes(4), b"\xff" * 4, b"\x7f\0\0\1", self.guest, self.random.randbytes(4)])

    def packet4(self, protocol: int, payload: bytes, flags: int = 0, number: int = 0, source: bytes = b"") -> bytes:
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number, flags, 64, protocol, 0)
        head += (source or self.host) + self.guest
        return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload

    def header4(self) -> bytes:
        """One or two bytes of the header are wrong, and half of the time the checksum is right all the same."""
        packet = bytearray(self.packet4(self.pick(1, 2, 6, 17, 58, 132), self.noise(0, 200), source=self.source()))
        for _ in range(self.random.randint(1, 2)):
            packet[self.pick(0, 2, 3, 6, 7, 8, 9)] = self.random.getrandbits(8)
        if self.random.random() < 0.3:  # options
            packet[0] = 0x40 | self.random.randint(6, 15)
        if self.random.random() < 0.5:
            length = max(20, (packet[0] & 15) * 4)
            packet[10:12] = bytes(2)
            packet[10:12] = struct.pack(">H", checksum(bytes(packet[:length])))
        return self.ethernet(0x0800, bytes(packet))

    def fragment4(self) -> bytes:
        flags = self.pick(0, 0x2000) | self.pick(0, 1, 2, 185, 8190, 8191, self.random.getrandbits(13))
        payload = self.noise(0, self.pick(7, 8, 100, 1480))
        return self.ethernet(0x0800, self.packet4(self.pick(1, 6, 17), payload, flags, self.random.randrange(40)))

    def with_checksum(self, protocol: int, at: int, segment: bytes, source: bytes = b"") -> bytes:
        """Right seven times out of ten."""
        if self.random.random() < 0.7 and len(segment) >= at + 2:
            pseudo = (source or self.host) + self.guest + struct.pack(">BBH", 0, protocol, len(segment))
            segment = segment[:at] + bytes(2) + segment[at + 2 :]
            segment = segment[:at] + struct.pack(">H", checksum(pseudo + segment)) + segment[at + 2 :]
        return segment

    def tcp_header(self, port: int, flags: int, offset: int) -> bytes:
        return struct.pack(">HHIIHHHH", port, self.pick(self.port, self.port, self.random.getrandbits(16)),
                           self.random.getrandbits(32), self.random.getrandbits(32), offset << 12 | flags,
                           self.random.getrandbits(16), self.random.getrandbits(16),
                           self.random.getrandbits(16))  # fmt: skip

    def segment(self) -> bytes:
        """Flags, header lengths and options that make no sense; a SYN now and then."""
        syn = self.random.random() < 0.02
        flags = 2 if syn else self.random.getrandbits(9) & ~(2 if self.random.random() < 0.9 else 0)
        options = self.random.choice([b"", b"\2\4\0\0", b"\2\0", b"\2\xff\5\xb4", b"\3\3\xff\0",
                                      b"\5\x0a" + b"\xff" * 8, b"\x08\x0a" + b"\0" * 8, self.noise(0, 40)])  # fmt: skip
        offset = 5 + (len(options) + 3) // 4 if self.random.random() < 0.6 else self.random.randrange(16)
        port = self.random.randint(1024, 32000)
        head = self.tcp_header(port if port != self.live else 1023, flags, offset)
        # From others nobody answers: connections stay half-open.
        source = self.host if self.random.random() < 0.8 else bytes([10, 0, 2, self.random.randrange(100, 250)])
        segment = self.with_checksum(6, 16, head + options + self.noise(0, 300), source)
        return self.ethernet(0x0800, self.packet4(6, segment, source=source))

    def of_the_live_one(self) -> bytes:
        """Looks like the open connection's, and is broken: a right one could be taken for the peer's."""
        head = bytearray(self.tcp_header(self.live, self.random.getrandbits(9), self.random.randrange(16)))
        head[2:4] = struct.pack(">H", self.port)
        segment = bytes(head) + self.noise(0, 100)
        pseudo = self.host + self.guest + struct.pack(">BBH", 0, 6, len(segment))
        if checksum(pseudo + segment) == 0:
            segment = segment[:-1] + bytes([segment[-1] ^ 1])
        return self.ethernet(0x0800, self.packet4(6, segment))

    def datagram(self) -> bytes:
        """Lengths that are wrong; rubbish for the stack's own clients of DHCP and DNS."""
        payload = self.noise(0, 400)
        length = self.pick(8 + len(payload), 8 + len(payload), 0, 7, 9 + len(payload), 0xFFFF)
        ports = self.random.choice([(67, 68), (53, self.random.getrandbits(16)), (1, self.random.randint(100, 65535))])
        head = struct.pack(">HHHH", *ports, length, self.pick(0, 0xFFFF))
        return self.ethernet(0x0800, self.packet4(17, self.with_checksum(17, 6, head + payload)))

    def icmp(self) -> bytes:
        kind = self.pick(0, 3, 4, 5, 8, 11, 12, 13, 17, self.random.getrandbits(8))
        inner = self.noise(0, 60) if kind == 8 else self.packet4(6, self.noise(0, 20))[: self.random.randrange(48)]
        body = struct.pack(">BBHI", kind, self.random.randrange(20), 0, self.random.getrandbits(32)) + inner
        if self.random.random() < 0.8:
            body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
        return self.ethernet(0x0800, self.packet4(1, body))

    # ---- IPv6 ----

    def addresses6(self) -> tuple[bytes, bytes]:
        own = self.mac[:3] + b"\xff\xfe" + self.mac[3:]
        link_local = b"\xfe\x80" + bytes(6) + bytes([own[0] ^ 2]) + own[1:]
        to = self.random.choice([link_local, b"\xff\2" + bytes(13) + b"\1", b"\xff\2" + self.random.randbytes(14)])
        return self.random.choice([b"\xfe\x80" + self.random.randbytes(14), bytes(16), to]), to

    def packet6(self, following: int, payload: bytes, hops: int = 255, length: int | None = None) -> bytes:
        source, to = self.addresses6()
        if following == 58 and len(payload) >= 4 and self.random.random() < 0.9:
            pseudo = source + to + struct.pack(">II", len(payload), 58)
            payload = payload[:2] + bytes(2) + payload[4:]
            payload = payload[:2] + struct.pack(">H", checksum(pseudo + payload)) + payload[4:]
        if length is None:
            length = len(payload)
        return struct.pack(">IHBB", 6 << 28, length, following, hops) + source + to + payload

    def chain6(self) -> bytes:
        """Extension headers whose lengths lead anywhere, and fragments that overlap."""
        kinds = [self.pick(0, 43, 44, 60, 50, 51, 135, 59, 6, 17) for _ in range(self.random.randint(1, 6))]
        payload = b""
        for following in kinds[1:] + [self.pick(6, 17, 58, 59, 255)]:
            if self.random.random() < 0.4:
                offset = self.pick(0, 1, 8, 0xFFF8) | self.pick(0, 1)
                payload += struct.pack(">BBHI", following, 0, offset, self.random.randrange(20))
            else:
                payload += struct.pack(">BB", following, self.pick(0, 0, 1, 255)) + self.noise(6, 6)
        payload += self.noise(0, 200)
        length = self.pick(len(payload), len(payload), 0, 1, 0xFFFF)
        return self.ethernet(0x86DD, self.packet6(kinds[0], payload, self.pick(0, 1, 255), length))

    def icmp6(self) -> bytes:
        """Neighbour and router discovery, and reports of groups, with options of length 0 or beyond the end."""
        kind = self.pick(1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, self.random.getrandbits(8))
        body = struct.pack(">BBHI", kind, self.pick(0, 0, 1, 255), 0, self.random.getrandbits(32)) + self.noise(0, 40)
        for _ in range(self.random.randrange(4)):
            body += struct.pack(">BB", self.pick(1, 2, 3, 4, 5, 25), self.pick(0, 1, 4, 255)) + self.noise(0, 30)
        return self.ethernet(0x86DD, self.packet6(58, body))

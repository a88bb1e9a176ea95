"""The [net] table of compartments.toml: its keys, the rules about them, and what becomes of them.

SPDX-License-Identifier: BSD-3-Clause
"""

import hashlib
import re
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

from .model import Forward, Net, Reach
from .positions import Path
from .problems import quote, show, suggest
from .rules import Draft, Drafts
from .schema import Context, Key, choice, integer, list_of, text, wrong_type

MODES = ("user", "tap")
INTERFACE = "bulkhead0"
FORWARDS_MAX = 64
REACH_MAX = 64
CONNECTIONS = 2048

INTERFACE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")
MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
FORWARD = re.compile(
    r"(?:(tcp|udp):)?(?:(\[[^\]]*\]|[^:\[\]]*):)?([^:]*):([^:]*)", re.ASCII | re.DOTALL
)
REACH = re.compile(r"(\[[^\]]*\]|[^:\[\]/]*)(?:/([0-9]{1,3}))?(?::([^:]*))?", re.ASCII | re.DOTALL)
PORT = re.compile(r"[0-9]{1,5}", re.ASCII)

ADDRESS_HINT = 'write "dhcp", or an address with its prefix, such as "192.168.7.2/24"'
ADDRESS6_HINT = 'write "auto", "none", or an address with its prefix, such as "fd00:7::2/64"'
REACH_HINT = 'write "world", or A.B.C.D or [X::Y] with or without /PREFIX and :PORT, such as "10.0.0.0/8:443"'
FORWARD_HINT = '"[tcp:|udp:][HOSTADDRESS:]HOSTPORT:GUESTPORT", such as "6379:6379"'


def _text(context: Context, path: Path, value: object, hint: str) -> str | None:
    if isinstance(value, str):
        return value
    wrong_type(context, path, value, "a string", hint)
    return None


def interface(context: Context, path: Path, value: object) -> str | None:
    hint = "the name of a network interface has 1 to 15 characters of A-Z a-z 0-9 _ . -"
    value = _text(context, path, value, hint)
    if value is None or INTERFACE_NAME.fullmatch(value) and value not in (".", ".."):
        return value
    context.refuse(path, f"{quote(value)} is no good name for an interface", hint)
    return None


def address(context: Context, path: Path, value: object) -> str | IPv4Interface | None:
    value = _text(context, path, value, ADDRESS_HINT)
    if value is None or value == "dhcp":
        return value
    try:
        if "/" not in value:
            raise ValueError
        parsed = IPv4Interface(value)
    except ValueError:
        context.refuse(path, f'{show(value)} is neither "dhcp" nor A.B.C.D/N', ADDRESS_HINT)
        return None
    network = parsed.network
    if not 8 <= network.prefixlen <= 29:
        message = f"address has the prefix /{network.prefixlen}"
        context.refuse(path, message, "a prefix from /8 to /29 leaves room for others")
    elif parsed.ip in (network.network_address, network.broadcast_address):
        message = f"{parsed.ip} is the network's own or its broadcast address"
        first, last = network.network_address + 1, network.broadcast_address - 1
        context.refuse(path, message, f"write an address from {first} to {last}")
    elif parsed.is_multicast or parsed.is_loopback or parsed.is_reserved:
        context.refuse(path, f"{parsed.ip} is no address for a host", ADDRESS_HINT)
    else:
        return parsed
    return None


def host_address(context: Context, path: Path, value: object) -> IPv4Address | None:
    hint = 'write an address such as "192.168.7.1"'
    value = _text(context, path, value, hint)
    if value is None:
        return None
    try:
        return IPv4Address(value)
    except ValueError:
        context.refuse(path, f"{show(value)} is no IPv4 address", hint)
    return None


def address6(context: Context, path: Path, value: object) -> str | IPv6Interface | None:
    value = _text(context, path, value, ADDRESS6_HINT)
    if value is None or value in ("auto", "none"):
        return value
    try:
        if "/" not in value or "%" in value:
            raise ValueError
        parsed = IPv6Interface(value)
    except ValueError:
        message = f'{show(value)} is neither "auto" nor "none" nor X::Y/N'
        context.refuse(path, message, ADDRESS6_HINT)
        return None
    prefix = parsed.network.prefixlen
    if not 8 <= prefix <= 120:
        hint = "a prefix from /8 to /120 leaves room for others"
        context.refuse(path, f"address6 has the prefix /{prefix}", hint)
    elif parsed.ip == parsed.network.network_address or parsed.is_multicast or parsed.is_loopback:
        context.refuse(path, f"{parsed.ip} is no address for a host", ADDRESS6_HINT)
    else:
        return parsed
    return None


def mac(context: Context, path: Path, value: object) -> bytes | None:
    hint = 'write six bytes, such as "02:00:00:12:34:56"'
    value = _text(context, path, value, hint)
    if value is None:
        return None
    if not MAC.fullmatch(value):
        context.refuse(path, f"{show(value)} is no MAC address", hint)
        return None
    parsed = bytes.fromhex(value.replace(":", ""))
    if parsed[0] & 1:
        message = f"{show(value)} is a multicast address"
        context.refuse(path, message, "the first byte of an interface's MAC address is even")
    elif not any(parsed):
        context.refuse(path, "mac is all zeros", hint)
    else:
        return parsed
    return None


def hostname(context: Context, path: Path, value: object) -> str | None:
    hint = "a host name has 1 to 63 characters of A-Z a-z 0-9 - and no - at either end"
    value = _text(context, path, value, hint)
    if value is None or HOSTNAME.fullmatch(value):
        return value
    context.refuse(path, f"{show(value)} is no host name", hint)
    return None


def forward(context: Context, path: Path, value: object) -> Forward | None:
    value = _text(context, path, value, f"write {FORWARD_HINT}")
    if value is None:
        return None
    match = FORWARD.fullmatch(value)
    if match is None:
        context.refuse(path, f"{show(value)} is no port forward", f"write {FORWARD_HINT}")
        return None
    protocol, host, *ports = match.groups()
    for port in ports:
        if not PORT.fullmatch(port) or not 1 <= int(port) <= 65535:
            message = f"{show(value)}: {quote(port)} is no port"
            context.refuse(path, message, "a port is a number from 1 to 65535")
            return None
    try:
        if host is None:
            parsed: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
        elif host.startswith("["):
            parsed = IPv6Address(host[1:-1])
        else:
            parsed = IPv4Address(host)
        if getattr(parsed, "scope_id", None):
            raise ValueError
    except ValueError:
        message = f"{show(value)}: {quote(host)} is no address"
        context.refuse(path, message, 'write A.B.C.D, or an IPv6 address as "[X::Y]"')
        return None
    return Forward(protocol or "tcp", parsed, int(ports[0]), int(ports[1]))


def reach(context: Context, path: Path, value: object) -> Reach | None:
    value = _text(context, path, value, REACH_HINT)
    if value is None:
        return None
    if value == "world":
        return Reach(None, None)
    match = REACH.fullmatch(value)
    if match is None:
        context.refuse(path, f"{show(value)} is no destination", REACH_HINT)
        return None
    host, prefix, port = match.groups()
    if port is not None and (not PORT.fullmatch(port) or not 1 <= int(port) <= 65535):
        context.refuse(path, f"{show(value)}: {quote(port)} is no port", "a port is a number from 1 to 65535")
        return None
    suffix = "" if prefix is None else f"/{prefix}"
    try:
        if host.startswith("["):
            network: IPv4Network | IPv6Network = IPv6Network(host[1:-1] + suffix, strict=False)
            if "%" in host or "/" in host:
                raise ValueError
        else:
            network = IPv4Network(host + suffix, strict=False)
    except ValueError:
        context.refuse(path, f"{show(value)} is no destination", REACH_HINT)
        return None
    written = IPv6Address(host[1:-1]) if network.version == 6 else IPv4Address(host)
    if written != network.network_address:
        hint = f'write "{network.network_address}" with this prefix, or the address without a prefix'
        context.refuse(path, f"{show(value)}: the address has bits behind the prefix /{prefix}", hint)
        return None
    return Reach(network, None if port is None else int(port))


NET = (
    Key("compartment", text, required='compartment = "COMPARTMENT"'),
    Key("mode", choice("mode", MODES), "user"),
    Key("interface", interface),
    Key("address", address, "dhcp"),
    Key("gateway", host_address),
    Key("dns", host_address),
    Key("address6", address6, "auto"),
    Key("mac", mac),
    Key("mtu", integer(1280, 9000, 1500), 1500),
    Key("hostname", hostname),
    Key("forward", list_of(forward, distinct=False), ()),
    Key("reach", list_of(reach, distinct=False)),
    Key("connections", integer(16, 16384, CONNECTIONS), CONNECTIONS),
)


def check(context: Context, draft: Draft, drafts: Drafts) -> None:
    """The rules that concern more than one value."""
    wanted, known = draft.values["compartment"], list(drafts.compartments)
    if wanted is not None and known and wanted not in drafts.compartments:
        message = f"the network device is for {quote(wanted)}, which is no compartment"
        context.refuse(draft.at("compartment"), message, suggest(wanted, known, "compartments"))
    for key, mode in (("interface", "tap"), ("forward", "user"), ("reach", "user"), ("connections", "user")):
        _only_in_mode(context, draft, key, mode)
    _gateway_fits(context, draft)
    _forwards_fit(context, draft)
    if len(draft.values["reach"] or ()) > REACH_MAX:
        message = f"there are {len(draft.values['reach'])} destinations, and at most {REACH_MAX} are possible"
        context.refuse(draft.at("reach"), message, "remove some")


def _chosen_at_launch(context: Context, draft: Draft, key: str) -> bool:
    """Whether --set changed the mode but not `key`: then a file for one mode can be run in both."""
    overlays = context.source.overlays
    return draft.at("mode") in overlays and draft.at(key) not in overlays


def _only_in_mode(context: Context, draft: Draft, key: str, mode: str) -> None:
    if key not in draft.raw or draft.values["mode"] in (None, mode):
        return
    if not _chosen_at_launch(context, draft, key):
        message = f'{key} is for mode "{mode}", and this is mode "{draft.values["mode"]}"'
        place = context.source.key(draft.at(key))
        context.problems.add(place, message, f'remove this key, or choose mode = "{mode}"')


def _gateway_fits(context: Context, draft: Draft) -> None:
    gateway, own = draft.values["gateway"], draft.values["address"]
    if gateway is None or own is None:
        return
    if own == "dhcp":
        message = "gateway needs an address that is not from DHCP"
        hint = "remove this key: DHCP says it; or write address = \"A.B.C.D/N\""
        context.refuse(draft.at("gateway"), message, hint)
    elif gateway not in own.network or gateway == own.ip:
        message = f"the gateway {gateway} is not another host of {own.network}"
        context.refuse(draft.at("gateway"), message, "a gateway is in the network of the address")


def _forwards_fit(context: Context, draft: Draft) -> None:
    forwards = draft.values["forward"]
    if forwards is None or len(draft.raw.get("forward", ())) != len(forwards):
        return  # there is none, or a wrong one was reported
    if len(forwards) > FORWARDS_MAX:
        message = f"there are {len(forwards)} port forwards, "
        message += f"and at most {FORWARDS_MAX} are possible"
        context.refuse(draft.at("forward"), message, "remove some")
        return
    for index, one in enumerate(forwards):
        path = draft.at("forward") + (index,)
        for earlier in forwards[:index]:
            if one.clashes(earlier):
                message = f"host port {one.host_port} of {quote(earlier.text)} is forwarded twice"
                context.refuse(path, message, "remove one of them, or choose another host port")
                break
        if one.host.version == 6 and draft.values["address6"] == "none":
            message = f'{quote(one.text)} goes to IPv6, and address6 is "none"'
            context.refuse(path, message, "remove it, or choose another address6")


def build(context: Context, draft: Draft, indices: dict[str, int], name: str) -> Net:
    """Everything was checked; `name` is the appliance's."""
    values = draft.values
    user, own = values["mode"] == "user", values["address"]
    gateway, dns = values["gateway"], values["dns"]
    if user and own != "dhcp":  # libslirp's own addresses, which nobody else chooses
        gateway = gateway or _unused(own, ())
        dns = dns or _unused(own, (gateway,))
    stamp = f"{context.source.stamp.path}\0{name}".encode()
    return Net(
        compartment=indices[values["compartment"]],
        mode=values["mode"],
        interface=None if user else values["interface"] or INTERFACE,
        address=str(own),
        gateway=None if gateway is None else str(gateway),
        dns=None if dns is None else str(dns),
        address6=str(values["address6"]),
        # locally administered; the same in each run, different for two files on one network
        mac=values["mac"] or b"\x02" + hashlib.sha256(stamp).digest()[:5],
        mtu=values["mtu"],
        hostname=values["hostname"] or name.replace("_", "-").strip("-"),
        forward=values["forward"] if user else (),
        reach=values["reach"] if user else None,
        connections=values["connections"],
    )


def _unused(own: IPv4Interface, taken: tuple) -> IPv4Address:
    """The first address from network + 2 on; vmm/net/forward.c chooses in the same way."""
    address = own.network.network_address + 2
    while address == own.ip or address in taken:
        address += 1
    return address

"""C conditions that what the other end returned has to keep before any of it is used.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Callable, Iterator

from .edl_model import Bound, Field, Function, Range
from .gen_common import Wire, value_of

UNSIGNED_FROM = 2**63  # a decimal constant of C from here on needs a suffix


class Ranges:
    """Of one function. `argument`: C text of a pointer argument's row, by its name in reports; `used`: C text of how
    much of a buffer parameter was used."""

    def __init__(
        self,
        function: Function,
        w: Wire,
        dot: str,
        names: dict[str, str],
        argument: Callable[[str], str],
        used: Callable[[Field], str],
    ):
        self.function = function
        self.wire = w
        self.dot = dot
        self.names = names
        self.argument = argument
        self.used = used

    def conditions(self) -> Iterator[tuple[str, str, str]]:
        """Name of a result, C word to report, C condition that it has to keep."""
        result = self.function.result
        if result.has("range"):
            yield "return", "bh_word(bh_ret)", self._within("bh_ret", result.value("range"))
        if result.kind == "handle":
            word = f"bh_call{self.dot}ret"
            yield "return", word, f"bh_is_handle({word})"
        for p in self.function.parameters:
            if p.kind == "handle_out":
                word = self.wire.reply(p.name, self.dot)
                yield f"*{p.name}", word, f"bh_is_handle({word})"
            elif p.kind == "object" and p.has("range"):
                value = f"my_{p.name}_after"
                yield f"*{p.name}", f"bh_word({value})", self._within(value, p.value("range"))
            elif p.kind in ("struct", "twin"):
                yield from self._struct(p)
        for p in self.function.parameters:
            if p.kind == "bulk" and p.has("used") and not self._said(p):
                yield (
                    self._named(p),
                    f"bh_word({self._value(p)})",
                    f"{self.used(p)} <= {self.argument(p.name)}.size",
                )

    # ---- Structs ----

    def _struct(self, p: Field) -> Iterator[tuple[str, str, str]]:
        if p.handle == "new":
            word = f"bh_out.{p.name}.bh_number"
            yield f"{p.name}->{p.struct.number.name}", word, f"bh_is_handle({word})"
        if p.type.const or p.has("copy"):
            return
        for m in p.struct.members:
            name, word = f"{p.name}->{m.name}", f"bh_out.{p.name}.{m.name}"
            if m.kind == "scalar" and m.has("range"):
                value = value_of(f"__typeof__({name})", word, False)
                yield name, word, f"!{p.name} || {self._within(value, m.value('range'))}"
            elif m.kind == "bulk" and m.has("cursor"):
                yield from self._cursor(p, m)
            elif m.kind == "bulk" and m.has("used") and len(m.value("used")) == 1:
                yield from self._filled(p, m)

    def _cursor(self, p: Field, m: Field) -> Iterator[tuple[str, str, str]]:
        """The cursor stays in its buffer, and what is left is no more than there is behind it."""
        argument, moved = self.argument(f"{p.name}->{m.name}"), f"bh_out.{p.name}.{m.name}_moved"
        yield f"{p.name}->{m.name}", moved, f"{moved} <= {argument}.size"
        left = p.struct.member(m.size[0].text) if m.has("size") and len(m.size) == 1 else None
        if left and left.is_in and left.is_out:
            word = f"bh_out.{p.name}.{left.name}"
            yield f"{p.name}->{left.name}", word, f"!{argument}.data || {word} <= {argument}.size - {moved}"

    def _filled(self, p: Field, m: Field) -> Iterator[tuple[str, str, str]]:
        told = p.struct.member(m.value("used")[0].text)
        if not told or told.has("range"):
            return
        member, word = f"{p.name}->{told.name}", f"bh_out.{p.name}.{told.name}"
        used = f"bh_used(bh_length({value_of(f'__typeof__({member})', word, False)}))"
        yield member, word, f"!{p.name} || {used} <= {self.argument(f'{p.name}->{m.name}')}.size"

    # ---- Sizes ----

    def _said(self, p: Field) -> bool:
        """Does a range say how much may be used, instead of the buffer's size?"""
        for term in p.value("used"):
            told = self.function.result if term.text == "return" else self.function.parameter(term.text)
            if told and told.has("range") and (term.deref or term.text == "return"):
                return True
        return False

    def _named(self, p: Field) -> str:
        term = next((t for t in p.value("used") if t.text == "return" or t.deref), p.value("used")[0])
        return f"*{term.text}" if term.deref else term.text

    def _value(self, p: Field) -> str:
        name = self._named(p)
        if name == "return":
            return "bh_ret"
        return f"my_{name[1:]}_after" if name.startswith("*") else self.names.get(name, f"{name}u")

    # ---- C text ----

    def _within(self, value: str, allowed: Range) -> str:
        high = " || ".join(f"bh_at_most({value}, {self._bound(bound)})" for bound in allowed.high)
        return f"(bh_at_least({value}, {self._bound(allowed.low)}) && ({high}))"

    def _bound(self, bound: Bound) -> str:
        factors = []
        for term in bound.terms:
            if term.number:
                value = int(term.text, 0)
                factors.append(f"{value}u" if value >= UNSIGNED_FROM else str(value))
            else:
                key = f"*{term.text}" if term.deref else term.text
                factors.append(self.names.get(key, term.text))
        text = factors[0] if len(factors) == 1 else f"(bh_wide)({factors[0]}) * ({factors[1]})"
        return f"-(bh_wide)({text})" if bound.minus else text

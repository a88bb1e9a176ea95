"""The rules of range= in an interface file: of numbers that come back, with ends that can be known.

SPDX-License-Identifier: BSD-3-Clause
"""

from .edl_model import Bound, Field, Function, Library, Range
from .problems import Problems, quote, suggest

FACTORS_MAX = 2  # of a bound: the generated product of two words fits into 128 bits


def check(library: Library, problems: Problems) -> None:
    for struct in library.structs:
        for member in struct.members:
            _of_number(member, member.kind == "scalar" and member.is_out, problems)
            for bound in _bounds(member):
                if any(term.deref for term in bound.terms):
                    message = "a member's range cannot follow a pointer"
                    problems.add(bound.terms[0].place, message, "write numbers, or constants of the header")
                _product(bound, problems)
                for term in bound.terms:
                    if struct.member(term.text):
                        message = f"the range of a member names the member {quote(term.text)}"
                        hint = "write numbers or constants of the header; used= bounds a member by a buffer's size"
                        problems.add(term.place, message, hint)
    for function in (*library.callbacks, *library.functions):
        _of_number(function.result, function.result.kind == "scalar", problems)
        for field in (function.result, *function.parameters):
            if field is not function.result:
                _of_number(field, field.kind == "object" and field.is_out, problems)
            for bound in _bounds(field):
                _product(bound, problems)
                _names(function, bound, problems)


def _bounds(field: Field) -> list[Bound]:
    found: Range | None = field.value("range")
    return [found.low, *found.high] if found else []


def _of_number(field: Field, right: bool, problems: Problems) -> None:
    if field.has("range") and not right:
        message = f"range= of {quote(field.name)}, which is no number that comes back"
        hint = "ranges are for values of functions, and for [out] numbers behind pointers and in structs"
        problems.add(field.attributes["range"].place, message, hint)


def _product(bound: Bound, problems: Problems) -> None:
    if len(bound.terms) > FACTORS_MAX:
        message = f"more than {FACTORS_MAX} factors in a range"
        problems.add(bound.terms[0].place, message, "write the product as a number")


def _names(function: Function, bound: Bound, problems: Problems) -> None:
    for term in bound.terms:
        other = None if term.number else function.parameter(term.text)
        if other is None and not term.deref:
            continue  # a number, or a constant of the header
        if other is None or not (other.is_in and other.kind == "object" if term.deref else other.kind == "scalar"):
            shown = quote(f"{'*' if term.deref else ''}{term.text}")
            names = [p.name for p in function.parameters if p.kind == "scalar"]
            hint = suggest(term.text, names, "parameters") if names else "write a number"
            problems.add(term.place, f"{shown} is no number that goes in", hint)

"""Reads interface files: what a library offers to other compartments (docs/interface-files.md).

SPDX-License-Identifier: BSD-3-Clause
"""

import os
from typing import NoReturn, TypeVar

from . import edl_check, edl_functions, edl_ranges
from .edl_model import Attribute, Bound, Callback, CType, Field, Function, Library, Range, Struct, Term
from .edl_text import EdlErrors, Text, Token
from .problems import Problems, quote, suggest

F = TypeVar("F", bound=Function)

__all__ = ["EdlErrors", "Function", "Library", "parse"]

# Attributes of parameters, members and results, and what value each takes.
FLAGS = ("in", "out", "string", "user_check", "null", "shared", "cursor", "snapshot", "array", "keep")
SIZES = ("size", "count", "used")
NAMES = ("callback", "view", "copy")
ATTRIBUTES = (*FLAGS, *SIZES, *NAMES, "handle", "context", "range")
FUNCTION_ATTRIBUTES = ("nonblocking", "caller", "errno", "error", "fatal", "success")
RANGE_HINT = "write range=LOW..HIGH: numbers, names of the header's constants, parameters n, *n, 2*n"
ITEM_HINT = "write include, struct, typedef, callback, or a function such as int f(int n);"


def parse(path: str | os.PathLike, shown: str | None = None) -> Library:
    """The library that a file describes; `shown`: the file's name in messages. Raises EdlErrors."""
    path = os.fspath(path)
    problems = Problems(shown or path)
    text = Text(path, shown or path, problems)
    library = _Parser(text, problems).library(path)
    if not problems:
        edl_check.check(library, problems)
        edl_functions.check(library, problems)
        edl_ranges.check(library, problems)
    if problems:
        raise EdlErrors(problems)
    return library


class _Parser:
    def __init__(self, text: Text, problems: Problems):
        self.text = text
        self.problems = problems
        self.tokens = text.tokens()
        self.at = 0
        self.typedefs: dict[str, CType] = {}
        self.find_structs()

    def find_structs(self) -> None:
        """Types that `typedef struct { ... } NAME;` makes, so that a pointer type may stand before them."""
        for at, token in enumerate(self.tokens[:-2]):
            if token.text != "typedef" or self.tokens[at + 1].text != "struct":
                continue
            after = self.tokens[at + 2].text
            if after not in ("{", "view"):
                continue
            while self.tokens[at].text not in ("}", "the end of the file"):
                at += 1
            if at + 1 < len(self.tokens) and self.tokens[at + 1].kind == "name":
                name = self.tokens[at + 1]
                self.typedefs[name.text] = CType(name.text, name.place, struct=name.text)

    # ---- Tokens ----

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        if self.token.text != text or self.token.kind not in ("name", "mark"):
            return False
        self.at += 1
        return True

    def refuse(self, message: str, hint: str, token: Token | None = None) -> NoReturn:
        self.text.refuse((token or self.token).place, message, hint)

    def expect(self, text: str, where: str, hint: str) -> None:
        if not self.accept(text):
            found = self.token.text if self.token.kind == "end" else quote(self.token.text)
            self.refuse(f'expected "{text}" {where}, found {found}', hint)

    def name(self, what: str) -> Token:
        if self.token.kind != "name":
            found = self.token.text if self.token.kind == "end" else quote(self.token.text)
            self.refuse(f"expected {what}, found {found}", "a name is of A-Z a-z 0-9 _")
        return self.next()

    # ---- Items ----

    def library(self, path: str) -> Library:
        self.expect("library", "at the start", "a file describes one library: library NAME { ... }")
        name = self.name("the library's name")
        self.expect("{", "after the library's name", "library NAME { ... }")
        library = Library(name.text, path, [], [], [], [])
        while not self.accept("}"):
            self.item(library)
        if self.token.kind != "end":
            self.refuse("there is something after the library", "a file describes one library")
        empty = not (library.includes or library.structs or library.callbacks)
        if not library.functions and not empty:
            self.problems.add(name.place, "the library has no function", ITEM_HINT)
        return library

    def item(self, library: Library) -> None:
        if self.token.kind == "end":
            self.refuse("the library does not end", "close it with }")
        if self.accept("include"):
            self.include(library)
        elif self.token.text == "typedef" or self.token.text == "struct" and self.is_struct():
            self.struct_or_typedef(library)
        elif self.accept("callback"):
            library.callbacks.append(self.function(Callback))
        elif self.token.kind == "name" or self.token.text == "[":
            library.functions.append(self.function(Function))
        else:
            self.refuse(f"unexpected {quote(self.token.text)}", ITEM_HINT)

    def is_struct(self) -> bool:
        return self.tokens[self.at + 2].text in ("{", "view") if self.at + 2 < len(self.tokens) else False

    def include(self, library: Library) -> None:
        hint = 'write include "x.h"; or include <x.h>;'
        if self.token.kind == "string":
            library.includes.append(self.next().text)
        elif self.accept("<"):
            text = ""
            while not self.accept(">"):
                if self.token.kind not in ("name", "number", "mark") or self.token.text == ";":
                    self.refuse("this is no header's name", hint)
                text += self.next().text
            library.includes.append(f"<{text}>")
        else:
            self.refuse("this is no header's name", hint)
        self.expect(";", "after the header", hint)

    def struct_or_typedef(self, library: Library) -> None:
        """struct NAME [view V] { ... }; typedef struct [view V] { ... } NAME; typedef TYPE NAME;"""
        typedef = self.accept("typedef")
        ahead = [token.text for token in self.tokens[self.at : self.at + 2]]
        if typedef and (ahead[0] != "struct" or ahead[1] not in ("{", "view")):
            self.typedef()
            return
        self.expect("struct", "here", "struct NAME { ... };")
        tag = None if typedef else self.name("the struct's name")
        view = self.name("the view's name").text if self.accept("view") else ""
        self.expect("{", "before the members", "struct NAME { ... };")
        members = []
        while not self.accept("}"):
            members.append(self.member())
        tag = tag or self.name("the type's name")
        self.expect(";", "after the struct", "struct NAME { ... };")
        c_type = tag.text if typedef else f"struct {tag.text}"
        library.structs.append(Struct(tag.text, c_type, view, members, tag.place))
        if typedef:
            self.typedefs[tag.text] = CType(c_type, tag.place, struct=tag.text)

    def member(self) -> Field:
        attributes = self.attributes()
        name = self.name("a member's name")
        if self.token.text != ";":
            self.refuse(
                f'expected ";" after member {quote(name.text)}, found {quote(self.token.text)}',
                "a member has no type here, the header has it: [in, out] count;",
            )
        self.next()
        return Field(name.text, CType("", name.place), "", attributes, name.place)

    def typedef(self) -> None:
        tokens = self.declarator(";", "typedef TYPE NAME;")
        name = tokens.pop()
        self.expect(";", "after the typedef", "typedef TYPE NAME;")
        if name.kind != "name" or not tokens:
            self.refuse("this typedef has no name", "typedef TYPE NAME;", name)
        self.typedefs[name.text] = self.type(tokens)

    # ---- Functions ----

    def function(self, make: type[F]) -> F:
        attributes = self.attributes()
        tokens = self.declarator("(", "a function is TYPE NAME(PARAMETERS);")
        if len(tokens) < 2 or tokens[-1].kind != "name":
            message = "this function has no name or no type of its value"
            self.refuse(
                message, "a function is TYPE NAME(PARAMETERS);", tokens[0] if tokens else None
            )
        name = tokens.pop()
        result = self.type(tokens)
        self.expect("(", "after the function's name", "a function is TYPE NAME(PARAMETERS);")
        parameters = self.parameters()
        function = make(
            name.text, Field("return", result, "", attributes, result.place), parameters, name.place
        )
        while not self.accept(";"):
            self.function_attribute(function)
        return function

    def parameters(self) -> list[Field]:
        parameters: list[Field] = []
        if self.accept(")"):
            return parameters
        if self.token.text == "void" and self.tokens[self.at + 1].text == ")":
            self.at += 2
            return parameters
        while True:
            parameters.append(self.parameter())
            if self.accept(")"):
                return parameters
            hint = "separate parameters by commas and close the list with )"
            self.expect(",", "after a parameter", hint)

    def parameter(self) -> Field:
        attributes = self.attributes()
        if self.token.text == "...":
            hint = "offer a function with a fixed list of parameters instead"
            self.refuse("variable arguments cannot cross a gate", hint)
        tokens = self.declarator(",)", "a parameter is [ATTRIBUTES] TYPE NAME")
        if not tokens:
            self.refuse("a parameter is missing", "a parameter is [ATTRIBUTES] TYPE NAME")
        function = any(token.text == "(" for token in tokens)
        name = self.function_pointer_name(tokens) if function else tokens[-1]
        plain = [t for t in tokens if t.kind == "name" and t.text not in ("const", "volatile", "restrict")]
        known = ("void", "char", "short", "int", "long", "float", "double", "signed", "unsigned")
        tagged = plain[:1] and plain[0].text in ("struct", "union", "enum")
        nameless = not function and len(plain) < (3 if tagged else 2)
        if name.kind != "name" or name.text in known or nameless:
            message = "this parameter has no name"
            self.refuse(message, "attributes and messages need one: TYPE NAME", tokens[0])
        if function:
            kind = CType(_join(tokens), tokens[0].place, function=True, depth=1)
            return Field(name.text, kind, _join(tokens), attributes, name.place)
        kind = self.type(tokens[:-1])
        return Field(name.text, kind, kind.declare(name.text), attributes, name.place)

    def function_pointer_name(self, tokens: list[Token]) -> Token:
        texts = [token.text for token in tokens]
        at = texts.index("(")
        if texts[at : at + 2] != ["(", "*"] or at + 3 >= len(texts) or texts[at + 3] != ")":
            hint = "a pointer to a function is TYPE (*NAME)(TYPES)"
            self.refuse("this parameter cannot be understood", hint, tokens[0])
        return tokens[at + 2]

    def declarator(self, ends: str, hint: str) -> list[Token]:
        """Tokens up to one of `ends` outside parentheses (which "(" itself is at the start)."""
        tokens, depth = [], 0
        while depth or self.token.text not in ends:
            token = self.token
            if token.text == "[" and not depth:
                self.refuse("arrays cannot be written here", "write a pointer and size= or count=")
            if token.kind not in ("name", "number") and token.text not in ("*", "(", ")", ","):
                found = token.text if token.kind == "end" else quote(token.text)
                self.refuse(f"expected a type or a name, found {found}", hint)
            depth += (token.text == "(") - (token.text == ")")
            tokens.append(self.next())
        return tokens

    def type(self, tokens: list[Token]) -> CType:
        words = [token.text for token in tokens]
        for token in tokens:
            if token.kind == "number" or token.text in ("(", ")", ","):
                hint = "a type is names and *: unsigned long, const char *"
                self.refuse(f"unexpected {quote(token.text)} in a type", hint, token)
        base = [w for w in words if w != "*"]
        stars = words.count("*")
        plain = [w for w in base if w not in ("const", "volatile", "restrict")]
        found = CType(_join(tokens), tokens[0].place, depth=stars)
        known = self.typedefs.get(plain[0]) if len(plain) == 1 else None
        if known:
            found.depth += known.depth
            found.struct, found.const = known.struct, known.const
            found.pointee = known.pointee
        elif len(plain) == 2 and plain[0] == "struct":
            found.struct = plain[1]
        if stars:
            last = len(words) - 1 - words[::-1].index("*")
            before = words[:last]
            found.const = (
                before[-1] == "const" if before[-1] in ("*", "const") else "const" in before
            )
            found.pointee = " ".join(w for w in before if stars > 1 or w != "const")
        return found

    # ---- Attributes ----

    def attributes(self) -> dict[str, Attribute]:
        found: dict[str, Attribute] = {}
        if not self.accept("["):
            return found
        while True:
            token = self.name("an attribute")
            if token.text not in ATTRIBUTES:
                message = f"unknown attribute {quote(token.text)}"
                self.refuse(message, suggest(token.text, ATTRIBUTES, "attributes"), token)
            if token.text in found:
                self.refuse(f"attribute {quote(token.text)} is there twice", "remove one", token)
            found[token.text] = Attribute(token.text, self.attribute_value(token), token.place)
            if self.accept("]"):
                return found
            hint = "write [in, size=n]: commas, and ] at the end"
            if token.text in SIZES:
                hint = "a size is a product: n, *n, 4*n; no sums"
            self.expect(",", "after an attribute", hint)

    def attribute_value(self, token: Token) -> tuple[Term, ...] | Range | str | None:
        name = token.text
        given = self.accept("=")
        if name == "range":
            if not given:
                self.refuse('attribute "range" needs a value', RANGE_HINT, token)
            return self.range()
        if name in FLAGS and given:
            self.refuse(f"attribute {quote(name)} takes no value", f"write {name} alone", token)
        if name in (*SIZES, *NAMES) and not given:
            form = "a size such as n, *n, 4*n or 16" if name in SIZES else "a name"
            self.refuse(
                f"attribute {quote(name)} needs a value", f"write {name}= and {form}", token
            )
        if not given:
            return None
        if name in SIZES:
            return self.expression()
        value = self.name(f"a name after {name}=")
        if name == "handle" and value.text not in ("new", "free"):
            message = f"there is no handle={value.text}"
            self.refuse(message, "write handle, handle=new or handle=free", value)
        return value.text

    def expression(self) -> tuple[Term, ...]:
        """A product of terms."""
        terms = []
        while True:
            place, deref = self.token.place, self.accept("*")
            if self.token.kind not in ("name", "number") or deref and self.token.kind == "number":
                hint = "a size is a product of integers, names and *names: n, *n, 4*n"
                self.refuse("this is no size", hint)
            token = self.next()
            text = str(int(token.text, 0)) if token.kind == "number" and token.text != "0" else token.text
            if token.kind == "number" and int(text) > 2**32:
                self.refuse("this number is too large", "sizes here are at most 4294967296", token)
            terms.append(Term(text, deref, place))
            if not self.accept("*"):
                return tuple(terms)

    def range(self) -> Range:
        low = self.bound()
        if not (self.accept(".") and self.accept(".")):
            self.refuse("this is no range", RANGE_HINT)
        high = [self.bound()]
        while self.accept("|"):
            high.append(self.bound())
        return Range(low, tuple(high))

    def bound(self) -> Bound:
        minus, terms = self.accept("-"), list[Term]()
        while not terms or self.accept("*"):
            place, deref = self.token.place, self.accept("*")
            if self.token.kind not in ("name", "number") or deref and self.token.kind == "number":
                self.refuse("this is no end of a range", RANGE_HINT)
            terms.append(Term(self.next().text, deref, place))
        return Bound(minus, tuple(terms))

    def function_attribute(self, function: Function) -> None:
        if self.token.kind == "end" or self.token.kind != "name":
            found = self.token.text if self.token.kind == "end" else quote(self.token.text)
            message = f'expected ";" after function {quote(function.name)}, found {found}'
            self.refuse(message, "end each function with ;")
        token = self.next()
        if token.text not in FUNCTION_ATTRIBUTES:
            message = f"unknown attribute {quote(token.text)} of function {quote(function.name)}"
            hint = suggest(token.text, FUNCTION_ATTRIBUTES, "attributes behind a function")
            self.refuse(message, f"{hint}; end a function with ;", token)
        if getattr(function, token.text) not in (None, False, []):
            self.refuse(f"attribute {quote(token.text)} is there twice", "remove one", token)
        if token.text in ("nonblocking", "caller", "errno", "fatal"):
            setattr(function, token.text, True)
            return
        if token.text == "error" and function.result.type.text == "void" and self.token.text != "=":
            function.error = ""
            return
        hint = f"write {token.text}= and a constant: -1, NULL, or a name of the header's"
        self.expect("=", f"after {token.text}", hint)
        constants = [self.constant(hint)]
        while token.text == "success" and self.accept("|"):
            constants.append(self.constant(hint))
        setattr(function, token.text, constants if token.text == "success" else constants[0])

    def constant(self, hint: str) -> str:
        minus = "-" if self.accept("-") else ""
        if self.token.kind not in ("name", "number") and (minus or self.token.kind != "string"):
            self.refuse("this is no constant", hint)
        return minus + self.next().text


def _join(tokens: list[Token]) -> str:
    """C text of tokens, spaced as C is usually written."""
    text = ""
    for token in tokens:
        tight = not text or text[-1] in "(*" and token.text != "*" or token.text in "),"
        if token.text == "*" and text[-1:] in ("*", "("):
            tight = True
        if token.text == "(" and text[-1:] == ")":
            tight = True
        text += token.text if tight else f" {token.text}"
    return text

"""The rules that a parsed interface file has to keep; decides what each parameter and member is.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Iterable

from .contract import number
from .edl_model import Callback, Field, Function, Library, Struct, Term
from .problems import Place, Problems, quote, suggest

FUNCTIONS_MAX = number("BH_FUNCTIONS_MAX")
POINTER_HINT = (
    "write [in] or [out] for one object, [in, size=n] for a buffer of n bytes, [in, count=n] for n"
    " elements, [in, string] for text, [handle] for an object of the library, or [user_check] to pass"
    " the address untouched"
)
# What may stand beside each attribute that says what a pointer is.
COMPANIONS = {
    "string": ("in", "out"),
    "user_check": (),
    "null": (),
    "shared": ("out",),
    "callback": ("context",),
    "handle": ("view", "copy", "out"),
    "size": ("in", "out", "used", "snapshot", "cursor", "keep"),
    "count": ("in", "out", "used", "snapshot", "cursor", "keep"),
    "array": ("in", "out"),
    "context": (),
}
# Attributes that make sense in one place only.
MEMBER_ONLY = ("cursor", "array")
PARAMETER_ONLY = ("view", "copy", "callback", "context", "shared")


def check(library: Library, problems: Problems) -> None:
    _Checker(library, problems).library_rules()


def _main(field: Field) -> str | None:
    """The attribute that says what the field is."""
    return next((name for name in COMPANIONS if field.has(name)), None)


class _Checker:
    def __init__(self, library: Library, problems: Problems):
        self.library = library
        self.problems = problems

    def error(self, place: Place, message: str, hint: str) -> None:
        self.problems.add(place, message, hint)

    def library_rules(self) -> None:
        library = self.library
        functions = library.functions
        if functions and not library.includes:
            message = "there is no include: the generated code needs the library's header"
            self.error(functions[0].place, message, 'write include "x.h"; at the start')
        if len(functions) > FUNCTIONS_MAX:
            place = functions[FUNCTIONS_MAX].place
            self.error(place, f"more than {FUNCTIONS_MAX} functions", "split the library")
        self.unique("function", [(f.name, f.place) for f in functions])
        self.unique("callback", [(c.name, c.place) for c in library.callbacks])
        self.unique("struct", [(s.title, s.place) for s in library.structs])
        for struct in library.structs:
            self.struct(struct)
        for callback in library.callbacks:
            self.function(callback)
        for function in functions:
            self.function(function)

    def unique(self, what: str, named: Iterable[tuple[str, Place]]) -> None:
        first: dict[str, Place] = {}
        for name, place in named:
            if (other := first.setdefault(name, place)) is not place:
                message = f"a second {what} {quote(name)}; the first is in {other.short}"
                self.error(place, message, "remove or rename one of them")
            if name.startswith("bh_"):
                hint = "names that begin with bh_ belong to the generated code"
                self.error(place, f"the name {quote(name)} is reserved", hint)

    # ---- Structs ----

    def struct(self, struct: Struct) -> None:
        self.unique("member", [(m.name, m.place) for m in struct.members])
        if struct.view and not self.library.struct(struct.name):
            message = f"a view of struct {quote(struct.name)}, which has no full description"
            self.error(struct.place, message, f"describe struct {struct.name} {{ ... }}; as well")
        for member in struct.members:
            if self.companions(member, "member"):
                self.member(member)
        numbers = [m for m in struct.members if m.kind == "handle"]
        for extra in numbers[1:]:
            self.error(extra.place, "a second handle in one struct", "one member keeps the number")
        for member in struct.members:
            self.member_sizes(struct, member)

    def member(self, member: Field) -> None:
        main = _main(member)
        if main == "handle":
            member.kind = "handle"
            if member.value("handle") or len(member.attributes) > 1:
                hint = "new and free belong to parameters; a member is just [handle]"
                self.error(member.attributes["handle"].place, "too much said about a handle", hint)
        elif main == "null" or main == "user_check":
            member.kind = main
        elif not member.is_in and not member.is_out:
            message = f"member {quote(member.name)} has no direction"
            self.error(member.place, message, "write [in], [out] or [in, out]")
        elif main == "string":
            member.kind = "string"
            if member.is_in and member.is_out:
                message = "a string member crosses one way only"
                self.error(member.attributes["string"].place, message, "write in or out, not both")
        elif main == "array":
            member.kind = "array"
        elif main:
            member.kind = "bulk"

    def member_sizes(self, struct: Struct, member: Field) -> None:
        for term in member.size:
            self.member_term(struct, member, term, "in")
        for term in member.value("used") or ():
            if term.text == "return":
                message = "used=return is for parameters"
                self.error(term.place, message, "name the member that says how much was written")
            else:
                self.member_term(struct, member, term, "out")

    def member_term(self, struct: Struct, member: Field, term: Term, direction: str) -> None:
        if term.number:
            return
        other = struct.member(term.text)
        if term.deref:
            self.error(term.place, "a member's size cannot follow a pointer", "name a member")
        elif other is None:
            names = [m.name for m in struct.members if m.kind == "scalar"]
            message = f"the size of {quote(member.name)} names an unknown member {quote(term.text)}"
            self.error(term.place, message, suggest(term.text, names, "listed scalar members"))
        elif other.kind != "scalar" or not other.has(direction):
            message = f"the size of {quote(member.name)} needs {quote(term.text)}, which is not [{direction}]"
            self.error(term.place, message, f"write [{direction}] before {term.text}")

    # ---- Functions ----

    def function(self, function: Function) -> None:
        self.unique("parameter", [(p.name, p.place) for p in function.parameters])
        back = isinstance(function, Callback)
        for parameter in function.parameters:
            if self.companions(parameter, "parameter"):
                self.parameter(function, parameter, back)
        for parameter in function.parameters:
            self.parameter_sizes(function, parameter)
            self.parameter_names(function, parameter)
        self.result(function, back)

    def result(self, function: Function, back: bool) -> None:
        result = function.result
        main = _main(result)
        if not self.companions(result, "result"):
            return
        if result.type.depth == 0 and result.type.text == "void" and not result.attributes:
            result.kind = "void"
        elif main == "handle" and not back:
            result.kind = "handle"
            if result.value("handle") != "new":
                message = "a handle that is returned is a new one"
                self.error(result.attributes["handle"].place, message, "write [handle=new]")
        elif main == "string" and not back:
            result.kind = "string"
            if result.type.pointee != "char":
                self.error(result.place, "a string is a char *", "correct the type")
        elif main == "user_check":
            result.kind = "user_check"
        elif set(result.attributes) - {"range"}:
            name = next(iter(set(result.attributes) - {"range"}))
            message = f"attribute {quote(name)} does not go with the value of a {_what(back)}"
            hint = "write [user_check]" if back else "write [string], [handle=new] or [user_check]"
            self.error(result.attributes[name].place, message, hint)
        elif result.type.depth:
            message = f"{function.name} returns a pointer, and nothing says of what kind"
            hint = "write [string] for text, [handle=new] for an object that stays in the library,"
            hint += " or [user_check] to pass the address untouched"
            self.error(result.place, message, hint)
        else:
            self.by_value(result)

    # ---- Parameters ----

    def companions(self, field: Field, place: str) -> bool:
        """Do the field's attributes go together, and with where it stands?"""
        for name in field.attributes:
            wrong = MEMBER_ONLY if place != "member" else PARAMETER_ONLY
            if name in wrong:
                other = "members of structs" if place != "member" else "parameters"
                message = f"attribute {quote(name)} is for {other}"
                self.error(field.attributes[name].place, message, "remove it")
                return False
        main = _main(field)
        for name, attribute in field.attributes.items():
            if name == main or main and name in COMPANIONS[main]:
                continue
            if main:
                message = f"attribute {quote(name)} does not go with {quote(main)}"
                self.error(attribute.place, message, "keep the one that is meant")
                return False
            if name in ("used", "snapshot", "cursor", "keep"):
                message = f"attribute {quote(name)} is for buffers"
                self.error(attribute.place, message, "add size= or count=")
                return False
            if name == "copy":
                self.error(attribute.place, 'attribute "copy" is for handles', "add handle=new")
                return False
        if field.has("keep") and field.has("snapshot"):
            hint = "a snapshot ends with the call: keep the one that is meant"
            self.error(field.attributes["keep"].place, "keep beside snapshot", hint)
            return False
        if field.has("used") and not field.is_out:
            message = 'attribute "used" without "out"'
            hint = "used= says how much comes back: add out, or remove it"
            self.error(field.attributes["used"].place, message, hint)
            return False
        if field.size and not field.is_in and not field.is_out:
            message = f"the size of {quote(field.name)} is known, but not its direction"
            where = field.attributes[main].place if main else field.place
            self.error(where, message, "add in, out, or both")
            return False
        return True

    def parameter(self, function: Function, p: Field, back: bool) -> None:
        main = _main(p)
        if main in ("user_check", "null"):
            p.kind = main
        elif main == "callback":
            self.callback(p, back)
        elif main == "context":
            self.context(p, back)
        elif main == "handle":
            self.handle(p, back)
        elif main == "shared":
            self.shared(p, back)
        elif p.type.depth == 0:
            for name, attribute in p.attributes.items():
                message = f"attribute {quote(name)} needs a pointer, and {quote(p.type.text)} is not known as one"
                hint = f"if it is one, say so: typedef struct NAME *{p.type.text.split()[-1]};"
                self.error(attribute.place, message, hint)
                return
            self.by_value(p)
        elif not p.attributes:
            hint = "write [callback=NAME], and describe the callback" if p.type.function else POINTER_HINT
            self.error(p.place, f"nothing says what pointer {quote(p.name)} is", hint)
        elif main == "string":
            self.string(p)
        else:
            self.memory(p, main)

    def string(self, p: Field) -> None:
        p.kind = "string"
        if p.is_out:
            hint = "a string that comes back needs a buffer: [out, size=n]"
            self.error(
                p.attributes["string"].place, 'attribute "out" does not go with "string"', hint
            )
        elif p.type.depth != 1 or p.type.pointee != "char" and not p.type.pointee.endswith(" char"):
            self.error(p.place, "a string is a char *", "correct the type, or write size=")

    def memory(self, p: Field, main: str | None) -> None:
        """Buffers, and single objects behind a pointer."""
        target = p.type.pointee
        if p.type.const and p.is_out:
            message = f"{quote(p.name)} points to something const, so nothing can come out of it"
            self.error(p.attributes["out"].place, message, "remove out, or const")
        if main in ("size", "count"):
            p.kind = "bulk"
            if main == "count" and target == "void":
                message = "count= of void: nobody knows how large an element is"
                self.error(p.attributes["count"].place, message, "write size= and bytes")
        elif p.type.depth > 1 or p.type.function:
            message = f"{quote(p.name)} points to a pointer, which cannot cross"
            hint = "write [handle=new] if the library makes an object, or [user_check]"
            self.error(p.place, message, hint)
        elif target == "void":
            message = f"{quote(p.name)} points to void: nobody knows how large that is"
            self.error(p.place, message, "add size= and bytes")
        elif target == "char":
            message = f"{quote(p.name)} points to char: text, a buffer, or one character?"
            hint = "write [in, string], or size= and bytes; size=1 for one character"
            self.error(p.place, message, hint)
        elif p.type.struct:
            p.kind = "struct"
            found = self.find_struct(p)
            if found:
                p.struct = found
            if found and found.number:
                message = f"struct {quote(p.struct.name)} is a handle: {quote(p.struct.number.name)} keeps its number"
                self.error(p.place, message, "write [handle], [handle=new] or [handle=free]")
        else:
            p.kind = "object"
        if p.has("view") and p.kind != "struct":
            self.error(p.attributes["view"].place, 'attribute "view" is for structs', "remove it")

    def find_struct(self, p: Field) -> Struct | None:
        name, view = p.type.struct, p.value("view") or ""
        struct = self.library.struct(name, view)
        if struct is None and self.library.struct(name):
            views = [s.view for s in self.library.structs if s.name == name and s.view]
            hint = suggest(view, views, f"views of {name}")
            message = f"struct {quote(name)} has no view {quote(view)}"
            self.error(p.attributes["view"].place, message, hint)
        elif struct is None:
            hint = (
                f"describe struct {name} {{ ... }}; in this file, or write size= to pass its bytes"
            )
            self.error(p.place, f"unknown struct {quote(name)}", hint)
        return struct

    def handle(self, p: Field, back: bool) -> None:
        place = p.attributes["handle"].place
        if back:
            hint = "give the library a context instead: [context] void *ctx"
            self.error(place, "handles cannot cross in a callback", hint)
        elif p.type.depth == 2 and p.handle == "new":
            p.kind = "handle_out"
        elif p.type.depth > 1 or p.type.function:
            hint = (
                "a handle is a pointer that the library made; [handle=new] may be a pointer to one"
            )
            self.error(place, f"{quote(p.name)} cannot be a handle", hint)
        elif p.type.depth == 1 and p.type.struct and self.library.struct(p.type.struct):
            p.kind = "twin"
            found = self.find_struct(p)
            if found:
                p.struct = found
            if found and not found.number:
                message = f"struct {quote(p.struct.title)} has no member for the handle's number"
                self.error(place, message, "write [handle] before the member that may keep it")
        else:
            p.kind = "handle"
            if p.handle == "new":
                message = f"no handle can be made in {quote(p.name)}"
                hint = "a new handle is returned, stored through a TYPE **, or kept in a described struct"
                self.error(place, message, hint)
        for name in ("view", "copy"):
            if p.has(name) and p.kind != "twin":
                self.error(
                    p.attributes[name].place, f"attribute {quote(name)} is for structs", "remove it"
                )
        if p.kind == "twin" and p.handle in ("new", "free") and p.type.const:
            message = (
                f"{quote(p.name)} points to something const, so its handle cannot be set or cleared"
            )
            self.error(place, message, "remove const")
        if p.has("out") and p.kind != "handle_out":
            message = 'attribute "out" does not go with "handle"'
            self.error(
                p.attributes["out"].place, message, "a struct's members have their own directions"
            )
        if p.has("copy") and p.handle != "new":
            self.error(
                p.attributes["copy"].place, 'attribute "copy" is for handle=new', "remove it"
            )

    def shared(self, p: Field, back: bool) -> None:
        p.kind = "lent"
        place = p.attributes["shared"].place
        if back:
            self.error(place, "a callback cannot give the address of shared memory", "let the function give it")
        elif p.type.depth != 2 or not p.is_out or p.type.pointee.replace("const ", "").startswith("void"):
            message = f"{quote(p.name)} cannot bring back the address of shared memory"
            self.error(place, message, "write [out, shared] TYPE **, where TYPE is what lies there")

    def callback(self, p: Field, back: bool) -> None:
        p.kind = "callback"
        name = p.value("callback")
        callback = self.library.callback(name)
        if back:
            message = "a callback cannot be given another callback"
            self.error(p.attributes["callback"].place, message, "remove it")
        if callback is not None:
            p.callback = callback
        else:
            known = [c.name for c in self.library.callbacks]
            message = f"unknown callback {quote(name)}"
            self.error(p.attributes["callback"].place, message, suggest(name, known, "callbacks"))

    def context(self, p: Field, back: bool) -> None:
        p.kind = "context"
        if not back:
            message = 'attribute "context" alone is for parameters of callbacks'
            self.error(
                p.attributes["context"].place, message, "write [callback=NAME, context=PARAMETER]"
            )
        elif p.attributes["context"].value:
            message = "the context of a callback takes no value"
            self.error(p.attributes["context"].place, message, "write [context]")

    def by_value(self, field: Field) -> None:
        first = field.type.text.replace("const ", "").split()[0]
        if first in ("struct", "union") or field.type.struct:
            message = f"{quote(field.type.text)} would cross by value"
            self.error(field.place, message, "give the library a function that takes a pointer")
        elif "long double" in field.type.text:
            message = "long double does not fit an argument word"
            self.error(field.place, message, "offer a function that takes double")
        elif field.type.text == "void":
            self.error(field.place, "a parameter cannot be void", "correct its type")

    # ---- Names in attributes ----

    def parameter_sizes(self, function: Function, p: Field) -> None:
        for term in p.size:
            self.parameter_term(function, p, term, before=True)
        for term in p.value("used") or ():
            if term.text == "return":
                if function.result.type.text == "void":
                    message = f"used=return, but {function.name} returns nothing"
                    self.error(term.place, message, "name what says how much was written")
            else:
                self.parameter_term(function, p, term, before=False)

    def parameter_term(self, function: Function, p: Field, term: Term, before: bool) -> None:
        if term.number:
            return
        other = function.parameter(term.text)
        if other is None:
            names = [q.name for q in function.parameters if q.kind in ("scalar", "object")]
            message = f"the size of {quote(p.name)} names an unknown parameter {quote(term.text)}"
            self.error(term.place, message, suggest(term.text, names, "parameters"))
        elif not term.deref and other.kind == "scalar" and other.type.depth == 0:
            if other.type.text in ("float", "double"):
                self.error(term.place, "a size is an integer", f"{term.text} is {other.type.text}")
        elif term.deref and other.kind == "object":
            if before and not other.is_in:
                message = f"the size of {quote(p.name)} needs *{term.text}, which does not go in"
                self.error(term.place, message, f"write [in, out] before {term.text}")
        else:
            message = f"{quote(term.text)} cannot be a size"
            hint = "a size names an integer parameter n, or *n where [in] says that n points to one"
            self.error(term.place, message, hint)

    def parameter_names(self, function: Function, p: Field) -> None:
        if p.kind == "callback" and p.callback:
            self.check_context(function, p)
        if p.has("copy") and p.kind == "twin":
            name = p.value("copy")
            other = function.parameter(name)
            if (
                other is None or other is p or other.kind != "twin" or other.type.struct != p.type.struct
            ):
                message = f"copy={name} names no other handle of the same struct"
                hint = "it names the parameter that the library copies"
                self.error(p.attributes["copy"].place, message, hint)

    def check_context(self, function: Function, p: Field) -> None:
        attribute = p.attributes.get("context")
        if attribute and not p.callback.context:
            message = f"callback {quote(p.callback.name)} has no context"
            self.error(
                attribute.place, message, "write [context] before its parameter, or remove this"
            )
        elif not attribute and p.callback.context:
            message = f"callback {quote(p.callback.name)} has a context, and nothing says where it comes from"
            hint = f"write [callback={p.callback.name}, context=PARAMETER]"
            self.error(p.attributes["callback"].place, message, hint)
        elif attribute:
            other = function.parameter(str(attribute.value)) if attribute.value else None
            if other is None or other.kind != "user_check":
                message = f"context={attribute.value or ''} names no [user_check] parameter"
                self.error(
                    attribute.place, message, "it names the parameter that is handed through"
                )


def _what(back: bool) -> str:
    return "callback" if back else "function"

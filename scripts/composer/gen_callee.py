"""The called end of one function: a dispatch entry, or a callback in the caller.

SPDX-License-Identifier: BSD-3-Clause
"""

from collections.abc import Sequence

from .edl_model import Field, Function, Library
from .gen_common import GIVEN, Wire, Writer, size_text, value_of, word_of

SMALL_STRING = 64  # bytes on the stack; longer strings are copied to the heap


def handle_type(library: Library, p: Field) -> str:
    """C name of the descriptor of a handle's type."""
    if p.kind == "twin":
        return f"bh_handle_{library.name}_{p.type.struct}"
    text = p.type.pointee if p.kind == "handle_out" else p.type.text
    words = text.replace("*", " ptr ").split()
    return f"bh_handle_{library.name}_" + "_".join(w for w in words if w not in ("const", "struct"))


def handle_types(out: Writer, library: Library, functions: Sequence[Function]) -> None:
    found = {}
    for f in functions:
        for p in (*f.parameters, f.result):
            if p.kind == "twin":
                found[handle_type(library, p)] = f'"struct {p.type.struct}", sizeof({p.struct.c_type})'
            elif p.kind in ("handle", "handle_out"):
                text = p.type.pointee if p.kind == "handle_out" else p.type.text
                found[handle_type(library, p)] = f'"{text}", 0'
    for name, inside in found.items():
        release = _release(out, library, name, functions)
        out(f"static const struct bh_handle_type {name} = {{{inside}, {release}}};")
    if found:
        out()


def _release(out: Writer, library: Library, name: str, functions: Sequence[Function]) -> str:
    """Writes what ends an object whose caller died, out of the functions that free one and need nothing else."""
    frees = [
        f
        for f in functions
        if len(f.parameters) == 1
        and f.parameters[0].handle == "free"
        and handle_type(library, f.parameters[0]) == name
    ]
    if not frees:
        return "NULL"
    out(f"static void {name}_release(void *object)")
    out("{")
    for f in frees:
        call = f"{f.name}(bh_address(object))"
        if not f.success:
            out(f"{call};")
            break
        out("{")
        out(f"{f.result.type.declare('bh_ret')} = {call};")
        out(f"if ({' || '.join(f'bh_ret == {constant}' for constant in f.success)})")
        out("    return;")
        out("}")
    out("}")
    return f"{name}_release"


class Callee:
    """Writes the body. `back`: the function is a callback, in the compartment that made the call."""

    def __init__(self, out: Writer, library: Library, function: Function, w: Wire, back: bool):
        self.out = out
        self.library = library
        self.function = function
        self.wire = w
        self.back = back
        self.names: dict[str, str] = {}  # "n", "*n": where sizes find their values
        simple = ("scalar", "user_check", "null", "context")
        self.visits = w.frame or any(p.kind not in simple for p in function.parameters)
        self.visits |= function.result.kind == "handle"

    @property
    def target(self) -> str:
        if self.back:
            return f"((bh_type_{self.library.name}_{self.function.name} *)bh_closure->function)"
        return self.function.name

    def body(self) -> None:
        out = self.out
        if self.back:
            out("const struct bh_closure *bh_closure = (const struct bh_closure *)bh_function;")
            out("if (!bh_closure->function)")
            out("    return BH_REFUSED;")
        if self.visits:
            self._begin()
        self._arguments()
        if not self.visits:
            self._call()
            out("return bh_call->status = BH_OK;")
            return
        out()
        out("if (bh_visit.status == BH_OK) {")
        self._call()
        self._results()
        out("}")
        out("return bh_call->status = bh_visit_end(&bh_visit);")

    def _begin(self) -> None:
        out, w = self.out, self.wire
        which = "BH_ARENA_CALLBACKS" if self.back else "BH_ARENA_CALLS"
        out("struct bh_visit bh_visit;")
        out(f"bh_visit_begin(&bh_visit, bh_call, {which});")
        if not w.frame:
            return
        where = '"", 0'
        if w.requests:
            out(f"struct bh_{w.name}_in bh_in;")
            where = "&bh_in, sizeof(bh_in)"
        else:
            out("char bh_in[1]; /* nothing goes in */")
            where = "bh_in, 0"
        used = bool(w.replies or w.texts)
        frame = f"struct bh_{w.name}_frame *bh_frame = " if used else ""
        out(f"{frame}bh_visit_frame(&bh_visit, bh_call->args[0], sizeof(struct bh_{w.name}_frame), {where});")
        if w.replies:
            out(f"struct bh_{w.name}_out bh_out = {{0}};")

    # ---- Before the call: what sizes need first ----

    def _arguments(self) -> None:
        parameters = self.function.parameters
        objects = [p for p in parameters if p.kind == "object"]
        for p in parameters:
            if p.kind in ("scalar", "user_check"):
                value = value_of(p.type.text, self._request(p.name), p.kind == "user_check")
                self.out(f"{p.declaration} = {value};")
                self.names[p.name] = p.name
            elif p.kind == "null":
                self.out(f"{p.declaration} = NULL;")
            elif p.kind == "context":
                value = f"bh_value_pointer({p.type.text}, bh_closure->context)"
                self.out(f"{p.declaration} = {value};")
        for bit, p in enumerate(objects):
            self._object(p, bit)
        for p in parameters:
            if p.kind == "bulk":
                self._bulk(p)
            elif p.kind == "string":
                self.out(f"char my_{p.name}_small[{SMALL_STRING}];")
                small = f"my_{p.name}_small, sizeof(my_{p.name}_small)"
                self.out(f"{p.type.declare(p.name)} = bh_visit_string(&bh_visit, {self._request(p.name)}, {small});")
            elif p.kind == "handle":
                exclusive = "true" if p.handle == "free" else "false"
                self.out(f"struct bh_held my_{p.name}_held;")
                inside = f"&my_{p.name}_held, &{handle_type(self.library, p)}, {self._request(p.name)}, {exclusive}"
                self.out(f"{p.type.declare(p.name)} = bh_visit_handle(&bh_visit, {inside});")
            elif p.kind == "handle_out":
                self._reserve(p)
                self.out(f"__typeof__(*({p.type.text})NULL) my_{p.name}_value = NULL;")
                self.out(f"{p.type.declare(p.name)} = &my_{p.name}_value;")
            elif p.kind == "lent":
                self.out(f"{p.type.pointee} my_{p.name}_value = NULL;")
                self.out(f"{p.type.declare(p.name)} = &my_{p.name}_value;")
            elif p.kind == "callback":
                self._callback(p)
            elif p.kind == "twin":
                self._twin(p)
            elif p.kind == "struct":
                self._struct(p)
        if self.function.result.kind == "handle":
            self._reserve(self.function.result)

    def _request(self, path: str) -> str:
        return self.wire.request(path, "->")

    def _reserve(self, p: Field) -> None:
        self.out(f"struct bh_held my_{p.name}_held;")
        self.out(
            f"bh_visit_reserve(&bh_visit, &my_{p.name}_held, &{handle_type(self.library, p)});"
        )

    def _object(self, p: Field, bit: int) -> None:
        value = "0"
        if p.is_in:
            value = value_of(p.type.pointee, self._request(p.name), False)
        self.out(f"{p.type.pointee} my_{p.name}_value = {value};")
        given = f"{self._request(GIVEN)} >> {bit} & 1" if bit else f"{self._request(GIVEN)} & 1"
        self.out(f"{p.type.declare(p.name)} = {given} ? &my_{p.name}_value : NULL;")
        self.names["*" + p.name] = f"my_{p.name}_value"

    def _take(self, p: Field, path: str, size: str, pointee: str) -> str:
        """Expression that checks a buffer."""
        align = "1" if pointee == "void" else f"_Alignof({pointee})"
        if p.has("snapshot"):
            back = "true" if p.is_out else "false"
            return f"bh_visit_snapshot(&bh_visit, {self._request(path)}, {size}, {align}, {back})"
        return f"bh_visit_buffer(&bh_visit, {self._request(path)}, {size}, {align})"

    def _bulk(self, p: Field) -> None:
        size = size_text(p, p.type.pointee, self.names)
        self.out(f"{p.type.declare(p.name)} = {self._take(p, p.name, size, p.type.pointee)};")

    def _callback(self, p: Field) -> None:
        name = f"{self.library.name}_{p.callback.name}"
        callers = f"sizeof(bh_owners_{name}) / sizeof(*bh_owners_{name})"
        inside = f"&bh_visit, bh_pool_{name}, bh_owners_{name}, {callers}, {self._request(p.name)}"
        self.out(f"int my_{p.name}_thunk = bh_visit_thunk({inside});")
        value = f"my_{p.name}_thunk < 0 ? NULL : bh_thunks_{name}[my_{p.name}_thunk]"
        self.out(f"{p.declaration} = {value};")

    # ---- Structs ----

    def _twin(self, p: Field) -> None:
        out = self.out
        held = f"my_{p.name}_held"
        out(f"struct bh_held {held};")
        inside = f"&bh_visit, &{held}, &{handle_type(self.library, p)}"
        if p.handle == "new":
            out(f"{p.type.declare(p.name)} = {self._request(f'{p.name}.{GIVEN}')}")
            out(f"    ? bh_visit_reserve({inside})")
            out("    : NULL;")
        else:
            number = self._request(f"{p.name}.bh_number")
            out(f"{p.type.declare(p.name)} = bh_visit_handle({inside}, {number}, true);")
        if not p.has("copy"):
            self._members_in(p)

    def _struct(self, p: Field) -> None:
        self.out(f"{p.struct.c_type} my_{p.name}_copy = {{0}};")
        given = self._request(f"{p.name}.{GIVEN}")
        self.out(f"{p.type.declare(p.name)} = {given} ? &my_{p.name}_copy : NULL;")
        self._members_in(p)

    def _members_in(self, p: Field) -> None:
        """Fills the private struct; through a name that is not const."""
        out, members = self.out, p.struct.members
        for m in members:
            if m.kind == "bulk" and m.has("cursor") and not p.type.const:
                out(f"void *my_{p.name}_{m.name} = NULL;")
                out(f"size_t my_{p.name}_{m.name}_size = 0;")
            elif m.kind == "string" and m.is_in:
                out(f"char my_{p.name}_{m.name}_small[{SMALL_STRING}];")
        if not any(f"{p.name}.{m.name}" in self.wire.requests for m in members):
            return
        target = p.name
        if p.type.const:
            target = f"my_{p.name}_private"
            out(f"{p.struct.c_type} *{target} = bh_address({p.name});")
        out(f"if ({p.name}) {{")
        names = {}
        for m in members:
            member, path = f"{target}->{m.name}", f"{p.name}.{m.name}"
            if m.kind == "scalar" and m.is_in:
                out(f"{member} = {value_of(f'__typeof__({member})', self._request(path), False)};")
                names[m.name] = member
            elif m.kind == "array" and m.is_in:
                out(f"memcpy({member}, {self._request(path)}, sizeof({member}));")
            elif m.kind == "user_check":
                out(f"{member} = {value_of(f'__typeof__({member})', self._request(path), True)};")
            elif m.kind == "string" and m.is_in:
                small = f"my_{p.name}_{m.name}_small"
                out(f"{member} = bh_visit_string(&bh_visit, {self._request(path)}, {small}, sizeof({small}));")
        for m in members:
            if m.kind == "bulk":
                self._bulk_member(p, m, target, names)
        out("}")

    def _bulk_member(self, p: Field, m: Field, target: str, names: dict[str, str]) -> None:
        member, path = f"{target}->{m.name}", f"{p.name}.{m.name}"
        size = size_text(m, f"*{member}", names)
        cursor = m.has("cursor") and not p.type.const
        if cursor:
            self.out(f"my_{p.name}_{m.name}_size = {size};")
            size = f"my_{p.name}_{m.name}_size"
        self.out(f"{member} = {self._take(m, path, size, f'__typeof__(*{member})')};")
        if cursor:
            self.out(f"my_{p.name}_{m.name} = bh_address({member});")

    # ---- The call and what comes back ----

    def _call(self) -> None:
        out, function = self.out, self.function
        inside = ", ".join(p.name for p in function.parameters)
        call = f"{self.target}({inside})"
        result = function.result
        if function.caller:
            out("uint32_t bh_outer = bh_caller_enter(bh_call->edge);")
        if function.errno:
            out("errno = 0;")
        if self.back:
            out("struct bh_back bh_back;")
            out(f"bh_back_enter(&bh_back, &bh_site_{self.wire.name});")
        if result.kind == "void":
            out(f"{call};")
        else:
            out(f"{result.type.declare('bh_ret')} = {call};")
        if self.back:
            out("bh_back_leave(&bh_back);")
        if function.caller:
            out("bh_caller_leave(bh_outer);")
        if function.errno:
            out("bh_call->words[BH_ERRNO_WORD] = (uint64_t)errno;")
        if result.kind == "scalar":
            out(f"bh_call->ret = {word_of('bh_ret', False)};")
        elif result.kind == "user_check":
            out(f"bh_call->ret = {word_of('bh_ret', True)};")
        elif result.kind == "string":
            out(f"bh_out.bh_ret = bh_visit_text({self.wire.text('bh_ret')}, bh_ret);")

    def _success(self) -> str:
        """C condition; "": always."""
        return " || ".join(f"bh_ret == {constant}" for constant in self.function.success)

    def _results(self) -> None:
        out, function = self.out, self.function
        for p in function.parameters:
            if p.kind == "object" and p.is_out:
                self._reply(p.name, word_of(f"my_{p.name}_value", False))
            elif p.kind == "handle_out":
                self._kept(p.name, f"my_{p.name}_value", f"my_{p.name}_held")
            elif p.kind == "lent":
                self._reply(p.name, word_of(f"my_{p.name}_value", True))
            elif p.kind == "handle" and p.handle == "free":
                self._dropped(f"my_{p.name}_held")
            elif p.kind in ("struct", "twin"):
                self._struct_results(p)
        if function.result.kind == "handle":
            kept = "bh_visit_keep(&my_return_held, bh_address(bh_ret))"
            success = self._success()
            out(f"bh_call->ret = {f'{success} ? {kept} : 0' if success else kept};")
        if self.wire.frame and self.wire.replies:
            out("bh_frame->out = bh_out;")

    def _reply(self, path: str, value: str) -> None:
        self.out(f"{self.wire.reply(path, '->')} = {value};")

    def _kept(self, path: str, thing: str, held: str) -> None:
        kept, success = f"bh_visit_keep(&{held}, bh_address({thing}))", self._success()
        self._reply(path, f"{success} ? {kept} : 0" if success else kept)

    def _dropped(self, held: str) -> None:
        success = self._success()
        self.out(f"{held}.drop = {success or 'true'};")

    def _struct_results(self, p: Field) -> None:
        out = self.out
        out(f"if ({p.name}) {{")
        for m in () if p.has("copy") or p.type.const else p.struct.members:
            self._member_result(p, m)
        if p.handle == "new":
            self._kept(f"{p.name}.bh_number", p.name, f"my_{p.name}_held")
        elif p.handle == "free":
            self._dropped(f"my_{p.name}_held")
            self._reply(f"{p.name}.bh_freed", f"my_{p.name}_held.drop")
        if p.kind == "twin":
            self._nothing_dangles(p)
        if out.lines[-1].endswith(f"if ({p.name}) {{"):
            out.lines.pop()
            out.depth -= 1
        else:
            out("}")

    def _member_result(self, p: Field, m: Field) -> None:
        member, path = f"{p.name}->{m.name}", f"{p.name}.{m.name}"
        if m.kind == "bulk" and m.has("cursor"):
            base = f"my_{p.name}_{m.name}"
            self._reply(f"{path}_moved", f"bh_visit_moved({member}, {base}, {base}_size)")
        elif m.kind == "scalar" and m.is_out:
            self._reply(path, word_of(member, False))
        elif m.kind == "array" and m.is_out:
            self.out(f"memcpy(bh_out.{path}, {member}, sizeof({member}));")
        elif m.kind == "string" and m.is_out:
            self._reply(path, f"bh_visit_text({self.wire.text(path)}, {member})")

    def _nothing_dangles(self, p: Field) -> None:
        """A twin lives longer than the memory its members pointed to during this call."""
        for m in () if p.has("copy") else p.struct.members:
            if m.kind == "bulk" or m.kind == "string" and m.is_in:
                name = f"my_{p.name}_private" if p.type.const else p.name
                self.out(f"{name}->{m.name} = NULL;")

"""The calling end of one function: a stub, or a thunk that calls back.

SPDX-License-Identifier: BSD-3-Clause
"""

from .edl_model import Field, Function, Library, Term
from .gen_common import GIVEN, Wire, Writer, size_text, used_text, value_of, word_of
from .gen_ranges import Ranges


class Caller:
    """Writes the body. `back`: a thunk, whose request goes to the caller of the call it belongs to."""

    dot = "."  # bh_call is a local
    pass_at = "&bh_pass"
    call_at = "&bh_call"
    called_from = "BH_CALLED_FROM"

    def __init__(self, out: Writer, library: Library, function: Function, w: Wire, back: bool):
        self.out = out
        self.library = library
        self.function = function
        self.wire = w
        self.back = back
        self.arguments: dict[str, int] = {}  # name in reports to index in bh_arguments
        self.rows: list[str] = []
        self.names: dict[str, str] = {}  # "n", "*n": where sizes find their values
        self._collect()

    # ---- What there is ----

    def _collect(self) -> None:
        for p in self.function.parameters:
            if p.kind == "scalar":
                self.names[p.name] = p.name
            elif p.kind == "object" and p.is_in:
                self.names["*" + p.name] = f"my_{p.name}_value"
        for p in self.function.parameters:
            self._argument(p)

    def _row(self, name: str, **fields: str) -> None:
        self.arguments[name] = len(self.rows)
        inside = "".join(f", .{key} = {value}" for key, value in fields.items())
        self.rows.append(f'{{.name = "{name}"{inside}}},')

    def _argument(self, p: Field) -> None:
        data = f"bh_address({p.name})"
        if p.kind == "null":
            self._row(p.name, how="BH_MUST_BE_NULL", data=data)
        elif p.kind == "string":
            self._row(p.name, how="BH_IN | BH_STRING", data=data, size=f"bh_string_size({p.name})")
        elif p.kind == "bulk":
            self._row(p.name, how=_how(p), data=data, size=size_text(p, p.type.pointee, self.names))
        elif p.kind in ("object", "struct", "twin", "handle_out", "lent"):
            self._row(p.name, how="BH_OBJECT", data=data, size=f"sizeof(*{p.name})")
            parent = f"&bh_arguments[{self.arguments[p.name]}]"
            for m in () if p.struct is None or p.has("copy") else p.struct.members:
                self._member(p, m, parent)

    def _member(self, p: Field, m: Field, parent: str) -> None:
        if m.kind == "null":
            self._row(f"{p.name}->{m.name}", how="BH_MUST_BE_NULL")
        elif m.kind == "string" and m.is_in:
            self._row(f"{p.name}->{m.name}", how="BH_IN | BH_STRING", parent=parent)
        elif m.kind == "bulk":
            self._row(f"{p.name}->{m.name}", how=_how(m), parent=parent)

    @property
    def passes(self) -> bool:
        """Is there more than words to carry?"""
        return bool(self.rows) or self.wire.frame

    # ---- The body ----

    def body(self) -> None:
        self.out("struct bh_outgoing bh_call;")
        if self.back:
            self.out("bh_callback_begin(&bh_call, bh_thunk);")
        else:
            self.out("bh_call_begin(&bh_call, bh_import);")
        self._callbacks()
        if self.passes:
            self._with_passage()
        else:
            self._plain()

    def _plain(self) -> None:
        out, name = self.out, self.wire.name
        self._requests()
        out()
        if self.back:
            out("enum bh_status bh_status = bh_core()->callback(&bh_call);")
        else:
            out("enum bh_status bh_status = bh_gate_call(&bh_call);")
        out("if (bh_status != BH_OK) {")
        out(f"bh_gate_failed(&bh_site_{name}, &bh_call, bh_status, NULL, BH_CALLED_FROM);")
        out(self._return_error())
        out("}")
        self._results()

    def _with_passage(self) -> None:
        out, w = self.out, self.wire
        if w.frame and w.requests:
            out(f"struct bh_{w.name}_in bh_in = {{0}};")
        self._object_values()
        if self.rows:
            out("struct bh_argument bh_arguments[] = {")
            for row in self.rows:
                out(row)
            out("};")
        out("struct bh_passage bh_pass = {")
        self._pass_members("&bh_call", f"BH_ARENA_{'CALLBACKS' if self.back else 'CALLS'}")
        out("};")
        self._structs_in()
        out()
        out("enum bh_status bh_status = bh_pass_begin(&bh_pass);")
        out("if (bh_status == BH_OK) {")
        self._requests()
        self._frame_in("&bh_pass")
        out("bh_status = bh_pass_call(&bh_pass);")
        out("}")
        out("if (bh_status != BH_OK) {")
        out("bh_pass_failed(&bh_pass, bh_status);")
        out(self._return_error())
        out("}")
        self._frame_back()
        self._results()

    def _pass_members(self, call: str, arena: str) -> None:
        out, w = self.out, self.wire
        out(f".site = &bh_site_{w.name},")
        out(f".call = {call},")
        if self.rows:
            out(".arguments = bh_arguments,")
            out(f".n_arguments = {len(self.rows)},")
        out(f".which = {arena},")
        if w.frame:
            out(f".frame_size = sizeof(struct bh_{w.name}_frame),")
        out(".pc = BH_CALLED_FROM,")

    def _frame_in(self, passage: str) -> None:
        if self.wire.frame:
            where = "&bh_in, sizeof(bh_in)" if self.wire.requests else '"", 0'
            self.out(f"bh_pass_frame({passage}, {where});")

    def _frame_back(self) -> None:
        w = self.wire
        if w.frame and (w.replies or w.texts):
            self.out(f"const struct bh_{w.name}_frame *bh_frame = bh_call{self.dot}block;")
        if w.frame and w.replies:
            self.out(f"struct bh_{w.name}_out bh_out;")
            self.out("bh_copy_in(&bh_out, &bh_frame->out, sizeof(bh_out));")

    def _return_error(self) -> str:
        if self.function.result.kind == "void":
            return "return;"
        return f"return {self.function.error or 0};"

    def _callbacks(self) -> None:
        given = [p for p in self.function.parameters if p.kind == "callback"]
        if not given:
            return
        out = self.out
        for p in given:
            context = p.value("context")
            out(f"const struct bh_closure my_{p.name}_closure = {{")
            out(f"(uintptr_t){p.name}, {f'(uintptr_t){context}' if context else '0'},")
            out("};")
        out("const struct bh_callback bh_callbacks[] = {")
        for p in given:
            name = f"bh_callback_{self.library.name}_{p.callback.name}"
            out(f"{{{name}, (uintptr_t)&my_{p.name}_closure}},")
        out("};")
        out(f"bh_call{self.dot}callbacks = bh_callbacks;")
        out(f"bh_call{self.dot}n_callbacks = {len(given)};")

    # ---- Before the call ----

    def _object_values(self) -> None:
        """Single scalars behind pointers are read once."""
        for p in self.function.parameters:
            if p.kind == "object" and p.is_in:
                type_ = p.type.pointee
                self.out(
                    f"{type_} my_{p.name}_value = {p.name} ? bh_fetch(*{p.name}) : ({type_})0;"
                )

    def _structs_in(self) -> None:
        for p in self.function.parameters:
            if p.kind in ("struct", "twin"):
                self.out(f"if ({p.name}) {{")
                self._struct_in(p)
                self.out("}")

    def _struct_in(self, p: Field) -> None:
        out = self.out
        out(f"bh_in.{p.name}.{GIVEN} = 1;")
        if p.handle in ("use", "free"):
            number = word_of(f"bh_fetch({p.name}->{p.struct.number.name})", True)
            out(f"bh_in.{p.name}.bh_number = {number};")
        if p.has("copy"):
            return
        names = {}
        for m in p.struct.members:
            target, member = f"bh_in.{p.name}.{m.name}", f"{p.name}->{m.name}"
            if m.kind == "scalar" and m.is_in:
                names[m.name] = f"my_{p.name}_{m.name}"
                out(f"__typeof__({member}) {names[m.name]} = bh_fetch({member});")
                out(f"{target} = {word_of(names[m.name], False)};")
            elif m.kind == "array" and m.is_in:
                out(f"memcpy({target}, {member}, sizeof({member}));")
            elif m.kind == "user_check":
                out(f"{target} = {word_of(f'bh_fetch({member})', True)};")
        for m in p.struct.members:
            member = f"{p.name}->{m.name}"
            if member not in self.arguments:
                continue
            argument = f"bh_arguments[{self.arguments[member]}]"
            out(f"{argument}.data = bh_address(bh_fetch({member}));")
            if m.kind == "string":
                out(f"{argument}.size = bh_string_size({argument}.data);")
            elif m.kind == "bulk":
                out(f"{argument}.size = {size_text(m, f'*{member}', names)};")

    def _requests(self) -> None:
        objects = [p for p in self.function.parameters if p.kind == "object"]
        if objects:
            bits = " | ".join(f"(uint64_t)({p.name} != NULL) << {i}" for i, p in enumerate(objects))
            self._set(GIVEN, bits)
        for p in self.function.parameters:
            if p.kind == "scalar":
                self._set(p.name, word_of(p.name, False))
            elif p.kind in ("user_check", "handle"):
                self._set(p.name, word_of(p.name, True))
            elif p.kind in ("bulk", "string"):
                self._set(p.name, f"bh_arguments[{self.arguments[p.name]}].sent")
            elif p.kind == "object" and p.is_in:
                self._set(p.name, word_of(f"my_{p.name}_value", False))
            elif p.kind == "callback":
                given = [q for q in self.function.parameters if q.kind == "callback"]
                self._set(p.name, f"{p.name} ? {given.index(p) + 1} : 0")
            elif p.kind in ("struct", "twin") and not p.has("copy"):
                for m in p.struct.members:
                    at = self.arguments.get(f"{p.name}->{m.name}")
                    if at is not None and m.kind in ("bulk", "string"):
                        self._set(f"{p.name}.{m.name}", f"bh_arguments[{at}].sent")

    def _set(self, path: str, value: str) -> None:
        self.out(f"{self.wire.request(path, self.dot)} = {value};")

    # ---- After the call ----

    def _results(self) -> None:
        out, function = self.out, self.function
        for p in function.parameters:
            if p.kind == "lent":
                where = f"{self.wire.reply(p.name, self.dot)}, sizeof(**{p.name}), _Alignof(__typeof__(**{p.name}))"
                out(f"if (!bh_pass_lent({self.pass_at}, {where})) {{")
                out(f"bh_pass_failed({self.pass_at}, BH_BAD_ARGUMENT);")
                out(self._return_error())
                out("}")
        result = function.result
        after = {"*" + p.name: f"my_{p.name}_after" for p in function.parameters if p.kind == "object" and p.is_out}
        names = self.names | after | {"return": "bh_ret"}
        if result.kind == "string":
            text = self.wire.text("bh_ret")
            out(f"const char *bh_text = bh_out.bh_ret ? bh_intern({text}) : NULL;")
            out(f"{result.type.declare('bh_ret')} = bh_value_pointer({result.type.text}, bh_text);")
        elif result.kind != "void":
            pointer = result.kind in ("handle", "user_check")
            value = value_of(result.type.text, f"bh_call{self.dot}ret", pointer)
            out(f"{result.type.declare('bh_ret')} = {value};")
        for p in function.parameters:
            if p.kind == "object" and p.is_out:
                value = value_of(p.type.pointee, self.wire.reply(p.name, self.dot), False)
                out(f"{p.type.pointee} my_{p.name}_after = {value};")
        self._check_results(names)
        for p in function.parameters:
            if p.kind == "object" and p.is_out:
                out(f"if ({p.name})")
                out(f"    *{p.name} = my_{p.name}_after;")
        for p in function.parameters:
            if p.kind == "bulk" and p.is_out:
                at = self.arguments[p.name]
                used = self._used(p, names, f"bh_arguments[{at}].size")
                out(f"bh_pass_back(&bh_arguments[{at}], {used});")
            elif p.kind in ("handle_out", "lent"):
                value = value_of(f"__typeof__(*{p.name})", self.wire.reply(p.name, self.dot), True)
                out(f"if ({p.name})")
                out(f"    *{p.name} = {value};")
            elif p.kind in ("struct", "twin"):
                self._struct_out(p)
        if self.passes:
            out(f"bh_pass_end({self.pass_at});")
        if function.errno:
            out(f"if (bh_ret == {function.error})")
            out(f"    errno = (int)bh_call{self.dot}words[BH_ERRNO_WORD];")
        if result.kind != "void":
            out("return bh_ret;")

    def _used(self, p: Field, names: dict[str, str], default: str) -> str:
        if not p.has("used"):
            return default
        # What a NULL pointer would have told is not known: nothing was used.
        given = [t.text for t in p.value("used") if t.deref]
        used = used_text(p, names)
        return f"({' && '.join(given)} ? {used} : 0)" if given else used

    def _check_results(self, names: dict[str, str]) -> None:
        """What is out of range is a failure of the gate: nothing that the other end says reaches the caller."""
        def argument(name: str) -> str:
            return f"bh_arguments[{self.arguments[name]}]"

        def used(p: Field) -> str:
            return self._used(p, names, f"{argument(p.name)}.size")

        ranges = Ranges(self.function, self.wire, self.dot, self.names, argument, used)
        for name, word, condition in ranges.conditions():
            self.out(f"if (!({condition})) {{")
            if self.passes:
                self.out(f'bh_pass_strayed({self.pass_at}, "{name}", {word});')
            else:
                site = f"&bh_site_{self.wire.name}, {self.call_at}"
                self.out(f'bh_result_strayed({site}, "{name}", {word}, {self.called_from});')
            self.out(self._return_error())
            self.out("}")

    def _struct_out(self, p: Field) -> None:
        if not self._comes_back(p):
            return
        self.out(f"if ({p.name}) {{")
        if p.has("copy"):
            self._copied(p)
        else:
            self._members_out(p)
            self._handle_out(p)
        self.out("}")

    @staticmethod
    def _comes_back(p: Field) -> bool:
        return p.handle in ("new", "free") or not p.type.const and any(
            m.kind not in ("null", "handle", "user_check") and (m.is_out or m.has("cursor"))
            for m in p.struct.members
        )

    def _copied(self, p: Field) -> None:
        number = p.struct.number.name
        value = f"bh_value_pointer(__typeof__({p.name}->{number}), bh_out.{p.name}.bh_number)"
        self.out(f"if (bh_out.{p.name}.bh_number && {p.value('copy')}) {{")
        self.out(f"*{p.name} = *{p.value('copy')};")
        self.out(f"{p.name}->{number} = {value};")
        self.out("}")

    def _handle_out(self, p: Field) -> None:
        member = f"{p.name}->{p.struct.number.name}" if p.struct.number else ""
        if p.handle == "new":
            value = f"bh_value_pointer(__typeof__({member}), bh_out.{p.name}.bh_number)"
            self.out(f"{member} = {value};")
        elif p.handle == "free":
            self.out(f"if (bh_out.{p.name}.bh_freed)")
            self.out(f"    {member} = NULL;")

    def _members_out(self, p: Field) -> None:
        out = self.out
        names = {}
        asked = {term.text for m in p.struct.members for term in m.value("used") or ()}
        left: dict[str, str] = {}  # scalar member to the most that can be left of its buffer
        for m in p.struct.members:
            path = f"{p.name}.{m.name}"
            if m.kind == "bulk" and m.has("cursor"):
                argument = f"bh_arguments[{self.arguments[f'{p.name}->{m.name}']}]"
                moved = f"my_{p.name}_{m.name}_moved"
                out(f"size_t {moved} = bh_smaller(bh_out.{path}_moved, {argument}.size);")
                out(f"bh_advance({p.name}->{m.name}, &{argument}, {moved});")
                only = _only_term(m)
                if only and m.has("size"):
                    left[only] = f"{argument}.size - {moved}"
        for m in p.struct.members:
            path, member = f"{p.name}.{m.name}", f"{p.name}->{m.name}"
            if m.kind == "scalar" and m.is_out:
                word = f"bh_out.{path}"
                if m.name in left and m.is_in:
                    word = f"bh_smaller({word}, {left[m.name]})"
                value = value_of(f"__typeof__({member})", word, False)
                if m.name in asked:
                    names[m.name] = f"my_{p.name}_{m.name}_after"
                    out(f"__typeof__({member}) {names[m.name]} = {value};")
                    value = names[m.name]
                out(f"{member} = {value};")
            elif m.kind == "array" and m.is_out:
                out(f"memcpy({member}, bh_out.{path}, sizeof({member}));")
            elif m.kind == "string" and m.is_out:
                text = f"bh_out.{path} ? bh_intern({self.wire.text(path)}) : NULL"
                out(f"{member} = bh_value_pointer(__typeof__({member}), {text});")
        for m in p.struct.members:
            if m.kind == "bulk" and m.is_out:
                at = self.arguments[f"{p.name}->{m.name}"]
                default = (
                    f"my_{p.name}_{m.name}_moved" if m.has("cursor") else f"bh_arguments[{at}].size"
                )
                used = used_text(m, names) if m.has("used") else default
                out(f"bh_pass_back(&bh_arguments[{at}], {used});")


def _only_term(m: Field) -> str:
    terms: tuple[Term, ...] = m.size
    return terms[0].text if len(terms) == 1 and not terms[0].number else ""


def _how(p: Field) -> str:
    flags = (("BH_IN", p.is_in), ("BH_OUT", p.is_out), ("BH_KEEP", p.has("keep")))
    return " | ".join(name for name, there in flags if there)

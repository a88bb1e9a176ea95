"""The two halves of a call for bh_gate_submit() and bh_gate_wait(): the caller's side of one function.

Where the library is in the same compartment, or no isolation stands between, submit makes the call; where both ends
are in one VM, or the function has callbacks, it makes the gate call, and wait copies the results.

SPDX-License-Identifier: BSD-3-Clause
"""

import re

from .edl_model import Function, Library
from .gen_caller import Caller
from .gen_common import Wire, Writer, value_of, wire, word_of

CALL = 768  # bytes of struct bh_call, bh/bulkhead.h; the generated code asserts that it suffices
BASE, PASS, ROW, WORD = 192, 56, 48, 8  # struct bh_async, bh_passage, bh_argument; a parameter


def submit_name(library: str, function: str) -> str:
    return f"bh_submit_{library}_{function}"


def wait_name(library: str, function: str) -> str:
    return f"bh_wait_{library}_{function}"


def submit_prototype(library: Library, function: Function) -> str:
    inside = ", ".join(["struct bh_call *bh_handle", *(p.declaration for p in function.parameters)])
    return f"enum bh_status {submit_name(library.name, function.name)}({inside})"


def wait_prototype(library: Library, function: Function) -> str:
    name = wait_name(library.name, function.name)
    return f"{function.result.type.declare(name)}(struct bh_call *bh_handle)"


def offered(library: Library, function: Function) -> bool:
    """Does all that a call of this function needs fit into a struct bh_call?"""
    call = AsyncCaller(Writer(), library, function, wire(library, function))
    return BASE + PASS + ROW * len(call.rows) + WORD * 2 * len(function.parameters) <= CALL


def generate(out: Writer, library: Library, function: Function, index: int | None) -> None:
    """Both halves. `index`: of the import; None: the library is in this compartment."""
    w = wire(library, function)
    if index is None:
        _local(out, library, function)
        return
    call = AsyncCaller(out, library, function, w)
    call.types()
    out(submit_prototype(library, function))
    out("{")
    call.submit(index)
    out("}")
    out()
    out(wait_prototype(library, function))
    out("{")
    call.wait()
    out("}")
    out()


def _local(out: Writer, library: Library, function: Function) -> None:
    out(submit_prototype(library, function))
    out("{")
    out("struct bh_async *bh_async = (struct bh_async *)bh_handle;")
    out("struct bh_outgoing *bh_call = &bh_async->call;")
    _make_here(out, function)
    out("return bh_async_made_here(bh_async);")
    out("}")
    out()
    out(wait_prototype(library, function))
    out("{")
    out("struct bh_async *bh_async = (struct bh_async *)bh_handle;")
    out("struct bh_outgoing *bh_call = &bh_async->call;")
    out("bh_async_wait(bh_async);")
    _made_here(out, function)
    out("}")
    out()


def _make_here(out: Writer, function: Function) -> None:
    """A plain call of the function, or of its stub; errno waits for the second half."""
    call = f"{function.name}({', '.join(p.name for p in function.parameters)})"
    if function.errno:
        out("int bh_errno = errno;")
    if function.result.kind == "void":
        out(f"{call};")
    else:
        out(f"{function.result.type.declare('bh_ret')} = {call};")
        out(f"bh_call->ret = {word_of('bh_ret', _is_pointer(function))};")
    if function.errno:
        out("bh_call->words[BH_ERRNO_WORD] = (uint64_t)errno;")
        out("errno = bh_errno;")


def _made_here(out: Writer, function: Function) -> None:
    if function.result.kind == "void":
        out("(void)bh_call;")
        out("return;")
        return
    value = value_of(function.result.type.text, "bh_call->ret", _is_pointer(function))
    if function.errno:
        out(f"{function.result.type.declare('bh_ret')} = {value};")
        out(f"if (bh_ret == {function.error})")
        out("    errno = (int)bh_call->words[BH_ERRNO_WORD];")
        value = "bh_ret"
    out(f"return {value};")


def _is_pointer(function: Function) -> bool:
    return function.result.kind in ("handle", "user_check", "string")


class AsyncCaller(Caller):
    """Writes the bodies; what the second half needs of the first is in struct bh_async_LIBRARY_FUNCTION."""

    dot = "->"
    pass_at = "bh_pass"
    call_at = "bh_call"
    called_from = "bh_async->base.pc"

    def __init__(self, out: Writer, library: Library, function: Function, w: Wire):
        super().__init__(out, library, function, w, back=False)
        self.saved = [(p.declaration, p.name) for p in function.parameters if self._wanted(p.name)]
        self.saved += [
            (f"{p.type.pointee} my_{p.name}_value", f"my_{p.name}_value")
            for p in function.parameters
            if p.kind == "object" and p.is_in and self._wanted(f"my_{p.name}_value")
        ]

    def _wanted(self, name: str) -> bool:
        """Does the second half use this variable of the first?"""
        return re.search(rf"(?<![\w>.]){re.escape(name)}\b", self._results_text()) is not None

    def _results_text(self) -> str:
        written, self.out = self.out, Writer()
        self._results()
        text, self.out = self.out.text, written
        return text

    @property
    def type(self) -> str:
        return f"struct bh_async_{self.wire.name}"

    def types(self) -> None:
        out = self.out
        out(f"{self.type} {{")
        out("struct bh_async base;")
        if self.passes:
            out("struct bh_passage pass;")
        if self.rows:
            out(f"struct {{ struct bh_argument row[{len(self.rows)}]; }} arguments;")
        for declaration, _ in self.saved:
            out(f"{declaration};")
        out("};")
        out(f'_Static_assert(sizeof({self.type}) <= sizeof(struct bh_call), "gen_async.py");')
        out()

    # ---- The first half ----

    def submit(self, index: int) -> None:
        out, function = self.out, self.function
        out(f"const struct bh_import *bh_import = &bh_gates.imports[{index}];")
        out(f"{self.type} *bh_async = ({self.type} *)bh_handle;")
        out("struct bh_outgoing *bh_call = &bh_async->base.call;")
        out("if (bh_import->direct) {")
        _make_here(out, function)
        out("return bh_async_made_here(&bh_async->base);")
        out("}")
        out("bh_call_begin(bh_call, bh_import);")
        self._callbacks()
        if self.passes:
            self._submit_passage()
        else:
            self._save()
            self._requests()
            out(f"return bh_async_send(&bh_async->base, {self._how()}, BH_CALLED_FROM);")

    def _save(self) -> None:
        for _, name in self.saved:
            self.out(f"bh_async->{name} = {name};")

    def _how(self) -> str:
        back = any(p.kind == "callback" for p in self.function.parameters)
        return "BH_ASYNC_AT_ONCE" if back else "BH_ASYNC_LATER"

    def _submit_passage(self) -> None:
        out, w = self.out, self.wire
        if w.frame and w.requests:
            out(f"struct bh_{w.name}_in bh_in = {{0}};")
        self._object_values()
        if self.rows:
            out("struct bh_argument *bh_arguments = bh_async->arguments.row;")
            out("bh_async->arguments = (__typeof__(bh_async->arguments)){{")
            for row in self.rows:
                out(row)
            out("}};")
        out("struct bh_passage *bh_pass = &bh_async->pass;")
        out("*bh_pass = (struct bh_passage){")
        self._pass_members("bh_call", "BH_ARENA_CALLS")
        out("};")
        self._save()
        self._structs_in()
        out()
        out("enum bh_status bh_status = bh_pass_begin(bh_pass);")
        out("if (bh_status != BH_OK)")
        out("    return bh_async_failed(&bh_async->base, bh_pass, bh_status);")
        self._requests()
        self._frame_in("bh_pass")
        out(f"return bh_async_send_passage(&bh_async->base, bh_pass, {self._how()});")

    # ---- The second half ----

    def wait(self) -> None:
        out = self.out
        out(f"{self.type} *bh_async = ({self.type} *)bh_handle;")
        out("struct bh_outgoing *bh_call = &bh_async->base.call;")
        out("enum bh_status bh_status = bh_async_wait(&bh_async->base);")
        out("if (bh_status != BH_OK) {")
        out(f"bh_async_end(&bh_async->base, &bh_site_{self.wire.name}, bh_status);")
        out(self._return_error())
        out("}")
        if self.passes:
            self._wait_passage()
        else:
            if self.saved:
                self._after_plain_call()
                self._restore()
            self._results()

    def _after_plain_call(self) -> None:
        self.out("if (bh_async->base.made_here) {")
        _made_here(self.out, self.function)
        self.out("}")

    def _restore(self) -> None:
        for declaration, name in self.saved:
            self.out(f"{declaration} = bh_async->{name};")

    def _wait_passage(self) -> None:
        out = self.out
        self._after_plain_call()
        out("struct bh_passage *bh_pass = &bh_async->pass;")
        if "bh_arguments[" in self._results_text():
            out("struct bh_argument *bh_arguments = bh_async->arguments.row;")
        self._restore()
        self._frame_back()
        self._results()

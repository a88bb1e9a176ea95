"""The rules of what stands behind a function in an interface file: error=, errno, fatal, success=, nonblocking.

SPDX-License-Identifier: BSD-3-Clause
"""

from .edl_model import Callback, Function, Library
from .problems import Problems, quote


def check(library: Library, problems: Problems) -> None:
    for callback in library.callbacks:
        _failure(callback, problems)
        _handles(callback, problems)
    for function in library.functions:
        _failure(function, problems)
        _handles(function, problems)


def _failure(function: Function, problems: Problems) -> None:
    """What a gate that fails leads to."""
    back = isinstance(function, Callback)
    if back and any((function.nonblocking, function.caller, function.errno, function.success, function.fatal)):
        hint = "a callback takes error= only"
        problems.add(function.place, "this attribute is for functions", hint)
    if function.errno and not function.error:
        message = "errno without error="
        hint = "errno is carried back when the function returns the error= constant: error=-1 errno"
        problems.add(function.place, message, hint)
    if function.error and function.result.kind == "void":
        hint = "write error alone: a call that failed does nothing"
        problems.add(function.place, "error= of a function without a value", hint)
    if function.error and function.error.startswith('"') and function.result.kind != "string":
        message = "this error= is a text, and the function does not return one"
        problems.add(function.place, message, "write a constant that it can return, such as -1 or NULL")
    if function.fatal and function.error is not None:
        hint = "keep the one that is meant: with error= the caller lives on, with fatal it ends"
        problems.add(function.place, "fatal beside error=", hint)


def _handles(function: Function, problems: Problems) -> None:
    handles = [p for p in function.parameters if p.kind in ("twin", "handle", "handle_out")]
    made = [p for p in handles if p.handle == "new"]
    for parameter in made:
        if parameter.kind == "twin" and not function.success and function.result.kind != "void":
            message = f"nothing says when {function.name} really made handle {quote(parameter.name)}"
            hint = "write success= and the value of success behind the function: success=0"
            problems.add(parameter.attributes["handle"].place, message, hint)
    concerned = made or [p for p in handles if p.handle == "free"] or function.result.kind == "handle"
    if function.success and (not concerned or function.result.kind == "void"):
        message = "success= of a function that makes or frees no handle"
        if concerned:
            message = "success= of a function without a value"
        problems.add(function.place, message, "remove it")

"""Functions by value, and a digest of them that is the same in every process.

A pickle of a function differs from run to run: it carries line numbers, the order of sets, and random names for
classes. The digest leaves these out, so that a comment above a step, or a restart, does not make it run again. It
holds everything a result can depend on: the code, its constants, defaults, closure, and whatever globals it uses.
"""

from __future__ import annotations

import hashlib
import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

__all__ = ["by_value", "only_here"]

_OWN_ROOMS = frozenset({"blocks", "data", "enhance", "lora", "pipelines", "workbench"})
_NOT_CONTENT = frozenset({"__dict__", "__weakref__", "__module__", "__firstlineno__", "__block__", "_abc_impl"})
_REGISTERING = threading.Lock()


def by_value(functions: tuple[Any, ...]) -> tuple[bytes, str]:
    """Functions as a pickle that any process can read, and their digest (hex)."""
    import cloudpickle

    names = {name for f in functions if f is not None for name in _modules(f)}
    owners = [sys.modules[name] for name in names if only_here(name)]
    with _REGISTERING:  # the register is one for all threads
        for module in owners:
            cloudpickle.register_pickle_by_value(module)
        try:
            payload = bytes(cloudpickle.dumps(functions))
            return payload, _digest(functions, payload)
        finally:
            for module in owners:
                cloudpickle.unregister_pickle_by_value(module)


def only_here(name: str) -> bool:
    """Whether a module exists in this process alone, so that a worker could not import it."""
    top, module = name.partition(".")[0], sys.modules.get(name)
    if module is None or top == "__main__" or top in sys.stdlib_module_names or top in _OWN_ROOMS:
        return False
    return "site-packages" not in Path(getattr(module, "__file__", None) or "").parts


def _modules(function: Any) -> Iterator[str]:
    """Names of the modules that a function, method, partial or callable object comes from."""
    while function is not None:
        yield getattr(function, "__module__", None) or ""
        yield type(getattr(function, "__self__", None) or function).__module__
        function = getattr(function, "func", None)


def _digest(functions: tuple[Any, ...], payload: bytes) -> str:
    """Of the functions' content; of their pickle where the content cannot be walked, which only costs a rerun."""
    import cloudpickle

    class Content(cloudpickle.Pickler):  # type: ignore[misc]
        """Writes what counts, in a form that nobody reads back."""

        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, CodeType):
                return _Code, _counts(value)
            if isinstance(value, type) and (value.__module__ == "__main__" or only_here(value.__module__)):
                content = {k: v for k, v in sorted(vars(value).items()) if k not in _NOT_CONTENT}
                return _Class, (value.__qualname__, value.__bases__), content
            return super().reducer_override(value)

    buffer = io.BytesIO()
    try:
        Content(buffer).dump(functions)
    except Exception:  # pickles may fail with anything
        return hashlib.sha256(payload).hexdigest()
    return hashlib.sha256(buffer.getvalue()).hexdigest()


class _Code:
    """Stands for a function's code in a digest."""


class _Class:
    """Stands for a class in a digest."""


def _counts(code: CodeType) -> tuple[Any, ...]:
    """What of compiled code decides what it does; not where it stood in its file.

    Plain parts are written out as text: a pickle tells equal strings that are one object from those that are two.
    """
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (repr((names, shape)), code.co_code, code.co_exceptiontable, *map(_constant, code.co_consts))


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return value
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)

"""A block is a plain function; this decorator only writes down what the engine must know about it.

    @block(version="1", units=megapixels)
    def upscale_picture(picture: Path, scale: int = 4, *, scratch: Path, progress: Progress = silent) -> Path:
        ...

The function stays what it was: call it, test it, import it. Its ports are read from its signature.
Four parameter names are the engine's own and never ports: ``progress`` (see `blocks.progress`), ``scratch`` (an empty
folder for the files that the call makes; gone once they are stored), ``recipe`` (how the inputs were made, for a
block that writes it into a file) and ``unfinished`` (a folder of this block with these inputs, which is kept when the
call is stopped or lost, so that the next one goes on from what lies in it; gone once the call has given its result).
"""

from __future__ import annotations

import hashlib
import inspect
import re
import typing
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

__all__ = ["REQUIRED", "Block", "Device", "Exactness", "Port", "block", "block_of"]

Device = Literal["cpu", "gpu", "any"]
Exactness = Literal["bitwise", "close"]
Function = TypeVar("Function", bound=Callable[..., Any])

INJECTED = frozenset({"progress", "scratch", "recipe", "unfinished"})


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()
"""Default of a port that must be given."""


@dataclass(frozen=True, slots=True)
class Port:
    """One named input or output.

    Attributes:
        name: as in the signature.
        type: the annotation; `Path` means a file that the engine stores as a blob.
        default: `REQUIRED`, or the value used when nothing is given.
    """

    name: str
    type: Any = Any
    default: Any = REQUIRED


@dataclass(frozen=True, slots=True)
class Block:
    """What the engine knows of a step's function.

    Attributes:
        name: module and function, the block's identity in keys and in the store.
        version: raised by hand when results change.
        digest: of the source text; joins the version in every key.
        device: "cpu", "gpu" (refuses to run without), or "any" (uses one if there).
        exact: "bitwise" if equal inputs give equal bytes, else "close".
        grace: seconds between asking the work to stop and stopping it.
        units: work in the call's own unit (megapixels, frames), from the same arguments; None if unknown.
        models: files and folders of models that a call opens, from the same arguments; None if it opens none. The
            engine runs a step only with models that are approved.
        takes: which of the engine's own parameters it has.
    """

    name: str
    version: str
    digest: str
    device: Device
    exact: Exactness
    grace: float
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    units: Callable[..., float] | None = None
    takes: frozenset[str] = frozenset()
    models: Callable[..., Iterable[Path]] | None = None


def block(
    *,
    version: str,
    device: Device = "cpu",
    exact: Exactness = "bitwise",
    grace: float = 2.0,
    units: Callable[..., float] | None = None,
    models: Callable[..., Iterable[Path]] | None = None,
) -> Callable[[Function], Function]:
    """Declare a function a block; it is returned unchanged, described by `block_of`."""

    def describe(function: Function) -> Function:
        known = _describe(function, version, device, exact, grace, units, models)
        function.__block__ = known  # type: ignore[attr-defined]
        return function

    return describe


def block_of(function: Callable[..., Any]) -> Block:
    """The description of a function; a function that was never declared a block gets a plain one."""
    known = getattr(function, "__block__", None)
    if known is None:
        known = _describe(function)
        with suppress(AttributeError, TypeError):  # a builtin or a bound method takes no attributes
            function.__block__ = known  # type: ignore[attr-defined]
    return typing.cast(Block, known)


def _describe(
    function: Callable[..., Any],
    version: str = "0",
    device: Device = "cpu",
    exact: Exactness = "bitwise",
    grace: float = 2.0,
    units: Callable[..., float] | None = None,
    models: Callable[..., Iterable[Path]] | None = None,
) -> Block:
    return Block(
        name=_name(function),
        version=version,
        digest=source_digest(function),
        device=device,
        exact=exact,
        grace=grace,
        inputs=_inputs(function),
        outputs=_outputs(function),
        units=units,
        models=models,
        takes=INJECTED.intersection(inspect.signature(function).parameters),
    )


def _name(function: Callable[..., Any]) -> str:
    """Module and qualified name; of a partial or callable object, those of its class."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__ or 'builtins'}.{named.__qualname__}"


def source_digest(function: Callable[..., Any]) -> str:
    """SHA-256 (hex, 16 characters) of the function's source, or of its bytecode where no source exists."""
    try:
        text = inspect.getsource(function).encode()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        text = code.co_code + repr(code.co_consts).encode() if code else _name(function).encode()
    return hashlib.sha256(text).hexdigest()[:16]


def _inputs(function: Callable[..., Any]) -> tuple[Port, ...]:
    types = _types(function)
    return tuple(
        Port(name, types.get(name, Any), REQUIRED if p.default is p.empty else p.default)
        for name, p in inspect.signature(function).parameters.items()
        if name not in INJECTED and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    )


def _outputs(function: Callable[..., Any]) -> tuple[Port, ...]:
    """A NamedTuple names its ports; anything else is one port called "output"."""
    result = _types(function).get("return", Any)
    fields = getattr(result, "_fields", None)
    if fields is None:
        return (Port("output", result),)
    types = typing.get_type_hints(result)
    return tuple(Port(name, types.get(name, Any)) for name in fields)


def _types(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError):  # a notebook function whose annotations cannot be resolved
        given = getattr(function, "__annotations__", {})
        return {name: Path if re.search(r"\bPath\b", str(kind)) else Any for name, kind in given.items()}

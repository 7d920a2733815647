"""Which chains there are: the lab's own files, and a researcher's in the home's `pipelines/` folder.

A chain is a Python file with a `build()` that returns a `daggr.Graph`. Its docstring's first line says what it does.
It may also have `work(inputs)`, which says how much there is to do before anything runs (see `Work`), and
`settle(inputs, settings)`, which gives inputs that follow from the machine (where models lie, how many threads).
Files are listed by reading their text: nothing of them runs, and nothing heavy is imported, until one is loaded.
"""

from __future__ import annotations

import ast
import contextvars
import importlib
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from blocks.errors import InputError, LabError, UnknownName

__all__ = ["ChainFile", "Work", "chains", "find", "load_graph", "load_module", "settled", "work_of"]

_HERE = Path(__file__).parent
_PARSING = threading.Lock()  # in Python 3.11 two threads that parse at a time can break the parser's count of depth
_NO_BUILD = "it has no function build() that returns a daggr.Graph"


@dataclass(frozen=True, slots=True)
class Work:
    """An amount of work that a chain is about to do.

    Attributes:
        block: name of the block that does it, ``module.function``.
        units: how much, in the block's own unit.
        guess: seconds a unit, for a machine on which it was never run.
        like: plain inputs that make past runs comparable (the model, the factor).
        bytes: what it leaves on the disk.
    """

    block: str
    units: float
    guess: float
    like: Mapping[str, Any] = field(default_factory=dict)
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class ChainFile:
    """A chain that could be loaded.

    Attributes:
        name: the file's name without its suffix; how the chain is called.
        own: whether it is one of the lab's.
        error: why the file cannot be one, with its line, or "".
    """

    name: str
    path: Path
    description: str
    own: bool
    error: str = ""


def chains(home: Path | None = None) -> list[ChainFile]:
    """Every chain, the lab's own first; a broken file is listed with its error and harms nothing else."""
    own = [chain for p in sorted(_HERE.glob("*.py")) if (chain := _read(p, own=True)).error != _NO_BUILD]
    folder = home / "pipelines" if home is not None else None
    others = [_read(p, own=False) for p in sorted(folder.glob("*.py"))] if folder and folder.is_dir() else []
    taken = {chain.name for chain in own}
    return own + [chain for chain in others if chain.name not in taken]


def find(name: str, home: Path | None = None) -> ChainFile:
    """The chain of that name.

    Raises:
        UnknownName: there is none; the message lists those there are.
        InputError: its file is broken.
    """
    chain = next(iter(_named(name, home)), None)
    if chain is None:
        raise UnknownName(f"There is no pipeline {name!r}; there are {', '.join(c.name for c in chains(home))}.")
    if chain.error:
        raise InputError(f"The pipeline {name} cannot be used: {chain.error}")
    return chain


def _named(name: str, home: Path | None) -> Iterator[ChainFile]:
    """Chains of that name, the lab's own first, without a look at all the others."""
    folders = [(_HERE, True)] + ([(home / "pipelines", False)] if home is not None else [])
    for folder, own in folders:
        path = folder / f"{name}.py"
        if path.name == f"{name}.py" and path.is_file():
            chain = _read(path, own)
            if not own or chain.error != _NO_BUILD:
                yield chain


def load_module(chain: ChainFile) -> ModuleType:
    """Import a chain's file.

    Raises:
        InputError: it raised; the message names the line.
    """
    if chain.own:
        return importlib.import_module(f"pipelines.{chain.name}")
    name = f"lab_home_pipelines.{chain.name}"
    status = chain.path.stat()
    state = (str(chain.path), status.st_mtime_ns, status.st_size)
    if name in sys.modules and _loaded.get(name) == state:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(chain.path)
    sys.modules[name] = module
    try:
        # Not through an importer: its cache of bytecode cannot tell two edits within a second apart.
        exec(compile(chain.path.read_bytes(), chain.path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"{chain.path.name} failed while it was read, {_line(error, chain.path)}: {error}") from error
    _loaded[name] = state
    return module


_loaded: dict[str, tuple[str, int, int]] = {}


def load_graph(chain: ChainFile) -> Any:
    """A fresh `daggr.Graph` of a chain.

    Raises:
        InputError: its `build()` raised or gave something else; the message names the line.
    """
    from daggr import Graph

    build: Callable[[], Any] = load_module(chain).build
    try:
        graph = contextvars.Context().run(build)  # in a handler of Gradio's, its components would come out empty
    except (Exception, SystemExit) as error:
        raise InputError(f"build() of {chain.path.name} failed, {_line(error, chain.path)}: {error}") from error
    if not isinstance(graph, Graph):
        raise InputError(f"build() of {chain.path.name} gave a {type(graph).__name__}; it must return a daggr.Graph.")
    return graph


def work_of(chain: ChainFile, inputs: Mapping[str, Any]) -> Iterable[Work]:
    """What a run with these inputs (files as paths) would have to do; empty if the chain does not say."""
    work = getattr(load_module(chain), "work", None)
    return _asked(chain, work, inputs) if work is not None else ()


def settled(chain: ChainFile, inputs: Mapping[str, Any], settings: Any) -> dict[str, Any]:
    """The inputs, with those that follow from the machine added where they were not given."""
    settle = getattr(load_module(chain), "settle", None)
    return {**_asked(chain, settle, inputs, settings), **inputs} if settle is not None else dict(inputs)


def _asked(chain: ChainFile, function: Callable[..., Any], *args: Any) -> Any:
    """What a chain's own function says; an error of it is told with its line, and harms nothing else."""
    try:
        found = function(*args)
        return list(found) if isinstance(found, Iterator) else found
    except LabError:
        raise
    except Exception as error:
        where, why = _line(error, chain.path), f"{type(error).__name__}: {error}"
        raise InputError(f"{function.__name__}() of {chain.path.name} failed, {where}: {why}") from error


def _read(path: Path, own: bool) -> ChainFile:
    try:
        status = path.stat()
    except OSError as error:  # a link that leads nowhere
        return ChainFile(path.stem, path, "", own, f"it cannot be read: {error.strerror}")
    return _read_once(path, own, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=1024)
def _read_once(path: Path, own: bool, state: tuple[int, int]) -> ChainFile:
    """Read a file again only when it has changed."""
    try:
        source = path.read_text(encoding="utf-8")
        if own and "\ndef build(" not in source:  # the rest of this room; not worth parsing
            return ChainFile(path.stem, path, "", own, _NO_BUILD)
        with _PARSING:
            tree = ast.parse(source)
    except SyntaxError as error:
        return ChainFile(path.stem, path, "", own, f"line {error.lineno}: {error.msg}")
    except (OSError, ValueError, RecursionError, MemoryError) as error:  # the last two: nested too deep
        return ChainFile(path.stem, path, "", own, f"it cannot be read: {error or type(error).__name__}")
    text = (ast.get_docstring(tree) or "").split("\n")[0]
    if not any(isinstance(node, ast.FunctionDef) and node.name == "build" for node in tree.body):
        return ChainFile(path.stem, path, text, own, _NO_BUILD)
    return ChainFile(path.stem, path, text, own)


def _line(error: BaseException, path: Path) -> str:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path]
    return f"line {frames[-1].lineno}" if frames else "in a module that it uses"

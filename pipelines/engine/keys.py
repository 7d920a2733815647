"""Keys: one hash that stands for everything a result was made from.

    key = H(block, version, source digest, environment, salt, inputs)

where an input is a constant (files by their digest) or the key and port of the step it comes from. A key is made
from its inputs' keys, never from their history, so a plan costs O(edges).
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib import metadata
from typing import Any

from blocks.block import Block

__all__ = ["digest", "environment", "step_key"]

_NUMERIC = ("numpy", "torch", "opencv-python-headless", "ncnn", "av", "pillow", "diffusers", "transformers", "peft")


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON value in canonical form."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def environment() -> str:
    """The numeric environment: processor family and the versions of the libraries that do the arithmetic."""
    found = []
    for name in _NUMERIC:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return f"{platform.machine()}; python {platform.python_version()}; {'; '.join(found)}"


@cache
def _environment_digest() -> str:
    return hashlib.sha256(environment().encode()).hexdigest()[:16]


def step_key(block: Block, inputs: dict[str, Any], salt: str = "", extra: str = "") -> str:
    """Key of one run of a block.

    Args:
        inputs: by port, JSON values: ``{"value": constant}`` or ``{"key": ..., "port": ...}``. Of a file only the
            digest and the form count, not its name: the same bytes under another name are the same input.
        salt: set by "rerun anyway"; a new salt is a new key, here and in everything that follows.
        extra: what joins the block itself (code around it, names of its outputs).
    """
    return digest([block.name, block.version, block.digest, extra, _environment_digest(), salt, _nameless(inputs)])


def _nameless(value: Any) -> Any:
    match value:
        case {"$blob": blob, "as": form}:
            return {"$blob": blob, "as": form}
        case {"$dict": inner}:  # the user's own dict, whatever it looks like
            return {"$dict": {k: _nameless(v) for k, v in inner.items()}}
        case dict():
            return {k: _nameless(v) for k, v in value.items()}
        case list():
            return [_nameless(x) for x in value]
    return value

"""Names under which files are saved, whatever somebody called them."""

from __future__ import annotations

import re

__all__ = ["safe_name"]

_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_LONGEST = 120


def safe_name(name: str, otherwise: str) -> str:
    """A file name for saving: no folders, no control characters, no leading dots, at most 120 characters.

    Args:
        otherwise: what it is called if nothing of the name is left, cut to 12 characters: a digest, for one.
    """
    return _UNSAFE.sub("_", name).strip(" .")[-_LONGEST:] or otherwise[:12]

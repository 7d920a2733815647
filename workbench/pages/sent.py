"""What the browser has of a page: a mark for each part, so that a look sends only what is new.

Each mark is a field of the page by itself, written together with the part that it tells of. An answer that comes late,
from before the last act, then changes nothing but what it brings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import gradio as gr

__all__ = ["changed", "hidden", "mark", "unsent"]


def hidden(count: int) -> list[Any]:
    """Fields for so many marks, which nobody sees."""
    return [gr.Textbox("", visible=False) for _ in range(count)]


def mark(text: str) -> str:
    """What tells one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def changed(new: Sequence[Any], had: Sequence[Any]) -> list[Any]:
    """Values for fields; those that hold them already are left alone."""
    return [gr.skip() if value == before else value for value, before in zip(new, had, strict=True)]


def unsent(texts: Sequence[str], had: Sequence[str]) -> list[Any]:
    """The parts that the browser does not have as they are now, and after them the marks of all parts."""
    marks = [mark(text) for text in texts]
    parts = [gr.skip() if one == before else text for text, one, before in zip(texts, marks, had, strict=True)]
    return [*parts, *changed(marks, had)]

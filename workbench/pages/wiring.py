"""What every page needs to connect parts drawn as HTML with handlers in Python."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.context import Context

from blocks.errors import LabError

__all__ = [
    *("ON_ACT", "POLL_BUSY", "POLL_IDLE", "QUIET"),
    *("acted", "paced", "record", "remember", "told", "values_of", "when_opened"),
]

Handler = TypeVar("Handler", bound=Callable[..., Any])

POLL_BUSY = 0.8
POLL_IDLE = 4.0
"""Seconds between two looks at the lab, while something runs and while nothing does."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "queue": False}
"""For handlers that answer at once: no veil over the page, no place in a queue."""

ON_ACT = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]');
  if (!button || !element.contains(button)) return;
  trigger('click', { act: button.dataset.act, id: button.dataset.id || '' });
});
"""
"""Script of a `gradio.HTML`: a click on anything with `data-act` becomes an event that says which and on what."""


def acted(event: gr.EventData) -> str:
    """What an event of `ON_ACT` says; "" for that of a plain button, which says nothing."""
    return str((event._data or {}).get("act", ""))


def values_of(event: gr.EventData) -> dict[str, Any]:
    """What a form held when something on it was pressed or changed."""
    values = (event._data or {}).get("values")
    return values if isinstance(values, dict) else {}


def paced(pace: float, busy: bool) -> Any:
    """The clock of a page, which looks more often while something runs; left alone if it goes at that pace."""
    wanted = POLL_BUSY if busy else POLL_IDLE
    return gr.skip() if pace == wanted else gr.Timer(wanted)


def remember(focus: str) -> str:
    """JavaScript that keeps a job in the page's address, and on a narrow screen scrolls to where it is shown."""
    return (
        "(id) => { history.replaceState(null, '', location.pathname + (id ? '?job=' + encodeURIComponent(id) : ''));"
        f" if (id && innerWidth <= 900) document.getElementById('{focus}').scrollIntoView(); }}"
    )


def when_opened(handler: Callable[..., Any], reads: Any, outputs: Any, parameter: str) -> Any:
    """Call a handler when the page has opened, with one parameter of its address ("" if it has none); the event."""
    script = f"() => new URLSearchParams(location.search).get('{parameter}') || ''"
    return Context.root_block.load(handler, reads, outputs, js=script, api_visibility="private", **QUIET)


def told(handler: Handler) -> Handler:
    """Errors of the lab reach the person as they are written; others stay what they are: faults."""

    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except LabError as error:
            raise gr.Error(str(error), print_exception=False, title="That did not work") from error

    return wrapped  # type: ignore[return-value]


def record(value: Any) -> dict[str, Any]:
    """A record as JSON knows it, for programs that call the named endpoints."""
    found = _plain(value)
    return found if isinstance(found, dict) else {"value": found}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        # Gradio's client takes whatever has a "path" for a file and fetches it; a LoRA goes out as it is given.
        named = {"path": "name"} if value.keys() == {"path", "weight"} else {}
        return {named.get(name, str(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path | Fraction):
        return value.name if isinstance(value, Path) else str(value)
    return value

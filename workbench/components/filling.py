"""Templates filled with values; everything that comes from people or files is escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.components.views import STATES
from workbench.media import media_url, thumb_url

__all__ = ["fill"]


def fill(name: str, **values: Any) -> str:
    """The template of that name beside this file, with these values; a value that is missing is an error."""
    return str(_templates().get_template(name).render(**values)).strip()


@lru_cache(maxsize=1)
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.globals.update(media=media_url, thumb=thumb_url, states=STATES)
    return environment

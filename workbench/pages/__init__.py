"""The pages, in the order of their tabs. A page is a module with `TITLE`, `SLUG` and `build(services)`."""

from __future__ import annotations

from types import ModuleType

from workbench.pages import blend, characters, enhance, generate, home, jobs, lora, models, pipelines, settings
from workbench.shell import Tab

__all__ = ["PAGES", "tabs"]

PAGES: tuple[ModuleType, ...] = (home, generate, blend, characters, lora, enhance, pipelines, jobs, models, settings)
"""The first has the address "/" and an empty slug."""


def tabs() -> tuple[Tab, ...]:
    """The tabs of the bar."""
    return tuple(Tab(page.TITLE, page.SLUG) for page in PAGES)

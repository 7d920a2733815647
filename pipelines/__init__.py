"""The chains, one daggr graph a file, and the engine that runs them."""

from __future__ import annotations

from typing import Any

__all__ = ["Lab", "PipelineInfo", "Run", "Settings"]


def __getattr__(name: str) -> Any:
    """Workers import this package for its engine; the facade comes in only when it is asked for."""
    if name in ("Lab", "PipelineInfo", "Run"):
        from pipelines import lab

        return getattr(lab, name)
    if name == "Settings":
        from pipelines.settings import Settings

        return Settings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""When to ask before work is started: the estimate against the limits of the settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.records import Estimate
    from pipelines.settings import Settings

__all__ = ["question"]


def question(estimates: Iterable[Estimate], settings: Settings) -> str:
    """What to ask before these jobs are queued, or "" if they stay below the limits or nothing is known."""
    from workbench.components.words import bytes_of, duration  # components know services, which know this

    known = list(estimates)
    seconds = sum(one.seconds or 0.0 for one in known)
    size = sum(one.bytes or 0 for one in known)
    over = []
    if seconds > settings.confirm_minutes * 60:
        over.append(f"take about {duration(seconds)}")
    if size > settings.confirm_gigabytes * 1e9:
        over.append(f"need about {bytes_of(size)} of disk")
    if not over:
        return ""
    what = "This will" if len(known) == 1 else f"These {len(known)} jobs will together"
    basis = next(one.basis for one in known if one.seconds or one.bytes)
    return f"{what} {' and '.join(over)} ({basis})."

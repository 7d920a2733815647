"""Figures in the words of a person."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

__all__ = ["bytes_of", "clock", "duration", "place", "rate"]


def duration(seconds: float | None) -> str:
    """ "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"; "" if unknown."""
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 and whole % 60 else f"{round(whole / 60)} min"
    hours, rest = divmod(round(whole / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def bytes_of(size: int | None) -> str:
    """ "812 B", "3.1 MB"; decimal units as file managers show; "" if unknown."""
    if size is None:
        return ""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def clock(at: float | None, now: float | None = None) -> str:
    """ "14:05" today, else "3 Nov 14:05"; local time; "" if it has not happened."""
    if at is None:
        return ""
    then = time.localtime(at)
    today = time.localtime(time.time() if now is None else now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    return f"{then.tm_mday} {time.strftime('%b %H:%M', then)}"


def rate(fps: Fraction | None) -> str:
    """ "60 fps", "59.94 fps"; "" if unknown."""
    return f"{float(fps):.2f}".rstrip("0").rstrip(".") + " fps" if fps else ""


def place(path: Path | str) -> str:
    """A folder as a person knows it: "~/character-media-lab" where it lies in theirs."""
    path, own = Path(path), Path.home()
    return f"~/{path.relative_to(own)}" if own in path.parents else str(path)

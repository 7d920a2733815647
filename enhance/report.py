"""How a segment tells about itself while it is made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import av

from blocks.progress import Progress

__all__ = ["Reporter"]


class Reporter:
    """Tells how far a segment is, and about every second shows the frame that was just made."""

    def __init__(self, scratch: Path, progress: Progress, total: int, rotation: int) -> None:
        self._scratch, self._progress, self._total, self._rotation = scratch, progress, total, rotation
        self._done, self._shown = 0, time.monotonic()

    def alive(self) -> None:
        """Within a frame: nothing new, but the work may be stopped here."""
        self._progress(self._done / max(1, self._total), f"frame {self._done + 1} of {self._total}")

    def tell(self, frame: av.VideoFrame) -> None:
        """One more frame is done; this one."""
        self._done += 1
        picture = None
        if time.monotonic() - self._shown >= 1.0:
            self._shown = time.monotonic()
            picture = self._scratch / f"preview-{self._done:05d}.jpg"
            _shrunk(frame).rotate(self._rotation, expand=True).save(picture, quality=80)
        self._progress(self._done / max(1, self._total), f"frame {self._done} of {self._total}", picture)


def _shrunk(frame: av.VideoFrame) -> Any:
    scale = min(1.0, 480 / max(frame.width, frame.height))
    size = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    return frame.to_image(width=size[0], height=size[1])

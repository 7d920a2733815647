"""Waiting for several jobs at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.records import JobInfo
    from pipelines import Lab

__all__ = ["follow_all"]


def follow_all(lab: Lab, jobs: Sequence[JobInfo]) -> list[JobInfo]:
    """Wait for all, with progress and the time left; interrupted, they are stopped before this ends."""
    from pipelines.show import follow

    try:
        return [follow(lab, job) for job in jobs]
    except KeyboardInterrupt:
        for job in jobs:
            lab.cancel(job.id)
        for job in jobs:
            lab.wait(job.id)
        raise

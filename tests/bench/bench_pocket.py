"""The pocket pack against what was aimed at; a row's rival is the target.

The figures are those that `blocks.pocket.training.measure` wrote beside the weights, on people and prompts that were
never trained on; the time of a picture is measured now.
"""

from __future__ import annotations

import json

from blocks.pocket.pack import WEIGHTS
from blocks.pocket.training.card import TARGETS
from blocks.pocket.training.measure import seconds_of_one
from tests.bench.__main__ import Row

__all__ = ["measure"]


def measure() -> list[Row]:
    figures = json.loads((WEIGHTS / "figures.json").read_text())
    figures["seconds_per_picture"] = seconds_of_one(WEIGHTS)
    rows = []
    for title, path, way, target in TARGETS:
        value = figures
        for part in path:
            value = value[part]
        rows.append(
            Row(
                name=f"pocket: {title[0].lower()}{title[1:]}",
                ours=float(value),
                rival=target,
                rival_name="target",
                ratio=float(value) / target,
                unit="s" if path == ("seconds_per_picture",) else "share",
                better="higher" if way == ">=" else "lower",
            )
        )
    return rows

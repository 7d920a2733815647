"""``python -m tests.bench [names…]``: measure against rivals, write bench.json and the figures in README and docs.

Every ``bench_*.py`` beside this file has `measure()`, which returns rows (see `Row`). With names
(``engine upscale``) only those run. A bench that fails is reported, the others go on, and the exit code is 1.
Rows that were not measured this time stay as they are in bench.json.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

__all__ = ["Row", "machine", "main", "table", "tidy"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUTPUT = ROOT / "bench.json"
PAGE = "docs/figures.md"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"

FOREMOST = (
    "pocket: seconds for a picture of 20 steps, two threads",
    "pocket: likeness, share of the ceiling",
    "pocket: hair style as asked",
    "pocket: expression as asked",
    "grid: the standard set on two slots",
    "grid: read as labelled, expression and view cells",
    "blend by spherical mean: Spearman of weight and likeness to the second parent",
    "blend by spherical mean: lesser share of the own ceiling at one half",
    "LoRA: CPU seconds a step, encoding in every step, as there",
    "upscale realesrgan-x4plus x4",
    "Interpolation: PSNR of a dropped frame, crossing limbs",
    "scoring a portrait of 128 pixels",
    "ten nearest of one character's 5000 in a million",
    "200 steps that do nothing, against daggr's server",
    "from start to the first page, a new home",
)
"""Rows that the README shows; PAGE shows them all."""


class Row(TypedDict):
    """One comparison; `ratio` is ours / rival, `better` says which way is good ("lower" or "higher")."""

    name: str
    ours: float
    rival: float
    rival_name: str
    ratio: float
    unit: str
    better: str


def main(names: Sequence[str], output: Path = OUTPUT) -> int:
    """Run the named benches, or all; 0 if every one of them succeeded."""
    found = [path.stem.removeprefix("bench_") for path in sorted(HERE.glob("bench_*.py"))]
    unknown = sorted(set(names) - set(found))
    if unknown:
        print(f"There is no bench {', '.join(unknown)}; there are {', '.join(found)}.", file=sys.stderr)
        return 2
    print(machine())
    rows: dict[str, Row] = {}
    failed = []
    for name in names or found:
        began = time.monotonic()
        try:
            measured = [tidy(row) for row in importlib.import_module(f"tests.bench.bench_{name}").measure()]
        except Exception:
            failed.append(name)
            print(f"\n{name} failed:\n{traceback.format_exc()}", file=sys.stderr)
            continue
        print(f"\n{name}, {time.monotonic() - began:.0f} s\n{table(measured)}", flush=True)
        rows |= {row["name"]: row for row in measured}
    if names or failed:
        rows = {row["name"]: row for row in _written(output)} | rows
    output.write_text(_as_text(rows.values()))
    _show(rows.values(), output.parent / PAGE, "`bench.json` has the same.")
    foremost = [rows[name] for name in FOREMOST if name in rows]
    _show(foremost, output.with_name("README.md"), f"[All {len(rows)} rows]({PAGE}).")
    print(f"\nWritten: {output}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _show(rows: Iterable[Row], page: Path, more: str) -> None:
    """Put the table between the page's marks, if it has them."""
    before, begin, rest = page.read_text().partition(BEGIN) if page.exists() else ("", "", "")
    _, end, after = rest.partition(END)
    if begin and end:
        said = f"Measured by `make bench`, ours beside a rival in the same run, on {machine()}. {more}"
        page.write_text(f"{before}{begin}\n{said}\n\n{table(rows)}\n{end}{after}")


def tidy(row: Mapping[str, Any]) -> Row:
    """A row with its figures rounded to four significant digits."""
    figures = {name: float(f"{row[name]:.4g}") for name in ("ours", "rival", "ratio")}
    return Row(**{name: figures.get(name, row[name]) for name in Row.__annotations__})  # type: ignore[typeddict-item]


def table(rows: Iterable[Row]) -> str:
    """Rows in Markdown, for the terminal and the README."""
    head = ["| what | ours | rival | ratio | unit | rival's name |", "|---|---:|---:|---:|---|---|"]
    return "\n".join(
        head
        + [
            f"| {r['name']} | {r['ours']:g} | {r['rival']:g} | {r['ratio']:g} ({r['better']} is better) "
            f"| {r['unit']} | {r['rival_name']} |"
            for r in rows
        ]
    )


def machine() -> str:
    """What this was measured on, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB of memory; Python {platform.python_version()}; "
        f"{platform.system()} {platform.release()} {platform.machine()}"
    )


def _processor() -> str:
    """The processor's name, from Linux's list where there is one."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _written(output: Path) -> list[Row]:
    """Rows of an earlier run."""
    try:
        return [tidy(row) for row in json.loads(output.read_text())]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _as_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """A row a line, so that a change shows as the lines that changed."""
    return "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

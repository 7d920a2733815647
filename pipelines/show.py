"""How a run is shown: a bar on a terminal, pictures and a table in a notebook, files in a folder."""

from __future__ import annotations

import base64
import html
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.blobs import digest_of
from data.records import FileRef, JobInfo
from pipelines.engine.values import short_name

if TYPE_CHECKING:
    from pipelines.lab import Lab, Run

__all__ = ["copy_to", "files_in", "follow", "put_into", "run_html", "safe_name", "save_files"]

_INLINE = 3 << 20  # bytes of a picture that a notebook carries


def follow(lab: Lab, job: JobInfo) -> JobInfo:
    """Wait for a job, with a progress bar where there is a terminal or notebook to show it."""
    if not sys.stderr.isatty() and "ipykernel" not in sys.modules:
        return lab.wait(job.id)
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(job.title, total=1.0)
        return lab.wait(
            job.id,
            on_change=lambda now: bar.update(task, completed=now.progress, description=now.note or now.title),
        )


def files_in(value: Any) -> Iterator[FileRef]:
    """Every file in a value that a step gave."""
    if isinstance(value, FileRef):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from files_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from files_in(inner)


def save_files(lab: Lab, value: Any, folder: Path) -> list[Path]:
    """Copy files into a folder; a name that another file has gets a number, nothing is overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    return [put_into(lab, ref, folder) for ref in files_in(value)]


def put_into(lab: Lab, ref: FileRef, folder: Path) -> Path:
    """Copy a kept file into a folder under a name of its own; the same file that is there already is left alone."""
    wanted = folder / safe_name(ref.name)
    number, path = 1, wanted
    while path.exists():
        if path.is_file() and path.stat().st_size == ref.size and digest_of(path) == ref.digest:
            return path
        number += 1
        path = wanted.with_name(f"{wanted.stem}_{number}{wanted.suffix}")
    return copy_to(lab, ref, path)


def copy_to(lab: Lab, ref: FileRef, target: Path) -> Path:
    """Copy a kept file to a path, whole or not at all."""
    half = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(lab.media(ref.digest).path, half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    return target


def safe_name(name: str) -> str:
    """A file name without folders, control characters or names that some systems reserve."""
    plain = "".join(c for c in Path(name.replace("\\", "/")).name if c.isprintable() and c not in '<>:"|?*').strip(" .")
    reserved = {"con", "prn", "aux", "nul", *(f"{k}{n}" for k in ("com", "lpt") for n in range(1, 10))}
    return short_name(f"_{plain}" if plain.split(".")[0].lower() in reserved else plain)


def run_html(run: Run) -> str:
    """A run as a notebook shows it: pictures, then a row a step."""
    pictures = "".join(_picture(run, ref) for ref in files_in(run.outputs) if ref.media_type.startswith("image/"))
    rows = "".join(
        f"<tr><td>{html.escape(s.name)}</td><td>{s.state}</td><td>{_seconds(s.seconds)}</td>"
        f"<td>{html.escape(', '.join(f.name for f in files_in(s.outputs)))}</td></tr>"
        for s in run.steps.values()
    )
    head = "<tr><th>step</th><th>state</th><th>seconds</th><th>files</th></tr>"
    return f"<b>{html.escape(run.job.title)}</b><div>{pictures}</div><table>{head}{rows}</table>"


def _picture(run: Run, ref: FileRef) -> str:
    if ref.size > _INLINE:
        return f"<p>{html.escape(ref.name)}: {ref.size / 1e6:.1f} MB, at {html.escape(str(run.path(ref)))}</p>"
    content = base64.b64encode(run.path(ref).read_bytes()).decode()
    alt = html.escape(ref.name)
    return f'<img alt="{alt}" style="max-height:320px" src="data:{ref.media_type};base64,{content}">'


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"

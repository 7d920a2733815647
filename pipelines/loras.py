"""LoRAs as the lab knows them: each is a run of the chain that trains, or a file among the models.

Nothing here is kept anywhere else: how a LoRA stands is read from its job, so a page, the command line and a notebook
say the same of it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from blocks.errors import Conflict, InputError, UnknownName
from lora.versions import step_of

if TYPE_CHECKING:
    from data.records import FileRef, JobInfo, StepInfo
    from pipelines.lab import Lab
    from pipelines.models import ModelInfo

__all__ = [
    "BATCH",
    "CHAIN",
    "IMPORT",
    "OF",
    "OPTION",
    "LoraInfo",
    "Point",
    "Standing",
    "check_kept",
    "curve_of",
    "files_in",
    "in_words",
    "looks_only",
    "lora_of",
    "loras",
    "pictures_in",
    "steps_of",
    "train",
    "training_of",
    "use",
]

CHAIN = "train_lora"
IMPORT = "import_lora"
BATCH = "loras"
"""What every training belongs to, so that none is lost among thousands of pictures."""

Standing = Literal["un-trained", "training", "completed", "failed", "cancelled", "deleted"]
OPTION = "lora"
"""Of a job's options: ``character`` (id). It is no input: the LoRA is the same whomever it is said to be of."""

OF = "of"
"""Of these: the job that trained it, where only its files are written again."""

_STATES: Mapping[str, Standing] = {
    "QUEUED": "un-trained",
    "RUNNING": "training",
    "SUCCEEDED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
_LINE = re.compile(r"step (\d+) of (\d+) loss ([\d.eE+-]+|nan|inf)")
_KEPT = re.compile(r"version (\d+) kept(?: likeness (-?[\d.]+))?")


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a training that its log tells of, and whether a version was kept at it."""

    step: int
    loss: float | None = None
    likeness: float | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class LoraInfo:
    """A LoRA and how it stands.

    Attributes:
        job: the run that makes it.
        character: id of whom it is of, or "".
        state: with `progress` of the training itself, 0 to 1; choosing and writing files come after it.
        versions: steps that were kept, earliest first; empty until the training is done.
        version: the one that the files are of, where a person took another than the one that was chosen; else 0.
        report: of `lora.pick.pick_version`; empty until a version is chosen.
        files: the LoRA in both keys and the packages, once they are written.

    One that was deleted has no versions and no files any more; it can be trained again from what it was asked for.
    """

    job: JobInfo
    state: Standing
    trigger: str
    model: str
    character: str = ""
    progress: float = 0.0
    versions: tuple[int, ...] = ()
    version: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    files: tuple[FileRef, ...] = ()

    @property
    def words(self) -> str:
        """How it stands, as it is shown: ``training 40%``."""
        return in_words(self.state, self.progress)

    @property
    def gain(self) -> tuple[float, float] | None:
        """Likeness on pictures held out without it and with it, by the second recogniser if there is one."""
        which = "second" if (self.report.get("after") or {}).get("second") is not None else "first"
        before, after = ((self.report.get(when) or {}).get(which) for when in ("before", "after"))
        return None if before is None or after is None else (before, after)


def in_words(state: Standing, progress: float) -> str:
    """A state as it is shown: ``training 40%``."""
    return f"training {progress:.0%}" if state == "training" else state


def loras(lab: Lab, limit: int = 50) -> list[LoraInfo]:
    """LoRAs that were trained, or are, newest first."""
    found = [job for job in lab.jobs(batch=BATCH, limit=4 * limit) if not looks_only(job)]
    return [lora_of(lab, job) for job in found[:limit]]


def lora_of(lab: Lab, job: JobInfo | str) -> LoraInfo:
    """How the LoRA of a job stands.

    Raises:
        UnknownName: there is no such job, or it trains none.
    """
    job = lab.job(job) if isinstance(job, str) else job
    if job.pipeline != CHAIN:
        raise UnknownName(f"{job.title} trains no LoRA; `lora list` shows those that do.")
    steps = steps_of(lab, job)
    given = {name: step.outputs for name, step in steps.items()}
    training = steps.get("train")
    versions = [] if job.discarded else (given.get("train") or {}).get("versions") or ()
    return LoraInfo(
        job,
        "deleted" if job.discarded else _STATES[job.state],
        str(job.inputs.get("trigger", "")),
        str(job.inputs.get("model", "")),
        str((job.options.get(OPTION) or {}).get("character") or ""),
        1.0 if given.get("train") else training.progress if training else 0.0,
        tuple(step_of(one.name) for one in versions),
        step_of(taken.name) if (taken := job.inputs.get("export.lora")) is not None else 0,
        dict((given.get("pick") or {}).get("report") or {}),
        () if job.discarded else files_in(given.get("export") or {}),
    )


def steps_of(lab: Lab, job: JobInfo) -> dict[str, StepInfo]:
    """A LoRA's steps by name; where only its files were written again, the others are those of the training."""
    own, training = {step.name: step for step in lab.steps(job.id)}, training_of(job)
    if training == job.id:
        return own
    anew = {name: step for name, step in own.items() if step.state != "skipped"}
    return {**{step.name: step for step in lab.steps(training)}, **anew}


def training_of(job: JobInfo) -> str:
    """The job that trained it."""
    return str((job.options.get(OPTION) or {}).get(OF) or job.id)


def files_in(exported: Mapping[str, Any]) -> tuple[FileRef, ...]:
    """Of what the last step gave, the files: the LoRA in both keys, then the packages."""
    files = [exported.get("lora"), exported.get("kohya"), *(exported.get("packages") or ())]
    return tuple(one for one in files if one is not None)


def train(
    lab: Lab,
    pictures: Sequence[Any],
    trigger: str,
    *,
    about: Sequence[Mapping[str, Any]] | None = None,
    captions: Mapping[str, str] | None = None,
    character: str = "",
    only_advice: bool = False,
    title: str = "",
    once: str | None = None,
    user: str = "admin",
    **inputs: Any,
) -> JobInfo:
    """Queue a training, or only the dataset and what is to be said of it.

    Args:
        pictures: files, or `FileRef` of files that the lab has.
        character: id of whom they are of; see `pipelines.lora_characters`.
        inputs: as the chain takes them: model, kind, preset, settings, marks, author, licence, start.
    """
    from lora.captions import check_trigger

    word = check_trigger(trigger)
    asked = {"pictures": list(pictures), "trigger": word, **{k: v for k, v in inputs.items() if v not in (None, "")}}
    if about:
        asked["about"] = [dict(one) for one in about]
    if captions:
        asked["captions"] = dict(captions)
    if title:
        asked["title"] = title
    options: dict[str, Any] = {"targets": ["advise"]} if only_advice else {}
    if character:
        options[OPTION] = {"character": character}
    named = f"{'Look at a dataset for' if only_advice else 'Train'} {title or word}"
    return lab.submit(CHAIN, asked, title=named, batch=BATCH, options=options, once=once, user=user)


def curve_of(lab: Lab, job: str) -> list[Point]:
    """A training as far as it is, from its log; of several attempts each step counts once."""
    found: dict[int, Point] = {}
    for line in lab.log(training_of(lab.job(job))):
        if said := _LINE.search(line.line):
            step = int(said[1])
            found[step] = replace(found.get(step, Point(step)), loss=float(said[3]))
        elif said := _KEPT.search(line.line):
            step, likeness = int(said[1]), None if said[2] is None else float(said[2])
            found[step] = replace(found.get(step, Point(step)), likeness=likeness, kept=True)
    return [found[step] for step in sorted(found)]


def check_kept(lora: LoraInfo) -> None:
    """
    Raises:
        InputError: it was deleted.
    """
    if lora.state == "deleted":
        raise InputError(f"The LoRA {lora.trigger} of job {lora.job.id} was deleted; train it again to have it back.")


def use(lab: Lab, file: FileRef, name: str = "", *, approve: bool = True, user: str = "admin") -> ModelInfo:
    """Put a LoRA among the models, where pictures are drawn with it.

    Raises:
        Conflict: there is another of that name.
    """
    from pipelines.show import safe_name

    stem = safe_name(name or file.name).removesuffix(".safetensors").removesuffix(".diffusers")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{stem}.safetensors")
        path.write_bytes(Path(lab.media(file.digest).path).read_bytes())
        known = {info.name: info for info in lab.models()}
        if (there := known.get(path.name)) is not None and there.digest and there.digest != file.digest:
            raise Conflict(f"There is another {path.name} among the models; give this one another name.")
        return lab.add_model(path, path.name, approve=approve, user=user)


def pictures_in(names: Iterable[str | Path]) -> tuple[list[Path], dict[str, str]]:
    """Pictures of files and folders, and the captions that lie beside them in text files of the same name.

    Raises:
        InputError: there is no such file, or a folder holds no pictures.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name).expanduser().absolute()
        if not path.exists():
            raise InputError(f"There is no file or folder {path}; check the path.")
        inside = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix.lower() in _PICTURES)
        if not inside:
            raise InputError(f"There are no pictures (PNG, JPEG, WebP) in {path}.")
        found += inside
    captions = {}
    for one in found:
        beside = one.with_suffix(".txt")
        if beside.is_file() and beside.stat().st_size < 20_000:
            captions[one.name] = beside.read_text(encoding="utf-8", errors="replace").strip()
    return found, {name: text for name, text in captions.items() if text}


def looks_only(job: JobInfo) -> bool:
    """Whether a job only looks at a dataset."""
    return list(job.options.get("targets") or ()) == ["advise"]

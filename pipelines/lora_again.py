"""A training that is done, once more: its files written again, or made longer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError, UnknownName
from lora.versions import step_of
from pipelines.loras import BATCH, CHAIN, OF, OPTION, check_kept, lora_of, steps_of, training_of

if TYPE_CHECKING:
    from data.records import JobInfo
    from pipelines.lab import Lab

__all__ = ["export", "made_longer"]

_FILES = frozenset(f"export.{port}" for port in ("lora", "report", "training", "pictures", "table", "trigger"))


def export(lab: Lab, job: str, version: int = 0, *, user: str = "admin", **changes: Any) -> JobInfo:
    """Write files of a LoRA again: of another version than the one chosen, or with another title or author.

    Raises:
        InputError: the training is not done, or it was deleted.
        UnknownName: there is no such version.
    """
    made, before = _made(lab, job), lab.job(job)
    kept = {step_of(one.name): one for one in made["train"]["versions"]}
    if version and version not in kept:
        raise UnknownName(f"There is no version {version}; there are {', '.join(map(str, kept))}.")
    # All that the last step takes is given, so that nothing before it is done again, even by a newer lab.
    given = {port: made["dataset"][port] for port in ("pictures", "table", "trigger")}
    given |= {"training": made["train"]["training"], "report": made["pick"]["report"]}
    given["lora"] = kept[version] if version else before.inputs.get("export.lora") or made["pick"]["lora"]
    changes = {**{f"export.{port}": value for port, value in given.items()}, **changes}
    return _again(lab, job, changes, user, {"targets": ["export"]}, of=training_of(before))


def made_longer(lab: Lab, job: str, steps: int, *, user: str = "admin") -> JobInfo:
    """Go on with a training that is done, to more steps; its dataset and settings stay.

    Raises:
        InputError: the training is not done, was deleted, or has as many steps already.
    """
    trained = _made(lab, job)["train"]
    done = int(trained["training"]["steps"])
    if steps <= done:
        raise InputError(f"It is done, after {done} steps; give --steps to make it longer.")
    settings = {**trained["training"]["settings"], "steps": steps}
    return _again(lab, job, {"start": trained["state"], "settings": settings}, user)


def _made(lab: Lab, job: str) -> dict[str, dict[str, Any]]:
    """What the steps of a finished training gave."""
    known = lora_of(lab, job)
    check_kept(known)
    if known.state != "completed":
        raise InputError("The training is not done, so there is nothing to export yet; `lora list` says how it stands.")
    return {name: dict(step.outputs) for name, step in steps_of(lab, known.job).items()}


def _again(
    lab: Lab, job: str, changes: Mapping[str, Any], user: str, options: Mapping[str, Any] | None = None, of: str = ""
) -> JobInfo:
    """A job like another; what is known of it already is not done twice.

    Args:
        of: the job that trained it, if only its files are written again.
    """
    before = lab.job(job)
    followed = set(before.options.get("settled") or ())
    inputs = {name: value for name, value in before.inputs.items() if name not in followed and name not in _FILES}
    kept = {name: value for name, value in before.options.items() if name in ("choices", "salts")}
    told = {name: value for name, value in (before.options.get(OPTION) or {}).items() if name != OF}
    told |= {OF: of} if of else {}
    more: dict[str, Any] = {"title": before.title, "batch": BATCH, "parent": job, "user": user}
    return lab.submit(CHAIN, {**inputs, **changes}, **more, options={**kept, OPTION: told, **(options or {})})

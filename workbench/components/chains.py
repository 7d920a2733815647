"""Chains and runs as the Pipelines page shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data.records import FINAL, FileRef, JobInfo, StepInfo
from pipelines.show import files_in
from workbench.chains import RunView, current_value
from workbench.components.fields import field
from workbench.components.filling import fill
from workbench.components.graph import Layout, lay_out
from workbench.components.views import job_view
from workbench.components.words import bytes_of, clock, duration, place
from workbench.copying import as_command, as_python

if TYPE_CHECKING:
    from pipelines.lab import PipelineInfo

__all__ = [
    "chain_graph",
    "chain_head",
    "chain_list",
    "compare",
    "form",
    "run_graph",
    "run_head",
    "runs",
    "step",
]

LONG = 6000  # characters of a value shown in place; the file or the command line has the rest
STATES = {
    "waiting": "waiting",
    "running": "running",
    "reused": "reused",
    "done": "run",
    "skipped": "not needed",
    "failed": "failed",
    "cancelled": "stopped",
}


def chain_list(chains: Sequence[PipelineInfo], current: str, folder: str, has_example: bool) -> str:
    """Every chain, to choose from."""
    return fill("chain_list.html", chains=chains, current=current, folder=place(folder), has_example=has_example)


def chain_head(chain: PipelineInfo, canvas: str, on_canvas: bool) -> str:
    """What a chain is, and the way to its canvas."""
    return fill("chain_head.html", chain=chain, canvas=canvas, on_canvas=on_canvas)


def chain_graph(chain: PipelineInfo) -> str:
    """A chain's steps before anything is run."""
    return fill("graph.html", layout=_layout(chain, chain.steps), steps={}, current="", title=chain.title, words=STATES)


def form(chain: PipelineInfo) -> str:
    """A form from a chain's inputs: what its author shows first, the rest folded away."""
    fields = [(info, field(info, info.default)) for info in chain.inputs]
    first = [f for info, f in fields if info.component or info.required]
    rest = [f for info, f in fields if not (info.component or info.required)]
    return fill("chain_form.html", id=chain.name, act="run", first=first, rest=rest, button="Run", title="Run it")


def runs(jobs: Sequence[tuple[JobInfo, str | None]], current: str, other: str) -> str:
    """Past and present runs, each to be opened, or compared with the one that is open.

    Args:
        jobs: with the digest of the picture or clip that each gave, if there is one.
    """
    views = [job_view(job, shown) for job, shown in jobs]
    return fill("chain_runs.html", jobs=views, current=current, other=other)


def run_head(view: RunView) -> str:
    """One run: how it stands, and what can be done with it."""
    job = job_view(view.job)
    ran, reused = sum(s.ran for s in view.steps), sum(s.reused for s in view.steps)
    return fill(
        "run_head.html", job=job, pipeline=view.job.pipeline, has_chain=view.chain is not None,
        chain_title=view.chain.title if view.chain else view.job.pipeline,
        ran=ran,
        reused=reused,
        python=as_python(view.job),
        command=as_command(view.job),
    )  # fmt: skip


def run_graph(view: RunView, current: str) -> str:
    """A run's steps: how each stands, what it took, and which are the chosen one's."""
    names = [step.name for step in view.steps]
    layout = _layout(view.chain, names)
    steps = {step.name: (step, _took(step)) for step in view.steps}
    return fill("graph.html", layout=layout, steps=steps, current=current, title=view.job.title, words=STATES)


def step(view: RunView, name: str) -> str:
    """One step of a run: what it took and gave, and a form to run it again with a change."""
    found = view.step(name)
    if found is None:
        return fill("step.html", step=None, inputs=[], outputs=[], fields=[], job=view.job, state="", took="")
    fields = [field(i, current_value(view.job, i)) for i in view.inputs_of(name)] if view.job.state in FINAL else []
    return fill(
        "step.html", step=found, job=view.job, state=STATES[found.state], took=_took(found),
        inputs=_values(found.inputs, {s.name for s in view.steps}), outputs=_values(found.outputs),
        fields=fields,
    )  # fmt: skip


def compare(left: RunView, right: RunView) -> str:
    """Two runs side by side: what differed step by step, and which pictures changed."""
    names = list(dict.fromkeys([s.name for s in left.steps] + [s.name for s in right.steps]))
    rows = [_difference(name, left, right) for name in names]
    changed = sum(not row["same"] for row in rows)
    heads = [(job_view(v.job), clock(v.job.created_at)) for v in (left, right)]
    return fill("compare.html", rows=rows, heads=heads, changed=changed, words=STATES)


def _layout(chain: PipelineInfo | None, steps: Sequence[str]) -> Layout:
    return lay_out(list(steps), [(a, b) for a, _, b, _ in chain.edges] if chain else [])


def _took(step: StepInfo) -> str:
    if step.state == "running":
        return f"{round(100 * step.progress)} %"
    parts = [duration(step.seconds)] if step.seconds is not None and step.state == "done" else []
    if step.items:
        parts.append(f"{step.reused} of {step.items} reused" if step.reused else f"{step.items} items")
    return " · ".join(parts)


def _values(values: Mapping[str, Any], steps: set[str] | None = None) -> list[dict[str, Any]]:
    """Values for the template: files apart, the rest as text; an input that another step gave leads there."""
    found = []
    for port, value in values.items():
        files = list(files_in(value))
        source = value.rpartition(".")[0] if isinstance(value, str) and steps else ""
        text = "" if files else value if isinstance(value, str) else json.dumps(value, indent=2, default=str)
        found.append(
            {
                "port": port,
                "files": [{"ref": ref, "size": bytes_of(ref.size), "kind": _kind(ref)} for ref in files],
                "text": text if len(text) <= LONG else f"{text[:LONG]} …",
                "source": source if steps and source in steps else "",
            }
        )
    return found


def _kind(ref: FileRef) -> str:
    return ref.media_type.partition("/")[0] if ref.media_type in _SHOWN else "file"


_SHOWN = frozenset(
    ("image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "video/mp4", "video/webm")
)


def _difference(name: str, left: RunView, right: RunView) -> dict[str, Any]:
    a, b = left.step(name), right.step(name)
    ports = dict.fromkeys([*(a.outputs if a else ()), *(b.outputs if b else ())])
    outputs = []
    for port in ports:
        pair = [_values({port: s.outputs[port]})[0] if s and port in s.outputs else None for s in (a, b)]
        values = [s.outputs.get(port) if s else None for s in (a, b)]
        outputs.append({"port": port, "pair": pair, "same": _digests(values[0]) == _digests(values[1])})
    return {
        "name": name,
        "pair": [(s.state, _took(s)) if s else ("skipped", "") for s in (a, b)],
        "same": a is not None and b is not None and a.key == b.key,
        "inputs": _changed_inputs(name, left, right),
        "outputs": outputs,
    }


def _changed_inputs(name: str, left: RunView, right: RunView) -> list[tuple[str, str, str]]:
    infos = {
        info.port: info
        for view in (left, right)
        for info in (view.chain.inputs if view.chain else ())
        if info.step == name
    }
    found = []
    for port, info in infos.items():
        a, b = (current_value(view.job, info) for view in (left, right))
        if a != b:
            found.append((port, _brief(a), _brief(b)))
    salts = [view.job.options.get("salts", {}).get(name) for view in (left, right)]
    if salts[0] != salts[1]:
        found.append(("run anyway", "yes" if salts[0] else "no", "yes" if salts[1] else "no"))
    return found


def _digests(value: Any) -> Any:
    """A value with files by their bytes alone."""
    if isinstance(value, FileRef):
        return value.digest
    if isinstance(value, list | tuple):
        return [_digests(one) for one in value]
    if isinstance(value, dict):
        return {name: _digests(one) for name, one in value.items()}
    return value


def _brief(value: Any) -> str:
    text = (
        value.name
        if isinstance(value, FileRef)
        else value
        if isinstance(value, str)
        else json.dumps(value, default=str)
    )
    return text if len(text) <= 80 else f"{text[:79]}…"

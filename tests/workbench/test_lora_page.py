"""What the LoRA page shows of a training, and what it makes of a person's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.errors import InputError
from data.records import FileRef, JobInfo, StepInfo
from pipelines.loras import LoraInfo, Point
from workbench.components import loras as views
from workbench.pages.lora import _captions, _settings

DIGEST = "a" * 64
FILE = FileRef(DIGEST, "mira.safetensors", "application/octet-stream", 5)
SHEET = FileRef("b" * 64, "sheet.png", "image/png", 5)
REPORT = {
    "chosen": 4,
    "versions": [{"step": 2, "first": 0.2}, {"step": 4, "first": 0.5}],
    "before": {"first": 0.1, "second": 0.05, "adherence": None},
    "after": {"first": 0.6, "second": 0.55, "adherence": 0.5},
    "reach": {"first": 0.8, "second": 0.7},
    "drift": {"pixels": 0.01, "likeness": 0.02},
    "why": "likeness on pictures held out",
}


def lora(state: str = "completed", **changes: object) -> LoraInfo:
    job = JobInfo(
        id="job1", pipeline="train_lora", title="Train mira7", state="SUCCEEDED", user="admin", created_at=0.0
    )
    return replace(LoraInfo(job, state, "mira7", "", versions=(2, 4), report=REPORT, files=(FILE,)), **changes)  # type: ignore[arg-type, type-var]


def test_a_finished_lora_shows_before_and_after_its_versions_and_its_files() -> None:
    outputs = {"sheets": [SHEET, SHEET], "before": SHEET, "after": SHEET}
    steps = {"pick": StepInfo(name="pick", state="done", outputs=outputs)}
    shown = views.detail(lora(), [Point(1, 0.5), Point(2, 0.4, 0.3)], steps)
    assert "0.05" in shown and "0.55" in shown and "4: 0.50, the best" in shown
    assert 'data-act="pick" data-id="job1/2"' in shown and 'data-id="job1/4"' not in shown
    assert "mira.safetensors" in shown and 'data-act="use"' in shown
    assert "0.05 → 0.55" in views.listing([lora()], "job1")


def test_one_that_trains_can_be_stopped_and_one_that_was_stopped_goes_on() -> None:
    running = lora("training", progress=0.25, report={}, files=(), versions=())
    assert 'data-act="stop"' in views.detail(running, [], {})
    assert "training 25%" in views.listing([running], "")
    stopped = lora("cancelled", report={}, files=(), versions=())
    assert 'data-act="resume"' in views.detail(stopped, [], {})


def test_a_dataset_shows_captions_advice_and_what_was_left_out_harmlessly() -> None:
    row = {"file": "<b>.png", "caption": "mira7, <script>", "set": "train"}
    found = {
        "pictures": [SHEET],
        "table": [row],
        "dropped": [{"file": "c.png", "why": "shows the same", "like": "a.png"}],
    }
    advice = {"count": 1, "passes": 9.0, "notes": [{"level": "warn", "about": "count", "text": "Few."}]}
    steps = {
        "dataset": StepInfo(name="dataset", state="done", outputs=found),
        "advise": StepInfo(name="advise", state="done", outputs={"advice": advice}),
    }
    shown = views.dataset(steps)
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "Few." in shown and "c.png (shows the same as a.png)" in shown
    assert views.dataset({}) == ""


def test_settings_and_captions_are_read_as_they_are_written() -> None:
    assert _settings("steps=200, method=dora,flip=true") == {"steps": 200, "method": "dora", "flip": True}
    assert _settings("") == {}
    with pytest.raises(InputError, match="NAME=VALUE"):
        _settings("rank 8")
    assert _captions([["a.png", " mira7, red coat "], ["b.png", ""]]) == {"a.png": "mira7, red coat"}

"""What the LoRA page shows of a training, and what it makes of a person's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.errors import InputError
from data.records import FileRef, JobInfo, StepInfo
from pipelines.loras import LoraInfo, Point
from workbench.components import lora_form as forms
from workbench.components import loras as views

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
    return replace(LoraInfo(job, state, "mira7", "", versions=(2, 4), report=REPORT, files=(FILE,)), **changes)  # type: ignore[arg-type]


def test_a_finished_lora_shows_before_and_after_its_versions_and_its_files() -> None:
    outputs = {"sheets": [SHEET, SHEET], "before": SHEET, "after": SHEET}
    steps = {"pick": StepInfo(name="pick", state="done", outputs=outputs)}
    shown = views.detail(lora(), [Point(1, 0.5), Point(2, 0.4, 0.3)], steps, {})
    assert "0.05" in shown and "0.55" in shown and "4: 0.50, the best" in shown
    assert 'data-act="pick" data-id="job1/2"' in shown and 'data-id="job1/4"' not in shown
    assert "mira.safetensors" in shown and 'data-act="use"' in shown
    assert "0.05 → 0.55" in views.listing([lora()], "job1", {})
    other = views.detail(lora(version=2, character="c1"), [], steps, {"c1": "Mira"}, "mira.safetensors")
    assert 'data-id="job1/4"' in other and 'data-id="job1/2"' not in other, "its files are of version 2"
    assert "/generate?character=c1" in other and 'data-act="delete"' in other and 'data-act="use"' not in other


def test_one_that_trains_can_be_stopped_and_one_that_was_stopped_goes_on() -> None:
    running = lora("training", progress=0.25, report={}, files=(), versions=())
    assert 'data-act="stop"' in views.detail(running, [], {}, {})
    assert "training 25%" in views.listing([running], "", {})
    stopped = lora("cancelled", report={}, files=(), versions=())
    assert 'data-act="resume"' in views.detail(stopped, [], {}, {})


def test_a_dataset_shows_captions_advice_and_what_was_left_out_harmlessly() -> None:
    row = {"file": "<b>.png", "caption": "mira7, <script>", "set": "train", "source": "take"}
    found = {
        "pictures": [SHEET],
        "table": [row],
        "dropped": [{"file": "c.png", "why": "shows the same", "like": "a.png"}],
    }
    advice = {
        "count": 1,
        "passes": 9.0,
        "likeness": {"<b>.png": 0.61},
        "augmentations": [],
        "notes": [{"level": "warn", "about": "count", "text": "Few."}],
    }
    steps = {
        "dataset": StepInfo(name="dataset", state="done", outputs=found),
        "advise": StepInfo(name="advise", state="done", outputs={"advice": advice}),
    }
    shown = views.dataset(steps)
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "Few." in shown and "0.61" in shown and "c.png (shows the same as a.png)" in shown
    assert views.dataset({}) == ""


def form(values: dict[str, object], **more: object) -> str:
    return forms.form(values, family="pocket", models=[("", "Pocket")], characters=[("c1", "<Mira>")], **more)  # type: ignore[arg-type]


def test_the_form_has_every_setting_with_a_line_on_it_and_what_the_preset_has() -> None:
    from lora.training.config import ABOUT

    shown = form({"preset": "fast", "set.rank": "4", "character": "c1"}, found="12 of the grid", first="mr7")
    for name, about in ABOUT.items():
        assert f'name="set.{name}"' in shown
        assert about.partition(";")[0].replace("'", "&#39;") in shown
    assert 'value="4" placeholder="8"' in shown and "12 of the grid" in shown and "&lt;Mira&gt;" in shown


def test_only_what_differs_from_the_preset_is_asked_for() -> None:
    values = {"preset": "fast", "set.steps": "150", "set.rank": "4", "set.rate": "2e-3", "set.method": "dora"}
    values |= {"set.flip": "no", "set.quantise": "yes", "set.alpha": "", "set.optimiser": ""}
    assert forms.settings_of(values, "sd15") == {"rank": 4, "rate": 2e-3, "method": "dora", "quantise": True}
    # What was never chosen follows the preset: its layers, its running mean.
    assert forms.settings_of({"preset": "thorough", "set.targets": ""}, "sd15") == {}
    assert '<option value="">wide</option>' in form({"preset": "thorough", "set.targets": ""})
    with pytest.raises(InputError, match="Rank is 'eight'"):
        forms.settings_of({"set.rank": "eight"}, "pocket")


def test_captions_and_what_is_left_out_come_from_the_table() -> None:
    values: dict[str, object] = {
        "caption.a.png": " mira7, red coat ",
        "caption.b.png": "",
        "use.a.png": True,
        "use.b.png": False,
    }
    assert forms.captions_of(values) == {"a.png": "mira7, red coat"}
    assert forms.unwanted(values) == ["b.png"]

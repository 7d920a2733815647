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


def test_a_deleted_lora_says_so_and_offers_only_to_train_it_again() -> None:
    outputs = {"before": SHEET, "after": SHEET, "sheets": [SHEET, SHEET]}
    steps = {"pick": StepInfo(name="pick", state="done", outputs=outputs)}
    shown = views.detail(lora("deleted", versions=(), files=()), [], steps, {})
    assert "Deleted" in shown and 'data-act="again"' in shown and "Without it, and with it" not in shown
    assert "versions-row" not in shown
    assert not any(f'data-act="{act}"' in shown for act in ("use", "pick", "delete", "resume", "longer"))
    assert "deleted" in views.listing([lora("deleted")], "", {})


def test_other_people_are_shown_as_such_while_they_are_drawn_and_afterwards() -> None:
    table = [{"caption": "mira7, red coat", "set": "train"}, {"caption": "mira7, happy", "set": "report"}]
    read = StepInfo(name="dataset", state="done", outputs={"pictures": [SHEET, SHEET], "table": table})
    asked = replace(lora().job, inputs={"others": 14}, preview="c" * 64)
    running = lora("training", job=asked, report={}, files=(), versions=(), character="c1")
    drawing = StepInfo(name="others", state="running", progress=0.5, note="picture 8 of 14")
    shown = views.detail(running, [], {"dataset": read, "others": drawing}, {"c1": "Mira"})
    assert "Drawing other people: picture 8 of 14" in shown and 'aria-valuenow="50"' in shown
    assert "None of these is Mira" in shown and "none yet of 14" in shown
    assert "2 pictures of Mira: 1 to learn from, 1 held out" in shown
    assert "The newest of them" in shown and "Samples of the newest version" not in shown

    captions = [f"look {number}" for number in range(14)]
    drawn = StepInfo(name="others", state="done", outputs={"pictures": [SHEET] * 14, "captions": captions})
    shown = views.detail(replace(running, state="completed"), [], {"dataset": read, "others": drawn}, {"c1": "Mira"})
    assert "14 of 14" in shown and all(caption in shown for caption in captions) and "2 more" in shown
    assert "Other people" not in views.detail(lora(), [], {"dataset": read}, {}), "none were asked for"


def test_samples_are_shown_when_there_is_a_version_to_have_drawn_them() -> None:
    training = lora("training", job=replace(lora().job, preview="c" * 64), report={}, files=(), versions=())
    steps = {"train": StepInfo(name="train", state="running", note="step 3 of 9")}
    assert "Samples" not in views.detail(training, [Point(1, 0.5)], steps, {})
    shown = views.detail(training, [Point(1, 0.5), Point(2, 0.4, kept=True)], steps, {})
    assert "Samples of the newest version" in shown and "step 3 of 9" in shown


def test_one_that_trains_can_be_stopped_and_one_that_was_stopped_goes_on() -> None:
    running = lora("training", progress=0.25, report={}, files=(), versions=())
    assert 'data-act="stop"' in views.detail(running, [], {}, {})
    assert "training 25%" in views.listing([running], "", {})
    stopped = lora("cancelled", report={}, files=(), versions=())
    assert 'data-act="resume"' in views.detail(stopped, [], {}, {})
    assert "Waits for its turn" in views.detail(replace(running, state="un-trained"), [], {}, {})
    failed = replace(stopped, state="failed", job=replace(stopped.job, error="At step 3 the numbers ran away."))
    shown = views.detail(failed, [], {}, {})
    assert "ran away" in shown and all(f'data-act="{act}"' in shown for act in ("resume", "again", "delete"))


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
        "variety": 0.17,
        "verdict": "fair",
        "views": {"half_left": 1, "": 2},
        "augmentations": [],
        "notes": [{"level": "warn", "about": "count", "text": "Few."}],
    }
    steps = {
        "dataset": StepInfo(name="dataset", state="done", outputs=found),
        "advise": StepInfo(name="advise", state="done", outputs={"advice": advice}),
    }
    shown = views.dataset(steps)
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "can be trained on" in shown and ">0.17<" in shown and "half left" in shown
    assert "Few." in shown and "0.61" in shown and "c.png (shows the same as a.png)" in shown
    assert views.dataset({}) == ""
    found["dropped"].append({"file": "d.png", "why": "left out"})
    assert '<input type="checkbox" name="use.d.png">' in views.dataset(steps), "not wanted until it is ticked again"


def form(values: dict[str, object], **more: object) -> str:
    return forms.form(values, family="pocket", models=[("", "Pocket")], characters=[("c1", "<Mira>")], **more)  # type: ignore[arg-type]


def test_the_form_has_every_setting_with_a_line_on_it_and_what_the_preset_has() -> None:
    from lora.training.config import ABOUT

    shown = form({"preset": "fast", "set.rank": "4", "character": "c1"}, found="12 of the grid", first="mr7")
    for name, about in ABOUT.items():
        assert f'name="set.{name}"' in shown
        assert about.partition(";")[0].replace("'", "&#39;") in shown
    assert 'value="4" placeholder="8"' in shown and "12 of the grid" in shown and "&lt;Mira&gt;" in shown


def test_what_a_person_set_outlives_another_preset_and_is_named() -> None:
    mine = {"set.steps": "120", "set.targets": "wide", "set.rate": "", "turn": 3}
    shown = form({**mine, "preset": "thorough"})
    assert "Kept as you set them: Steps 120." in shown and "preset: 3000" in shown
    assert 'data-turn="3"' in shown and '<option value="wide">wide</option>' in shown, "it stays wide in the next"
    assert "Kept as you set them: Steps 120, Layers wide." in forms.form(
        {**mine, "preset": "fast"}, family="sd15", models=[], characters=[]
    )
    assert forms.plain(mine) == {"turn": 3} and "Kept as" not in form(forms.plain(mine))


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

from __future__ import annotations

import math

import pytest
from safetensors.torch import load_file

from blocks.errors import Cancelled, InputError
from lora.dataset import make_dataset
from lora.pick import best_of, pick_version
from lora.train import settings_for, train_lora

QUICK = {"steps": 4, "batch": 2, "rank": 2, "alpha": 1.0, "save_every": 2, "warmup": 0, "rate": 1e-3, "size": 32}


@pytest.fixture
def dataset(pictures, tmp_path):
    (tmp_path / "dataset").mkdir()
    return make_dataset(pictures, "mira7", scratch=tmp_path / "dataset")


@pytest.fixture
def trained(tiny, dataset, tmp_path):
    calls = iter(range(100))

    def run(settings=QUICK, **more):
        scratch = tmp_path / f"trained-{next(calls)}"
        scratch.mkdir()
        more = {"samples": 0, **more}
        return train_lora(
            dataset.pictures, dataset.table, str(tiny("pocket")), "fast", settings, scratch=scratch, **more
        )

    return run


def test_a_training_gives_versions_a_curve_and_what_it_was(trained, capsys):
    told = []
    made = trained(samples=1, progress=lambda fraction, note="", preview=None: told.append((fraction, note, preview)))
    assert [path.name for path in made.versions] == ["step-000002.safetensors", "step-000004.safetensors"]
    assert [point["step"] for point in made.curve] == [1, 2, 3, 4]
    assert all(math.isfinite(point["loss"]) for point in made.curve)
    assert made.facts["family"] == "pocket" and made.facts["settings"]["rank"] == 2
    assert any(preview is not None and preview.exists() for _, _, preview in told), "samples to look at"
    assert any("left" in note for _, note, _ in told)
    fractions = [fraction for fraction, _, _ in told]
    assert fractions == sorted(fractions) and fractions[-1] <= 1
    printed = capsys.readouterr().out
    assert "step 1 of 4 loss" in printed and "version 4 kept" in printed


def test_a_cancelled_training_goes_on_where_it_was_stopped(trained, tmp_path):
    def stop(fraction, note="", preview=None):
        if note.startswith("step 3 "):
            raise Cancelled("Stopped on request.")

    with pytest.raises(Cancelled):
        trained(unfinished=tmp_path / "kept", progress=stop)
    told = []
    rest = trained(unfinished=tmp_path / "kept", progress=lambda f, note="", p=None: told.append(note))
    whole = trained()
    assert not [note for note in told if note.startswith(("step 1 ", "step 2 ", "step 3 "))]
    assert [point["loss"] for point in rest.curve] == [point["loss"] for point in whole.curve]
    ours, theirs = (load_file(made.versions[-1]) for made in (rest, whole))
    assert max(float((ours[name] - theirs[name]).abs().max()) for name in theirs) == 0


def test_a_finished_training_can_be_made_longer(trained):
    constant = {**QUICK, "schedule": "constant"}
    first = trained({**constant, "steps": 2})
    longer, whole = trained(constant, start=first.state), trained(constant)
    assert load_file(longer.versions[-1]).keys() == load_file(whole.versions[-1]).keys()
    assert longer.versions[-1].read_bytes() == whole.versions[-1].read_bytes()
    with pytest.raises(InputError, match="another"):
        trained({**constant, "rank": 4}, start=first.state)


def test_presets_suit_the_family_and_say_what_is_wrong():
    assert settings_for("sd15", "fast").steps == 150
    assert settings_for("flux1").checkpointing and settings_for("flux1").batch == 1
    assert settings_for("pocket", "fast", {"steps": 7}).steps == 7
    assert settings_for("pocket", "fast", {"optimiser": "prodigy"}).rate == 1.0
    assert settings_for("pocket", "fast").steps < settings_for("pocket", "thorough").steps
    assert settings_for("sd15", "balanced", {"steps": 60}).save_every == 20, "there are versions to choose from"
    assert settings_for("sd15", "balanced", {"steps": 60, "save_every": 60}).save_every == 60
    for preset, settings, said in (
        ("slow", {}, "no preset"),
        ("fast", {"stepz": 1}, "no setting"),
        ("fast", {"steps": 0}, "steps is 0"),
        ("fast", {"rate": math.nan}, "rate"),
        ("fast", {"method": "full"}, "method"),
    ):
        with pytest.raises(InputError, match=said):
            settings_for("pocket", preset, settings)


def test_the_version_is_picked_by_likeness_and_of_equals_the_earliest():
    assert best_of([0.1, 0.5, 0.4]) == 1
    assert best_of([0.5, 0.5]) == 0
    assert best_of([None, None]) == 1


def test_a_pick_reports_before_and_after_on_pictures_it_did_not_choose_by(trained, dataset, tiny, tmp_path):
    made = trained()
    scratch = tmp_path / "picked"
    scratch.mkdir()
    found = pick_version(
        made.versions,
        dataset.pictures,
        dataset.table,
        dataset.trigger,
        str(tiny("pocket")),
        count=1,
        size=32,
        scratch=scratch,
    )
    assert found.lora in made.versions and len(found.sheets) == 2
    assert {"first", "second", "adherence"} <= found.report["before"].keys() == found.report["after"].keys()
    assert found.report["sets"] == {"train": 4, "select": 1, "report": 1, "held_out": True}
    assert found.report["drift"]["pixels"] >= 0
    assert found.before.exists() and found.after.exists()
    with pytest.raises(InputError, match="no version"):
        pick_version([], dataset.pictures, dataset.table, "mira7", str(tiny("pocket")), scratch=scratch)

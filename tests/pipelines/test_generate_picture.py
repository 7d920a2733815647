"""A picture is drawn by the lab, end to end, with a tiny random model in its models folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.pocket.pack import GUIDANCE
from blocks.provenance import read_recipe
from pipelines import generate_picture
from pipelines.lab import Lab
from pipelines.settings import Settings
from tests.blocks.models import _adapters
from tests.blocks.models._tiny import build

SMALL = {"model": "tiny", "steps": 2, "width": 32, "height": 32, "prompt": "a woman, red coat"}


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with one tiny model and a LoRA for it."""
    home = tmp_path_factory.mktemp("drawing") / "home"
    build("pocket", home / "models" / "tiny")
    _adapters.lora(home / "models" / "tiny", home / "models" / "character.safetensors")
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as lab:
        for name in ("tiny", "character.safetensors"):
            lab.approve_model(name)
        yield lab


def test_a_picture_is_drawn_and_carries_how_it_was_made(drawing: Lab, tmp_path: Path) -> None:
    run = drawing.run("generate_picture", show=False, seed=3, **SMALL)
    facts = run["generate"].outputs["facts"]
    assert (facts["model"], facts["family"], facts["seed"]) == ("tiny", "pocket", 3)
    picture = Path(drawing.media(run["take"].outputs["picture"].digest).path)
    with Image.open(picture) as drawn:
        assert drawn.size == (32, 32)
    recipe = read_recipe(picture)
    assert recipe is not None
    assert recipe["ai"]["system"] == "tiny"
    assert facts["digest"] in str(recipe)
    assert recipe["settings"]["seed"] == 3


def test_a_picture_is_a_take_with_all_that_was_asked(drawing: Lab) -> None:
    run = drawing.run("generate_picture", show=False, seed=4, negative="hat", **SMALL)
    [take] = drawing.takes(job=run.job.id)
    assert take.picture == run["take"].outputs["picture"]
    assert (take.prompt, take.seed, take.model, take.score) == (SMALL["prompt"], 4, "tiny", None)
    asked = {name: take.settings[name] for name in ("negative", "steps", "width", "sampler", "guidance")}
    sampler = run["generate"].outputs["facts"]["sampler"]
    assert asked == {"negative": "hat", "steps": 2, "width": 32, "sampler": sampler, "guidance": GUIDANCE}


def test_pictures_are_asked_for_in_one_call(drawing: Lab) -> None:
    mara = drawing.create_character("Mara", fields={"positive": "freckles", "negative": "hat"})
    settings: dict[str, Any] = {"character": "mara", "count": 2, "seed": 40, "once": "a click", "label": "x"}
    settings |= {**SMALL, "prompt": "red coat"}
    jobs, again = (drawing.generate(**settings) for _ in range(2))
    assert [job.id for job in jobs] == [job.id for job in again]
    assert [drawing.wait(job.id, timeout=60).state for job in jobs] == ["SUCCEEDED"] * 2
    takes = drawing.takes(batch=jobs[0].batch)
    assert sorted(take.seed for take in takes) == [40, 41]
    assert {(take.character, take.prompt, take.settings["negative"], take.label) for take in takes} == {
        (mara.id, "red coat, freckles", "hat", "x")
    }
    assert drawing.character("mara").take_count == 2
    assert {take.settings["character_version"] for take in takes} == {"1.0.0"}


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"count": 0}, "1 to 64"),
        ({"count": 65}, "1 to 64"),
        ({"max_iterations": 6}, "1 to 5"),
        ({"quality_threshold": 1.0}, "between 0 and 1"),
        ({"quality_threshold": float("nan")}, "between 0 and 1"),
    ],
)
def test_a_number_that_is_none_is_refused(drawing: Lab, numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        drawing.generate("red coat", **numbers)


def test_what_is_asked_again_is_not_drawn_again_and_another_seed_is(drawing: Lab) -> None:
    first, again, other = (drawing.run("generate_picture", show=False, seed=seed, **SMALL) for seed in (5, 5, 6))
    assert again["generate"].state == "reused"
    assert other["generate"].state == "done"
    assert first["generate"].key != other["generate"].key


def test_a_lora_by_its_name_and_a_reference_join_the_key(drawing: Lab, tmp_path: Path) -> None:
    Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 60).convert("RGB").save(tmp_path / "actor.png")
    plain = drawing.run("generate_picture", show=False, **SMALL)
    with_lora = drawing.run("generate_picture", show=False, loras=[{"path": "character.safetensors"}], **SMALL)
    with_face = drawing.run("generate_picture", show=False, references=[str(tmp_path / "actor.png")], **SMALL)
    assert with_lora["generate"].outputs["facts"]["loras"] == [{"name": "character.safetensors", "weight": 1.0}]
    assert with_face["generate"].outputs["facts"]["references"] == "start"
    drawn = {run["generate"].outputs["picture"].digest for run in (plain, with_lora, with_face)}
    assert len(drawn) == 3


def test_drawing_stops_between_steps_and_the_worker_draws_on(drawing: Lab) -> None:
    job = drawing.submit("generate_picture", {**SMALL, "steps": 500, "seed": 77})
    drawing.wait(job.id, timeout=60, on_change=lambda now: now.progress > 0.1 and drawing.cancel(now.id))
    assert drawing.job(job.id).state == "CANCELLED"
    assert drawing.run("generate_picture", show=False, seed=78, **SMALL)["generate"].state == "done"


def test_where_no_model_is_named_the_labs_own_draws(drawing: Lab) -> None:
    settled = _settled(drawing.home)
    assert (settled["model"], settled["steps"], len(str(settled["digest"]))) == ("pocket", 20, 64)
    run = drawing.run("generate_picture", show=False, prompt="red coat", steps=1, width=64, height=64)
    facts = run["generate"].outputs["facts"]
    assert (facts["model"], facts["family"], facts["digest"]) == ("pocket", "pocket", settled["digest"])


def _settled(home: Path, **inputs: object) -> dict[str, object]:
    return generate_picture.settle(inputs, Settings(home=home))


def test_the_digest_follows_the_model_and_what_is_put_on_it(drawing: Lab) -> None:
    plain, with_lora = (
        _settled(drawing.home, model="tiny", loras=loras)["digest"]
        for loras in ([], [{"path": "character.safetensors"}])
    )
    assert plain != with_lora
    assert _settled(drawing.home, model="tiny")["digest"] == plain
    assert (drawing.home / "models" / ".digests.json").is_file()


def test_what_is_left_open_is_filled_from_the_profile(drawing: Lab) -> None:
    settled = _settled(drawing.home, model="tiny")
    assert (settled["model"], settled["steps"], settled["guidance"]) == ("tiny", 20, GUIDANCE)


def test_a_name_that_is_not_there_is_refused_with_those_that_are(drawing: Lab, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"no model 'gone'.*there are pocket, tiny"):
        _settled(drawing.home, model="gone")
    with pytest.raises(NotAvailable, match="models pull"):
        _settled(tmp_path, model="gone")
    with pytest.raises(NotAvailable, match=r"no gone\.safetensors"):
        _settled(drawing.home, model="tiny", loras=[{"path": "gone.safetensors"}])


def test_a_damaged_model_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "models" / "broken").mkdir(parents=True)
    (tmp_path / "models" / "broken" / "model_index.json").write_text("{")
    with pytest.raises(UnreadableFile, match="broken"):
        _settled(tmp_path, model="broken")


@pytest.mark.parametrize(
    "wrong", [{"model": "/etc"}, {"model": "../x"}, {"model": "tiny", "adapter": "../a.safetensors"}]
)
def test_names_do_not_lead_out_of_the_models_folder(drawing: Lab, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not the name of a model"):
        drawing.submit("generate_picture", {**SMALL, **wrong})


def test_another_models_folder_cannot_be_named_either(drawing: Lab, tmp_path: Path) -> None:
    build("pocket", tmp_path / "tiny")
    with pytest.raises(InputError, match="outside the models folder"):
        drawing.submit("generate_picture", {**SMALL, "models": str(tmp_path)})


def test_a_model_that_could_never_fit_is_refused_before_it_is_queued(
    drawing: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blocks.models.memory.whole", lambda device: 1)
    with pytest.raises(NotAvailable, match=r"tiny needs .* of main memory, which has 0 MiB"):
        drawing.submit("generate_picture", SMALL)


def test_the_work_is_told_before_it_is_done() -> None:
    [work] = generate_picture.work({"steps": 20, "width": 1000, "height": 500, "model": "tiny"})
    assert (work.units, work.like) == (10.0, {"model": "tiny"})
    assert next(generate_picture.work({})).units > 0

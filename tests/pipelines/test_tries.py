"""The quality loop in the lab, with a pencil for a model: tries are drawn until one passes, and every one is a take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from daggr import FnNode, Graph, InputNode
from PIL import Image

from blocks.provenance import read_recipe
from blocks.quality import CONSISTENCY, CREATIVE, MOST_TRIES
from pipelines.lab import Lab, Run
from pipelines.tries import asked, quality_loop, work_of_loop

EMBEDDER = "e" * 64


def cast(word: str, *, scratch: Path) -> tuple[dict[str, Any], list[Path]]:
    """A reference set of four, and its pictures."""
    members, pictures = [], []
    for number, view in enumerate(("front", "front", "half_left", "side_left")):
        path = scratch / f"{number}.png"
        Image.new("RGB", (8, 8), (number * 50, 0, 0)).save(path)
        pictures.append(path)
        embedding = [0.0] * 512
        embedding[number] = 1.0
        members.append({"file": path.name, "view": view, "sharpness": float(number), "embedding": embedding})
    mean = [0.5] * 4 + [0.0] * 508
    facts = {"embedder": EMBEDDER, "domain": "pocket", "digest": "ab" * 32, "count": 4}
    return facts | {"identity": mean, "members": members, "ceiling": {"raw": 0.8}}, pictures


def pencil(
    prompt: str = "",
    seed: int = 0,
    reference_scale: float = 1.0,
    identity: Sequence[float] | None = None,
    references: Sequence[Path] | None = None,
    model: str = "",
    negative: str = "",
    steps: int = 0,
    guidance: float | None = None,
    sampler: str = "",
    width: int = 0,
    height: int = 0,
    strength: float = 0.6,
    loras: Sequence[dict[str, Any]] | None = None,
    adapter: str = "",
    control: str = "",
    control_scale: float = 1.0,
    image: Path | None = None,
    mask: Path | None = None,
    control_image: Path | None = None,
    dtype: str = "auto",
    device: str = "auto",
    offload: str = "none",
    *,
    scratch: Path,
) -> tuple[Path, dict[str, Any]]:
    """Draws how strongly it was held, so that a stand-in for a score can see it."""
    colour = (round(100 * reference_scale), seed % 251, len(prompt) % 251)
    Image.new("RGB", (32, 32), colour).save(scratch / "picture.png")
    facts = {"model": "pencil", "digest": "d" * 64, "prompt": prompt, "seed": seed, "given": len(references or ())}
    facts["begun"] = image.name if image else ""
    return scratch / "picture.png", facts


def judge(
    picture: Path, references: dict[str, Any], pack: str = "", threshold: float = 0.85, applicable: bool = True
) -> dict[str, Any]:
    """The stronger the likelier, 1.4 being certain."""
    with Image.open(picture) as opened:
        red = opened.getpixel((0, 0))[0]  # type: ignore[index]
    face = [1.0] + [0.0] * 511
    about = {"gate": threshold, "embedder": EMBEDDER, "references": references["digest"], "embedding": face}
    if not applicable:
        return about | {"scorable": False, "why": "no face", "raw": None, "calibrated": None, "passed": None}
    figure = red / 140
    return about | {"scorable": True, "why": "", "raw": figure / 2, "calibrated": figure, "passed": figure >= threshold}


def chain(word: str) -> Graph:
    ask = InputNode("asked", ports=asked())
    found = FnNode(cast, name="cast", inputs={"word": word}, outputs={"references": None, "pictures": None})
    return Graph("Draw", nodes=[quality_loop(ask, found.references, found.pictures, pencil, judge)])


def draw(lab: Lab, word: object, **given: Any) -> Run:
    return lab.run(chain(str(word)), show=False, **given)


def states(run: Run, step: str) -> str:
    return "".join(run.steps[f"{step}_{n}"].state[0] for n in range(1, MOST_TRIES + 1))


def test_the_first_pass_ends_it(lab: Lab, tmp_path: Path) -> None:
    run = draw(lab, tmp_path, reference_scale=1.3)
    assert states(run, "draw") == "dssss"
    assert run["try_2"].note == "try 1 passed the gate"
    [take] = lab.takes(job=run.job.id)
    assert take.score is not None and take.score["passed"]
    assert run.outputs["ranking"][0]["attempt"] == 1


def test_a_failed_try_changes_what_may_help_and_says_why(lab: Lab, tmp_path: Path) -> None:
    run = draw(lab, tmp_path, reference_scale=0.6, seed=5, quality_threshold=0.7, prompt="red coat")
    takes = lab.takes(job=run.job.id)[::-1]
    assert [take.attempt for take in takes] == [1, 2, 3]
    assert [take.settings["reference_scale"] for take in takes] == [0.6, 0.8, 0.8]
    assert len({take.seed for take in takes}) == 3 and takes[0].seed == 5
    assert [take.settings["why"] for take in takes] == [
        "",
        "0.43 of 0.70: references weigh more",
        "0.57 of 0.70: the sharper half of the references counts alone",
    ]
    assert takes[2].settings["members"] == [2, 3]
    assert takes[1].settings["changed"]["reference_scale"] == 0.8
    assert run["try_4"].note == "3 of 3 tries are made"
    best = run.outputs["ranking"]
    assert [one["rank"] for one in best] == [1, 2, 3] and not any(one["passed"] for one in best)


def test_as_many_tries_as_are_asked_for(lab: Lab, tmp_path: Path) -> None:
    run = draw(lab, tmp_path, reference_scale=0.3, max_iterations=1)
    assert states(run, "take") == "dssss"
    run = draw(lab, tmp_path, reference_scale=0.3, max_iterations=MOST_TRIES)
    assert states(run, "take") == "rdddd"


def test_exploring_makes_every_try_and_shows_the_most_different_first(lab: Lab, tmp_path: Path) -> None:
    run = draw(lab, tmp_path, reference_scale=1.25, mode=CREATIVE, max_iterations=4, prompt="red coat")
    takes = lab.takes(job=run.job.id)[::-1]
    assert len(takes) == 4
    assert len({take.settings["reference_scale"] for take in takes}) == 4
    assert len({take.prompt for take in takes}) > 1 and all(take.prompt.startswith("red coat") for take in takes)
    ranking = run.outputs["ranking"]
    passed = [one["passed"] for one in ranking]
    assert passed == sorted(passed, reverse=True) and 1 < sum(passed) < 4


def test_a_character_seen_from_behind_has_no_face_and_needs_no_second_try(lab: Lab, tmp_path: Path) -> None:
    run = draw(lab, tmp_path, prompt="red coat, back view")
    [take] = lab.takes(job=run.job.id)
    assert take.score is not None and not take.score["scorable"] and take.score["raw"] is None
    assert "behind" in run["try_2"].note


def test_a_model_that_sees_pictures_gets_those_of_the_wanted_side_first(lab: Lab, tmp_path: Path) -> None:
    given = {"try_1.way": "images", "try_1.most": 2, "prompt": "side left", "reference_scale": 1.3}
    run = lab.run_of(lab.submit(chain(str(tmp_path)), given), show=False)
    [take] = lab.takes(job=run.job.id)
    assert take.settings["given"] == 2
    assert [ref.name for ref in run["try_1"].outputs["pictures"]] == ["3.png", "1.png"]
    assert run["try_1"].outputs["identity"] is None


def test_every_try_starts_from_the_picture_that_is_given(lab: Lab, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "start.png")
    run = draw(lab, tmp_path, image=str(tmp_path / "start.png"), reference_scale=0.6, max_iterations=2)
    takes = lab.takes(job=run.job.id)
    assert [take.settings["begun"] for take in takes] == ["start.png"] * 2
    assert takes[0].settings["image"].name == "start.png"


def test_every_take_carries_its_recipe(lab: Lab, tmp_path: Path) -> None:
    run = draw(lab, tmp_path, reference_scale=0.6, prompt="red coat")
    for take in lab.takes(job=run.job.id):
        recipe = read_recipe(Path(lab.media(take.picture.digest).path))
        assert recipe is not None
        assert recipe["settings"]["seed"] == take.seed
        assert recipe["settings"]["attempt"] == take.attempt
        assert recipe["ai"]["version"] == "d" * 64
        assert any(step["step"] == f"draw_{take.attempt}" for step in recipe["steps"])


def test_a_mode_that_is_none_is_refused(lab: Lab, tmp_path: Path) -> None:
    job = lab.wait(lab.submit(chain(str(tmp_path)), {"mode": "best"}).id, timeout=120)
    assert job.state == "FAILED"
    assert "consistency_priority and creative_exploration" in (job.error or "")


def test_the_work_is_that_of_one_try_or_of_all() -> None:
    asked: dict[str, Any] = {"steps": 20, "width": 1000, "height": 500, "max_iterations": 3}
    [one], [all_] = (list(work_of_loop({**asked, "mode": mode})) for mode in (CONSISTENCY, CREATIVE))
    assert (one.units, all_.units) == (10.0, 30.0)


@pytest.mark.parametrize("domain", ["photo", "anime"])
def test_faces_of_another_kind_are_not_given_to_a_model(lab: Lab, tmp_path: Path, domain: str) -> None:
    job = lab.wait(lab.submit(chain(str(tmp_path)), {"try_1.domain": domain}).id, timeout=120)
    assert "Choose the face pack that belongs to the model" in (job.error or "")

"""What a step leaves in the ledger is there when the job is told finished, once, whatever happened on the way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from daggr import FnNode, Graph

from blocks.errors import InputError
from data.records import JobInfo
from pipelines.lab import Lab
from pipelines.recording import leaves
from tests.pipelines.conftest import OpenLab

FACE = [1.0] + [0.0] * 511
SCORE = {
    "scorable": True,
    "why": "",
    "raw": 0.5,
    "calibrated": 0.9,
    "passed": True,
    "gate": 0.85,
    "embedder": "e" * 64,
    "references": "ab" * 32,
    "second": {"raw": 0.3, "ceiling": 0.7},
    "embedding": FACE,
}
SET = {
    "embedder": "e" * 64,
    "digest": "cd" * 32,
    "identity": FACE,
    "members": [{"file": "a.png", "view": "front", "embedding": FACE, "second": []}],
    "ceiling": {"raw": 0.8},
}


def drawn(word: str, seed: int, score: dict[str, Any] | None, attempt: int = 1, *, scratch: Path) -> dict[str, Any]:
    (scratch / "picture.png").write_text(f"{word} {seed}")
    facts = {"prompt": word, "seed": seed, "model": "crayon"}
    return {"picture": scratch / "picture.png", "facts": facts, "score": score, "attempt": attempt}


def picked(word: str, found: dict[str, Any], *, scratch: Path) -> tuple[dict[str, Any], list[Path]]:
    (scratch / "a.png").write_text(word)
    return found, [scratch / "a.png"]


def chain(word: str, seed: Any = 1, score: Any = None) -> Graph:
    node = FnNode(drawn, name="draw", inputs={"word": word, "seed": seed, "score": score}, outputs={"take": None})
    return Graph("Draw", nodes=[node])


def test_a_step_with_a_take_leaves_one_with_its_score(lab: Lab, tmp_path: Path) -> None:
    mara = lab.create_character("Mara")
    options = {"take": {"character": mara.id, "parents": ["p1"], "label": "x"}}
    job = lab.submit(chain(str(tmp_path), 7, SCORE), {}, user="kim", batch=str(tmp_path), options=options)
    lab.wait(job.id, timeout=120)
    [take] = lab.takes(job=job.id)
    assert [take] == lab.takes(batch=str(tmp_path)) == lab.takes(character=mara.slug)
    assert (take.prompt, take.seed, take.model, take.who) == (str(tmp_path), 7, "crayon", "kim")
    assert (take.parents, take.label, take.attempt, take.stars, take.kept) == (("p1",), "x", 1, 0, False)
    assert take.score == {name: value for name, value in SCORE.items() if name != "embedding"}
    assert Path(lab.media(take.picture.digest).path).read_text() == f"{tmp_path} 7"
    assert [one["take"] for one in lab.score_history(mara.id)] == [take.id]
    assert lab.nearest_faces(FACE, embedder="e" * 64, character=mara.id)[0] == {"take": take.id, "cosine": 1.0}
    assert lab.nearest_faces(FACE, embedder="f" * 64) == []


def test_the_same_asked_again_is_drawn_once_and_is_a_take_of_each_job(lab: Lab, tmp_path: Path) -> None:
    jobs = [lab.wait(lab.submit(chain(str(tmp_path)), {}).id, timeout=120).id for _ in range(2)]
    first, second = (lab.takes(job=job)[0] for job in jobs)
    assert first.picture == second.picture
    assert first.id != second.id


def gathered(takes: list[Any]) -> int:
    return len(takes)


def test_every_item_of_a_scattered_step_is_a_take(lab: Lab, tmp_path: Path) -> None:
    def seeds() -> list[int]:
        return [1, 2, 3]

    each = FnNode(seeds, outputs={"seed": None})
    given = {"word": str(tmp_path), "seed": each.seed.each, "score": None}
    draw = FnNode(drawn, name="draw", inputs=given, outputs={"take": None})
    graph = Graph("Grid", nodes=[FnNode(gathered, inputs={"takes": draw.take.all()}, outputs={"n": None})])
    for _ in range(2):  # once computed, once known
        run = lab.run(graph, show=False)
        assert sorted(take.seed for take in lab.takes(job=run.job.id)) == [1, 2, 3]


def fail_once(book: str, take: dict[str, Any]) -> str:
    if not Path(book).exists():
        Path(book).touch()
        raise ValueError("the first time it fails")
    return "well"


def test_a_retried_job_leaves_no_take_twice(lab: Lab, book: Path) -> None:
    draw = FnNode(drawn, name="draw", inputs={"word": str(book), "seed": 1, "score": SCORE}, outputs={"take": None})
    end = FnNode(fail_once, inputs={"book": str(book), "take": draw.take}, outputs={"word": None})
    job = lab.submit(Graph("Fails once", nodes=[end]), {})
    assert lab.wait(job.id, timeout=120).state == "FAILED"
    [before] = lab.takes(job=job.id)
    lab.star(before.id, 4)
    assert lab.wait(lab.retry(job.id).id, timeout=120).state == "SUCCEEDED"
    assert [(take.id, take.stars) for take in lab.takes(job=job.id)] == [(before.id, 4)]


def test_the_picture_of_a_take_is_never_cleaned_away(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    draw = FnNode(drawn, name="draw", inputs={"word": "a", "seed": 1, "score": None}, outputs={"take": None})
    end = FnNode(gathered, inputs={"takes": draw.take}, outputs={"n": None})  # so the picture is no result
    run = lab.run(Graph("Draw and count", nodes=[end]), show=False)
    [take] = lab.takes(job=run.job.id)
    headshot, member = tmp_path / "headshot.png", tmp_path / "member.png"
    for path in (headshot, member):
        path.write_text(path.name)
    face, file = lab.import_file(headshot), lab.import_file(member)
    lab.create_character("Mara", references=SET, reference_files=[file], headshot=face)
    lab.clean(dry=False)
    lab.empty_trash()
    for ref in (take.picture, face, file):
        assert Path(lab.media(ref.digest).path).is_file()


def test_a_reference_set_is_kept_with_its_pictures(lab: Lab, tmp_path: Path) -> None:
    outputs = {"references": None, "pictures": None}
    lab.run(
        Graph("Pick", nodes=[FnNode(picked, inputs={"word": str(tmp_path), "found": SET}, outputs=outputs)]), show=False
    )
    known = lab.references("cd" * 32)
    assert known["members"] == SET["members"]
    assert Path(lab.media(known["pictures"][0].digest).path).is_file()


def test_what_is_no_take_is_told_in_the_log_and_stops_nothing(lab: Lab, tmp_path: Path) -> None:
    run = lab.run(chain(str(tmp_path), 1, {**SCORE, "embedding": [0.0] * 512}), show=False)
    assert lab.takes(job=run.job.id) == []
    assert any("not recorded" in line.line and "length" in line.line for line in lab.log(run.job.id))


@pytest.mark.parametrize(
    ("take", "message"),
    [
        ({"picture": "a.png"}, "a file as its picture"),
        ({"picture": {}, "score": SCORE}, "a file as its picture"),
    ],
)
def test_a_take_needs_its_picture(take: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        leaves(JobInfo("j", "p", "t", "RUNNING"), "s", -1, {"take": take})


@pytest.mark.parametrize("wrong", [{"raw": math.nan}, {"calibrated": "high"}, {"scorable": None}, {"scorable": False}])
def test_a_score_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    picture = {"$blob": "0" * 64, "name": "a.png", "type": "image/png", "size": 1, "as": "file"}
    with pytest.raises(InputError, match="score"):
        leaves(JobInfo("j", "p", "t", "RUNNING"), "s", -1, {"take": {"picture": picture, "score": {**SCORE, **wrong}}})


def test_other_outputs_leave_nothing() -> None:
    job = JobInfo("j", "p", "t", "RUNNING")
    assert leaves(job, "s", -1, {"picture": "x", "take": None, "references": ["a.png"]}) is None

"""A score says who is in a picture, how sure that is, and nothing at all where nothing could be measured."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.faces import FaceReader, open_faces
from blocks.scores.calibration import Calibration, Trials, fit_trials
from blocks.scores.matching import match
from blocks.scores.references import make_references
from blocks.scores.score import score_picture, score_pictures
from tests.blocks.faces._packs import build_pack, draw, person

Keep = Callable[[np.ndarray], Path]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_pack(folder / "faces", second=256)
    reader = open_faces("faces", str(folder))
    random = np.random.default_rng(1)
    trials = {n: Trials(random.normal(0.93, 0.03, 500), random.normal(0.5, 0.1, 5000)) for n in (1, 4)}
    fit_trials(trials, embedder=reader.embedder, domain="photo").write(folder / "faces" / "calibration.json")
    build_pack(folder / "uncalibrated")
    build_pack(folder / "other", seed=5)
    return folder


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    numbers = itertools.count()

    def kept(picture: np.ndarray) -> Path:
        path = tmp_path / f"{next(numbers)}.png"
        Image.fromarray(picture).save(path)
        return path

    return kept


def references(models: Path, *numbers: int, pack: str = "faces") -> dict[str, Any]:
    """A set for the person of these numbers."""
    reader: FaceReader = open_faces(pack, str(models))
    pictures = [draw((32, 32, number)) for number in numbers]
    found = [faces[0] for faces in reader.find_many(pictures)]
    members = [
        {"file": f"{n}.png", "embedding": face.embedding, "second": reader.second_embedding(picture, face)}
        for n, (face, picture) in enumerate(zip(found, pictures, strict=True))
    ]
    return make_references(members, embedder=reader.embedder, domain=reader.domain, second_embedder=reader.second)


def score(
    models: Path, picture: Path, *expected: dict[str, Any], pack: str = "faces", **settings: Any
) -> dict[str, Any]:
    return score_picture(picture, expected, pack, str(models), **settings)


def test_the_person_passes_and_another_fails(models: Path, keep: Keep) -> None:
    wanted = references(models, 1, 1)
    right, wrong = (score(models, keep(draw((64, 32, number))), wanted) for number in (1, 2))
    assert right["passed"] is True and wrong["passed"] is False
    assert right["raw"] > 0.99 > 0.8 > wrong["raw"]
    assert right["calibrated"] > 0.85 > wrong["calibrated"] >= 0
    assert right["false_accept"] < 0.01 < 0.2 < wrong["false_accept"]
    assert right["second"]["raw"] > 0.99 > wrong["second"]["raw"]
    assert (right["scorable"], right["why"], right["gate"]) == (True, "", 0.85)
    assert right["references"] == wanted["digest"] and right["count"] == 2
    assert np.linalg.norm(right["embedding"]) == pytest.approx(1, abs=1e-4)
    assert right["box"] == [64, 32, 96, 64] and right["view"] == "front"
    assert json.loads(json.dumps(right, allow_nan=False)) == right


def test_the_gate_is_on_the_calibrated_score_and_never_on_the_cosine(models: Path, keep: Keep) -> None:
    wanted = references(models, 1)
    reader = open_faces("faces", str(models))
    calibration = Calibration.read(reader.pack.calibration, reader.embedder, "photo")
    blurred = draw((32, 32, 1))
    noise = np.random.default_rng(3).integers(0, 90, (32, 32), dtype=np.uint8)
    blurred[32:64, 32:64, 1] = np.clip(blurred[32:64, 32:64, 1].astype(int) - 90 + noise * 2, 0, 255)
    found = score(models, keep(blurred), wanted)
    assert found["calibrated"] == pytest.approx(calibration.posterior(found["raw"], 1), abs=1e-5)
    strict = score(models, keep(blurred), wanted, threshold=min(0.999999, found["calibrated"] + 1e-6))
    lax = score(models, keep(blurred), wanted, threshold=found["calibrated"] - 1e-6)
    assert (strict["passed"], lax["passed"]) == (False, True)
    assert strict["raw"] == lax["raw"]


def test_a_picture_without_a_face_is_not_scorable_and_never_zero(models: Path, keep: Keep) -> None:
    found = score(models, keep(draw()), references(models, 1))
    assert (found["scorable"], found["raw"], found["calibrated"], found["passed"]) == (False, None, None, None)
    assert found["why"] == "No face was found."
    assert (found["second"]["raw"], found["false_accept"], found["embedding"], found["box"]) == (None, None, [], None)


def test_a_face_of_which_nothing_can_be_made_is_not_scorable(models: Path, keep: Keep) -> None:
    found = score(models, keep(draw((32, 32, 0))), references(models, 1))
    assert (found["scorable"], found["raw"]) == (False, None)
    assert "could make nothing" in found["why"]


def test_a_face_too_small_to_tell_says_how_small(models: Path, keep: Keep) -> None:
    picture = draw()
    picture[48:64, 48:64] = person(1, 16)
    found = score(models, keep(picture), references(models, 1))
    assert found["scorable"] is False
    assert found["why"] == "The face is too small: 13 pixels, 20 are needed."


def test_a_picture_that_is_to_show_no_face_is_not_judged(models: Path, keep: Keep) -> None:
    found = score(models, keep(draw((32, 32, 2))), references(models, 1), applicable=False)
    assert (found["applicable"], found["scorable"], found["passed"], found["raw"]) == (False, False, None, None)
    assert found["why"].startswith("Not applicable")


def test_everybody_is_matched_to_one_face_of_their_own(models: Path, keep: Keep) -> None:
    picture = keep(draw((0, 0, 2), (64, 64, 1), (96, 0, 7)))
    one, two = references(models, 1), references(models, 2)
    found = score(models, picture, one, two)
    assert [c["passed"] for c in found["characters"]] == [True, True]
    assert [c["box"] for c in found["characters"]] == [[64, 64, 96, 96], [0, 0, 32, 32]]
    assert (found["passed"], found["extra_faces"]) == (True, 1)
    assert found["raw"] == min(c["raw"] for c in found["characters"])


def test_one_face_is_not_counted_for_two_people(models: Path, keep: Keep) -> None:
    found = score(models, keep(draw((32, 32, 1))), references(models, 1), references(models, 2))
    first, second = found["characters"]
    assert first["passed"] is True and second["scorable"] is False
    assert second["why"] == "2 people are expected, and only 1 can be seen."
    assert (found["scorable"], found["raw"], found["passed"]) == (False, None, None)


def test_the_assignment_is_the_best_for_all_not_for_the_first() -> None:
    """The first would take the face that is the second's only one."""
    people = np.array([[1.0, 0.0], [0.8, 0.6]])
    faces = np.array([[0.95, np.sqrt(1 - 0.95**2)], [0.9, -np.sqrt(1 - 0.9**2)]])
    rows, cosines = match(people, faces)
    assert rows == [1, 0]
    assert cosines[0, 0] > cosines[0, 1]
    best = max(sum(cosines[who, face] for who, face in enumerate(order)) for order in itertools.permutations((0, 1)))
    assert sum(cosines[who, row] for who, row in enumerate(rows) if row is not None) == pytest.approx(best)


def test_without_a_calibration_the_cosine_stands_alone(models: Path, keep: Keep) -> None:
    found = score(models, keep(draw((32, 32, 1))), references(models, 1, pack="uncalibrated"), pack="uncalibrated")
    assert found["scorable"] is True and found["raw"] > 0.99
    assert (found["calibrated"], found["passed"], found["false_accept"]) == (None, None, None)
    assert "No calibration" in found["why"]
    assert found["second"]["raw"] is None


def test_references_of_another_recogniser_are_an_error_not_a_low_score(models: Path, keep: Keep) -> None:
    with pytest.raises(InputError, match="cannot be compared"):
        score(models, keep(draw((32, 32, 1))), references(models, 1, pack="other"))


def test_a_second_recogniser_that_is_another_is_left_out(models: Path, keep: Keep) -> None:
    wanted = references(models, 1) | {"second_embedder": "f" * 64}
    assert score(models, keep(draw((32, 32, 1))), wanted)["second"]["raw"] is None


def test_many_pictures_score_as_each_alone_whatever_their_size(models: Path, keep: Keep) -> None:
    wanted = references(models, 1, 1)
    pictures = [draw((32, 32, n)) for n in (1, 2, 3)] * 12 + [draw(), draw((64, 96, 1), size=256)]
    paths = [keep(picture) for picture in pictures]
    told: list[float] = []
    together = score_pictures(
        paths, [wanted], "faces", str(models), progress=lambda fraction, note="", preview=None: told.append(fraction)
    )
    for path, found in zip(paths[-6:], together[-6:], strict=True):
        alone = score(models, path, wanted)
        assert found["scorable"] == alone["scorable"]
        assert found["raw"] == pytest.approx(alone["raw"], abs=1e-5)
    assert len(together) == len(paths)
    assert told == sorted(told) and told[-1] == 1


def test_large_pictures_are_not_held_in_memory_together(
    models: Path, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    find_many = FaceReader.find_many

    def counted(reader: FaceReader, pictures: list[np.ndarray], least: int = 1) -> Any:
        held.append(len(pictures))
        return find_many(reader, pictures, least)

    monkeypatch.setattr(FaceReader, "find_many", counted)
    monkeypatch.setattr("blocks.scores.score._BYTES", 2 * 128 * 128 * 3)
    wanted = references(models, 1)
    held.clear()
    paths = [keep(draw((32, 32, 1))) for _ in range(7)]
    assert all(one["passed"] for one in score_pictures(paths, [wanted], "faces", str(models)))
    assert held == [3, 3, 1]


def test_one_broken_file_among_many_stops_nothing(models: Path, keep: Keep, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    good = keep(draw((32, 32, 1)))
    found = score_pictures([good, broken, tmp_path / "gone.png", good], [references(models, 1)], "faces", str(models))
    assert [one["scorable"] for one in found] == [True, False, False, True]
    assert "broken.png" in found[1]["why"] and "gone.png" in found[2]["why"]
    with pytest.raises(UnreadableFile, match=r"broken\.png"):
        score(models, broken, references(models, 1))


def test_what_cannot_be_asked_is_refused(models: Path, keep: Keep) -> None:
    picture = keep(draw((32, 32, 1)))
    with pytest.raises(InputError, match="Nobody is expected"):
        score(models, picture)
    for gate in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="between 0 and 1"):
            score(models, picture, references(models, 1), threshold=gate)
    with pytest.raises(NotAvailable, match="nowhere"):
        score(models, picture, references(models, 1), pack="nowhere")


def test_no_pictures_are_no_scores(models: Path) -> None:
    assert score_pictures([], [references(models, 1)], "faces", str(models)) == []

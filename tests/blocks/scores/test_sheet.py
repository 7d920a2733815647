"""Of a sheet every face is scored: all of them should be one person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError
from blocks.faces import open_faces
from blocks.scores.calibration import Trials, fit_trials
from blocks.scores.references import make_references
from blocks.scores.sheet import score_sheet
from tests.blocks.faces._packs import build_pack, draw, person


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packs that find red squares, one of them calibrated."""
    folder = tmp_path_factory.mktemp("models")
    reader = open_faces(build_pack(folder / "faces", second=256).name, str(folder))
    random = np.random.default_rng(1)
    trials = {n: Trials(random.normal(0.93, 0.03, 500), random.normal(0.5, 0.1, 5000)) for n in (1, 4)}
    fit_trials(trials, embedder=reader.embedder, domain="photo").write(folder / "faces" / "calibration.json")
    build_pack(folder / "uncalibrated")
    return folder


def _references(models: Path, pack: str = "faces") -> dict[str, Any]:
    """A set for person 1."""
    reader, picture = open_faces(pack, str(models)), draw((32, 32, 1))
    [face] = reader.find(picture)
    member = {"file": "1.png", "embedding": face.embedding, "second": reader.second_embedding(picture, face)}
    return make_references([member], embedder=reader.embedder, domain=reader.domain, second_embedder=reader.second)


def _score(models: Path, folder: Path, picture: np.ndarray, pack: str = "faces", **more: Any) -> dict[str, Any]:
    Image.fromarray(picture).save(folder / "sheet.png")
    return score_sheet(folder / "sheet.png", _references(models, pack), pack=pack, models=str(models), **more)


def test_each_face_has_a_score_and_all_of_the_person_pass(models: Path, tmp_path: Path) -> None:
    found = _score(models, tmp_path, draw((64, 0, 1), (0, 0, 1), (32, 96, 1)), expected=3)
    assert (found["found"], found["expected"], found["passed"]) == (3, 3, True)
    assert [face["box"][:2] for face in found["faces"]] == [[0, 0], [64, 0], [32, 96]], "row by row"
    assert all(face["second"] > 0.99 for face in found["faces"])
    assert found["mean"] > 0.99 and found["least"] > 0.99 and found["weakest"] > 0.85
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_stranger_on_it_or_a_face_too_few_fails_it(models: Path, tmp_path: Path) -> None:
    stranger = _score(models, tmp_path, draw((0, 0, 1), (64, 64, 2)), expected=2)
    assert [face["passed"] for face in stranger["faces"]] == [True, False]
    assert stranger["passed"] is False and stranger["least"] < 0.8 < stranger["mean"] + 0.3
    missing = _score(models, tmp_path, draw((0, 0, 1)), expected=3)
    assert (missing["found"], missing["passed"]) == (1, False)


def test_without_a_face_nothing_is_measured_and_the_sheet_fails(models: Path, tmp_path: Path) -> None:
    found = _score(models, tmp_path, draw(), expected=3)
    assert (found["found"], found["faces"], found["passed"]) == (0, [], False)
    assert (found["mean"], found["least"], found["weakest"]) == (None, None, None)


def test_a_face_that_is_too_small_is_counted_and_says_so(models: Path, tmp_path: Path) -> None:
    picture = draw()
    picture[48:64, 48:64] = person(1, 16)
    found = _score(models, tmp_path, picture, expected=1)
    assert found["found"] == 1
    [face] = found["faces"]
    assert "too small" in face["why"] and face["raw"] is None
    assert (found["mean"], found["passed"]) == (None, False)


def test_a_recogniser_without_a_calibration_passes_and_fails_nothing(models: Path, tmp_path: Path) -> None:
    found = _score(models, tmp_path, draw((0, 0, 1)), "uncalibrated", expected=1)
    assert found["passed"] is None and found["mean"] > 0.99 and found["weakest"] is None


def test_references_of_another_recogniser_and_a_gate_out_of_range_are_refused(models: Path, tmp_path: Path) -> None:
    build_pack(models / "other", seed=5)
    Image.fromarray(draw()).save(tmp_path / "sheet.png")
    with pytest.raises(InputError):
        score_sheet(tmp_path / "sheet.png", _references(models), pack="other", models=str(models))
    with pytest.raises(InputError, match="A gate lies between"):
        _score(models, tmp_path, draw(), threshold=1.0)

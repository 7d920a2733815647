"""A pack of one's own is calibrated on pictures of people that one knows apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError
from blocks.faces import open_faces
from blocks.scores.calibrate import calibrate, main
from blocks.scores.references import make_references
from blocks.scores.score import score_picture
from tests.blocks.faces._packs import build_pack, draw


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Twelve people, three noisy pictures each; one more shows nobody, one file is none."""
    random = np.random.default_rng(2)
    for person in range(12):
        folder = tmp_path / "people" / f"person-{person}"
        folder.mkdir(parents=True)
        for number in range(3):
            picture = draw((32, 32, person + 1))
            green = picture[32:64, 32:64, 1].astype(int) + random.integers(-120, 120, (32, 32))
            picture[32:64, 32:64, 1] = np.clip(green, 0, 255)
            Image.fromarray(picture).save(folder / f"{number}.png")
    Image.fromarray(draw()).save(tmp_path / "people" / "person-3" / "nobody.png")
    (tmp_path / "people" / "person-3" / "notes.txt").write_text("none")
    return tmp_path / "people"


def test_scores_are_calibrated_from_then_on(people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = build_pack(tmp_path / "models" / "mine")
    main(["--pack", str(pack), "--people", str(people)])
    assert "1 references: 0.85 at cosine" in capsys.readouterr().out
    assert (tmp_path / "models" / "mine.calibration.json").is_file()
    reader = open_faces("mine", str(tmp_path / "models"))
    [[face]] = reader.find_many([draw((32, 32, 1))])
    references = make_references([{"embedding": face.embedding}], embedder=reader.embedder, domain=reader.domain)
    picture = people / "person-0" / "0.png"
    score = score_picture(picture, [references], "mine", str(tmp_path / "models"))
    assert score["calibrated"] is not None and score["passed"] is not None


def test_pictures_without_a_face_are_left_out(people: Path, tmp_path: Path) -> None:
    reader = open_faces(str(build_pack(tmp_path / "pack")))
    assert calibrate(reader, people).curves[1].genuine == 12 * 2 * 3  # three rounds, two pictures beside the reference


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    reader = open_faces(str(build_pack(tmp_path / "pack")))
    with pytest.raises(InputError, match="no folder"):
        calibrate(reader, tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="0 people"):
        calibrate(reader, tmp_path / "empty")

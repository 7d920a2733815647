"""Packs are opened with care, and what they find is what insightface itself would find."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.faces import FaceReader, open_faces
from tests.blocks.faces._packs import build_pack, draw, person


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_pack(folder / "by-hand", second=256)
    return folder


@pytest.fixture(scope="module")
def reader(models: Path) -> FaceReader:
    return open_faces("by-hand", str(models), threads=1)


def test_every_face_is_found_largest_first_with_all_that_is_said_of_it(reader: FaceReader) -> None:
    (face,) = reader.find(draw((32, 32, 1)))
    assert face.confidence > 0.9
    assert face.box == pytest.approx((32, 32, 64, 64)) and face.size == 32
    assert face.view == "front" and abs(face.yaw) < 1
    assert len(face.embedding) == 512
    assert np.linalg.norm(face.embedding) == pytest.approx(1)
    assert len(face.landmarks) == 5


def test_the_same_person_is_near_and_another_is_not(reader: FaceReader) -> None:
    pictures = [draw((32, 32, 1)), draw((32, 64, 1)), draw((32, 32, 2))]
    one, again, other = (np.array(faces[0].embedding) for faces in reader.find_many(pictures))
    assert one @ again > 0.95 > 0.8 > one @ other


def test_embeddings_are_those_of_insightface_itself(reader: FaceReader, models: Path) -> None:
    from insightface.app import FaceAnalysis

    plain = FaceAnalysis(name=str(models / "by-hand"))
    plain.prepare(ctx_id=-1, det_size=(128, 128))
    picture = draw((32, 32, 3))
    (theirs,) = plain.get(np.ascontiguousarray(picture[..., ::-1]))
    (ours,) = reader.find(picture)
    assert np.allclose(ours.embedding, theirs.normed_embedding, atol=1e-4)
    assert np.allclose(ours.landmarks, theirs.kps, atol=1e-3)


def test_many_pictures_together_give_what_each_gives_alone(reader: FaceReader) -> None:
    pictures = [draw((32, 32, n)) for n in range(1, 40)]
    together = [faces[0].embedding for faces in reader.find_many(pictures)]
    assert np.allclose(together, [reader.find(picture)[0].embedding for picture in pictures], atol=1e-5)


def test_a_face_without_an_embedding_is_found_and_says_so(reader: FaceReader) -> None:
    (face,) = reader.find(draw((32, 32, 0)))
    assert face.embedding == ()


def test_the_second_recogniser_has_its_own_opinion(reader: FaceReader, models: Path) -> None:
    picture = draw((32, 32, 1))
    (face,) = reader.find(picture)
    second = reader.second_embedding(picture, face)
    assert len(second) == 256 and np.linalg.norm(second) == pytest.approx(1)
    assert len(reader.second) == 64 and reader.second != reader.embedder
    build_pack(models / "alone")
    alone = open_faces("alone", str(models))
    assert (alone.second, alone.second_embedding(picture, face)) == ("", ())


def test_where_nothing_is_found_the_detector_is_asked_in_other_ways(reader: FaceReader, monkeypatch: Any) -> None:
    asked = []
    detect = reader._networks.detector.detect

    def counted(picture: np.ndarray, input_size: tuple[int, int]) -> Any:
        asked.append((picture.shape[0], *input_size))
        return detect(picture, input_size=input_size)

    monkeypatch.setattr(reader._networks.detector, "detect", counted)
    assert reader.find(draw()) == []
    assert asked == [(128, 128, 128), (212, 128, 128), (128, 320, 320), (128, 640, 640)]
    asked.clear()
    assert len(reader.find(draw((32, 32, 1)))) == 1
    assert len(asked) == 1


def test_a_small_face_is_found_at_a_larger_size(reader: FaceReader) -> None:
    """Sixteen pixels are half a cell at 128, and more than one at 320."""
    picture = draw((48, 48, 1), side=16)
    (face,) = reader.find(picture)
    assert 10 < face.size < 16
    assert face.box[0] >= 48 and face.box[2] <= 64


def test_with_two_expected_one_found_is_not_enough(reader: FaceReader) -> None:
    picture = draw((0, 96, 3))
    picture[48:64, 48:64] = person(1, 16)
    assert len(reader.find(picture)) == 1
    sizes = [face.size for face in reader.find(picture, least=2)]
    assert len(sizes) == 2 and sizes == sorted(sizes, reverse=True)


def test_pictures_that_are_none_are_refused_or_empty(reader: FaceReader) -> None:
    assert reader.find(np.zeros((8, 8, 3), np.uint8)) == []
    assert reader.find(np.zeros((3000, 17, 3), np.uint8)) == []
    for wrong in (np.zeros((64, 64), np.uint8), np.zeros((64, 64, 4), np.uint8), np.zeros((64, 64, 3), np.float32)):
        with pytest.raises(InputError, match="8-bit RGB"):
            reader.find(wrong)


def test_a_recogniser_that_takes_a_fixed_number_of_faces_is_given_it(models: Path) -> None:
    build_pack(models / "ones", batch=1)
    build_pack(models / "fours", batch=4)
    pictures = [draw((32, 32, n)) for n in range(1, 7)]
    found = [open_faces(name, str(models)).find_many(pictures) for name in ("by-hand", "ones", "fours")]
    embeddings = [[faces[0].embedding for faces in pack] for pack in found]
    assert np.allclose(embeddings[0], embeddings[1], atol=1e-5)
    assert np.allclose(embeddings[0], embeddings[2], atol=1e-5)


def test_a_pack_without_a_manifest_is_read_by_its_files(models: Path) -> None:
    folder = build_pack(models / "bare")
    (folder / "manifest.json").unlink()
    reader = open_faces("bare", str(models))
    assert reader.find(draw((32, 32, 1)))[0].embedding
    assert reader.domain == "photo"


def test_a_pack_is_opened_once_and_again_when_its_files_change(models: Path) -> None:
    build_pack(models / "changing")
    first = open_faces("changing", str(models))
    assert open_faces("changing", str(models)) is first
    build_pack(models / "changing", seed=9)
    second = open_faces("changing", str(models))
    assert second is not first and second.embedder != first.embedder


def test_a_folder_where_the_program_was_started_does_not_take_a_name(models: Path, monkeypatch: Any) -> None:
    elsewhere = models / "elsewhere"
    build_pack(elsewhere / "buffalo_l")
    monkeypatch.chdir(elsewhere)
    with pytest.raises(NotAvailable, match="buffalo_l"):
        open_faces("buffalo_l", str(models))
    with pytest.raises(NotAvailable, match="buffalo_l"):
        open_faces("buffalo_l")


def test_nothing_is_fetched_for_a_pack_that_is_not_there(models: Path, monkeypatch: Any) -> None:
    import socket

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HOME", str(models))
    with pytest.raises(NotAvailable, match="antelopev2"):
        open_faces("antelopev2", str(models))
    assert not (models / ".insightface").exists()


@pytest.mark.parametrize("name", ["../by-hand", "a/b", "/etc", "..", "."])
def test_a_name_does_not_lead_out_of_the_models_folder(name: str, models: Path) -> None:
    with pytest.raises((InputError, NotAvailable)):
        open_faces(name, str(models / "bare"))


def test_packs_of_insightface_are_told_by_name_and_by_file_to_be_for_research(models: Path) -> None:
    build_pack(models / "buffalo_s")
    renamed = build_pack(models / "mine")
    (renamed / "w600k_r50.onnx").touch()
    from blocks.faces.packs import find_pack

    for name in ("buffalo_s", "mine"):
        pack = find_pack(name, str(models))
        assert pack.commercial is False and "non-commercial research only" in pack.licence
    assert find_pack("by-hand", str(models)).commercial is None
    assert find_pack("by-hand", str(models)).licence == "Public domain"


def test_a_pack_may_say_what_its_faces_are(models: Path) -> None:
    build_pack(models / "anime", manifest={"domain": "anime"})
    assert open_faces("anime", str(models)).domain == "anime"


def broken(folder: Path, kind: str) -> Path:
    """A pack with one thing wrong."""
    made = {
        "no detector": {"detector": False},
        "no recogniser": {"recogniser": False},
        "narrow": {"width": 256},
        "no landmarks": {"landmarks": False},
        "no tasks": {"manifest": {"tasks": {}}},
        "escapes": {"manifest": {"tasks": {"detection": {"file": "../../detector.onnx"}}}},
        "tasks of another kind": {"manifest": {"tasks": 7}},
    }
    build_pack(folder, **made.get(kind, {}), second=256)
    recogniser = folder / "recogniser.onnx"
    if kind == "changed":
        recogniser.write_bytes(recogniser.read_bytes() + b"\0")
    if kind == "missing":
        recogniser.unlink()
    if kind in ("truncated", "noise", "empty"):
        whole = recogniser.read_bytes()
        content = {"truncated": whole[: len(whole) // 2], "noise": os.urandom(5000), "empty": b""}[kind]
        recogniser.write_bytes(content)
        manifest = json.loads((folder / "manifest.json").read_text())
        del manifest["tasks"]["recognition"]["sha256"]
        (folder / "manifest.json").write_text(json.dumps(manifest))
    if kind == "second":
        (folder / "second" / "recogniser.onnx").write_bytes(b"none")
    return folder


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("no detector", "no face detector"),
        ("no recogniser", "no recogniser"),
        ("narrow", "256 numbers"),
        ("no landmarks", "no landmarks"),
        ("no tasks", "no face detector"),
        ("escapes", "escapes"),
        ("tasks of another kind", "tasks must be"),
        ("changed", "recogniser.onnx is not the file that its manifest promises"),
        ("missing", "recogniser.onnx is missing"),
        ("truncated", "cannot be used"),
        ("noise", "cannot be used"),
        ("empty", "cannot be used"),
        ("second", "second recogniser"),
    ],
)
def test_a_broken_pack_is_named_with_what_is_wrong(kind: str, said: str, tmp_path: Path) -> None:
    broken(tmp_path / "broken-pack", kind)
    with pytest.raises(UnreadableFile, match=said) as raised:
        open_faces("broken-pack", str(tmp_path))
    assert "broken-pack" in str(raised.value)
    assert str(tmp_path) not in str(raised.value)

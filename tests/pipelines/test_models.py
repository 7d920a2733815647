"""Models that a person brings: checked without running anything, never overwritten, removed and taken back."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from blocks.errors import Conflict, Denied, InputError, UnknownName, UnreadableFile, UnsafeFile
from enhance.rife.layout import LAYOUTS
from pipelines.door import ClientLab
from pipelines.lab import Lab

OpenLab = Callable[..., Lab]


@pytest.fixture
def mine(open_lab: OpenLab) -> Lab:
    return open_lab(warm=0)


def compact(path: Path, value: float = 0.0) -> Path:
    """The smallest network of Real-ESRGAN's video family: twice as large."""
    shapes = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,)}
    shapes |= {"body.2.weight": (12, 4, 3, 3), "body.2.bias": (12,)}
    save_file({key: np.full(shape, value, np.float32) for key, shape in shapes.items()}, path)
    return path


def flow_network(path: Path) -> Path:
    """A file that announces RIFE 4.6's tensors, all of them zero."""
    save_file({key: np.zeros(shape, np.float32) for key, shape in LAYOUTS[0].shapes().items()}, path)
    return path


class Evil:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, ...]]:
        return Path.touch, (Path("ran"),)  # type: ignore[return-value]


def test_a_model_that_is_brought_is_listed_at_once_with_its_facts(mine: Lab, tmp_path: Path) -> None:
    added = mine.add_model(compact(tmp_path / "2x-mine.safetensors"), user="ada")
    assert (added.kind, added.family, added.native, added.scales) == ("upscale", "SRVGGNetCompact", 2, (2,))
    assert (added.state, added.file, added.commercial) == ("here", "2x-mine.safetensors", None)
    assert added.size == (mine.settings.models / "2x-mine.safetensors").stat().st_size
    assert len(added.digest) == 64
    assert added in mine.models()
    [entry] = [entry for entry in mine.audit() if entry.action == "model.add"]
    assert (entry.who, entry.subject, entry.detail["digest"]) == ("ada", added.file, added.digest)


def test_what_came_with_the_lab_and_what_is_missing_are_listed_too(mine: Lab) -> None:
    models = {info.name: info for info in mine.models()}
    assert models["realesrgan-x4plus"].state == "here"
    assert models["realesrgan-x4plus"].size > 1_000_000
    assert models["dis"].kind == "interpolate"
    for name in ("gfpgan", "scunet", "rife46", "rife425", "face_detection_yunet"):
        assert models[name].state == "missing"
        assert "models" in models[name].why
    assert all(info.licence and info.source and info.family for info in models.values())


def test_a_model_that_was_brought_can_be_used(mine: Lab, tmp_path: Path) -> None:
    mine.add_model(compact(tmp_path / "2x-used.safetensors"), approve=True)
    Image.new("RGB", (8, 6), (10, 20, 30)).save(tmp_path / "small.png")
    run = mine.run("enhance_picture", show=False, picture=str(tmp_path / "small.png"), model="2x-used", scale=2)
    with Image.open(run.path(run.outputs["picture"])) as result:
        assert result.size == (16, 12)


def test_weights_that_nothing_here_can_open_are_refused(mine: Lab, tmp_path: Path) -> None:
    save_file({"my.own.invention": np.zeros((2, 2), np.float32)}, tmp_path / "4x-invention.safetensors")
    with pytest.raises(UnreadableFile, match="4x-invention"):
        mine.add_model(tmp_path / "4x-invention.safetensors")
    assert not [info for info in mine.models() if info.file.startswith("4x")]


def test_a_pickle_that_would_run_something_is_refused_and_not_run(
    mine: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("model.pth", "rife.pkl", "model.ckpt"):
        (tmp_path / name).write_bytes(pickle.dumps(Evil()))
        with pytest.raises(UnsafeFile, match="nothing was run"):
            mine.add_model(tmp_path / name)
    assert not (tmp_path / "ran").exists()
    assert not mine.settings.models.exists() or not list(mine.settings.models.iterdir())


@pytest.mark.parametrize("name", ["model.safetensors", "model.pth", "rife.pkl", "face_detection_yunet_x.onnx"])
@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"<!doctype html><p>404", b"PK\x03\x04" + b"x" * 40])
def test_what_is_no_model_is_refused(mine: Lab, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match="download it again"):
        mine.add_model(tmp_path / name)


def test_a_file_cut_short_is_refused(mine: Lab, tmp_path: Path) -> None:
    path = compact(tmp_path / "cut.safetensors")
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UnreadableFile, match="cut short"):
        mine.add_model(path)


def test_a_header_that_lies_about_its_length_is_refused(mine: Lab, tmp_path: Path) -> None:
    path = tmp_path / "lies.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 62) + json.dumps({}).encode())
    with pytest.raises(UnreadableFile):
        mine.add_model(path)


@pytest.mark.parametrize("name", ["notes.txt", "program.exe", "model", "model.zip"])
def test_other_kinds_of_file_are_refused_by_name(mine: Lab, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match="ends in"):
        mine.add_model(tmp_path / name)


@pytest.mark.parametrize("name", ["../up.safetensors", "a/b.safetensors", ".hidden.safetensors"])
def test_a_name_cannot_leave_the_folder(mine: Lab, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="not a file name"):
        mine.add_model(compact(tmp_path / "m.safetensors"), name)


def test_the_same_file_twice_is_one_model(mine: Lab, tmp_path: Path) -> None:
    path = compact(tmp_path / "twice.safetensors")
    assert mine.add_model(path) == mine.add_model(path)
    assert len([entry for entry in mine.audit() if entry.action == "model.add"]) == 1


def test_other_bytes_under_one_name_are_a_conflict(mine: Lab, tmp_path: Path) -> None:
    before = mine.add_model(compact(tmp_path / "name.safetensors"))
    with pytest.raises(Conflict, match="nothing was overwritten"):
        mine.add_model(compact(tmp_path / "name.safetensors", 1.0))
    assert before in mine.models()


@pytest.mark.parametrize("name", ["realesrgan-x4plus.safetensors", "TAKEN.pth"])
def test_a_name_that_another_model_answers_to_is_a_conflict(mine: Lab, tmp_path: Path, name: str) -> None:
    import torch

    mine.add_model(compact(tmp_path / "taken.safetensors"))
    path = tmp_path / name
    if path.suffix == ".pth":
        shapes = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,), "body.2.bias": (12,)}
        torch.save({key: torch.zeros(shape) for key, shape in shapes.items()}, path)
    else:
        compact(path)
    with pytest.raises(Conflict, match="rename yours"):
        mine.add_model(path)


def test_rife_is_recognised_whatever_it_is_called(mine: Lab, tmp_path: Path) -> None:
    added = mine.add_model(flow_network(tmp_path / "weights.safetensors"))
    assert (added.kind, added.title, added.file) == ("interpolate", "RIFE 4.6", "rife4.6-weights.safetensors")
    assert [info.name for info in mine.models() if info.state == "missing" and info.family == "RIFE"] == ["rife425"]
    assert [info.kind for info in mine.models() if info.file == added.file] == ["interpolate"]


def test_a_name_that_promises_rife_must_hold_it(mine: Lab, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not RIFE"):
        mine.add_model(compact(tmp_path / "rife.safetensors"))


def test_a_file_put_into_the_folder_by_hand_is_listed_with_why_it_is_refused(mine: Lab) -> None:
    mine.settings.models.mkdir()
    (mine.settings.models / "evil.pth").write_bytes(pickle.dumps(Evil()))
    [info] = [info for info in mine.models() if info.file == "evil.pth"]
    assert info.state == "refused"
    assert "nothing was run" in info.why


def test_a_removed_model_is_gone_and_can_be_taken_back(mine: Lab, tmp_path: Path) -> None:
    added = mine.add_model(compact(tmp_path / "back.safetensors"))
    assert mine.remove_model("back") == "back.safetensors"
    assert added not in mine.models()
    assert mine.removed_models() == ["back.safetensors"]
    assert mine.restore_model("back.safetensors") == added
    actions = [entry.action for entry in mine.audit() if entry.subject == "back.safetensors"]
    assert actions == ["model.restore", "model.remove", "model.add"]


def test_the_trash_of_models_is_emptied_with_the_rest(mine: Lab, tmp_path: Path) -> None:
    added = mine.add_model(compact(tmp_path / "gone.safetensors"))
    mine.remove_model("gone")
    assert mine.disk_use()["trash"] == {"files": 1, "bytes": added.size}
    assert mine.empty_trash() == (1, added.size)
    with pytest.raises(UnknownName):
        mine.restore_model("gone.safetensors")


@pytest.mark.parametrize("name", ["realesrgan-x4plus", "dis", "gfpgan", "nothing-like-it"])
def test_only_what_was_brought_can_be_removed(mine: Lab, name: str) -> None:
    with pytest.raises(UnknownName):
        mine.remove_model(name)


def test_nobody_is_refused(mine: Lab, tmp_path: Path) -> None:
    path = compact(tmp_path / "nobody.safetensors")
    mine.add_model(path)
    for order in (mine.add_model, mine.remove_model, mine.restore_model):
        with pytest.raises(Denied):
            order(path if order == mine.add_model else path.name, user="")  # type: ignore[operator]


def test_all_of_it_works_from_another_process(mine: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    with Lab.open(settings=mine.settings) as other:
        assert isinstance(other, ClientLab)
        ask = other._call
        monkeypatch.setattr(other, "_call", lambda *a, **k: (sent.extend(a), ask(*a, **k))[1])
        monkeypatch.chdir(tmp_path)
        compact(tmp_path / "door.safetensors")
        added = other.add_model(Path("door.safetensors"))
        assert tmp_path / "door.safetensors" in sent  # the owner stands in another folder
        assert added in other.models()
        assert other.remove_model("door") == "door.safetensors"
        with pytest.raises(UnknownName):
            other.remove_model("door")

"""No RIFE weight file is taken on trust: what differs is named, what could run is refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from blocks.errors import InputError, NotAvailable, UnreadableFile, UnsafeFile
from enhance.rife import LAYOUTS, load_rife

VERSIONS = [layout.version for layout in LAYOUTS]
Tensors = dict[str, torch.Tensor]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "old.pkl"])
def test_every_kind_of_file_is_read_and_its_version_told(
    tmp_path: Path, version: str, name: str, released: Callable[[str], Tensors]
) -> None:
    path = tmp_path / name
    tensors = released(version)
    if name.endswith("safetensors"):
        save_file(tensors, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=name != "old.pkl")
    assert load_rife(path).version == version


def _without_one(tensors: Tensors) -> None:
    del tensors["module.block2.convblock.3.beta"]


def _with_one_more(tensors: Tensors) -> None:
    tensors["module.block9.beta"] = torch.zeros(1)


def _with_a_lookalike_of_a_training_part(tensors: Tensors) -> None:
    tensors["module.teachers.weight"] = torch.zeros(1)


def _reshaped(tensors: Tensors) -> None:
    tensors["module.block1.lastconv.0.bias"] = torch.zeros(7)


def _twice(tensors: Tensors) -> None:
    tensors["block0.conv0.0.0.bias"] = torch.zeros(96)


def _not_finite(tensors: Tensors) -> None:
    tensors["module.block0.conv0.0.0.bias"][0] = float("nan")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without_one, r"missing: block2\.convblock\.3\.beta\. Known versions are 4\.6 and 4\.25"),
        (_with_one_more, r"unexpected: block9\.beta\."),
        (_with_a_lookalike_of_a_training_part, r"unexpected: teachers\.weight\."),
        (_reshaped, r"another shape: block1\.lastconv\.0\.bias \[7\] instead of \[(24|52)\]"),
        (_twice, "stand there twice"),
        (_not_finite, r"block0\.conv0\.0\.0\.bias holds NaN"),
    ],
)
def test_a_file_that_differs_is_refused_by_name(
    tmp_path: Path, version: str, change: Callable[[Tensors], None], reason: str, released: Callable[[str], Tensors]
) -> None:
    tensors = released(version)
    change(tensors)
    torch.save(tensors, tmp_path / "rife.pth")
    with pytest.raises(UnreadableFile, match=reason) as caught:
        load_rife(tmp_path / "rife.pth")
    assert version in str(caught.value) or change in (_twice, _not_finite)


def test_weights_of_something_else_are_told_from_rife(tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(UnreadableFile, match="none of its tensors belongs to RIFE"):
        load_rife(tmp_path / "other.pth")


class _Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def _zipped(content: object, path: Path) -> None:
    torch.save(content, path)


def _legacy(content: object, path: Path) -> None:
    torch.save(content, path, _use_new_zipfile_serialization=False)


def _bare(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content))


def _oldest(content: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(content, protocol=0))


@pytest.mark.parametrize("save", [_zipped, _legacy, _bare, _oldest])
@pytest.mark.parametrize("name", ["rife.pkl", "rife.pth"])
def test_a_malicious_pickle_is_refused_and_never_run(
    tmp_path: Path, save: Callable[[object, Path], None], name: str
) -> None:
    mark = tmp_path / "it-ran"
    save({"module.block0.beta": _Malicious(mark)}, tmp_path / name)
    with pytest.raises(
        UnsafeFile, match=f"{name} is a pickle that asks to run .*mkdir; it was refused and nothing was run"
    ):
        load_rife(tmp_path / name)
    assert not mark.exists()
    with (tmp_path / name).open("rb") as file:  # the same file does run where pickles are trusted
        if save in (_zipped, _legacy):
            torch.load(file, weights_only=False)
        else:
            pickle.load(file)
    assert mark.exists()


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enhance.rife.weights.LARGEST_FILE", 5000)
    torch.save({"a": torch.zeros(5000)}, tmp_path / "rife.pth")
    with pytest.raises(UnsafeFile, match="above 5,000 are refused"):
        load_rife(tmp_path / "rife.pth")


@pytest.mark.parametrize("suffix", [".safetensors", ".pkl", ".pth"])
@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"\x89PNG\r\n\x1a\n" + bytes(64), b"PK\x03\x04" + bytes(64)]
)
def test_files_of_another_kind_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"rife{suffix}"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=path.name):
        load_rife(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, released: Callable[[str], Tensors]) -> None:
    path = tmp_path / f"rife{suffix}"
    save = save_file if suffix == ".safetensors" else torch.save
    save(released("4.6"), path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(UnreadableFile, match=path.name):
        load_rife(path)


def test_tensors_without_names_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    with pytest.raises(UnreadableFile, match=r"list\.pth holds no weights"):
        load_rife(tmp_path / "list.pth")
    torch.save({"block0.beta": torch.zeros(2), "epoch": 3}, tmp_path / "more.pth")
    with pytest.raises(UnreadableFile, match="something else than tensors with names"):
        load_rife(tmp_path / "more.pth")
    with pytest.raises(UnreadableFile, match=r"gone\.pth"):
        load_rife(tmp_path / "gone.pth")
    with pytest.raises(UnreadableFile, match="no weight file by its name"):
        load_rife(tmp_path / "rife.exe")


def test_a_dictionary_that_holds_itself_is_refused(tmp_path: Path) -> None:
    endless: dict[str, Any] = {}
    endless["model"] = endless
    torch.save(endless, tmp_path / "rife.pth")
    with pytest.raises(UnreadableFile, match=r"rife\.pth"):
        load_rife(tmp_path / "rife.pth")


def test_unknown_choices_are_refused(tmp_path: Path, released: Callable[[str], Tensors]) -> None:
    save_file(released("4.6"), tmp_path / "rife.safetensors")
    with pytest.raises(InputError, match="float32, bfloat16"):
        load_rife(tmp_path / "rife.safetensors", dtype="int8")
    with pytest.raises(InputError, match="scale 3"):
        load_rife(tmp_path / "rife.safetensors", scale=3)
    with pytest.raises(NotAvailable, match="Choose 'cpu'"):
        load_rife(tmp_path / "rife.safetensors", device="cuda:77")

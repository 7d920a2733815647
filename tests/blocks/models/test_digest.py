from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from blocks.errors import UnreadableFile
from blocks.models import digest
from blocks.models.digest import combined, fingerprint, model_digest


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "model"
    (root / "unet").mkdir(parents=True)
    (root / "model_index.json").write_text("{}")
    (root / "unet" / "weights.safetensors").write_bytes(b"weights")
    return root


@pytest.fixture
def hashed(monkeypatch):
    """The names of files that are read to be hashed, from now on in a process that remembers nothing."""
    monkeypatch.setattr(digest, "_known", {})
    names = []
    real = Path.open

    def opened(self, mode="r", *args, **kwargs):
        if mode == "rb" and self.name != "digests.json":
            names.append(self.name)
        return real(self, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", opened)
    return names


def test_a_files_digest_is_its_sha256(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"abc")
    assert model_digest(tmp_path / "a.safetensors") == hashlib.sha256(b"abc").hexdigest()


def test_a_folders_digest_is_that_of_its_manifest(folder):
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in (
        ("model_index.json", b"{}"), ("unet/weights.safetensors", b"weights"))]  # fmt: skip
    assert model_digest(folder) == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_what_cannot_change_a_picture_does_not_change_the_digest(folder):
    before = model_digest(folder)
    (folder / "README.md").write_text("about")
    (folder / "sample.png").write_bytes(b"picture")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "note.json").write_text("{}")
    assert model_digest(folder) == before


def test_a_changed_renamed_or_added_file_does(folder):
    seen = {model_digest(folder)}
    weights = folder / "unet" / "weights.safetensors"
    weights.write_bytes(b"WEIGHTS")
    seen.add(model_digest(folder))
    weights = weights.rename(weights.with_name("other.safetensors"))
    seen.add(model_digest(folder))
    (folder / "unet" / "config.json").write_text("{}")
    seen.add(model_digest(folder))
    assert len(seen) == 4


def test_a_file_is_hashed_once_and_again_when_its_size_time_or_inode_changes(folder, hashed):
    first = model_digest(folder)
    hashed.clear()
    assert model_digest(folder) == first
    assert hashed == []
    weights = folder / "unet" / "weights.safetensors"
    os.utime(weights, ns=(0, 0))
    assert model_digest(folder) == first
    assert hashed == ["weights.safetensors"]


def test_digests_outlive_the_process_in_a_file(folder, tmp_path, hashed, monkeypatch):
    remembered = tmp_path / "digests.json"
    first = model_digest(folder, remembered)
    monkeypatch.setattr(digest, "_known", {})
    hashed.clear()
    assert model_digest(folder, remembered) == first
    assert hashed == []
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["digests.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": [1, 2]}', "[" * 100_000])
def test_a_damaged_memory_is_no_more_than_forgotten(content, folder, tmp_path, monkeypatch):
    first = model_digest(folder)
    monkeypatch.setattr(digest, "_known", {})
    (tmp_path / "digests.json").write_text(content)
    assert model_digest(folder, tmp_path / "digests.json") == first


def test_a_memory_that_cannot_be_written_does_no_harm(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(digest, "_known", {})
    assert model_digest(folder, tmp_path / "nowhere" / "digests.json")


def test_an_empty_folder_and_a_missing_file_have_none(tmp_path):
    with pytest.raises(UnreadableFile, match="is empty"):
        model_digest(tmp_path)
    with pytest.raises(UnreadableFile, match=r"gone\.safetensors"):
        model_digest(tmp_path / "gone.safetensors")


def test_a_fingerprint_changes_with_the_files_and_reads_none(folder, hashed):
    before = fingerprint(folder)
    assert fingerprint(folder) == before
    (folder / "unet" / "weights.safetensors").write_bytes(b"other weights")
    assert fingerprint(folder) != before
    assert hashed == ["weights.safetensors"] or hashed == []


def test_digests_are_combined_in_order_and_one_stays_itself():
    assert combined("a", "", "") == "a"
    assert combined("a", "b") != combined("b", "a")
    assert combined("a", "", "b") == combined("a", "b")

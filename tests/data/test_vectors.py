"""The copy of the embeddings: exact, whole after a crash, and never of two recognisers."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blocks.errors import DiskFull, InputError
from data.vectors import DamagedCopy, VectorIndex

ONE, OTHER = "a" * 64, "b" * 64


def unit(count: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, 512)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def names(count: int, start: int = 0) -> list[str]:
    return [f"take-{n:05d}" for n in range(start, start + count)]


@pytest.fixture
def index(tmp_path: Path) -> VectorIndex:
    made = VectorIndex(tmp_path / "vectors", ONE)
    made.add(names(300), unit(300), "300")
    return made


def test_the_nearest_are_those_of_a_search_through_all(index: VectorIndex) -> None:
    query = unit(1, 7)[0]
    cosines = unit(300) @ query
    order = np.argsort(-cosines)[:10]
    found = index.nearest(query, 10)
    assert [name for name, _ in found] == [names(300)[row] for row in order]
    assert [cosine for _, cosine in found] == pytest.approx(cosines[order].tolist(), abs=1e-6)
    assert index.nearest(unit(300)[42], 1) == [("take-00042", pytest.approx(1.0))]


def test_equal_cosines_go_by_id_wherever_they_lie(tmp_path: Path) -> None:
    made = VectorIndex(tmp_path, ONE)
    made.add(["c", "a", "d", "b"], np.repeat(unit(1), 4, axis=0))
    assert [name for name, _ in made.nearest(unit(1)[0], 3)] == ["a", "b", "c"]


def test_a_search_within_some_ids_sees_no_others(index: VectorIndex) -> None:
    within = {"take-00003", "take-00200", "nobody"}
    assert {name for name, _ in index.nearest(unit(300)[5], 10, within)} == within - {"nobody"}
    index.add(["later"], unit(1, 9))
    assert index.nearest(unit(1, 9)[0], 10, {"later"}) == [("later", pytest.approx(1.0))]
    assert index.nearest(unit(1)[0], 10, set()) == []


def test_fewer_than_asked_for_and_none_at_all(tmp_path: Path, index: VectorIndex) -> None:
    assert len(index.nearest(unit(1)[0], 1000)) == 300
    assert index.nearest(unit(1)[0], 0) == index.nearest(unit(1)[0], -3) == []
    assert VectorIndex(tmp_path / "empty", ONE).nearest(unit(1)[0]) == []


def test_it_is_the_same_after_opening_again(index: VectorIndex, tmp_path: Path) -> None:
    again = VectorIndex(tmp_path / "vectors", ONE)
    assert (again.rows, again.state) == (300, "300")
    assert again.nearest(unit(1, 7)[0]) == index.nearest(unit(1, 7)[0])


def test_two_recognisers_share_nothing(index: VectorIndex, tmp_path: Path) -> None:
    other = VectorIndex(tmp_path / "vectors", OTHER)
    assert other.nearest(unit(300)[3]) == []
    other.add(["theirs"], unit(1, 5))
    assert other.nearest(unit(1, 5)[0]) == [("theirs", pytest.approx(1.0))]
    assert index.rows == 300
    with pytest.raises(InputError):
        VectorIndex(tmp_path, "../../x")


def test_what_is_no_embedding_is_refused_and_changes_nothing(index: VectorIndex) -> None:
    broken = [np.zeros((1, 512)), np.full((1, 512), np.nan), unit(1) * 2, unit(1)[:, :100], unit(2)]
    for vectors in broken:
        with pytest.raises(InputError):
            index.add(["x"], vectors)
    for query in (np.zeros(512), np.full(512, np.inf), np.ones(3)):
        with pytest.raises(InputError):
            index.nearest(query)
    with pytest.raises(InputError, match="64 bytes"):
        index.add(["é" * 33], unit(1))
    assert index.rows == 300


def test_rows_beyond_the_head_do_not_count(index: VectorIndex, tmp_path: Path) -> None:
    """What a crash between the rows and the head leaves behind."""
    for path in (tmp_path / "vectors").glob("*.[vi]*s"):
        with path.open("ab") as file:
            file.write(b"\1" * 3000)
    again = VectorIndex(tmp_path / "vectors", ONE)
    assert again.rows == 300
    again.add(["next"], unit(1, 11), "301")
    assert VectorIndex(tmp_path / "vectors", ONE).nearest(unit(1, 11)[0], 1)[0][0] == "next"


@pytest.mark.parametrize("harm", ["short", "no head", "no rows", "garbled head", "head of another"])
def test_a_damaged_copy_opens_empty_and_can_be_filled_again(harm: str, index: VectorIndex, tmp_path: Path) -> None:
    folder = tmp_path / "vectors"
    (rows,), (head,) = folder.glob("*.vectors"), folder.glob("*.json")
    if harm == "short":
        os.truncate(rows, 299 * 2048)
    elif harm == "no head":
        head.unlink()
    elif harm == "no rows":
        rows.unlink()
    elif harm == "garbled head":
        head.write_text("{")
    else:
        head.write_text(json.dumps(json.loads(head.read_text()) | {"embedder": OTHER}))
    again = VectorIndex(folder, ONE)
    assert (again.rows, again.state) == (0, "")
    again.rewrite([(names(3), unit(3))], "3")
    assert VectorIndex(folder, ONE).rows == 3
    assert len(list(folder.iterdir())) == 3


def test_rows_that_are_not_what_was_written_are_noticed(index: VectorIndex, tmp_path: Path) -> None:
    (rows,) = (tmp_path / "vectors").glob("*.vectors")
    for garbage in (np.full(512, np.nan, np.float32), unit(1)[0] * 1e3):
        with rows.open("r+b") as file:
            file.seek(100 * 2048)
            file.write(garbage.tobytes())
        with pytest.raises(DamagedCopy):
            VectorIndex(tmp_path / "vectors", ONE).nearest(unit(1)[0])


def test_making_it_again_replaces_all_or_nothing(index: VectorIndex, tmp_path: Path) -> None:
    def failing() -> Any:
        yield names(5), unit(5)
        raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError):
        index.rewrite(failing(), "5")
    assert (index.rows, index.state) == (300, "300")
    index.rewrite([(names(2), unit(2)), (names(2, 2), unit(2, 1))], "4")
    assert (index.rows, index.state) == (4, "4")
    assert index.nearest(unit(2, 1)[1], 1)[0][0] == "take-00003"
    assert len(list((tmp_path / "vectors").iterdir())) == 3
    index.rewrite([], "0")
    assert VectorIndex(tmp_path / "vectors", ONE).nearest(unit(1)[0]) == []


def test_a_full_disk_leaves_it_as_it_was(index: VectorIndex, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300 * 2048 + 100, hard))
    try:
        with pytest.raises(DiskFull):
            index.add(["x"], unit(1, 5), "301")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (index.rows, len(index.nearest(unit(1)[0], 400))) == (300, 300)
    again = VectorIndex(tmp_path / "vectors", ONE)
    assert (again.rows, again.state) == (300, "300")


def test_whenever_it_is_killed_every_finished_addition_is_there(tmp_path: Path) -> None:
    program = """
import sys, numpy as np
from pathlib import Path
from data.vectors import VectorIndex
index = VectorIndex(Path(sys.argv[1]), "a" * 64)
vector = np.eye(512, dtype=np.float32)
for n in range(index.rows, 512):
    index.add([f"n{n}"], vector[n : n + 1], str(n + 1))
    print(n, flush=True)
"""
    for rounds in range(4):
        command = [sys.executable, "-c", program, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            done = [int(process.stdout.readline()) for _ in range(3 + rounds)]
            process.kill()
        index = VectorIndex(tmp_path, ONE)
        assert index.rows >= done[-1] + 1
        assert index.state == str(index.rows)
        for n in range(index.rows):
            assert index.nearest(np.eye(512)[n], 1) == [(f"n{n}", 1.0)]

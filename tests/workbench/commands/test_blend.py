"""``blend``: parents from files and characters, a strip of pictures, figures as JSON, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from blocks.errors import InputError
from pipelines import Lab, Settings
from tests.pipelines._cast import actor, known_parent
from tests.workbench.commands.conftest import Said
from workbench.commands.blend import read_parent

Run = Callable[..., Said]
QUICK = ("--steps", 2, "--seed", 3)


@pytest.fixture(scope="module", autouse=True)
def lab(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that is open meanwhile, with a character in it: commands go through its door."""
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as lab:
        known_parent(lab, "Ada", 900_011, tmp_path_factory.mktemp("cast"))
        lab.create_character("Blank")
        yield lab


@pytest.fixture(scope="module")
def bo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of another actor, in a folder with a colon in its name."""
    folder = tmp_path_factory.mktemp("pictures") / "take 1:2"
    folder.mkdir()
    return actor(900_012, folder)[1]


def test_a_character_and_a_picture_by_their_weights(run: Run, bo: Path, tmp_path: Path) -> None:
    said = run(
        "blend", "--parent", "ada:3", "--parent", f"{bo}:1", "--outfit", bo, "--prompt", "happy", *QUICK,
        "--out", tmp_path, "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    [point] = said.json["points"]
    assert point["weights"] == [0.75, 0.25]
    assert len(point["similarity"]) == 3
    assert [one["role"] for one in said.json["parents"]] == ["face", "face", "outfit"]
    assert Path(point["file"]).name == "blend-3.png"
    with Image.open(point["file"]) as picture:
        assert picture.size == (128, 128)
    assert "75 %" in said.err and "like Ada" in said.err


def test_a_sweep_is_a_strip_in_its_order(run: Run, bo: Path, tmp_path: Path) -> None:
    words = ("blend", "--parent", "ada", "--parent", bo, *QUICK, "--sweep", 3, "--out", tmp_path, "--json")
    points = run(*words).json["points"]
    assert [point["weights"] for point in points] == [[1, 0], [0.5, 0.5], [0, 1]]
    assert [Path(point["file"]).name for point in points] == ["point-01.png", "point-02.png", "point-03.png"]
    assert {point["seed"] for point in points} == {3}
    assert run(*words).json["points"][1]["file"] == points[1]["file"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ada"], "2 to 6 parents, not 1"), (["ada"] * 7, "2 to 6 parents, not 7"), (["ada:0", "ada:0"], "more than 0"),
        (["ada:-1", "ada"], "weight of ada is -1"), (["ada:nan", "ada"], "weight of ada is nan"),
        (["ada", ""], "names no parent"), (["ada", ":1"], "names no parent"),
        (["ada", "gone.png"], "neither a file or folder"), (["ada", r"C:\gone.png:0.5"], r"C:\gone.png is neither"),
        (["ada", "blank"], "Blank has no reference set"), (["ada", "ada:x"], "ada:x is neither"),
    ],
)  # fmt: skip
def test_what_is_no_parent_is_told(run: Run, tmp_path: Path, words: list[str], says: str) -> None:
    said = run("blend", *(word for one in words for word in ("--parent", one)), *QUICK, "--out", tmp_path / "out")
    assert said.code == 1
    assert says in said.err
    assert not (tmp_path / "out").exists()


def test_a_parent_without_a_face_is_named_with_the_reason(run: Run, bo: Path, tmp_path: Path) -> None:
    Image.new("RGB", (128, 128), "grey").save(tmp_path / "wall.png")
    said = run("blend", "--parent", bo, "--parent", tmp_path / "wall.png", *QUICK, "--out", tmp_path / "out")
    assert said.code == 1
    assert "wall.png has no face to give" in said.err


def test_a_method_that_the_model_cannot_do_is_told(run: Run, bo: Path, tmp_path: Path) -> None:
    said = run("blend", "--parent", "ada", "--parent", bo, *QUICK, "--method", "images", "--out", tmp_path)
    assert said.code == 1
    assert "it can do spherical" in said.err


def test_a_parent_is_read_as_it_stands_where_it_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:0.5").touch()
    assert read_parent("a:0.5") == ("a:0.5", 1.0)
    assert read_parent("a:0.5:2") == ("a:0.5", 2.0)
    assert read_parent(r"C:\x\a.png") == (r"C:\x\a.png", 1.0)
    assert read_parent(r"C:\x\a.png:0") == (r"C:\x\a.png", 0.0)
    assert read_parent("http://host:8080") == ("http://host:8080", 1.0)
    assert read_parent("http://host:8080/a.png:2") == ("http://host:8080/a.png", 2.0)
    assert read_parent("ada:.25") == ("ada", 0.25)
    assert read_parent("x" * 5000) == ("x" * 5000, 1.0)
    with pytest.raises(InputError, match="inf"):
        read_parent("ada:inf")

"""``grid`` and ``sheet``: cells made, made again and put together, with what is missing told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from blocks.faces import open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references
from pipelines import Lab, Settings
from tests.blocks.models._tiny import build
from tests.workbench.commands.conftest import Said

Run = Callable[..., Said]
FACE = [1.0] + [0.0] * 511  # a second recogniser may give vectors of another length, so none is made up for it
CELLS = [
    {"key": "base_face"},
    *({"key": f"expression_{name}"} for name in ("happy", "angry", "surprised")),
    {"key": "pose_standing"},
    {"key": "rain", "prompt": "night street"},
]
SMALL = ("--model", "tiny", "--steps", 2)


@pytest.fixture(scope="module", autouse=True)
def lab(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A model that draws nonsense quickly, somebody to draw, and a lab that is open meanwhile."""
    build("pocket", home / "models" / "tiny")
    build("flux2-klein", home / "models" / "klein")
    picture = tmp_path_factory.mktemp("face") / "face.png"
    Image.new("RGB", (96, 96), "teal").save(picture)
    faces = open_faces(threads=1)
    pixels = draw_portrait(identity(900_032), Look()).picture
    [face] = faces.find(pixels)
    second = faces.second_embedding(pixels, face)
    members = [{"file": "face.png", "view": "front", "embedding": face.embedding, "second": second}] * 2
    whom = make_references(members, embedder=faces.embedder, domain="pocket")
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as opened:
        for model in ("tiny", "klein"):
            opened.approve_model(model)
        file = opened.import_file(picture)
        for name in ("Mara", "Stopped"):
            made = opened.create_character(name, references=whom, reference_files=[file, file])
            opened.set_cells(made.id, CELLS)
        opened.create_character("Blank")
        yield opened


def test_a_grid_is_shown_without_anything_being_made(run: Run) -> None:
    said = run("grid", "blank", "--json")
    assert said.code == 0
    assert len(said.json["cells"]) == 61 and said.json["made"] == []
    assert said.json["cells"][0] | {"prompt": ""} == {
        "key": "base_face", "section": "Expressions", "title": "Base face", "prompt": "", "flagged": False,
        "own": False, "history": 0, "file": None, "take": None, "seed": None, "score": None, "waiting": [],
    }  # fmt: skip
    plain = run("grid", "blank")
    assert "pose_sitting" in plain.out and "0 of 61 cells" in plain.out
    assert "grid blank --missing" in plain.out


def test_a_cell_a_section_and_then_all_that_is_missing(run: Run, tmp_path: Path) -> None:
    one = run("grid", "mara", "--cell", "rain", "--seed", 5, *SMALL, "--json")
    assert one.code == 0, one.err
    [rain] = one.json["cells"]
    assert (rain["seed"], rain["history"], rain["waiting"]) == (5, 1, [])
    assert "1 of 1  rain: seed 5" in one.err
    section = run("grid", "mara", "--section", "Expressions", *SMALL, "--json")
    assert [one["cell"] for one in section.json["made"]] == [cell["key"] for cell in CELLS[:4]]
    rest = run("grid", "mara", "--missing", *SMALL, "--out", tmp_path, "--json")
    assert [one["cell"] for one in rest.json["made"]] == ["pose_standing"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{cell['key']}.png" for cell in CELLS)
    assert all(Path(cell["file"]).is_file() for cell in rest.json["cells"])
    assert "Nothing of this is missing" in run("grid", "mara", "--missing", *SMALL).err


def test_a_cell_made_again_waits_beside_the_first(run: Run) -> None:
    again = run("grid", "mara", "--cell", "rain", "--seed", 6, *SMALL, "--json")
    [rain] = again.json["cells"]
    assert (rain["seed"], [one["seed"] for one in rain["waiting"]]) == (5, [6])
    assert "1 with a new one beside" in again.err


def test_interrupted_it_stops_what_it_asked_for_and_goes_on_later(
    run: Run, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = Lab.wait

    def interrupted(self: Lab, job: str, *args: object, **named: object) -> object:
        ended = wait(self, job)
        if named:  # the one that is followed, not those that are waited for after they were stopped
            raise KeyboardInterrupt
        return ended

    with monkeypatch.context() as patch:
        patch.setattr(Lab, "wait", interrupted)
        said = run("grid", "stopped", "--section", "Expressions", *SMALL)
    assert said.code == 130
    assert "the same command goes on" in said.err
    character = lab.character("stopped")
    assert not any(cell.busy for cell in lab.grid(character.id))
    filled = [cell.key for cell in lab.grid(character.id) if cell.standing.current]
    again = run("grid", "stopped", "--section", "Expressions", *SMALL, "--json")
    assert [one["cell"] for one in again.json["made"]] == [c["key"] for c in CELLS[:4] if c["key"] not in filled]


def test_a_sheet_is_written_and_told(run: Run, tmp_path: Path) -> None:
    said = run("sheet", "mara", "--kind", "contact", "--out", tmp_path / "new" / "sheet.png", "--json")
    assert said.code == 0, said.err
    with Image.open(said.json["file"]) as sheet:
        assert sheet.size == (said.json["width"], said.json["height"])
    assert (said.json["dpi"], said.json["kind"]) == (300, "contact")
    profile = run("sheet", "mara", "--kind", "profile", "--out", tmp_path / "profile.png", "--json").json
    assert profile["width"] * 16 == profile["height"] * 9


def test_a_sheet_is_drawn_as_one_picture_by_a_model_that_is_shown_pictures(run: Run, tmp_path: Path) -> None:
    size = ("--width", 144, "--height", 256, "--seed", 3, "--steps", 2)
    drawn = run("sheet", "mara", "--kind", "profile", "--model", "klein", *size, "--out", tmp_path / "a.png", "--json")
    assert drawn.code == 0, drawn.err
    told = drawn.json
    assert (told["width"], told["height"], told["dpi"], told["model"], told["seed"]) == (144, 256, 300, "klein", 3)
    assert told["score"]["expected"] == 3
    plain = run("sheet", "mara", "--kind", "profile", "--model", "klein", *size, "--out", tmp_path / "b.png")
    assert "144 × 256 pixels at 300 dpi" in plain.out and "of 3 faces found" in plain.out
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert one.tobytes() == other.tobytes()


def test_a_template_says_what_it_would_change_and_needs_a_yes(run: Run, lab: Lab) -> None:
    lab.save_template("Portraits", [{"key": "base_face"}, {"key": "rain", "prompt": "rain, at night"}])
    asked = run("grid", "stopped", "--template", "Portraits")
    assert asked.code == 1
    assert "takes out 4 cells (Happy, Angry, Surprised, Standing) and changes 1 cell (Rain)" in asked.err
    assert "--yes" in asked.err
    assert len(lab.grid("stopped")) == len(CELLS)
    applied = run("grid", "stopped", "--template", "Portraits", "--yes", "--json")
    assert [cell["key"] for cell in applied.json["cells"]] == ["base_face", "rain"]
    assert "the grid has 2 cells" in applied.err
    assert run("grid", "blank", "--template", "standard", "--json").code == 0, "nothing of it changes"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("grid", "gone"), "no character 'gone'"),
        (("grid", "blank", "--missing"), "no reference set"),
        (("grid", "mara", "--section", "Weather"), "no section 'Weather'; it has Expressions"),
        (("grid", "mara", "--cell", "snow"), "no cell snow"),
        (("grid", "mara", "--missing", "--seed", 1), "--cell KEY"),
        (("grid", "mara", "--cell", "rain", "--missing"), "made in any case"),
        (("grid", "mara", "--cell", "rain", "--model", "gone"), "no model 'gone'"),
        (("grid", "mara", "--yes"), "--template NAME"),
        (("grid", "mara", "--template", "gone"), "no template 'gone'"),
        (("sheet", "mara", "--kind", "views", "--out", "views.png"), "sheet_front"),
        (("sheet", "mara", "--kind", "profile", "--model", "pocket", "--out", "a.png"), "one view at a time"),
        (("sheet", "mara", "--kind", "profile", "--model", "gone", "--out", "a.png"), "no model 'gone'"),
        (("sheet", "mara", "--kind", "contact", "--model", "klein", "--out", "a.png"), "profile and views can"),
        (("sheet", "mara", "--kind", "contact", "--steps", 3, "--out", "a.png"), "takes no --steps"),
        (("sheet", "mara", "--kind", "contact", "--out", "sheet.pdf"), "sheet.png"),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(run: Run, words: tuple[object, ...], message: str) -> None:
    said = run(*words)
    assert said.code == 1
    assert message in said.err

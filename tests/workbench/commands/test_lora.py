"""``lora``: from a folder of pictures to files in another lab, told for people and for programs."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from pipelines import Lab, Settings
from pipelines.lora_characters import standing
from pipelines.loras import curve_of, lora_of
from tests.blocks.models._tiny import build
from tests.workbench.commands.conftest import Said

pytestmark = pytest.mark.timeout(1800)

Run = Callable[..., Said]
QUICK = ("--set", "batch=2", "--set", "rank=2", "--set", "save_every=2", "--set", "size=32", "--steps", "4")


@pytest.fixture(scope="module", autouse=True)
def lab(home: Path) -> Iterator[Lab]:
    """A lab with a tiny model, open meanwhile: commands go through its door."""
    build("pocket", home / "models" / "tiny")
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=0)) as opened:
        opened.approve_model("tiny")
        yield opened


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of one person, a copy of one of them, and a caption beside one."""
    folder, random = tmp_path_factory.mktemp("portraits"), np.random.default_rng(5)
    for number in range(6):
        drawn = draw_portrait(identity(710_001), random_look(random), 64, seed=number).picture
        Image.fromarray(drawn).save(folder / f"mira-{number}.png")
    Image.open(folder / "mira-0.png").save(folder / "z-copy.png")
    (folder / "mira-1.txt").write_text("mira7, in my own words")
    return folder


@pytest.fixture(scope="module")
def trained() -> dict[str, Any]:
    """Filled by the first test: the job that trained."""
    return {}


def test_a_lora_is_trained_from_a_folder_picked_and_told_of(
    run: Run, lab: Lab, portraits: Path, trained: dict[str, Any], tmp_path: Path
) -> None:
    looked = run("lora", "dataset", portraits, "--trigger", "mira7", "--model", "tiny", *QUICK, "--json")
    assert looked.code == 0, looked.err
    assert [left["file"] for left in looked.json["dropped"]] == ["z-copy.png"]
    captions = {row["file"]: row["caption"] for row in looked.json["table"]}
    assert captions["mira-1.png"] == "mira7, in my own words" and captions["mira-2.png"].startswith("mira7, ")
    assert looked.json["advice"]["count"] == 4

    said = run("lora", "train", portraits, "--trigger", "mira7", "--model", "tiny", *QUICK, "--out", tmp_path, "--json")
    assert said.code == 0, said.err
    assert said.json["state"] == "completed" and said.json["versions"] == [2, 4]
    assert said.json["report"]["chosen"] in (2, 4)
    assert {Path(name).suffix for name in said.json["written"]} == {".safetensors", ".zip"}
    assert [step.state for step in lab.steps(said.json["job"]) if step.name == "dataset"] == ["reused"]
    assert [point.step for point in curve_of(lab, said.json["job"])] == [1, 2, 3, 4]
    trained |= {"job": said.json["job"], "chosen": said.json["report"]["chosen"]}


def test_it_is_listed_exported_in_another_version_and_used(
    run: Run, lab: Lab, trained: dict[str, Any], tmp_path: Path
) -> None:
    assert "completed" in run("lora", "list").out
    assert [one["job"] for one in run("lora", "list", "--json").json["loras"]] == [trained["job"]]
    said = run("lora", "export", trained["job"], "--version", 2, "--title", "Second", "--out", tmp_path, "--json")
    assert said.code == 0, said.err
    second = lora_of(lab, said.json["job"])
    skipped = {step.name for step in lab.steps(second.job.id) if step.state == "skipped"}
    assert skipped == {"dataset", "advise", "others", "train", "pick"}, "nothing of it is asked again"
    assert (second.version, second.versions, second.report["chosen"]) == (2, (2, 4), trained["chosen"])
    assert [point.step for point in curve_of(lab, second.job.id)] == [1, 2, 3, 4]
    assert (tmp_path / "second.safetensors").exists()
    with zipfile.ZipFile(tmp_path / "second-civitai.zip") as package:
        assert "training_data.zip" in package.namelist()
    used = run("lora", "use", trained["job"], "--name", "mira", "--json").json
    assert used == {"model": "mira.safetensors", "trigger": "mira7", "character": ""}

    back = run("lora", "import", tmp_path / "second.safetensors", "--model", "tiny", "--name", "back", "--json")
    assert back.code == 0, back.err
    assert back.json["facts"]["layout"] == "kohya" and back.json["facts"]["trigger"] == "mira7"
    drawn = lab.run(
        "generate_picture",
        show=False,
        prompt="mira7",
        model="tiny",
        steps=2,
        width=32,
        height=32,
        loras=[{"path": "back.safetensors", "weight": 1.0}],
    )
    assert drawn["generate"].outputs["facts"]["loras"] == [{"name": "back.safetensors", "weight": 1.0}]


def test_a_finished_training_is_made_longer(run: Run, trained: dict[str, Any]) -> None:
    assert "give --steps" in run("lora", "resume", trained["job"]).err
    said = run("lora", "resume", trained["job"], "--steps", 6, "--json")
    assert said.code == 0, said.err
    assert said.json["versions"] == [6]


def test_a_deleted_lora_is_listed_as_that_and_is_there_again_when_it_is_trained_again(
    run: Run, lab: Lab, portraits: Path, trained: dict[str, Any]
) -> None:
    gone = run("lora", "delete", trained["job"], "--json")
    assert gone.json["removed"] == ["mira.safetensors"], gone.err
    assert "mira.safetensors" not in [model.name for model in lab.models()]
    assert re.search(rf"{trained['job']}.* deleted ", run("lora", "list").out)
    known = {one["job"]: one for one in run("lora", "list", "--json").json["loras"]}[trained["job"]]
    assert (known["state"], known["versions"], known["files"]) == ("deleted", [], [])
    for action in ("use", "export", "resume"):
        said = run("lora", action, trained["job"])
        assert said.code == 1 and "train it again" in said.err
    again = run("lora", "train", portraits, "--trigger", "mira7", "--model", "tiny", *QUICK, "--json")
    assert again.json["state"] == "completed" and again.json["versions"] == [2, 4], again.err
    assert {step.state for step in lab.steps(again.json["job"]) if step.name == "train"} == {"reused"}


def test_a_character_is_trained_from_its_grid_with_others_beside_and_drawn_with_it(
    run: Run, lab: Lab, portraits: Path
) -> None:
    mara = lab.create_character("Mara")
    for number, key in enumerate(("base_face", "expression_happy", "expression_sad")):
        picture = lab.import_file(portraits / f"mira-{number}.png")
        lab.add_take(picture, {"prompt": "red coat"}, character=mara.id, label=key)
    lab.keep_take(lab.add_take(lab.import_file(portraits / "mira-3.png"), {}, character=mara.id).id)
    assert standing(lab, mara).words == "un-trained"
    said = run("lora", "train", "--character", mara.slug, "--model", "tiny", "--others", 2, *QUICK, "--json")
    assert said.code == 0, said.err
    assert said.json["character"] == mara.id and said.json["trigger"] == "mr7"
    steps = {step.name: step.outputs for step in lab.steps(said.json["job"])}
    assert {row["source"] for row in steps["dataset"]["table"]} == {"cell Base face", "cell Happy", "cell Sad", "take"}
    assert len(steps["others"]["pictures"]) == 2 and steps["others"]["captions"][0] != ""
    assert not any("mr7" in caption for caption in steps["others"]["captions"])
    assert standing(lab, lab.character(mara.id)).state == "completed"
    assert "Mara" in run("lora", "list").out

    used = run("lora", "use", said.json["job"], "--json").json
    assert used == {"model": "mara.safetensors", "trigger": "mr7", "character": mara.id}
    fields = lab.character(mara.id).fields
    assert (fields["lora"], fields["trigger"], fields["lora_model"]) == ("mara.safetensors", "mr7", "tiny")
    [job] = lab.generate("blue hair", character=mara.id, model="tiny", steps=2, width=32, height=32)
    assert lab.wait(job.id).state == "SUCCEEDED"
    [take] = lab.takes(job=job.id)
    assert take.prompt == "mr7, blue hair" and take.settings["loras"][0]["name"] == "mara.safetensors"
    run("lora", "delete", said.json["job"])
    assert standing(lab, lab.character(mara.id)).words == "un-trained"
    assert "lora" not in {name for name, value in lab.character(mara.id).fields.items() if value}


def test_what_is_wrong_is_said_with_what_to_do(run: Run, portraits: Path, tmp_path: Path) -> None:
    for words, expected in (
        (("train", portraits), "--trigger"),
        (("dataset", tmp_path, "--trigger", "mira7"), "no pictures"),
        (("train", portraits, "--trigger", "two words", "--model", "tiny"), "trigger word"),
        (("train", portraits, "--trigger", "mira7", "--model", "tiny", "--set", "rank"), "NAME=VALUE"),
        (("train", portraits, "--trigger", "mira7", "--model", "tiny", "--set", "rank=0"), "rank is 0"),
        (("train", portraits, "--trigger", "mira7", "--model", "none"), "no model"),
        (("export", "none"), "none"),
        (("train", "--character", "nobody"), "nobody"),
        (("train", portraits, "--trigger", "mira7", "--model", "tiny", "--others", 900), "900"),
    ):
        said = run("lora", *words)
        assert said.code == 1 and expected in said.err, words

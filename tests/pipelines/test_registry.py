"""Only approved models run: asked when a job is submitted, and again of the bytes that are there when a step starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from blocks.errors import Conflict, Denied, InputError, UnknownName, UnsafeFile
from pipelines.engine.allowed import Allowed
from pipelines.lab import Lab
from pipelines.models import ModelInfo
from pipelines.settings import Settings
from tests.blocks.models import _adapters
from tests.blocks.models._tiny import build
from tests.pipelines.test_models import Evil, compact

OpenLab = Callable[..., Lab]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the pocket's family, outside of any lab."""
    return build("pocket", tmp_path_factory.mktemp("built") / "tiny")


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Lab]:
    with Lab.open(settings=Settings(home=tmp_path / "home", cpu_slots=1, gpu_slots=0, warm=0)) as lab:
        yield lab


@pytest.fixture
def small(tmp_path: Path) -> str:
    Image.new("RGB", (8, 6), (10, 20, 30)).save(tmp_path / "small.png")
    return str(tmp_path / "small.png")


def entry(lab: Lab, name: str) -> ModelInfo:
    return next(info for info in lab.models() if info.name == name)


def test_what_came_with_the_lab_is_approved_and_what_is_brought_waits(mine: Lab, tmp_path: Path) -> None:
    added = mine.add_model(compact(tmp_path / "2x-mine.safetensors"))
    assert (added.approval, added.runs) == ("pending", False)
    assert {info.approval for info in mine.models() if not info.file} == {"approved"}


def test_a_job_with_a_model_that_waits_is_refused_with_what_to_do(mine: Lab, tmp_path: Path, small: str) -> None:
    mine.add_model(compact(tmp_path / "2x-mine.safetensors"))
    asked = {"picture": small, "model": "2x-mine", "scale": 2}
    with pytest.raises(Denied, match=r"2x-mine\.safetensors is not approved.*models approve 2x-mine\.safetensors"):
        mine.submit("enhance_picture", asked)
    assert mine.jobs() == []
    mine.approve_model("2x-mine", why="tried it", user="ada")
    assert mine.wait(mine.submit("enhance_picture", asked).id).state == "SUCCEEDED"
    [told] = [one for one in mine.audit() if one.action == "model.approved"]
    assert (told.who, told.subject, told.detail["why"]) == ("ada", "2x-mine.safetensors", "tried it")


def test_a_decision_is_taken_back_and_a_block_holds_for_the_labs_own_too(mine: Lab, tmp_path: Path, small: str) -> None:
    mine.add_model(compact(tmp_path / "2x-mine.safetensors"), approve=True)
    asked = {"picture": small, "model": "2x-mine", "scale": 2}
    for state, says in (("pending", "not approved"), ("blocked", "is blocked")):
        assert mine.approve_model("2x-mine", state).approval == state  # type: ignore[arg-type]
        with pytest.raises(Denied, match=says):
            mine.submit("enhance_picture", asked)


def test_other_bytes_under_an_approved_name_wait_again(mine: Lab, tmp_path: Path, small: str) -> None:
    added = mine.add_model(compact(tmp_path / "2x-mine.safetensors"), approve=True)
    compact(mine.settings.models / "2x-mine.safetensors", 1.0)
    changed = entry(mine, "2x-mine")
    assert changed.approval == "pending" and changed.digest != added.digest
    with pytest.raises(Denied, match="not approved"):
        mine.submit("enhance_picture", {"picture": small, "model": "2x-mine", "scale": 2})
    with pytest.raises(Conflict, match="changed since you looked"):
        mine.approve_model("2x-mine", digest=added.digest)


def test_the_step_looks_again_at_the_bytes_that_are_there(mine: Lab, tmp_path: Path, small: str) -> None:
    """Here the file is exchanged while the job waits for a worker."""
    mine.add_model(compact(tmp_path / "2x-mine.safetensors"), approve=True)
    busy = mine.submit("enhance_picture", {"picture": small, "model": "realesr-animevideov3", "scale": 2}, priority=9)
    job = mine.submit("enhance_picture", {"picture": small, "model": "2x-mine", "scale": 2})
    compact(mine.settings.models / "2x-mine.safetensors", 1.0)
    ended = mine.wait(job.id)
    mine.wait(busy.id)
    assert ended.state == "FAILED"
    assert "2x-mine.safetensors is not approved" in str(ended.error)


def test_a_retry_asks_again(mine: Lab, tmp_path: Path, small: str) -> None:
    mine.add_model(compact(tmp_path / "2x-mine.safetensors"), approve=True)
    mine.submit("enhance_picture", {"picture": small, "model": "realesr-animevideov3", "scale": 2}, priority=9)
    job = mine.submit("enhance_picture", {"picture": small, "model": "2x-mine", "scale": 2})
    mine.cancel(job.id)
    assert mine.wait(job.id).state == "CANCELLED"
    mine.approve_model("2x-mine", "blocked")
    with pytest.raises(Denied, match="blocked"):
        mine.retry(job.id)


def test_decisions_outlive_the_file_and_the_lab(tmp_path: Path) -> None:
    config = Settings(home=tmp_path / "home", cpu_slots=1, gpu_slots=0, warm=0)
    with Lab.open(settings=config) as lab:
        lab.add_model(compact(tmp_path / "2x-mine.safetensors"), approve=True)
        lab.remove_model("2x-mine")
    with Lab.open(settings=config) as lab:
        assert lab.restore_model("2x-mine.safetensors").approval == "approved"


def test_a_folder_is_added_whole_listed_by_what_it_can_do_removed_and_taken_back(mine: Lab, tiny: Path) -> None:
    added = mine.add_model(tiny)
    assert (added.name, added.kind, added.family, added.file) == ("tiny", "generate", "pocket", "tiny")
    assert "starts from a picture" in added.capabilities and added.commercial is None
    assert len(added.digest) == 64
    assert mine.remove_model("tiny") == "tiny"
    assert mine.removed_models() == ["tiny"]
    assert mine.restore_model("tiny").digest == added.digest
    mine.remove_model("tiny")
    files, size = mine.empty_trash()
    assert files > 5 and size == added.size


def test_a_folder_never_takes_the_place_of_another_and_its_code_stays_outside(
    mine: Lab, tiny: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(tiny, tmp_path / "other" / "tiny")
    (other / "evil.py").write_text("print('ran')")
    mine.add_model(other)
    assert not (mine.settings.models / "tiny" / "evil.py").exists()
    with pytest.raises(Conflict, match="nothing was overwritten"):
        mine.add_model(tiny)
    assert not [path for path in mine.settings.models.iterdir() if path.name.endswith(".new")]


def test_a_folder_of_pickles_is_refused(mine: Lab, tiny: Path, tmp_path: Path) -> None:
    import pickle

    other = shutil.copytree(tiny, tmp_path / "other")
    for path in (other / "unet").glob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    (other / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UnsafeFile, match="may run code"):
        mine.add_model(other)
    assert "other" not in {info.name for info in mine.models()}


def test_a_folder_may_not_take_the_labs_own_name(mine: Lab, tiny: Path) -> None:
    with pytest.raises(Conflict, match="kept for the lab's own model"):
        mine.add_model(tiny, "pocket")


def test_loras_adapters_and_control_are_told_with_the_family_they_are_for(mine: Lab, tiny: Path) -> None:
    models = mine.settings.models
    (models / "loras").mkdir(parents=True)
    _adapters.lora(tiny, models / "loras" / "ada.safetensors")
    _adapters.faceid(tiny, models / "face.safetensors", with_lora=False)
    _adapters.control_net(tiny, models / "pose")
    known = {info.name: info for info in mine.models()}
    assert [known[name].kind for name in ("loras/ada.safetensors", "face.safetensors", "pose")] == [
        "lora",
        "adapter",
        "control",
    ]
    assert {known[name].family for name in ("loras/ada.safetensors", "face.safetensors", "pose")} == {"pocket"}
    assert mine.remove_model("loras/ada.safetensors") == "loras/ada.safetensors"
    assert mine.restore_model("loras/ada.safetensors").kind == "lora"


def test_a_face_pack_that_may_not_be_sold_with_says_so(mine: Lab) -> None:
    pack = mine.settings.models / "buffalo_l"
    pack.mkdir(parents=True)
    (pack / "det_10g.onnx").write_bytes(b"onnx")
    info = entry(mine, "buffalo_l")
    assert (info.kind, info.commercial) == ("faces", False)
    assert "non-commercial" in info.licence


def test_a_damaged_model_is_listed_as_refused_and_cannot_be_approved(mine: Lab) -> None:
    (mine.settings.models / "broken").mkdir(parents=True)
    (mine.settings.models / "broken" / "model_index.json").write_text("{")
    info = entry(mine, "broken")
    assert info.state == "refused" and "damaged" in info.why
    with pytest.raises(UnknownName, match="cannot be approved"):
        mine.approve_model("broken")


def test_nobody_decides_nothing_and_states_are_known(mine: Lab, tmp_path: Path) -> None:
    mine.add_model(compact(tmp_path / "2x-mine.safetensors"))
    with pytest.raises(Denied):
        mine.approve_model("2x-mine", user="")
    with pytest.raises(InputError, match="approved, pending, blocked"):
        mine.approve_model("2x-mine", "perhaps")  # type: ignore[arg-type]
    with pytest.raises(UnknownName):
        mine.approve_model("nothing-like-it")


def test_the_form_offers_what_is_approved_and_fits(mine: Lab, tiny: Path) -> None:
    models = mine.settings.models
    mine.add_model(tiny, approve=True)
    _adapters.lora(tiny, models / "ada.safetensors")
    assert mine.model_form("tiny").field("loras") is None
    mine.approve_model("ada.safetensors")
    form = mine.model_form("tiny")
    field = form.field("loras")
    assert field is not None and field.choices == (("ada", "ada.safetensors"),)
    assert form.fits is True and "main memory" in form.memory


def test_a_prompt_is_reported_without_the_model(mine: Lab, tiny: Path) -> None:
    mine.add_model(tiny)
    report = mine.prompt_report("tiny", "a red coat, zeppelin")
    assert report.tokens > 3 and "zeppelin" in report.unknown


def test_a_part_of_an_approved_folder_is_approved_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    (folder / "tiny").mkdir(parents=True)
    save_file({"x": np.zeros(1, np.float32)}, folder / "tiny" / "faceid.safetensors")
    (folder / "tiny" / "model_index.json").write_text(json.dumps({}))
    from blocks.models.digest import model_digest

    whole = model_digest(folder / "tiny")
    Allowed(folder, (), frozenset({whole}), frozenset()).check([folder / "tiny" / "faceid.safetensors"])
    with pytest.raises(Denied):
        Allowed(folder, (), frozenset(), frozenset()).check([folder / "tiny" / "faceid.safetensors"])
    with pytest.raises(InputError, match="outside"):
        Allowed(folder, (), frozenset({whole}), frozenset()).check([folder / ".." / "models2", tmp_path])

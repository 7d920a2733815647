"""A download is a job: it can be watched, stopped and gone on with, and what it brought waits to be approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.lab import Lab
from pipelines.settings import Settings
from tests.blocks.models._hub import FakeHub, serving
from tests.blocks.models._tiny import build

REPO = "somebody/tiny-model"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("pocket", tmp_path_factory.mktemp("published") / "tiny")


@pytest.fixture
def hub(published: Path) -> Iterator[FakeHub]:
    found = FakeHub()
    found.take_in(REPO, published)
    with serving(found):
        yield found


@pytest.fixture
def mine(hub: FakeHub, tmp_path: Path) -> Iterator[Lab]:
    with Lab.open(settings=Settings(home=tmp_path / "home", cpu_slots=1, gpu_slots=0, warm=0, hub=hub.url)) as lab:
        yield lab


def test_what_has_arrived_waits_for_approval_and_then_draws(mine: Lab) -> None:
    job = mine.wait(mine.pull_model(REPO, user="ada").id)
    assert (job.state, job.title) == ("SUCCEEDED", f"Pull {REPO}")
    info = next(info for info in mine.models() if info.name == "tiny-model")
    assert (info.approval, info.licence, info.runs) == ("pending", "apache-2.0", False)
    assert REPO in info.source and "ada" in info.decided
    assert mine.result(job.id)["model"]["digest"] == info.digest
    mine.approve_model("tiny-model", digest=info.digest)
    asked = {"model": "tiny-model", "prompt": "a woman", "steps": 1, "width": 32, "height": 32}
    assert mine.wait(mine.submit("generate_picture", asked).id).state == "SUCCEEDED"


def test_an_admin_may_approve_with_the_download_and_a_block_outlives_it(mine: Lab) -> None:
    mine.wait(mine.pull_model(REPO, approve=True, user="ada").id)
    assert mine.model_form("tiny-model").family == "pocket"
    entries = [entry for entry in mine.audit() if entry.action == "model.approved"]
    assert [(entry.who, entry.subject) for entry in entries] == [("ada", "tiny-model")]
    mine.approve_model("tiny-model", "blocked")
    mine.remove_model("tiny-model")
    assert mine.wait(mine.pull_model(REPO, approve=True).id).state == "SUCCEEDED"
    assert next(info for info in mine.models() if info.name == "tiny-model").approval == "blocked"


def test_a_connection_that_breaks_is_tried_again_by_the_job(mine: Lab, hub: FakeHub) -> None:
    hub.breaks[WEIGHTS] = 1000
    job = mine.wait(mine.pull_model(REPO).id)
    assert (job.state, job.attempt) == ("SUCCEEDED", 2)
    assert hub.sent[WEIGHTS] == len(hub.files[REPO][WEIGHTS])


def test_a_download_that_is_stopped_leaves_no_model_and_is_gone_on_with(mine: Lab, hub: FakeHub) -> None:
    hub.hold = WEIGHTS
    job = mine.pull_model(REPO)
    assert hub.held.wait(60)
    mine.cancel(job.id)
    hub.hold = ""
    hub.wait.set()
    assert mine.wait(job.id).state == "CANCELLED"
    assert "tiny-model" not in {info.name for info in mine.models()}
    assert mine.wait(mine.retry(job.id).id).state == "SUCCEEDED"


def test_what_a_stopped_download_left_goes_with_the_trash(mine: Lab) -> None:
    left = mine.settings.models / ".pulling" / "tiny-model@c0ffeec0ffee"
    left.mkdir(parents=True)
    (left / "half.part").write_bytes(b"half")
    assert mine.empty_trash() == (1, 4)
    assert not left.exists()


def test_a_double_click_fetches_once(mine: Lab) -> None:
    first, second = (mine.pull_model(REPO, once="click") for _ in range(2))
    assert first.id == second.id
    assert mine.wait(first.id).state == "SUCCEEDED"


def test_what_cannot_be_had_ends_the_job_with_what_to_do(mine: Lab) -> None:
    job = mine.wait(mine.pull_model("somebody/nothing").id)
    assert job.state == "FAILED" and job.attempt == 1
    assert "has no model somebody/nothing" in str(job.error)

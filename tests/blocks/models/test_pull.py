"""A model from the hub: whole or not at all, every byte checked, taken up where it was left, and never a pickle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blocks.errors import Cancelled, Conflict, DiskFull, InputError, NotAvailable, TransientError, UnsafeFile
from blocks.models import pull
from blocks.models.digest import model_digest
from blocks.models.hub import chosen, list_files
from blocks.models.pull import PARTIAL, pull_model
from blocks.models.recognise import recognise
from tests.blocks.models import _adapters
from tests.blocks.models._hub import FakeHub, serving

REPO = "somebody/tiny-model"
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
Tiny = Callable[[str], Path]


@pytest.fixture
def hub(tiny: Tiny) -> Iterator[FakeHub]:
    found = FakeHub()
    found.take_in(REPO, tiny("pocket"))
    with serving(found):
        yield found


def fetch(hub: FakeHub, models: Path, repo: str = REPO, **more: Any) -> dict[str, Any]:
    return pull_model(repo, models=str(models), hub=hub.url, **more).model


def left(models: Path) -> list[str]:
    return sorted(path.name for path in models.iterdir()) if models.exists() else []


def test_a_model_arrives_whole_and_can_be_used(hub: FakeHub, tiny: Tiny, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    model = fetch(hub, tmp_path, progress=lambda share, note="", preview=None: told.append((share, note)))
    assert (model["name"], model["kind"], model["family"]) == ("tiny-model", "generate", "pocket")
    assert (model["licence"], model["source"]) == ("apache-2.0", f"{REPO} at c0ffeec0ffee, from the hub")
    assert model["digest"] == model_digest(tmp_path / "tiny-model")
    assert recognise(tmp_path / "tiny-model").profile.family == "pocket"
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[-1] == 1
    assert any(" of " in note and "MB" in note for _, note in told)
    assert not list((tmp_path / PARTIAL).iterdir())


def test_code_pickles_and_doubles_stay_on_the_hub(hub: FakeHub, tmp_path: Path) -> None:
    files = hub.files[REPO]
    files["unet/diffusion_pytorch_model.fp16.safetensors"] = files[WEIGHTS]
    files["unet/diffusion_pytorch_model.bin"] = b"pickle"
    files["whole.safetensors"] = files[WEIGHTS]
    files |= {"pipeline.py": b"print('ran')", "README.md": b"hello", ".gitattributes": b"x", "onnx/a/model.json": b"{}"}
    taken = {one.path for one in chosen(list_files(REPO, hub=hub.url))}
    assert WEIGHTS in taken and "model_index.json" in taken
    assert not taken & (set(files) - set(hub.files[REPO]))
    assert not [p for p in taken if p.endswith((".py", ".bin", ".md")) or "fp16" in p or p == "whole.safetensors"]
    fetch(hub, tmp_path)
    assert not list((tmp_path / "tiny-model").rglob("*.bin"))


def test_weights_that_are_pickles_only_are_refused_before_anything_is_fetched(hub: FakeHub, tmp_path: Path) -> None:
    hub.files[REPO]["unet/diffusion_pytorch_model.bin"] = hub.files[REPO].pop(WEIGHTS)
    with pytest.raises(UnsafeFile, match="may run code"):
        fetch(hub, tmp_path)
    assert not hub.sent and left(tmp_path) == []
    with pytest.raises(UnsafeFile, match="not fetched"):
        fetch(hub, tmp_path, file="unet/diffusion_pytorch_model.bin")


def test_a_path_that_leads_out_of_its_folder_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    hub.files[REPO]["../../evil.json"] = b"{}"
    with pytest.raises(UnsafeFile, match="leads out of its folder"):
        fetch(hub, tmp_path)


def test_a_broken_connection_goes_on_where_it_stopped(hub: FakeHub, tmp_path: Path) -> None:
    whole = len(hub.files[REPO][WEIGHTS])
    hub.breaks[WEIGHTS] = whole // 2
    with pytest.raises(TransientError, match="goes on from there"):
        fetch(hub, tmp_path)
    assert left(tmp_path) == [PARTIAL]
    before = hub.sent["model_index.json"]
    fetch(hub, tmp_path)
    assert hub.sent[WEIGHTS] == whole
    assert hub.sent["model_index.json"] == before
    assert (tmp_path / "tiny-model" / WEIGHTS).read_bytes() == hub.files[REPO][WEIGHTS]


def test_stopping_keeps_what_has_arrived_for_the_next_time(hub: FakeHub, tmp_path: Path) -> None:
    def stop(share: float, note: str = "", preview: Path | None = None) -> None:
        if share > 0.5:
            raise Cancelled("Stopped on request.")

    with pytest.raises(Cancelled):
        fetch(hub, tmp_path, progress=stop)
    assert left(tmp_path) == [PARTIAL]
    [part] = (tmp_path / PARTIAL).rglob("*.part")
    kept, path = part.stat().st_size, part.relative_to(part.parents[1]).as_posix().removesuffix(".part")
    finished = [name for name in hub.sent if name != path]
    sent = dict(hub.sent)
    fetch(hub, tmp_path)
    assert kept > 0 and hub.sent[path] - sent[path] == len(hub.files[REPO][path]) - kept
    assert all(hub.sent[name] == sent[name] for name in finished)


def test_bytes_that_are_not_those_announced_are_fetched_anew(hub: FakeHub, tmp_path: Path) -> None:
    for path in ("model_index.json", WEIGHTS):
        hub.lies = {path}
        with pytest.raises(TransientError, match="fetched anew"):
            fetch(hub, tmp_path)
    fetch(hub, tmp_path)
    assert (tmp_path / "tiny-model" / WEIGHTS).read_bytes() == hub.files[REPO][WEIGHTS]


def test_one_file_of_a_repository_is_fetched_by_its_name(hub: FakeHub, tiny: Tiny, tmp_path: Path) -> None:
    _adapters.lora(tiny("pocket"), tmp_path / "ada.safetensors")
    hub.files["somebody/loras"] = {"v2/ada.safetensors": (tmp_path / "ada.safetensors").read_bytes()}
    model = fetch(hub, tmp_path / "models", "somebody/loras", file="v2/ada.safetensors", name="ada-two")
    assert (model["name"], model["kind"], model["family"]) == ("ada-two.safetensors", "lora", "pocket")
    assert left(tmp_path / "models") == [PARTIAL, "ada-two.safetensors"]
    with pytest.raises(InputError, match=r"has no file nothing\.safetensors; it has v2/ada"):
        fetch(hub, tmp_path / "models", "somebody/loras", file="nothing.safetensors")
    with pytest.raises(InputError, match="To take one file of it, name it"):
        fetch(hub, tmp_path / "models", "somebody/loras")


def test_a_controlnet_is_a_folder_of_its_own(hub: FakeHub, tiny: Tiny, tmp_path: Path) -> None:
    hub.take_in("somebody/pose", _adapters.control_net(tiny("pocket"), tmp_path / "pose"))
    assert fetch(hub, tmp_path / "models", "somebody/pose")["kind"] == "control"


def test_nothing_takes_the_place_of_what_is_there(hub: FakeHub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    with pytest.raises(Conflict, match="give another name"):
        fetch(hub, tmp_path)
    assert fetch(hub, tmp_path, name="again")["name"] == "again"
    with pytest.raises(InputError, match="kept for the lab's own"):
        fetch(hub, tmp_path, name="pocket")
    with pytest.raises(InputError, match="no name for a model"):
        fetch(hub, tmp_path, name="../up")


def test_two_downloads_of_one_thing_do_not_meet(hub: FakeHub, tmp_path: Path) -> None:
    def second(share: float, note: str = "", preview: Path | None = None) -> None:
        if 0.2 < share < 1:
            with pytest.raises(Conflict, match="being fetched already"):
                fetch(hub, tmp_path)

    assert fetch(hub, tmp_path, progress=second)["name"] == "tiny-model"


def test_a_full_disk_is_told_before_anything_is_fetched(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "_SPARE", 1 << 60)
    with pytest.raises(DiskFull, match="GB more on the disk"):
        fetch(hub, tmp_path)
    assert not hub.sent


def test_what_the_lab_cannot_use_does_not_stay(hub: FakeHub, tmp_path: Path) -> None:
    hub.files[REPO]["model_index.json"] = b'{"_class_name": "SomethingElse"}'
    with pytest.raises(InputError, match="no profile for"):
        fetch(hub, tmp_path)
    assert list((tmp_path / PARTIAL).iterdir()) == [] and left(tmp_path) == [PARTIAL]


@pytest.mark.parametrize(
    ("repo", "error", "says"),
    [
        ("somebody/gated", NotAvailable, "accept its licence first"),
        ("somebody/nothing", InputError, "has no model somebody/nothing"),
        ("no-owner", InputError, "OWNER/NAME"),
        ("../etc/passwd", InputError, "OWNER/NAME"),
    ],
)
def test_what_cannot_be_had_is_said_with_what_to_do(
    hub: FakeHub, tmp_path: Path, repo: str, error: type[Exception], says: str
) -> None:
    hub.gated.add("somebody/gated")
    with pytest.raises(error, match=says):
        fetch(hub, tmp_path, repo)


def test_a_revision_that_is_not_there_is_said(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no revision 'v9'"):
        fetch(hub, tmp_path, revision="v9")


def test_a_hub_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="cannot be reached"):
        pull_model(REPO, models=str(tmp_path), hub="http://127.0.0.1:9")

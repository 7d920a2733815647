"""What the Blend page asks of a lab: parents are met, blended, told of, kept; and what lies on its desk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from blocks.errors import Conflict, Denied, InputError, UnknownName
from data.records import JobInfo
from pipelines.blends import Parent
from pipelines.lab import Lab
from tests.pipelines._cast import actor, known_parent
from workbench.access import LOCAL_ADMIN, User
from workbench.blends import Blends, Source
from workbench.pages.blend_acts import Room, act_on
from workbench.pages.blend_desk import Desk
from workbench.services import Services
from workbench.wish import Wish

USER = LOCAL_ADMIN
QUICK = Wish(prompt="happy", seed=3, settings={"steps": 2})


@pytest.fixture(scope="module")
def room(lab: Lab) -> Room:
    (lab.home / "uploads").mkdir(exist_ok=True)
    return Room.of(Services(lab, lab.home / "uploads"))


@pytest.fixture(scope="module")
def blends(room: Room) -> Blends:
    return room.blends


@pytest.fixture(scope="module")
def ada(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Parent:
    return known_parent(lab, "Ada", 900_011, tmp_path_factory.mktemp("ada"))


@pytest.fixture(scope="module")
def bo(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A picture of another actor; its digest."""
    return lab.import_file(actor(900_012, tmp_path_factory.mktemp("bo"))[1]).digest


@pytest.fixture(scope="module")
def wall(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A picture without a face; its digest."""
    from PIL import Image

    path = tmp_path_factory.mktemp("wall") / "wall.png"
    Image.new("RGB", (128, 128), "grey").save(path)
    return lab.import_file(path).digest


@pytest.fixture(scope="module")
def met(lab: Lab, blends: Blends, ada: Parent, bo: str) -> list[Source]:
    """A character and a picture, whose face was looked for."""
    sources = [blends.add(USER, "character", ada.character), blends.add(USER, "file", bo, weight=0.5)]
    assert lab.wait(sources[1].job).state == "SUCCEEDED"
    return sources


def test_parents_come_with_a_name_and_a_face(blends: Blends, room: Room, met: list[Source]) -> None:
    form = room.takes.form(USER)
    first, second = (blends.meet(USER, source, form) for source in met)
    assert (first.source.name, second.source.name) == ("Ada", "900012-front")
    assert first.picture and second.picture and not first.why and not second.why and not second.busy
    assert [one.name for one in blends.parents(USER, met)] == ["Ada", "900012-front"]


def test_somebody_without_a_face_is_told_and_can_still_give_the_style(
    lab: Lab, blends: Blends, room: Room, wall: str, met: list[Source]
) -> None:
    source = blends.add(USER, "file", wall)
    lab.wait(source.job)
    form = room.takes.form(USER)
    assert "face" in blends.meet(USER, source, form).why
    with pytest.raises(InputError, match="wall has no face to give"):
        blends.parents(USER, [met[0], source])
    styled = replace(source, role="style")
    told = blends.meet(USER, styled, form)
    assert told.why == "" and "read into the prompt" in told.how
    assert blends.parents(USER, [met[0], styled])[1].picture is not None


def test_a_sweep_has_points_that_fill_and_one_of_them_is_kept(lab: Lab, blends: Blends, met: list[Source]) -> None:
    [job] = blends.blend(USER, QUICK, met, "", 3, "click")
    assert [point.weights for point in blends.points(USER, job.id)] == [(1, 0), (0.5, 0.5), (0, 1)]
    assert lab.wait(job.id).state == "SUCCEEDED"
    points = blends.points(USER, job.id)
    assert all(point.take for point in points)
    assert job.inputs["reference_scale"] == blends.takes.form(USER).defaults["reference_scale"]
    assert [one.id for one in blends.jobs(USER)] == [job.id]
    take = points[1].take
    assert take is not None
    assert {one.name for one in blends.near(USER, take.id)} <= {"Ada"}
    if "person" in take.settings["blend"]:
        made = blends.keep(USER, take.id, "Nia")
        assert [one.name for one in blends.lineage(USER, made.id).parents] == ["Ada", "900012-front"]


def test_methods_are_those_of_the_model_and_the_number_of_faces(blends: Blends, room: Room) -> None:
    form = room.takes.form(USER)
    assert [one.name for one in blends.methods(form, 2)] == ["spherical", "slerp", "mean", "tokens"]
    assert "slerp" not in [one.name for one in blends.methods(form, 3)]


def test_what_a_blend_cannot_use_is_refused(blends: Blends, met: list[Source]) -> None:
    with pytest.raises(InputError, match="takes no image"):
        blends.blend(USER, replace(QUICK, settings={"image": "a" * 64}), met, "", 0, "")
    with pytest.raises(InputError, match="not 1"):
        blends.blend(USER, QUICK, met[:1], "", 0, "")
    with pytest.raises(InputError, match="A parent is a file"):
        blends.add(USER, "ghost", "x")
    with pytest.raises(InputError, match="Nobody has looked"):
        blends.parents(USER, [met[0], replace(met[1], job="")])
    with pytest.raises(UnknownName):
        blends.points(USER, met[1].job)


def test_a_search_that_has_not_ended_is_waited_for(
    lab: Lab, blends: Blends, met: list[Source], monkeypatch: Any
) -> None:
    waiting = JobInfo("j1", "reference_set", "Faces", "RUNNING")
    monkeypatch.setattr(lab, "job", lambda job: waiting)
    with pytest.raises(Conflict, match="still looked for"):
        blends.parents(USER, met)


def test_who_may_not_run_starts_nothing(blends: Blends, met: list[Source], bo: str) -> None:
    viewer = User("kim", frozenset({"view"}))
    for call in (
        lambda: blends.add(viewer, "file", bo),
        lambda: blends.blend(viewer, QUICK, met, "", 0, ""),
        lambda: blends.keep(viewer, "t", "Nia"),
    ):
        with pytest.raises(Denied):
            call()


def test_a_desk_goes_to_the_browser_and_comes_back(met: list[Source]) -> None:
    desk = Desk(tuple(met), sweep="s", take="t", measure="raw", model="m", token="x")
    assert Desk.read(desk.write()) == desk
    weighed = desk.weighed({f"weight.{met[0].key}": "80", f"role.{met[1].key}": "outfit", "model": "other"})
    assert (weighed.parents[0].weight, weighed.parents[1].role, weighed.model) == (0.8, "outfit", "other")


@pytest.mark.parametrize("text", ["", "null", "[]", '{"parents": 3}', '{"parents": [{"kind": "x"}, 7]}', "[" * 9999])
def test_whatever_a_browser_sends_gives_a_desk(text: str) -> None:
    assert Desk.read(text).parents == ()


def test_weights_and_roles_that_are_none_change_nothing() -> None:
    desk = Desk((Source("character", "c", "Ada", 0.5, key="ab"),))
    for wrong in ("nan", "-5", "1e9", "x", None):
        assert desk.weighed({"weight.ab": wrong, "role.ab": "hat"}).parents == desk.parents
    odd = json.loads(desk.write())
    odd["parents"][0] |= {"weight": "x", "identity": True, "role": 7}
    assert Desk.read(json.dumps(odd)).parents[0] == Source("character", "c", "Ada", 1.0, key="ab")


def test_an_act_leads_to_a_desk(room: Room, met: list[Source]) -> None:
    desk = Desk(tuple(met))
    assert act_on(room, USER, desk, "drop", met[0].key, {}).desk.parents == (met[1],)
    assert act_on(room, USER, desk, "nobody", "", {}).desk.parents == ()
    assert act_on(room, USER, desk, "measure", "raw", {}).desk.measure == "raw"
    with pytest.raises(InputError, match="whole number"):
        act_on(room, USER, desk, "sweep", "", {"points": "x"})
    with pytest.raises(InputError, match="no button"):
        act_on(room, USER, desk, "explode", "", {})
    full = Desk(tuple(replace(met[0], key=f"a{n}") for n in range(6)))
    with pytest.raises(InputError, match="at most 6"):
        act_on(room, USER, full, "character", met[0].id, {})

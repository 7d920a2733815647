"""What the Generate page asks of a lab: pictures of somebody are drawn as its form shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.frames.people import find_people
from pipelines.lab import Lab
from tests.pipelines._cast import known_parent
from workbench.access import LOCAL_ADMIN
from workbench.services import Services
from workbench.takes import ACTORS, Takes, Whom
from workbench.wish import Wish


def test_the_weight_that_is_shown_is_the_weight_that_is_used(lab: Lab, tmp_path: Path) -> None:
    takes = Takes(Services(lab, tmp_path))
    cleo = known_parent(lab, "Cleo", 900_013, tmp_path)
    shown = takes.form(LOCAL_ADMIN).defaults["reference_scale"]
    whom = Whom(character=cleo.character)
    wish = Wish(prompt="happy", seed=3, settings={"steps": 2}, max_iterations=1)
    [left] = takes.generate(LOCAL_ADMIN, wish, whom, "left alone")
    [moved] = takes.generate(LOCAL_ADMIN, Wish(settings={**wish.settings, "reference_scale": 0.3}), whom, "moved")
    takes.cancel(LOCAL_ADMIN, [left.id, moved.id])
    assert (left.inputs["reference_scale"], moved.inputs["reference_scale"]) == (shown, 0.3)


@pytest.mark.parametrize("seed", ACTORS[::15])
def test_somebody_new_begins_with_an_actor_who_is_seen_as_one_person(lab: Lab, tmp_path: Path, seed: int) -> None:
    item = Takes(Services(lab, tmp_path)).sample_actor(LOCAL_ADMIN, seed)
    assert len(find_people([Path(lab.media(item.digest).path)], scratch=tmp_path).people) == 1

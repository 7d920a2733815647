"""How blends are shown: shares in per cent, a line for each parent, and a copy that is seen."""

from __future__ import annotations

import re
from typing import Any

from blocks.blending import methods_for
from data.lineage import Ancestor, Descendant
from data.records import FileRef, JobInfo, TakeInfo
from pipelines.blends import Lineage, Neighbour
from workbench.blends import Met, Point, Source
from workbench.components import blending

FILE = FileRef("ab" * 32, "a.png", "image/png", 1)
PARENTS = [{"name": "Ada", "role": "face", "character": "c1"}, {"name": "<Bo>", "role": "face"}]


def take(name: str, weights: list[float], raw: list[float | None], share: float | None = None, **more: Any) -> TakeInfo:
    alike = [{"raw": one, "second": one, "share": share} for one in raw]
    blend = {"method": "mean", "parents": ["Ada", "<Bo>"], "roles": ["face", "face"], "weights": weights}
    return TakeInfo(name, FILE, settings={"parents": PARENTS, "blend": {**blend, "similarity": alike, **more}})


def job(state: Any = "SUCCEEDED") -> JobInfo:
    return JobInfo("j1", "sweep_faces", "Sweep from Ada to Bo", state, inputs={"parents": PARENTS})


def test_weights_are_shown_as_shares_of_the_face() -> None:
    sources = [Source("character", "c1", "Ada", 0.6, key="a1"), Source("character", "c2", "Bo", 0.2, key="b2")]
    coat = Met(Source("file", "ab" * 32, "coat", 0.9, "outfit", key="d4"), how="read into the prompt")
    drawn = blending.parents([*(Met(one) for one in sources), coat], [], [])
    assert re.findall(r"<output[^>]*>(\d+ %)", drawn) == ["75 %", "25 %"]
    assert "read into the prompt" in drawn


def test_what_keeps_a_parent_out_is_told_and_all_weights_at_nothing_too() -> None:
    bad = Met(Source("file", "x", "wall.png", 0.0, key="a1"), why="wall.png has no face to give.")
    drawn = blending.parents([bad], [], [])
    assert "wall.png has no face to give." in drawn and "Look again" in drawn and "Every weight is 0" in drawn


def test_methods_have_a_line_each_and_a_model_without_any_says_so() -> None:
    drawn = blending.methods(methods_for("faceid", 2), "slerp", "Pocket", 2)
    assert drawn.count('type="radio"') == 4 and 'value="slerp" checked' in drawn
    assert 'value="spherical" checked' in blending.methods(methods_for("faceid", 3), "slerp", "Pocket", 3)
    assert "takes no faces" in blending.methods([], "", "Plain", 2)


def test_a_sweep_is_a_line_a_parent_broken_where_nothing_was_seen() -> None:
    points = [
        Point(1, (1.0, 0.0), take("a", [1, 0], [0.7, 0.1])),
        Point(2, (0.5, 0.5), take("b", [0.5, 0.5], [None, None])),
        Point(3, (0.25, 0.75), take("c", [0.25, 0.75], [-0.001, 0.6])),
        Point(4, (0.0, 1.0)),
    ]
    drawn = blending.sweep(job("RUNNING"), points, [job()], "second", "c")
    assert len(re.findall(r'class="stop', drawn)) == 4 and "3 of 4 pictures" in drawn
    assert drawn.count('class="bead m0"') == drawn.count('class="bead m1"') == 2
    assert re.search(r'd="M12\.50 [\d.]+M62\.50 [\d.]+"', drawn)
    assert "Ada 25 %, &lt;Bo&gt; 75 %: like Ada 0.00, like &lt;Bo&gt; 0.60" in drawn
    assert "not seen" in drawn and "not drawn yet" in drawn and "<Bo>" not in drawn
    assert blending.sweep(None, [], [], "second") == ""


def test_a_copy_of_one_parent_is_seen_unless_it_was_meant() -> None:
    copy = take("a", [0.5, 0.5], [0.7, 0.1], share=0.9)
    drawn = blending.view(copy, [Neighbour("Ada", 0.7, "c1"), Neighbour("a fox", 0.3, take="t2")], None, "raw")
    assert "As good as a copy of Ada" in drawn
    assert "a parent" in drawn and "/generate?open=t2" in drawn
    meant = blending.view(take("a", [1, 0], [0.7, 0.1], share=0.9), [], None, "raw")
    assert "As good as a copy of Ada" not in meant


def test_a_picture_without_a_face_cannot_be_kept() -> None:
    faceless = take("a", [0.5, 0.5], [None, None], why="no face is seen")
    drawn = blending.view(faceless, [], None, "second")
    assert "no face is seen" in drawn and 'data-form="keep"' not in drawn


def test_an_outfit_is_told_by_what_is_shown_of_it() -> None:
    settings = {
        "parents": [*PARENTS[:1], {"name": "coat", "role": "outfit"}],
        "blend": {
            "method": "spherical", "parents": ["Ada", "coat"], "roles": ["face", "outfit"], "weights": [1.0],
            "similarity": [{"raw": 0.5, "second": None, "share": None}, {"agreement": 0.5}],
            "read_into_prompt": ["red coat"],
        },
    }  # fmt: skip
    shown = TakeInfo("a", FILE, settings=settings)
    face, coat = blending.alike(shown, "second")
    assert (face.value, face.weight, coat.value, coat.weight) == (0.5, 1.0, 0.5, None)
    assert "no adapter for it: red coat" in blending.view(shown, [], None, "second")


def test_lineage_goes_both_ways() -> None:
    made_of = (Ancestor("Ada", 0.75, character="c1", similarity=0.41), Ancestor("coat.png", 0.0, "outfit"))
    drawn = blending.lineage(Lineage(made_of, "spherical", (Descendant("c9", "Nia", 0.5, "face", "mean"),)))
    assert 'href="/characters?character=c1"' in drawn and "75 %" in drawn and "Spherical mean" in drawn
    assert "the outfit" in drawn and 'href="/characters?character=c9"' in drawn
    assert blending.lineage(Lineage()) == ""

"""A portrait follows from person and look, and says truly where the face is."""

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.pocket.identity import identity
from blocks.pocket.look import (
    BACKGROUNDS,
    EXPRESSIONS,
    HAIR_COLOURS,
    HAIR_STYLES,
    LIGHTINGS,
    OUTFIT_COLOURS,
    OUTFITS,
    VIEWS,
    Look,
)
from blocks.pocket.portrait import Face, Motion, Portrait, draw_portrait

WHO = identity(7)
KEYS = {
    "hair": HAIR_STYLES,
    "hair_colour": tuple(HAIR_COLOURS),
    "outfit": OUTFITS,
    "outfit_colour": tuple(OUTFIT_COLOURS),
    "expression": EXPRESSIONS,
    "view": VIEWS,
    "lighting": LIGHTINGS,
    "background": BACKGROUNDS,
}


def face_of(portrait: Portrait) -> Face:
    assert portrait.face is not None
    return portrait.face


def test_the_same_arguments_give_the_same_pixels() -> None:
    look = Look(hair="curly", lighting="noir", background="park")
    first = draw_portrait(WHO, look, seed=3).picture
    assert np.array_equal(first, draw_portrait(WHO, look, seed=3).picture)
    assert first.shape == (128, 128, 3)
    assert first.dtype == np.uint8


@pytest.mark.parametrize("name", KEYS)
def test_every_key_looks_different_from_every_other(name: str) -> None:
    pictures = [draw_portrait(WHO, Look(**{name: key}), 96).picture.astype(int) for key in KEYS[name]]
    for place, one in enumerate(pictures):
        for other in pictures[place + 1 :]:
            assert np.abs(one - other).max() > 60, f"two {name} are alike"


def test_the_face_stays_the_same_whatever_is_worn() -> None:
    plain = face_of(draw_portrait(WHO, Look()))
    dressed = face_of(
        draw_portrait(WHO, Look(hair="long", hair_colour="pink", outfit="suit", lighting="night", background="beach"))
    )
    assert np.array_equal(plain.landmarks, dressed.landmarks)
    assert plain.box == dressed.box


def test_different_people_have_different_pictures_in_the_same_look() -> None:
    pictures = [draw_portrait(identity(seed), Look(), 96).picture.astype(int) for seed in range(8)]
    for place, one in enumerate(pictures):
        assert all(np.abs(one - other).mean() > 1.5 for other in pictures[place + 1 :])


def test_the_box_holds_the_landmarks_and_lies_in_the_picture() -> None:
    for view in VIEWS[:5]:
        face = face_of(draw_portrait(WHO, Look(view=view), 160))
        left, top, right, bottom = face.box
        assert 0 < left < right < 160
        assert 0 < top < bottom < 160
        xs, ys = face.landmarks.T
        assert xs.min() >= left
        assert xs.max() <= right
        assert ys.min() >= top
        assert ys.max() <= bottom


def test_the_landmarks_lie_on_eyes_and_mouth() -> None:
    """The pupils are the darkest spots near the eyes."""
    portrait = draw_portrait(identity(11), Look(hair="buzz"), 256)
    for x, y in face_of(portrait).landmarks[:2]:
        spot = portrait.picture[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4]
        assert spot.min() < 70


def test_the_views_turn_the_way_they_say() -> None:
    def lean(view: str) -> float:
        marks = face_of(draw_portrait(WHO, Look(view=view))).landmarks
        return float(marks[2, 0] - marks[:2, 0].mean())

    assert lean("side_left") < lean("half_left") < lean("front") < lean("half_right") < lean("side_right")


def test_from_behind_there_is_no_face() -> None:
    assert draw_portrait(WHO, Look(view="back")).face is None


def test_a_shifted_and_larger_head_takes_its_truth_along() -> None:
    still = face_of(draw_portrait(WHO, Look())).landmarks
    moved = face_of(draw_portrait(WHO, Look(), motion=Motion(shift=(0.1, 0.05), zoom=1.2))).landmarks
    assert np.ptp(moved[:, 1]) == pytest.approx(1.2 * np.ptp(still[:, 1]))
    assert (moved - still)[:, 0].mean() == pytest.approx(12.8, abs=0.5)


def test_speech_opens_the_mouth_and_leaves_the_rest() -> None:
    quiet = draw_portrait(WHO, Look())
    loud = draw_portrait(WHO, Look(), motion=Motion(speech=1.0))
    rows = np.flatnonzero(np.abs(quiet.picture.astype(int) - loud.picture).max(axis=(1, 2)) > 8)
    assert rows.min() > face_of(quiet).landmarks[2, 1] - 3


def test_too_small_a_portrait_is_refused() -> None:
    with pytest.raises(InputError, match="32"):
        draw_portrait(WHO, Look(), 16)

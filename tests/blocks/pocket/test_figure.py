"""Bodies stand, walk and sit; the skeleton lies on the body."""

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.pocket.figure import SMALLEST_FIGURE, draw_figure
from blocks.pocket.identity import identity
from blocks.pocket.look import OUTFITS, POSES, VIEWS, Look
from blocks.pocket.skeleton import JOINTS

WHO = identity(5)


@pytest.mark.parametrize("pose", POSES)
def test_every_pose_is_drawn_from_every_side(pose: str) -> None:
    for place, view in enumerate(VIEWS):
        figure = draw_figure(WHO, Look(pose=pose, view=view, outfit=OUTFITS[place]), 144, 256, oversample=1)
        assert figure.picture.shape == (256, 144, 3)
        assert (figure.face is None) == (view == "back")
        assert figure.skeleton.any()


def test_the_same_arguments_give_the_same_pixels() -> None:
    look = Look(pose="walking", outfit="dress")
    assert np.array_equal(draw_figure(WHO, look).picture, draw_figure(WHO, look).picture)


def test_a_standing_person_has_head_above_hips_above_feet_in_the_picture() -> None:
    figure = draw_figure(WHO, Look(pose="standing"))
    at = dict(zip(JOINTS, figure.points, strict=True))
    assert at["nose"][1] < at["neck"][1] < at["left_hip"][1] < at["left_knee"][1] < at["left_ankle"][1] < 320
    assert at["right_shoulder"][0] < at["left_shoulder"][0]
    assert figure.seen.all()


def test_sitting_knees_are_nearly_as_high_as_the_hips() -> None:
    at = dict(zip(JOINTS, draw_figure(WHO, Look(pose="sitting", view="side_right")).points, strict=True))
    thigh = at["left_knee"] - at["left_hip"]
    assert thigh[0] > abs(thigh[1])


def test_the_hands_of_the_skeleton_are_where_the_hands_are() -> None:
    figure = draw_figure(WHO, Look(pose="standing", outfit="t-shirt", background="studio"), 256, 320)
    at = dict(zip(JOINTS, figure.points, strict=True))
    x, y = np.rint(at["left_wrist"]).astype(int)
    assert np.abs(figure.picture[y, x].astype(int) - WHO.skin).max() < 60


def test_a_full_figures_face_is_large_enough_to_score() -> None:
    face = draw_figure(WHO, Look(pose="standing"), 160, SMALLEST_FIGURE).face
    assert face is not None
    assert face.box[3] - face.box[1] >= 32


def test_too_small_a_figure_is_refused() -> None:
    with pytest.raises(InputError, match="256"):
        draw_figure(WHO, Look(pose="standing"), 128, 200)

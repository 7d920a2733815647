"""The detector speaks SCRFD: its targets, decoded again, are the faces."""

import numpy as np
import torch

from blocks.pocket.training.detector import STRIDES, Detector, assign, corners, loss_of
from blocks.pocket.training.renders import Renders, one_render
from blocks.pocket.training.scenes import SIDE, Scene, draw_figures, scenes


def renders() -> Renders:
    drawn = [one_render("training", person, 0) for person in range(4)]
    faces = [portrait.face for portrait in drawn if portrait.face]
    return Renders(
        np.stack([portrait.picture for portrait in drawn]),
        np.arange(4),
        np.stack([face.landmarks for face in faces]),
        np.array([face.box for face in faces]),
        [portrait.look for portrait in drawn],
    )


def test_outputs_are_scores_boxes_and_landmarks_of_three_strides() -> None:
    model = Detector().eval()
    with torch.no_grad():
        outputs = model(torch.zeros(1, 3, 64, 96))
    for level, stride in enumerate(STRIDES):
        cells = 2 * (64 // stride) * (96 // stride)
        assert [tuple(output.shape) for output in outputs[level::3]] == [(1, cells, 1), (1, cells, 4), (1, cells, 10)]


def test_every_face_that_can_be_seen_is_somebodys_target() -> None:
    stream = scenes(renders(), draw_figures(6, np.random.default_rng(0)), np.random.default_rng(1))
    batch = [next(stream) for _ in range(40)]
    wanted = assign(batch)
    assert sum(len(scene.boxes) for scene in batch) > 30
    for row, scene in enumerate(batch):
        assert scene.picture.shape == (SIDE, SIDE, 3)
        taken = torch.cat([box[row][score[row] == 1] for score, box, _ in wanted]).numpy()
        for face in scene.boxes:
            assert np.abs(taken - face).max(axis=1).min() < 1e-3
        if not len(scene.boxes):
            assert len(taken) == 0


def test_answers_that_are_right_cost_nearly_nothing() -> None:
    box, marks = np.array([[60.0, 50.0, 110.0, 112.0]]), np.array([[[72, 70], [98, 70], [85, 82], [75, 95], [95, 95]]])
    scene = Scene(np.zeros((SIDE, SIDE, 3), np.uint8), box, marks.astype(float))
    wanted = assign([scene])
    levels = []
    for (score, truth, points), stride in zip(wanted, STRIDES, strict=True):
        at = corners(SIDE, SIDE, stride)[None]
        sides = torch.cat([at - truth[..., :2], truth[..., 2:] - at], -1) / stride
        logit = torch.where(score == 1, 12.0, -12.0)[..., None]
        levels.append((logit, sides, (points - at.repeat(1, 1, 5)) / stride))
    assert all(float(part) < 1e-3 for part in loss_of(levels, wanted))
    wrong = [(-logit, sides + 1, points) for logit, sides, points in levels]
    assert all(float(part) > 0.1 for part in loss_of(wrong, wanted)[:2])


def test_scenes_follow_from_their_seed() -> None:
    first, again = (next(scenes(renders(), [], np.random.default_rng(4))) for _ in range(2))
    assert np.array_equal(first.picture, again.picture)

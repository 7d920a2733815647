"""Faces are cut as insightface cuts them, and embedders are judged on the pairs that matter."""

import math

import numpy as np
import pytest
import torch

from blocks.pocket.identity import TRAITS, identity
from blocks.pocket.look import Look, random_look
from blocks.pocket.portrait import draw_portrait
from blocks.pocket.training.faces import (
    TEMPLATE,
    CosFace,
    Residual,
    Separable,
    TraitLoss,
    align,
    judge,
    visible_levels,
)
from blocks.pocket.training.renders import Renders


def test_landmarks_that_are_the_turned_and_scaled_template_come_back_to_it() -> None:
    turn = np.array([[math.cos(0.4), -math.sin(0.4)], [math.sin(0.4), math.cos(0.4)]])
    marks = TEMPLATE @ turn.T * 1.7 + [60, 20]
    picture = np.zeros((260, 260, 3), np.uint8)
    for x, y in np.rint(marks).astype(int):
        picture[y - 2 : y + 3, x - 2 : x + 3] = 255
    crop = align(picture, marks)
    assert crop.shape == (112, 112, 3)
    for x, y in np.rint(TEMPLATE).astype(int):
        assert crop[y, x].min() > 128


def test_a_mirrored_face_is_not_flipped_back() -> None:
    """The similarity turns and scales, it never reflects: the mole stays on its side."""
    marks = TEMPLATE * [-1, 1] + [112, 0]
    picture = np.zeros((112, 112, 3), np.uint8)
    picture[:, :30] = 200
    crop = align(picture, marks[[1, 0, 2, 4, 3]])
    assert crop[56, 10].min() > 150


@pytest.mark.parametrize(("model", "width"), [(Residual(), 512), (Separable(), 112)])
def test_recognisers_give_embeddings_of_the_promised_width(model: torch.nn.Module, width: int) -> None:
    model.eval()
    with torch.no_grad():
        assert model(torch.zeros(2, 3, 112, 112)).shape == (2, width)


def test_a_margin_makes_the_loss_harder() -> None:
    torch.manual_seed(0)
    loss = CosFace(8, 5, 20.0)
    embeddings, people = torch.randn(6, 8), torch.tensor([0, 1, 2, 3, 4, 0])
    assert loss(embeddings, people, 0.3) > loss(embeddings, people, 0.0)


def crowd() -> Renders:
    """Twenty people with four looks; in each the whole crowd wears the same, as in a measurement."""
    random = np.random.default_rng(3)
    worn = [random_look(random) for _ in range(4)]
    looks = [
        look.but(view=random_look(random).view, lighting=random_look(random).lighting)
        for look in worn
        for _ in range(20)
    ]
    people = np.array([person for _ in worn for person in range(20)])
    empty = np.zeros((80, 1))
    return Renders(np.zeros((80, 1, 1, 3), np.uint8), people, empty, empty, looks)


def test_a_perfect_embedder_has_no_errors_and_one_that_sees_only_clothes_fails() -> None:
    renders = crowd()
    perfect = np.eye(20)[renders.people]
    verdict = judge(perfect, renders)
    assert verdict.eer == 0
    assert verdict.tar == 1
    clothes = np.eye(4)[np.repeat(np.arange(4), 20)]
    assert judge(clothes, renders).eer > 0.4


def test_a_genuine_pair_never_shares_hair_outfit_lighting_or_view() -> None:
    still = Renders(
        *(np.zeros((4, 1, 1, 3), np.uint8), np.array([0, 0, 1, 1]), np.zeros((4, 1)), np.zeros((4, 1))),
        [Look(), Look(hair="bun", outfit="suit", lighting="noir", view="half_left"), Look(), Look()],
    )
    assert judge(np.eye(4), still).pairs[0] == 1


def test_the_true_landmarks_bring_eyes_to_the_same_place_in_every_crop() -> None:
    for seed in range(3):
        portrait = draw_portrait(identity(seed), Look(hair="buzz"), 160)
        assert portrait.face is not None
        crop = align(portrait.picture, portrait.face.landmarks)
        for x, y in ((38, 52), (74, 52)):
            assert crop[y - 8 : y + 9, x - 8 : x + 9].min() < 80


def test_levels_that_look_the_same_count_as_one() -> None:
    levels = visible_levels(list(range(300)), "training")
    assert levels.shape == (300, len(TRAITS))
    by_trait = dict(zip(TRAITS, levels.T.tolist(), strict=True))
    assert len(set(by_trait["skin"])) == 11
    assert len(set(by_trait["glasses"])) == 5
    for level, seed in zip(by_trait["glasses"], range(300), strict=True):
        assert (level == 0) == (identity(seed, "training").glasses == "none")


def test_an_embedding_from_which_traits_can_be_read_costs_less() -> None:
    torch.manual_seed(0)
    loss = TraitLoss(16)
    levels = torch.zeros(4, len(TRAITS), dtype=torch.long)
    embeddings = torch.randn(4, 16)
    before = loss(embeddings, levels)
    for head in loss.heads:
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.constant_(head.bias, -9.0)
        with torch.no_grad():
            head.bias[0] = 9.0
    assert loss(embeddings, levels) < 0.01 < before

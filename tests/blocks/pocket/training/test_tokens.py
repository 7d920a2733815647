"""The face adapter learns to say what an embedding knows."""

import numpy as np
import torch

from blocks.pocket.identity import LEVELS, TRAITS
from blocks.pocket.training.adapter import add_face_adapter, build_unet
from blocks.pocket.training.faces import visible_levels
from blocks.pocket.training.tokens import HELD_OUT, teach_tokens


def test_traits_that_an_embedding_holds_are_said_of_people_who_were_not_in_the_lesson() -> None:
    torch.manual_seed(0)
    people = np.arange(HELD_OUT + 1500)
    levels = visible_levels(people.tolist(), "training").numpy()
    plain = np.zeros((len(people), 512), np.float32)
    skin, glasses = (list(TRAITS).index(name) for name in ("skin", "glasses"))
    plain[people, levels[:, skin]] = 1
    plain[people, 100 + levels[:, glasses]] = 1
    unet = build_unet()
    add_face_adapter(unet)
    projection = unet.encoder_hid_proj.image_projection_layers[0]
    right = teach_tokens(projection, people, plain / 2**0.5, steps=60)
    assert list(right) == list(TRAITS)
    assert right["skin"] > 0.9
    assert right["glasses"] > 0.9
    assert right["nose"] < 3 / LEVELS
    assert projection(torch.zeros(2, 1, 512)).shape == (2, 4, 128)

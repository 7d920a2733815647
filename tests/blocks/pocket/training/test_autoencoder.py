"""Latents are turned and stretched without any change to pictures."""

import numpy as np
import torch

from blocks.pocket.training.autoencoder import balance, build, difference, latents, straighten, to_tensor


def pictures() -> np.ndarray:
    smooth = np.random.default_rng(0).integers(0, 256, (8, 4, 4, 3)).astype(np.uint8)
    return smooth.repeat(16, axis=1).repeat(16, axis=2)


def test_straightened_latents_weigh_the_same_and_decode_to_the_same_pictures() -> None:
    torch.manual_seed(0)
    model = build().eval()
    with torch.no_grad():
        before = model.decode(latents(model, to_tensor(pictures()))).sample
        straighten(model, pictures())
        code = latents(model, to_tensor(pictures()))
        after = model.decode(code).sample
    rows = code.permute(1, 0, 2, 3).flatten(1)
    # Directions that carry next to nothing are left as they are.
    assert 0.9 < float(rows.std(1)[:4].mean()) < 1.1
    assert float(rows.mean(1).abs().max()) < 1e-2
    assert float((after - before).abs().max()) < 1e-2


def test_balanced_latents_decode_to_the_same_pictures() -> None:
    torch.manual_seed(1)
    model = build().eval()
    with torch.no_grad():
        before = model.decode(latents(model, to_tensor(pictures()))).sample
        balance(model, pictures())
        after = model.decode(latents(model, to_tensor(pictures()))).sample
    assert float((after - before).abs().max()) < 1e-2


def test_a_weight_makes_its_pixels_count_more() -> None:
    wanted, made = torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    made[:, :, :4] = 0.5
    weight = torch.ones(1, 1, 8, 8)
    weight[:, :, :4] = 3.0
    assert difference(made, wanted, weight) > 1.5 * difference(made, wanted)
    assert float(difference(wanted, wanted, weight)) == 0

"""Every family, as a tiny random model of its real classes, goes the lab's own way from folder to picture."""

from __future__ import annotations

import pytest
from PIL import Image

from blocks.models.families import FAMILIES
from blocks.models.recognise import recognise
from tests.blocks.models import _adapters

EDITING = [name for name, one in FAMILIES.items() if "images" in one.references]


def _needed(family, reference):
    return {"references": [reference]} if FAMILIES[family].needs_reference else {}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_is_recognised_and_draws_a_picture_of_the_size_asked_for(family, tiny, draw, reference):
    assert recognise(tiny(family)).profile.family == family
    made = draw(family, width=48, height=32, **_needed(family, reference))
    with Image.open(made.picture) as picture:
        assert (picture.size, picture.mode, picture.format) == ((48, 32), "RGB", "PNG")
    assert made.facts["family"] == family
    assert made.facts["licence"] == FAMILIES[family].licence


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_its_picture_again_byte_for_byte_and_another_seed_another(family, draw, reference):
    needed = _needed(family, reference)
    first, again, other = (draw(family, seed=seed, **needed).picture.read_bytes() for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("family", [name for name, one in FAMILIES.items() if one.lora])
def test_a_lora_counts_as_much_as_it_is_told_and_is_gone_when_it_is_not_asked_for(
    family, tiny, draw, reference, tmp_path
):
    file = _adapters.lora(tiny(family), tmp_path / "character.safetensors")
    needed = _needed(family, reference)
    without = draw(family, **needed).picture.read_bytes()
    on, half, off = (
        draw(family, loras=[{"path": str(file), "weight": weight}], **needed).picture.read_bytes()
        for weight in (1.0, 0.5, 0.0)
    )
    assert len({without, on, half}) == 3
    assert off == without
    assert draw(family, **needed).picture.read_bytes() == without


@pytest.mark.parametrize("family", EDITING)
def test_an_editing_model_sees_its_references(family, draw, reference, tmp_path):
    other = tmp_path / "other.png"
    with Image.open(reference) as picture:
        picture.transpose(Image.Transpose.ROTATE_90).save(other)
    first, second = (draw(family, references=[path]) for path in (reference, other))
    assert first.facts["references"] == "images"
    assert first.picture.read_bytes() != second.picture.read_bytes()


@pytest.mark.parametrize("family", [name for name in EDITING if FAMILIES[name].max_references > 1])
def test_several_references_are_seen_together(family, draw, reference):
    one, two = (draw(family, references=[reference] * number).picture.read_bytes() for number in (1, 2))
    assert one != two


@pytest.mark.parametrize("family", [name for name, one in FAMILIES.items() if one.start_pipeline])
def test_a_picture_is_drawn_anew_from_another_and_inside_a_mask(family, draw, reference, tmp_path):
    mask = tmp_path / "mask.png"
    half = Image.new("L", (64, 64))
    half.paste(255, (32, 0, 64, 64))
    half.save(mask)
    plain = draw(family).picture.read_bytes()
    started = draw(family, image=reference, strength=0.9).picture.read_bytes()
    inside = draw(family, image=reference, mask=mask, strength=0.9).picture.read_bytes()
    assert len({plain, started, inside}) == 3


@pytest.mark.parametrize("family", ["flux1", "flux1-schnell"])
def test_flux_sees_references_through_redux(family, tiny, draw, reference, tmp_path):
    from tests.blocks.models._tiny import redux

    redux(tmp_path / "redux")
    plain = draw(family)
    seen, faint, two = (
        draw(family, adapter=str(tmp_path / "redux"), references=[reference] * number, reference_scale=scale)
        for number, scale in ((1, 1.0), (1, 0.2), (2, 1.0))
    )
    assert seen.facts["references"] == "redux"
    assert len({made.picture.read_bytes() for made in (plain, seen, faint)}) == 3
    assert _apart(seen.picture, two.picture) < 3, "the same picture twice has the weight of one"


def _apart(first, second):
    """The largest difference of two pictures in one colour of one pixel."""
    import numpy

    with Image.open(first) as a, Image.open(second) as b:
        return int(abs(numpy.asarray(a, int) - numpy.asarray(b, int)).max())


@pytest.mark.parametrize("family", ["pocket", "sdxl"])
@pytest.mark.parametrize("sampler", FAMILIES["sdxl"].samplers)
def test_each_sampler_of_stable_diffusion_draws(family, sampler, draw):
    made = draw(family, sampler=sampler, steps=3)
    assert made.facts["sampler"] == sampler

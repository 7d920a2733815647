from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError, NotAvailable
from blocks.models.loading import load
from tests.blocks.models import _adapters

FACE = [1 / math.sqrt(512)] * 512
OTHER_FACE = [(-1) ** n / math.sqrt(512) for n in range(512)]


@pytest.fixture(params=["pocket", "sdxl"])
def family(request):
    return request.param


def test_a_face_embedding_is_followed_through_faceid(family, tiny, draw, tmp_path):
    file = _adapters.faceid(tiny(family), tmp_path / "faceid.safetensors", with_lora=False)
    plain = draw(family)
    one, again, other, faint = (
        draw(family, adapter=str(file), identity=face, reference_scale=scale)
        for face, scale in ((FACE, 1.0), (FACE, 1.0), (OTHER_FACE, 1.0), (FACE, 0.1))
    )
    pictures = [made.picture.read_bytes() for made in (plain, one, other, faint)]
    assert len(set(pictures)) == 4
    assert again.picture.read_bytes() == one.picture.read_bytes()
    assert one.facts["references"] == "faceid"
    assert draw(family).picture.read_bytes() == pictures[0], "nothing of it stays behind"


def test_of_several_faces_the_tokens_are_joined_and_one_that_stands_twice_counts_twice(family, tiny, draw, tmp_path):
    file = str(_adapters.faceid(tiny(family), tmp_path / "faceid.safetensors", with_lora=False))
    given = ([FACE], [FACE, FACE], [FACE, OTHER_FACE], [FACE, FACE, OTHER_FACE], [OTHER_FACE])
    made = [draw(family, adapter=file, identity=faces).picture for faces in given]
    pictures = [np.asarray(Image.open(path)).astype(int) for path in made]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1, "the same face twice is that face"
    assert len({path.read_bytes() for path in made[2:]}) == 3
    with pytest.raises(InputError, match="too many"):
        draw(family, adapter=file, identity=[FACE] * 17)


def test_a_face_is_followed_from_a_picture_inside_a_mask_and_under_control_too(family, tiny, draw, reference, tmp_path):
    file = str(_adapters.faceid(tiny(family), tmp_path / "faceid.safetensors", with_lora=True))
    net = str(_adapters.control_net(tiny(family), tmp_path / "pose"))
    Image.new("L", (32, 32), 255).save(tmp_path / "everywhere.png")
    ways = (
        {"image": reference, "strength": 0.9},
        {"image": reference, "mask": tmp_path / "everywhere.png", "strength": 0.9},
        {"control": net, "control_image": reference},
    )
    for way in ways:
        one, other = (draw(family, adapter=file, identity=face, **way) for face in (FACE, OTHER_FACE))
        assert one.picture.read_bytes() != other.picture.read_bytes()


def test_a_character_lora_stays_on_when_faceid_brings_its_own(family, tiny, draw, tmp_path):
    """Loading a FaceID file switches every LoRA but its own off."""
    face = str(_adapters.faceid(tiny(family), tmp_path / "faceid.safetensors", with_lora=True))
    character = str(_adapters.lora(tiny(family), tmp_path / "character.safetensors"))
    alone = draw(family, adapter=face, identity=FACE).picture.read_bytes()
    both = draw(family, adapter=face, identity=FACE, loras=[{"path": character, "weight": 1.0}]).picture.read_bytes()
    active = load(tiny(family)).pipe.get_active_adapters()
    assert set(active) == {"faceid_0", "lora_0"}
    assert both != alone
    assert draw(family, adapter=face, identity=FACE).picture.read_bytes() == alone


def test_the_lora_inside_a_faceid_file_counts(tiny, draw, tmp_path):
    with_, without = (
        draw(
            "pocket",
            adapter=str(_adapters.faceid(tiny("pocket"), tmp_path / f"{lora}.safetensors", with_lora=lora)),
            identity=FACE,
        ).picture.read_bytes()
        for lora in (True, False)
    )
    assert with_ != without


def test_a_face_is_followed_without_guidance_too(tiny, draw, tmp_path):
    file = str(_adapters.faceid(tiny("pocket"), tmp_path / "faceid.safetensors", with_lora=False))
    one, other = (
        draw("pocket", adapter=file, identity=face, guidance=1.0).picture.read_bytes() for face in (FACE, OTHER_FACE)
    )
    assert one != other


def test_reference_pictures_are_seen_through_an_ip_adapter(family, tiny, draw, reference, tmp_path):
    file = str(_adapters.ip_adapter(tiny(family), tmp_path / "ip-adapter.safetensors"))
    plain, one, two = (
        draw(family, adapter=file, references=[reference] * number, reference_scale=1.0) for number in (0, 1, 2)
    )
    assert one.facts["references"] == two.facts["references"] == "ip-adapter"
    assert plain.picture.read_bytes() != one.picture.read_bytes()
    assert draw(family).picture.read_bytes() == plain.picture.read_bytes()


def test_an_ip_adapter_without_its_image_encoder_says_what_is_missing(tiny, draw, reference, tmp_path):
    import shutil

    file = _adapters.ip_adapter(tiny("pocket"), tmp_path / "ip-adapter.safetensors")
    shutil.rmtree(tmp_path / "image_encoder")
    with pytest.raises(NotAvailable, match="image_encoder"):
        draw("pocket", adapter=str(file), references=[reference])
    draw("pocket")


def test_an_adapter_in_the_models_folder_is_found_by_itself(tiny, draw, tmp_path):
    import shutil

    folder = tmp_path / "pack"
    shutil.copytree(tiny("pocket"), folder)
    _adapters.faceid(folder, folder / "faceid.safetensors", with_lora=True)
    made = draw(folder, identity=FACE)
    assert (made.facts["references"], made.facts["adapter"]) == ("faceid", "faceid.safetensors")


def test_without_an_adapter_a_reference_is_started_from(draw, reference):
    made = draw("pocket", references=[reference])
    assert made.facts["references"] == "start"
    assert made.picture.read_bytes() == draw("pocket", image=reference).picture.read_bytes()
    with pytest.raises(InputError, match="only start from one"):
        draw("pocket", references=[reference, reference])


@pytest.mark.parametrize("family", ["pocket", "sd15", "sdxl", "flux1"])
def test_a_control_picture_leads(family, tiny, draw, reference, tmp_path):
    folder = str(_adapters.control_net(tiny(family), tmp_path / "pose"))
    plain = draw(family).picture.read_bytes()
    led, loosely = (
        draw(family, control=folder, control_image=reference, control_scale=scale).picture.read_bytes()
        for scale in (1.0, 0.1)
    )
    assert len({plain, led, loosely}) == 3
    assert draw(family).picture.read_bytes() == plain


def test_several_loras_count_each_by_its_weight(tiny, draw, tmp_path):
    first, second = (str(_adapters.lora(tiny("sdxl"), tmp_path / f"{seed}.safetensors", seed=seed)) for seed in (1, 2))
    pictures = {
        weights: draw(
            "sdxl", loras=[{"path": first, "weight": weights[0]}, {"path": second, "weight": weights[1]}]
        ).picture.read_bytes()
        for weights in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, -0.5))
    }
    assert len(set(pictures.values())) == 4
    assert pictures[1.0, 0.0] == draw("sdxl", loras=[{"path": first}]).picture.read_bytes()


def test_the_same_lora_in_kohyas_keys_draws_the_same_picture(family, tiny, draw, tmp_path):
    drawn = [
        draw(
            family,
            loras=[{"path": str(_adapters.lora(tiny(family), tmp_path / f"{kohya}.safetensors", kohya=kohya))}],
        ).picture.read_bytes()
        for kohya in (False, True)
    ]
    assert drawn[0] == drawn[1]


def test_a_lora_of_another_family_is_refused_and_leaves_nothing_behind(tiny, draw, tmp_path):
    foreign = str(_adapters.lora(tiny("flux1"), tmp_path / "foreign.safetensors"))
    before = draw("pocket").picture.read_bytes()
    with pytest.raises(InputError, match=r"foreign\.safetensors was not made for Pocket"):
        draw("pocket", loras=[{"path": foreign}])
    assert draw("pocket").picture.read_bytes() == before


def test_a_faceid_file_of_another_family_is_refused_and_leaves_nothing_behind(tiny, draw, tmp_path):
    foreign = str(_adapters.faceid(tiny("sd15"), tmp_path / "foreign.safetensors", with_lora=True))
    before = draw("pocket").picture.read_bytes()
    with pytest.raises(InputError, match=r"foreign\.safetensors was not made for Pocket"):
        draw("pocket", adapter=foreign, identity=FACE)
    assert draw("pocket").picture.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ([{"weight": 1}], InputError, "is no LoRA"),
        (["character"], InputError, "is no LoRA"),
        ([{"path": "character.safetensors", "weight": math.nan}], InputError, "is no LoRA"),
        ([{"path": "nowhere/character.safetensors"}], NotAvailable, r"There is no LoRA character\.safetensors"),
    ],
)
def test_what_is_no_lora_is_refused(given, error, says, draw):
    with pytest.raises(error, match=says):
        draw("pocket", loras=given)


def test_the_same_lora_twice_is_refused(tiny, draw, tmp_path):
    file = str(_adapters.lora(tiny("pocket"), tmp_path / "character.safetensors"))
    with pytest.raises(InputError, match="given twice"):
        draw("pocket", loras=[{"path": file}, {"path": file, "weight": 0.5}])


def test_a_face_embedding_of_another_recognisers_width_is_refused(tiny, draw, tmp_path):
    file = str(_adapters.faceid(tiny("pocket"), tmp_path / "faceid.safetensors", with_lora=False))
    with pytest.raises(InputError, match="has 4 numbers and this FaceID adapter takes 512"):
        draw("pocket", adapter=file, identity=[0.5] * 4)

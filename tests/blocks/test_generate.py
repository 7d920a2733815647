from __future__ import annotations

import json
import subprocess
import sys

import pytest
from PIL import Image

from blocks.block import block_of
from blocks.errors import Cancelled, InputError, NotAvailable, UnreadableFile
from blocks.generate import generate
from blocks.models import loading, previews
from blocks.pocket.pack import GUIDANCE


def test_the_facts_say_everything_that_is_needed_to_draw_it_again(draw, tmp_path):
    made = draw("sdxl", prompt="a woman, red coat", negative="hat", seed=5, steps=3, guidance=4.5, sampler="euler a")
    again = draw(
        "sdxl",
        **{
            name: made.facts[name]
            for name in ("prompt", "negative", "seed", "steps", "guidance", "sampler", "width", "height")
        },
    )
    assert again.picture.read_bytes() == made.picture.read_bytes()
    assert again.facts == made.facts
    assert json.loads(json.dumps(made.facts)) == made.facts
    assert len(made.facts["digest"]) == 64


def test_what_is_left_open_is_the_profiles(draw):
    facts = draw("pocket", steps=0, width=0, height=0).facts
    assert (facts["steps"], facts["guidance"], facts["width"], facts["height"]) == (20, GUIDANCE, 128, 128)


def test_a_picture_does_not_depend_on_what_was_drawn_before_it(draw, reference):
    first = draw("pocket", seed=3).picture.read_bytes()
    draw("pocket", seed=4, sampler="ddim", image=reference, negative="hat")
    draw("sdxl")
    assert draw("pocket", seed=3).picture.read_bytes() == first


def test_prompt_negative_guidance_steps_and_size_all_count(draw):
    base = {"prompt": "a woman, red coat", "seed": 1}
    changes = [{}, {"prompt": "a woman, blue coat"}, {"negative": "night"}, {"guidance": 9.0}, {"steps": 4}]
    drawn = {draw("pocket", **(base | change)).picture.read_bytes() for change in changes}
    assert len(drawn) == len(changes)


def test_words_beyond_the_encoders_length_still_count(draw):
    long = "a portrait of a woman, red coat, " * 30
    one, other = (draw("sdxl", prompt=long + end) for end in ("happy", "night"))
    assert one.picture.read_bytes() != other.picture.read_bytes()
    assert len(one.facts["sent"]) > 1
    assert not one.facts["cut"]


def test_a_starting_picture_gives_its_shape_unless_a_size_is_asked(draw, reference, tmp_path):
    tall = tmp_path / "tall.png"
    with Image.open(reference) as picture:
        picture.resize((70, 141)).save(tall)
    facts = draw("pocket", image=tall, width=0, height=0).facts
    assert (facts["width"], facts["height"]) == (64, 136)
    facts = draw("pocket", image=tall, width=32, height=48).facts
    assert (facts["width"], facts["height"]) == (32, 48)


def test_outside_a_mask_the_picture_stays_much_as_it_was(draw, reference, tmp_path):
    import numpy

    mask = tmp_path / "mask.png"
    half = Image.new("L", (32, 32))
    half.paste(255, (16, 0, 32, 32))
    half.save(mask)
    everywhere = tmp_path / "everywhere.png"
    Image.new("L", (32, 32), 255).save(everywhere)
    nothing = tmp_path / "nothing.png"
    Image.new("L", (32, 32)).save(nothing)
    pixels = {}
    for path in (mask, everywhere, nothing):
        made = draw("pocket", image=reference, mask=path, strength=1.0, steps=4)
        with Image.open(made.picture) as picture:
            pixels[path] = numpy.asarray(picture, float)
    kept = slice(None), slice(0, 12)
    stayed = abs(pixels[mask] - pixels[nothing])[kept].mean()
    drawn = abs(pixels[everywhere] - pixels[nothing])[kept].mean()
    assert stayed < drawn


def test_progress_tells_every_step_and_ends_at_one(draw):
    told = []
    draw("pocket", steps=3, progress=lambda fraction, note="", preview=None: told.append((fraction, note)))
    assert [note for _, note in told if note.startswith("step")] == [f"step {n} of 3" for n in (1, 2, 3)]
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_work_stops_between_steps_and_the_model_is_as_good_as_before(draw):
    before = draw("pocket").picture.read_bytes()
    steps = []

    def stop(fraction, note="", preview=None):
        if note.startswith("step"):
            steps.append(note)
            raise Cancelled("Stopped on request.")

    with pytest.raises(Cancelled):
        draw("pocket", steps=50, progress=stop)
    assert steps == ["step 1 of 50"]
    assert draw("pocket").picture.read_bytes() == before


@pytest.mark.parametrize("family", ["pocket", "flux1", "flux2", "flux2-klein", "qwen-edit-plus", "z-image"])
def test_previews_show_what_is_being_drawn(family, draw, reference, monkeypatch):
    monkeypatch.setattr(previews, "AFTER", 0.0)
    monkeypatch.setattr(previews, "SHARE", 1e9)
    shown = []

    def keep(fraction, note="", preview=None):
        if preview is not None:
            with Image.open(preview) as picture:
                shown.append((picture.format, picture.size, picture.getextrema()))

    needed = {"references": [reference]} if family == "qwen-edit-plus" else {}
    with_previews = draw(family, steps=4, width=64, height=32, progress=keep, **needed)
    assert len(shown) == 3, "one a step but for the last, which is the picture itself"
    for kind, (width, height), _ in shown:
        assert kind == "JPEG"
        assert width == 2 * height
        assert width <= 128
    assert any(low < high for *_, extrema in shown for low, high in extrema)
    monkeypatch.setattr(previews, "AFTER", 1e9)
    assert (
        draw(family, steps=4, width=64, height=32, **needed).picture.read_bytes() == with_previews.picture.read_bytes()
    )


@pytest.mark.parametrize("family", ["pocket", "flux1", "flux2", "flux2-klein", "qwen-edit-plus", "z-image"])
def test_the_last_steps_latents_decode_to_the_picture_itself(family, tiny, reference):
    import torch

    loaded, kept = loading.load(tiny(family)), {}

    def keep(pipe, step, timestep, tensors):
        kept["latents"] = tensors["latents"]
        return tensors

    with Image.open(reference) as picture:
        seen = {"image": [picture.convert("RGB")]} if family == "qwen-edit-plus" else {}
    arguments = {"prompt": "a woman", "width": 32, "height": 48, "num_inference_steps": 1, **seen}
    picture = loaded.pipe(**arguments, callback_on_step_end=keep, output_type="pt").images[0]
    plain = previews.unpacked(loaded.pipe, kept["latents"], loaded.profile.latents, (32, 48))
    with torch.no_grad():
        pixels = loaded.pipe.vae.decode(plain, return_dict=False)[0].flatten(2)[0]
    assert torch.allclose((pixels / 2 + 0.5).clamp(0, 1), picture.flatten(1), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"seed": -1}, "The seed is -1"),
        ({"steps": 501}, "The number of steps is 501"),
        ({"guidance": float("nan")}, "Guidance is nan"),
        ({"reference_scale": 3.0}, "The references' weight"),
        ({"width": 33}, "The width is 33; Pocket takes multiples of 8 up to 4096, such as 32"),
        ({"height": 5000}, "such as 4096"),
        ({"height": -8}, "The height is -8"),
        ({"sampler": "magic"}, "Pocket has no sampler 'magic'"),
        ({"prompt": "a" * 8_001}, "The prompt has 8,001 characters"),
        ({"identity": [0.0] * 512}, "has length 0.000 and must have 1"),
        ({"identity": [float("nan")] * 512}, "holds something that is no number"),
        ({"strength": 0.0}, "Strength is 0.0"),
        ({"dtype": "float16"}, "float16 is for GPUs"),
        ({"dtype": "int3"}, "There is no number format 'int3'"),
        ({"offload": "attic"}, "There is no offload 'attic'"),
        ({"device": "abacus"}, "There is no device 'abacus'"),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_range(settings, says, draw):
    with pytest.raises(InputError, match=says):
        draw("pocket", **settings)


def test_parts_that_do_not_go_together_are_refused(draw, reference):
    refusals = {
        "give the picture too": ("pocket", {"mask": reference}),
        "do not go together": ("pocket", {"image": reference, "control_image": reference}),
        "no ControlNet to read it": ("pocket", {"control_image": reference}),
        "does not start from a picture": ("flux2", {"image": reference}),
        "takes at most 3 of reference pictures, and 4": ("qwen-edit-plus", {"references": [reference] * 4}),
        "edits pictures: give at least one": ("qwen-edit-plus", {}),
        "takes no face embedding": ("flux1", {"identity": [1.0]}),
        "not both": ("z-image", {"references": [reference], "image": reference}),
    }
    for says, (family, settings) in refusals.items():
        with pytest.raises(InputError, match=says):
            draw(family, **settings)


def test_what_is_not_here_is_said_with_how_to_get_it(draw, tmp_path):
    with pytest.raises(NotAvailable, match="with model_index"):
        draw(tmp_path / "nowhere")
    with pytest.raises(NotAvailable, match="needs a FaceID adapter"):
        draw("pocket", identity=[1.0])
    with pytest.raises(NotAvailable, match="There is no adapter nowhere"):
        draw("pocket", identity=[1.0], adapter=str(tmp_path / "nowhere"))
    with pytest.raises(NotAvailable, match="There is no ControlNet nowhere"):
        draw("pocket", control=str(tmp_path / "nowhere"), control_image=tmp_path / "pose.png")


def test_a_reference_that_is_no_picture_is_refused_by_name(draw, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    with pytest.raises(UnreadableFile, match=r"broken\.png"):
        draw("flux2", references=[broken])


def test_a_negative_prompt_that_has_no_part_is_told_of(draw):
    assert "takes no negative prompt" in draw("flux1", negative="hat").facts["notes"][0]
    assert "uses none at guidance 1" in draw("pocket", negative="hat", guidance=1.0).facts["notes"][0]
    assert draw("pocket", negative="hat").facts["notes"] == []


def test_importing_the_block_imports_nothing_heavy():
    program = (
        "import sys, blocks.generate, pipelines.generate_picture\n"
        "print(sorted({'torch', 'diffusers', 'transformers', 'peft', 'PIL', 'gradio'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_block_is_declared_for_any_device_and_bitwise():
    known = block_of(generate)
    assert (known.device, known.exact) == ("any", "bitwise")
    assert {port.name for port in known.outputs} == {"picture", "facts"}
    assert known.units(steps=20, width=1000, height=1000) == 20

"""The families of base models that the lab knows. A new model of a known family is an entry here, not code.

Class names are those of diffusers 0.42.1. Defaults are what the authors of the weights recommend; memory is that of
the published weights alone, in GiB, for deciding before anything is fetched (what is here is measured instead, see
`blocks.models.memory`).
"""

from __future__ import annotations

from collections.abc import Mapping

from blocks.errors import UnknownName
from blocks.models.profiles import Profile
from blocks.pocket.pack import GUIDANCE

__all__ = ["FAMILIES", "profile"]

_SD_SAMPLERS = ("dpm++", "dpm++ karras", "euler", "euler a", "ddim", "unipc", "heun")

_POCKET = Profile(
    family="pocket",
    title="Pocket",
    pipeline="StableDiffusionPipeline",
    start_pipeline="StableDiffusionImg2ImgPipeline",
    inpaint_pipeline="StableDiffusionInpaintPipeline",
    control_pipeline="StableDiffusionControlNetPipeline",
    control_argument="image",
    source="comes with the lab",
    licence="that of the lab",
    commercial=True,
    references=("faceid", "ip-adapter", "start"),
    max_references=8,
    steps=20,
    guidance_scale=GUIDANCE,
    size=(128, 128),
    sizes=((128, 128), (128, 192), (128, 256)),
    multiple=8,
    samplers=_SD_SAMPLERS,
    tokens=77,
    beyond="chunked",
    latents="plain",
    dtype="float32",
    memory={"float16": 0.02, "float32": 0.04},
    working=0.1,
)

_SD15 = Profile(
    family="sd15",
    title="Stable Diffusion 1.5",
    pipeline="StableDiffusionPipeline",
    start_pipeline="StableDiffusionImg2ImgPipeline",
    inpaint_pipeline="StableDiffusionInpaintPipeline",
    control_pipeline="StableDiffusionControlNetPipeline",
    control_argument="image",
    source="stable-diffusion-v1-5/stable-diffusion-v1-5",
    licence="CreativeML Open RAIL-M",
    commercial=True,
    references=("faceid", "ip-adapter", "start"),
    max_references=8,
    guidance_scale=7.0,
    size=(512, 512),
    sizes=((512, 512), (512, 768), (768, 512)),
    multiple=8,
    samplers=_SD_SAMPLERS,
    tokens=77,
    beyond="chunked",
    latents="plain",
    dtype="float16",
    memory={"float16": 2.0, "float32": 4.0},
    working=1.5,
)

_SDXL = Profile(
    family="sdxl",
    title="Stable Diffusion XL",
    pipeline="StableDiffusionXLPipeline",
    start_pipeline="StableDiffusionXLImg2ImgPipeline",
    inpaint_pipeline="StableDiffusionXLInpaintPipeline",
    control_pipeline="StableDiffusionXLControlNetPipeline",
    control_argument="image",
    source="stabilityai/stable-diffusion-xl-base-1.0",
    licence="CreativeML Open RAIL++-M",
    commercial=True,
    references=("faceid", "ip-adapter", "start"),
    max_references=8,
    guidance_scale=6.0,
    multiple=8,
    samplers=_SD_SAMPLERS,
    tokens=77,
    beyond="chunked",
    latents="plain",
    dtype="float16",
    memory={"float16": 6.5, "float32": 13.0},
    working=3.0,
)

_FLUX1 = Profile(
    family="flux1",
    title="FLUX.1 [dev]",
    pipeline="FluxPipeline",
    start_pipeline="FluxImg2ImgPipeline",
    inpaint_pipeline="FluxInpaintPipeline",
    control_pipeline="FluxControlNetPipeline",
    control_argument="control_image",
    source="black-forest-labs/FLUX.1-dev",
    licence="FLUX.1 [dev] Non-Commercial License",
    commercial=False,
    references=("redux", "start"),
    max_references=4,
    negative="no",
    steps=28,
    guidance_scale=3.5,
    memory={"bfloat16": 31.5, "float32": 63.0},
    working=4.0,
)

_FLUX1_SCHNELL = Profile(
    family="flux1-schnell",
    title="FLUX.1 [schnell]",
    pipeline="FluxPipeline",
    start_pipeline="FluxImg2ImgPipeline",
    inpaint_pipeline="FluxInpaintPipeline",
    control_pipeline="FluxControlNetPipeline",
    control_argument="control_image",
    source="black-forest-labs/FLUX.1-schnell",
    licence="Apache-2.0",
    commercial=True,
    references=("redux", "start"),
    max_references=4,
    negative="no",
    steps=4,
    guidance_scale=0.0,
    tokens=256,
    memory={"bfloat16": 31.4, "float32": 62.8},
    working=4.0,
)

_KONTEXT = Profile(
    family="flux1-kontext",
    title="FLUX.1 Kontext [dev]",
    pipeline="FluxKontextPipeline",
    source="black-forest-labs/FLUX.1-Kontext-dev",
    licence="FLUX.1 [dev] Non-Commercial License",
    commercial=False,
    references=("images",),
    max_references=1,
    negative="no",
    steps=28,
    guidance_scale=2.5,
    memory={"bfloat16": 31.5, "float32": 63.0},
    working=6.0,
)

_FLUX2 = Profile(
    family="flux2",
    title="FLUX.2 [dev]",
    pipeline="Flux2Pipeline",
    source="black-forest-labs/FLUX.2-dev",
    licence="FLUX [dev] Non-Commercial License",
    commercial=False,
    references=("images",),
    max_references=6,
    negative="no",
    steps=50,
    guidance_scale=4.0,
    chat=True,
    latents="patches",
    memory={"bfloat16": 105.0},
    working=8.0,
)

_KLEIN = Profile(
    family="flux2-klein",
    title="FLUX.2 [klein]",
    pipeline="Flux2KleinPipeline",
    source="black-forest-labs/FLUX.2-klein-4B",
    licence="Apache-2.0 (4B), FLUX Non-Commercial License (9B)",
    commercial=None,
    references=("images",),
    max_references=4,
    negative="no",
    steps=50,
    guidance_scale=4.0,
    distilled=(4, 1.0),
    chat=True,
    latents="patches",
    memory={"bfloat16": 15.0},
    working=4.0,
)

_QWEN_EDIT = Profile(
    family="qwen-edit-plus",
    title="Qwen-Image-Edit Plus",
    pipeline="QwenImageEditPlusPipeline",
    source="Qwen/Qwen-Image-Edit-2509",
    licence="Apache-2.0",
    commercial=True,
    references=("images",),
    max_references=3,
    needs_reference=True,
    guidance="true_cfg_scale",
    negative="with guidance",
    steps=40,
    guidance_scale=4.0,
    tokens=1024,
    beyond="taken",
    latents="packed video",
    memory={"bfloat16": 54.0},
    working=8.0,
)

_Z_IMAGE = Profile(
    family="z-image",
    title="Z-Image",
    pipeline="ZImagePipeline",
    start_pipeline="ZImageImg2ImgPipeline",
    inpaint_pipeline="ZImageInpaintPipeline",
    source="Tongyi-MAI/Z-Image",
    licence="Apache-2.0",
    commercial=True,
    references=("start",),
    max_references=1,
    steps=50,
    guidance_scale=4.0,
    distilled=(9, 0.0),
    chat=True,
    latents="plain",
    memory={"bfloat16": 19.5},
    working=3.0,
)

_Z_OMNI = Profile(
    family="z-image-omni",
    title="Z-Image Omni",
    pipeline="ZImageOmniPipeline",
    source="Tongyi-MAI/Z-Image-Omni-Base",
    licence="Apache-2.0",
    commercial=True,
    references=("images",),
    max_references=4,
    steps=50,
    guidance_scale=4.0,
    chat=True,
    latents="plain",
    dtype_cpu="bfloat16",  # the pipeline hands references to the autoencoder in this format, whatever its own
    memory={"bfloat16": 20.5},
    working=4.0,
)

FAMILIES: Mapping[str, Profile] = {
    one.family: one
    for one in (
        _POCKET,
        _SD15,
        _SDXL,
        _FLUX1,
        _FLUX1_SCHNELL,
        _KONTEXT,
        _FLUX2,
        _KLEIN,
        _QWEN_EDIT,
        _Z_IMAGE,
        _Z_OMNI,
    )
}


def profile(family: str) -> Profile:
    """The profile of a family.

    Raises:
        UnknownName: there is no such family.
    """
    if family not in FAMILIES:
        raise UnknownName(f"There is no model family {family!r}; there are {', '.join(FAMILIES)}.")
    return FAMILIES[family]

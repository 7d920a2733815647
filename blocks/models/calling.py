"""A request becomes one call of a pipeline: which class, which arguments. The profile decides; nothing is drawn yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blocks.errors import InputError, NotAvailable
from blocks.models.adapters import Lora, attach, control_net, find_adapter, redux_of
from blocks.models.loading import Loaded
from blocks.models.masking import Outside, takes_masks
from blocks.models.pictures import fitted, mask_from, open_pictures
from blocks.models.profiles import Profile, Reference, Size
from blocks.models.recognise import AdapterKind
from blocks.models.request import Request, picture_size
from blocks.models.samplers import make_sampler
from blocks.prompts import Prompt, encode_chunks, read_prompt

__all__ = ["Call", "prepare"]

_REDUX_TEXT = 512  # tokens of text that come before the picture's in Redux's output
_LARGE = 512 * 512  # below it Kontext's references stay as small as they are


@dataclass(slots=True)
class Call:
    """A pipeline and what it will be called with.

    Attributes:
        way: how references are taken in this call; "" if there are none.
        adapter: the file or folder that takes them, if one does.
        notes: what was asked for and has no part, in words.
        outside: puts back what a mask leaves as it is, where the pipeline does not do it itself.
    """

    pipe: Any
    arguments: dict[str, Any]
    prompt: Prompt
    negative: Prompt
    size: Size
    way: Reference | str = ""
    adapter: Path | None = None
    notes: list[str] = field(default_factory=list)
    outside: Outside | None = None


def prepare(loaded: Loaded, request: Request, loras: Sequence[Lora], adapter: str, control: str) -> Call:
    """Put on the model what the request wants, and say how it is called.

    Args:
        adapter: path of an IP-Adapter file or Redux folder; "" for the one in the model's folder.
        control: path of a ControlNet's folder; "" for none.

    Raises:
        InputError, NotAvailable, UnreadableFile, UnsafeFile: something that is asked for is not here or does not fit.
    """
    profile = loaded.profile
    way, found = _way(loaded, request, adapter)
    if way == "start":
        request = replace(request, image=request.image or request.references[0], references=())
    attach(loaded, loras, found if found and found[1] != "redux" else None)
    prompt = read_prompt(request.prompt, loaded.pipe, profile)
    negative = read_prompt(request.negative, loaded.pipe, profile)
    start = open_pictures([request.image])[0] if request.image else None
    size = picture_size(request.size, profile, start.size if start else None, _factor(loaded))
    call = Call(_pipeline(loaded, request, control), {}, prompt, negative, size, way, found[0] if found else None)
    loaded.pipe.scheduler = call.pipe.scheduler = make_sampler(request.sampler, loaded.scheduler, profile)
    masked = request.mask is not None and takes_masks(loaded)
    call.arguments |= _basics(profile, request, size, masked)
    call.arguments |= _text(loaded, request, call)
    if start is not None:
        call.arguments |= _started(request, start, size, masked)
        if request.mask and not masked:
            call.outside = Outside(fitted(start, *size), mask_from(request.mask, *size), request.seed)
    if request.control_image:
        picture = fitted(open_pictures([request.control_image])[0], *size)
        call.arguments |= {
            profile.control_argument: picture,
            "controlnet_conditioning_scale": request.control_scale,
        }
    call.arguments |= _referred(loaded, request, call)
    return call


def _way(loaded: Loaded, request: Request, adapter: str) -> tuple[str, tuple[Path, AdapterKind] | None]:
    """How this call takes its references, and through which file: the profile's best way that is possible here."""
    title = loaded.profile.title
    if request.identity:
        found = find_adapter(loaded, adapter, ["faceid"])
        if found is None:
            raise NotAvailable(f"{title} needs a FaceID adapter for a face embedding; put one in the models folder.")
        if request.references:
            raise InputError("Give a face embedding or reference pictures, not both: one adapter takes them.")
        return "faceid", found
    if not request.references:
        return "", None
    for way in loaded.profile.references:
        if way in ("images", "start"):
            break
        kind: AdapterKind = "redux" if way == "redux" else "ip-adapter"
        if way != "faceid" and (found := find_adapter(loaded, adapter, [kind])):
            return way, found
    if way == "start" and (request.image or len(request.references) > 1):
        raise InputError(
            f"{title} has no adapter here, so it can only start from one reference picture; give one, and no picture "
            "to start from besides, or put an adapter into the models folder."
        )
    return way, None


def _pipeline(loaded: Loaded, request: Request, control: str) -> Any:
    profile = loaded.profile
    if request.control_image:
        if not control:
            raise InputError("A control picture is given and no ControlNet to read it; choose one.")
        return loaded.shared(profile.control_pipeline, controlnet=control_net(loaded, Path(control)))
    if request.mask:
        if not profile.inpaint_pipeline:
            raise InputError(f"{profile.title} cannot draw inside a mask; take the mask out.")
        if takes_masks(loaded):
            return loaded.shared(profile.inpaint_pipeline)
    return loaded.shared(profile.start_pipeline if request.image else profile.pipeline)


def _factor(loaded: Loaded) -> int:
    factor = int(loaded.pipe.vae_scale_factor)
    return factor if loaded.profile.latents == "plain" and loaded.profile.beyond == "chunked" else 2 * factor


def _basics(profile: Profile, request: Request, size: Size, masked: bool) -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {
        "num_inference_steps": request.steps,
        profile.guidance: request.guidance,
        "generator": torch.Generator("cpu").manual_seed(request.seed),  # the same noise on every device
    }
    if not request.image or profile.latents != "plain" or masked:
        found |= {"width": size[0], "height": size[1]}  # Stable Diffusion goes by the picture it starts from
    if profile.beyond == "cut":
        found["max_sequence_length"] = profile.tokens
    if profile.pipeline == "FluxKontextPipeline":
        found |= {"max_area": size[0] * size[1], "_auto_resize": size[0] * size[1] >= _LARGE}
    return found


def _text(loaded: Loaded, request: Request, call: Call) -> dict[str, Any]:
    profile, prompt, negative = loaded.profile, call.prompt, call.negative
    guided = request.guidance > (0 if profile.chat else 1)
    if request.negative and (profile.negative == "no" or not guided):
        why = "takes no negative prompt" if profile.negative == "no" else f"uses none at guidance {request.guidance:g}"
        call.notes.append(f"{profile.title} {why}; yours has no part in this picture.")
    if prompt.cut:
        call.notes.append(f"The prompt is longer than {prompt.limit} tokens; not sent: {prompt.cut}")
    if profile.negative == "no":
        return {"prompt": prompt.sent}
    if len(prompt.chunks) > 1 or (guided and len(negative.chunks) > 1):
        return encode_chunks(call.pipe, prompt, negative, guided)
    if profile.negative == "with guidance":
        return {"prompt": prompt.sent, "negative_prompt": negative.sent or " "}
    return {"prompt": prompt.sent, "negative_prompt": negative.sent}


def _started(request: Request, picture: Any, size: Size, masked: bool) -> dict[str, Any]:
    found = {"image": fitted(picture, *size), "strength": request.strength}
    return found | {"mask_image": mask_from(request.mask, *size)} if request.mask and masked else found


def _referred(loaded: Loaded, request: Request, call: Call) -> dict[str, Any]:
    if call.way == "faceid":
        return _face(loaded, request)
    if call.way in ("", "start"):
        return {}
    pictures = open_pictures(request.references)
    if call.way == "ip-adapter":
        loaded.pipe.set_ip_adapter_scale(request.reference_scale)
        return {"ip_adapter_image": [pictures]}
    if call.way == "redux":
        return _redux(loaded, request, call, pictures)
    return {"image": pictures[0] if loaded.profile.max_references == 1 else pictures}


def _face(loaded: Loaded, request: Request) -> dict[str, Any]:
    """Embeddings beside zeros for the negative half, (2, faces, width), as FaceID was trained; tokens are joined."""
    import torch

    projection = loaded.pipe.unet.encoder_hid_proj.image_projection_layers[0]
    width = int(projection.ff.net[0].proj.in_features)
    if (given := {len(face) for face in request.identity}) != {width}:
        raise InputError(
            f"The face embedding has {max(given)} numbers and this FaceID adapter takes {width}; "
            "use the recogniser it was trained with."
        )
    face = torch.tensor(request.identity, dtype=loaded.pipe.dtype, device=loaded.device).unsqueeze(0)
    loaded.pipe.set_ip_adapter_scale(request.reference_scale)
    return {"ip_adapter_image_embeds": [torch.cat([torch.zeros_like(face), face]) if request.guidance > 1 else face]}


def _redux(loaded: Loaded, request: Request, call: Call, pictures: list[Any]) -> dict[str, Any]:
    """Text and pictures as one embedding; pictures share a weight of one, then count by the references' weight."""
    if call.adapter is None:
        raise NotAvailable(f"{loaded.profile.title} needs a Redux folder for references; put one in the models folder.")
    even = [1 / len(pictures)] * len(pictures)
    found = redux_of(loaded, call.adapter)(
        pictures, prompt=call.prompt.sent, prompt_embeds_scale=even, pooled_prompt_embeds_scale=even
    )
    embeds = found.prompt_embeds
    embeds[:, _REDUX_TEXT:] *= request.reference_scale
    call.arguments.pop("prompt", None)
    return {"prompt_embeds": embeds, "pooled_prompt_embeds": found.pooled_prompt_embeds}

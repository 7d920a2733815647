"""A picture from words, with the model a person chose: the block that every chain of generation is built around."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import NotAvailable
from blocks.models.adapters import Lora, read_loras
from blocks.models.calling import Call, prepare
from blocks.models.digest import combined, model_digest
from blocks.models.loading import Loaded, load
from blocks.models.places import DEFAULT, place_of
from blocks.models.previews import Previews
from blocks.models.request import Request, ask
from blocks.progress import Progress, part, silent

__all__ = ["Generated", "generate", "models_used"]

_LOADED, _DRAWN = 0.05, 0.97  # shares of the progress at which the model is ready, and at which the last step is done


class Generated(NamedTuple):
    """A picture (PNG), and what it was made with: JSON values, the same for the same inputs."""

    picture: Path
    facts: dict[str, Any]


def _units(steps: int = 0, width: int = 0, height: int = 0) -> float:
    """Megapixel-steps; what is left open counts as Stable Diffusion's defaults."""
    return (steps or 30) * (width or 512) * (height or 512) / 1e6


def models_used(
    model: str = "",
    adapter: str = "",
    control: str = "",
    loras: Sequence[dict[str, Any]] | None = None,
    models: str = "",
) -> list[Path]:
    """Files and folders of models that a call of `generate` with these arguments opens."""
    named = [name for name in (adapter, control) if name]
    named += [str(one["path"]) for one in loras or () if isinstance(one, dict) and one.get("path")]
    return [place_of(model, models), *(place_of(name, models) for name in named)]


@block(version="1", device="any", grace=10.0, units=_units, models=models_used)
def generate(
    model: str = "",
    prompt: str = "",
    negative: str = "",
    seed: int = 0,
    steps: int = 0,
    guidance: float | None = None,
    sampler: str = "",
    width: int = 0,
    height: int = 0,
    references: Sequence[Path] | None = None,
    reference_scale: float = 0.8,
    identity: Sequence[float] | Sequence[Sequence[float]] | None = None,
    adapter: str = "",
    image: Path | None = None,
    mask: Path | None = None,
    strength: float = 0.6,
    loras: Sequence[dict[str, Any]] | None = None,
    control: str = "",
    control_image: Path | None = None,
    control_scale: float = 1.0,
    dtype: str = "auto",
    device: str = "auto",
    offload: str = "none",
    threads: int = 0,
    models: str = "",
    digest: str = "",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Generated:
    """Draw one picture.

    Args:
        model: folder of a model in diffusers' layout, safetensors only; "" for the lab's own.
        negative: what is not wanted; models that take none say so in the facts.
        seed: 0 to 2**63 - 1; the same seed gives the same picture.
        steps, guidance, sampler, width, height: 0, None or "" for the profile's own; sides in pixels.
        references: pictures of what is to be seen, taken in the best way the model has (see `Profile.references`).
        reference_scale: how much references or identity count, 0 to 2.
        identity: a face embedding of length one, for models with a FaceID adapter; of several the tokens are joined.
        adapter: the file or folder that takes references; "" for the one inside the model's folder.
        image: the picture to start from; `strength`, 0.01 to 1, is how much of it is drawn anew.
        mask: white where `image` is drawn anew, black where it stays.
        loras: ``{"path": file, "weight": number}`` each.
        control, control_image, control_scale: a ControlNet's folder, the picture that leads it, and its weight.
        dtype, device, offload: see `blocks.models.loading.load`.
        models: the folder that the names of model, adapter, LoRAs and control are in; "" where they are whole paths.
        threads: of the processor's arithmetic; 0 leaves them as they are.
        digest: of the model and all that is put on it; "" and it is computed.

    Raises:
        InputError: a value is out of range, or the model cannot do what is asked.
        NotAvailable: a model, adapter or device is not here, or the model does not fit the memory.
        UnreadableFile, UnsafeFile: a file is damaged or may run code.
        Cancelled: from `progress`, between steps.
    """
    import torch

    if threads:
        torch.set_num_threads(threads)
    place, *_ = models_used(model, adapter, control, loras, models)
    chosen = read_loras(loras or (), Path(models))
    adapter, control = (str(place_of(name, models)) if name else "" for name in (adapter, control))
    progress(0, "loading the model")
    loaded = load(place, dtype=dtype, device=device, offload=offload)
    request = ask(
        loaded.profile,
        prompt=prompt,
        negative=negative,
        seed=seed,
        steps=steps,
        guidance=guidance,
        sampler=sampler,
        size=(int(width), int(height)),
        references=[Path(path) for path in references or ()],
        reference_scale=reference_scale,
        identity=identity,
        image=image,
        mask=mask,
        strength=strength,
        control_image=control_image,
        control_scale=control_scale,
    )
    progress(_LOADED, "reading the prompt")
    call = prepare(loaded, request, chosen, adapter, control)
    picture, flagged = _draw(loaded, call, scratch, part(progress, _LOADED, _DRAWN))
    path = scratch / "picture.png"
    picture.save(path)
    progress(1, "done")
    facts = {"model": Path(model).name or DEFAULT, **_facts(loaded, request, call, chosen)}
    facts["digest"] = digest or _digest(loaded, chosen, call, control)
    if flagged:
        facts["notes"].append("The model's own safety checker blackened this picture; change the prompt or the seed.")
    return Generated(path, facts)


def _draw(loaded: Loaded, call: Call, scratch: Path, progress: Progress) -> tuple[Any, bool]:
    """Run the pipeline, telling how far it is after every step; whether its safety checker objected."""
    import torch

    previews = Previews(loaded.profile.latents, call.size, scratch)

    def step_done(pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps = pipe.num_timesteps
        if call.outside is not None:
            tensors["latents"] = call.outside.put_back(pipe, timestep, tensors["latents"])
        last = step + 1 >= steps
        show = not last and loaded.offload == "none" and previews.due((step + 1) / steps)
        preview = previews.make(pipe, tensors["latents"]) if show else None
        progress((step + 1) / steps, f"step {step + 1} of {steps}", preview)
        return tensors

    try:
        result = call.pipe(**call.arguments, callback_on_step_end=step_done)
    except torch.OutOfMemoryError as error:
        raise NotAvailable(
            f"The memory did not suffice for {call.size[0]}x{call.size[1]} with {loaded.profile.title}. "
            "Draw a smaller picture, or choose offload=model or offload=sequential."
        ) from error
    finally:
        call.pipe.maybe_free_model_hooks()
    return result.images[0], bool(any(getattr(result, "nsfw_content_detected", None) or ()))


def _facts(loaded: Loaded, request: Request, call: Call, loras: Sequence[Lora]) -> dict[str, Any]:
    weights = {
        "reference_scale": request.reference_scale if call.way not in ("", "start") else None,
        "strength": request.strength if request.image or call.way == "start" else None,
        "control_scale": request.control_scale if request.control_image else None,
    }
    return {name: weight for name, weight in weights.items() if weight is not None} | {
        "family": loaded.profile.family,
        "prompt": call.prompt.text,
        "sent": list(call.prompt.chunks),
        "tokens": call.prompt.tokens,
        "cut": call.prompt.cut,
        "unknown": list(call.prompt.unknown),
        "negative": call.negative.text,
        "seed": request.seed,
        "steps": request.steps,
        "guidance": request.guidance,
        "sampler": request.sampler or type(loaded.scheduler).__name__,
        "width": call.size[0],
        "height": call.size[1],
        "references": call.way,
        "adapter": call.adapter.name if call.adapter else "",
        "loras": [{"name": lora.path.name, "weight": lora.weight} for lora in loras],
        "dtype": loaded.dtype,
        "device": loaded.device.partition(":")[0],
        "licence": loaded.profile.licence,
        "notes": call.notes,
    }


def _digest(loaded: Loaded, loras: Sequence[Lora], call: Call, control: str) -> str:
    beside = [call.adapter] if call.adapter and loaded.folder not in call.adapter.parents else []
    used = [loaded.folder, *beside, *(lora.path for lora in loras), *([Path(control)] if control else [])]
    return combined(*(model_digest(path) for path in used))

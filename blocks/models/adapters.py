"""What is put on a loaded model: LoRA files, an IP-Adapter, Redux, a ControlNet.

Everything that a call wants is put on in one fixed order, and taken off when the next call wants something else, so
that a picture never depends on what ran before it in the same process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.models.digest import fingerprint
from blocks.models.loading import Loaded
from blocks.models.recognise import AdapterKind, recognise_adapter

__all__ = ["ADAPTER_NAMES", "Lora", "attach", "control_net", "find_adapter", "read_loras", "redux_of"]

_FACEID = "faceid_0"  # what diffusers calls the LoRA inside a FaceID file
_IMAGE_ENCODER = "image_encoder"
ADAPTER_NAMES = ("faceid.safetensors", "ip-adapter.safetensors", "redux")
"""What is taken from inside a model's folder where no adapter is named."""


@dataclass(frozen=True, slots=True)
class Lora:
    """One LoRA file and how strongly it counts (1 is as trained; may be negative)."""

    path: Path
    weight: float = 1.0


def read_loras(given: Sequence[dict[str, Any]], models: Path) -> tuple[Lora, ...]:
    """LoRAs from plain values, ``{"path": ..., "weight": 1.0}``; names are those of files in `models`.

    Raises:
        InputError: a value that is no LoRA, or a weight that is no number.
        NotAvailable: a file that is not there.
    """
    found = []
    for one in given:
        path, weight = (one.get("path"), one.get("weight", 1.0)) if isinstance(one, dict) else (None, None)
        if not isinstance(path, str | Path) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise InputError(f'{one!r} is no LoRA; give {{"path": file, "weight": number}}.')
        file = Path(models, path)
        if not file.is_file():
            raise NotAvailable(f"There is no LoRA {file.name}; put it into the models folder, or take it out.")
        if recognise_adapter(file) != "lora":
            raise InputError(f"{file.name} is no LoRA.")
        found.append(Lora(file, float(weight)))
    if len({lora.path for lora in found}) < len(found):
        raise InputError("The same LoRA is given twice; give it once, with the weight it is to have.")
    return tuple(found)


def find_adapter(loaded: Loaded, given: str, kinds: Sequence[AdapterKind]) -> tuple[Path, AdapterKind] | None:
    """The reference adapter to use: the one given, else the one that lies in the model's folder.

    Args:
        kinds: those that would serve, the best first.

    Raises:
        NotAvailable: the one that is given is not there.
        InputError: it is of a kind that does not serve.
    """
    if given:
        path = Path(given)
        if not path.exists():
            raise NotAvailable(f"There is no adapter {path.name}; put it into the models folder, or leave it empty.")
        kind = recognise_adapter(path)
        if kind not in kinds:
            raise InputError(f"{path.name} is a {kind} file, which does not take these references; use {kinds[0]}.")
        return path, kind
    beside = [loaded.folder / name for name in ADAPTER_NAMES if (loaded.folder / name).exists()]
    known = {recognise_adapter(path): path for path in beside}
    return next(((known[kind], kind) for kind in kinds if kind in known), None)


def attach(loaded: Loaded, loras: Sequence[Lora], adapter: tuple[Path, AdapterKind] | None) -> None:
    """Put exactly these on the model; what is on it already stays, what is not wanted any more goes.

    Raises:
        InputError: the model takes no LoRA, or one was made for another family.
    """
    if loras and not loaded.profile.lora:
        raise InputError(f"{loaded.profile.title} takes no LoRA; take the LoRA out, or choose another model.")
    wanted = (_state(adapter[0]) if adapter else None, tuple(_state(lora.path) for lora in loras))
    if loaded.attached != wanted:
        _detach(loaded)
        if adapter:
            _put_adapter(loaded, adapter[0])
        for number, lora in enumerate(loras):
            _put_lora(loaded, lora, f"lora_{number}")
        loaded.attached = wanted
    _weigh(loaded, loras)


def _state(path: Path) -> tuple[str, str]:
    return str(path), fingerprint(path)


def _detach(loaded: Loaded) -> None:
    if not loaded.attached:
        return
    loaded.attached = ()
    pipe = loaded.pipe
    pipe.unload_lora_weights()
    if getattr(getattr(pipe, "unet", None), "encoder_hid_proj", None) is not None:
        pipe.unload_ip_adapter()
    # An adapter brings parts for seeing that another would see wrongly through.
    pipe.register_modules(**loaded.own)
    loaded.faceid_lora = False


def _put_adapter(loaded: Loaded, path: Path) -> None:
    """An IP-Adapter from tensors alone; its image encoder, if it wants one, lies in a folder beside it."""
    from safetensors.torch import load_file

    tensors = load_file(path)
    groups: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in tensors.items():
        group, _, rest = name.partition(".")
        if group in groups:
            groups[group][rest] = tensor
    if recognise_adapter(path) == "ip-adapter":
        _put_image_encoder(loaded, path)
    try:
        loaded.pipe.load_ip_adapter(groups, subfolder=None, weight_name=None, image_encoder_folder=None)
    except (ValueError, KeyError, RuntimeError, IndexError) as error:
        loaded.attached = ("broken",)  # so that the next call starts from a clean model
        raise InputError(_other_family(path, loaded, error)) from error
    loaded.faceid_lora = _FACEID in getattr(loaded.pipe.unet, "peft_config", {})


def _put_image_encoder(loaded: Loaded, adapter: Path) -> None:
    if loaded.pipe.components.get(_IMAGE_ENCODER) is not None:
        return
    folder = adapter.parent / _IMAGE_ENCODER
    if not folder.is_dir():
        raise NotAvailable(
            f"{adapter.name} sees pictures through an image encoder that is not here; put its folder "
            f"({_IMAGE_ENCODER}, with config.json and model.safetensors) beside it."
        )
    from transformers import CLIPVisionModelWithProjection

    encoder = CLIPVisionModelWithProjection.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, dtype=loaded.pipe.dtype
    )
    loaded.pipe.register_modules(image_encoder=encoder.to(loaded.device))


def _put_lora(loaded: Loaded, lora: Lora, name: str) -> None:
    """A LoRA in the key layout of diffusers or kohya; diffusers tells them apart."""
    before = _adapter_names(loaded.pipe)
    try:
        loaded.pipe.load_lora_weights(
            lora.path.parent,
            weight_name=lora.path.name,
            adapter_name=name,
            use_safetensors=True,
            local_files_only=True,
        )
    except (ValueError, KeyError, RuntimeError, AttributeError, IndexError, TypeError) as error:
        loaded.attached = ("broken",)
        raise InputError(_other_family(lora.path, loaded, error)) from error
    if _adapter_names(loaded.pipe) == before:  # keys that fit nowhere are only warned of
        loaded.attached = ("broken",)
        raise InputError(_other_family(lora.path, loaded, "none of its keys fits"))


def _adapter_names(pipe: Any) -> set[str]:
    return {name for names in pipe.get_list_adapters().values() for name in names}


def _weigh(loaded: Loaded, loras: Sequence[Lora]) -> None:
    """Switch everything on again: loading a FaceID file leaves only its own LoRA active, without a word."""
    names = [f"lora_{number}" for number in range(len(loras))]
    weights = [lora.weight for lora in loras]
    if loaded.faceid_lora:
        names, weights = [_FACEID, *names], [1.0, *weights]
    if names:
        loaded.pipe.set_adapters(names, adapter_weights=weights)


def _other_family(path: Path, loaded: Loaded, reason: object) -> str:
    first = str(reason).strip().split("\n")[0][:200]
    return f"{path.name} was not made for {loaded.profile.title} ({first}); choose one that was."


def redux_of(loaded: Loaded, folder: Path) -> Any:
    """The Redux pipeline of a folder, over the model's own text encoders; kept with the model."""
    import diffusers

    state = _state(folder)
    if loaded.redux is None or loaded.redux[0] != state:
        parts = ("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")
        pipe = diffusers.FluxPriorReduxPipeline.from_pretrained(
            folder,
            dtype=loaded.pipe.dtype,
            use_safetensors=True,
            local_files_only=True,
            **{part: loaded.pipe.components[part] for part in parts},
        )
        loaded.redux = (state, pipe.to(loaded.device))
    return loaded.redux[1]


def control_net(loaded: Loaded, folder: Path) -> Any:
    """The ControlNet of a folder; kept with the model.

    Raises:
        InputError: the folder is no ControlNet, or the model takes none.
        NotAvailable, UnreadableFile: the folder is not there, or damaged.
    """
    import diffusers

    if not loaded.profile.control_pipeline:
        raise InputError(f"{loaded.profile.title} takes no ControlNet; take it out, or choose another model.")
    if not folder.is_dir():
        raise NotAvailable(f"There is no ControlNet {folder.name}; put its folder into the models folder.")
    if recognise_adapter(folder) != "control":
        raise InputError(f"The folder {folder.name} is no ControlNet.")
    state = _state(folder)
    if loaded.control is None or loaded.control[0] != state:
        kind = diffusers.FluxControlNetModel if "Flux" in loaded.profile.pipeline else diffusers.ControlNetModel
        try:
            net = kind.from_pretrained(folder, dtype=loaded.pipe.dtype, use_safetensors=True, local_files_only=True)
        except (OSError, ValueError, RuntimeError, TypeError) as error:
            raise UnreadableFile(f"{folder.name} cannot be loaded ({str(error)[:200]}); fetch it again.") from error
        loaded.control = (state, net.to(loaded.device))
    return loaded.control[1]

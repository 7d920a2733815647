"""A model is loaded from its folder once a process, by its profile, and kept until another is asked for.

Only safetensors are read, only classes of diffusers and transformers are made, and nothing is fetched: what
`blocks.models.recognise` let through lies whole in the folder.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.models.digest import fingerprint
from blocks.models.memory import OFFLOADS, Offload, check_fits, need
from blocks.models.processors import processor_parts
from blocks.models.profiles import Profile
from blocks.models.recognise import Recognised, recognise

__all__ = ["DTYPES", "Loaded", "choose", "load", "release"]

_SEEING = ("image_encoder", "feature_extractor")
DTYPES = ("float32", "float16", "bfloat16")


@dataclass(slots=True)
class Loaded:
    """A model in memory.

    Attributes:
        pipe: the diffusers pipeline of the profile's `pipeline` class.
        scheduler: as it came with the model, never run itself.
        device: where the arithmetic is done: "cpu", "cuda", "cuda:1".
        own: parts for seeing that came with the model, where adapters may put others.
        attached, redux, control, faceid_lora: what is put on the model now; kept by `blocks.models.adapters`.
    """

    pipe: Any
    profile: Profile
    folder: Path
    scheduler: Any
    dtype: str
    device: str
    offload: Offload
    own: dict[str, Any] = field(default_factory=dict)
    attached: tuple[Any, ...] = ()
    redux: Any = None
    control: Any = None
    faceid_lora: bool = False

    def shared(self, kind: str, **parts: Any) -> Any:
        """Another pipeline class over the same parts: nothing is copied or cast.

        Args:
            kind: class name in diffusers.
            parts: what that class needs beside them (a ControlNet).
        """
        import diffusers

        if kind == type(self.pipe).__name__:
            return self.pipe
        return getattr(diffusers, kind).from_pipe(self.pipe, dtype=self.pipe.dtype, **parts)


_kept: dict[tuple[Any, ...], Loaded] = {}


def load(model: Path, *, dtype: str = "auto", device: str = "auto", offload: str = "none") -> Loaded:
    """The model in a folder, ready to run; the one that was loaded last is given again if nothing changed.

    Args:
        dtype: "float32", "float16", "bfloat16", or "auto" for the profile's.
        device: "cpu", "cuda", "cuda:N", or "auto" for a GPU where there is one.
        offload: "none", "model" or "sequential"; for a GPU only.

    Raises:
        NotAvailable: there is no such folder or device, or the model does not fit; the message says what helps.
        InputError, UnsafeFile, UnreadableFile: it cannot be used; see `recognise`.
    """
    found = _folder(model)
    device = _device(device)
    if offload not in OFFLOADS:
        raise InputError(f"There is no offload {offload!r}; there are {', '.join(OFFLOADS)}.")
    chosen: Offload = "none" if device == "cpu" else offload
    dtype = choose(found.profile, dtype, device)
    key = (str(found.path), fingerprint(found.path), dtype, device, chosen)
    if key not in _kept:
        release()  # before memory is looked at, so that the old one does not stand in the way of the new
        check_fits(found.path.name, need(found.path, found.profile, dtype), device, chosen)
        _kept[key] = _load(found, dtype, device, chosen)
    return _kept[key]


def release() -> None:
    """Let the loaded model go."""
    if _kept:
        import torch

        _kept.clear()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def choose(profile: Profile, dtype: str, device: str) -> str:
    """The number format to load in.

    Raises:
        InputError: there is no such format, or a processor cannot use it.
    """
    if dtype == "auto":
        return profile.dtype_cpu if device == "cpu" else profile.dtype
    if dtype not in DTYPES:
        raise InputError(f"There is no number format {dtype!r}; there are auto, {', '.join(DTYPES)}.")
    if dtype == "float16" and device == "cpu":
        raise InputError("float16 is for GPUs; a processor takes float32 or bfloat16.")
    return dtype


def _folder(model: Path) -> Recognised:
    if not model.exists():
        raise NotAvailable(
            f"There is no model at {model.name}. Put a model's diffusers folder (with model_index.json, weights as "
            "safetensors) into the models folder of the lab's home, and choose it by its name."
        )
    found = recognise(model)
    if found.form == "file":
        raise NotAvailable(
            f"{model.name} is a single file of {found.profile.title}; a folder is needed. Make one with diffusers: "
            f"{found.profile.pipeline}.from_single_file(path).save_pretrained(folder), or fetch the folder form."
        )
    return found


def _device(device: str) -> str:
    import torch

    if device == "cpu" or (device == "auto" and not torch.cuda.is_available()):
        return "cpu"
    device = "cuda" if device == "auto" else device
    kind, _, index = device.partition(":")
    if kind != "cuda" or (index and not index.isdigit()):
        raise InputError(f"There is no device {device!r}; there are auto, cpu, cuda and cuda:N.")
    if int(index or 0) >= torch.cuda.device_count():
        raise NotAvailable(f"There is no {device} here; choose cpu, or auto.")
    return device


def _load(found: Recognised, dtype: str, device: str, offload: Offload) -> Loaded:
    import diffusers
    import torch

    _quiet()
    kind = getattr(diffusers, found.profile.pipeline)
    try:
        own = processor_parts(found.path, found.profile.family)
        pipe = kind.from_pretrained(
            found.path,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            local_files_only=True,
            **dict.fromkeys(own),
        )
        pipe.register_modules(**own)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise UnreadableFile(
            f"{found.path.name} is a {found.profile.title} that cannot be loaded ({reason}); fetch it again, whole."
        ) from error
    pipe.set_progress_bar_config(disable=True)
    _place(pipe, device, offload)
    own = {name: pipe.components[name] for name in _SEEING if name in pipe.components}
    return Loaded(pipe, found.profile, found.path, pipe.scheduler, dtype, device, offload, own)


def _quiet() -> None:
    """No progress bars and no advice to programmers: they would fill a job's log."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    of_diffusers.disable_progress_bar()
    of_transformers.disable_progress_bar()
    of_transformers.set_verbosity_error()


def _place(pipe: Any, device: str, offload: Offload) -> None:
    if offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    elif offload == "sequential":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.to(device)

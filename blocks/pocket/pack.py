"""Where the parts of the pocket pack lie."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from blocks.errors import NotAvailable

__all__ = ["GUIDANCE", "WEIGHTS", "PocketPack", "pocket_pack"]

WEIGHTS = Path(__file__).parent / "weights"
GUIDANCE = 2.0  # at which the generator is most like the actor and still does as it is told


@dataclass(frozen=True, slots=True)
class PocketPack:
    """The lab's own models.

    Attributes:
        generator: a folder that ``StableDiffusionPipeline.from_pretrained`` loads, with ``faceid.safetensors`` in it.
        pose: a folder of the ControlNet that puts bodies where a stick figure is.
        faces: a folder that ``insightface.app.FaceAnalysis`` loads: detector and recogniser.
        second: the recogniser that neither conditions nor gates, as ONNX; 112x112 faces in, 112 numbers out.
        judge: the reader of looks, as ONNX; see `blocks.pocket.reader`.
        calibration: from a cosine of the recogniser to a chance; see `blocks.scores.calibration`.
    """

    generator: Path
    pose: Path
    faces: Path
    second: Path
    judge: Path
    calibration: Path


def pocket_pack() -> PocketPack:
    """The pack that comes with the lab.

    Raises:
        NotAvailable: parts of it are not there; the message names them.
    """
    pack = PocketPack(
        generator=WEIGHTS / "generator",
        pose=WEIGHTS / "pose",
        faces=WEIGHTS / "faces",
        second=WEIGHTS / "second" / "recogniser.onnx",
        judge=WEIGHTS / "judge.onnx",
        calibration=WEIGHTS / "calibration.json",
    )
    missing = [field.name for field in fields(pack) if not getattr(pack, field.name).exists()]
    if missing:
        raise NotAvailable(
            f"Of the pocket pack {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in {WEIGHTS}. "
            "Check the files out again, or train them: python -m blocks.pocket.training --home DIR."
        )
    return pack

"""Where the pocket pack's trained networks lie."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from blocks.errors import NotAvailable

__all__ = ["WEIGHTS", "PocketPack", "pocket_pack"]

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class PocketPack:
    """Its parts.

    Attributes:
        generator: a folder that `StableDiffusionPipeline.from_pretrained` loads, the FaceID adapter inside it.
        pose: folder of the pose ControlNet.
        faces: folder of detector and recogniser, which `insightface` loads.
        second: recogniser of another architecture, for reports only.
        judge: reads look and visible identity.
        calibration: posteriors of face similarities.
    """

    generator: Path
    pose: Path
    faces: Path
    second: Path
    judge: Path
    calibration: Path


def pocket_pack() -> PocketPack:
    """The pack of this copy of the lab.

    Raises:
        NotAvailable: a part is missing; the message names it.
    """
    pack = PocketPack(
        WEIGHTS / "generator",
        WEIGHTS / "pose",
        WEIGHTS / "faces",
        WEIGHTS / "second" / "recogniser.onnx",
        WEIGHTS / "judge.safetensors",
        WEIGHTS / "calibration.json",
    )
    missing = [path.relative_to(WEIGHTS).as_posix() for path in astuple(pack) if not path.exists()]
    if missing:
        raise NotAvailable(
            f"The lab's own small models are not whole in this copy of it: {', '.join(missing)} in blocks/pocket/weights "
            "missing. Fetch the lab again, or train them: see the docstring of blocks/pocket/training."
        )
    return pack

"""Faces repaired, one by one, by a model that the person brought (GFPGAN, RestoreFormer).

Each face is turned and scaled to the pose that these models were trained on, repaired there, and laid back with a
soft border. Where the faces are is found by YuNet if its file is in the models folder, or said by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blocks.block import block
from blocks.errors import Conflict, InputError, NotAvailable, UnreadableFile
from blocks.progress import Progress, silent
from enhance._alpha import bleed
from enhance.pictures import probe_picture, read_picture, write_picture
from enhance.upscalers import best_device, find_upscaler, upscaler_files

__all__ = ["find_faces", "open_restorer", "repaired", "restore_faces"]

Floats = NDArray[np.float32]
Landmarks = Sequence[Sequence[float]]
"""Five points (x, y) in pixels: the eyes, the nose's tip and the mouth's corners, those on the picture's left first."""

SIDE = 512  # pixels of an aligned face
ALIGNED = np.array(
    [
        [192.98138, 239.94708],
        [318.90277, 240.1936],
        [256.63416, 314.01935],
        [201.26117, 371.41043],
        [313.08905, 371.15118],
    ],
    np.float32,
)
"""Where the landmarks of an aligned face lie: the FFHQ template of facexlib."""

SOFT = 40  # pixels of an aligned face over which the repair fades out
DETECTOR = "face_detection_yunet*.onnx"
DETECT_SIDE = 1280  # pixels: larger pictures are looked at in this size
SURE = 0.7  # lowest score of a face


def _opened(model: str = "", faces: list[Any] | None = None, models: str = "") -> list[Path]:
    folder = Path(models) if models else None
    if not model:
        return []
    return upscaler_files(model, folder) + (_detectors(folder)[-1:] if faces is None else [])


@block(version="1", device="any", units=lambda picture, **_: probe_picture(picture).megapixels, models=_opened)
def restore_faces(
    picture: Path,
    model: str = "",
    strength: float = 1.0,
    faces: list[list[list[float]]] | None = None,
    models: str = "",
    digest: str = "",
    threads: int = 1,
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Path:
    """Repair the faces of a still picture.

    Args:
        picture: any file that `read_picture` accepts.
        model: name of a model of kind "restore"; "" leaves the picture as it is.
        strength: 0 leaves the picture as it is, 1 takes the repair whole.
        faces: five landmarks a face, see `Landmarks`; None to look for them.
        models: folder with the model, and with YuNet if faces are to be found.
        digest: SHA-256 that the weights must have, or "".
        threads: processor threads.

    Returns:
        `<stem>_faces.png` in `scratch`, of the same size, channels and bits; without a model, the picture itself.

    Raises:
        NotAvailable: the model, or the detector where it is needed, is not in the models folder.
        Conflict: the weights are not those of `digest`.
        UnreadableFile, UnsafeFile, InputError: the picture, the model or a choice cannot be used.
    """
    if not model:
        return picture
    if not 0 <= strength <= 1:
        raise InputError(f"The strength {strength} is outside 0 to 1; choose a value between.")
    source = read_picture(picture)
    if source.animated:
        raise InputError(f"{picture.name} is animated; faces are restored in still pictures only.")
    folder = Path(models) if models else None
    restorer = open_restorer(model, folder, threads, digest)
    colour, alpha = source.array, source.alpha
    three = np.broadcast_to(colour if alpha is None else bleed(colour, alpha), (*colour.shape[:2], 3))
    found = find_faces(three, folder) if faces is None else [_checked(face) for face in faces]
    white = np.float32(np.iinfo(colour.dtype).max)
    result = (three / white).astype(np.float32)
    for index, face in enumerate(found):
        progress(index / len(found), f"face {index + 1} of {len(found)}")
        result = repaired(result, restorer, face, strength)
    kept = result if colour.shape[2] == 3 else result.mean(axis=2, keepdims=True)
    pixels = np.rint(np.clip(kept, 0, 1) * white).astype(colour.dtype)
    whole = pixels if alpha is None else np.dstack([pixels, alpha])
    target = write_picture(source.with_frames([whole]), scratch / f"{picture.stem[:50]}_faces.png")
    progress(1.0, f"{len(found)} faces")
    return target


def open_restorer(name: str, models: Path | None, threads: int = 1, digest: str = "") -> Callable[[Floats], Floats]:
    """A function from an aligned face (512 x 512 x 3, 0..1, RGB) to its repair.

    Raises:
        UnknownName, NotAvailable, InputError, UnreadableFile, UnsafeFile: the model cannot be used.
    """
    info = find_upscaler(name, models)
    if info.kind != "restore" or info.path is None:
        raise InputError(f"{name} does not restore faces; choose a model of kind restore.")
    if digest and digest != info.digest:
        raise Conflict(f"The weights of {name!r} are not those that were asked for; they were replaced since.")
    import torch

    from enhance._checkpoints import load_state
    from enhance._torch_network import describe

    described = describe(load_state(info.path), info.path.name)
    device = best_device()
    network = described.model.to(device).float().eval()
    own_range = info.family == "GFPGAN"  # it takes and gives -1..1, and draws random noise unless told not to

    def restore(face: Floats) -> Floats:
        torch.set_num_threads(threads)
        planes = torch.from_numpy(np.ascontiguousarray(face.transpose(2, 0, 1)))[None].to(device)
        with torch.inference_mode():
            result = (network(planes * 2 - 1, randomize_noise=False)[0] + 1) / 2 if own_range else described(planes)
        return np.asarray(result[0].clamp(0, 1).float().cpu().numpy().transpose(1, 2, 0), np.float32)

    return restore


def find_faces(pixels: NDArray[Any], models: Path | None) -> list[NDArray[np.float32]]:
    """Landmarks (5 x 2) of each face, largest first, found by YuNet (github.com/opencv/opencv_zoo, MIT).

    Args:
        pixels: height x width x 3, uint8 or uint16, RGB.
        models: folder that holds face_detection_yunet*.onnx.

    Raises:
        NotAvailable: the detector's file is not there.
        UnreadableFile: the file is no detector.
    """
    files = _detectors(models)
    if not files:
        raise NotAvailable(
            "No face detector is in the models folder; put face_detection_yunet_2023mar.onnx "
            "(github.com/opencv/opencv_zoo) there, or give the faces' landmarks."
        )
    share = min(1.0, DETECT_SIDE / max(pixels.shape[:2]))
    eight = (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels
    size = (max(1, round(pixels.shape[1] * share)), max(1, round(pixels.shape[0] * share)))
    small = cv2.resize(np.ascontiguousarray(eight[..., ::-1]), size, interpolation=cv2.INTER_AREA)
    try:
        _, rows = cv2.FaceDetectorYN.create(str(files[-1]), "", size, SURE).detect(small)
    except cv2.error as error:
        raise UnreadableFile(f"{files[-1].name} is not a YuNet face detector; download it again.") from error
    faces = [] if rows is None else sorted(rows, key=lambda row: -row[2] * row[3])
    return [np.asarray(row[4:14], np.float32).reshape(5, 2) / np.float32(share) for row in faces]


def _detectors(models: Path | None) -> list[Path]:
    return sorted(models.glob(DETECTOR)) if models else []


def repaired(
    picture: Floats, restorer: Callable[[Floats], Floats], landmarks: NDArray[np.float32], strength: float
) -> Floats:
    """A picture (height x width x 3, 0..1) with one face repaired."""
    height, width = picture.shape[:2]
    there, _ = cv2.estimateAffinePartial2D(landmarks, ALIGNED, method=cv2.LMEDS)
    if there is None:
        raise InputError("A face's five landmarks lie in one point; mark the eyes, the nose and the mouth's corners.")
    aligned = cv2.warpAffine(picture, there, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    face = restorer(np.asarray(aligned, np.float32))
    back = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    laid = cv2.warpAffine(face, there, (width, height), flags=back)
    weight = cv2.warpAffine(_soft_square(), there, (width, height), flags=back)[..., None] * np.float32(strength)
    return np.asarray(picture + weight * (laid - picture), np.float32)


def _soft_square() -> Floats:
    """1 inside, falling to 0 at the border over `SOFT` pixels."""
    ramp = np.clip(np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1]) / SOFT, 0, 1)
    return np.minimum.outer(ramp, ramp).astype(np.float32)


def _checked(face: Landmarks) -> NDArray[np.float32]:
    points = np.asarray(face, np.float32)
    if points.shape != (5, 2) or not np.isfinite(points).all():
        raise InputError("A face is given by five points (x, y): eyes, nose, corners of the mouth; check the list.")
    return points

"""Every picture and clip is looked at once: frames with faces are kept, the others are written down as dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError
from blocks.faces import Face
from blocks.frames.clips import Glance, Keeper, glances, sharpest
from blocks.frames.measure import brightness, thumb
from blocks.frames.seen import Dropped, Seen, seen_face
from blocks.frames.sources import files_of, kind_of, read_still
from blocks.progress import Progress, part, silent

__all__ = ["Reader", "look_at", "write_png"]

Pixels = NDArray[np.uint8]

SMALLEST = 32.0
"""Pixels of the shorter side of a face below which it is too small to tell who it is."""

_TURNED = 86.0  # degrees: from there on the back of the head is seen
_DARKEST = 24.0  # of 255
_BATCH = 12
_ROOM = 240  # frames of a clip that are kept to choose from
_ROOM_PIXELS = 400_000_000  # and pixels of them all, on disk


class Reader(Protocol):
    """As much of `blocks.faces.FaceReader` as is needed here."""

    embedder: str
    second: str

    @property
    def domain(self) -> str: ...

    def find_many(self, pictures: Sequence[Pixels], least: int = 1) -> list[list[Face]]: ...

    def second_embedding(self, picture: Pixels, face: Face) -> tuple[float, ...]: ...


def look_at(
    sources: Sequence[Path], reader: Reader, scratch: Path, threads: int = 0, progress: Progress = silent
) -> tuple[list[Seen], Dropped]:
    """The frames with a face that can be used, and what was left out.

    Args:
        sources: files and folders.
        scratch: where frames of clips are put, as PNG.

    Raises:
        InputError: nothing was handed in, or a source is not there. UnreadableFile: none of the files can be read.
    """
    files = list(files_of(sources))
    if not files:
        raise InputError("Nothing was handed in; give pictures, clips or a folder of them.")
    looking = _Looking(reader, scratch, threads)
    waiting: list[Path] = []
    for number, file in enumerate(files):
        stretch = part(progress, number / len(files), (number + 1) / len(files))
        try:
            if kind_of(file) == "clip":
                looking.clip(file, stretch)
            else:
                waiting.append(file)
        except InputError as error:
            looking.unreadable(file, error)
        if len(waiting) >= _BATCH or number + 1 == len(files):
            looking.stills(waiting)
            waiting = []
            stretch(1, f"{number + 1} of {len(files)}")
    if looking.first_error is not None and looking.dropped.counts["unreadable"] == len(files):
        raise looking.first_error
    return looking.seen, looking.dropped


class _Looking:
    """What has been seen so far."""

    def __init__(self, reader: Reader, scratch: Path, threads: int) -> None:
        self._reader, self._scratch, self._threads = reader, scratch, threads
        self._known: set[bytes] = set()
        self._frames = 0
        self.seen: list[Seen] = []
        self.dropped = Dropped()
        self.first_error: InputError | None = None

    def unreadable(self, file: Path, error: InputError) -> None:
        self.first_error = self.first_error or error
        self.dropped.add(file.name, None, "unreadable", str(error))

    def stills(self, files: Sequence[Path]) -> None:
        """Pictures, a few at a time."""
        opened = [(file, pixels) for file, pixels in self._opened(files) if self._new(file, pixels)]
        found = self._reader.find_many([pixels for _, pixels in opened])
        for (file, pixels), faces in zip(opened, found, strict=True):
            seen = self._usable(file, file, None, 0, pixels, faces)
            if seen is not None:
                self.seen.append(seen)

    def clip(self, file: Path, progress: Progress) -> None:
        """A clip: of each stretch the sharpest frame is looked at."""
        frames = glances(file, self._threads)
        first = next(frames)
        room = min(_ROOM, max(8, _ROOM_PIXELS // first.pixels().size * 3))
        keeper = Keeper[Seen](room, self._give_up)
        for frame in sharpest(_after(first, frames), keeper, progress):
            if frame is None:
                self.dropped.add(file.name, None, "not chosen")
                continue
            pixels = frame.pixels()
            [faces] = self._reader.find_many([pixels])
            path = self._scratch / f"seen_{self._frames:06d}.png"
            seen = self._usable(path, file, frame.at, frame.scene, pixels, faces)
            if seen is not None:
                write_png(path, pixels)
                keeper.keep(frame.at, frame.scene, max(face.worth for face in seen.faces), seen)
        self.seen += keeper.kept

    def _opened(self, files: Sequence[Path]) -> Iterator[tuple[Path, Pixels]]:
        for file in files:
            try:
                yield file, read_still(file)
            except InputError as error:
                self.unreadable(file, error)

    def _new(self, file: Path, pixels: Pixels) -> bool:
        """Whether no picture before looked just like it."""
        mark = (thumb(pixels.mean(axis=2).astype(np.uint8)) // 4).astype(np.uint8).tobytes() + str(
            pixels.shape[1] > pixels.shape[0]
        ).encode()
        if mark in self._known:
            self.dropped.add(file.name, None, "duplicate")
            return False
        self._known.add(mark)
        return True

    def _usable(
        self, path: Path, file: Path, at: float | None, scene: int, pixels: Pixels, faces: Sequence[Face]
    ) -> Seen | None:
        """A frame with those of its faces that can be used; None, and a reason, if there are none."""
        number, self._frames = self._frames, self._frames + 1
        whole = [(face, _flaw(face, pixels)) for face in faces]
        good = tuple(
            seen_face(face, pixels, number, (file.name if at is not None else f"{file.name}#{number}", scene))
            for face, flaw in whole
            if not flaw
        )
        if good:
            return Seen(path, file.name, at, good)
        self.dropped.add(file.name, at, whole[0][1] if whole else "no face")
        return None

    def _give_up(self, seen: Seen) -> None:
        seen.path.unlink(missing_ok=True)
        self.dropped.add(seen.file, seen.at, "not chosen")


def write_png(path: Path, pixels: Pixels) -> None:
    """Write a picture, lossless and quickly; nothing but its pixels."""
    import cv2

    found, data = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not found:
        raise InputError(f"A picture of {pixels.shape[1]}x{pixels.shape[0]} cannot be written; hand in a smaller one.")
    path.write_bytes(data.tobytes())


def _flaw(face: Face, pixels: Pixels) -> str:
    if face.size < SMALLEST:
        return "too small"
    if abs(face.yaw) > _TURNED or not face.embedding:
        return "extreme pose"
    return "too dark" if brightness(pixels, face.box) < _DARKEST else ""


def _after(first: Glance, rest: Iterator[Glance]) -> Iterator[Glance]:
    yield first
    yield from rest

"""Faces of a picture, with embeddings: a pack that is open.

    reader = open_faces()                       # the lab's own pack
    faces = reader.find(picture)                # largest first

A detector misses faces that are small, and those that fill the picture; so it is asked again, in a ladder of sizes and
with the picture in a wide border, until it has found as many faces as are wanted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError
from blocks.faces.crops import cut
from blocks.faces.face import Face, view_of, yaw_of
from blocks.faces.opening import Networks, Recogniser, open_networks, pack_errors
from blocks.faces.packs import FacePack, find_pack
from blocks.models.digest import fingerprint, model_digest

__all__ = ["FaceReader", "open_faces"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]

_BORDER = 3  # the border around a picture is a third of its longer side
_NARROWEST, _LONGEST = 16, 64  # pixels of the shorter side; and how many times longer the other may be
_SAME = 0.5  # share of the smaller of two boxes that lies in the other if they are one face
_PACKS = 2  # kept open in a process


@dataclass(frozen=True, slots=True)
class _Found:
    """A face before it is recognised: box and confidence in a row, five landmarks."""

    box: Floats
    landmarks: Floats


class FaceReader:
    """An open face pack; `open_faces` makes it.

    Attributes:
        pack: its folder, domain and licence.
        embedder: SHA-256 of the recogniser's file; embeddings of two embedders are never compared.
        second: that of the second recogniser, or "".
    """

    def __init__(self, pack: FacePack, networks: Networks) -> None:
        self.pack = pack
        self._networks = networks
        self.embedder = model_digest(networks.recogniser.path)
        self.second = model_digest(networks.second.path) if networks.second else ""

    @property
    def domain(self) -> str:
        """What faces the pack was made for."""
        return self.pack.domain

    @property
    def licence(self) -> str:
        """The pack's licence, in a few words."""
        return self.pack.licence

    @property
    def commercial(self) -> bool | None:
        """Whether results may be used commercially; None if nobody said."""
        return self.pack.commercial

    def find(self, picture: Pixels, least: int = 1) -> list[Face]:
        """The faces of one picture, see `find_many`."""
        return self.find_many([picture], least)[0]

    def find_many(self, pictures: Sequence[Pixels], least: int = 1) -> list[list[Face]]:
        """The faces of each picture, largest first; the recogniser takes those of all pictures together.

        Args:
            pictures: HxWx3 8-bit RGB each.
            least: faces that are expected in each: with fewer the detector is asked again in other ways.

        Raises:
            InputError: one is no such picture.
            UnreadableFile: a network fails on them.
        """
        with pack_errors(self.pack):
            found = [(picture, self._detect(picture, least)) for picture in pictures]
            wanted = [(picture, face.landmarks) for picture, faces in found for face in faces]
            embeddings = iter(_embed(self._networks.recogniser, wanted))
        return [[self._face(face, next(embeddings)) for face in faces] for _, faces in found]

    def second_embedding(self, picture: Pixels, face: Face) -> tuple[float, ...]:
        """What the second recogniser says of a face; () if the pack has none, or it gave nothing."""
        return self.second_embeddings([(picture, face)])[0]

    def second_embeddings(self, wanted: Sequence[tuple[Pixels, Face]]) -> list[tuple[float, ...]]:
        """The same of many pictures and faces together."""
        if self._networks.second is None:
            return [()] * len(wanted)
        with pack_errors(self.pack, "second recogniser"):
            return _embed(self._networks.second, [(picture, np.array(face.landmarks)) for picture, face in wanted])

    def _detect(self, picture: Pixels, least: int) -> list[_Found]:
        if str(picture.dtype) != "uint8" or picture.shape[2:] != (3,):
            raise InputError(f"Faces are looked for in 8-bit RGB, not in {picture.dtype} of {picture.shape}.")
        short, long = sorted(picture.shape[:2])
        if short < _NARROWEST or long > short * _LONGEST:
            return []
        colours = np.ascontiguousarray(picture[..., ::-1])  # insightface reads blue, green, red
        found: list[_Found] = []
        for size, border in self._ladder(long):
            found = _joined(found, self._look(colours, size, border))
            if len(found) >= least:
                break
        return sorted(found, key=lambda face: -_area(face.box))

    def _ladder(self, long: int) -> Iterator[tuple[int, bool]]:
        """Sizes at which to look, and whether with a border: first the one that fits the picture."""
        fixed = self._networks.detector.static_input_size
        rungs = fixed[:1] if fixed else self.pack.rungs
        fitting = next((rung for rung in rungs if rung >= long), rungs[-1])
        yield fitting, False
        yield fitting, True
        yield from ((rung, False) for rung in rungs if rung != fitting)

    def _look(self, colours: Pixels, size: int, border: bool) -> list[_Found]:
        import cv2

        height, width = colours.shape[:2]
        margin = max(height, width) // _BORDER if border else 0
        if margin:
            colours = cv2.copyMakeBorder(colours, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
        boxes, landmarks = self._networks.detector.detect(colours, input_size=(size, size))
        boxes = boxes.astype(np.float64)
        boxes[:, :4] = np.clip(boxes[:, :4] - margin, 0, [width, height, width, height])
        return [
            _Found(box, points.astype(np.float64) - margin)
            for box, points in zip(boxes, landmarks, strict=True)
            if np.isfinite(box).all() and _area(box) > 0
        ]

    def _face(self, found: _Found, embedding: tuple[float, ...]) -> Face:
        left, top, right, bottom, confidence = found.box.tolist()
        yaw = yaw_of(found.landmarks, self.pack.nose)
        return Face(
            box=(left, top, right, bottom),
            landmarks=tuple((float(x), float(y)) for x, y in found.landmarks),
            confidence=confidence,
            embedding=embedding,
            yaw=round(yaw, 1),
            view=view_of(yaw),
            size=min(right - left, bottom - top),
        )


def _embed(recogniser: Recogniser, wanted: Sequence[tuple[Pixels, Floats]]) -> list[tuple[float, ...]]:
    """An embedding for each picture and landmarks, () where there can be none."""
    crops = [cut(picture, landmarks, recogniser.side) for picture, landmarks in wanted]
    usable = [crop for crop in crops if crop is not None]
    rows = iter(recogniser(usable)) if usable else iter(())
    return [() if crop is None else _numbers(next(rows)) for crop in crops]


def _numbers(row: Floats) -> tuple[float, ...]:
    return tuple(row.tolist()) if row.any() else ()


def _joined(known: list[_Found], more: list[_Found]) -> list[_Found]:
    """Both, a face that was seen before once."""
    return known + [face for face in more if all(_shared(face.box, other.box) < _SAME for other in known)]


def _shared(one: Floats, other: Floats) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:4], other[2:4])
    both = float(np.maximum(high - low, 0).prod())
    return both / min(_area(one), _area(other))


def _area(box: Floats) -> float:
    return float(np.maximum(box[2:4] - box[:2], 0).prod())


_open: dict[tuple[Any, ...], FaceReader] = {}
_door = threading.Lock()


def open_faces(pack: str = "", models: str = "", threads: int = 0) -> FaceReader:
    """A face pack, open; the same one is given again for as long as its files stay what they are.

    Args:
        pack: "" for the lab's own; else the name of a folder in `models`, or a whole path where `models` is "".
        models: the models folder.
        threads: of the networks' arithmetic; 0 leaves it to the runtime.

    Raises:
        NotAvailable: there is no such pack, or insightface is not installed.
        UnreadableFile: it is damaged, incomplete, or of another kind.
        InputError: the name leads out of the models folder.
    """
    found = find_pack(pack, models)
    key = (found, fingerprint(found.folder), fingerprint(found.second) if found.second else "", threads)
    with _door:
        reader = _open.pop(key, None) or FaceReader(found, open_networks(found, threads))
        _open[key] = reader
        while len(_open) > _PACKS:
            del _open[next(iter(_open))]
        return reader

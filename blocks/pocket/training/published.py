"""The published face pack as measurements use it: faces are found, cut and embedded as insightface does."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.training.faces import align

__all__ = ["PackReader"]


class PackReader:
    """Detector and both recognisers of a folder of weights.

    Attributes:
        embedder: SHA-256 of the recogniser's file.
    """

    def __init__(self, weights: Path) -> None:
        from insightface.app import FaceAnalysis

        with contextlib.redirect_stdout(io.StringIO()):
            app = FaceAnalysis(name=str(weights / "faces"), providers=["CPUExecutionProvider"])
            app.prepare(ctx_id=-1, det_size=(128, 128))
        self.detector: Any = app.det_model
        self.paths = (weights / "faces" / "recogniser.onnx", weights / "second" / "recogniser.onnx")
        self.sessions: dict[int, Any] = {}
        self.embedder = hashlib.sha256(self.paths[0].read_bytes()).hexdigest()

    def find(self, picture: Pixels, side: int = 320) -> tuple[Floats, Floats] | None:
        """Box and 5x2 landmarks of the largest face, with the picture scaled to ``side`` for the search."""
        boxes, marks = self.detector.detect(np.ascontiguousarray(picture[:, :, ::-1]), input_size=(side, side))
        if not len(boxes):
            return None
        place = int(np.argmax((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
        return boxes[place, :4], marks[place]

    def first(self, pictures: Sequence[Pixels]) -> Floats:
        """Unit embeddings of the recogniser; not a number where no face is found."""
        return self._embed_found(0, pictures)

    def second(self, pictures: Sequence[Pixels]) -> Floats:
        """The same by the second recogniser."""
        return self._embed_found(1, pictures)

    def embed(self, which: int, crops: Pixels) -> Floats:
        """Unit embeddings of Nx112x112x3 crops by recogniser 0 or 1."""
        if which not in self.sessions:
            self.sessions[which] = _session(self.paths[which])
        found = []
        for start in range(0, len(crops), 32):
            some = crops[start : start + 32].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
            found.append(self.sessions[which].run(None, {"input": some})[0])
        rows = np.concatenate(found)
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def _embed_found(self, which: int, pictures: Sequence[Pixels]) -> Floats:
        faces = [self.find(picture) for picture in pictures]
        places = [place for place, face in enumerate(faces) if face is not None]
        if not places:
            return np.full((len(pictures), 1), np.nan, np.float32)
        crops = [align(picture, face[1]) for picture, face in zip(pictures, faces, strict=True) if face is not None]
        embedded = self.embed(which, np.stack(crops))
        found = np.full((len(pictures), embedded.shape[1]), np.nan, np.float32)
        found[places] = embedded
        return found


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

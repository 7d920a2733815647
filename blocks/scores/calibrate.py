"""Calibrate a face pack of one's own on pictures of people one knows apart.

    python -m blocks.scores.calibrate --pack /path/to/models/buffalo_l --people FOLDER

The folder has a folder for each person, with pictures in which that person is the largest face: thirty people with six
pictures each are few, and they should be like those that will be scored, for accuracy differs by population. The
calibration is kept next to the pack, so that an approved pack stays as it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from blocks.errors import InputError
from blocks.faces import FaceReader, open_faces
from blocks.models.pictures import open_pictures
from blocks.progress import Progress, silent
from blocks.scores.calibration import Calibration, fit

__all__ = ["calibrate", "main"]

_TOGETHER = 32
_GATE = 0.85


def calibrate(reader: FaceReader, people: Path, progress: Progress = silent) -> Calibration:
    """Fit a calibration of an open pack.

    Args:
        people: a folder with a folder of pictures for each person; pictures that cannot be read, or show no face, are
            left out.

    Raises:
        InputError: there are too few people or pictures, or the pack cannot tell them apart.
    """
    if not people.is_dir():
        raise InputError(f"There is no folder {people}; give one that has a folder of pictures for each person.")
    files = [
        (number, path)
        for number, folder in enumerate(sorted(one for one in people.iterdir() if one.is_dir()))
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".")
    ]
    embeddings, whose = [], []
    for start in range(0, len(files), _TOGETHER):
        for number, embedding in _read(reader, files[start : start + _TOGETHER]):
            embeddings.append(embedding)
            whose.append(number)
        progress(min(1.0, (start + _TOGETHER) / len(files)), f"{len(whose)} faces in {start + _TOGETHER} pictures")
    if len(set(whose)) < 2:
        raise InputError(f"Faces of {len(set(whose))} people were found in {people.name}; a calibration needs many.")
    return fit(np.array(embeddings), whose, embedder=reader.embedder, domain=reader.domain)


def _read(reader: FaceReader, files: list[tuple[int, Path]]) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Whose face it is and its embedding, of those pictures that have one."""
    opened = []
    for number, path in files:
        try:
            opened.append((number, np.asarray(open_pictures([path])[0])))
        except InputError:
            continue
    found = reader.find_many([picture for _, picture in opened])
    for (number, _), faces in zip(opened, found, strict=True):
        if faces and faces[0].embedding:
            yield number, faces[0].embedding


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, required=True, help="the pack's folder")
    parser.add_argument("--people", type=Path, required=True, help="a folder of pictures for each person in it")
    parser.add_argument("--out", type=Path, help="file to write (default: NAME.calibration.json next to the pack)")
    given = parser.parse_args(arguments)
    reader = open_faces(str(given.pack.absolute()))
    found = calibrate(reader, given.people)
    out = given.out or reader.pack.folder.with_name(f"{reader.pack.folder.name}.calibration.json")
    found.write(out)
    for count, curve in sorted(found.curves.items()):
        at = found.cosine_at(_GATE, count)
        said = f"{_GATE} at cosine {at:.2f}, where {found.false_accept(at, count):.2%} of strangers pass"
        print(f"{count} references: {said} ({curve.genuine} and {curve.impostor} trials)")
    print(f"Written: {out}")


if __name__ == "__main__":
    main()

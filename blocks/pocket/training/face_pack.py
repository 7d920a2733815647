"""Detector and recogniser as a folder that insightface loads, with digests and a licence.

python -m blocks.pocket.training.face_pack --home DIR --out FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from blocks.errors import InputError

__all__ = ["write_face_pack"]

_LICENCE = """MIT License

Trained from nothing on portraits that this project draws itself; no photograph of anybody was used. Permission is
granted, free of charge, to use, copy, modify, merge, publish, distribute, sublicense and sell copies of these weights,
provided that this notice is kept. They are provided as they are, without warranty of any kind.
"""


def write_face_pack(detector: Path, recogniser: Path, out: Path) -> Path:
    """Copy both networks into ``out`` with a version 2 manifest.

    Raises:
        InputError: one of the networks is missing.
    """
    for path in (detector, recogniser):
        if not path.is_file():
            raise InputError(f"There is no {path.name} in {path.parent}. Train it first.")
    out.mkdir(parents=True, exist_ok=True)
    tasks: dict[str, dict[str, object]] = {}
    for task, path in (("detection", detector), ("recognition", recogniser)):
        shutil.copyfile(path, out / path.name)
        tasks[task] = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    tasks["recognition"]["embedding_dimension"] = 512
    manifest = {"manifest_version": 2, "model_id": "pocket-faces", "license": "MODEL.LICENSE", "tasks": tasks}
    (out / "MODEL.LICENSE").write_text(_LICENCE)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(write_face_pack(given.home / "detector.onnx", given.home / "recogniser.onnx", given.out))


if __name__ == "__main__":
    main()

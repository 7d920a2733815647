"""The finished weights, in half precision, where the lab finds them.

    python -m blocks.pocket.training.publish --home DIR [--out FOLDER]

What is not trained yet is left out; what was there of it stays.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np

from blocks.pocket.pack import WEIGHTS
from blocks.pocket.training.face_pack import write_face_pack

__all__ = ["LIMIT", "halve", "main", "publish", "weigh"]

LIMIT = 20_000_000  # bytes of all weights together


def halve(source: Path, target: Path) -> None:
    """Copy an ONNX model with its weights stored in 16 bits; they are widened when it is loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(source))
    casts = []
    for weight in list(model.graph.initializer):
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 64:
            continue
        values = numpy_helper.to_array(weight)
        narrow = numpy_helper.from_array(values.astype(np.float16), weight.name + ".half")
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(narrow)
        casts.append(
            helper.make_node("Cast", [narrow.name], [weight.name], weight.name + ".wide", to=TensorProto.FLOAT)
        )
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    onnx.checker.check_model(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(target))


def publish(home: Path, out: Path) -> None:
    """Bring every part that is trained to ``out``."""
    narrow = home / "half"
    for name in ("detector", "recogniser"):
        if (home / f"{name}.onnx").is_file():
            halve(home / f"{name}.onnx", narrow / f"{name}.onnx")
    if (narrow / "detector.onnx").is_file() and (narrow / "recogniser.onnx").is_file():
        write_face_pack(narrow / "detector.onnx", narrow / "recogniser.onnx", out / "faces")
    for name, place in (("recogniser-second", "second/recogniser"), ("judge", "judge")):
        if (home / f"{name}.onnx").is_file():
            halve(home / f"{name}.onnx", out / f"{place}.onnx")
    if (home / "pipeline").is_dir():
        _replace(home / "pipeline", out / "generator")
        shutil.copyfile(home / "face-adapter.safetensors", out / "generator" / "faceid.safetensors")
    if (home / "controlnet").is_dir():
        _replace(home / "controlnet", out / "pose")


def _replace(source: Path, target: Path) -> None:
    """Put a copy of a folder in the place of another, with no moment at which a reader finds half of it."""
    new, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(source, new)
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def weigh(out: Path) -> int:
    """Bytes of all weights."""
    return sum(path.stat().st_size for path in out.rglob("*") if path.suffix in (".onnx", ".safetensors"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    publish(given.home, given.out)
    size = weigh(given.out)
    print(f"{size / 1e6:.2f} MB of weights, {LIMIT / 1e6:.0f} are allowed")
    if size > LIMIT:
        raise SystemExit("Too heavy: make something smaller.")


if __name__ == "__main__":
    main()

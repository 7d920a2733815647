"""The finished weights, in half precision, where the lab finds them.

    python -m blocks.pocket.training.publish --home DIR [--out FOLDER]

What is not trained yet is left out; what was there of it stays.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from blocks.pocket.pack import WEIGHTS
from blocks.pocket.training.face_pack import write_face_pack

__all__ = ["LIMIT", "halve", "main", "publish", "weigh"]

LIMIT = 20_000_000  # bytes of all weights together
NARROW = 1_000  # from so many numbers on, weights of what neither draws nor recognises for the gate are kept in 8 bits


def halve(source: Path, target: Path, narrowest: int = 0) -> None:
    """Copy an ONNX model with its weights stored in 16 bits; they are widened when it is loaded.

    Args:
        narrowest: if not 0, weights of this many numbers or more are stored in 8 bits, with a scale for each row.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(source))
    widened = []
    for weight in list(model.graph.initializer):
        values, name = numpy_helper.to_array(weight), weight.name
        if weight.data_type != TensorProto.FLOAT or values.size < 64:
            continue
        model.graph.initializer.remove(weight)
        if narrowest and values.size >= narrowest and values.ndim > 1:
            scale = np.abs(values).reshape(len(values), -1).max(axis=1).clip(1e-8).astype(np.float32) / 127
            rows = np.rint(values / scale.reshape(-1, *[1] * (values.ndim - 1))).astype(np.int8)
            parts = {f"{name}.eighth": rows, f"{name}.scale": scale}
            widened.append(helper.make_node("DequantizeLinear", list(parts), [name], f"{name}.wide", axis=0))
        else:
            parts = {f"{name}.half": values.astype(np.float16)}
            widened.append(helper.make_node("Cast", list(parts), [name], f"{name}.wide", to=TensorProto.FLOAT))
        model.graph.initializer.extend(numpy_helper.from_array(part, key) for key, part in parts.items())
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(widened + nodes)
    onnx.checker.check_model(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(target))


def publish(home: Path, out: Path) -> None:
    """Bring every part that is trained to ``out``."""
    narrow = home / "half"
    for name, narrowest in (("detector", NARROW), ("recogniser", 0)):
        if (home / f"{name}.onnx").is_file():
            halve(home / f"{name}.onnx", narrow / f"{name}.onnx", narrowest)
    if (narrow / "detector.onnx").is_file() and (narrow / "recogniser.onnx").is_file():
        write_face_pack(narrow / "detector.onnx", narrow / "recogniser.onnx", out / "faces")
    for name, place in (("recogniser-second", "second/recogniser"), ("judge", "judge")):
        if (home / f"{name}.onnx").is_file():
            halve(home / f"{name}.onnx", out / f"{place}.onnx", NARROW)
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
    for config in new.rglob("config.json"):
        facts = json.loads(config.read_text())
        facts.pop("_name_or_path", None)  # where it lay on the machine that made it
        config.write_text(json.dumps(facts, indent=2) + "\n")
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

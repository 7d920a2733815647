"""Face packs made by hand: a few constants in the real layout, which find red squares and tell greens apart.

A "face" is a square of red without blue; its green is the person. What has no green gives an embedding of zeros.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["SIDE", "build_pack", "draw", "person"]

SIDE = 32
_STRIDES = (8, 16, 32)
# In half faces from the middle.
_POINTS = np.array([[-0.55, -0.4], [0.55, -0.4], [0.0, 0.1], [-0.4, 0.55], [0.4, 0.55]])


def build_pack(
    folder: Path,
    *,
    seed: int = 0,
    width: int = 512,
    batch: int | str = "n",
    detector: bool = True,
    recogniser: bool = True,
    landmarks: bool = True,
    manifest: dict[str, Any] | None = None,
    second: int = 0,
) -> Path:
    """Write a pack; what is left out, or of another width, is as a broken pack would have it."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = {}
    if detector:
        _detector(folder / "detector.onnx", landmarks)
        tasks["detection"] = {"file": "detector.onnx", "sha256": _digest(folder / "detector.onnx")}
    if recogniser:
        _recogniser(folder / "recogniser.onnx", width, batch, seed)
        tasks["recognition"] = {"file": "recogniser.onnx", "sha256": _digest(folder / "recogniser.onnx")}
    if second:
        (folder / "second").mkdir(exist_ok=True)
        _recogniser(folder / "second" / "recogniser.onnx", second, "n", seed + 100)
    (folder / "MODEL.LICENSE").write_text("Public domain\n")
    described = {"manifest_version": 2, "model_id": "by-hand", "license": "MODEL.LICENSE", "tasks": tasks}
    (folder / "manifest.json").write_text(json.dumps(described | (manifest or {})))
    return folder


def draw(*people: tuple[int, int, int], size: int = 128, side: int = SIDE) -> np.ndarray:
    """A blue picture with a face of each person: (left, top, number), in steps of 32 pixels where `size` is 128."""
    picture = np.zeros((size, size, 3), np.uint8)
    picture[..., 2] = 200
    for left, top, number in people:
        patch = picture[top : top + side, left : left + side]
        patch[...] = person(number, side)[: patch.shape[0], : patch.shape[1]]
    return picture


def person(number: int, side: int = SIDE) -> np.ndarray:
    """One face; 0 has no green and so no embedding."""
    face = np.zeros((side, side, 3), np.uint8)
    face[..., 0] = 255
    if number:
        coarse = np.random.default_rng(number).integers(0, 2, (4, 4)) * 255
        face[..., 1] = np.kron(coarse, np.ones((side // 4, side // 4), np.uint8))
    return face


def _detector(path: Path, landmarks: bool) -> None:
    """Red minus blue, averaged over a cell of 32 pixels, is the score; the strides below see nothing."""
    nodes, outputs, weights = [], [], []
    for kind, wide in (("score", 1), ("bbox", 4), ("kps", 10)):
        if kind == "kps" and not landmarks:
            continue
        for stride in _STRIDES:
            name = f"{kind}_{stride}"
            kernel = np.zeros((2 * wide, 3, 1, 1), np.float32)
            bias = np.full(2 * wide, -20.0 if kind == "score" else 1.0, np.float32)
            if kind == "score" and stride == 32:
                kernel[0, 0], kernel[0, 2], bias[0] = 20, -20, -30
            if kind == "bbox":
                bias = np.tile([0, 0, 1, 1], 2).astype(np.float32)  # the cell itself
            if kind == "kps":
                bias = np.tile((_POINTS / 2 + 0.5).ravel(), 2).astype(np.float32)
            weights += [numpy_helper.from_array(kernel, f"{name}_w"), numpy_helper.from_array(bias, f"{name}_b")]
            weights.append(numpy_helper.from_array(np.array([1, -1, wide], np.int64), f"{name}_s"))
            nodes += [
                helper.make_node(
                    "AveragePool", ["input"], [f"{name}_p"], kernel_shape=[stride] * 2, strides=[stride] * 2
                ),
                helper.make_node("Conv", [f"{name}_p", f"{name}_w", f"{name}_b"], [f"{name}_c"]),
                helper.make_node("Transpose", [f"{name}_c"], [f"{name}_t"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}_t", f"{name}_s"], [f"{name}_r"]),
                helper.make_node("Sigmoid" if kind == "score" else "Identity", [f"{name}_r"], [name]),
            ]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, f"cells_{name}", wide]))
    _write(path, nodes, [1, 3, "height", "width"], outputs, weights)


def _recogniser(path: Path, width: int, batch: int | str, seed: int) -> None:
    """Light green, averaged over 8x8 patches, times a random matrix."""
    random = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(np.array([0, 1, 0], np.float32).reshape(1, 3, 1, 1), "green"),
        numpy_helper.from_array(np.array([0, -1], np.int64), "shape"),
        numpy_helper.from_array(random.normal(0, 1, (64, width)).astype(np.float32), "mix"),
    ]
    nodes = [
        helper.make_node("Conv", ["input", "green"], ["one"]),
        helper.make_node("Relu", ["one"], ["light"]),
        helper.make_node("AveragePool", ["light"], ["patches"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Reshape", ["patches", "shape"], ["row"]),
        helper.make_node("MatMul", ["row", "mix"], ["embedding"]),
    ]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, width])]
    _write(path, nodes, [batch, 3, 112, 112], outputs, weights)


def _write(path: Path, nodes: list[Any], shape: list[Any], outputs: list[Any], weights: list[Any]) -> None:
    entry = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "by-hand", [entry], outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

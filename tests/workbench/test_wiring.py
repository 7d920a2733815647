"""Records for programs hold nothing that their client would take for a file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.pages.wiring import record


@dataclass
class Job:
    inputs: dict[str, Any] = field(default_factory=dict)
    place: Path = Path("/somewhere/secret/a.png")


def test_a_lora_goes_out_as_it_is_given_and_a_folder_stays_at_home() -> None:
    found = record(Job({"loras": [{"path": "mara.safetensors", "weight": 0.8}], "path": "x"}))
    assert found == {"inputs": {"loras": [{"name": "mara.safetensors", "weight": 0.8}], "path": "x"}, "place": "a.png"}

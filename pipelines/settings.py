"""Every setting of the lab, in one place; each can be given as an environment variable ``LAB_<NAME>``."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What can be set; read once, handed down, read nowhere else."""

    model_config = SettingsConfigDict(env_prefix="LAB_", extra="ignore", frozen=True)

    home: Path = Field(
        default=Path("~/character-media-lab"), description="The folder that holds everything the lab keeps."
    )
    host: str = Field(
        default="127.0.0.1", description="Address to serve at; a loopback address, until there are accounts."
    )
    port: int = Field(default=7860, ge=0, le=65535, description="Port to serve at; 0 takes a free one.")
    cpu_slots: int = Field(
        default_factory=lambda: max(1, min(4, os.cpu_count() or 1)), ge=1, description="Steps that run side by side."
    )
    gpu_slots: int = Field(default=-1, ge=-1, description="GPUs to use, one step each; -1 uses all that torch can see.")
    threads: int = Field(default=1, ge=1, description="Threads of one step's arithmetic.")
    warm: int = Field(default=1, ge=0, description="Worker processes to start before they are needed.")
    max_attempts: int = Field(default=3, ge=1, description="Tries of a job whose failure may pass by itself.")
    max_upload_mb: int = Field(default=4096, ge=1, description="Largest file a page accepts, in megabytes.")
    hub: str = Field(
        default="",
        description="Address of the hub that models are fetched from; empty takes HF_ENDPOINT, or the public one.",
    )
    confirm_minutes: float = Field(default=30.0, gt=0, description="Ask before a job that is estimated to take longer.")
    confirm_gigabytes: float = Field(
        default=5.0, gt=0, description="Ask before a job whose result is estimated to be larger."
    )

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def models(self) -> Path:
        """Where a person puts model files of their own."""
        return self.home / "models"

    def slots(self) -> list[str]:
        """Names of the slots steps run in: ``cpu:N``, and ``cuda:i`` where there is a GPU."""
        gpus = _gpus() if self.gpu_slots < 0 else self.gpu_slots
        return [f"cpu:{n}" for n in range(self.cpu_slots)] + [f"cuda:{n}" for n in range(gpus)]


def _gpus() -> int:
    """GPUs by their device files: asking torch would cost seconds at every start."""
    return sum(1 for path in Path("/dev").glob("nvidia[0-9]*") if path.name[6:].isdigit())

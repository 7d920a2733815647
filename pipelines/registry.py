"""The part of the facade that looks after models: which there are, which may run, how they come and go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blocks.models.form import Form
    from blocks.prompts import Prompt
    from data.approvals import Approval
    from pipelines.models import ModelInfo

__all__ = ["APPROVE", "PULL", "Registry"]

PULL = "pull_model"
"""The chain that downloads a model."""

APPROVE = "approve"
"""Of a download's options: whether the model may run as soon as it is here."""


class Registry(ABC):
    """What pages, the command line and notebooks may ask about models, and order.

    A model may run if it came with the lab, or if somebody approved the bytes that it has now; it is asked when a job
    is submitted, and again when a step of it starts.
    """

    @abstractmethod
    def models(self) -> list[ModelInfo]:
        """Every model: those that are here, and those that could be."""

    @abstractmethod
    def add_model(self, path: Path, name: str = "", *, approve: bool = False, user: str = "admin") -> ModelInfo:
        """Check a model's file or folder without running anything in it, and copy it into the home.

        Args:
            name: the name to keep it under; its own if empty.
            approve: let it run at once; else it waits until somebody approves it.

        Raises:
            UnsafeFile, UnreadableFile, InputError: it is refused, and not kept.
            Conflict: another model has that name; nothing was overwritten.
        """

    @abstractmethod
    def approve_model(
        self, name: str, state: Approval = "approved", *, why: str = "", digest: str = "", user: str = "admin"
    ) -> ModelInfo:
        """Decide whether a model may run: "approved", "blocked", or "pending" to take a decision back.

        Args:
            why: a note for whoever asks later.
            digest: the bytes that were looked at; "" for those that are there now.

        Raises:
            UnknownName: there is no such model, or it is not here.
            Conflict: its bytes are not those of `digest` any more.
        """

    @abstractmethod
    def remove_model(self, name: str, user: str = "admin") -> str:
        """Move a model that was brought to the trash; its file's name, for `restore_model`."""

    @abstractmethod
    def restore_model(self, file: str, user: str = "admin") -> ModelInfo:
        """Take a removed model back, by its file's name."""

    @abstractmethod
    def removed_models(self) -> list[str]:
        """Names of the models in the trash, the last removed first."""

    @abstractmethod
    def model_form(self, model: str = "") -> Form:
        """The form of a model that draws; "" for the lab's own.

        Raises:
            UnknownName, NotAvailable: there is no such model, or it cannot be used; the message says why.
        """

    @abstractmethod
    def prompt_report(self, model: str, text: str) -> Prompt:
        """What a model is sent of a prompt: tokens, chunks, what is cut, words it does not know. Nothing is drawn."""

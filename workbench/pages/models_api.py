"""The Models page for programs: `gradio_client.Client(address).predict(..., api_name="/models")`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from workbench.access import who
from workbench.pages.wiring import record, told
from workbench.upkeep import Upkeep

__all__ = ["endpoints"]


def endpoints(upkeep: Upkeep) -> None:
    """Register them."""

    def models(request: gr.Request) -> list[dict[str, Any]]:
        """Every model: here, missing with how to get it, or refused with the reason; and whether it may run."""
        return [record(info) for info in upkeep.models(who(request))]

    def model_form(model: str, request: gr.Request) -> dict[str, Any]:
        """What can be filled in for a model that draws: fields with limits, sizes, ways of references, notes."""
        return record(upkeep.model_form(who(request), model))

    def model_add(file: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Check a model file and keep it; `file` is what `gradio_client.handle_file` gives."""
        return record(upkeep.add_model(who(request), file.get("path") or "", file.get("orig_name") or ""))

    def model_pull(repo: str, file: str, approve: bool, request: gr.Request) -> dict[str, Any]:
        """Queue a download from the hub; its job. `file` is one safetensors file, "" for the whole model."""
        return record(upkeep.pull_model(who(request), repo, file, approve=approve))

    def model_approve(name: str, state: str, digest: str, request: gr.Request) -> dict[str, Any]:
        """Decide: `state` is approved, blocked or pending; `digest` that of the bytes looked at, "" for those there."""
        return record(upkeep.decide_model(who(request), name, state, digest))

    def model_remove(name: str, request: gr.Request) -> str:
        """Move a model that was brought to the trash; its name there."""
        return upkeep.remove_model(who(request), name)

    def model_restore(file: str, request: gr.Request) -> dict[str, Any]:
        """Take a removed model back."""
        return record(upkeep.restore_model(who(request), file))

    for endpoint in (
        models,
        model_form,
        model_add,
        model_pull,
        model_approve,
        model_remove,
        model_restore,
    ):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)

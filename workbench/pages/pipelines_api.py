"""What the Pipelines page does, for programs: `gradio_client.Client(address).predict(..., api_name="/pipeline")`."""

from __future__ import annotations

from typing import Any

import gradio as gr

from workbench.access import who
from workbench.chains import Chains
from workbench.pages.wiring import record, told

__all__ = ["endpoints"]


def endpoints(chains: Chains) -> None:
    """Register the named endpoints."""

    def pipelines(request: gr.Request) -> list[dict[str, Any]]:
        """Every chain: name, title, description, and its error if it is broken."""
        return [record(chain) for chain in chains.all(who(request))]

    def pipeline(name: str, request: gr.Request) -> dict[str, Any]:
        """One chain with its inputs, steps and edges."""
        return record(chains.one(who(request), name))

    def pipeline_run(name: str, inputs: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Queue a run; inputs by name, files as `{"digest": ...}`."""
        return record(chains.submit(who(request), name, inputs))

    def pipeline_view(job: str, request: gr.Request) -> dict[str, Any]:
        """A run with its chain and every step."""
        return record(chains.view(who(request), job))

    def pipeline_rerun(job: str, step: str, changes: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Run a step of a run again with ports changed, or with none changed but anyway."""
        return record(chains.resubmit(who(request), job, step, changes))

    for endpoint in (pipelines, pipeline, pipeline_run, pipeline_view, pipeline_rerun):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)

"""daggr's remote nodes: a Space or Gradio app, and an inference provider, called from a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blocks.errors import NotAvailable, TransientError

__all__ = ["call_inference", "call_space"]


def call_space(options: dict[str, Any], inputs: dict[str, Any], scratch: Path) -> Any:
    """Ask a Gradio app; files it gives are downloaded into `scratch`.

    Args:
        options: ``src`` (Space id or address), ``api_name``.

    Raises:
        TransientError: the app cannot be reached now.
        NotAvailable: daggr's ``run_locally`` was asked for; clone and start the Space, and give its address.
    """
    import httpx
    from gradio_client import Client, handle_file

    if options.get("local"):
        raise NotAvailable(f"{options['src']} asks to be run locally; start it yourself and give its address instead.")
    name = options["api_name"]
    values = {k: handle_file(v) if isinstance(v, str) and Path(v).is_file() else v for k, v in inputs.items()}
    try:
        client = Client(options["src"], download_files=str(scratch), verbose=False)
        return client.predict(api_name=name if name.startswith("/") else f"/{name}", **values)
    except (httpx.TransportError, OSError) as error:
        raise TransientError(f"{options['src']} does not answer ({error}); is it running?") from error


def call_inference(options: dict[str, Any], inputs: dict[str, Any], scratch: Path) -> Any:
    """Ask a provider through Hugging Face's client; the token is the environment's own.

    Raises:
        TransientError: the provider cannot be reached now.
        NotAvailable: what the model is for could not be looked up.
    """
    import httpx
    from daggr.executor import _call_inference_task
    from huggingface_hub import InferenceClient, model_info

    model = options["model"]
    try:
        task = options["task"] or model_info(model).pipeline_tag
        if task is None:
            raise NotAvailable(f"The hub does not say what {model} is for; choose a model with a pipeline tag.")
        client = InferenceClient(model=model, provider=options["provider"])
        return _call_inference_task(client, task, inputs)
    except (httpx.TransportError, OSError) as error:
        raise TransientError(f"{model} cannot be reached ({error}); is there a network?") from error

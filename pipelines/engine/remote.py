"""daggr's remote nodes: a Space or Gradio app, and an inference provider, called from a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blocks.errors import LabError, NotAvailable, TransientError
from pipelines.engine.values import is_file

__all__ = ["call_inference", "call_space", "own_files"]


def call_space(options: dict[str, Any], inputs: dict[str, Any], scratch: Path) -> Any:
    """Ask a Gradio app; files it gives are downloaded into `scratch`.

    Args:
        options: ``src`` (Space id or address), ``api_name``.

    Raises:
        TransientError: the app cannot be reached now.
        NotAvailable: daggr's ``run_locally`` was asked for; clone and start the Space, and give its address.
    """
    from gradio_client import Client, handle_file

    if options.get("local"):
        raise NotAvailable(f"{options['src']} asks to be run locally; start it yourself and give its address instead.")
    name = options["api_name"]
    values = {k: handle_file(v) if isinstance(v, str) and is_file(v) else v for k, v in inputs.items()}
    try:
        client = Client(options["src"], download_files=str(scratch), verbose=False)
        return client.predict(api_name=name if name.startswith("/") else f"/{name}", **values)
    except Exception as error:
        raise _clear(options["src"], error) from error


def call_inference(options: dict[str, Any], inputs: dict[str, Any], scratch: Path) -> Any:
    """Ask a provider through Hugging Face's client; the token is the environment's own.

    Raises:
        TransientError: the provider cannot be reached now.
        NotAvailable: what the model is for could not be looked up.
    """
    from daggr.executor import _call_inference_task
    from huggingface_hub import InferenceClient, model_info

    model = options["model"]
    try:
        task = options["task"] or model_info(model).pipeline_tag
        if task is None:
            raise NotAvailable(f"The hub does not say what {model} is for; choose a model with a pipeline tag.")
        client = InferenceClient(model=model, provider=options["provider"])
        return _call_inference_task(client, task, inputs)
    except Exception as error:
        raise _clear(model, error) from error


def own_files(value: Any, scratch: Path) -> Any:
    """Strings that name files which the call itself brought become paths.

    Any other string stays one: an answer that happens to name a file of this machine, or is meant to, opens nothing.
    """
    from daggr.state import get_daggr_files_dir

    match value:
        case str():
            file = Path(value).resolve() if is_file(value) else None
            folders = (scratch.resolve(), get_daggr_files_dir().resolve())
            return file if file and any(folder in file.parents for folder in folders) else value
        case list() | tuple():
            return type(value)(own_files(x, scratch) for x in value)
        case dict():
            return {k: own_files(v, scratch) for k, v in value.items()}
    return value


def _clear(who: str, error: Exception) -> Exception:
    """What a failed call means: gone for the moment, refused for good, or the far side's own error.

    The clients speak through two HTTP libraries, so their errors are told apart by what they carry.
    """
    if isinstance(error, LabError):
        return error
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        if status in _PASSING or status >= 500:
            return TransientError(f"{who} cannot answer now (HTTP {status}); it is tried again.")
        return NotAvailable(f"{who} refuses (HTTP {status}: {error}); check its name and your access token.")
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"OfflineModeIsEnabled", "LocalTokenNotFoundError"}:
        return NotAvailable(f"{who} cannot be asked: {error}")
    if kinds & {"TransportError", "ConnectionError", "TimeoutError"}:
        return TransientError(f"{who} does not answer ({error}); is it running, and is there a network?")
    return RuntimeError(f"{who} failed: {error}")


_PASSING = frozenset({408, 425, 429})  # too slow, too early, too many

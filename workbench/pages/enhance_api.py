"""Enhance for programs: named endpoints that take and give plain JSON. By example: docs/api.md."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import gradio as gr

from blocks.errors import InputError
from workbench.access import who
from workbench.enhance_options import EnhanceOptions
from workbench.pages.wiring import record, told
from workbench.services import Services

__all__ = ["endpoints"]

DEFAULTS = EnhanceOptions(picture_model="realesrgan-x4plus", clip_model="realesr-animevideov3")


def endpoints(services: Services) -> None:
    """Register them on the page that is being built."""

    def enhance_add(file: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Bring a picture or clip into the lab; `file` is what `gradio_client.handle_file` gives."""
        item = services.take_in(who(request), str(file.get("path") or ""))
        return {**item.entry, **record(item)}

    def enhance_estimate(files: list[Any], options: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Time and space, before anything is started; `ask` says why a person would be asked first."""
        user, chosen = who(request), _options(options)
        estimates = [record(one) for one in services.estimate(user, files, chosen)]
        return {"jobs": estimates, "ask": services.question(user, files, chosen)}

    def enhance_submit(
        files: list[Any], options: dict[str, Any], once: str, request: gr.Request
    ) -> list[dict[str, Any]]:
        """Queue one job a file; the same again with the same `once` gives the same jobs."""
        jobs = services.enhance(who(request), files, _options(options), once or uuid4().hex)
        return [record(job) for job in jobs]

    for endpoint in (enhance_add, enhance_estimate, enhance_submit):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)


def _options(given: dict[str, Any]) -> EnhanceOptions:
    """The defaults with what was given.

    Raises:
        InputError: there is no such option, or it is of another kind.
    """
    chosen = {name: getattr(DEFAULTS, name) for name in EnhanceOptions.__dataclass_fields__}
    for name, value in given.items():
        if name not in chosen:
            raise InputError(f"There is no option {name!r}; there are {', '.join(chosen)}.")
        kind = type(chosen[name])
        number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if not number and type(value) is not kind:
            raise InputError(f"The option {name} is {value!r}; it must be a {kind.__name__}.")
        chosen[name] = value
    return EnhanceOptions(**chosen)

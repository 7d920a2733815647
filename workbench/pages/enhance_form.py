"""The form of the Enhance page: its fields, built from what is installed, and the lines that comment on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from workbench import components as parts
from workbench.catalogue import Catalogue
from workbench.components.words import bytes_of, duration, rate
from workbench.enhance_options import CLIP_SCALES, FACTORS, EnhanceOptions
from workbench.pages.wiring import ON_ACT
from workbench.services import Item

if TYPE_CHECKING:
    from data.records import Estimate

__all__ = [
    "Form",
    "clip_note",
    "estimate_words",
    "form",
    "has_denoise",
    "model_choices",
    "options_of",
    "picture_note",
    "scale_choices",
]

Choices = list[tuple[str, str]]

PICTURE_MODEL = "realesrgan-x4plus"
CLIP_MODEL = "realesr-animevideov3"


@dataclass(frozen=True)
class Form:
    """The parts of the form that handlers read or change.

    Attributes:
        files: takes uploads; emptied as soon as the lab has them.
        chosen: digests of what will be enhanced.
        fields: one for each attribute of `EnhanceOptions`, in its order.
    """

    files: Any
    chosen: Any
    listing: Any
    problems: Any
    pictures: Any
    picture_note: Any
    clips: Any
    clip_note: Any
    estimate: Any
    start: Any
    missing: Any
    fields: Sequence[Any]

    @property
    def fps(self) -> Any:
        """The field of the custom frame rate."""
        return self.fields[7]


def form(catalogue: Catalogue) -> Form:
    """Lay the fields out."""
    files = gr.File(
        file_count="multiple", height=92, show_label=False, container=False, elem_id="intake", label="Pictures or clips"
    )
    chosen = gr.JSON([], visible=False)
    listing = _html(parts.chosen([]), elem_id="chosen")
    problems = _html("")
    with gr.Column(elem_classes="group") as pictures:
        gr.HTML('<h2 class="heading">Pictures</h2>', apply_default_css=False)
        picture_scale = gr.Radio(label="Size", elem_classes="segments")
        pictures_by, faces_by, clips_by, methods = model_choices(catalogue)
        picture_model = _models(pictures_by, PICTURE_MODEL)
        denoise = gr.Slider(0, 1, 1, step=0.05, label="Denoise", elem_classes="field", buttons=[])
        picture_scale.choices, picture_scale.value = scale_choices(catalogue, picture_model.value, 4)
        denoise.visible = has_denoise(catalogue, picture_model.value)
        restore = gr.Dropdown(
            faces_by, value="", label="Faces", visible=len(faces_by) > 1, elem_classes="field", filterable=False
        )
        picture_note = _html("")
    with gr.Column(elem_classes="group") as clips:
        gr.HTML('<h2 class="heading">Clips</h2>', apply_default_css=False)
        clip_scale = gr.Radio(_sizes(CLIP_SCALES), value=1, label="Size", elem_classes="segments")
        clip_model = _models(clips_by, CLIP_MODEL)
        rates = [("Keep", "keep"), *((f"×{f}", f) for f in FACTORS), ("fps", "custom")]
        clip_rate = gr.Radio(rates, value="2", label="Frames", elem_classes="segments")
        fps = gr.Textbox("120", label="To fps", visible=False, max_lines=1, elem_classes="field")
        interpolator = gr.Dropdown(methods, value=methods[0][1], label="Method", elem_classes="field", filterable=False)
        preview = gr.Checkbox(False, label="First two seconds only", elem_classes="check")
        clip_note = _html("")
    with gr.Column(elem_classes="go"):
        estimate = _html(parts.estimate(""))
        start = gr.Button("Enhance", variant="primary", interactive=False, elem_id="start")
    missing = _html(parts.missing(catalogue.missing()))
    fields = (
        picture_model,
        picture_scale,
        denoise,
        restore,
        clip_scale,
        clip_model,
        clip_rate,
        fps,
        interpolator,
        preview,
    )
    return Form(
        files, chosen, listing, problems, pictures, picture_note, clips, clip_note, estimate, start, missing, fields
    )


def options_of(fields: Sequence[Any]) -> EnhanceOptions:
    """What the fields hold, in their order."""
    options = EnhanceOptions(*fields)
    return replace(options, restore=options.restore or "")  # a list that nothing was chosen from holds None


def picture_note(catalogue: Catalogue, options: EnhanceOptions, items: Sequence[Item]) -> str:
    """What the chosen size means for pictures."""
    sizes = [item.facts for item in items if item.facts.kind == "picture"]
    lines = []
    if len(sizes) == 1:
        times = options.picture_scale
        lines.append(
            f"{sizes[0].width} × {sizes[0].height} becomes {sizes[0].width * times} × {sizes[0].height * times}."
        )
    lines.append(catalogue.scale_note(options.picture_model, options.picture_scale))
    return " ".join(filter(None, lines))


def clip_note(catalogue: Catalogue, options: EnhanceOptions, items: Sequence[Item]) -> str:
    """What the chosen size and rate mean for clips."""
    clips = [item.facts for item in items if item.facts.kind == "clip"]
    lines = []
    if len(clips) == 1:
        now, then = clips[0].fps, options.target_fps(clips[0].fps)
        if now and then and now != then:
            lines.append(f"{rate(now)} becomes {rate(then)}.")
    lines.append(catalogue.scale_note(options.clip_model, options.clip_scale))
    return " ".join(filter(None, lines))


def estimate_words(estimates: Sequence[Estimate]) -> tuple[str, str]:
    """Time and space of all jobs together, and what that rests on."""
    if not estimates:
        return "", ""
    seconds = [one.seconds for one in estimates]
    sizes = [one.bytes for one in estimates]
    time = f"About {duration(sum(filter(None, seconds)))}" if None not in seconds else "Time not known yet"
    space = f" · {bytes_of(sum(filter(None, sizes)))}" if None not in sizes else ""
    return time + space, estimates[0].basis


def scale_choices(catalogue: Catalogue, model: str, wanted: int) -> tuple[list[tuple[str, int]], int | None]:
    """The sizes a picture model offers, and the one to select: the wanted one if it is among them."""
    choice = catalogue.find(model or "")
    scales = choice.scales if choice else ()
    return _sizes(scales), wanted if wanted in scales else (max(scales) if scales else None)


def has_denoise(catalogue: Catalogue, model: str) -> bool:
    """Whether a model's denoise strength can be chosen."""
    choice = catalogue.find(model or "")
    return choice is not None and choice.denoise


def _sizes(scales: Sequence[int]) -> list[tuple[str, int]]:
    return [("Keep" if scale == 1 else f"×{scale}", scale) for scale in scales]


def model_choices(catalogue: Catalogue) -> tuple[Choices, Choices, Choices, Choices]:
    """Models for pictures, for their faces, for clips, and ways to make frames in between: title and name."""
    kinds = (("upscale", "denoise"), ("restore",), ("upscale",), ("interpolate",))
    found = ([(one.title, one.name) for one in catalogue.present(*wanted)] for wanted in kinds)
    pictures, faces, clips, methods = found
    return pictures, [("Leave as they are", ""), *faces], clips, methods


def _models(choices: Choices, wanted: str) -> Any:
    names = [name for _, name in choices]
    value = wanted if wanted in names else (names[0] if names else None)
    return gr.Dropdown(choices, value=value, label="Model", elem_classes="field", filterable=False)


def _html(value: str, **more: Any) -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, apply_default_css=False, **more)

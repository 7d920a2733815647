"""The fields of a model's form, one function a section; `blocks.models.form` puts them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from blocks.models.memory import OFFLOADS
from blocks.models.profiles import Profile, Reference
from blocks.models.request import HIGHEST_GUIDANCE, LARGEST_SIDE, LAST_SEED, MOST_STEPS

__all__ = ["Beside", "Field", "Kind", "Section", "Way", "fields_of", "ways_of"]

Kind = Literal["text", "seed", "number", "slider", "choice", "picture", "pictures", "mask", "loras"]
"""How a field is filled in. A seed is a whole number with dice beside it; "number" has whole steps unless `step` is
smaller than one; "loras" is a list of ``{"path": name, "weight": number}``; pictures are files."""

Section = Literal["prompt", "picture", "references", "start", "control", "extras", "machine"]
"""Fields that belong together, in the order in which a page shows them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: of the argument of `blocks.generate.generate`.
        default: what stands in it at first.
        low, high, step: of numbers; None where they have none. Of pictures, `high` is how many are taken.
        choices: (label, value), where there is a choice.
        help: one or two sentences for a person; "" if the label says it all.
        required: nothing can be drawn without it.
    """

    name: str
    label: str
    kind: Kind
    section: Section
    default: Any = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    choices: tuple[tuple[str, Any], ...] = ()
    help: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which the model takes references.

    Attributes:
        most: pictures in one call.
        ready: whether all it needs is here.
        needs: what must be brought before it works; "" if it works as it is.
    """

    name: Reference
    title: str
    help: str
    most: int
    ready: bool = True
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """What lies in the models folder for this model: names that may be chosen.

    Attributes:
        adapters: each with the way it takes references.
        ways: of the adapters that lie inside the model's own folder; they need no choosing.
    """

    loras: tuple[str, ...] = ()
    adapters: tuple[tuple[str, Reference], ...] = ()
    controls: tuple[str, ...] = ()
    ways: tuple[Reference, ...] = ()

    @property
    def usable(self) -> frozenset[str]:
        """Ways for which there is an adapter."""
        return frozenset((*self.ways, *(way for _, way in self.adapters)))


def fields_of(profile: Profile, ways: tuple[Way, ...], beside: Beside, device: str) -> tuple[Field, ...]:
    """Every field of a model of this profile, in the order of their sections."""
    return (
        *_words(profile),
        *_picture(profile),
        *_references(profile, ways, beside),
        *_start(profile),
        *_control(profile, beside),
        *_extras(profile, beside),
        *_machine(device),
    )


def ways_of(profile: Profile, beside: Beside) -> tuple[Way, ...]:
    """The ways in which a model takes references, the best first, each with whether it can be taken here."""
    return tuple(_way(profile, name, beside) for name in profile.references)


def _words(profile: Profile) -> list[Field]:
    beyond = {
        "chunked": "A prompt that is longer than the encoder reads at once is sent in several chunks.",
        "cut": f"At most {profile.tokens} tokens are sent; what lies beyond is cut, and shown.",
        "taken": "",
    }
    found = [Field("prompt", "Prompt", "text", "prompt", "", help=beyond[profile.beyond], required=True)]
    if profile.negative != "no":
        help_ = _negative_help(profile)
        found.append(Field("negative", "Not wanted", "text", "prompt", "", help=help_))
    return found


def _negative_help(profile: Profile) -> str:
    least = 0 if profile.chat else 1
    if profile.guidance_scale <= least:
        return f"Has a part only at guidance above {least}; this model is made for {profile.guidance_scale:g}."
    return f"Has a part at guidance above {least}."


def _picture(profile: Profile) -> list[Field]:
    width, height = profile.size
    own = (("The model's own", ""),)
    step = profile.multiple
    guidance = "How closely the prompt is followed"
    guidance += "; this model calls it true CFG." if profile.guidance == "true_cfg_scale" else "."
    found = [
        Field("width", "Width", "number", "picture", width, step, LARGEST_SIDE, step, help=f"A multiple of {step}."),
        Field("height", "Height", "number", "picture", height, step, LARGEST_SIDE, step, help=f"A multiple of {step}."),
        Field("steps", "Steps", "number", "picture", profile.steps, 1, MOST_STEPS, 1),
        Field(
            "guidance", "Guidance", "number", "picture", profile.guidance_scale, 0, HIGHEST_GUIDANCE, 0.1, help=guidance
        ),
        Field("seed", "Seed", "seed", "picture", 0, 0, LAST_SEED, 1, help="The same seed gives the same picture."),
    ]
    if profile.samplers:
        choices = own + tuple((_sampler(name), name) for name in profile.samplers)
        found.append(Field("sampler", "Sampler", "choice", "picture", "", choices=choices))
    return found


def _sampler(name: str) -> str:
    shown = {"dpm++": "DPM++", "dpm++ karras": "DPM++ Karras", "ddim": "DDIM", "unipc": "UniPC"}
    return shown.get(name, name.capitalize())


def _references(profile: Profile, ways: tuple[Way, ...], beside: Beside) -> list[Field]:
    if not ways or ways[0].name == "start":  # then the picture to start from is the reference
        return []
    best = next((way for way in ways if way.ready), ways[0])
    found = [
        Field(
            "references",
            "References",
            "pictures",
            "references",
            (),
            high=best.most,
            help=best.help if best.ready else best.needs,
            required=profile.needs_reference,
        )
    ]
    if any(way.name in ("faceid", "ip-adapter", "redux") for way in ways):
        found.append(Field("reference_scale", "Weight of the references", "slider", "references", 1.0, 0.0, 2.0, 0.05))
    if beside.adapters:
        own = (("The model's own", ""),) if beside.ways else (("None", ""),)
        choices = own + tuple((name, name) for name, _ in beside.adapters)
        first = next((name for name, way in beside.adapters if way == best.name and way not in beside.ways), "")
        found.append(Field("adapter", "Adapter", "choice", "references", first, choices=choices))
    return found


def _start(profile: Profile) -> list[Field]:
    if not profile.start_pipeline:
        return []
    found = [Field("image", "Start from", "picture", "start", help="Drawn anew as far as the strength says.")]
    if profile.inpaint_pipeline:
        found.append(Field("mask", "Mask", "mask", "start", help="White is drawn anew, black stays."))
    drawn = "1 draws all of it anew; small values stay close."
    return [*found, Field("strength", "How much is drawn anew", "slider", "start", 0.6, 0.01, 1.0, 0.01, help=drawn)]


def _control(profile: Profile, beside: Beside) -> list[Field]:
    if not profile.control_pipeline or not beside.controls:
        return []
    choices = (("None", ""), *((name, name) for name in beside.controls))
    return [
        Field("control", "ControlNet", "choice", "control", "", choices=choices),
        Field("control_image", "Control picture", "picture", "control", help="The pose, edges or depth to follow."),
        Field("control_scale", "Weight of the control picture", "slider", "control", 1.0, 0.0, 2.0, 0.05),
    ]


def _extras(profile: Profile, beside: Beside) -> list[Field]:
    if not profile.lora or not beside.loras:
        return []
    choices = tuple((name.removesuffix(".safetensors"), name) for name in beside.loras)
    help_ = "Each with a weight: 1 is as trained, 0 is off, less than 0 turns it round."
    return [Field("loras", "LoRAs", "loras", "extras", (), -2.0, 2.0, 0.05, choices, help_)]


def _machine(device: str) -> list[Field]:
    formats = ("auto", "float32", "bfloat16") if device == "cpu" else ("auto", "float32", "bfloat16", "float16")
    shown = {"auto": "What suits the model"}
    choices = tuple((shown.get(name, name), name) for name in formats)
    help_ = "bfloat16 takes half the memory of float32."
    found = [Field("dtype", "Number format", "choice", "machine", "auto", choices=choices, help=help_)]
    if device != "cpu":
        held = ("Nothing", "The parts not in use", "All but the layer in use")
        waiting = tuple(zip(held, OFFLOADS, strict=True))
        help_ = "What waits in main memory while the GPU works; the more, the slower."
        found.append(Field("offload", "Offload", "choice", "machine", "none", choices=waiting, help=help_))
    return found


_WAYS: dict[Reference, tuple[str, str, str]] = {
    "faceid": (
        "By the face",
        "The face of the references is measured, and the new picture is given the same one.",
        "Put a FaceID adapter of this family into the models folder.",
    ),
    "ip-adapter": (
        "By what is seen",
        "Person, clothes and style of the references are taken over.",
        "Put an IP-Adapter file of this family, with its image encoder, into the models folder.",
    ),
    "images": ("As pictures", "The model looks at the references themselves.", ""),
    "redux": (
        "Through Redux",
        "Redux turns the references into what the model reads beside the prompt.",
        "Put the FLUX.1 Redux folder into the models folder.",
    ),
    "start": ("As the start", "The picture is started from the reference; one is taken.", ""),
}


def _way(profile: Profile, name: Reference, beside: Beside) -> Way:
    title, help_, needs = _WAYS[name]
    ready = not needs or name in beside.usable
    most = 1 if name == "start" else profile.max_references
    return Way(name, title, help_, most, ready, "" if ready else needs)

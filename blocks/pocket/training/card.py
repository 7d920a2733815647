"""The model card: what the pack is, on what it was trained, and how good it measures against what was aimed at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.pocket.pack import GUIDANCE

__all__ = ["TARGETS", "lines_of", "write_card"]

TARGETS: tuple[tuple[str, tuple[str, ...], str, float], ...] = (
    ("Faces found", ("faces", "detector_found"), ">=", 0.99),
    ("Faces found with both eyes within 5 % of the face's width", ("faces", "detector_exact"), ">=", 0.99),
    ("Recogniser: equal error rate", ("faces", "recogniser_eer"), "<=", 0.02),
    ("Hair style as asked", ("generated", "look_hair"), ">=", 0.90),
    ("Hair colour as asked", ("generated", "look_hair_colour"), ">=", 0.90),
    ("Outfit as asked", ("generated", "look_outfit"), ">=", 0.90),
    ("Background as asked", ("generated", "look_background"), ">=", 0.90),
    ("Expression as asked", ("generated", "look_expression"), ">=", 0.85),
    ("View as asked", ("generated", "look_view"), ">=", 0.85),
    ("Likeness, share of the ceiling", ("generated", "references_share_of_ceiling"), ">=", 0.70),
    ("Likeness by text alone, share of the ceiling", ("generated", "text_share_of_ceiling"), "<=", 0.30),
    ("Mole as the actor's", ("generated", "person_mole"), ">=", 0.85),
    ("Glasses as the actor's", ("generated", "person_glasses"), ">=", 0.85),
    ("Beard as the actor's", ("generated", "person_beard"), ">=", 0.85),
    ("Eye colour as the actor's", ("generated", "person_eye_name"), ">=", 0.85),
    ("Seconds for a picture of 20 steps, two threads", ("seconds_per_picture",), "<=", 5.0),
)
"""What is measured, where the figure is, and what was aimed at."""

_ABOUT = f"""# The pocket pack

Small models that come with Character Media Lab, so that everything in it works without a download. They draw stylised
people of 128 by 128 pixels and know nothing of photographs.

| Part | What it is |
|---|---|
| `generator/` | `StableDiffusionPipeline`: 128x128, 16 latent channels, v-prediction with zero terminal SNR |
| `generator/faceid.safetensors` | IP-Adapter FaceID for `load_ip_adapter`, from the pack's own recogniser |
| `pose/` | ControlNet from a stick figure |
| `faces/` | detector (SCRFD's outputs) and recogniser (512 numbers) for `insightface` |
| `second/` | a recogniser of another architecture and seed; for reporting only, never for gating |
| `judge.onnx` | reads look and visible identity from a picture |
| `calibration.json` | from the recogniser's cosine to the chance that it is the same person |

**Trained on** portraits that the lab's own renderer draws (`blocks/pocket`), on two processor cores. No photograph and
no other data or weights were used. The recogniser learned from 6,000 people in 8 looks each; detector and judge from
10,000 others in 4 looks; the generator from the same 10,000, holding still, and 5,000 bodies. What the generator is
told of a person is the recogniser's embedding of other frames of that person, whom the recogniser itself was not
trained on. People of training, of calibration and of every measurement are disjoint; two people of the renderer differ
in six of eleven traits or more.

**Version 2.** Its generator goes on from version 1's (8,800 steps on people who move) for 6,000 steps; detector and
judge are new; autoencoder and recognisers are version 1's.

**Licence**: MIT, code and weights.

**Made again** by one command, in stages that resume: `python -m blocks.pocket.training --home DIR`. It trains the
generator in one go, from nothing; put version 1's `generator` folder into DIR as `earlier` and it goes on from there,
as these weights did.

**Use**: 20 steps, guidance {GUIDANCE:g}. Prompts are of the form "short blue hair, red coat, happy, side
left, night street"; words that it does not know mean nothing to it.

**Not for**: photographs, recognising real people, anything in which a wrong name harms somebody. The detector does not
find photographed faces.
"""


def lines_of(figures: Mapping[str, Any]) -> list[str]:
    """One table row for each target, with how far a missed one is off."""
    rows = []
    for title, path, way, target in TARGETS:
        value: Any = figures
        for part in path:
            value = value[part]
        met = value >= target if way == ">=" else value <= target
        unit = "" if path == ("seconds_per_picture",) else " %"
        shown, wanted = (f"{number * (100 if unit else 1):.1f}{unit}" for number in (value, target))
        off = f"{abs(value - target) * (100 if unit else 1):.1f}"
        verdict = "met" if met else f"**missed by {off}{' points' if unit else ''}**"
        rows.append(f"| {title} | {shown} | {way} {wanted} | {verdict} |")
    return rows


def write_card(figures: Mapping[str, Any], folder: Path) -> Path:
    """Write ``CARD.md`` from the figures that ``measure`` found."""
    faces, made, reading = figures["faces"], figures["generated"], figures["reading"]
    views = ", ".join(f"{pair} {share:.1%}" for pair, share in faces["recogniser_by_view"].items())
    seconds = ", ".join(f"{pair} {share:.1%}" for pair, share in faces["second_by_view"].items())
    by_view = ", ".join(f"{view} {value:.2f}" for view, value in made["references_by_view"].items())
    judged = ", ".join(f"{name.replace('_', ' ')} {share:.1%}" for name, share in reading.items())
    gate = "; ".join(
        f"{count} reference{'s' if count != '1' else ''}: {rates['far']:.2%} of strangers pass and {rates['tar']:.1%} "
        "of the person's own pictures"
        for count, rates in figures["gate"].items()
    )
    text = [
        _ABOUT,
        "## How good it is",
        "",
        f"Measured on people and prompts it was never trained on ({made['pictures']} generated pictures).",
        "",
        "| | measured | aimed at | |",
        "|---|---|---|---|",
        *lines_of(figures),
        "",
        "Genuine pairs differ in hair, outfit, lighting and view; impostor pairs share hair, outfit and their colours.",
        "",
        f"- Equal error rate by view: {views}. True accepts at one false accept in a thousand: "
        f"{faces['recogniser_tar']:.1%}. With the true landmarks instead of those that the detector finds the rate "
        f"is {faces['recogniser_at_true_landmarks_eer']:.1%}: what is lost is lost in finding them.",
        f"- The second recogniser: {faces['second_eer']:.1%} ({seconds}).",
        "- Likeness by the second recogniser, mean cosine to held-out frames: from references "
        f"{made['references']:.2f} ({by_view}), "
        f"from text alone {made['text']:.2f}, from somebody else's references {made['another']:.2f}; "
        f"real frames among themselves {made['ceiling']:.2f}.",
        f"- Copies of a reference: {made['copied']:.1%} of pictures (nearer to a reference than any two real frames of "
        "the actor are to each other, or nearly the same pixels).",
        f"- In {made['faces_found']:.1%} of generated pictures a face is found; {made['passed']:.1%} of these pass the "
        f"gate of 0.85 at the first try (mean cosine to the references {made['raw']:.2f}).",
        f"- The gate on drawn pictures of people nobody was trained on, {gate}.",
        f"- The judge itself is right about renders in: {judged}. What it says of generated pictures can be no surer.",
        "",
    ]
    path = folder / "CARD.md"
    path.write_text("\n".join(text))
    return path

"""What goes with an exported LoRA, in plain words: what it is, how to use it, how to train it again elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["guide"]

_USE = """# {title}

A {kind} for {base}. It draws one character, whom its trigger word **{trigger}** stands for.

## Using it

1. Put `{name}` where your program looks for LoRAs. The file in kohya's keys is for AUTOMATIC1111, Forge, ComfyUI and
   kohya's own scripts; the one in diffusers' keys is for diffusers and for this lab.
2. Choose the same base model, or a close relative of it: {base}.
3. Begin the prompt with `{trigger}`, then say what should be different: hair, clothes, expression, view, light, place.
   For example: `{example}`
4. Begin with a weight of {weight:g}. If the face is right and the prompt is not followed, go down to 0.7; if the face
   is not quite right, go up to 1.1.

{proof}
"""

_PROOF = """## How good it is

Told from {report} pictures that it was neither trained on nor chosen by. Likeness is the cosine of face embeddings by a
recogniser; 1 is the same picture, pictures of other people are near 0.

| | without it | with it | the training pictures |
|---|---|---|---|
| first recogniser | {before_first} | {after_first} | {reach_first} |
| second recogniser (never used to choose) | {before_second} | {after_second} | {reach_second} |

Version {chosen} was chosen of {versions}.
"""

_PACKAGE = {
    "standard": """## Training it again with kohya's scripts

The pictures are in `images`, each with its caption in a text file of the same name. `dataset.toml` says how they are
read: point `image_dir` at the folder, then

    accelerate launch {script} --dataset_config dataset.toml --pretrained_model_name_or_path YOUR_BASE \\
        --network_module {module} --network_dim {rank} --network_alpha {alpha:g}{arguments} \\
        --learning_rate {rate:g} --max_train_steps {steps} --output_dir out --output_name {stem}
""",
    "replicate": """## Using it on Replicate

`trained_model.tar` holds `lora.safetensors` and the captions, as its trainers make them; give its address where a
model asks for LoRA weights. To train there instead, upload the pictures and captions of `input_images.zip` and set the
trigger word to `{trigger}`, {steps} steps, rank {rank}, learning rate {rate:g}.
""",
    "civitai": """## Publishing it, or training it, on Civitai

Upload `{name}` as a LoRA, name the base model, and give `{trigger}` as its trigger word. To train there instead, upload
`training_data.zip`: pictures and captions of the same name lie side by side in it. Recommended: {steps} steps, rank
{rank}, alpha {alpha:g}, learning rate {rate:g}. Publish no one who has not agreed to it.
""",
}


def guide(package: str, facts: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """The text that lies in a package as README.md.

    Args:
        facts: title, kind, base, trigger, name, stem, example, script, module, arguments; and rank, alpha, rate, steps.
        report: of `lora.pick.pick_version`, or empty.
    """
    proof = _PROOF.format(**_proof(report)) if report.get("after") else ""
    said = {"weight": report.get("weight", 1.0), **facts}
    return (_USE.format(proof=proof, **said) + _PACKAGE[package].format(**said)).replace("\n\n\n", "\n\n")


def _proof(report: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"report": report["sets"]["report"], "chosen": report["chosen"]}
    found["versions"] = len(report["versions"])
    for when in ("before", "after", "reach"):
        for which in ("first", "second"):
            value = report[when].get(which)
            found[f"{when}_{which}"] = "not known" if value is None else f"{value:.2f}"
    return found

"""The generator: words and a face's embedding to latents of a portrait.

    python -m blocks.pocket.training.generator --home DIR [--steps 6000]

Needs renders, autoencoder and recogniser. The face adapter first learns to say what an embedding knows; then text
encoder, UNet and adapter learn together, from nothing or, if the folder ``earlier`` holds a pipeline, from there. Every
thousand steps what there is so far is written as a pipeline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blocks.pocket.training.adapter import adapter_state, add_face_adapter, build_unet, plain_state, set_adapter_scale
from blocks.pocket.training.checkpoint import arguments, backward, mixed, one_cycle, run
from blocks.pocket.training.earlier import go_on_from
from blocks.pocket.training.language import build_text_encoder, build_tokenizer
from blocks.pocket.training.lessons import Lessons, load_vae, met
from blocks.pocket.training.muon import Muon
from blocks.pocket.training.tokens import teach_tokens

__all__ = ["Average", "build_scheduler", "finish", "main", "noise_levels"]

PROVISIONAL = 1000  # steps between pipelines that are written on the way


class Average:
    """A running mean of a model's weights, which draws better than the weights of any one step."""

    def __init__(self, model: nn.Module, keep: float = 0.999) -> None:
        self.model, self.keep, self.steps = model, keep, 0
        self.mean = {name: weight.detach().clone().float() for name, weight in model.state_dict().items()}

    def update(self) -> None:
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        for name, weight in self.model.state_dict().items():
            self.mean[name].lerp_(weight.detach().float(), 1 - keep)

    def state_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, weight in state["mean"].items():
            self.mean[name].copy_(weight)
        self.steps = state["steps"]


def build_scheduler() -> Any:
    """Noise that ends in pure noise, so that the mean of a picture does not drift; the network predicts velocity."""
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        steps_offset=1,
        clip_sample=False,
    )


def noise_levels(count: int) -> Tensor:
    """Time steps 0 to 999: half of them anywhere, the others mostly high, where it is decided who and what is drawn."""
    anywhere = torch.rand(count)
    high = torch.sigmoid(torch.randn(count) * 1.1 + 0.7)
    return (torch.where(torch.rand(count) < 0.5, anywhere, high) * 1000).long().clamp(max=999)


def main() -> None:
    given = arguments(__doc__ or "", 6000)
    device = given.device
    torch.manual_seed(7)
    random = np.random.default_rng(7)
    tokenizer = build_tokenizer(given.home / "tokenizer")
    lessons = Lessons(given.home, tokenizer)
    scheduler = build_scheduler()
    signal = scheduler.alphas_cumprod.to(device)
    unet, encoder = build_unet(), build_text_encoder(tokenizer)
    add_face_adapter(unet)
    if not (given.home / "generator.pt").exists():
        if (given.home / "earlier").is_dir():
            print(f"goes on from an earlier one; new in it: {len(go_on_from(given.home / 'earlier', unet, encoder))}")
        print(teach_tokens(unet.encoder_hid_proj.image_projection_layers[0], *met(given.home)), flush=True)
    both = nn.ModuleDict({"unet": unet, "encoder": encoder}).to(device)
    processors = list(unet.attn_processors)
    mean = Average(both)
    ends = (encoder, unet.conv_in, unet.conv_out, unet.time_embedding, unet.encoder_hid_proj)
    optimiser = Muon(both.parameters(), [weight for end in ends for weight in end.parameters()])

    def step_once(step: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 1e-3, warm=0.04)
        batch = lessons.batch(random)
        code, weight_of, tokens, faces = (
            value.to(device) for value in (batch.code, batch.weight, batch.tokens, batch.faces)
        )
        noise = torch.randn(code.shape).to(device)
        time = noise_levels(len(code)).to(device)
        # Now and then without the adapter at all, as when the pipeline is used without a face.
        set_adapter_scale(unet, 0.0 if random.random() < 0.06 else 1.0)
        with mixed(device):
            text = encoder(tokens)[0]
            noisy = scheduler.add_noise(code, noise, time)
            made = unet(noisy, time, text, added_cond_kwargs={"image_embeds": [faces]}).sample
        ratio = signal[time] / (1 - signal[time]).clamp(min=1e-6)
        weight = (ratio.clamp(max=5.0) + 1) / (ratio + 1)
        wanted = scheduler.get_velocity(code, noise, time)
        loss = (((made.float() - wanted).square() * weight_of).mean(dim=(1, 2, 3)) * weight).mean()
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        mean.update()
        if (step + 1) % PROVISIONAL == 0:
            finish(given.home, mean, tokenizer, processors)
        return {"loss": float(loss.detach())}

    run("generator", given, {"both": both, "optimiser": optimiser, "mean": mean}, random, step_once)
    finish(given.home, mean, tokenizer, processors)


def finish(home: Path, mean: Average, tokenizer: Any, processors: list[str]) -> None:
    """Write what there is as a pipeline's folder and a FaceID file, in half precision."""
    from diffusers import StableDiffusionPipeline
    from safetensors.torch import save_file

    state = {name: weight.cpu() for name, weight in mean.mean.items()}
    of_unet = {name.removeprefix("unet."): weight for name, weight in state.items() if name.startswith("unet.")}
    unet, encoder = build_unet(), build_text_encoder(tokenizer)
    unet.load_state_dict(plain_state(of_unet))
    encoder.load_state_dict({n.removeprefix("encoder."): w for n, w in state.items() if n.startswith("encoder.")})
    pipeline = StableDiffusionPipeline(
        vae=load_vae(home),
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(home / "pipeline")
    faces = {name: weight.half().contiguous() for name, weight in adapter_state(of_unet, processors).items()}
    save_file(faces, home / "face-adapter.safetensors")


if __name__ == "__main__":
    main()

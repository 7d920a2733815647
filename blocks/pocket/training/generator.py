"""The generator: words and a face's embedding to latents of a portrait.

    python -m blocks.pocket.training.generator --home DIR [--steps 6000]

Needs renders, autoencoder and recogniser. Text encoder, UNet and face adapter learn together from nothing. The face is
always that of *other* pictures of the same person, so that it says who somebody is and not how the picture looks.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blocks.pocket.canvas import Floats
from blocks.pocket.captions import varied_caption
from blocks.pocket.training.adapter import adapter_state, add_face_adapter, build_unet, plain_state, set_adapter_scale
from blocks.pocket.training.autoencoder import latents, to_tensor
from blocks.pocket.training.checkpoint import arguments, backward, mixed, on, one_cycle, run
from blocks.pocket.training.faces import Residual, embed_all
from blocks.pocket.training.language import build_text_encoder, build_tokenizer
from blocks.pocket.training.renders import Renders

__all__ = ["Average", "build_scheduler", "faces_of_others", "load_recogniser", "load_vae", "main"]

BATCH, BODIES = 32, 12  # pictures in a step of portraits, and in one of bodies, which are larger


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


def load_recogniser(home: Path) -> nn.Module:
    model = Residual()
    model.load_state_dict(torch.load(home / "recogniser.pt", weights_only=True)["parts"]["model"])
    return model.eval()


def load_vae(home: Path) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL.from_pretrained(home / "vae").eval()


def cached(path: Path, compute: Any) -> Floats:
    """The array of a file, computed and kept there if it is missing."""
    if not path.exists():
        new = path.with_suffix(".new.npy")
        np.save(new, compute())
        new.replace(path)
    kept: Floats = np.load(path)
    return kept


def encode_all(vae: Any, renders: Renders) -> Floats:
    """Scaled latents of every picture in half precision."""
    found = []
    with torch.no_grad():
        for start in range(0, len(renders.pictures), 32):
            code = latents(vae, to_tensor(renders.pictures[start : start + 32])) * vae.config.scaling_factor
            found.append(code.half().numpy())
    return np.concatenate(found)


def faces_of_others(people: Any, embeddings: Floats) -> Any:
    """A function (person, row to leave out, random) -> unit mean embedding of one to three other pictures."""
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, person in enumerate(people):
        rows_of[int(person)].append(row)

    def face(person: int, without: int, random: np.random.Generator) -> Floats:
        others = [row for row in rows_of[person] if row != without]
        if not others:
            return np.zeros(embeddings.shape[1], np.float32)
        chosen = random.choice(others, size=min(len(others), int(random.integers(1, 4))), replace=False)
        mean = embeddings[chosen].mean(0)
        unit: Floats = mean / np.linalg.norm(mean)
        return unit

    return face


class _Data:
    """Renders as latents, captions and faces."""

    def __init__(self, home: Path, tokenizer: Any) -> None:
        vae, recogniser = load_vae(home), load_recogniser(home)
        self.portraits, self.bodies = (Renders.read(home / f"renders-{name}") for name in ("training", "figures"))
        self.codes = [
            cached(home / f"latents-{name}.npy", lambda renders=renders: encode_all(vae, renders))
            for name, renders in (("training", self.portraits), ("figures", self.bodies))
        ]
        embeddings = cached(home / "embeddings-training.npy", lambda: embed_all(recogniser, self.portraits))
        self.face = faces_of_others(self.portraits.people, embeddings)
        self.tokenizer = tokenizer

    def batch(self, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Latents, token numbers and faces (N x 1 x 512). One in ten has no words, one in ten no face."""
        kind = int(random.random() < 0.2)
        renders, codes = (self.portraits, self.bodies)[kind], self.codes[kind]
        rows = random.integers(0, len(codes), (BATCH, BODIES)[kind])
        words, faces = [], []
        for row in rows:
            chance = random.random()
            words.append("" if chance < 0.1 else varied_caption(renders.looks[row], random))
            without = int(row) if kind == 0 else -1
            face = self.face(int(renders.people[row]), without, random)
            faces.append(face if not 0.06 < chance < 0.16 else np.zeros_like(face))
        tokens = self.tokenizer(words, padding="max_length", truncation=True, return_tensors="pt").input_ids
        return torch.from_numpy(codes[rows]).float(), tokens, torch.from_numpy(np.stack(faces)).float()[:, None]


def main() -> None:
    given = arguments(__doc__ or "", 6000)
    device = given.device
    torch.manual_seed(7)
    random = np.random.default_rng(7)
    tokenizer = build_tokenizer(given.home / "tokenizer")
    data = _Data(given.home, tokenizer)
    scheduler = build_scheduler()
    signal = scheduler.alphas_cumprod.to(device)
    unet, encoder = build_unet(), build_text_encoder(tokenizer)
    add_face_adapter(unet)
    both = on(device, nn.ModuleDict({"unet": unet, "encoder": encoder}))
    mean = Average(both)
    optimiser = torch.optim.AdamW(both.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-3)

    def step_once(step: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 1e-3, warm=0.04)
        code, tokens, faces = (value.to(device) for value in data.batch(random))
        noise = torch.randn(code.shape).to(device)
        time = torch.randint(0, 1000, (len(code),)).to(device)
        # Now and then without the adapter at all, as when the pipeline is used without a face.
        set_adapter_scale(unet, 0.0 if random.random() < 0.12 else 1.0)
        with mixed(device):
            text = encoder(tokens)[0]
            noisy = scheduler.add_noise(code, noise, time)
            made = unet(noisy, time, text, added_cond_kwargs={"image_embeds": [faces]}).sample
        ratio = signal[time] / (1 - signal[time]).clamp(min=1e-6)
        weight = (ratio.clamp(max=5.0) + 1) / (ratio + 1)
        wanted = scheduler.get_velocity(code, noise, time)
        loss = ((made.float() - wanted).square().mean(dim=(1, 2, 3)) * weight).mean()
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        mean.update()
        return {"loss": float(loss.detach())}

    run("generator", given, {"both": both, "optimiser": optimiser, "mean": mean}, random, step_once)
    finish(given.home, mean, tokenizer, list(unet.attn_processors))


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

"""Which amounts of noise a training looks at, and how much each counts.

Noise models (epsilon, velocity): min-SNR weighting, Hang et al., "Efficient Diffusion Training via Min-SNR Weighting
Strategy", 2023. Flow models: the densities and weights of Esser et al., "Scaling Rectified Flow Transformers"
(Stable Diffusion 3), 2024, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from blocks.errors import InputError
from lora.training.config import TrainConfig
from lora.training.families import Family

__all__ = ["FlowNoise", "NoiseSteps", "Noised", "Noiser", "noiser"]

_LOGIT_MEAN, _LOGIT_SPREAD, _MODE_SCALE = 0.0, 1.0, 1.29  # those of the paper, as in the examples of diffusers


@dataclass(frozen=True, slots=True)
class Noised:
    """A batch under noise.

    Attributes:
        noisy: latents with noise, like the clean ones.
        times: what the denoiser is told of the noise, 0 to 1000, (batch,).
        target: what it should predict, like `noisy`.
        weight: how much each picture counts, (batch,).
    """

    noisy: Tensor
    times: Tensor
    target: Tensor
    weight: Tensor


class NoiseSteps:
    """For models that predict noise or velocity at one of so many steps."""

    def __init__(self, scheduler: Any, gamma: float | None) -> None:
        """
        Args:
            scheduler: as it came with the model.
            gamma: of min-SNR weighting; None and all steps count alike.

        Raises:
            InputError: the model predicts something else.
        """
        from diffusers import DDPMScheduler

        self._scheduler = DDPMScheduler.from_config(scheduler.config)
        self._gamma = gamma
        self.kind = str(self._scheduler.config.prediction_type)
        if self.kind not in ("epsilon", "v_prediction"):
            raise InputError(f"The model predicts {self.kind}, which is not trained here; choose another model.")

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Where in the noise each picture is looked at: steps, any as likely as another."""
        return torch.randint(0, self._scheduler.config.num_train_timesteps, (count,), generator=random)

    def put(self, clean: Tensor, noise: Tensor, drawn: Tensor) -> Noised:
        """The batch under noise."""
        times = drawn.to(clean.device)
        noisy = self._scheduler.add_noise(clean, noise, times)
        target = noise if self.kind == "epsilon" else self._scheduler.get_velocity(clean, noise, times)
        return Noised(noisy, times, target, self._weight(drawn).to(clean.device))

    def _weight(self, drawn: Tensor) -> Tensor:
        if self._gamma is None:
            return torch.ones(len(drawn))
        signal = self._scheduler.alphas_cumprod[drawn].double()
        ratio = signal / (1 - signal).clamp(min=1e-12)
        capped = ratio.clamp(max=self._gamma)
        # One is added for velocity, so that pure noise, where a picture's colours are decided, still counts.
        weight = capped / ratio.clamp(min=1e-12) if self.kind == "epsilon" else (capped + 1) / (ratio + 1)
        found: Tensor = weight.float()
        return found


class FlowNoise:
    """For models that predict the straight way from picture to noise."""

    def __init__(self, scheduler: Any, weighting: str) -> None:
        self._weighting = weighting
        self._times = scheduler.config.num_train_timesteps
        self._shift = 1.0 if scheduler.config.use_dynamic_shifting else float(scheduler.config.shift)

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Where in the noise each picture is looked at: shares of noise, 0 to 1."""
        if self._weighting == "logit_normal":
            share = torch.sigmoid(torch.randn(count, generator=random) * _LOGIT_SPREAD + _LOGIT_MEAN)
        else:
            share = torch.rand(count, generator=random)
            if self._weighting == "mode":
                bow = torch.cos(torch.pi * share / 2) ** 2
                share = 1 - share - _MODE_SCALE * (bow - 1 + share)
        share = share.clamp(1 / self._times, 1.0)
        return self._shift * share / (1 + (self._shift - 1) * share)

    def put(self, clean: Tensor, noise: Tensor, drawn: Tensor) -> Noised:
        """The batch under noise."""
        share = drawn.to(clean.device, clean.dtype).view(-1, *[1] * (clean.ndim - 1))
        noisy = (1 - share) * clean + share * noise
        return Noised(
            noisy, (drawn * self._times).to(clean.device), noise - clean, self._weight(drawn).to(clean.device)
        )

    def _weight(self, drawn: Tensor) -> Tensor:
        if self._weighting == "sigma_sqrt":
            return drawn.float() ** -2.0
        if self._weighting == "cosmap":
            return 2 / (torch.pi * (1 - 2 * drawn + 2 * drawn**2))
        return torch.ones(len(drawn))


Noiser = NoiseSteps | FlowNoise


def noiser(family: Family, scheduler: Any, config: TrainConfig) -> Noiser:
    """The one for a family and a setting.

    Raises:
        InputError: the weighting is one of the other kind of model.
    """
    chosen = config.weighting
    if family.objective == "noise":
        if chosen not in ("auto", "none", "min-snr"):
            raise InputError(f"The weighting {chosen} is for flow models; this one takes auto, none or min-snr.")
        return NoiseSteps(scheduler, None if chosen == "none" else config.snr_gamma)
    if chosen == "min-snr":
        raise InputError("The weighting min-snr is for Stable Diffusion; this model takes auto, none or a flow's.")
    return FlowNoise(scheduler, "logit_normal" if chosen == "auto" else chosen)

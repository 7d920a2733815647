"""What each family of models needs to be trained: its layers, its latents, its text, and one call of its denoiser.

The objectives are the models' own. Stable Diffusion predicts noise or velocity (Salimans and Ho, 2022) at one of a
thousand amounts of noise; the others predict the straight way from picture to noise (Liu et al., "Rectified flow",
2022). Layers and calls follow the training examples of diffusers 0.42, where it has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from blocks.errors import InputError
from blocks.models.profiles import Profile

__all__ = ["FAMILIES", "Family", "Latent", "Text", "collated", "family_of"]

Text = Mapping[str, Tensor]
"""What the text encoders make of one caption, without a batch's dimension."""


@dataclass(frozen=True, slots=True)
class Latent:
    """A picture in the model's own space, (channels, height, width).

    Attributes:
        spread: how unsure the autoencoder is of `mean`, as it is sampled from; None where the mean itself is taken.
    """

    mean: Tensor
    spread: Tensor | None = None

    def sample(self, noise: Tensor) -> Tensor:
        """One picture of those that the autoencoder means; `noise` is like `mean`."""
        return self.mean if self.spread is None else self.mean + self.spread * noise


@dataclass(frozen=True, slots=True)
class Family:
    """How a family is trained.

    Attributes:
        part: the denoiser's name in the pipeline.
        objective: what the denoiser predicts: noise or velocity at a step, or the flow's direction.
        attention, between: endings of layers' names, for the targets "attention" and, with them, "wide".
        read: captions to texts.
        encode: pixels (batch, 3, height, width) in -1..1 to a latent each.
        pack: latents (batch, channels, height, width) as the denoiser's output lies.
        predict: the denoiser's output for noisy latents, each one's time (0 to 1000), and their texts.
    """

    part: Literal["unet", "transformer"]
    objective: Literal["noise", "flow"]
    attention: tuple[str, ...]
    between: tuple[str, ...]
    read: Callable[[Any, Profile, Sequence[str]], list[Text]]
    encode: Callable[[Any, Tensor], list[Latent]]
    predict: Callable[[Any, Tensor, Tensor, Sequence[Text]], Tensor]
    pack: Callable[[Tensor], Tensor] = lambda latents: latents


def family_of(profile: Profile) -> Family:
    """How a model is trained.

    Raises:
        InputError: models of that family cannot be trained here.
    """
    if profile.family not in FAMILIES or not profile.lora:
        raise InputError(
            f"{profile.title} cannot be trained here; choose a model of one of these families: {', '.join(FAMILIES)}."
        )
    return FAMILIES[profile.family]


def collated(texts: Sequence[Text], name: str) -> Tensor:
    """One tensor of a batch's texts; shorter ones are filled up with zeros."""
    return torch.nn.utils.rnn.pad_sequence([text[name] for text in texts], batch_first=True)


# -- Stable Diffusion ---------------------------------------------------------------------------------------------


def _read_sd(pipe: Any, profile: Profile, captions: Sequence[str]) -> list[Text]:
    embeds = pipe.encode_prompt(list(captions), pipe.device, 1, False)[0]
    return [{"embeds": one} for one in embeds]


def _read_sdxl(pipe: Any, profile: Profile, captions: Sequence[str]) -> list[Text]:
    embeds, _, pooled, _ = pipe.encode_prompt(
        list(captions), device=pipe.device, num_images_per_prompt=1, do_classifier_free_guidance=False
    )
    return [{"embeds": one, "pooled": whole} for one, whole in zip(embeds, pooled, strict=True)]


def _encode_scaled(pipe: Any, pixels: Tensor) -> list[Latent]:
    """The autoencoder's own distribution, scaled as the model was trained."""
    config = pipe.vae.config
    spread = pipe.vae.encode(pixels).latent_dist
    scale, shift = config.scaling_factor, getattr(config, "shift_factor", None) or 0.0
    means, spreads = (spread.mean - shift) * scale, spread.std * scale
    return [Latent(mean, deviation) for mean, deviation in zip(means, spreads, strict=True)]


def _predict_sd(pipe: Any, noisy: Tensor, times: Tensor, texts: Sequence[Text]) -> Tensor:
    found: Tensor = pipe.unet(noisy, times, collated(texts, "embeds"), return_dict=False)[0]
    return found


def _predict_sdxl(pipe: Any, noisy: Tensor, times: Tensor, texts: Sequence[Text]) -> Tensor:
    """Told, as in its own training, how large the picture is and that nothing was cut off."""
    height, width = (side * pipe.vae_scale_factor for side in noisy.shape[-2:])
    size = torch.tensor([[height, width, 0, 0, height, width]] * len(noisy), device=noisy.device, dtype=noisy.dtype)
    told = {"text_embeds": collated(texts, "pooled"), "time_ids": size}
    found: Tensor = pipe.unet(noisy, times, collated(texts, "embeds"), added_cond_kwargs=told, return_dict=False)[0]
    return found


# -- flow models --------------------------------------------------------------------------------------------------


def _two_by_two(latents: Tensor) -> Tensor:
    """Patches of two by two as one token each, (batch, height / 2 * width / 2, channels * 4)."""
    batch, channels, height, width = latents.shape
    patches = latents.view(batch, channels, height // 2, 2, width // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return patches.reshape(batch, (height // 2) * (width // 2), channels * 4)


def _in_rows(latents: Tensor) -> Tensor:
    """One token a pixel, (batch, height * width, channels)."""
    return latents.flatten(2).transpose(1, 2)


def _read_flux1(pipe: Any, profile: Profile, captions: Sequence[str]) -> list[Text]:
    embeds, pooled, _ = pipe.encode_prompt(
        prompt=list(captions), prompt_2=list(captions), device=pipe.device, max_sequence_length=profile.tokens
    )
    return [{"embeds": one, "pooled": whole} for one, whole in zip(embeds, pooled, strict=True)]


def _predict_flux1(pipe: Any, noisy: Tensor, times: Tensor, texts: Sequence[Text]) -> Tensor:
    """With guidance 1 where the model is told one: it learns the picture, not an exaggeration of it."""
    batch, _, height, width = noisy.shape
    embeds = collated(texts, "embeds")
    places = pipe._prepare_latent_image_ids(batch, height // 2, width // 2, noisy.device, noisy.dtype)
    guided = pipe.transformer.config.guidance_embeds
    found: Tensor = pipe.transformer(
        hidden_states=_two_by_two(noisy),
        timestep=times / 1000,
        guidance=torch.ones(batch, device=noisy.device, dtype=noisy.dtype) if guided else None,
        pooled_projections=collated(texts, "pooled"),
        encoder_hidden_states=embeds,
        txt_ids=torch.zeros(embeds.shape[1], 3, device=noisy.device, dtype=noisy.dtype),
        img_ids=places,
        return_dict=False,
    )[0]
    return found


def _read_klein(pipe: Any, profile: Profile, captions: Sequence[str]) -> list[Text]:
    embeds, places = pipe.encode_prompt(prompt=list(captions), device=pipe.device, max_sequence_length=profile.tokens)
    return [{"embeds": one, "places": where} for one, where in zip(embeds, places, strict=True)]


def _encode_klein(pipe: Any, pixels: Tensor) -> list[Latent]:
    """Patches of the mean, brought to unit variance by the autoencoder's own statistics."""
    return [Latent(mean) for mean in pipe._encode_vae_image(pixels, generator=None)]


def _predict_klein(pipe: Any, noisy: Tensor, times: Tensor, texts: Sequence[Text]) -> Tensor:
    found: Tensor = pipe.transformer(
        hidden_states=_in_rows(noisy),
        timestep=times / 1000,
        guidance=None,
        encoder_hidden_states=collated(texts, "embeds"),
        txt_ids=collated(texts, "places"),
        img_ids=pipe._prepare_latent_ids(noisy).to(noisy.device),
        return_dict=False,
    )[0]
    return found


def _read_qwen(pipe: Any, profile: Profile, captions: Sequence[str]) -> list[Text]:
    """Each by itself: what is filled up in a batch is masked out again."""
    return [{"embeds": pipe.encode_prompt(prompt=[caption], device=pipe.device)[0][0]} for caption in captions]


def _encode_qwen(pipe: Any, pixels: Tensor) -> list[Latent]:
    config = pipe.vae.config
    mean, deviation = (
        torch.tensor(values, device=pixels.device, dtype=pixels.dtype).view(-1, 1, 1)
        for values in (config.latents_mean, config.latents_std)
    )
    modes = pipe.vae.encode(pixels[:, :, None]).latent_dist.mode()[:, :, 0]
    return [Latent(one) for one in (modes - mean) / deviation]


def _predict_qwen(pipe: Any, noisy: Tensor, times: Tensor, texts: Sequence[Text]) -> Tensor:
    batch, _, height, width = noisy.shape
    lengths = [len(text["embeds"]) for text in texts]
    embeds = collated(texts, "embeds")
    read = (
        torch.arange(embeds.shape[1], device=noisy.device)[None] < torch.tensor(lengths, device=noisy.device)[:, None]
    )
    found: Tensor = pipe.transformer(
        hidden_states=_two_by_two(noisy),
        timestep=times / 1000,
        guidance=None,
        encoder_hidden_states=embeds,
        encoder_hidden_states_mask=None if len(set(lengths)) == 1 else read.long(),
        img_shapes=[[(1, height // 2, width // 2)]] * batch,
        return_dict=False,
    )[0]
    return found


def _read_z_image(pipe: Any, profile: Profile, captions: Sequence[str]) -> list[Text]:
    embeds, _ = pipe.encode_prompt(
        prompt=list(captions),
        device=pipe.device,
        do_classifier_free_guidance=False,
        max_sequence_length=profile.tokens,
    )
    return [{"embeds": one} for one in embeds]


def _encode_mean(pipe: Any, pixels: Tensor) -> list[Latent]:
    return [Latent(one.mean) for one in _encode_scaled(pipe, pixels)]


def _predict_z_image(pipe: Any, noisy: Tensor, times: Tensor, texts: Sequence[Text]) -> Tensor:
    """Its time runs from noise to picture, and so does what it predicts."""
    made = pipe.transformer(
        list(noisy[:, :, None].unbind(0)), (1000 - times) / 1000, [text["embeds"] for text in texts], return_dict=False
    )[0]
    return -torch.stack(list(made))[:, :, 0]


_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
_BESIDE = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out")  # attention of the text in two-stream blocks
_UNET_BETWEEN = ("ff.net.0.proj", "ff.net.2")

_SD = Family("unet", "noise", _ATTENTION, _UNET_BETWEEN, _read_sd, _encode_scaled, _predict_sd)
_FLUX1 = Family(
    "transformer",
    "flow",
    (*_ATTENTION, *_BESIDE),
    ("ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2"),
    _read_flux1,
    _encode_scaled,
    _predict_flux1,
    _two_by_two,
)
_KLEIN = Family(
    "transformer",
    "flow",
    (*_ATTENTION, *_BESIDE, "to_qkv_mlp_proj"),
    ("attn.to_out", "ff.linear_in", "ff.linear_out", "ff_context.linear_in", "ff_context.linear_out"),
    _read_klein,
    _encode_klein,
    _predict_klein,
    _in_rows,
)
_QWEN = Family(
    "transformer",
    "flow",
    (*_ATTENTION, *_BESIDE),
    ("img_mlp.net.0.proj", "img_mlp.net.2", "txt_mlp.net.0.proj", "txt_mlp.net.2"),
    _read_qwen,
    _encode_qwen,
    _predict_qwen,
    _two_by_two,
)
_Z_IMAGE = Family(
    "transformer",
    "flow",
    _ATTENTION,
    ("feed_forward.w1", "feed_forward.w2", "feed_forward.w3"),
    _read_z_image,
    _encode_mean,
    _predict_z_image,
)

FAMILIES: Mapping[str, Family] = {
    # Its autoencoder learned without noise, so that only the mean of what it encodes means something.
    "pocket": replace(_SD, encode=_encode_mean),
    "sd15": _SD,
    "sdxl": Family("unet", "noise", _ATTENTION, _UNET_BETWEEN, _read_sdxl, _encode_scaled, _predict_sdxl),
    "flux1": _FLUX1,
    "flux1-schnell": _FLUX1,
    "flux2-klein": _KLEIN,
    "qwen-edit-plus": _QWEN,
    "z-image": _Z_IMAGE,
}
"""By name of the profile's family."""

"""Drawing inside a mask with an autoencoder of any width.

The inpainting pipeline of Stable Diffusion knows latents of four channels (nine, for models made for it) and refuses
others. For those the picture is started from as usual, and after every step what lies outside the mask is put back,
noised as far as the step is (RePaint without resampling, Lugmayr et al. 2022); after the last step it is the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

    from blocks.models.loading import Loaded

__all__ = ["Outside", "takes_masks"]

_WIDTHS = (4, 9)


def takes_masks(loaded: Loaded) -> bool:
    """Whether the family's own inpainting pipeline takes this model."""
    unet = loaded.pipe.components.get("unet")
    return unet is None or unet.config.in_channels in _WIDTHS


@dataclass(slots=True)
class Outside:
    """Puts back what lies outside a mask.

    Attributes:
        picture: RGB, as large as what is drawn.
        mask: grey, as large; white is drawn anew.
        seed: of the noise.
    """

    picture: Image
    mask: Image
    seed: int
    _known: tuple[Any, Any, Any] | None = None

    def put_back(self, pipe: Any, timestep: Any, latents: Any) -> Any:
        """The latents after a step, (1, channels, height, width), with the picture's own outside the mask."""
        if self._known is None:
            self._known = self._encoded(pipe, latents)
        clean, noise, anew = self._known
        times = pipe.scheduler.timesteps
        at = int((times == timestep).nonzero()[-1])
        kept = clean if at + 1 >= len(times) else pipe.scheduler.add_noise(clean, noise, times[at + 1].reshape(1))
        return anew * latents + (1 - anew) * kept

    def _encoded(self, pipe: Any, latents: Any) -> tuple[Any, Any, Any]:
        """The picture's latents, the noise for them, and how much of each place is drawn anew, 0 to 1."""
        import numpy as np
        import torch

        like = {"device": latents.device, "dtype": latents.dtype}
        vae = pipe.vae
        pixels = pipe.image_processor.preprocess(self.picture).to(device=latents.device, dtype=vae.dtype)
        with torch.no_grad():
            clean = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
        noise = torch.randn(latents.shape, generator=torch.Generator("cpu").manual_seed(self.seed))
        grey = torch.from_numpy(np.asarray(self.mask, np.float32) / 255)[None, None]
        anew = torch.nn.functional.interpolate(grey, size=latents.shape[-2:], mode="area")
        return clean.to(**like), noise.to(**like), anew.to(**like)

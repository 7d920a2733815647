"""Tiny random checkpoints of the real classes, one folder a family: all wiring, no skill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.blocks.models._words import TEMPLATE, byte_tokenizer, clip_tokenizer, t5_tokenizer


def clip_text(width: int, *, projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    tokenizer = clip_tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=16,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def autoencoder(latents: int = 4, *, stages: int = 2, shift: float | None = None, **options: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8,) * stages,
        down_block_types=("DownEncoderBlock2D",) * stages,
        up_block_types=("UpDecoderBlock2D",) * stages,
        layers_per_block=1,
        latent_channels=latents,
        norm_num_groups=4,
        shift_factor=shift,
        **options,
    )


def unet(cross: int, channels: tuple[int, int] = (8, 16), **options: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=channels,
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
        cross_attention_dim=cross,
        **options,
    )


def stable_diffusion(folder: Path, cross: int, channels: tuple[int, int] = (8, 16)) -> None:
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

    StableDiffusionPipeline(
        vae=autoencoder(),
        text_encoder=clip_text(cross),
        tokenizer=clip_tokenizer(),
        unet=unet(cross, channels),
        scheduler=DPMSolverMultistepScheduler(beta_schedule="scaled_linear", steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def sdxl(folder: Path) -> None:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    StableDiffusionXLPipeline(
        vae=autoencoder(),
        text_encoder=clip_text(16),
        text_encoder_2=clip_text(16, projected=True),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=unet(
            32,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 16,
            transformer_layers_per_block=1,
            use_linear_projection=True,
        ),
        scheduler=EulerDiscreteScheduler(beta_schedule="scaled_linear", steps_offset=1),
    ).save_pretrained(folder)


def flux1(folder: Path, kind: str = "FluxPipeline", *, guided: bool = True, stages: int = 2) -> None:
    import diffusers
    from transformers import T5Config, T5EncoderModel

    tokenizer = t5_tokenizer()
    text = T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    getattr(diffusers, kind)(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(4, stages=stages, shift=0.06, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder=clip_text(32),
        tokenizer=clip_tokenizer(),
        text_encoder_2=T5EncoderModel(text),
        tokenizer_2=tokenizer,
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8),
            guidance_embeds=guided,
        ),
    ).save_pretrained(folder)


def redux(folder: Path) -> None:
    from diffusers import FluxPriorReduxPipeline
    from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=16, patch_size=8
    )
    FluxPriorReduxPipeline(
        image_encoder=SiglipVisionModel(vision),
        feature_extractor=SiglipImageProcessor(size={"height": 16, "width": 16}),
        image_embedder=ReduxImageEncoder(redux_dim=16, txt_in_features=32),
    ).save_pretrained(folder)


def flux2_parts(layers: int) -> dict[str, Any]:
    """What FLUX.2 and klein have in common; `layers` of text are read side by side."""
    from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel

    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(),
        "vae": AutoencoderKLFlux2(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
        ),
        "transformer": Flux2Transformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16 * layers,
            timestep_guidance_channels=32,
            axes_dims_rope=(4, 4, 4, 4),
        ),
    }


def flux2(folder: Path) -> None:
    from diffusers import Flux2Pipeline
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    from blocks.models.processors import words_only

    tokenizer = byte_tokenizer()
    config = Mistral3Config(
        text_config={
            "model_type": "mistral",
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 31,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "sliding_window": None,
        },
        vision_config={
            "model_type": "pixtral",
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "image_size": 28,
            "patch_size": 14,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("[IMG]"),
    )
    Flux2Pipeline(
        text_encoder=Mistral3ForConditionalGeneration(config),
        tokenizer=words_only()(tokenizer, chat_template=TEMPLATE),
        **flux2_parts(3),
    ).save_pretrained(folder)
    _publish(folder, "tokenizer", "PixtralProcessor")


def _publish(folder: Path, part: str, kind: str) -> None:
    """Name the class of a part as the published folders do."""
    index = json.loads((folder / "model_index.json").read_text())
    index[part] = ["transformers", kind]
    (folder / "model_index.json").write_text(json.dumps(index))


def qwen3(layers: int) -> Any:
    from transformers import Qwen3Config

    return Qwen3Config(
        vocab_size=len(byte_tokenizer()),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=8,
    )


def klein(folder: Path) -> None:
    from diffusers import Flux2KleinPipeline
    from transformers import Qwen3ForCausalLM

    Flux2KleinPipeline(
        text_encoder=Qwen3ForCausalLM(qwen3(28)), tokenizer=byte_tokenizer(), is_distilled=True, **flux2_parts(3)
    ).save_pretrained(folder)


def qwen_edit(folder: Path) -> None:
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPlusPipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

    from blocks.models.processors import pictures_only

    tokenizer = byte_tokenizer()
    names = ("vision_start", "vision_end", "image_pad", "video_pad")
    marks = {f"{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in names}
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
        },
        vision_config={
            "depth": 1,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "fullatt_block_indexes": [0],
        },
        vision_start_token_id=marks["vision_start_token_id"],
        vision_end_token_id=marks["vision_end_token_id"],
        image_token_id=marks["image_pad_token_id"],
        video_token_id=marks["video_pad_token_id"],
    )
    images = Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=56 * 56)
    QwenImageEditPlusPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLQwenImage(
            base_dim=8,
            z_dim=4,
            dim_mult=[1, 2],
            num_res_blocks=1,
            temperal_downsample=[False],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        processor=pictures_only()(images, tokenizer),
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
    ).save_pretrained(folder)
    _publish(folder, "processor", "Qwen2VLProcessor")


def z_image(folder: Path, *, omni: bool = False) -> None:
    import diffusers
    from transformers import Qwen3Model, Siglip2ImageProcessor, Siglip2VisionConfig, Siglip2VisionModel

    transformer = diffusers.ZImageTransformer2DModel(
        in_channels=16,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        siglip_feat_dim=16 if omni else None,
        axes_dims=[8, 4, 4],
        axes_lens=[2048, 64, 64],
    )
    with torch.no_grad():  # made without a value; a trained model has one
        for name, tensor in transformer.named_parameters():
            if name.endswith("pad_token"):
                tensor.zero_()
    vision = Siglip2VisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_patches=16, patch_size=8
    )
    seeing = {
        "siglip": Siglip2VisionModel(vision),
        "siglip_processor": Siglip2ImageProcessor(patch_size=8, max_num_patches=16),
    }
    getattr(diffusers, "ZImageOmniPipeline" if omni else "ZImagePipeline")(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(16, shift=0.1),
        text_encoder=Qwen3Model(qwen3(2)),
        tokenizer=byte_tokenizer(),
        transformer=transformer,
        **(seeing if omni else {}),
    ).save_pretrained(folder)


BUILDERS: dict[str, Callable[[Path], None]] = {
    "pocket": lambda folder: stable_diffusion(folder, 32),
    "sd15": lambda folder: stable_diffusion(folder, 768),
    "sdxl": sdxl,
    "flux1": flux1,
    "flux1-schnell": lambda folder: flux1(folder, guided=False),
    "flux1-kontext": lambda folder: flux1(folder, "FluxKontextPipeline"),
    "flux2": flux2,
    "flux2-klein": klein,
    "qwen-edit-plus": qwen_edit,
    "z-image": z_image,
    "z-image-omni": lambda folder: z_image(folder, omni=True),
}


def build(family: str, folder: Path) -> Path:
    """A tiny random model of a family, the same every time."""
    torch.manual_seed(0)
    BUILDERS[family](folder)
    return folder

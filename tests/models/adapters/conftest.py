"""Tiny random pipelines of the classes of diffusers, made offline in seconds."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH = 16  # of every text encoder


@pytest.fixture(autouse=True)
def _quiet():
    """Whatever third parties warn of is no error of ours; their progress is no output of ours."""
    diffusers.utils.logging.set_verbosity_error()
    with warnings.catch_warnings():
        for package in ("diffusers", "transformers", "torch", "huggingface_hub"):
            warnings.filterwarnings("ignore", module=rf"{package}(\..*)?")
        yield


def clip_words() -> Any:
    words = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{c}</w>" for c in LETTERS)]
    vocab = {word: i for i, word in enumerate(words)}
    return transformers.CLIPTokenizer(vocab=vocab, merges=[], model_max_length=8)


def t5_words() -> Any:
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(c, -3.0) for c in LETTERS]
    return transformers.T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=16)


def gemma_words() -> Any:
    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *LETTERS]
    vocab = {word: i for i, word in enumerate(words)}
    return transformers.GemmaTokenizer(vocab=vocab, merges=[])


def clip(kind: str = "CLIPTextModel") -> Any:
    config = transformers.CLIPTextConfig(
        vocab_size=54, hidden_size=WIDTH, intermediate_size=WIDTH, num_hidden_layers=2,
        num_attention_heads=2, projection_dim=WIDTH, max_position_embeddings=8,
        bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    return getattr(transformers, kind)(config).eval()


def t5() -> Any:
    config = transformers.T5Config(
        vocab_size=30, d_model=WIDTH, d_kv=8, d_ff=WIDTH, num_layers=1, num_heads=2
    )
    return transformers.T5EncoderModel(config).eval()


def vae(**settings: Any) -> Any:
    """Pictures (3, 2 h, 2 w) to codes (4, h, w)."""
    options = {
        "block_out_channels": (8, 8), "layers_per_block": 1, "latent_channels": 4,
        "norm_num_groups": 4, "sample_size": 16,
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    }  # fmt: skip
    return diffusers.AutoencoderKL(**options | settings).eval()


def unet(**settings: Any) -> Any:
    options = {
        "sample_size": 8, "in_channels": 4, "out_channels": 4, "block_out_channels": (8, 16),
        "layers_per_block": 1, "norm_num_groups": 4, "cross_attention_dim": WIDTH,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 2,
    }  # fmt: skip
    return diffusers.UNet2DConditionModel(**options | settings).eval()


SD_SCHEDULE = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "steps_offset": 1, "timestep_spacing": "leading",
}  # fmt: skip


def ddim() -> Any:
    return diffusers.DDIMScheduler(**SD_SCHEDULE, clip_sample=False, set_alpha_to_one=False)


def stable_diffusion() -> Any:
    return diffusers.StableDiffusionPipeline(
        vae=vae(), text_encoder=clip(), tokenizer=clip_words(), unet=unet(), scheduler=ddim(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def stable_diffusion_xl() -> Any:
    times = {"addition_embed_type": "text_time", "addition_time_embed_dim": 4}
    net = unet(
        **times, projection_class_embeddings_input_dim=6 * 4 + WIDTH, cross_attention_dim=2 * WIDTH
    )
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(scaling_factor=0.13025), text_encoder=clip(), tokenizer=clip_words(),
        text_encoder_2=clip("CLIPTextModelWithProjection"), tokenizer_2=clip_words(), unet=net,
        scheduler=diffusers.EulerDiscreteScheduler(**SD_SCHEDULE), add_watermarker=False,
    )  # fmt: skip


def stable_diffusion_3() -> Any:
    net = diffusers.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=4, out_channels=4, num_layers=1,
        attention_head_dim=8, num_attention_heads=2, caption_projection_dim=16,
        joint_attention_dim=2 * WIDTH, pooled_projection_dim=2 * WIDTH, pos_embed_max_size=16,
    ).eval()  # fmt: skip
    both = {f"text_encoder{i}": clip("CLIPTextModelWithProjection") for i in ("", "_2")}
    words = {f"tokenizer{i}": clip_words() for i in ("", "_2")}
    return diffusers.StableDiffusion3Pipeline(
        vae=shifted(), transformer=net, **both, **words, text_encoder_3=None, tokenizer_3=None,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )  # fmt: skip


def shifted() -> Any:
    convolutions = {"use_quant_conv": False, "use_post_quant_conv": False}
    return vae(**convolutions, shift_factor=0.0609, scaling_factor=1.5305)


def flux() -> Any:
    net = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=WIDTH, pooled_projection_dim=WIDTH,
        axes_dims_rope=[4, 4, 8], guidance_embeds=True,
    ).eval()  # fmt: skip
    return diffusers.FluxPipeline(
        vae=shifted(), transformer=net, text_encoder=clip(), tokenizer=clip_words(),
        text_encoder_2=t5(), tokenizer_2=t5_words(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
    )  # fmt: skip


def chroma() -> Any:
    net = diffusers.ChromaTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=WIDTH, axes_dims_rope=[4, 4, 8],
        approximator_num_channels=8, approximator_hidden_dim=16, approximator_layers=1,
    ).eval()  # fmt: skip
    return diffusers.ChromaPipeline(
        vae=shifted(), transformer=net, text_encoder=t5(), tokenizer=t5_words(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip


def pixart() -> Any:
    net = diffusers.PixArtTransformer2DModel(
        sample_size=8, num_layers=1, patch_size=2, attention_head_dim=8, num_attention_heads=2,
        caption_channels=WIDTH, in_channels=4, out_channels=8, cross_attention_dim=16,
        norm_type="ada_norm_single", use_additional_conditions=False,
    ).eval()  # fmt: skip
    return diffusers.PixArtSigmaPipeline(
        vae=vae(), transformer=net, text_encoder=t5(), tokenizer=t5_words(), scheduler=ddim()
    )


def sana() -> Any:
    net = diffusers.SanaTransformer2DModel(
        patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2,
        attention_head_dim=4, num_cross_attention_heads=2, cross_attention_head_dim=4,
        cross_attention_dim=8, caption_channels=8, sample_size=32,
    ).eval()  # fmt: skip
    blocks = ("ResBlock", "EfficientViTBlock")
    codec = diffusers.AutoencoderDC(
        in_channels=3, latent_channels=4, attention_head_dim=2, encoder_block_types=blocks,
        decoder_block_types=blocks, encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8), encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)), encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1), downsample_block_type="conv",
        upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu",
        scaling_factor=0.41407,
    ).eval()  # fmt: skip
    text = transformers.Gemma2Config(
        head_dim=16, hidden_size=8, intermediate_size=16, num_attention_heads=2,
        num_hidden_layers=1, num_key_value_heads=2, vocab_size=32, attn_implementation="eager",
    )  # fmt: skip
    return diffusers.SanaPipeline(
        tokenizer=gemma_words(), text_encoder=transformers.Gemma2Model(text).eval(), vae=codec,
        transformer=net, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )  # fmt: skip


MAKERS: dict[str, Callable[[], Any]] = {
    "SD": stable_diffusion,
    "SDXL": stable_diffusion_xl,
    "SD3": stable_diffusion_3,
    "Flux": flux,
    "Chroma": chroma,
    "PixArt": pixart,
    "Sana": sana,
}
T5_FAMILIES = ("Flux", "Chroma", "PixArt", "Sana")


def call_options(name: str) -> dict[str, Any]:
    """What a test adds to every call of a pipeline of this family, to be quick."""
    options: dict[str, Any] = {"max_sequence_length": 8} if name in T5_FAMILIES else {}
    return options | ({"complex_human_instruction": None} if name == "Sana" else {})


@pytest.fixture(scope="session")
def pipes():
    """Each family's tiny pipeline, made once."""
    made: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in made:
            with torch.random.fork_rng(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.manual_seed(0)
                made[name] = MAKERS[name]()
                made[name].set_progress_bar_config(disable=True)
        return made[name]

    return get


@pytest.fixture(scope="session")
def pictures():
    """Smooth random pictures (n, 3, 16, 16) in [0, 1]."""
    small = np.random.default_rng(0).random((40, 3, 4, 4), dtype=np.float32)
    rows = torch.nn.functional.interpolate(torch.from_numpy(small), 16, mode="bicubic")
    return rows.clamp(0, 1).numpy()

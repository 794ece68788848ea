"""Runs a Flux pipeline of Optimum with a transformer that bwc has compiled. requirements.txt says what it needs.

    python pipeline.py make FOLDER    writes a diffusers pipeline with random weights, to export
    python pipeline.py run FOLDER     compares an exported pipeline with itself, its transformer compiled

`run` takes `--io-binding` to bind tensors, as Optimum does on CUDA.
"""

import json
import string
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from optimum.onnxruntime import ORTFluxPipeline
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, T5Config, T5EncoderModel, T5TokenizerFast

from cached_session import CachedSession

STEPS, SIZE, TOKENS, SEED = 20, 32, 16, 0


def tiny(folder: Path) -> FluxPipeline:
    """A pipeline with all its parts, each of them small; `folder` gets the files that a tokenizer is made from."""
    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=2, num_single_layers=4, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )  # fmt: skip
    vae = AutoencoderKL(block_out_channels=(32,), latent_channels=4, shift_factor=0.0, scaling_factor=1.0)
    letters = string.ascii_lowercase
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    clip = CLIPTextConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=TOKENS, bos_token_id=len(words) - 2, eos_token_id=len(words) - 1,
    )  # fmt: skip
    pieces = ["<pad>", "</s>", "<unk>", "▁", *letters]
    unigram = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=2))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    t5 = T5Config(vocab_size=len(pieces), d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2)
    return FluxPipeline(
        FlowMatchEulerDiscreteScheduler(),
        vae.eval(),
        CLIPTextModel(clip).eval(),
        CLIPTokenizer(folder / "vocab.json", folder / "merges.txt", model_max_length=TOKENS),
        T5EncoderModel(t5).eval(),
        T5TokenizerFast(tokenizer_object=unigram, model_max_length=TOKENS, extra_ids=0),
        transformer.eval(),
    )


def generate(pipeline: ORTFluxPipeline) -> np.ndarray:
    """With a negative prompt the pipeline calls its transformer twice a step."""
    made = pipeline(
        "a lighthouse at night", negative_prompt="rain", true_cfg_scale=2.0, height=SIZE, width=SIZE,
        num_inference_steps=STEPS, max_sequence_length=TOKENS, output_type="np",
        generator=torch.Generator().manual_seed(SEED),
    )  # fmt: skip
    return made.images


def run(folder: Path, io_binding: bool) -> None:
    plain = ORTFluxPipeline.from_pretrained(folder)
    session = CachedSession(folder / "transformer" / "cached.onnx", providers=["CPUExecutionProvider"])
    pipeline = ORTFluxPipeline.from_pretrained(folder, transformer_session=session)
    pipeline.transformer.cache_context = session.cache_context
    for each in (plain, pipeline):
        each.use_io_binding = io_binding
        each.set_progress_bar_config(disable=True)

    own = generate(plain)
    session.set(threshold=-1)
    computed, all_computed = generate(pipeline), session.decisions
    session.set()
    session.reset()
    cached, decisions = generate(pipeline), dict(session.decisions)
    # Without a reset, the state of the first generation is still there when the second begins.
    again, both = generate(pipeline), session.decisions
    session.reset()
    del pipeline.transformer.cache_context
    shared = generate(pipeline)
    steps = "".join(decisions.values())
    found = {
        "equal": np.array_equal(computed, own),
        "all_computed": all_computed,
        "repeats": np.array_equal(again, cached) and both == {name: made + made for name, made in decisions.items()},
        "shared": np.array_equal(shared, own),
        "difference": float(np.abs(cached - own).max()),
        "decisions": decisions,
        "reused": f"{steps.count('.')} of {len(steps)}",
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "make":
        tiny(where).save_pretrained(where)
    else:
        run(where, "--io-binding" in sys.argv)

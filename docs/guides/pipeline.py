"""Runs a diffusers pipeline with a transformer that bwc has compiled. Needs diffusers, torch, onnx, onnxscript and onnxruntime.

    python pipeline.py export FOLDER      writes FOLDER/transformer.onnx
    bwc compile FOLDER/transformer.onnx -o FOLDER/cached.onnx --steps 20
    bwc client FOLDER/cached.onnx --lang python -o FOLDER/cached_client.py
    python pipeline.py run FOLDER         compares the pipeline with itself, its transformer compiled

`tiny` makes a pipeline with random weights; put `DiTPipeline.from_pretrained(...)` in its place. Other pipelines differ in
what their transformer is fed: see the call in the pipeline's own loop.
"""

import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DiTPipeline, DiTTransformer2DModel

STEPS, GUIDANCE, LABEL, SEED = 20, 4.0, 7, 0
NO_LABEL = 1000


def tiny() -> DiTPipeline:
    torch.manual_seed(0)
    transformer = DiTTransformer2DModel(
        num_attention_heads=3, attention_head_dim=16, in_channels=4, out_channels=8, num_layers=6, sample_size=8,
        patch_size=2, num_embeds_ada_norm=1000, norm_type="ada_norm_zero", activation_fn="gelu-approximate",
        attention_bias=True,
    )  # fmt: skip
    vae = AutoencoderKL(block_out_channels=(32,), latent_channels=4)
    pipeline = DiTPipeline(transformer.eval(), vae.eval(), DDIMScheduler(clip_sample=False))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


class Transformer(torch.nn.Module):
    """The transformer as the pipeline calls it, with tensors in and out."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, hidden_states, timestep, class_labels):
        return self.model(hidden_states, timestep=timestep, class_labels=class_labels, return_dict=False)[0]


def export(pipeline: DiTPipeline, path: Path) -> None:
    config = pipeline.transformer.config
    args = (torch.randn(2, config.in_channels, config.sample_size, config.sample_size), torch.tensor([9, 9]), torch.tensor([1, 2]))
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        Transformer(pipeline.transformer).eval(), args, path, dynamo=True, opset_version=18, external_data=False,
        input_names=["hidden_states", "timestep", "class_labels"], output_names=["sample"],
        dynamic_shapes=({0: batch}, {0: batch}, {0: batch}), verbose=False,
    )  # fmt: skip


@torch.no_grad()
def generate(pipeline: DiTPipeline, client, model, knobs) -> tuple[torch.Tensor, str]:
    """What the pipeline's own loop does, with one stream of the compiled transformer for each prediction."""
    config, scheduler = pipeline.transformer.config, pipeline.scheduler
    size = (1, config.in_channels, config.sample_size, config.sample_size)
    latent = torch.randn(size, generator=torch.Generator().manual_seed(SEED))
    cond, uncond = model.stream(), model.stream()
    for stream in (cond, uncond):
        stream.set(knobs)
    scheduler.set_timesteps(STEPS)
    decisions = ""
    for t in scheduler.timesteps:
        fed = {"hidden_states": scheduler.scale_model_input(latent, t).numpy(), "timestep": t.reshape(1).numpy()}
        one = cond.step({**fed, "class_labels": torch.tensor([LABEL]).numpy()})
        other = uncond.step({**fed, "class_labels": torch.tensor([NO_LABEL]).numpy()})
        decisions += "C" if one.signals.computed else "."
        # Half of the channels are a variance, which this scheduler does not take.
        c, u = (torch.from_numpy(step.outputs["sample"])[:, : config.in_channels] for step in (one, other))
        latent = scheduler.step(u + GUIDANCE * (c - u), t, latent).prev_sample
    decoded = pipeline.vae.decode(latent / pipeline.vae.config.scaling_factor).sample
    return (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1), decisions


def run(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    import cached_client as client

    pipeline = tiny()
    own = pipeline([LABEL], guidance_scale=GUIDANCE, generator=torch.Generator().manual_seed(SEED),
                   num_inference_steps=STEPS, output_type="np").images  # fmt: skip
    model = client.Model(str(folder / "cached.onnx"))
    computed, all_computed = generate(pipeline, client, model, client.Knobs(force=1))
    cached, decisions = generate(pipeline, client, model, client.Knobs())
    difference = lambda image: float((image - torch.from_numpy(own)).abs().max())
    print(json.dumps({"computed": difference(computed), "forced": all_computed, "cached": difference(cached), "decisions": decisions}))


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "export":
        export(tiny(), where / "transformer.onnx")
    else:
        run(where)

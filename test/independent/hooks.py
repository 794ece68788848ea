"""Runs fixtures in PyTorch under the caching of diffusers or cache-dit, and compiled in ONNX Runtime beside them.

Standard input holds a list of tasks: `family` names a module of fixtures/export, `library` a function of LIBRARIES and
`options` its arguments, `model` and `manifest` what bwc compiled, `profile` how to denoise. Both get the latents that the
PyTorch model leads to. Standard output gets for each task the decisions of both and the difference of their predictions, step by
step; where a task says `each`, a step has a letter for each block. Needs torch, diffusers, cache-dit and onnxruntime.
"""

import functools
import importlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import CacheMixin
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures" / "export"))

import client
from common import build
from loop import constant, timesteps_and_update


def blocks_of(model: nn.Module) -> list[nn.Module]:
    lists = ("blocks", "transformer_blocks", "single_transformer_blocks")
    return [block for name in lists for block in getattr(model, name, [])]


def matching(model: nn.Module, patterns: list[str]) -> list[nn.Module]:
    return [module for name, module in model.named_modules() if any(re.fullmatch(p, name) for p in patterns)]


class Clock:
    """The step that a model is in, and its timestep."""

    def __init__(self, model: nn.Module):
        self.step = -1
        self.fed = torch.zeros(1)
        model.register_forward_pre_hook(self.tick, with_kwargs=True)

    def tick(self, _module: nn.Module, _args: tuple, kwargs: dict) -> None:
        self.step += 1
        self.fed = kwargs["timestep"]

    def timestep(self) -> float:
        return float(self.fed.flatten()[0])


class Watch:
    """Sees which modules run; made before a library replaces their forward."""

    def __init__(self, modules: list[nn.Module]):
        self.ran = [False] * len(modules)
        for index, module in enumerate(modules):
            module.forward = self.seen(index, module.forward)

    def seen(self, index: int, forward: Callable) -> Callable:
        @functools.wraps(forward)
        def seeing(*args, **kwargs):
            self.ran[index] = True
            return forward(*args, **kwargs)

        return seeing

    def computed(self) -> list[bool]:
        """Which of them ran since the last call."""
        ran, self.ran = self.ran, [False] * len(self.ran)
        return ran


def first_block_cache(model: nn.Module, steps: int, **options) -> Watch:
    from diffusers.hooks import FirstBlockCacheConfig, apply_first_block_cache

    watch = Watch(blocks_of(model)[-1:])
    apply_first_block_cache(model, FirstBlockCacheConfig(**options))
    return watch


def mag_cache(model: nn.Module, steps: int, **options) -> Watch:
    from diffusers.hooks import MagCacheConfig, apply_mag_cache

    watch = Watch(blocks_of(model)[-1:])
    apply_mag_cache(model, MagCacheConfig(num_inference_steps=steps, **options))
    return watch


def taylorseer(model: nn.Module, steps: int, modules: list[str], **options) -> Watch:
    from diffusers.hooks import TaylorSeerCacheConfig, apply_taylorseer_cache

    watch = Watch(matching(model, modules))
    apply_taylorseer_cache(
        model, TaylorSeerCacheConfig(cache_identifiers=modules, taylor_factors_dtype=torch.float32, **options)
    )
    return watch


def pyramid_attention_broadcast(model: nn.Module, steps: int, modules: list[str], **options) -> Watch:
    from diffusers.hooks import PyramidAttentionBroadcastConfig, apply_pyramid_attention_broadcast

    watch = Watch(matching(model, modules))
    config = PyramidAttentionBroadcastConfig(current_timestep_callback=Clock(model).timestep, **options)
    apply_pyramid_attention_broadcast(model, config)
    return watch


def faster_cache(model: nn.Module, steps: int, modules: list[str], weights: list[float], **options) -> Watch:
    from diffusers.hooks import FasterCacheConfig, apply_faster_cache

    watch, clock = Watch(matching(model, modules)), Clock(model)
    config = FasterCacheConfig(
        is_guidance_distilled=True,
        attention_weight_callback=lambda _module: weights[clock.step],
        current_timestep_callback=clock.timestep,
        **options,
    )
    apply_faster_cache(model, config)
    return watch


def dbcache(model: nn.Module, steps: int, order: int = 0, **options) -> Watch:
    import cache_dit

    watch = Watch([blocks_of(model)[options["Fn_compute_blocks"]]])
    cache_dit.enable_cache(
        model,
        cache_config=cache_dit.DBCacheConfig(num_inference_steps=steps, enable_separate_cfg=False, **options),
        calibrator_config=cache_dit.TaylorSeerCalibratorConfig(taylorseer_order=order) if order > 0 else None,
    )
    return watch


def dbprune(model: nn.Module, steps: int, order: int = 0, **options) -> Watch:
    import cache_dit

    blocks = blocks_of(model)
    watch = Watch(blocks[options["Fn_compute_blocks"] : len(blocks) - options["Bn_compute_blocks"]])
    cache_dit.enable_cache(
        model,
        cache_config=cache_dit.DBPruneConfig(num_inference_steps=steps, enable_separate_cfg=False, **options),
        calibrator_config=cache_dit.TaylorSeerCalibratorConfig(taylorseer_order=order) if order > 0 else None,
    )
    return watch


def sea_cache(model: nn.Module, steps: int, grid: list[int], **options) -> Watch:
    from diffusers.hooks import SeaCacheConfig, apply_sea_cache

    watch = Watch(blocks_of(model)[-1:])
    config = SeaCacheConfig(raw_vision_callback=functools.partial(attention_input, grid), **options)
    apply_sea_cache(model, config)
    return watch


class Found(Exception):
    """Carries what was looked for out of a run that goes no further."""


def attention_input(grid: list[int], model: nn.Module, args: tuple, kwargs: dict) -> list[torch.Tensor]:
    """What the first block's attention reads, on the grid of its tokens: for each sample [channel, *grid]."""

    def found(_module: nn.Module, given: tuple, named: dict) -> None:
        raise Found(named.get("hidden_states", given[0] if given else None))

    hook = blocks_of(model)[0].attn1.register_forward_pre_hook(found, with_kwargs=True)
    try:
        type(model).forward(model, *args, **kwargs)
    except Found as caught:
        return [tokens.T.reshape(-1, *grid) for tokens in caught.args[0]]
    finally:
        hook.remove()
    raise AssertionError("the first block has not run")


LIBRARIES = {
    f.__name__: f
    for f in (
        first_block_cache, mag_cache, taylorseer, pyramid_attention_broadcast, faster_cache, dbcache, dbprune, sea_cache,
    )
}  # fmt: skip


def letters(computed: list[bool], each: bool) -> str:
    return "".join("C" if flag else "." for flag in (computed if each else [all(computed)]))


def in_torch(task: dict, profile: dict) -> tuple[list[str], list[client.Tensors], list[np.ndarray]]:
    """Denoises with the library: its decisions, and each step's feeds and prediction."""
    wrapper = build(importlib.import_module(task["family"]).FAMILY)
    steps = profile["sampler"]["steps"]
    watch = LIBRARIES[task["library"]](wrapper.model, steps, **task["options"])
    inputs = profile["inputs"]
    name = {spec["role"]: name for name, spec in inputs.items() if spec["role"] in ("latent", "timestep")}
    fixed = {key: constant(spec) for key, spec in inputs.items() if key not in name.values()}
    times, update = timesteps_and_update(profile["sampler"])
    x = np.random.default_rng(profile["seeds"][0]).standard_normal(inputs[name["latent"]]["shape"])
    decisions, feeds, predictions = [], [], []
    for i, t in enumerate(times):
        latent, timestep = inputs[name["latent"]], inputs[name["timestep"]]
        fed = fixed | {
            name["latent"]: x.astype(latent["type"]),
            name["timestep"]: np.full(timestep["shape"], t, timestep["type"]),
        }
        # Of a flow, the timestep is the share of noise.
        where = {"step_index": i, "num_inference_steps": steps, "sigma": t / times[0]}
        with torch.no_grad(), CacheMixin.cache_context(wrapper.model, "generation", **where):
            prediction = wrapper(**{key: torch.from_numpy(value) for key, value in fed.items()}).numpy()
        decisions.append(letters(watch.computed(), task["each"]))
        feeds.append(fed)
        predictions.append(prediction)
        x = update(i, x, prediction[:, : profile["prediction"].get("channels")].astype(np.float64))
    return decisions, feeds, predictions


def compared(task: dict) -> dict:
    profile = json.loads(Path(task["profile"]).read_text())
    theirs, feeds, predictions = in_torch(task, profile)
    manifest = json.loads(Path(task["manifest"]).read_text())
    results = list(client.run(client.session(task["model"]), manifest, feeds))
    output = profile["prediction"]["output"]
    return {
        "theirs": theirs,
        "ours": [letters(list(step[client.COMPUTED]), task["each"]) for step in results],
        "differences": [client.difference([got], [{output: want}]) for got, want in zip(results, predictions)],
    }


torch.set_num_threads(1)
# What libraries print must not mix with the answer.
answer, sys.stdout = sys.stdout, sys.stderr
json.dump([compared(task) for task in json.load(sys.stdin)], answer)

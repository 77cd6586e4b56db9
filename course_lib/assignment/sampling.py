"""Samples of a model that can be drawn again."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras

from course_lib.assignment.submission import SAMPLERS, Sample, SubmissionError

MOST_WORK = 12  # samplers and lengths that are compiled: each takes seconds


def draw_samples(
    causal_lm: Any,
    prompts: Sequence[str],
    sampler: str,
    config: dict[str, Any] | None = None,
    seed: int = 0,
    max_length: int = 60,
) -> list[dict[str, Any]]:
    """Let a model continue prompts, so that anyone with the model gets the same texts.

    Each text is drawn by itself, from a seed of its own: `seed`, `seed + 1`, and so on.

    Args:
        causal_lm: a `MiniGPTCausalLM`, or a causal LM of KerasHub with a preprocessor.
        prompts: how the texts begin.
        sampler: the name of a class of `course_lib.samplers`.
        config: its arguments, without the seed.
        seed: int, of the first text.
        max_length: int, the most tokens of prompt and continuation together.

    Returns:
        A list of dicts: the lines of a submission's `samples.jsonl`.

    Raises:
        ValueError: if there is no such sampler, or it does not take the config.

    Example:
    ```python
    lines = draw_samples(gpt, ["this movie is"], "TopKSampler", {"k": 3}, max_length=6)
    ```
    """
    if sampler not in SAMPLERS:
        raise ValueError(f"`sampler` must be one of {SAMPLERS}. Received: {sampler!r}")
    asked = [
        Sample(prompt, "", sampler, dict(config or {}), seed + i, max_length)
        for i, prompt in enumerate(prompts)
    ]
    texts = draw_again(causal_lm, asked)
    return [
        {**asdict(sample), "text": text}
        for sample, text in zip(asked, texts, strict=True)
    ]


def draw_again(causal_lm: Any, samples: Sequence[Sample]) -> list[str]:
    """The texts that a model writes for samples, whatever text they claim.

    A sampler is compiled once for each length; between texts only its seed is reset.

    Args:
        causal_lm: see `draw_samples`.
        samples: list of `Sample`.

    Returns:
        A list of str, in the order of the samples.

    Raises:
        SubmissionError: if a sampler does not take its config, or a prompt cannot be
            continued, or too much is asked for.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for i, sample in enumerate(samples):
        groups.setdefault(sample.setting, []).append(i)
    work = {(*sample.setting, sample.max_length) for sample in samples}
    if len(work) > MOST_WORK:
        raise SubmissionError(
            f"samples.jsonl uses {len(work)} different samplers and lengths, and "
            f"{MOST_WORK} are allowed."
        )
    texts = [""] * len(samples)
    for places in groups.values():
        sampler = make_sampler(samples[places[0]])
        causal_lm.compile(sampler=sampler)
        for i in sorted(places, key=lambda i: samples[i].max_length):
            _reseed(sampler, samples[i].seed)
            texts[i] = _generate(causal_lm, samples[i])
    return texts


def make_sampler(sample: Sample) -> Any:
    """The sampler that a sample names; seeded, if it draws at all."""
    from course_lib import samplers

    cls = getattr(samplers, sample.sampler)
    try:
        if issubclass(cls, samplers.RandomSampler):
            return cls(**sample.config, seed=sample.seed)
        return cls(**sample.config)
    except (TypeError, ValueError) as error:
        raise SubmissionError(
            f"{sample.sampler} does not take {sample.config}: {error}"
        ) from None


def _reseed(sampler: Any, seed: int) -> None:
    """Put a sampler into the state of a new one with this seed."""
    generator = getattr(sampler, "seed_generator", None)
    if generator is not None:
        generator.state.assign(keras.random.SeedGenerator(seed).state)


def _generate(causal_lm: Any, sample: Sample) -> str:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of words that are [UNK]
            return str(causal_lm.generate(sample.prompt, sample.max_length))
    except ValueError as error:
        raise SubmissionError(
            f"{sample.prompt!r:.100} cannot be continued: {error}"
        ) from None

"""From a corpus to a trained GPT."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from course_lib import text
from course_lib.callbacks import ResumableTraining, TextGenerator
from course_lib.commands import recipes
from course_lib.commands.epoch_callbacks import BestWeights, EpochTimer
from course_lib.commands.training_folder import TrainingFolder
from course_lib.datasets import TokenBatches, encode_documents
from course_lib.datasets.from_text import TextCorpus
from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
    MiniGPTWordPieceTokenizer,
)
from course_lib.ngrams import NGramModel
from course_lib.optimizers import AdamW

EPOCHS = 20
VALIDATION_TOKENS = 65_536  # an epoch, at most: they only tell which epoch was best
STEPS_BETWEEN_CHECKPOINTS = 100
PROMPT_TOKENS = 3

Tokenizer = MiniGPTTokenizer | MiniGPTWordPieceTokenizer


class Plan(NamedTuple):
    """A training, ready to begin.

    Args:
        size: a key of `recipes.SIZES`.
        recipe: what goes into the card: sizes, steps, batch size, rate.
        dtype: the policy to train with.
        seed: int.
        preprocessor: with the tokenizer, which was made from the training text.
        token_ids: the training text, as `encode_documents` returns it.
        validation_ids: the beginning of the validation text.
        prompts: how held-out documents begin.
    """

    size: str
    recipe: dict[str, Any]
    dtype: str
    seed: int
    preprocessor: MiniGPTCausalLMPreprocessor
    token_ids: NDArray[np.integer]
    validation_ids: NDArray[np.integer]
    prompts: list[str]


def prepare(
    corpus: TextCorpus, settings: dict[str, str], steps: int | None, seed: int
) -> Plan:
    """Tokenise the corpus, and settle what the table of sizes leaves open.

    Words (not sub-words) that the training text holds only once are `[UNK]`: so the
    model learns how often a word comes that it does not know.

    Args:
        corpus: a `TextCorpus`.
        settings: dict of `tokenizer`, `size`, `profile` and `dtype`.
        steps: int, or `None` for the default.
        seed: int.

    Returns:
        A `Plan`; the same one for the same arguments.
    """
    size = settings["size"]
    vocabulary_size = recipes.SIZES[size].vocabulary_size
    learn = _learn_subwords if settings["tokenizer"] == "subwords" else _learn_words
    tokenizer = learn(corpus.train, vocabulary_size)
    token_ids = _encode(corpus.train, tokenizer)

    steps = steps or recipes.choose_steps(size, len(token_ids), settings["profile"])
    steps_per_epoch = max(1, steps // EPOCHS)
    rows = len(token_ids) // recipes.SEQUENCE_LENGTH
    return Plan(
        size=size,
        recipe={
            "tokenizer": settings["tokenizer"],
            "vocabulary_size": tokenizer.vocabulary_size(),
            "backbone": recipes.backbone_config(size),
            "steps": steps // steps_per_epoch * steps_per_epoch,
            "steps_per_epoch": steps_per_epoch,
            "batch_size": min(recipes.BATCH_SIZE, max(1, rows)),
            "learning_rate": recipes.LEARNING_RATE,
        },
        dtype=settings["dtype"],
        seed=seed,
        preprocessor=MiniGPTCausalLMPreprocessor(
            tokenizer, sequence_length=recipes.SEQUENCE_LENGTH
        ),
        token_ids=token_ids,
        validation_ids=_encode(corpus.validation, tokenizer)[:VALIDATION_TOKENS],
        prompts=_beginnings(corpus.test, tokenizer),
    )


def describe(plan: Plan) -> str:
    """A line on what is about to be trained."""
    recipe = plan.recipe
    tokens = recipe["steps"] * recipe["batch_size"] * recipes.SEQUENCE_LENGTH
    return (
        f"Training a {plan.size} GPT: a vocabulary of {recipe['vocabulary_size']:,}, "
        f"{recipe['steps']:,} steps, {tokens / len(plan.token_ids):.1f} passes "
        f"through {len(plan.token_ids):,} tokens, in {plan.dtype}"
    )


def fit(plan: Plan, folder: TrainingFolder, verbose: int) -> MiniGPTCausalLM:
    """Train, or go on training.

    Args:
        plan: what `prepare` returns.
        folder: where the training keeps what it needs to go on.
        verbose: as of Keras' `fit`: 1 shows a progress bar, 2 a line an epoch.

    Returns:
        The model with the weights of its best epoch.
    """
    keras.utils.set_random_seed(plan.seed)
    gpt = build(plan)
    recipe = plan.recipe
    sizes = recipe["batch_size"], recipes.SEQUENCE_LENGTH
    steps_per_epoch = recipe["steps_per_epoch"]
    epochs = recipe["steps"] // steps_per_epoch
    batches = TokenBatches(
        plan.token_ids, *sizes, steps_per_epoch=steps_per_epoch, seed=plan.seed
    )
    best = BestWeights(folder.training / "best")
    gpt.fit(
        batches,
        epochs=epochs,
        shuffle=False,
        validation_data=TokenBatches(
            plan.validation_ids, *sizes, shuffle=False, drop_remainder=False
        ),
        verbose=verbose,
        callbacks=[
            EpochTimer(),
            best,
            TextGenerator(plan.prompts[:1], every=max(1, epochs // 4)),
            keras.callbacks.CSVLogger(folder.log, append=True),
            ResumableTraining(
                folder.checkpoints, batches, every=STEPS_BETWEEN_CHECKPOINTS
            ),
        ],
    )
    best.restore()
    return gpt


def build(plan: Plan) -> MiniGPTCausalLM:
    """The untrained model; its output bias knows how frequent each word is."""
    recipe = plan.recipe
    vocabulary_size = recipe["vocabulary_size"]
    backbone = MiniGPTBackbone(vocabulary_size, dtype=plan.dtype, **recipe["backbone"])
    unigram = NGramModel(1, vocabulary_size).fit(plan.token_ids[None, :])
    frequencies = unigram.next_token_probabilities([])
    backbone.token_embedding.bias.assign(np.log(np.maximum(frequencies, 1e-8)))
    gpt = MiniGPTCausalLM(backbone, plan.preprocessor)
    warmup_steps = max(1, recipe["steps"] // 18)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(1, recipe["steps"] - warmup_steps),
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup_steps,
        alpha=0.02,
    )
    gpt.compile(
        optimizer=AdamW(rate, {"token_embedding": 3.0}, weight_decay=0.01, clipnorm=1.0)
    )
    return gpt


def _learn_words(texts: Sequence[str], vocabulary_size: int) -> MiniGPTTokenizer:
    vocabulary = text.compute_word_vocabulary(texts, vocabulary_size)
    counts = np.bincount(_encode(texts, MiniGPTTokenizer(vocabulary)))
    num_special = len(text.SPECIAL_TOKENS)
    twice = max(1, int((counts[num_special:] > 1).sum()))  # they are sorted by count
    return MiniGPTTokenizer(vocabulary[: num_special + twice])


def _learn_subwords(
    texts: Sequence[str], vocabulary_size: int
) -> MiniGPTWordPieceTokenizer:
    return MiniGPTWordPieceTokenizer(
        text.compute_word_piece_vocabulary(texts, vocabulary_size)
    )


def _encode(texts: Sequence[str], tokenizer: Tokenizer) -> NDArray[np.integer]:
    return encode_documents(texts, tokenizer.tokenize, tokenizer.end_token_id)


def _beginnings(texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    """How the first few texts begin whose first tokens are all known."""
    beginnings: list[str] = []
    for document in texts[:200]:
        ids = tokenizer.tokenize(document[:200]).numpy()[:PROMPT_TOKENS].tolist()
        if ids and tokenizer.unk_token_id not in ids:
            beginnings.append(str(tokenizer.detokenize(ids)))
    return list(dict.fromkeys(beginnings))[:5] or [tokenizer.id_to_token(3)]

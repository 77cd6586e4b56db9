"""GPT-2's byte-level sub-words: learned from texts, and applied at full speed."""

import json
from collections.abc import Iterable

import keras_hub
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

END = "<|endoftext|>"


def learn_tokenizer(
    texts: Iterable[str], vocabulary_size: int
) -> keras_hub.models.GPT2Tokenizer:
    """Learns which bytes to join, from the most frequent pair on.

    As GPT-2's, the vocabulary begins with the 256 bytes, `!` first, so that any text
    can be written, and ends with `<|endoftext|>`. (KerasHub pads with id 0. Were that
    the end token, texts would end where their padding begins.) Digits are not joined.

    Args:
        texts: iterable of str.
        vocabulary_size: int, the most entries.

    Returns:
        A `GPT2Tokenizer`.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())  # GPT-2's own order
    if vocabulary_size <= len(alphabet) + 1:
        raise ValueError(
            f"`vocabulary_size` must be above {len(alphabet) + 1}, the bytes and the "
            f"end. Received: vocabulary_size={vocabulary_size}"
        )
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size - 1, initial_alphabet=alphabet, show_progress=False
    )
    learner.train_from_iterator(texts, trainer)
    pairs = json.loads(learner.to_str())["model"]["merges"]
    tokens = dict.fromkeys([*alphabet, *("".join(pair) for pair in pairs), END])
    return keras_hub.models.GPT2Tokenizer(
        vocabulary={token: i for i, token in enumerate(tokens)},
        merges=[" ".join(pair) for pair in pairs],
    )


class GPT2Encoder:
    """Does what a `GPT2Tokenizer` does in a `tf.data` pipeline, many times as fast.

    Called by itself, KerasHub's tokenizer splits texts by Llama 3's rule before it
    joins bytes; in a pipeline it splits them by GPT-2's. This one is GPT-2's, too.

    Args:
        tokenizer: a `GPT2Tokenizer`.
    """

    def __init__(self, tokenizer: keras_hub.models.GPT2Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.end_token_id = tokenizer.end_token_id
        merges = [tuple(merge.split(" ")) for merge in tokenizer.merges]
        self._bpe = Tokenizer(models.BPE(dict(tokenizer.vocabulary), merges))
        self._bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)

    def get_vocabulary(self) -> list[str]:
        """The tokens in the order of their ids."""
        return list(self.tokenizer.vocabulary)

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        """The token ids of each text."""
        return [encoding.ids for encoding in self._bpe.encode_batch(texts)]

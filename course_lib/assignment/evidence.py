"""What the items are judged by: each thing is measured once, when first asked for."""

import dataclasses
import random
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from course_lib.assignment import artefact, corpora, membership
from course_lib.assignment.submission import Sample, Submission

OWN_SAMPLES = 5
OWN_LENGTH = 60  # tokens
OWN_CONFIG = {"k": 10}
PROMPT_WORDS = 3
PIECES = 50  # of held-out text, to see how much alike the texts of the corpus are
_LETTERS = re.compile(r"[^\W\d_]+")


class Evidence:
    """A submission, its corpus, its model, and what was measured on them.

    Args:
        submission: a `Submission`.
        rerun: what the run of its notebook found, or `None`; see `rerun.py`.
        corpora: folder of texts that may not be passed on.
        online: whether a text may be downloaded.

    Raises:
        SubmissionError: by whatever needs something that the submission lacks.
    """

    def __init__(
        self,
        submission: Submission,
        rerun: dict[str, Any] | None = None,
        corpora: Path | None = None,
        online: bool = False,
    ) -> None:
        self.submission = submission
        self.rerun = rerun
        self._corpora = corpora
        self._online = online

    @cached_property
    def corpus(self) -> Any:
        """Its `TextCorpus`."""
        return corpora.read_corpus(self.submission, self._corpora, self._online)

    @cached_property
    def model(self) -> Any:
        """Its causal LM."""
        return artefact.load_model(self.submission)

    @cached_property
    def measured(self) -> dict[str, float]:
        """What `measure` says."""
        from course_lib.assignment.measures import measure

        return measure(self.model, self.corpus)

    @cached_property
    def perplexity_by_document(self) -> float:
        """What `evaluate(corpus.test)` gives."""
        from course_lib.assignment.measures import perplexity_by_document

        return perplexity_by_document(self.model, self.corpus.test)

    @cached_property
    def words(self) -> dict[str, set[str]]:
        """The different words of each split, in lower case, cut at all marks."""
        return {
            name: {
                word
                for text in getattr(self.corpus, name)
                for word in _LETTERS.findall(text.casefold())
            }
            for name in ("train", "validation", "test")
        }

    @cached_property
    def gap(self) -> tuple[float, float]:
        """What `membership.gap` says."""
        return membership.gap(self.model, self.corpus)

    @cached_property
    def redrawn(self) -> list[str]:
        """The texts of `samples.jsonl`, drawn again."""
        from course_lib.assignment.sampling import draw_again

        return draw_again(self.model, self.submission.samples)

    @cached_property
    def own_samples(self) -> list[Sample]:
        """Samples that nobody chose: how held-out documents begin, and go on."""
        from course_lib.assignment.sampling import draw_again

        beginnings = [text.split()[:PROMPT_WORDS] for text in self.corpus.test]
        prompts = list(dict.fromkeys(" ".join(words) for words in beginnings if words))
        length = min(OWN_LENGTH, self.model.backbone.max_sequence_length)
        asked = [
            Sample(prompt, "", "TopKSampler", OWN_CONFIG, 1000 + i, length)
            for i, prompt in enumerate(prompts[:OWN_SAMPLES])
        ]
        texts = draw_again(self.model, asked)
        return [
            dataclasses.replace(sample, text=text)
            for sample, text in zip(asked, texts, strict=True)
        ]

    @cached_property
    def usual_copy(self) -> tuple[int, int]:
        """The longest run of words that held-out text shares with the training text.

        Nobody copied it: so much the texts of this corpus are alike.

        Returns:
            The run, and of how many words the pieces were that were looked at.
        """
        length = max(len(words_of(s.continuation)) for s in self.own_samples)
        length = max(length, 20)
        texts = [words_of(text) for text in self.corpus.test]
        pieces = [t[i : i + length] for t in texts for i in range(0, len(t), length)]
        pieces = [piece for piece in pieces if len(piece) > length // 2] or texts
        random.Random(0).shuffle(pieces)
        return self.longest_copy(pieces[:PIECES]), length

    @cached_property
    def _training_words(self) -> list[list[str]]:
        return [words_of(text) for text in self.corpus.train]

    def longest_copy(self, texts: list[list[str]]) -> int:
        """The longest run of words that one of the texts has from the training text."""
        from course_lib.metrics import longest_copy

        joined: list[str] = []
        for i, words in enumerate(texts):
            joined += [*words, f"\0{i}"]  # no run crosses it: no text has that word
        return longest_copy(joined, self._training_words)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without marks."""
    from course_lib.datasets.text_documents import words_of

    return words_of(text.casefold())

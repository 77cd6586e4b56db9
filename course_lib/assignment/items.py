"""The items of the rubric: for each, a function of the evidence that gives a verdict.

A verdict is a share of the points, from 0 to 1, and a sentence that says why; `None`
where it cannot be told.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from course_lib.assignment.evidence import Evidence, words_of
from course_lib.assignment.membership import vocabulary_beyond
from course_lib.assignment.submission import NeedsCorpus, Sample, SubmissionError

LEAST_WORDS = {"data": 20, "training": 20, "evaluation": 20, "limits": 20}
COMPARISON_WORDS = 40
PROMPTS = 3
MOST_UNKNOWN = 1 / 3
TOLERANCE = 0.05  # of a claimed perplexity
ENOUGH_REDRAWN = 0.8
SHORT_COPY = 12  # words: common phrases are as long
_NO_LICENCE = {"", "none", "unknown", "not stated", "n/a", "-", "?"}


class Verdict(NamedTuple):
    """What an item is worth.

    Args:
        share: float from 0 to 1, or `None` if it cannot be told.
        why: a sentence or two.
    """

    share: float | None
    why: str


def judge(item: str, evidence: Evidence) -> Verdict:
    """Judge one item; never raises for what a submission lacks.

    Args:
        item: str, one of `rubric.AUTO`.
        evidence: an `Evidence`.

    Returns:
        A `Verdict`.
    """
    try:
        return _ITEMS[item](evidence)
    except NeedsCorpus as error:
        return Verdict(None, str(error))
    except SubmissionError as error:
        return Verdict(0.0, str(error))
    except MemoryError:
        return Verdict(0.0, "It takes more memory than there is for a submission.")
    except Exception as error:  # what nobody thought of must not stop the class
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return Verdict(0.0, f"This could not be judged. {reason}")


def data_card(evidence: Evidence) -> Verdict:
    """Is the card complete, with licence and source?"""
    card = evidence.submission.card
    corpus = card.front.get("corpus")
    corpus = corpus if isinstance(corpus, dict) else {"title": corpus}
    said = {
        "license": card.front.get("license"),
        "language": card.front.get("language"),
        "corpus title": corpus.get("title"),
        "corpus source": corpus.get("source"),
    }
    missing = [name for name, value in said.items() if not _is_said(value)]
    missing += [
        f"section {name.title()} ({card.words(name)} words of at least {least})"
        for name, least in LEAST_WORDS.items()
        if card.words(name) < least
    ]
    share = 1 - len(missing) / (len(said) + len(LEAST_WORDS))
    if not _is_said(said["license"]):
        share = min(share, 0.5)  # what may be done with a text matters most
    if not missing:
        return Verdict(1.0, "The card says all it should.")
    return Verdict(share, f"Missing in card.md: {', '.join(missing)}.")


def two_samplers(evidence: Evidence) -> Verdict:
    """Are two samplers compared, in samples and in words?"""
    prompts: dict[tuple[str, str], set[str]] = {}
    for sample in evidence.submission.samples:
        prompts.setdefault(sample.setting, set()).add(sample.prompt)
    groups = list(prompts.values())
    shared = max(
        (len(a & b) for i, a in enumerate(groups) for b in groups[:i]), default=0
    )
    words = evidence.submission.card.words("samplers compared")
    share, why = 0.0, []
    if shared >= PROMPTS:
        share += 0.5
        why.append(f"{len(groups)} samplers, {shared} prompts under two of them.")
    else:
        why.append(
            f"samples.jsonl has {shared} prompts under two different samplers; at "
            f"least {PROMPTS} are asked for."
        )
    if words >= COMPARISON_WORDS:
        share += 0.5
        why.append("The card compares them.")
    else:
        why.append(
            f"The section Samplers compared has {words} words; at least "
            f"{COMPARISON_WORDS} are asked for."
        )
    return Verdict(share, " ".join(why))


def split(evidence: Evidence) -> Verdict:
    """Was the held-out text left alone?"""
    model, words = evidence.model, evidence.words
    held_out = (words["validation"] | words["test"]) - words["train"]
    tokenizer = model.preprocessor.tokenizer
    leaked, elsewhere = vocabulary_beyond(tokenizer, words["train"], held_out)
    if len(leaked) >= 3 and len(leaked) > elsewhere:
        few = ", ".join(sorted(leaked)[:5])
        return Verdict(
            0.0,
            f"The vocabulary holds {len(leaked)} words that only held-out text has "
            f"({few} ...): it was not made from corpus.train alone.",
        )
    gap, error = evidence.gap
    if gap < -0.1 and gap < -4 * error:
        return Verdict(
            0.0,
            f"The model predicts held-out text better than its training text, by "
            f"{-gap:.2f} nats (standard error {error:.2f}): it was trained on what was "
            "held out.",
        )
    seen = (evidence.rerun or {}).get("held_out_seen", [])
    if seen:
        return Verdict(
            0.0,
            "On another corpus the notebook trains on what is held out there: "
            f"{', '.join(seen[:3])}.",
        )
    return Verdict(
        1.0,
        "No word of the vocabulary comes from held-out text alone, and held-out text "
        f"is not easier to the model than training text (gap {gap:+.2f} nats).",
    )


def trains(evidence: Evidence) -> Verdict:
    """Has the model learned more than counting teaches?"""
    found = evidence.measured
    nats = found["nats_per_token"]
    if found["unknown_share"] > MOST_UNKNOWN:
        return Verdict(
            0.0,
            f"{found['unknown_share']:.0%} of the held-out words are [UNK] to the "
            "model: it need not know them. Use a larger vocabulary, or sub-words.",
        )
    worth = {"untrained": 0.2, "unigram": 0.4, "bigram": 0.4}
    beaten = [name for name in worth if nats < found[name]]
    compared = ", ".join(f"{name} {found[name]:.2f}" for name in worth)
    why = f"Held-out text: {nats:.2f} nats a token; {compared}."
    if len(beaten) < len(worth):
        lost = " and ".join(name for name in worth if name not in beaten)
        why += f" The model does not beat {lost}."
    if not math.isfinite(nats):
        return Verdict(0.0, "The loss on held-out text is no number.")
    return Verdict(sum(worth[name] for name in beaten), why)


def honest_numbers(evidence: Evidence) -> Verdict:
    """Is the perplexity in the card the one that is measured?"""
    claimed = evidence.submission.card.front.get("perplexity")
    if isinstance(claimed, bool) or not isinstance(claimed, int | float):
        return Verdict(0.0, f"`perplexity` in card.md is no number: {claimed!r:.60}.")
    measured = evidence.measured["perplexity"]
    by_document = evidence.perplexity_by_document
    why = (
        f"Claimed: {claimed:.2f}. Measured: {measured:.2f} (by document "
        f"{by_document:.2f})."
    )
    if any(abs(claimed - m) <= TOLERANCE * m for m in (measured, by_document)):
        return Verdict(1.0, why)
    return Verdict(0.0, f"{why} They differ by more than {TOLERANCE:.0%}.")


def reproducible(evidence: Evidence) -> Verdict:
    """Do the samples come out again?"""
    samples, redrawn = evidence.submission.samples, evidence.redrawn
    pairs = list(zip(samples, redrawn, strict=True))
    wrong = [i for i, (sample, text) in enumerate(pairs, 1) if sample.text != text]
    share = 1 - len(wrong) / len(pairs)
    if share >= ENOUGH_REDRAWN:
        return Verdict(
            1.0, f"{len(pairs) - len(wrong)} of {len(pairs)} come out again."
        )
    return Verdict(
        share / ENOUGH_REDRAWN,
        f"Of {len(pairs)} samples, {len(wrong)} do not come out again from the stored "
        f"model, sampler and seed, first that of line {wrong[0]}.",
    )


def no_copies(evidence: Evidence) -> Verdict:
    """Does the model write, or recite?"""
    usual, length = evidence.usual_copy
    limit = max(SHORT_COPY, 2 * usual if usual < length // 2 else usual)
    share, why = 0.0, []
    for whose, samples in (
        ("the submitted samples", evidence.submission.samples),
        ("samples drawn for the marking", evidence.own_samples),
    ):
        longest = evidence.longest_copy([_continuation(s) for s in samples])
        why.append(f"In {whose} the longest copy has {longest} words.")
        share += 0.5 if longest <= limit else 0
    why.append(f"Up to {limit} are usual here: held-out text shares {usual}.")
    return Verdict(share, " ".join(why))


def runs(evidence: Evidence) -> Verdict:
    """Does the notebook run?"""
    if evidence.rerun is None:
        return Verdict(None, "The notebook was not run (see --rerun).")
    return Verdict(float(evidence.rerun["ran"]), evidence.rerun["why"])


_ITEMS: dict[str, Callable[[Evidence], Verdict]] = {
    function.__name__: function
    for function in (
        data_card,
        two_samplers,
        split,
        trains,
        honest_numbers,
        reproducible,
        no_copies,
        runs,
    )
}


def _is_said(value: Any) -> bool:
    text = str("" if value is None else value).strip()
    return text.lower() not in _NO_LICENCE and "TODO" not in text


def _continuation(sample: Sample) -> list[str]:
    return words_of(sample.continuation)

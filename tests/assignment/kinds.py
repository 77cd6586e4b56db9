"""Submissions of all kinds, and which items of the rubric each of them must lose.

`FAULTY` has one planted fault each: bugs of published tutorials, dishonesty, hostility.
`CORRECT` are right, and written differently from the solution.
"""

import json
import os
import shutil

from course_lib.assignment import measure
from course_lib.datasets import story_grammar_corpus
from tests.assignment import makers

NEEDS_MODEL = {"split", "trains", "honest_numbers", "reproducible", "no_copies"}
NEEDS_CORPUS = {"split", "trains", "honest_numbers", "no_copies"}
FAULTY, CORRECT = {}, {}


def faulty(*lost):
    """Registers what makes a submission that loses these items."""

    def register(make):
        FAULTY[make.__name__] = make, set(lost)
        return make

    return register


def correct(make):
    CORRECT[make.__name__] = make
    return make


def rewrite_card(folder, old, new):
    path = folder / "card.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rewrite_json(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def map_samples(folder, change):
    makers.write_samples(folder, list(map(change, makers.read_samples(folder))))


def all_anew(folder, workshop, gpt):
    """The solution with another model, and all that is said of it measured anew."""
    workshop.copy(folder)
    return makers.submit(folder, gpt, workshop.corpus)


# Bugs of published tutorials.


@faulty("trains")
def labels_not_shifted(folder, workshop):
    all_anew(folder, workshop, workshop.not_shifted)


@faulty("trains")
def never_trained(folder, workshop):
    new = makers.new_gpt(workshop.gpt.preprocessor.tokenizer)
    all_anew(folder, workshop, new)


@faulty("trains", "reproducible", "honest_numbers")
def vocabulary_in_another_order(folder, workshop):
    workshop.copy(folder)
    path = folder / "model" / "assets" / "tokenizer" / "vocabulary.txt"
    special, words = (lines := path.read_text().split("\n"))[:3], lines[3:-1]
    path.write_text("\n".join([*special, *reversed(words), ""]))


@faulty("reproducible")
def temperature_never_passed_on(folder, workshop):
    workshop.copy(folder)
    map_samples(
        folder, lambda line: {**line, "config": {**line["config"], "temperature": 0.5}}
    )


@faulty("reproducible")
def text_printed_twice(folder, workshop):
    workshop.copy(folder)
    map_samples(folder, lambda line: {**line, "text": f"{line['text']} {line['text']}"})


@faulty("honest_numbers")
def padding_counted_in_the_loss(folder, workshop):
    """Half of each row is padding, which is predicted with certainty."""
    workshop.copy(folder)
    perplexity = measure(workshop.gpt, workshop.corpus)["perplexity"]
    makers.write_card(folder, perplexity**0.5)


@faulty("split")
def trained_on_everything(folder, workshop):
    all_anew(folder, workshop, workshop.trained_on_all)


@faulty("split")
def trained_on_the_test(folder, workshop):
    all_anew(folder, workshop, workshop.trained_on_test)


# Dishonesty and carelessness.


@faulty("honest_numbers")
def hard_coded_metrics(folder, workshop):
    workshop.copy(folder)
    makers.write_card(folder, 1.05)


@faulty("reproducible", "no_copies")
def corpus_copied_as_samples(folder, workshop):
    workshop.copy(folder)
    words = " ".join(workshop.corpus.train).split()

    def copied(line):
        start = 100 * line["seed"]
        return {**line, "text": " ".join(words[start : start + 60])}

    map_samples(folder, copied)


@faulty("data_card")
def no_licence(folder, workshop):
    workshop.copy(folder)
    rewrite_card(folder, "license: Apache-2.0", "license: TODO")


@faulty("two_samplers")
def one_sampler(folder, workshop):
    workshop.copy(folder)
    lines = makers.read_samples(folder)
    makers.write_samples(folder, lines[: len(lines) // 2])


@faulty(*NEEDS_MODEL)
def model_deleted(folder, workshop):
    workshop.copy(folder)
    shutil.rmtree(folder / "model")


@faulty(*NEEDS_MODEL)
def weights_of_another_model(folder, workshop):
    workshop.copy(folder)

    def wider(config):
        config["config"]["hidden_dim"] = 128

    for name in ("config.json",):
        rewrite_json(folder / "model" / name, wider)
    rewrite_json(
        folder / "model" / "task.json", lambda c: wider(c["config"]["backbone"])
    )


# Hostility.


@faulty(*NEEDS_MODEL)
def a_pickle_for_weights(folder, workshop):
    import pickle

    workshop.copy(folder)

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {folder.parent / 'PWNED'} /scratch/PWNED",)

    (folder / "model" / "model.weights.h5").write_bytes(pickle.dumps(Evil()))


@faulty(*NEEDS_MODEL)
def a_lambda_layer(folder, workshop):
    workshop.copy(folder)
    bomb = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {
            "function": {"class_name": "__lambda__", "config": {"code": "4w=="}}
        },
        "registered_name": None,
    }
    rewrite_json(
        folder / "model" / "config.json", lambda c: c["config"].update(activation=bomb)
    )


@faulty(*NEEDS_MODEL)
def a_class_from_anywhere(folder, workshop):
    workshop.copy(folder)

    def other(config):
        config.update(module="os", class_name="system", registered_name="os>system")

    rewrite_json(folder / "model" / "tokenizer.json", other)


@faulty(*NEEDS_MODEL)
def a_model_of_twenty_gigabytes(folder, workshop):
    workshop.copy(folder)
    rewrite_json(
        folder / "model" / "config.json",
        lambda c: c["config"].update(vocabulary_size=80_000_000),
    )
    rewrite_json(
        folder / "model" / "task.json",
        lambda c: c["config"]["backbone"]["config"].update(vocabulary_size=80_000_000),
    )


@faulty(*NEEDS_CORPUS)
def links_into_another_folder(folder, workshop):
    workshop.copy(folder)
    path = folder / "corpus" / "stories.txt"
    path.unlink()
    path.symlink_to(workshop.solution / "corpus" / "stories.txt")


@faulty("runs")
def reading_another_folder(folder, workshop):
    workshop.copy(folder)
    path = str(workshop.solution / "samples.jsonl")
    makers.write_notebook(folder, f"open({path!r})")


def notebook(*cells, lost=("runs",)):
    """A submission whose notebook does this; all else is right."""

    def decorate(name):
        def make(folder, workshop):
            workshop.copy(folder)
            makers.write_notebook(folder, *cells)

        FAULTY[name] = make, set(lost)

    return decorate


notebook("while True: pass")("an_infinite_loop")
notebook("x = bytearray(20 * 10**9)")("twenty_gigabytes")
notebook("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")(
    "a_fork_bomb"
)
notebook(
    "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=5)"
)("a_network_call")
notebook("import shutil\nshutil.rmtree('/submission')")("deleting_its_files")
notebook("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)")(
    "killing_the_grader"
)

TRAINS_ON = """\
import os, pathlib, contextlib, io
import numpy as np
from course_lib import datasets, text
from course_lib.models import *
with contextlib.redirect_stdout(io.StringIO()):
    corpus = datasets.from_text(os.environ["COURSE_CHALLENGE_CORPUS"])
texts = {texts}
vocabulary = text.compute_word_vocabulary(corpus.train, 2000)
backbone = MiniGPTBackbone(len(vocabulary), num_layers=1, num_heads=1, hidden_dim=8,
    intermediate_dim=8, max_sequence_length=32)
gpt = MiniGPTCausalLM(
    backbone, MiniGPTCausalLMPreprocessor(MiniGPTTokenizer(vocabulary), 32))
gpt.compile()
{fit}
"""
notebook(
    TRAINS_ON.format(
        texts="corpus.train + corpus.test",
        fit="gpt.fit(texts, batch_size=64, verbose=0)",
    ),
    lost=("split",),
)("canaries_found")


# Right, and different.


@correct
def word_pieces(folder, workshop):
    """Sub-words; other samplers; the perplexity as `evaluate` gives it."""
    makers.write_corpus(folder / "corpus")
    tokenizer = makers.word_piece_tokenizer(workshop.corpus.train)
    gpt = makers.train(makers.new_gpt(tokenizer), workshop.corpus.train)
    samplers = [
        ("MinPSampler", {"min_p": 0.05, "temperature": 0.9}),
        ("GreedySampler", {}),
        ("RandomSampler", {"temperature": 0.7}),
    ]
    makers.submit(folder, gpt, workshop.corpus, samplers, route="subword")
    gpt.compile()
    perplexity = gpt.evaluate(workshop.corpus.test, verbose=0, return_dict=True)[
        "perplexity"
    ]
    makers.write_card(folder, float(perplexity), route="subword")


@correct
def gpt2_of_keras_hub(folder, workshop):
    makers.write_corpus(folder / "corpus")
    gpt = makers.train(makers.gpt2(workshop.corpus.train), workshop.corpus.train)
    prompts = ["Once upon a time", "In the", "The king", "There was"]
    makers.submit(folder, gpt, workshop.corpus, prompts=prompts, route="finetune")


@correct
def another_corpus_by_recipe(folder, workshop):
    """A column of a table, a document a row; one sampler at two temperatures."""
    (folder / "corpus").mkdir(parents=True)
    stories = story_grammar_corpus(num_documents=700, seed=8).train
    rows = [json.dumps({"number": i, "story": s}) for i, s in enumerate(stories)]
    (folder / "corpus" / "stories.jsonl").write_text("\n".join(rows))
    (folder / "corpus" / "recipe.toml").write_text(
        'path = "stories.jsonl"\ncolumn = "story"\n'
    )
    corpus = makers.read(folder / "corpus" / "stories.jsonl", column="story")
    gpt = makers.new_gpt(makers.word_tokenizer(corpus.train))
    makers.train(gpt, corpus.train)
    samplers = [
        ("TopKSampler", {"k": 5, "temperature": 0.7}),
        ("TopKSampler", {"k": 5, "temperature": 1.2}),
    ]
    makers.submit(folder, gpt, corpus, samplers)
    makers.write_notebook(
        folder,
        TRAINS_ON.format(
            texts="corpus.train", fit="gpt.fit(texts, batch_size=64, verbose=0)"
        ),
    )


@correct
def files_with_other_line_ends(folder, workshop):
    """As some editors save them; and files that nobody asked for."""
    workshop.copy(folder)
    for name in ("card.md", "samples.jsonl"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    (folder / "model" / "card.json").write_text("{}")
    (folder / "notes.pkl").write_bytes(b"\x80\x04.")

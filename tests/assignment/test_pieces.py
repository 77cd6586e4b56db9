"""The pieces of the marking: what is loaded, drawn, measured, and watched."""

import json
import math
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest

from course_lib import samplers
from course_lib.assignment import artefact, canaries, draw_samples, measure, measures
from course_lib.assignment.membership import vocabulary_beyond
from course_lib.assignment.sampling import draw_again
from course_lib.assignment.submission import Sample, Submission, SubmissionError
from course_lib.datasets import Corpus, TokenBatches
from course_lib.models import MiniGPTTokenizer, MiniGPTWordPieceTokenizer
from tests.tiny_gpt import END, VOCABULARY, tiny_gpt

TEXTS = ["a good film.", "not a very bad plot!", "a bad film, not good."] * 20
CORPUS = Corpus("texts", "ours", "CC0", "", train=TEXTS, validation=[], test=TEXTS[:7])


@pytest.fixture(scope="module")
def gpt():
    return tiny_gpt()


@pytest.fixture
def preset(gpt, tmp_path):
    gpt.save_to_preset(str(tmp_path / "model"))
    return tmp_path


def change_json(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


class TestArtefact:
    def test_a_preset_is_loaded_as_it_was(self, gpt, preset):
        loaded = artefact.load_model(Submission(preset))
        for old, new in zip(gpt.get_weights(), loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    @pytest.mark.parametrize("name", artefact.NEEDED)
    def test_a_missing_file_is_named(self, preset, name):
        (preset / "model" / name).unlink()
        with pytest.raises(SubmissionError, match=f"model/{name} is missing"):
            artefact.check_model(Submission(preset))

    def test_a_pickle_is_not_opened(self, preset):
        class Evil:
            def __reduce__(self):
                return os.mkdir, (str(preset / "PWNED"),)

        (preset / "model" / "model.weights.h5").write_bytes(pickle.dumps(Evil()))
        with pytest.raises(SubmissionError, match="no HDF5 file"):
            artefact.load_model(Submission(preset))
        assert not (preset / "PWNED").exists()

    @pytest.mark.parametrize(
        "named",
        [
            {"module": "keras.layers", "class_name": "Lambda", "config": {}},
            {"class_name": "__lambda__", "config": {"value": "4wE="}},
            {"module": "os", "class_name": "system", "registered_name": "os>system"},
            {"module": "builtins", "class_name": "function", "config": "exec"},
            {
                "module": "evil",
                "class_name": "MiniGPTTokenizer",
                "registered_name": "course_lib>MiniGPTTokenizer",
            },
            {
                "module": "course_lib.models",
                "class_name": "Evil",
                "registered_name": "course_lib>MiniGPTTokenizer",
            },
            {"module": "keras.utils", "class_name": "get_file"},
            {"module": "evil", "class_name": "DTypePolicy"},
        ],
    )
    @pytest.mark.parametrize("file", artefact.CONFIGS)
    def test_other_classes_are_refused_wherever_they_are(self, preset, named, file):
        change_json(
            preset / "model" / file, lambda c: c["config"].update(more=[{"x": named}])
        )
        with pytest.raises(SubmissionError, match="which the challenge does not allow"):
            artefact.check_model(Submission(preset))

    def test_another_kind_of_model_is_refused(self, preset):
        change_json(preset / "model" / "config.json", dict.clear)
        with pytest.raises(SubmissionError, match="must be that of one of"):
            artefact.check_model(Submission(preset))

    @pytest.mark.parametrize(
        ("text", "message"),
        [("{", "no JSON"), ("[" * 10**5, "no JSON"), ("7", "one of")],
    )
    def test_what_is_no_config(self, preset, text, message):
        (preset / "model" / "config.json").write_text(text)
        with pytest.raises(SubmissionError, match=message):
            artefact.check_model(Submission(preset))

    def test_a_config_elsewhere_is_refused(self, preset):
        change_json(
            preset / "model" / "tokenizer.json",
            lambda c: c["config"].update(config_file="../../x.json"),
        )
        with pytest.raises(SubmissionError, match="points to the file"):
            artefact.check_model(Submission(preset))

    def test_weights_that_do_not_fit(self, preset):
        change_json(
            preset / "model" / "config.json",
            lambda c: c["config"].update(hidden_dim=16),
        )
        change_json(
            preset / "model" / "task.json",
            lambda c: c["config"]["backbone"]["config"].update(hidden_dim=16),
        )
        with pytest.raises(SubmissionError, match="cannot be loaded"):
            artefact.load_model(Submission(preset))


class TestSampling:
    @pytest.mark.parametrize(
        ("name", "config"),
        [
            ("TopKSampler", {"k": 4}),
            ("RandomSampler", {"temperature": 0.9}),
            ("GreedySampler", {}),
        ],
    )
    def test_each_line_is_what_a_new_sampler_of_its_seed_draws(self, gpt, name, config):
        lines = draw_samples(gpt, ["a good", "not"], name, config, seed=5, max_length=8)
        assert [line["seed"] for line in lines] == [5, 6]
        for line in lines:
            seeded = {} if name == "GreedySampler" else {"seed": line["seed"]}
            gpt.compile(sampler=getattr(samplers, name)(**config, **seeded))
            assert gpt.generate(line["prompt"], 8) == line["text"]
        again = draw_again(gpt, [Sample(**line) for line in reversed(lines)])
        assert again == [line["text"] for line in reversed(lines)]

    @pytest.mark.parametrize(
        ("sample", "message"),
        [
            (Sample("a", "", "TopKSampler", {"k": 0}), "does not take"),
            (Sample("a", "", "TopKSampler", {"p": 0.5}), "does not take"),
            (Sample("a", "", "GreedySampler", {"seed": 3}), "does not take"),
            (Sample("", "", "GreedySampler"), "cannot be continued"),
            (Sample("a a a", "", "GreedySampler", max_length=2), "cannot be continued"),
        ],
    )
    def test_what_cannot_be_drawn(self, gpt, sample, message):
        with pytest.raises(SubmissionError, match=message):
            draw_again(gpt, [sample])

    def test_too_many_samplers(self, gpt):
        asked = [Sample("a", "", "TopKSampler", {"k": k}) for k in range(1, 20)]
        with pytest.raises(SubmissionError, match="19 different samplers"):
            draw_again(gpt, asked)

    def test_an_unknown_sampler(self, gpt):
        with pytest.raises(ValueError, match="`sampler` must be one of"):
            draw_samples(gpt, ["a"], "FilterSampler")


class TestMeasure:
    def test_it_is_what_evaluate_says_of_packed_text(self, gpt):
        texts = 5 * TEXTS
        found = measure(gpt, Corpus("x", "", "", "", TEXTS, [], texts))
        ids = measures.encode(gpt, texts)
        batches = TokenBatches(ids, 32, 8, shuffle=False, drop_remainder=False)
        gpt.compile()
        expected = gpt.evaluate(batches, verbose=0, return_dict=True)["perplexity"]
        # Theirs is a ring: one label more.
        assert found["tokens"] == len(ids) - 1
        assert found["perplexity"] == pytest.approx(expected, rel=0.01)
        assert found["perplexity"] == pytest.approx(math.exp(found["nats_per_token"]))

    def test_by_document_it_is_what_evaluate_says_of_texts(self, gpt):
        gpt.compile()
        expected = gpt.evaluate(CORPUS.test, verbose=0, return_dict=True)["perplexity"]
        found = measures.perplexity_by_document(gpt, CORPUS.test)
        assert found == pytest.approx(float(expected), rel=1e-4)

    def test_baselines(self, gpt):
        found = measure(gpt, CORPUS)
        assert found["bigram"] < found["unigram"] < math.log(len(VOCABULARY))
        assert found["untrained"] == pytest.approx(math.log(len(VOCABULARY)), abs=1)
        assert found["unknown_share"] == pytest.approx(1 / 41, abs=0.05)

    def test_the_model_is_left_as_it_is(self, gpt):
        before = gpt.get_weights()
        measure(gpt, CORPUS)
        for old, new in zip(before, gpt.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)


class TestVocabulary:
    def test_words(self):
        tokenizer = MiniGPTTokenizer(
            ["[PAD]", "[UNK]", "[END]", "fox", "crow", "elsewhere"]
        )
        assert vocabulary_beyond(tokenizer, {"fox"}, {"crow"}) == ({"crow"}, 1)

    def test_pieces_are_how_words_begin(self):
        pieces = ["[PAD]", "[UNK]", "[BOS]", "fox", "crow", "##es", "cro"]
        tokenizer = MiniGPTWordPieceTokenizer(pieces)
        assert vocabulary_beyond(tokenizer, {"foxes", "crown"}, {"x"}) == (set(), 0)
        assert vocabulary_beyond(tokenizer, {"foxes"}, {"crown"})[0] == {"crow", "cro"}


class TestCanaries:
    @pytest.fixture(scope="class")
    def found(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("canaries") / "corpus"
        return folder, canaries.write_canaries(folder)

    def test_held_out_stories_alone_hold_them(self, found):
        from course_lib.datasets import from_text

        folder, (pairs, names) = found
        assert len(pairs) > 20 and len(names) > 20
        corpus = from_text(folder)
        train = " ".join(corpus.train).lower()
        held_out = " ".join([*corpus.validation, *corpus.test]).lower()
        assert not any(f" {canary}" in train for canary in [*pairs, *names])
        assert all(canary in held_out for canary in [*pairs, *names])
        words = {word for pair in pairs for word in pair.split()}
        assert all(word in train for word in words)  # so no vocabulary lacks them

    @pytest.mark.parametrize("kind", ["texts", "batches", "array"])
    def test_fit_is_watched(self, gpt, tmp_path, monkeypatch, kind):
        monkeypatch.setattr(keras.Model, "fit", keras.Model.fit)  # undone later
        path = tmp_path / "seen.json"
        canaries.watch_fit(path, ["very bad", "bad good"])
        ids = measures.encode(gpt, TEXTS)
        gpt.compile()
        if kind == "texts":
            gpt.fit(TEXTS, batch_size=20, verbose=0)
        elif kind == "batches":
            gpt.fit(TokenBatches(ids, 8, 8), verbose=0)
        else:
            x = ids[: len(ids) // 8 * 8].reshape(-1, 8).astype("int32")
            inputs = {"token_ids": x, "padding_mask": np.ones_like(x)}
            keras.Model.fit(gpt, inputs, x, verbose=0)
        assert json.loads(path.read_text()) == ["very bad"]
        assert END in ids


def test_importing_it_is_cheap():
    code = (
        "import sys, course_lib.assignment as a; a.grade_submission, a.grade_class;"
        "a.check_submission, a.release_notebook; a.read_rubric();"
        "print([m for m in ('tensorflow', 'keras', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout == "[]\n", run.stderr

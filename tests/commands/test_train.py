"""Three kinds of corpora, from the files to a model that writes; killed and gone on."""

import csv
import errno
import json
import math
import re
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.callbacks import checkpoint_files
from course_lib.commands import main
from course_lib.datasets import encode_documents, from_text, review_grammar_corpus
from course_lib.models import MiniGPTCausalLM
from tests.tiny_gpt import logits_of

REVIEWS = review_grammar_corpus(num_documents=300, seed=2).train[:260]
STEPS = "40"
pytestmark = pytest.mark.filterwarnings("ignore:.*words are:UserWarning")


def as_text(folder):
    path = folder / "my.txt"
    path.write_text("\n\n".join(REVIEWS), encoding="utf-8")
    return [str(path)]


def as_zip(folder):
    path = folder / "my.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i, review in enumerate(REVIEWS):
            archive.writestr(f"reviews/{i}.txt", review)
    return [str(path)]


def as_csv(folder):
    path = folder / "my.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "review"), *enumerate(REVIEWS)])
    return [str(path), "--column", "review"]


def train(folder, make, *arguments):
    """Train on a corpus; returns the folder of the model."""
    out = folder / "my_gpt"
    code = main(["train", *make(folder), "--out", str(out), *arguments])
    assert code == 0
    return out


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("text"), as_text, "--steps", STEPS)


@pytest.fixture(scope="module")
def card(trained):
    return json.loads((trained / "card.json").read_text())


def weights(folder):
    return MiniGPTCausalLM.from_preset(str(folder)).get_weights()


class TestModel:
    def test_is_a_preset_with_a_card_and_nothing_else(self, trained):
        assert {path.name for path in trained.iterdir()} == {
            "assets",
            "card.json",
            "config.json",
            "metadata.json",
            "model.weights.h5",
            "preprocessor.json",
            "task.json",
            "tokenizer.json",
        }

    def test_card(self, trained, card):
        corpus = from_text(trained.parent / "my.txt")
        assert (card["name"], card["data"]) == ("my_gpt", "my.txt")
        assert card["sha256"] == corpus.sha256
        assert card["documents"] == {
            "train": len(corpus.train),
            "validation": len(corpus.validation),
            "test": len(corpus.test),
        }
        source = trained.parent / "my.txt"
        assert card["command"] == (
            f"python -m course_lib train {source} --out {trained} --steps {STEPS}"
        )
        assert card["recipe"]["size"] == "tiny"
        assert card["recipe"]["steps"] == int(STEPS)
        assert len(card["validation_perplexity"]) == 20
        gpt = MiniGPTCausalLM.from_preset(str(trained))
        assert card["parameters"] == gpt.count_params()
        assert card["recipe"]["vocabulary_size"] == gpt.backbone.vocabulary_size
        assert len(card["samples"]) == 10
        for sample in card["samples"]:
            assert sample["text"].startswith(sample["prompt"])

    def test_learns(self, card):
        test = card["test"]
        assert test["nats_per_token"] < test["baseline_nats_per_token"]["unigram"] - 0.1
        perplexities = card["validation_perplexity"]
        assert perplexities[-1] < 0.8 * perplexities[0]

    def test_held_out_loss_is_that_of_a_plain_loop(self, trained, card):
        gpt = MiniGPTCausalLM.from_preset(str(trained))
        tokenizer = gpt.preprocessor.tokenizer
        corpus = from_text(trained.parent / "my.txt")
        ids = encode_documents(corpus.test, tokenizer.tokenize, tokenizer.end_token_id)
        ids = np.append(ids, ids[0]).astype(int)  # the ring
        nats = []
        for start in range(0, len(ids) - 1, 100):
            window = ids[start : start + 101]
            logits = logits_of(gpt, window[None, :-1])[0].astype("float64")
            logits -= np.logaddexp.reduce(logits, axis=-1, keepdims=True)
            nats += [-row[label] for row, label in zip(logits, window[1:], strict=True)]
        assert card["test"]["tokens"] == len(nats)
        assert card["test"]["nats_per_token"] == pytest.approx(np.mean(nats), abs=2e-3)
        words = sum(len(tokenizer.tokenize(text)) for text in corpus.test)
        assert len(nats) == words + len(corpus.test)
        assert card["test"]["perplexity"] == pytest.approx(
            math.exp(np.mean(nats)), 5e-3
        )

    def test_words_that_occur_once_are_unknown(self, trained, card):
        gpt = MiniGPTCausalLM.from_preset(str(trained))
        tokenizer = gpt.preprocessor.tokenizer
        corpus = from_text(trained.parent / "my.txt")
        ids = np.concatenate([tokenizer.tokenize(text) for text in corpus.train])
        counts = np.bincount(ids, minlength=tokenizer.vocabulary_size())
        assert counts[3:].min() == 2
        assert counts[tokenizer.unk_token_id] > 0
        assert card["training_tokens"] == len(ids) + len(corpus.train)


@pytest.mark.parametrize("make", [as_zip, as_csv])
def test_other_kinds_of_corpora(tmp_path, capsys, make):
    out = train(tmp_path, make, "--steps", "3", "--licence", "CC0-1.0")
    card = json.loads((out / "card.json").read_text())
    assert card["held_out_by"] == "documents"
    assert sum(card["documents"].values()) == len(REVIEWS)
    assert card["licence"] == "CC0-1.0"
    assert main(["generate", str(out), "the film", "--max-length", "12"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("the film")


def test_subwords(tmp_path, capsys):
    out = train(tmp_path, as_text, "--steps", "20", "--tokenizer", "subwords")
    card = json.loads((out / "card.json").read_text())
    test = card["test"]
    assert test["unknown_share"] == 0
    assert test["nats_per_token"] < test["baseline_nats_per_token"]["unigram"]
    assert main(["generate", str(out), "the film", "--max-length", "12"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("the film")


def test_killed_and_started_again_it_ends_alike(tmp_path, trained, capsys):
    """The same weights as those of the training that nobody interrupted."""
    arguments = ["train", *as_text(tmp_path), "--out", str(tmp_path / "my_gpt")]
    arguments += ["--steps", STEPS]
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "course_lib", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        for line in process.stdout:
            if line.startswith("Epoch 9/"):
                process.send_signal(signal.SIGKILL)
                break
        assert process.wait() == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "my_gpt").iterdir()] == ["training"]
    assert main(["generate", str(tmp_path / "my_gpt"), "the"]) == 2
    assert "has not ended: start `train` once more" in capsys.readouterr().err

    assert main(arguments) == 0
    going_on = re.search(r"going on at epoch (\d+)", capsys.readouterr().out)
    assert 2 <= int(going_on[1]) <= 20
    for ours, undisturbed in zip(
        weights(tmp_path / "my_gpt"), weights(trained), strict=True
    ):
        assert_array_equal(ours, undisturbed)


class TestMistakes:
    @pytest.fixture
    def error(self, tmp_path, capsys):
        """The one line that a mistake ends in."""

        def error(*arguments, out="new"):
            try:
                code = main(["train", *arguments, "--out", str(tmp_path / out)])
            except SystemExit as exit:
                code = exit.code
            assert code == 2
            (line,) = capsys.readouterr().err.splitlines()
            return line

        return error

    def test_no_such_file(self, error):
        assert error("nothing.txt") == "train: There is no file or folder nothing.txt."

    def test_too_short(self, error, tmp_path):
        (tmp_path / "my.txt").write_text("Once upon a time.")
        assert "my.txt is too short" in error(str(tmp_path / "my.txt"))

    def test_hardly_anything(self, tmp_path, capsys):
        path = tmp_path / "my.txt"
        path.write_text("\n".join(f"Tale {n}." for n in range(20)))
        arguments = [str(path), "--documents", "line", "--out", str(tmp_path / "new")]
        assert main(["train", *arguments]) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert re.match(r"train: my.txt has \d\d tokens to train on", line)

    def test_column(self, error, tmp_path):
        source = as_csv(tmp_path)[0]
        assert "must be one of the columns of my.csv: 'id', 'review'" in error(source)

    def test_no_spaces(self, tmp_path, capsys):
        tale = "从前有一只乌鸦，它很渴，到处找水喝。"
        path = tmp_path / "my.txt"
        path.write_text("\n\n".join(tale + "水" * n for n in range(100)))
        assert main(["train", str(path), "--out", str(tmp_path / "new")]) == 2
        *warnings, line = capsys.readouterr().err.splitlines()
        assert all(warning.startswith("Warning: ") for warning in warnings)
        assert line.startswith("train: my.txt has hardly any spaces between words")

    def test_arguments(self, error, tmp_path):
        assert "invalid choice: 'huge'" in error("my.txt", "--size", "huge")
        for steps in ("0", "-3", "many", "1.5"):
            line = error("my.txt", "--steps", steps)
            assert "--steps: must be an integer of at least 1" in line
            assert f"Received: {steps}" in line
        assert "--seed: must be an integer of at least 0" in error("a", "--seed", "-1")

    def test_a_trained_model_is_not_overwritten(self, trained, capsys):
        assert main(["train", "my.txt", "--out", str(trained)]) == 2
        assert "There is a trained model in" in capsys.readouterr().err

    def test_no_room(self, tmp_path, capsys, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(checkpoint_files, "write_checkpoint", full)
        out = tmp_path / "my_gpt"
        assert main(["train", *as_text(tmp_path), "--out", str(out)]) == 2
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.startswith(f"train: {out} cannot be written: ")
        assert "No space left on device" in line

    def test_another_text(self, tmp_path, capsys):
        """The training began with one; now it would be with another."""
        source, out = as_text(tmp_path)[0], tmp_path / "my_gpt"
        (out / "training").mkdir(parents=True)
        begun = {"asked": {"text": "0" * 64}, "settings": {}}
        (out / "training" / "settings.json").write_text(json.dumps(begun))
        assert main(["train", source, "--out", str(out)]) == 2
        assert "began with another text" in capsys.readouterr().err

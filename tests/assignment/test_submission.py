"""What is read of a submission, and what is refused."""

import json
import os
import zipfile

import pytest

from course_lib.assignment.corpora import read_corpus
from course_lib.assignment.submission import (
    NeedsCorpus,
    Sample,
    Submission,
    SubmissionError,
)

LINE = {
    "prompt": "once",
    "text": "Once upon a time",
    "sampler": "TopKSampler",
    "config": {"k": 3},
    "seed": 1,
    "max_length": 9,
}
STORIES = "\n\n".join(f"Story {i} is about a fox. " * 20 for i in range(200))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "ada"
    (folder / "corpus").mkdir(parents=True)
    (folder / "corpus" / "stories.txt").write_text(STORIES)
    return folder


def test_the_card_is_read(folder):
    (folder / "card.md").write_bytes(
        b"\xef\xbb\xbf---\r\nlicense: CC0\r\nperplexity: 3.5\r\n---\r\n# Card\r\n"
        b"\r\n## Data ##\r\nTales of old.\r\n### Limits\r\nTODO: write it\r\n"
    )
    card = Submission(folder).card
    assert card.front == {"license": "CC0", "perplexity": 3.5}
    assert card.words("Data") == 3
    assert card.words("Limits") == card.words("Training") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\na: [\n---\n", "no YAML"),
        ("---\n- a\n---\n", "`name: value` lines"),
        ("---\n!!python/object/apply:os.system ['true']\n---\n", "no YAML"),
        ("---\na: 2026-13-45\n---\n", "no YAML"),
    ],
)
def test_bad_cards(folder, text, message):
    (folder / "card.md").write_text(text)
    with pytest.raises(SubmissionError, match=message):
        _ = Submission(folder).card


def write_samples(folder, *lines):
    text = "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines)
    (folder / "samples.jsonl").write_text(text)
    return Submission(folder)


def test_samples_are_read(folder):
    samples = write_samples(folder, LINE, "", LINE).samples
    assert samples == [Sample(**LINE)] * 2
    assert samples[0].continuation == " upon a time"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is no JSON"),
        ("[" * 100_000, "line 2 is no JSON"),
        ("[1]", "must be an object"),
        ({**LINE, "more": 1}, "wrong names: .*more"),
        ({"prompt": "a"}, "wrong names"),
        ({**LINE, "text": 3}, "must be texts"),
        ({**LINE, "sampler": "os.system"}, "must be one of BeamSampler"),
        ({**LINE, "sampler": ["x"]}, "must be one of BeamSampler"),
        ({**LINE, "config": {"k": "3"}}, "must hold numbers"),
        ({**LINE, "config": {"k": 10**9}}, "must hold numbers"),
        ({**LINE, "config": []}, "must hold numbers"),
        ({**LINE, "seed": 1.5}, "must be integers"),
        ({**LINE, "seed": True}, "must be integers"),
        ({**LINE, "seed": -1}, "`seed` from 0"),
        ({**LINE, "max_length": 10**6}, "from 1 to 500"),
    ],
)
def test_bad_samples(folder, line, message):
    with pytest.raises(SubmissionError, match=message):
        _ = write_samples(folder, LINE, line).samples


def test_too_many_and_no_samples(folder):
    with pytest.raises(SubmissionError, match="holds 101 samples"):
        _ = write_samples(folder, *[LINE] * 101).samples
    with pytest.raises(SubmissionError, match="no sample"):
        _ = write_samples(folder, "").samples


def test_links_pipes_and_ways_out_are_not_opened(folder, tmp_path):
    (tmp_path / "secret").write_text("of another")
    (folder / "card.md").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "samples.jsonl")
    submission = Submission(folder)
    with pytest.raises(SubmissionError, match="links are not followed"):
        _ = submission.card
    with pytest.raises(SubmissionError, match="no plain file"):
        _ = submission.samples
    for name in ("../secret", str(tmp_path / "secret"), ""):
        with pytest.raises(SubmissionError, match="does not lie within"):
            submission.text(name)
    with pytest.raises(SubmissionError, match="missing"):
        submission.text("other")


def test_large_and_binary_files_are_not_read(folder):
    (folder / "card.md").write_bytes(b"")
    os.truncate(folder / "card.md", 10**10)
    (folder / "samples.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SubmissionError, match="10,000,000,000 bytes"):
        _ = Submission(folder).card
    with pytest.raises(SubmissionError, match="not UTF-8"):
        _ = Submission(folder).samples


class TestCorpus:
    def test_a_folder(self, folder, capsys):
        corpus = read_corpus(Submission(folder))
        assert corpus.train and corpus.test
        assert capsys.readouterr().out == ""

    def test_a_recipe_says_how(self, folder):
        corpus = folder / "corpus"
        rows = [{"id": i, "story": f"A fox saw {i} crows."} for i in range(300)]
        (corpus / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (corpus / "recipe.toml").write_text('path = "a.jsonl"\ncolumn = "story"')
        assert "A fox saw 35 crows." in "".join(read_corpus(Submission(folder)).train)

    def test_a_text_that_is_elsewhere(self, folder, tmp_path):
        import hashlib

        digest = hashlib.sha256(STORIES.encode()).hexdigest()
        (folder / "corpus" / "recipe.toml").write_text(
            f'url = "https://example.org/stories.txt"\nsha256 = "{digest}"'
        )
        with pytest.raises(NeedsCorpus, match=r"example\.org.*--corpora"):
            read_corpus(Submission(folder))
        corpora = tmp_path / "corpora"
        corpora.mkdir()
        (corpora / f"{digest}.txt").write_text(STORIES + "more")
        with pytest.raises(NeedsCorpus, match="has another sha256"):
            read_corpus(Submission(folder), corpora)
        (corpora / f"{digest}.txt").write_text(STORIES)
        assert read_corpus(Submission(folder), corpora).train

    @pytest.mark.parametrize(
        ("recipe", "message"),
        [
            ("path = ", "no TOML"),
            ("paths = 'a'", "must hold texts under"),
            ("path = 3", "must hold texts under"),
            ("path = '../../bob'", "does not lie within"),
            ("path = '/etc/passwd'", "no text in"),
            ("column = 'x'", "cannot be read"),
            ("encoding = 'no-such'", "cannot be read"),
        ],
    )
    def test_bad_recipes(self, folder, recipe, message):
        (folder / "corpus" / "recipe.toml").write_text(recipe)
        with pytest.raises(SubmissionError, match=message):
            read_corpus(Submission(folder))

    def test_links_and_pipes_in_it(self, folder, tmp_path):
        (tmp_path / "of_bob.txt").write_text(STORIES)
        link = folder / "corpus" / "more.txt"
        link.symlink_to(tmp_path / "of_bob.txt")
        with pytest.raises(SubmissionError, match="a link or no plain file"):
            read_corpus(Submission(folder))
        link.unlink()
        os.mkfifo(link)
        with pytest.raises(SubmissionError, match="a link or no plain file"):
            read_corpus(Submission(folder))

    def test_none_at_all(self, tmp_path):
        with pytest.raises(SubmissionError, match="no folder corpus/"):
            read_corpus(Submission(tmp_path))

    def test_an_archive_that_swells(self, folder):
        with zipfile.ZipFile(
            folder / "corpus" / "bomb.zip", "w", zipfile.ZIP_DEFLATED
        ) as archive:
            archive.writestr("a.txt", b"a " * 150_000_000)
        (folder / "corpus" / "recipe.toml").write_text('path = "bomb.zip"')
        with pytest.raises(SubmissionError, match="cannot be read"):
            read_corpus(Submission(folder))

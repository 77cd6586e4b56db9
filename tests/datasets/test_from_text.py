"""Corpora of three kinds, and what can be wrong with them."""

import csv
import hashlib
import io
import json
import zipfile

import pytest

from course_lib.datasets import Corpus, DataError, from_text, review_grammar_corpus
from course_lib.datasets.splits import normalise, split_by_hash
from course_lib.datasets.text_documents import words_of

REVIEWS = review_grammar_corpus(num_documents=400, seed=1).train[:300]
FEW = r"ignore:.*words are:UserWarning"
pytestmark = pytest.mark.filterwarnings(FEW)


def as_folder(path):
    path.mkdir()
    for i, review in enumerate(REVIEWS):
        (path / f"{i}.txt").write_text(review, encoding="utf-8")
    (path / "cover.jpg").write_bytes(b"\xff\xd8")
    (path / "empty.txt").write_text("\n")
    return path


def as_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        for i, review in enumerate(REVIEWS):
            archive.writestr(f"reviews/{i}.txt", review)
    return path


def as_csv(path):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("id", "review"), *enumerate(REVIEWS)])
    return path


def as_jsonl(path):
    rows = [json.dumps({"id": i, "review": review}) for i, review in enumerate(REVIEWS)]
    path.write_text("\n".join(rows))
    return path


def as_lines(path):
    path.write_text("\n".join(REVIEWS), encoding="utf-8")
    return path


def as_one_text(path):
    path.write_text("\n\n".join(REVIEWS), encoding="utf-8")
    return path


def all_texts(corpus):
    return [*corpus.train, *corpus.validation, *corpus.test]


COLLECTIONS = {
    "folder": (as_folder, {}, "file"),
    "my.zip": (as_zip, {}, "file"),
    "my.csv": (as_csv, {"column": "review"}, "row"),
    "my.jsonl": (as_jsonl, {"column": "review"}, "row"),
    "my.txt": (as_lines, {"documents": "line"}, "line"),
    "my.md": (as_one_text, {"documents": "paragraph"}, "paragraph"),
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_of_documents(tmp_path, name):
    make, arguments, unit = COLLECTIONS[name]
    corpus = from_text(make(tmp_path / name), **arguments)
    assert isinstance(corpus, Corpus)
    expected = split_by_hash(REVIEWS)
    for split in ("train", "validation", "test"):
        assert sorted(getattr(corpus, split)) == sorted(getattr(expected, split))
    assert corpus.report.split == "documents"
    assert (corpus.report.unit, corpus.report.documents) == (unit, 300)
    assert corpus.report.words == sum(len(words_of(text)) for text in REVIEWS)


def test_one_text_is_held_out_in_stretches(tmp_path):
    corpus = from_text(as_one_text(tmp_path / "my.txt"))
    assert (corpus.report.unit, corpus.report.split) == ("passage", "blocks")
    paragraphs = [p for text in all_texts(corpus) for p in text.split("\n\n")]
    assert sorted(paragraphs) == sorted(REVIEWS)
    assert [p for text in corpus.train for p in text.split("\n\n")] == [
        review for review in REVIEWS if review in "\n\n".join(corpus.train)
    ]
    total = sum(map(len, REVIEWS))
    for split in (corpus.validation, corpus.test):
        assert 0.04 < sum(map(len, split)) / total < 0.06


@pytest.mark.parametrize("name", ["folder", "my.csv", "one.txt"])
def test_no_long_paragraph_is_in_two_splits(tmp_path, name):
    if name == "one.txt":
        corpus = from_text(as_one_text(tmp_path / name))
    else:
        make, arguments, _ = COLLECTIONS[name]
        corpus = from_text(make(tmp_path / name), **arguments)
    splits = [
        {normalise(p) for text in split for p in text.split("\n\n") if len(p) >= 100}
        for split in (corpus.train, corpus.validation, corpus.test)
    ]
    assert all(splits)
    assert sum(map(len, splits)) == len(set.union(*splits))


def test_does_not_depend_on_order_or_container(tmp_path):
    one, other = (
        from_text(as_zip(tmp_path / "a.zip")),
        from_text(as_folder(tmp_path / "b")),
    )
    assert all_texts(one) == all_texts(other)


def test_cleans_and_drops_what_is_repeated(tmp_path):
    path = tmp_path / "my.csv"
    rows = ["Cafe\u0301\u0000 noir", "  CAFÉ noir!", "Thé", *REVIEWS]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([row] for row in rows)])
    # A zero would be taken for a binary file.
    path.write_bytes(path.read_bytes().replace(b"\0", b"\x07"))
    corpus = from_text(path)
    texts = all_texts(corpus)
    assert "Café noir" in texts and "Thé" in texts
    assert len(texts) == len(set(texts)) == 302
    assert corpus.report.repeated_documents == 1


def test_repeated_paragraphs(tmp_path):
    path = tmp_path / "my.txt"
    path.write_text("\n\n".join(REVIEWS + REVIEWS[::-1]))
    corpus = from_text(path)
    long = sum(len(review) >= 100 for review in REVIEWS)
    assert corpus.report.repeated_paragraphs == long > 250


def test_says_where_it_is_from(tmp_path, capsys):
    path = as_lines(tmp_path / "my.txt")
    corpus = from_text(str(path), documents="line", licence="CC0-1.0")
    assert (corpus.name, corpus.source, corpus.licence) == ("my", "my.txt", "CC0-1.0")
    assert corpus.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    printed = capsys.readouterr().out
    assert printed == f"my.txt\n{corpus.report}\n"
    assert "likely language en" in printed
    assert str(tmp_path) not in repr(corpus) + printed


def test_the_digest_of_a_folder_is_that_of_all_it_holds(tmp_path):
    folder = as_folder(tmp_path / "my")
    digest = from_text(folder).sha256
    assert from_text(folder).sha256 == digest
    (folder / "0.txt").rename(folder / "moved.txt")
    assert from_text(folder).sha256 != digest


def test_files_passed_over_are_reported(tmp_path):
    report = from_text(as_folder(tmp_path / "my")).report
    assert report.left_out == ("cover.jpg", "empty.txt")
    assert "2 files passed over: cover.jpg, empty.txt" in str(report)


def test_a_folder_of_several_encodings_and_kinds(tmp_path):
    folder = as_folder(tmp_path / "my")
    latin = "L'âne a mangé l'herbe de la forêt, où il était caché depuis l'été."
    (folder / "latin.txt").write_bytes(latin.encode("cp1252"))
    (folder / "utf16.md").write_bytes("Der Rabe war durstig.".encode("utf-16"))
    (folder / "rows.csv").write_text("text\nA row.\nAnother row.\n")
    corpus = from_text(folder)
    assert {latin, "Der Rabe war durstig.", "A row."} <= set(all_texts(corpus))
    assert corpus.report.encodings == {"utf-8": 301, "cp1252": 1, "utf-16": 1}


def test_downloads(tmp_path, cache, host):
    host.answer = host.send(as_csv(tmp_path / "my.csv").read_bytes())
    url = host.url.replace("file.tar.gz", "my.csv")
    corpus = from_text(url, "review")
    assert corpus.source == url
    assert all_texts(from_text(url, "review")) == all_texts(corpus)
    assert host.requests == 1


def test_warnings_are_those_of_the_report(tmp_path):
    path = tmp_path / "my.txt"
    path.write_text("\n\n".join(f"Tale number {n} of a crow." for n in range(100)))
    with pytest.warns(UserWarning) as caught:
        report = from_text(path).report
    assert [str(warning.message) for warning in caught] == list(report.warnings)
    assert "600 words are too few" in report.warnings[0]
    assert all(warning.filename == __file__ for warning in caught)


def test_held_out_shares(tmp_path):
    corpus = from_text(as_csv(tmp_path / "my.csv"), "review", validation=0, test=0.3)
    assert corpus.validation == []
    assert 60 < len(corpus.test) < 120


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"documents": "poem"}, "`documents` must be one of.*'poem'"),
            ({"column": "text"}, "`column` must be None.*my.txt has none.*'text'"),
            ({"encoding": "klingon"}, "`encoding` must be a codec"),
            ({"test": 1.5}, "`validation` and `test`"),
        ],
    )
    def test_arguments(self, tmp_path, arguments, message):
        with pytest.raises(ValueError, match=message):
            from_text(as_one_text(tmp_path / "my.txt"), **arguments)

    def test_column(self, tmp_path):
        message = "of my.csv: 'id', 'review'. Received: column='text'"
        with pytest.raises(ValueError, match=message):
            from_text(as_csv(tmp_path / "my.csv"), column="text")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("my.txt", b"", "my.txt is empty"),
            ("my.txt", b" \n\xc2\x85\n ", "my.txt is empty"),
            ("my.txt", b"Once upon a time.", "my.txt is too short"),
            ("my.txt", b"word " * 50_000, "my.txt has 249,999 characters without"),
            ("my.pdf", b"%PDF-1.4\n...", "my.pdf is a PDF"),
            ("my.txt", b"\x7fELF\x02\x01\x00\x00", "my.txt is binary"),
            ("my.txt", "Fête, ".encode() * 9 + b"f\xeate", "my.txt mixes encodings"),
            ("my.zip", b"PK\x03\x04...", "my.zip is damaged"),
        ],
    )
    def test_content(self, tmp_path, name, content, message):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            from_text(path)

    def test_the_file_in_an_archive_is_named(self, tmp_path):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("good.txt", "Once")
            archive.writestr("deep/bad.txt", b"\x00\x01")
        (tmp_path / "my.zip").write_bytes(buffer.getvalue())
        with pytest.raises(DataError, match=r"deep/bad\.txt is binary"):
            from_text(tmp_path / "my.zip")

    def test_nothing_there(self, tmp_path):
        with pytest.raises(DataError, match="There is no file or folder"):
            from_text(tmp_path / "my.txt")

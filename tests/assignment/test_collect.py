import io
import stat
import sys
import zipfile

import pytest

from course_lib.assignment.collect import Collected, collect, main

module = sys.modules[collect.__module__]
SUBMISSION = {"card.md": "# A card", "model/config.json": "{}"}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def within(folder, files):
    return {f"{folder}/{name}": content for name, content in files.items()}


MOODLE = {
    **within("Ada_17_assignsubmission_file", {"mine.zip": zipped(SUBMISSION)}),
    **within("Bo_18_assignsubmission_file", SUBMISSION),
    "Grades.csv": "Identifier",
}
CANVAS = {
    "ada_17_99_my_gpt.zip": zipped(within("my_gpt", SUBMISSION)),
    "bo_18_98_my_gpt.zip": zipped(SUBMISSION | {"__MACOSX/._card.md": "", ".x": ""}),
}


def folder_of(files, folder):
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        archive.extractall(folder)
    return folder


def states(found):
    return {entry.student: entry.state for entry in found}


@pytest.mark.parametrize(
    ("export", "expected"),
    [
        (
            MOODLE,
            {
                "Ada_17_assignsubmission_file": "collected",
                "Bo_18_assignsubmission_file": "collected",
                "Grades.csv": "passed over",
            },
        ),
        (
            CANVAS,
            {"ada_17_99_my_gpt": "collected", "bo_18_98_my_gpt": "collected"},
        ),
    ],
    ids=["Moodle", "Canvas"],
)
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_each_student_has_a_folder(tmp_path, export, expected, kind):
    path = tmp_path / "export"
    if kind == "zip":
        path.write_bytes(zipped(export))
    else:
        folder_of(export, path)
    found = collect(path, tmp_path / "submissions")
    assert states(found) == expected
    for student, state in expected.items():
        folder = tmp_path / "submissions" / student
        assert folder.exists() == (state == "collected")
        if state == "collected":
            assert (folder / "card.md").read_text() == "# A card"
            assert (folder / "model" / "config.json").exists()
    assert not list((tmp_path / "submissions").glob(".collect-*"))


def test_a_submission_of_one_part_is_no_wrapping(tmp_path):
    export = folder_of({"ada/model/config.json": "{}"}, tmp_path / "export")
    collect(export, tmp_path / "submissions")
    assert (tmp_path / "submissions" / "ada" / "model" / "config.json").exists()


def test_nothing_is_done_twice_and_the_export_stays(tmp_path):
    export = folder_of(MOODLE, tmp_path / "export")
    before = sorted(export.rglob("*"))
    collect(export, tmp_path / "submissions")
    card = tmp_path / "submissions" / "Bo_18_assignsubmission_file" / "card.md"
    card.write_text("marked")
    again = collect(export, tmp_path / "submissions")
    assert set(states(again).values()) == {"there already", "passed over"}
    assert card.read_text() == "marked"
    assert sorted(export.rglob("*")) == before


def link_member():
    info = zipfile.ZipInfo("model")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no archive", "not a zip file"),
        (zipped({"../bo/card.md": "mine"}), "leaves its folder"),
        (zipped({"C:\\card.md": "mine"}), "leaves its folder"),
        (link_member(), "is a link"),
        (zipped({"card.md": "x" * 101}), "more than 100 bytes"),
        (zipped({str(n): "" for n in range(11)}), "more than 10 files"),
    ],
    ids=["damage", "dots", "drive", "link", "size", "count"],
)
def test_a_bad_entry_is_refused_and_the_others_are_not(
    tmp_path, monkeypatch, content, reason
):
    monkeypatch.setattr(module, "LARGEST", 100)
    monkeypatch.setattr(module, "MOST_FILES", 10)
    export = folder_of({"ada.zip": content, "bo/card.md": "fine"}, tmp_path / "export")
    ada, bo = collect(export, tmp_path / "submissions")
    assert ada.state == "refused"
    assert reason in ada.reason
    assert bo == Collected("bo", "collected")
    assert [p.name for p in (tmp_path / "submissions").iterdir()] == ["bo"]


def test_an_archive_within_is_bounded_too(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 500)
    nested = zipped({"inner.zip": zipped({"card.md": "x" * 501})})
    export = folder_of({"ada.zip": nested}, tmp_path / "export")
    (entry,) = collect(export, tmp_path / "submissions")
    assert entry.reason == "inner.zip unpacks to more than 500 bytes"


def test_links_in_folders_are_refused(tmp_path):
    export = folder_of({"ada/card.md": "mine"}, tmp_path / "export")
    (export / "ada" / "corpus").symlink_to("/etc")
    (entry,) = collect(export, tmp_path / "submissions")
    assert entry == Collected("ada", "refused", "corpus is a link")


def test_the_command_tells_what_it_did(tmp_path, capsys):
    export = folder_of({"ada/card.md": "", "bo.zip": b"?"}, tmp_path / "export")
    assert main([str(export), "--out", str(tmp_path / "submissions")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "collected: ada"
    assert lines[1].startswith("refused: bo - ")
    assert lines[2].startswith("1 collected into ")


def test_an_export_that_is_none_ends_in_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "x.zip"), "--out", str(tmp_path / "out")]) == 2
    assert "`export` must be a folder or an intact .zip" in capsys.readouterr().err

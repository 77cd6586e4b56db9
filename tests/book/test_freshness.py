"""A notebook is stale when its code or the library it ran on changed, and only then."""

import pytest

from tools import chapters, freshness

MODULE = '''\
"""Doc."""


def twice(x):
    """Double."""
    return 2 * x  # (B, T)


SIGN = "# no comment"
'''


@pytest.fixture
def module(tmp_path, monkeypatch, tiny):
    """A library of one module that the tiny notebook ran on."""
    path = tmp_path / "course_lib" / "halves.py"
    path.parent.mkdir()
    path.write_text(MODULE)
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    modules = {"course_lib.halves": freshness.module_sha256(path)}
    tiny.metadata.course.build.modules = modules
    return path


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ('"""Double."""', '"""Return twice x."""', False),
        ('"""Double."""', '"""Return twice x.\n\n    Args: x.\n    """', False),
        ("  # (B, T)", "", False),
        ("\n\n\ndef", "\ndef", False),
        ("2 * x", "x * 2", True),
        ('"# no comment"', '"# a comment"', True),
    ],
)
def test_code_of_a_module_counts_not_its_prose(
    module, tiny, tiny_source, old, new, stale
):
    assert freshness.stale(tiny_source, tiny) == []
    module.write_text(MODULE.replace(old, new))
    expected = ["course_lib.halves changed"] if stale else []
    assert freshness.stale(tiny_source, tiny) == expected


def test_a_module_that_went_away_counts(module, tiny, tiny_source):
    module.unlink()
    assert freshness.stale(tiny_source, tiny) == ["course_lib.halves is gone"]


def test_the_build_recorded_the_modules_that_ran(tiny):
    assert {"course_lib.checks", "course_lib.profiles"} <= set(
        tiny.metadata.course.build.modules
    )


def test_code_counts_and_prose_and_install_address_do_not(tiny, tiny_source):
    tiny_source.cells[0].source += " And more."
    install = chapters.code_cells(tiny_source)[0]
    install.source = install.source.replace("OWNER", "someone")
    assert freshness.stale(tiny_source, tiny) == []
    assert not freshness.in_step(tiny_source, tiny)
    chapters.code_cells(tiny_source)[1].source += "\nprint()"
    assert freshness.stale(tiny_source, tiny) == ["its code changed"]


@pytest.mark.parametrize("part", ["tags", "mystnb"])
def test_tags_and_alt_texts_are_kept_in_step(tiny, tiny_source, part):
    assert freshness.in_step(tiny_source, tiny)
    cell = next(cell for cell in tiny_source.cells if part in cell.metadata)
    del cell.metadata[part]
    assert not freshness.in_step(tiny_source, tiny)


def test_a_preset_that_the_code_names_counts(tmp_path, monkeypatch, tiny, tiny_source):
    weights = tmp_path / "course_lib" / "presets" / "mini" / "weights"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"1")
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    assert freshness.preset_hashes(tiny_source) == {}
    chapters.code_cells(tiny_source)[1].source += '\npath("mini")'
    tiny.metadata.course.build.modules = {}
    tiny.metadata.course.build.code_sha256 = freshness.code_sha256(tiny_source)
    tiny.metadata.course.build.presets = freshness.preset_hashes(tiny_source)
    (weights.parent / "card.md").write_text("A card.")
    assert freshness.stale(tiny_source, tiny) == []
    weights.write_bytes(b"2")
    assert freshness.stale(tiny_source, tiny) == ["preset mini changed"]


def test_results_that_the_code_reads_count(tmp_path, monkeypatch, tiny, tiny_source):
    folder = tmp_path / "benchmarks" / "results"
    folder.mkdir(parents=True)
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    chapters.code_cells(tiny_source)[1].source += '\nbenchmark("speed")'
    tiny.metadata.course.build.modules = {}
    tiny.metadata.course.build.code_sha256 = freshness.code_sha256(tiny_source)
    (folder / "memory.json").write_text("{}")  # which it does not read
    assert freshness.stale(tiny_source, tiny) == []
    (folder / "speed.json").write_text("{}")
    assert freshness.stale(tiny_source, tiny) == ["results of benchmarks changed"]
    tiny.metadata.course.build.results = freshness.result_hashes(tiny_source)
    assert freshness.stale(tiny_source, tiny) == []
    (folder / "speed.json").unlink()
    assert freshness.stale(tiny_source, tiny) == ["results of benchmarks changed"]

"""Each planted fault is found by the check that is there for it."""

import pytest

from tests.book import planted_faults
from tests.book.planted_faults import Fault
from tools import chapters

CHAPTERS = {path.stem: path for path in chapters.sources()}
FAULTS = [
    pytest.param(path.stem, fault, id=f"{path.stem}-{fault.name}")
    for path in sorted(planted_faults.FOLDER.glob("*.toml"))
    for fault in planted_faults.read(path)
]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_has_planted_faults(name):
    path = planted_faults.FOLDER / f"{name}.toml"
    assert path.exists() and len(planted_faults.read(path)) >= 3


@pytest.mark.parametrize(("chapter", "fault"), FAULTS)
def test_fault_is_found(chapter, fault, tmp_path):
    source = chapters.read_source(CHAPTERS[chapter])
    planted_faults.assert_found(source, fault, tmp_path)


# The harness itself, on the tiny chapter.

TURNS = "most tosses turn the coin"
NEEDS = ["import random", "def toss", "sides = [0]"]


@pytest.mark.parametrize("needs", [[], NEEDS], ids=["all cells", "some cells"])
def test_a_fault_in_a_cell_is_found(tiny_source, tmp_path, needs):
    fault = Fault("bias", TURNS, old="() < 0.8", new="() < 0.6", needs=needs)
    planted_faults.assert_found(tiny_source, fault, tmp_path)


def test_only_the_needed_cells_run(tiny_source):
    fault = Fault("bias", TURNS, old="() < 0.8", new="() < 0.6", needs=NEEDS[::2])
    assert len(planted_faults.planted(tiny_source, fault)) == 4


def test_a_fault_in_the_library_is_found(tiny_source, tmp_path):
    before = (
        "from course_lib import profiles\n"
        "sides = type('Settings', (), {'n': -1})  # a name that the chapter has too\n"
        "profiles.pick = lambda **settings: sides"
    )
    fault = Fault("no toss", TURNS, before=before)
    planted_faults.assert_found(tiny_source, fault, tmp_path)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("harmless", TURNS, old="() < 0.8", new="() < 0.9"), "did not notice"),
        (Fault("crash", TURNS, old="turns = sum", new="turns = um"), "NameError"),
        (
            Fault("earlier", TURNS, old="return 1 - last", new="return last"),
            "two sides",
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_fault_that_its_check_does_not_find_is_reported(
    tiny_source, tmp_path, fault, message
):
    with pytest.raises(AssertionError, match=message):
        planted_faults.assert_found(tiny_source, fault, tmp_path)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("no such check", "nothing"),
        Fault("no such text", TURNS, old="no such text", new=""),
        Fault("several cells", TURNS, old="last", new=""),
        Fault("below the check", TURNS, old="plt.show()", new=""),
    ],
    ids=lambda fault: fault.name,
)
def test_a_fault_that_fits_no_cell_is_refused(tiny_source, fault):
    with pytest.raises(ValueError, match=r"must hold|more than once"):
        planted_faults.planted(tiny_source, fault)

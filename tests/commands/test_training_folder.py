import json

import pytest

from course_lib.commands.mistakes import Mistake
from course_lib.commands.training_folder import TrainingFolder, write_json


@pytest.fixture
def path(tmp_path):
    return tmp_path / "my_gpt"


def begin(path, **asked):
    return TrainingFolder(path).settings(
        {"steps": 10, **asked}, lambda: {"size": "tiny"}
    )


class TestBegin:
    @pytest.mark.parametrize("exists", [False, True])
    def test_new(self, path, exists):
        if exists:
            path.mkdir()
        assert begin(path) == {"size": "tiny"}

    def test_goes_on_with_what_it_began_with(self, path):
        begin(path)
        folder = TrainingFolder(path)
        assert folder.settings({"steps": 10}, lambda: pytest.fail("made anew")) == {
            "size": "tiny"
        }

    def test_not_with_something_else(self, path):
        begin(path)
        message = r"began with another steps \(10, not 20\).*delete .*training"
        with pytest.raises(Mistake, match=message):
            begin(path, steps=20)

    def test_a_folder_of_something_else(self, path):
        path.mkdir()
        (path / "thesis.doc").touch()
        with pytest.raises(Mistake, match="There is other files in"):
            TrainingFolder(path)

    def test_a_trained_model(self, path):
        path.mkdir()
        (path / "card.json").touch()
        with pytest.raises(Mistake, match="There is a trained model in"):
            TrainingFolder(path)

    def test_a_file(self, path):
        path.touch()
        with pytest.raises(Mistake, match=r"`--out` must be a folder.*is a file"):
            TrainingFolder(path)

    def test_no_way_to_write(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(Mistake, match="a folder that can be written to"):
            begin(tmp_path / "file" / "my_gpt")


def test_of_an_epoch_that_was_repeated_the_last_time_counts(path):
    begin(path)
    folder = TrainingFolder(path)
    folder.log.write_text("epoch,loss\n0,3.0\n1,2.5\n1,2.0\n2,1.5\n")
    assert [epoch["loss"] for epoch in folder.epochs()] == [3.0, 2.0, 1.5]


class TestFinish:
    @pytest.fixture
    def folder(self, path):
        begin(path)
        folder = TrainingFolder(path)
        (folder.model / "assets").mkdir(parents=True)
        (folder.model / "assets" / "vocabulary.txt").write_text("new")
        (folder.model / "card.json").write_text("{}")
        return folder

    def test_leaves_the_model_alone(self, folder, path):
        folder.finish()
        found = sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))
        assert found == ["assets", "assets/vocabulary.txt", "card.json"]

    def test_after_a_kill_in_the_middle(self, folder, path):
        (path / "assets").mkdir()
        (path / "assets" / "vocabulary.txt").write_text("old")
        (path / "card.json").write_text("old")
        TrainingFolder(path).finish()
        assert (path / "assets" / "vocabulary.txt").read_text() == "new"
        assert (path / "card.json").read_text() == "{}"


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]

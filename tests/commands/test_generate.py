import pytest

from course_lib import presets, samplers
from course_lib.commands import main
from course_lib.models import MiniGPTCausalLM
from tests.tiny_gpt import tiny_gpt


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_gpt(sequence_length=8).save_to_preset(str(folder))
    return str(folder)


@pytest.fixture
def written(folder, capsys):
    def written(*arguments):
        assert main(["generate", folder, "a film", *arguments]) == 0
        return capsys.readouterr().out

    return written


@pytest.fixture
def error(capsys):
    def error(*arguments):
        try:
            code = main(["generate", *arguments])
        except SystemExit as exit:
            code = exit.code
        assert code == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return error


@pytest.mark.parametrize(
    ("arguments", "sampler"),
    [
        ([], lambda: samplers.TopKSampler(k=10, seed=5)),
        (["--top-k", "3"], lambda: samplers.TopKSampler(k=3, seed=5)),
        (["--top-p", "0.8"], lambda: samplers.TopPSampler(p=0.8, seed=5)),
        (
            ["--top-p", "0.8", "--top-k", "4", "--temperature", "1.5"],
            lambda: samplers.TopPSampler(p=0.8, k=4, temperature=1.5, seed=5),
        ),
        (["--temperature", "0"], samplers.GreedySampler),
    ],
)
def test_writes_what_the_model_generates(folder, written, arguments, sampler):
    text = written("--seed", "5", "--max-length", "20", *arguments)
    gpt = MiniGPTCausalLM.from_preset(folder)
    gpt.compile(sampler=sampler())
    assert text == gpt.generate("a film", max_length=20) + "\n"


def test_a_preset_by_name(capsys):
    assert (
        main(["generate", "mini_gpt_imdb", "this movie is", "--max-length", "6"]) == 0
    )
    assert capsys.readouterr().out.startswith("this movie is ")


def test_unknown_words_are_named(folder, capsys):
    assert main(["generate", folder, "a wonderful film", "--max-length", "5"]) == 0
    assert capsys.readouterr().err == (
        "Warning: Not in the vocabulary, read as [UNK]: wonderful\n"
    )


class TestMistakes:
    def test_no_such_model(self, error):
        line = error("my_gpt", "once")
        assert line.startswith("generate: There is no folder my_gpt, and no preset")
        assert all(name in line for name in presets.names())

    def test_a_folder_without_a_model(self, error, tmp_path):
        assert "holds no model: there is no config.json" in error(str(tmp_path), "once")

    @pytest.mark.parametrize("name", ["config.json", "task.json", "model.weights.h5"])
    def test_a_damaged_model(self, error, folder, tmp_path, name):
        import shutil

        shutil.copytree(folder, tmp_path / "model")
        (tmp_path / "model" / name).write_bytes(b"{")
        assert "model cannot be loaded: " in error(str(tmp_path / "model"), "a film")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([""], "must hold at least one word"),
            (["a film", "--temperature", "-1"], "`temperature` must be"),
            (["a film", "--top-k", "0"], "`k` must be"),
            (["a film", "--top-p", "1.5"], "`p` must be in (0, 1]"),
            (["a film", "--max-length", "2"], "`max_length` counts the prompt too"),
            (["a film", "--max-length", "x"], "invalid int value: 'x'"),
            ([], "the following arguments are required: prompt"),
        ],
    )
    def test_arguments(self, error, folder, arguments, message):
        assert message in error(folder, *arguments)

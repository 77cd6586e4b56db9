"""The commands as a shell sees them."""

import subprocess
import sys

import pytest

from course_lib import commands
from course_lib.commands import main, recipes


def shell(*arguments, **options):
    command = [sys.executable, "-m", "course_lib", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "nothing.txt", "--out", "new"],
        ["generate", "nothing", "once"],
        ["generate", "mini_gpt_imdb", " "],
        ["dance"],
        [],
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path, arguments):
    result = shell(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_shows_the_table(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["train", "--help"])
    assert exit.value.code == 0
    assert recipes.__doc__.partition("\n")[2].strip() in capsys.readouterr().out


def test_help_is_quick():
    code = "import sys, course_lib.commands; print('keras' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


def test_ctrl_c(monkeypatch, capsys):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands.generate, "run", interrupt)
    assert main(["generate", "model", "once"]) == 130
    assert "Stopped" in capsys.readouterr().err


def test_faults_of_ours_are_not_hidden(monkeypatch):
    def fault(options):
        raise ZeroDivisionError

    monkeypatch.setattr(commands.generate, "run", fault)
    with pytest.raises(ZeroDivisionError):
        main(["generate", "model", "once"])


def test_a_reader_that_has_seen_enough():
    code = (
        "import sys; from course_lib.commands import main, generate\n"
        "def run(options):\n"
        "    for _ in range(100_000): print('once upon a time')\n"
        "generate.run = run; sys.exit(main(['generate', 'model', 'once']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0

import subprocess
import sys

MEANWHILE = """
import os, sys
from course_lib.commands.quiet import quiet

def write(word):
    print(word, "by Python", file=sys.stderr)
    os.write(2, f"{word} by compiled code\\n".encode())

write("before")
with quiet():
    write("meanwhile")
write("after")
with quiet():
    write("meanwhile")
    raise ZeroDivisionError
"""


def test_drops_what_is_written_meanwhile_and_lets_exceptions_pass():
    result = subprocess.run(
        [sys.executable, "-c", MEANWHILE], capture_output=True, text=True
    )
    lines = result.stderr.splitlines()
    assert lines[:4] == [
        "before by Python",
        "before by compiled code",
        "after by Python",
        "after by compiled code",
    ]
    assert lines[4].startswith("Traceback")
    assert lines[-1] == "ZeroDivisionError"
    assert "meanwhile by" not in result.stderr

"""`import course_lib` is cheap and reaches everything."""

import importlib
import importlib.metadata
import json
import pkgutil
import subprocess
import sys

import pytest

import course_lib

HEAVY = ("tensorflow", "keras", "keras_hub", "jax", "torch", "matplotlib", "numpy")


def modules_after(code):
    """The top-level modules that a fresh interpreter holds after `code`."""
    code += "; import json, sys; print(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_importing_it_imports_nothing_heavy():
    new = modules_after("import course_lib") - modules_after("pass")
    assert "course_lib" in new
    assert not new & set(HEAVY)
    assert not any(name.startswith("course_lib.") for name in new)


def test_a_submodule_loads_when_first_used():
    new = modules_after("import course_lib; course_lib.presets.path")
    assert "course_lib.presets" in new
    assert "keras" not in new


def test_every_submodule_is_listed_and_reachable():
    found = {module.name for module in pkgutil.iter_modules(course_lib.__path__)}
    found.remove("__main__")  # `python -m course_lib` runs it, nobody imports it
    assert found == set(course_lib.__all__) - {"__version__"}
    for name in found:
        module = getattr(course_lib, name)
        assert module is importlib.import_module(f"course_lib.{name}")
        assert set(getattr(module, "__all__", [])) <= set(dir(module))


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="'course_lib' has no attribute 'nothing'"):
        course_lib.nothing  # noqa: B018


def test_version():
    assert course_lib.__version__ == importlib.metadata.version("course_lib")

import copy
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest

from course_lib.profiles import PROFILES, Settings, pick, profile


def fake_backend(monkeypatch, name, has_gpu):
    modules = {
        "tensorflow": SimpleNamespace(
            config=SimpleNamespace(
                list_physical_devices=lambda kind: [kind] * (has_gpu and kind == "GPU")
            )
        ),
        "jax": SimpleNamespace(default_backend=lambda: "gpu" if has_gpu else "cpu"),
        "torch": SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: has_gpu)),
    }
    monkeypatch.setattr(keras.backend, "backend", lambda: name)
    if name in modules:
        monkeypatch.setitem(sys.modules, name, modules[name])


@pytest.mark.parametrize("name", PROFILES)
def test_the_environment_variable_chooses(monkeypatch, name):
    monkeypatch.setenv("COURSE_PROFILE", name)
    assert profile() == name


@pytest.mark.parametrize("value", [None, "", " "])
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize("has_gpu, expected", [(True, "full"), (False, "laptop")])
def test_without_it_a_gpu_decides(monkeypatch, value, backend, has_gpu, expected):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    if value is not None:
        monkeypatch.setenv("COURSE_PROFILE", value)
    fake_backend(monkeypatch, backend, has_gpu)
    assert profile() == expected


def test_a_backend_without_gpus_is_a_laptop(monkeypatch):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    fake_backend(monkeypatch, "openvino", has_gpu=False)
    assert profile() == "laptop"


def test_the_real_backend_answers(monkeypatch):
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    assert profile() in ("laptop", "full")


def test_unknown_profile(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "huge")
    with pytest.raises(ValueError, match=r"smoke, laptop, full.*COURSE_PROFILE=huge"):
        profile()


def test_an_explicit_profile_imports_no_backend():
    program = (
        "import os, sys; os.environ['COURSE_PROFILE'] = 'smoke'\n"
        "from course_lib.profiles import profile; print(profile())\n"
        "print({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == ["smoke", "set()"]


@pytest.mark.parametrize("name, epochs", [("smoke", 1), ("laptop", 3), ("full", 30)])
def test_pick_takes_the_current_profile(monkeypatch, name, epochs):
    monkeypatch.setenv("COURSE_PROFILE", name)
    settings = pick(
        smoke={"epochs": 1, "path": "a"},
        laptop={"epochs": 3, "path": "b"},
        full={"epochs": 30, "path": "c"},
    )
    assert settings.epochs == epochs
    assert list(vars(settings)) == ["epochs", "path"]


def test_pick_names_the_missing_settings():
    with pytest.raises(ValueError, match="`smoke` lacks width; `full` lacks epochs, p"):
        pick(
            smoke={"epochs": 1, "p": 0.9},
            laptop={"epochs": 3, "p": 0.9, "width": 8},
            full={"width": 256},
        )


def test_settings_show_one_a_line():
    settings = Settings(epochs=2, learning_rate=1e-3, name="a")
    assert repr(settings) == (
        "epochs        = 2\nlearning_rate = 0.001\nname          = 'a'"
    )


def test_settings_are_read_only():
    settings = Settings(epochs=2)
    with pytest.raises(AttributeError, match="read-only: `epochs`"):
        settings.epochs = 3
    with pytest.raises(AttributeError, match="read-only: `width`"):
        settings.width = 3
    with pytest.raises(AttributeError, match="read-only: `epochs`"):
        del settings.epochs
    assert settings == copy.copy(settings) == Settings(epochs=2)


def test_a_misspelt_setting_is_an_error():
    with pytest.raises(AttributeError, match="epochz"):
        _ = Settings(epochs=2).epochz

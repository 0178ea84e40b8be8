# SPDX-License-Identifier: BSD-3-Clause
"""The package as users get it: a wheel in a virtual environment of its own, without network, or a path. And its types.
TILEPROP_WHEEL is the wheel that tests/python.sh has built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SOURCE

PACKAGE = SOURCE / "tools/python"
PROGRAM = """
import numpy, os, tileprop
from tileprop import MLPClassifier
x = numpy.arange(40.).reshape(20, 2) / 40
y = x[:, 0] > 0.5
print(MLPClassifier(solver="lbfgs", random_state=0).fit(x, y).score(x, y))
print(os.path.dirname(tileprop.__file__))
print([line.split()[-1] for line in open("/proc/self/maps") if "libtileprop" in line][0])
"""


def run(python, directory, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "TILEPROP_LIBRARY", "LD_LIBRARY_PATH")}
    command = [python, "-c", PROGRAM]
    options = {"cwd": directory, "env": {**clean, **environment}, "capture_output": True, "text": True}
    result = subprocess.run(command, **options)
    return result.stdout.split("\n"), result.stderr


def test_the_wheel_works_alone(tmp_path):
    wheel = os.environ["TILEPROP_WHEEL"]
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", str(venv)], check=True)
    python = str(venv / "bin/python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-index", "--no-deps", wheel]
    subprocess.run(pip, check=True, cwd=tmp_path)
    (score, package, library, _), _ = run(python, tmp_path)
    assert score == "1.0" and package.startswith(str(venv))
    assert library == package + "/" + Path(library).name
    assert (Path(package) / "py.typed").exists()


def test_a_path_and_the_library_by_name(tmp_path):
    library = os.environ["TILEPROP_LIBRARY"]
    path = {"PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}
    (score, package, loaded, _), _ = run(sys.executable, tmp_path, TILEPROP_LIBRARY=library, **path)
    assert (score, package) == ("1.0", str(PACKAGE / "tileprop")) and os.path.samefile(loaded, library)
    (score, _, loaded, _), _ = run(sys.executable, tmp_path, LD_LIBRARY_PATH=str(Path(library).parent), **path)
    assert score == "1.0" and os.path.samefile(loaded, library)
    _, errors = run(sys.executable, tmp_path, TILEPROP_LIBRARY=str(tmp_path / "none.so"), **path)
    assert "none.so" in errors and "Set TILEPROP_LIBRARY to its path" in errors


def test_without_scikit_learn_the_library_is_there(tmp_path):
    program = "import sys; sys.modules['sklearn'] = None; import tileprop; print(tileprop.Model(2, [1], loss='mse'))"
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout == "<Model 2-1, loss mse>\n"


@pytest.mark.skipif(not shutil.which("mypy"), reason="mypy is not installed")
def test_types(tmp_path):
    user = tmp_path / "user.py"
    right, wrong = "digits: str = tileprop.Model(2, [1]).fingerprint", "number: int = tileprop.version()"
    user.write_text(f"import tileprop\n\n{right}\n{wrong}\n")
    command = ["mypy", "--config-file", str(PACKAGE / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    command += ["--no-error-summary", str(PACKAGE / "tileprop"), str(user)]
    environment = {**os.environ, "MYPYPATH": str(PACKAGE)}
    said = subprocess.run(command, capture_output=True, text=True, env=environment).stdout.splitlines()
    assert len(said) == 1 and "user.py:4: error" in said[0], said

# SPDX-License-Identifier: BSD-3-Clause
"""What the documentation shows is so: doctests, the page's blocks, and the defaults of scikit-learn."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest
import sklearn.neural_network
from conftest import SOURCE

import tileprop

PAGE = SOURCE / "tools/python/README.md"
MODULES = [module.name for module in pkgutil.iter_modules(tileprop.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    module = importlib.import_module(f"tileprop.{name}")
    assert doctest.testmod(module).failed == 0
    assert module.__doc__


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_blocks_of_the_page_run():
    text = PAGE.read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    assert len(blocks) >= 6
    names = {}
    for block in blocks:
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block.group(1), str(PAGE), "exec"), names)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_parameters_of_scikit_learn_are_there_with_its_defaults(name):
    theirs = inspect.signature(getattr(sklearn.neural_network, name)).parameters
    ours = inspect.signature(getattr(tileprop, name)).parameters
    missing = {key: p.default for key, p in theirs.items() if key not in ours or ours[key].default != p.default}
    assert not missing
    documented = re.findall(r"^    (\w+) : ", getattr(tileprop, name).__doc__, re.MULTILINE)
    assert documented == list(ours)


def public(owner):
    """Functions, methods and properties that users may call."""
    for name, value in vars(owner).items():
        if not name.startswith("_") and (callable(value) or isinstance(value, (property, classmethod))):
            yield name, value


def test_public_names_have_docstrings():
    for name in tileprop.__all__:
        value = getattr(tileprop, name)
        assert value.__doc__, name
        for member, function in public(value) if inspect.isclass(value) else []:
            assert function.__doc__, f"{name}.{member}"

# SPDX-License-Identifier: BSD-3-Clause
"""What the tests share. tests/python.sh sets PYTHONPATH and TILEPROP_LIBRARY."""

import threading
from pathlib import Path

import numpy as np
import pytest

SOURCE = Path(__file__).resolve().parents[2]


def in_parallel(function, arguments):
    """Calls the function on a thread for each of the arguments."""
    threads = [threading.Thread(target=function, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def recorded(monkeypatch):
    """recorded(name) calls the library's function as before, and returns a list of the arguments of its calls."""
    from tileprop._library import lib

    def record(name):
        function, calls = getattr(lib, name), []

        def call(*arguments):
            calls.append(arguments)
            return function(*arguments)

        monkeypatch.setattr(lib, name, call)
        return calls

    return record

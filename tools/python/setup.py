# SPDX-License-Identifier: BSD-3-Clause
"""The wheel fits every Python 3; of the machine only if the shared library lies beside the modules, where the CMake
target python_wheel puts it."""

import re
from pathlib import Path

from setuptools import Distribution, setup
from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).resolve().parent


def version() -> str:
    """The version, which the public header alone knows; the target copies it to VERSION."""
    copy = HERE / "VERSION"
    if copy.exists():
        return copy.read_text().strip()
    header = (HERE / "../../include/tileprop/tileprop.h").read_text()
    return ".".join(re.findall(r"^#define TP_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)$", header, re.MULTILINE))


class Binary(Distribution):
    """What is installed among files of this machine if there is a library."""

    def has_ext_modules(self) -> bool:
        return any((HERE / "tileprop").glob("libtileprop.so.*"))


class Wheel(bdist_wheel):
    """No extension module, so that any Python 3 will do."""

    def get_tag(self) -> "tuple[str, str, str]":
        return "py3", "none", super().get_tag()[2]


setup(version=version(), distclass=Binary, cmdclass={"bdist_wheel": Wheel})

# SPDX-License-Identifier: BSD-3-Clause
"""The types of the package are those of the header: the compiler says what these are."""

import ctypes
import os
import re
import subprocess

import pytest
from conftest import SOURCE

from tileprop import _library, _types

HEADER = (SOURCE / "include/tileprop/tileprop.h").read_text()
CODE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)


def fields(struct):
    """Names, types and offsets of the fields, those of an anonymous union as if they were the struct's."""
    for name, kind in struct._fields_:
        if name in getattr(struct, "_anonymous_", ()):
            yield from ((inner, type_, getattr(struct, name).offset) for inner, type_ in kind._fields_)
        else:
            yield name, kind, getattr(struct, name).offset


def expected():
    """What the C program has to print, by expressions of C."""
    table = {}
    for name, struct in _types.STRUCTS.items():
        table[f"sizeof({name})"] = ctypes.sizeof(struct)
        for field, kind, offset in fields(struct):
            table[f"offsetof({name}, {field})"] = offset
            table[f"sizeof((({name} *)0)->{field})"] = ctypes.sizeof(kind)
    for prefix, enum in _types.ENUMS.items():
        for member in enum:
            table[f"{prefix}_{member.name}"] = member.value
    return table


def test_structs_and_enums_are_those_of_the_header(tmp_path):
    table = expected()
    lines = [f'    printf("%lld\\n", (long long)({expression}));' for expression in table]
    program = ["#include <stdio.h>", '#include "tileprop/tileprop.h"', "int main(void) {", *lines, "}"]
    (tmp_path / "print.c").write_text("\n".join(program) + "\n")
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-I", str(SOURCE / "include"), "-o", str(tmp_path / "print"), str(tmp_path / "print.c")]
    subprocess.run(command, check=True)
    printed = subprocess.run([str(tmp_path / "print")], check=True, capture_output=True, text=True).stdout.split()
    assert dict(zip(table, map(int, printed))) == table
    assert len(printed) == len(table) > 250


@pytest.mark.parametrize("name", _types.STRUCTS)
def test_no_field_is_left_out(name):
    body = re.search(r"typedef struct %s \{(.*?)\n\} %s;" % (name, name), CODE, re.DOTALL).group(1)
    body = re.sub(r"\(\*(\w+)\)\([^)]*\)", r"\1", body)
    names = re.findall(r"(\w+)(?:\[\w+\])?;", re.sub(r"TP_EXTENSION union \{(.*?)\};", r"\1", body, flags=re.DOTALL))
    assert names == [field for field, _, _ in fields(_types.STRUCTS[name])]


@pytest.mark.parametrize("prefix", _types.ENUMS)
def test_no_constant_is_left_out(prefix):
    enum = _types.ENUMS[prefix]
    count = len(re.findall(rf"\b{prefix}_(?!COUNT)\w+\s*(?:=\s*\d+)?\s*(?:,|$|\n\}})", enum_body(prefix)))
    assert count == len(enum)


def enum_body(prefix):
    """The text of the enum whose first constant has this prefix."""
    bodies = re.findall(r"typedef enum tp_\w+ \{(.*?)\n\}", CODE, re.DOTALL)
    first = next(iter(_types.ENUMS[prefix])).name
    return next(body for body in bodies if re.match(rf"\s*{prefix}_{first}\b", body)) + "\n"


@pytest.mark.parametrize("name", ["activation", "loss", "init", "optimizer", "schedule", "monitor", "keep"])
def test_names_are_those_of_the_library(name):
    function = getattr(_library.lib, f"tp_{name}_name")
    enum = _types.ENUMS[f"TP_{name.upper()}"]
    assert [function(member).decode() for member in enum] == [member.name.lower() for member in enum]


def kind_of_c(parameter):
    """pointer, or the scalar type that a parameter has in the library's binary interface."""
    if "*" in parameter or "[" in parameter:
        return "pointer"
    word = parameter.replace("const ", "").split()[0]
    return word if word in ("size_t", "float", "double", "uint64_t", "void") else "int"


def kind_of_python(kind):
    scalars = {
        ctypes.c_size_t: "size_t",
        ctypes.c_float: "float",
        ctypes.c_uint64: "uint64_t",
        ctypes.c_int: "int",
        None: "void",
    }
    if kind is ctypes.c_size_t:  # the same type as c_uint64 here
        return ("size_t", "uint64_t")
    return (scalars.get(kind, "pointer"),)


@pytest.mark.parametrize("name", _library._FUNCTIONS)
def test_functions_are_those_of_the_header(name):
    result, parameters = re.search(rf"TP_API ([^;(]*?)\b{name}\(([^;]*)\);", CODE).groups()
    wanted = [kind_of_c(result)] + [kind_of_c(p.strip()) for p in parameters.split(",")]
    returned, arguments = _library._FUNCTIONS[name]
    given = [kind_of_python(kind) for kind in [returned, *arguments]]
    assert len(given) == len(wanted)
    assert all(w in g for w, g in zip(wanted, given)), (wanted, given)


def test_version():
    numbers = re.findall(r"#define TP_VERSION_(?:MAJOR|MINOR) (\d+)", HEADER)
    assert _library.VERSION == ".".join(numbers)
    assert _library.version().startswith(_library.VERSION + ".")

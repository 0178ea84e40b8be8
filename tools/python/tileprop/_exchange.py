# SPDX-License-Identifier: BSD-3-Clause
"""Files of other programs."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from typing import Any, Union

from . import _types as t
from ._library import Handle, encode_path, lib
from .context import Context

Path = Union[str, "os.PathLike[str]"]
_READ = {".safetensors": "torch", ".onnx": "onnx"}  # endings of names of files, and the formats that these have
_WRITTEN = {**_READ, ".h": "c", ".c": "c"}


def _format_of(path: Path, format: str | None, endings: dict[str, str]) -> str:
    """The format, or that of the ending."""
    if format is None:
        ending = os.path.splitext(os.fspath(path))[1]
        if ending not in endings:
            raise ValueError(f"{os.fspath(path)} has none of the endings {', '.join(endings)}; format must be given")
        return endings[ending]
    if format not in endings.values():
        raise ValueError(f"format is {format!r}; it must be one of {', '.join(dict.fromkeys(endings.values()))}")
    return format


def _strings(names: Iterable[str | None]) -> Any:
    encoded = [None if name is None else name.encode() for name in names]
    return (ctypes.c_char_p * len(encoded))(*encoded)


def options(pattern: str | None, weights: Iterable[str], biases: Iterable[str | None] | None) -> t.ExchangeOptions:
    """Names of tensors. The struct keeps what it points to."""
    struct = t.ExchangeOptions()
    lib.tp_exchange_options_init(struct, ctypes.sizeof(struct))
    struct.pattern = None if pattern is None else pattern.encode()
    names = _strings(weights)
    struct.name_count, struct.weights = len(names), names if len(names) else None
    if biases is not None:
        others = _strings(biases)
        if len(others) != len(names):
            raise ValueError(f"biases has {len(others)} names; it must have {len(names)}, as weights")
        struct.biases = others
    return struct


def read(context: Context, path: Path, format: str | None, options: t.ExchangeOptions) -> ctypes.c_void_p:
    """A model of the library from a file."""
    format = _format_of(path, format, _READ)
    named = options.pattern is not None or options.name_count
    if format == "onnx" and (named or options.activation_count or options.slope or options.like):
        raise ValueError("the format onnx takes loss alone; the file says everything else")
    pointer = ctypes.c_void_p()
    function = getattr(lib, "tp_model_import_" + format)
    context.check(function(context.pointer, encode_path(path), options, pointer))
    return pointer


def written_format(path: Path, format: str | None) -> str:
    """The format, or that which the ending of a file to be written has."""
    return _format_of(path, format, _WRITTEN)


def write(context: Context, model: int, path: Path, format: str, options: t.ExchangeOptions) -> None:
    """A file of a model of the library."""
    if format != "torch" and (options.pattern is not None or options.name_count):
        raise ValueError(f"the format {format} has no names of tensors to choose")
    if format != "c" and options.name is not None:
        raise ValueError(f"the format {format} has no name of a function")
    pointer = ctypes.c_void_p()
    context.check(lib.tp_output_create(context.pointer, encode_path(path), pointer))
    output = Handle(pointer.value or 0, lib.tp_output_destroy, context)
    if format == "onnx":
        context.check(lib.tp_model_export_onnx(model, output.pointer))
    else:
        context.check(getattr(lib, "tp_model_export_" + format)(model, output.pointer, options))

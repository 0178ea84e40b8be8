# SPDX-License-Identifier: BSD-3-Clause
"""The shared library and the types of its functions. A call releases Python's lock."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import weakref
from ctypes import POINTER, c_char_p, c_float, c_int, c_size_t, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Callable

from . import _types as t

VERSION = "0.2"  # the header that _types mirrors
_NAME = f"libtileprop.so.{VERSION}"


def _candidates() -> list[str]:
    """Where the library may be, in the order in which it is looked for."""
    chosen = os.environ.get("TILEPROP_LIBRARY")
    if chosen:
        return [chosen]
    beside = Path(__file__).parent / _NAME
    found = ctypes.util.find_library("tileprop")
    return [path for path in (str(beside) if beside.exists() else None, _NAME, found) if path]


def _load() -> ctypes.CDLL:
    reasons = []
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            reasons.append(str(error))
            continue
        library.tp_version.restype = c_char_p
        version = library.tp_version().decode()
        if version.startswith(VERSION + "."):
            return library
        reasons.append(f"{path} is version {version}; this package needs {VERSION}")
    raise ImportError(f"{_NAME} was not found ({'; '.join(reasons)}). Set TILEPROP_LIBRARY to its path.")


_handle = c_void_p
_array = c_void_p
_out = POINTER(c_void_p)
_size_out = POINTER(c_size_t)
_text = c_char_p
_score = POINTER(t.ScoreStruct)

# Result and arguments of each function that the package calls.
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "tp_status_text": (_text, [c_int]),
    "tp_context_options_init": (None, [POINTER(t.ContextOptions), c_size_t]),
    "tp_context_create": (c_int, [POINTER(t.ContextOptions), _out]),
    "tp_context_destroy": (None, [_handle]),
    "tp_context_isa": (_text, [_handle]),
    "tp_context_threads": (c_int, [_handle]),
    "tp_context_set_threads": (c_int, [_handle, c_int]),
    "tp_context_message": (c_size_t, [_handle, c_char_p, c_size_t]),
    "tp_context_machine": (POINTER(t.MachineStruct), [_handle]),
    "tp_sgemm": (
        c_int,
        [_handle, c_int, c_int, c_size_t, c_size_t, c_size_t, c_float, _array, c_size_t, _array, c_size_t, c_float]
        + [_array, c_size_t, _array, c_size_t],
    ),
    "tp_precision_name": (_text, [c_int]),
    "tp_activation_name": (_text, [c_int]),
    "tp_loss_name": (_text, [c_int]),
    "tp_init_name": (_text, [c_int]),
    "tp_optimizer_name": (_text, [c_int]),
    "tp_schedule_name": (_text, [c_int]),
    "tp_monitor_name": (_text, [c_int]),
    "tp_keep_name": (_text, [c_int]),
    "tp_model_options_init": (None, [POINTER(t.ModelOptions), c_size_t, c_size_t]),
    "tp_model_create": (c_int, [_handle, POINTER(t.ModelOptions), _out]),
    "tp_model_destroy": (None, [_handle]),
    "tp_model_get_options": (c_int, [_handle, POINTER(t.ModelOptions), c_size_t]),
    "tp_model_layer": (POINTER(t.LayerStruct), [_handle, c_size_t]),
    "tp_model_parameter_count": (c_size_t, [_handle]),
    "tp_model_layer_offsets": (c_int, [_handle, c_size_t, _size_out, _size_out]),
    "tp_model_get_parameters": (c_int, [_handle, _array, c_size_t]),
    "tp_model_set_parameters": (c_int, [_handle, _array, c_size_t]),
    "tp_model_save": (c_int, [_handle, _text]),
    "tp_model_load": (c_int, [_handle, _text, _out]),
    "tp_model_write": (c_int, [_handle, _array, c_size_t, _size_out]),
    "tp_model_read": (c_int, [_handle, _array, c_size_t, _out]),
    "tp_model_set_note": (c_int, [_handle, _text, _text]),
    "tp_model_note": (_text, [_handle, _text]),
    "tp_model_note_name": (_text, [_handle, c_size_t]),
    "tp_model_fingerprint": (c_int, [_handle, c_char_p]),
    "tp_output_create": (c_int, [_handle, _text, _out]),
    "tp_output_destroy": (None, [_handle]),
    "tp_exchange_options_init": (None, [POINTER(t.ExchangeOptions), c_size_t]),
    "tp_model_export_torch": (c_int, [_handle, _handle, POINTER(t.ExchangeOptions)]),
    "tp_model_import_torch": (c_int, [_handle, _text, POINTER(t.ExchangeOptions), _out]),
    "tp_model_export_c": (c_int, [_handle, _handle, POINTER(t.ExchangeOptions)]),
    "tp_model_export_onnx": (c_int, [_handle, _handle]),
    "tp_model_import_onnx": (c_int, [_handle, _text, POINTER(t.ExchangeOptions), _out]),
    "tp_workspace_options_init": (None, [POINTER(t.WorkspaceOptions), c_size_t]),
    "tp_workspace_create": (c_int, [_handle, POINTER(t.WorkspaceOptions), _array, c_size_t, _out]),
    "tp_workspace_destroy": (None, [_handle]),
    "tp_workspace_set_dropout": (c_int, [_handle, c_uint64, c_uint64]),
    "tp_forward": (c_int, [_handle, _handle, c_size_t, _array, c_size_t, _array, c_size_t]),
    "tp_loss_value": (c_int, [_handle, _handle, POINTER(t.Targets), _score]),
    "tp_backward": (c_int, [_handle, _handle, POINTER(t.Targets), _array, _array, c_size_t, _score]),
    "tp_backward_accumulate": (c_int, [_handle, _handle, POINTER(t.Targets), _array, _array, c_size_t, _score]),
    "tp_backward_from": (c_int, [_handle, _handle, _array, c_size_t, _array, _array, c_size_t]),
    "tp_jacobian": (c_int, [_handle, _handle, c_size_t, _array, c_size_t, _array, c_size_t, _array]),
    "tp_jvp": (
        c_int,
        [_handle, _handle, c_size_t, _array, c_size_t, _array, c_size_t, _array, c_size_t, _array, c_size_t],
    ),
    "tp_predictor_options_init": (None, [POINTER(t.PredictorOptions), c_size_t]),
    "tp_predictor_create": (c_int, [_handle, _handle, POINTER(t.PredictorOptions), _out]),
    "tp_predictor_destroy": (None, [_handle]),
    "tp_predictor_workspace_create": (c_int, [_handle, POINTER(t.WorkspaceOptions), _array, c_size_t, _out]),
    "tp_predictor_run": (c_int, [_handle, _handle, c_size_t, _array, c_size_t, _array, c_size_t]),
    "tp_predictor_predict": (c_int, [_handle, _handle, POINTER(t.Data), POINTER(t.Outputs)]),
    "tp_optimizer_options_init": (None, [POINTER(t.OptimizerOptions), c_size_t]),
    "tp_optimizer_create": (c_int, [_handle, POINTER(t.OptimizerOptions), _array, c_size_t, _out]),
    "tp_optimizer_destroy": (None, [_handle]),
    "tp_optimizer_step": (c_int, [_handle, _handle, _array]),
    "tp_optimizer_set_learning_rate": (c_int, [_handle, c_float]),
    "tp_optimizer_learning_rate": (c_float, [_handle, c_uint64]),
    "tp_optimizer_state_count": (c_size_t, [_handle]),
    "tp_optimizer_get_state": (c_int, [_handle, c_size_t, _array, c_size_t]),
    "tp_optimizer_set_state": (c_int, [_handle, c_size_t, _array, c_size_t]),
    "tp_optimizer_steps": (c_uint64, [_handle]),
    "tp_optimizer_set_steps": (c_int, [_handle, c_uint64]),
    "tp_train_step": (
        c_int,
        [_handle, _handle, _handle, c_size_t, _array, c_size_t, POINTER(t.Targets), _score],
    ),
    "tp_train_options_init": (None, [POINTER(t.TrainOptions), c_size_t, c_size_t]),
    "tp_trainer_create": (
        c_int,
        [_handle, POINTER(t.Data), POINTER(t.TrainOptions), _array, c_size_t, _out],
    ),
    "tp_trainer_destroy": (None, [_handle]),
    "tp_trainer_run": (c_int, [_handle]),
    "tp_trainer_isa": (_text, [_handle]),
    "tp_trainer_threads": (c_int, [_handle]),
    "tp_trainer_epochs": (c_size_t, [_handle]),
    "tp_trainer_steps": (c_uint64, [_handle]),
    "tp_trainer_best_epoch": (c_size_t, [_handle]),
    "tp_trainer_save": (c_int, [_handle, _text]),
    "tp_trainer_resume": (c_int, [_handle, _text]),
    "tp_trainer_phases": (POINTER(t.PhasesStruct), [_handle]),
    "tp_evaluate": (c_int, [_handle, _handle, POINTER(t.Data), _score, _array]),
    "tp_predict": (c_int, [_handle, _handle, POINTER(t.Data), POINTER(t.Outputs)]),
}


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name, None)
        if function is None:
            raise ImportError(f"{library._name} has no {name}: it is older than this package")
        function.restype = result
        function.argtypes = arguments
    return library


lib = _declare(_load())


def version() -> str:
    """The version of the library that was loaded."""
    return str(lib.tp_version().decode())


def encode_path(path: str | os.PathLike[str]) -> bytes:
    """The name of a file as the library takes it, which ends at the first null byte."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError(f"path {path!r} has a null byte")
    return encoded


class Handle:
    """An object of the library, which is destroyed with this one. What it was made from, and memory that it uses, are
    its parents: they live until then, and at the end of the program it goes first."""

    def __init__(self, pointer: int, destroy: Callable[[int], None], *parents: object) -> None:
        self.pointer = pointer
        self._finalizer = weakref.finalize(self, _destroy, destroy, pointer, parents)


def _destroy(destroy: Callable[[int], None], pointer: int, _parents: tuple[object, ...]) -> None:
    destroy(pointer)

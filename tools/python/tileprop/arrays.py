# SPDX-License-Identifier: BSD-3-Clause
"""Arrays of the caller: what is used in place, and what has to be converted first."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _types as t

Array = npt.NDArray[Any]


def as_array(value: Any) -> Array:
    """A numpy array that shares memory with value where it can: numpy arrays, torch tensors on the CPU, and what has
    the buffer protocol or DLPack.

    >>> buffer = bytearray(b"abc")
    >>> as_array(buffer)[0] = 65
    >>> buffer
    bytearray(b'Abc')
    """
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    try:
        return np.asarray(memoryview(value))
    except TypeError:
        return np.asarray(value)


def address(array: Array) -> int:
    """Where its first element is."""
    return int(array.__array_interface__["data"][0])


def optional(array: Array | None) -> int | None:
    """Its address, or NULL."""
    return None if array is None else address(array)


def vector(value: Any, dtype: npt.DTypeLike, count: int | None, name: str) -> Array:
    """A contiguous array of one dimension; a copy only if value is something else."""
    array = np.ascontiguousarray(as_array(value), dtype=dtype)
    if array.ndim != 1 or (count is not None and len(array) != count):
        raise ValueError(f"{name} has shape {array.shape}; it must be ({'n' if count is None else count},)")
    return array


def is_classes(y: Array, regression: bool) -> bool:
    """Whether these targets are classes: integers, one for each sample, of a loss that is not one of numbers."""
    return y.ndim == 1 and y.dtype.kind in "iub" and not regression


def classes_of(y: Array) -> Array:
    """Classes as the library takes them; a copy only if they are not int32."""
    for limit in (y.min(), y.max()) if y.dtype.itemsize > 3 and len(y) else ():
        if not 0 <= int(limit) < 2**31:
            raise ValueError(f"y contains {limit}; classes are at least 0 and less than 2^31")
    return np.ascontiguousarray(y, dtype=np.int32)


def _row_distance(array: Array) -> int | None:
    """Elements from row to row; None if the rows are not what the library takes."""
    rows, columns = array.shape
    if rows <= 1 and array.flags.c_contiguous:
        return max(columns, 1)
    distance, rest = divmod(array.strides[0], array.itemsize)
    if rest or distance < max(columns, 1) or (columns > 1 and array.strides[1] != array.itemsize):
        return None
    return distance


def matrix(value: Any, columns: int | None, name: str, rows: int | None = None) -> tuple[Array, int]:
    """Rows of floats and the distance between them. A copy only if the elements are not float32 or the elements of a
    row are not beside each other."""
    array = as_array(value)
    if array.dtype != np.float32:
        array = np.ascontiguousarray(array, dtype=np.float32)
    _check_shape(array, rows, columns, name)
    distance = _row_distance(array)
    if distance is None:
        array = np.ascontiguousarray(array)
        distance = max(array.shape[1], 1)
    return array, distance


def output(value: Any, rows: int, columns: int, name: str) -> tuple[Array, int]:
    """A matrix that the library writes: a new one if value is None, else value itself, never a copy."""
    if value is None:
        return np.empty((rows, columns), dtype=np.float32), max(columns, 1)
    array = as_array(value)
    _check_shape(array, rows, columns, name)
    distance = _row_distance(array)
    if array.dtype != np.float32 or distance is None or not array.flags.writeable:
        raise ValueError(f"{name} must be writeable float32 with the elements of a row beside each other")
    return array, distance


def _check_shape(array: Array, rows: int | None, columns: int | None, name: str) -> None:
    wrong = array.ndim != 2 or (columns is not None and array.shape[1] != columns)
    if wrong or (rows is not None and array.shape[0] != rows):
        want = f"({'n' if rows is None else rows}, {'n' if columns is None else columns})"
        raise ValueError(f"{name} has shape {array.shape}; it must be {want}")


def _strided(array: Array) -> tuple[Array, int, int]:
    """Strides in elements, 0 and 0 for contiguous rows; a copy only if the library cannot walk over the array."""
    if array.flags.c_contiguous:
        return array, 0, 0
    steps = [divmod(stride, array.itemsize) for stride in array.strides]
    if any(rest or step < 0 for step, rest in steps) or not any(step for step, _ in steps):
        return np.ascontiguousarray(array), 0, 0
    return array, steps[0][0], steps[1][0]


class DataSet:
    """Samples and targets as tp_data, together with the arrays that it points to.

    x : (samples, features), uint8, float32 or float64, any strides; other types become float32
    y : None, (samples,) of integers (classes, unless regression says that they are numbers), or (samples, outputs) of
        numbers
    weights : None or (samples,); rows : None or the numbers of the samples that the set consists of
    """

    _INPUTS = {np.dtype(np.uint8): "bytes", np.dtype(np.float32): "floats", np.dtype(np.float64): "doubles"}

    def __init__(self, x: Any, y: Any = None, weights: Any = None, rows: Any = None, regression: bool = False) -> None:
        self.struct = t.Data()
        self.x = self._inputs(as_array(x))
        self.y = None if y is None else self._targets(as_array(y), regression)
        self.weights = None if weights is None else vector(weights, np.float32, len(self.x), "weights")
        self.rows = None if rows is None else vector(rows, np.uint32, None, "rows")
        self.struct.samples = len(self.x) if self.rows is None else len(self.rows)
        self.struct.weights = optional(self.weights)
        self.struct.rows = optional(self.rows)
        if self.rows is not None and len(self.rows) and int(self.rows.max()) >= len(self.x):
            raise ValueError(f"rows contains {self.rows.max()}; x has {len(self.x)} samples")

    def _inputs(self, x: Array) -> Array:
        _check_shape(x, None, None, "x")
        if x.dtype not in self._INPUTS:
            x = x.astype(np.float32)
        x, self.struct.sample_stride, self.struct.value_stride = _strided(x)
        self.struct.features = x.shape[1]
        setattr(self.struct, self._INPUTS[x.dtype], address(x))
        return x

    def _targets(self, y: Array, regression: bool) -> Array:
        if len(y) != len(self.x):
            raise ValueError(f"y has {len(y)} samples; x has {len(self.x)}")
        if is_classes(y, regression):
            y = classes_of(y)
            self.struct.classes = address(y)
            self.struct.outputs = int(y.max()) + 1 if len(y) else 0
            return y
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        y = y if y.dtype in (np.float32, np.float64) else y.astype(np.float32)
        y, self.struct.target_sample_stride, self.struct.target_stride = _strided(y)
        self.struct.outputs = y.shape[1]
        setattr(self.struct, "values" if y.dtype == np.float32 else "double_values", address(y))
        return y

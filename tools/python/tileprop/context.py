# SPDX-License-Identifier: BSD-3-Clause
"""The machine: instruction set, threads and messages; and the matrix product."""

from __future__ import annotations

import ctypes
import functools
import logging
import threading
from dataclasses import dataclass, fields
from typing import Any


from . import _types as t
from ._library import Handle, lib
from .arrays import Array, address, as_array, matrix, output
from .errors import make_error

_log = logging.getLogger("tileprop")
_last = threading.local()


def _receive(_user: object, status: int, message: bytes) -> None:
    """Keeps an error for the thread on which it happens; notes go to the logger "tileprop"."""
    text = message.decode()
    if status == t.Status.OK:
        _log.info(text)
    else:
        _last.message = text


_message_fn = t.MessageFn(_receive)


@dataclass(frozen=True)
class Machine:
    """Facts about the machine, for logs and bug reports; fields as in tp_machine."""

    vendor: str
    features: str
    l1d: int
    l2: int
    l3: int
    processors: int
    isa: str
    tile_rows: int
    tile_columns: int
    mc: int
    kc: int
    nc: int
    usable: str
    sleef: str
    threading: str
    quota: int
    floating_point: str
    bf16: str


class Context(Handle):
    """Instruction set and number of threads.

    isa : name such as "scalar" or "avx2"; None: the environment variable TILEPROP_ISA, else the best of the machine
    threads : the most threads that a call uses; 0: as many as OpenMP would use

    >>> Context(threads=1).threads
    1
    """

    def __init__(self, isa: str | None = None, threads: int = 0) -> None:
        options = t.ContextOptions()
        lib.tp_context_options_init(options, ctypes.sizeof(options))
        options.isa = None if isa is None else isa.encode()
        options.threads = threads
        options.message = _message_fn
        pointer = ctypes.c_void_p()
        self.check(lib.tp_context_create(options, pointer))
        super().__init__(pointer.value or 0, lib.tp_context_destroy)

    @staticmethod
    def check(status: int) -> None:
        """Raises the error of a status other than OK."""
        if status:
            text = getattr(_last, "message", None) or lib.tp_status_text(status).decode()
            _last.message = None
            raise make_error(status, text)

    @property
    def isa(self) -> str:
        """Name of the instruction set in use."""
        return str(lib.tp_context_isa(self.pointer).decode())

    @property
    def threads(self) -> int:
        """The most threads that a call uses. It may be set, while no other call uses the context."""
        return int(lib.tp_context_threads(self.pointer))

    @threads.setter
    def threads(self, threads: int) -> None:
        self.check(lib.tp_context_set_threads(self.pointer, threads))

    @property
    def machine(self) -> Machine:
        """Facts about the machine."""
        struct = lib.tp_context_machine(self.pointer).contents
        values = {field.name: getattr(struct, field.name) for field in fields(Machine)}
        return Machine(**{name: v.decode() if isinstance(v, bytes) else v for name, v in values.items()})

    def __repr__(self) -> str:
        return f"Context(isa={self.isa!r}, threads={self.threads})"


@functools.lru_cache(maxsize=None)
def default_context(threads: int = 0) -> Context:
    """The context of this process for objects that are made without one."""
    return Context(threads=threads)


def sgemm(
    a: Any,
    b: Any,
    c: Any = None,
    *,
    alpha: float = 1.0,
    beta: float = 0.0,
    transpose_a: bool = False,
    transpose_b: bool = False,
    context: Context | None = None,
) -> Array:
    """alpha op(a) op(b) + beta c in float32, with the same bits on every machine.

    a : (m, k), or (k, m) with transpose_a; b : (k, n), or (n, k) with transpose_b
    c : (m, n), which is written and returned; None: a new array. Transposed views (a.T) are not copied.

    >>> import numpy as np
    >>> sgemm(np.eye(2, dtype=np.float32), np.float32([[1, 2], [3, 4]]))
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    context = context or default_context()
    if c is None and beta:
        raise ValueError("beta needs c")
    a, lda, transpose_a = _operand(a, transpose_a, "a")
    b, ldb, transpose_b = _operand(b, transpose_b, "b")
    m, k = a.shape[::-1] if transpose_a else a.shape
    rows, n = b.shape[::-1] if transpose_b else b.shape
    if rows != k:
        raise ValueError(f"op(a) is {m} x {k} and op(b) is {rows} x {n}")
    result, ldc = output(c, m, n, "c")
    arguments = (alpha, address(a), lda, address(b), ldb, beta, address(result), ldc, None, 0)
    context.check(lib.tp_sgemm(context.pointer, transpose_a, transpose_b, m, n, k, *arguments))
    return result


def _operand(value: Any, transpose: bool, name: str) -> tuple[Array, int, bool]:
    """A matrix that has its rows in memory, and whether the product uses its transpose."""
    array = as_array(value)
    if array.ndim == 2 and array.flags.f_contiguous and not array.flags.c_contiguous:
        array, transpose = array.T, not transpose
    array, distance = matrix(array, None, name)
    return array, distance, transpose

# SPDX-License-Identifier: BSD-3-Clause
"""Exceptions: one class for each status of the library, with the library's message."""

from __future__ import annotations

from ._types import Status


class TilepropError(Exception):
    """What the library refuses or cannot do. The text is the library's message.

    >>> from tileprop import ArgumentError, Model
    >>> try:
    ...     Model(4, [0])
    ... except ArgumentError as error:
    ...     print(error)
    layer 0: width is 0; it must be at least 1
    """

    status = Status.OK


class ArgumentError(TilepropError, ValueError):
    """An argument is out of range or contradicts another."""

    status = Status.ERR_ARGUMENT


class OutOfMemoryError(TilepropError, MemoryError):
    """Memory could not be allocated."""

    status = Status.ERR_MEMORY


class UnsupportedError(TilepropError, NotImplementedError):
    """This machine or this build cannot do what was asked."""

    status = Status.ERR_UNSUPPORTED


class FileError(TilepropError, OSError):
    """A file could not be opened, read, written or renamed."""

    status = Status.ERR_IO


class MissingError(TilepropError, FileNotFoundError):
    """A data set has no files for the requested split."""

    status = Status.ERR_MISSING


class FormatError(TilepropError, ValueError):
    """A file or a buffer was read, but its contents are not valid."""

    status = Status.ERR_FORMAT


class NonfiniteError(TilepropError, ArithmeticError):
    """A loss or a parameter is NaN or infinite."""

    status = Status.ERR_NONFINITE


class StoppedError(TilepropError):
    """A callback asked to stop; everything is consistent up to the last step."""

    status = Status.ERR_STOPPED


_CLASSES: dict[int, type[TilepropError]] = {
    kind.status: kind
    for kind in (
        ArgumentError,
        OutOfMemoryError,
        UnsupportedError,
        FileError,
        MissingError,
        FormatError,
        NonfiniteError,
        StoppedError,
    )
}


def make_error(status: int, message: str) -> TilepropError:
    """The exception for a status other than OK."""
    return _CLASSES.get(status, TilepropError)(message)

# SPDX-License-Identifier: BSD-3-Clause
"""Notes of models."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

from ._library import lib

if TYPE_CHECKING:
    from .model import Model


class Notes(MutableMapping[str, str]):
    """Texts by names "note.<name>", which a model's file keeps."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def __getitem__(self, name: str) -> str:
        text = lib.tp_model_note(self._model.pointer, name.encode())
        if text is None:
            raise KeyError(name)
        return str(text.decode())

    def __setitem__(self, name: str, text: str | None) -> None:
        if "\0" in f"{name}{text}":
            raise ValueError(f"the note {name!r} has a null byte")
        encoded = None if text is None else text.encode()
        self._model.context.check(lib.tp_model_set_note(self._model.pointer, name.encode(), encoded))

    def __delitem__(self, name: str) -> None:
        self[name]  # raises KeyError
        self[name] = None

    def _names(self) -> list[str]:
        names: list[str] = []
        while (name := lib.tp_model_note_name(self._model.pointer, len(names))) is not None:
            names.append(name.decode())
        return names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

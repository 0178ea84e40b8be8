# SPDX-License-Identifier: BSD-3-Clause
"""How the estimators predict: with the library's model, as long as it has the parameters that the user sees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from ._checks import DTYPES, validate_data
from ._network import Network
from .arrays import Array
from .model import Model


class Prediction:
    """Of an estimator that has coefs_ and intercepts_."""

    coefs_: list[Array]
    intercepts_: list[Array]

    def _make_network(self, inputs: int, widths: list[int], seed: int = 1) -> Network:
        raise NotImplementedError

    def _outputs(self, X: Any) -> Array:
        """Outputs, (samples, n_outputs_). For finite arrays of the right shape scikit-learn's checks, which take longer
        than one prediction, are left out."""
        state = self.__dict__
        network = state.get("_network")
        if (
            network is not None
            and type(X) is np.ndarray
            and X.dtype.char in "fd"
            and X.ndim == 2
            and X.shape[1] == network.model.inputs
            and X.flags.c_contiguous
            and X.size
            and "feature_names_in_" not in state
            and network.has_published(self.coefs_, self.intercepts_)
        ):
            flat = X.ravel()
            if math.isfinite(flat.dot(flat)):
                return network.outputs(X)
        check_is_fitted(self)
        return self._checked_outputs(validate_data(self, X, accept_sparse=["csr", "csc"], dtype=DTYPES, reset=False))

    def _checked_outputs(self, X: Any) -> Array:
        network = self._current_network()
        if not issparse(X):
            return network.outputs(X)
        X = X.tocsr()
        parts = [network.outputs(X[i : i + 1024].toarray()) for i in range(0, X.shape[0], 1024)]
        return np.concatenate(parts)

    def _current_network(self) -> Network:
        """The network with the parameters that coefs_ and intercepts_ have now: a new one after unpickling, and if the
        user has assigned others."""
        network: Network | None = self.__dict__.get("_network")
        if network is not None and network.has_published(self.coefs_, self.intercepts_):
            return network
        network = self._make_network(len(self.coefs_[0]), [coef.shape[1] for coef in self.coefs_[:-1]])
        network.set_parameters(self.coefs_, self.intercepts_)
        dtype = np.result_type(*self.coefs_, *self.intercepts_)
        self.coefs_, self.intercepts_ = network.publish(network.model.get_parameters(), dtype)
        self._network = network
        return network

    @property
    def model_(self) -> Model:
        """The library's model, to save it or to predict with it. It must not be changed."""
        check_is_fitted(self)
        return self._current_network().model

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())  # type: ignore[misc]
        state.pop("_network", None)
        return state

# SPDX-License-Identifier: Apache-2.0
"""The integer reference model: networks of integers, run exactly, with numpy alone."""

from ref_model.integer.bounds import accumulator_range, check_accumulators
from ref_model.integer.compare import (
    Difference,
    first_difference,
    first_difference_of,
    network_difference,
)
from ref_model.integer.execute import Evaluation, evaluate, predict, run_network
from ref_model.integer.network import INPUT, IntegerLayer, IntegerNetwork, NetworkError
from ref_model.integer.storage import (
    Accuracy,
    NetworkFormatError,
    StoredNetwork,
    load_network,
    load_stored,
    save_network,
)

__all__ = [
    "INPUT",
    "Accuracy",
    "Difference",
    "Evaluation",
    "IntegerLayer",
    "IntegerNetwork",
    "NetworkError",
    "NetworkFormatError",
    "StoredNetwork",
    "accumulator_range",
    "check_accumulators",
    "evaluate",
    "first_difference",
    "first_difference_of",
    "load_network",
    "load_stored",
    "network_difference",
    "predict",
    "run_network",
    "save_network",
]

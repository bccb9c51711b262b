# SPDX-License-Identifier: Apache-2.0
"""Parameter sets of the core that the lint runs over; docs/integration.md has a table of them."""

from __future__ import annotations

from collections.abc import Mapping

LINTED: tuple[Mapping[str, int], ...] = (
    {},
    *(
        {"PIN": pin, "POUT": pout, "PARAM_W": min(128, 4 * pin * pout)}
        for pin in (4, 8, 16)
        for pout in (4, 8, 16)
    ),
    {"PARAM_W": 32, "DATA_W": 16},
    {"PARAM_W": 64, "DATA_W": 32},
    {"PARAM_W": 256, "DATA_W": 128},
    {"FEATURE_DEPTH": 1000, "WEIGHT_DEPTH": 64, "MAX_POOL_WIDTH": 16},
    {"FEATURE_DEPTH": 131072, "WEIGHT_DEPTH": 4096, "MAX_POOL_WIDTH": 1024},
    {"ACC_W": 18},
    {"MULTIPLIER": 1},
    {"MULTIPLIER": 2},
    {"MULTIPLIER": 3},
    {"MULTIPLIER": 4},
    {"PIN": 4, "POUT": 4, "PARAM_W": 64, "MULTIPLIER": 2},
    {"DEPTHWISE_PIXELS": 2},
    {"PIN": 8, "POUT": 16, "DEPTHWISE_PIXELS": 2},
)
"""Default, every array, every width of the streams, small and large memories, every multiplier,
both depthwise stages."""

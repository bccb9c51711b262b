# SPDX-License-Identifier: Apache-2.0
"""The examples in the docstrings are right."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from ref_model.hardware import registers
from ref_model.integer import ranges


@pytest.mark.parametrize("module", [ranges, registers], ids=lambda module: module.__name__)
def test_examples(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0

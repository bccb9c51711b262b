# SPDX-License-Identifier: Apache-2.0
"""The package without PyTorch: names are there, and calls say what to install."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

import lsfq


@pytest.mark.parametrize("name", ["quantize", "calibrate", "fit", "export", "train"])
def test_without_torch_a_sentence_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    function = getattr(lsfq, name)
    assert name in lsfq.__all__
    assert inspect.getdoc(function)
    with pytest.raises(ImportError, match=rf"lsfq\.{name} needs PyTorch .*pip install .*train"):
        function(*[Path()] * (4 if name == "train" else 2))

# SPDX-License-Identifier: Apache-2.0
"""Elementwise formulas in one pass over memory, by PyTorch's compiler.

Written out in PyTorch's operations, each step of a formula reads and writes the whole tensor, and
training waits for memory. The compiler needs a C++ compiler on processors (on a GPU, Triton); where
there is none, formulas run as they are written, slower.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")

LARGE = 1 << 18
"""Elements of a tensor from which on compiling is worth its seconds, and the call its overhead."""

_missing: list[str] = []
"""What the compiler said when it failed: it is not asked again."""


def in_one_pass(formula: Callable[..., T], x: Tensor, *others: Any) -> T:
    """``formula(x, *others)``, compiled where ``x`` is large; warns once where that fails."""
    if x.numel() < LARGE or _missing:
        return formula(x, *others)
    try:
        result: T = _compiled(formula)(x, *others)
    except RuntimeError as error:
        _missing.append(str(error))
        said = f"PyTorch could not compile its formulas ({str(error).splitlines()[0]})"
        warnings.warn(f"training is slower: {said}", stacklevel=2)
        result = formula(x, *others)
    return result


@functools.cache
def _compiled(formula: Callable[..., T]) -> Callable[..., T]:
    result: Callable[..., T] = torch.compile(formula, dynamic=True)
    return result

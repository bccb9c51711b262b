# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a program and an accelerator. Everything is an `AcceleratorError`."""

from __future__ import annotations

from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode
from ref_model.hardware.register_map import ERROR_CODE_TEXTS


class AcceleratorError(Exception):
    """Base of all errors of the driver."""


class BackendError(AcceleratorError):
    """A backend cannot be opened or has broken down; the message says what to do."""


class NoNetworkError(AcceleratorError):
    """`run` before `load`."""


class CoreError(AcceleratorError):
    """The core refused a program or an image and stopped.

    ``code`` is what its register ERROR holds, ``layer`` the index beside it (`PROGRAM_LAYER` for
    the PROGRAM block, the number of layers for the END block), ``layer_name`` the name of that
    layer, None where the index is no layer's.
    """

    def __init__(self, code: ErrorCode, layer: int, layer_name: str | None = None) -> None:
        if layer_name is not None:
            place = f"in layer {layer} ({layer_name})"
        elif layer == PROGRAM_LAYER:
            place = "in the PROGRAM block"
        else:
            place = "in the END block"
        super().__init__(f"{code.name} {place}: {ERROR_CODE_TEXTS[code]}")
        self.code = code
        self.layer = layer
        self.layer_name = layer_name


class PassTimeoutError(AcceleratorError, TimeoutError):
    """The core or a transfer did not finish in time; the message says where both stood."""


class MissingInterruptError(PassTimeoutError):
    """The core finished, but its interrupt never came."""


class TransferError(AcceleratorError):
    """A transfer failed, or a result packet is shorter than the network's result."""

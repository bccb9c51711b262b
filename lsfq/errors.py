# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a program and an accelerator. Everything is an `AcceleratorError`."""

from __future__ import annotations

from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode


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
        super().__init__(f"{code.name} {place}: {MEANINGS[code]}")
        self.code = code
        self.layer = layer
        self.layer_name = layer_name


class PassTimeoutError(AcceleratorError, TimeoutError):
    """The core or a transfer did not finish in time; the message says where both stood."""


class MissingInterruptError(PassTimeoutError):
    """The core finished, but its interrupt never came."""


class TransferError(AcceleratorError):
    """A transfer failed, or a result packet is shorter than the network's result."""


MEANINGS = {
    ErrorCode.NONE: "no error",
    ErrorCode.PARAM_SHORT: "the parameter packet ends too early; was its transfer truncated?",
    ErrorCode.PARAM_LONG: "the parameter packet goes on after its END block",
    ErrorCode.MAGIC: "a block does not begin with the magic; is this a parameter packet?",
    ErrorCode.VERSION: "the core does not know this stream format version",
    ErrorCode.CRC: "the checksum differs; this block, or the data before it, was damaged",
    ErrorCode.KIND: "a block of the wrong kind, or a layer out of order",
    ErrorCode.CORE: "the program was made for a core of another size",
    ErrorCode.SHAPE: "a size that the core cannot run",
    ErrorCode.BITS: "a bit width or shift that the core cannot run",
    ErrorCode.KERNEL: "a kernel, or a combination of options, that the core cannot run",
    ErrorCode.MEMORY: "a tensor does not fit the feature memory, or overwrites its own input",
    ErrorCode.WEIGHTS: "the weights of one channel group do not fit the weight memory",
    ErrorCode.IMAGE_SHORT: "the image packet ends too early; was its transfer truncated?",
    ErrorCode.IMAGE_LONG: "the image packet goes on after its last code",
}
"""What each code means, and what to look at. docs/stream_format.md has the details."""

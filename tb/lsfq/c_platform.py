# SPDX-License-Identifier: Apache-2.0
"""The C driver in this process: compiled, loaded with ctypes, its platform is the simulator.

The functions of ``struct lsfq_platform`` are Python's, so a test can damage what passes through
them. Everything else is the C code that a board would run.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lsfq import Simulator, TransferError
from ref_model.hardware.c_source import c_files, identifier
from ref_model.hardware.plan import Plan

DRIVER = Path(__file__).resolve().parents[2] / "driver" / "c"
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
SHIM = """#include "lsfq.h"
#include "{name}.h"
static struct lsfq device;
struct lsfq *test_device(void);
const struct lsfq_network *test_network(void);
void test_timeout(uint32_t milliseconds);
struct lsfq *test_device(void) {{ return &device; }}
const struct lsfq_network *test_network(void) {{ return &{name}; }}
void test_timeout(uint32_t milliseconds) {{ device.timeout_ms = milliseconds; }}
"""

_CONTEXT, _SIZE, _U32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32
_TRANSFER = ctypes.CFUNCTYPE(ctypes.c_int, _CONTEXT, ctypes.c_void_p, _SIZE)


class _PlatformStruct(ctypes.Structure):
    _fields_ = (
        ("context", _CONTEXT),
        ("read", ctypes.CFUNCTYPE(_U32, _CONTEXT, _U32)),
        ("write", ctypes.CFUNCTYPE(None, _CONTEXT, _U32, _U32)),
        ("send_program", _TRANSFER),
        ("send_images", _TRANSFER),
        ("receive", _TRANSFER),
        ("wait", ctypes.CFUNCTYPE(ctypes.c_int, _CONTEXT, _U32)),
        ("received", ctypes.CFUNCTYPE(ctypes.c_int, _CONTEXT, ctypes.POINTER(_SIZE), _U32)),
        ("reset", ctypes.CFUNCTYPE(None, _CONTEXT)),
    )


class Platform:
    """`Simulator` as the C driver sees it. The three ``change_*`` damage packets on their way."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.change_program: Callable[[bytes], bytes] = bytes
        self.change_images: Callable[[bytes], bytes] = bytes
        self.change_results: Callable[[bytes], bytes] = bytes
        self.no_interrupt = False
        self._room = (0, 0)
        self.struct = _PlatformStruct(
            None,
            **{
                name: kind(getattr(self, f"_{name}"))
                for name, kind, *_ in _PlatformStruct._fields_[1:]
            },
        )

    def _read(self, _: Any, address: int) -> int:
        return self.simulator.read(address)

    def _write(self, _: Any, address: int, value: int) -> None:
        self.simulator.write(address, value)

    def _send_program(self, _: Any, data: int, size: int) -> int:
        packet = self.change_program(ctypes.string_at(data, size))
        self.simulator.program(packet)
        self.simulator.send_program()
        return 0

    def _send_images(self, _: Any, data: int, size: int) -> int:
        self.simulator.send_images(self.change_images(ctypes.string_at(data, size)))
        return 0

    def _receive(self, _: Any, data: int, size: int) -> int:
        self._room = (data, size)
        return 0

    def _wait(self, _: Any, milliseconds: int) -> int:
        came = self.simulator.wait(time.monotonic() + milliseconds / 1000)
        return int(came and not self.no_interrupt)

    def _received(self, _: Any, size: Any, milliseconds: int) -> int:
        try:
            packet = self.simulator.receive(time.monotonic() + milliseconds / 1000)
        except TransferError:
            return 1
        packet = self.change_results(packet)
        address, room = self._room
        ctypes.memmove(address, packet, min(room, len(packet)))
        size[0] = len(packet)
        return int(len(packet) > room)

    def _reset(self, _: Any) -> None:
        self.simulator.link.flush()


class CDriver:
    """``driver/c`` compiled with the network of a plan, in the folder ``work``."""

    def __init__(self, plan: Plan, work: Path) -> None:
        name = identifier(plan.network.name)
        for file, text in c_files(plan).items():
            (work / file).write_text(text, encoding="utf-8")
        (work / "shim.c").write_text(SHIM.format(name=name), encoding="utf-8")
        library = work / "driver.so"
        sources = [DRIVER / "lsfq.c", work / f"{name}.c", work / "shim.c"]
        compile_c(
            [*STRICT, "-O1", "-fPIC", "-shared", *map(str, sources), "-o", str(library)], work
        )
        self._library = ctypes.CDLL(str(library))
        self._library.test_device.restype = ctypes.c_void_p
        self._library.test_network.restype = ctypes.c_void_p
        self._library.lsfq_memory_bytes.restype = _SIZE
        self._library.lsfq_pass_cycles.restype = _U32
        self._device = ctypes.c_void_p(self._library.test_device())
        self._network = ctypes.c_void_p(self._library.test_network())
        self._memory = ctypes.create_string_buffer(0)
        self._results = len(plan.network.output_shapes()) and int(
            np.prod(plan.network.output_shapes()[-1])
        )

    def open(self, platform: Platform) -> int:
        """``lsfq_open``."""
        self._platform = platform  # C keeps pointers into it
        return int(self._library.lsfq_open(self._device, ctypes.byref(platform.struct)))

    def timeout(self, milliseconds: int) -> None:
        """Set ``timeout_ms``."""
        self._library.test_timeout(_U32(milliseconds))

    def load(self, less: int = 0) -> int:
        """``lsfq_load`` with the memory that it wants, or so much less."""
        size = self._library.lsfq_memory_bytes(self._device, self._network) - less
        self._memory = ctypes.create_string_buffer(size)
        return int(self._library.lsfq_load(self._device, self._network, self._memory, _SIZE(size)))

    def run(self, images: npt.NDArray[np.uint8]) -> tuple[int, npt.NDArray[np.int64]]:
        """``lsfq_run``: (status, logits (N, results))."""
        logits = np.zeros((len(images), self._results), np.int64)
        status = self._library.lsfq_run(
            self._device, _pointer(np.ascontiguousarray(images)), _SIZE(len(images)),
            _pointer(logits),
        )  # fmt: skip
        return int(status), logits

    def predict(self, images: npt.NDArray[np.uint8]) -> tuple[int, npt.NDArray[np.uint32]]:
        """``lsfq_predict``: (status, classes (N,))."""
        logits = np.zeros((len(images), self._results), np.int64)
        classes = np.zeros(len(images), np.uint32)
        status = self._library.lsfq_predict(
            self._device, _pointer(np.ascontiguousarray(images)), _SIZE(len(images)),
            _pointer(logits), _pointer(classes),
        )  # fmt: skip
        return int(status), classes

    def message(self, status: int) -> str:
        """``lsfq_message``."""
        text = ctypes.create_string_buffer(200)
        self._library.lsfq_message(self._device, status, text, _SIZE(len(text)))
        return text.value.decode()

    def cycles(self) -> int:
        """``lsfq_pass_cycles``."""
        return int(self._library.lsfq_pass_cycles(self._device))


def compile_c(arguments: list[str], work: Path, compiler: str = "gcc") -> None:
    """Run the compiler; AssertionError with its output when it complains."""
    found = shutil.which(compiler) or shutil.which("cc")
    assert found is not None, f"{compiler} is missing"
    done = subprocess.run(
        [found, f"-I{DRIVER}", f"-I{work}", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _pointer(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)

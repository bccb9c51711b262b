# SPDX-License-Identifier: Apache-2.0
"""What the benches share. Two files a device under test::

    tb/ip/<dut>/test_<dut>.py     pytest: parameter sets, run_bench(...)
    tb/ip/<dut>/<dut>_bench.py    cocotb: coroutines, run inside the simulator

pytest side (:mod:`tools.hdl.bench`)::

    run_bench("lsfq_fifo", "tb.ip.fifo.fifo_bench", {"WIDTH": 8, "DEPTH": 16})
    with pytest.raises(TestsFailed):      # show that the bench can fail
        run_bench(..., mutations={"lsfq_fifo": ("text in the Verilog, once", "a fault")})

cocotb side::

    source = AxiStreamSource(dut, "s_axis_data", dut.aclk, random_stalls())
    sink = AxiStreamSink(dut, "m_axis_data", dut.aclk)    # checks the stream's contract, too
    registers = AxiLiteMaster(dut, "s_axi", dut.aclk)
    await start(dut)                                      # clock and reset; drivers first
    source.send_packet(image_bytes)
    await registers.write(0x020, 1)
    packet = await sink.receive(cycles=1000)              # beats; every wait has a bound

Channels that are not AXI (``in_valid``, ``in_ready``, any payload) take :class:`HandshakeSource`,
:class:`HandshakeMonitor` and :class:`HandshakeSink` with a map of roles to signal names. Randomness
comes from ``random`` or :func:`rng`, both seeded by LSFQ_SEED. For waves: ``LSFQ_WAVES=1 pytest
tb/ip/fifo``, then ``build/run/*/dump.vcd``.
"""

from __future__ import annotations

from tb.support.axi_lite import AxiLiteMaster
from tb.support.axi_stream import (
    AxiStreamMonitor,
    AxiStreamSink,
    AxiStreamSource,
    to_beats,
    to_bytes,
    to_signed,
)
from tb.support.clocking import (
    Dut,
    bounded,
    is_high,
    reset,
    rng,
    sleep_cycles,
    start,
    start_clock,
    wait_high,
)
from tb.support.handshake import CHANNEL, Beat, HandshakeMonitor, HandshakeSink, HandshakeSource
from tools.hdl.bench import (
    RAM_CLASH,
    BenchError,
    BenchResult,
    TestsFailed,
    bench_seed,
    given_parameters,
    run_bench,
)
from tools.simulation.stalls import (
    PATTERNS,
    StallPattern,
    bursty_stalls,
    random_stalls,
    repeating_stalls,
    stall_pattern,
)

__all__ = [
    "CHANNEL",
    "PATTERNS",
    "RAM_CLASH",
    "AxiLiteMaster",
    "AxiStreamMonitor",
    "AxiStreamSink",
    "AxiStreamSource",
    "Beat",
    "BenchError",
    "BenchResult",
    "Dut",
    "HandshakeMonitor",
    "HandshakeSink",
    "HandshakeSource",
    "StallPattern",
    "TestsFailed",
    "bench_seed",
    "bounded",
    "bursty_stalls",
    "given_parameters",
    "is_high",
    "random_stalls",
    "repeating_stalls",
    "reset",
    "rng",
    "run_bench",
    "sleep_cycles",
    "stall_pattern",
    "start",
    "start_clock",
    "to_beats",
    "to_bytes",
    "to_signed",
    "wait_high",
]

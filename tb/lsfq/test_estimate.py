# SPDX-License-Identifier: Apache-2.0
"""lsfq estimate: its cycles and areas against what was measured, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsfq.command.main import main
from lsfq.command.plan import find_network
from lsfq.core import DEFAULT_CORE
from lsfq.estimate.area import (
    COMPUTED,
    EARLIER,
    FAMILIES,
    INTERPOLATED,
    MEASURED,
    SCALED,
    UNKNOWN,
    Record,
    blocks_of,
    core_area,
    find_device,
    read_table,
)
from lsfq.estimate.estimate import candidates, judge, smallest, smallest_memories
from lsfq.reports.area import DEVICES, Area
from ref_model.hardware.core_config import CoreConfig
from ref_model.hardware.errors import UnsupportedNetworkError
from ref_model.hardware.pass_time import pass_time
from ref_model.hardware.plan import check_network, load_cycles, plan_network
from ref_model.integer import IntegerNetwork, load_network
from ref_model.integer.synthetic import vgg7
from tb.lsfq.conftest import ROOT
from tb.ref_model.integer.builders import small_vgg

SHIPPED = ROOT / "networks" / "vgg7_w32_w4a4"
MEASURED_CYCLES = ROOT / "docs" / "performance"
NETWORKS = {"measured": None, "mobilenetv2": "mobilenetv2_w32_w4a4"}
"""Record of `make performance` -> the shipped network of the same shapes; None: VGG7-128."""
MODELS = ("resnet20",)
"""Records of models that no export here has the shapes of: PyTorch makes them."""
NEAR = 0.02
AREA_NEAR = 0.10


def recorded() -> Iterator[Any]:
    """Every pass that `make performance` recorded of networks that are here: with full streams,
    and with the parameter stream at half its speed.
    """
    for path in sorted(MEASURED_CYCLES.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "full" not in content:
            continue
        name = NETWORKS.get(path.stem, path.stem)
        if name is None or name in MODELS or (ROOT / "networks" / name).is_dir():
            for speed, beats in (("full", 1), ("throttled", 2)):
                yield pytest.param(name, content[speed], beats, id=f"{path.stem}-{speed}")


def network_of(name: str | None) -> IntegerNetwork:
    if name in MODELS:
        pytest.importorskip("torch")
        return find_network(name)
    return vgg7() if name is None else load_network(ROOT / "networks" / name)


@pytest.mark.parametrize(("name", "report", "slower"), list(recorded()))
def test_cycles_are_those_that_were_measured(name: str | None, report: Any, slower: int) -> None:
    config = replace(
        DEFAULT_CORE, pin=report["pin"], pout=report["pout"],
        depthwise_pixels=report["depthwise_pixels"], param_width=report["param_width"] // slower,
    )  # fmt: skip
    plan = plan_network(network_of(name), config, report["batch"])
    found = pass_time(plan)
    measured = report["passes"][-1]
    assert found.cycles == pytest.approx(measured["cycles"], rel=NEAR)
    if slower == 1:  # of a slow stream the sum is sure, not which layer waits for a word
        for layer, counted in zip(found.layers, measured["layers"], strict=True):
            assert layer.cycles == pytest.approx(counted["cycles"], rel=NEAR, abs=50 * plan.batch)


@pytest.mark.parametrize(("batch", "cycles"), [(1, 26_813), (4, 4 * 25_809)])
def test_the_cycles_of_the_readme(batch: int, cycles: int) -> None:
    """As make sim prints them: the parameters of small layers come while others run."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{cycles // batch:,}" in text
    plan = plan_network(load_network(SHIPPED), DEFAULT_CORE, batch)
    assert pass_time(plan).cycles == pytest.approx(cycles, rel=NEAR)


def test_a_narrow_stream_starves() -> None:
    """A pass takes as long as its parameters, and the layers say where."""
    network = load_network(SHIPPED)
    wide = pass_time(plan_network(network, DEFAULT_CORE))
    assert sum(layer.starved for layer in wide.layers) == 0
    plan = plan_network(network, replace(DEFAULT_CORE, param_width=32))
    narrow = pass_time(plan)
    beats = plan.packet_bytes // 4
    assert beats > wide.cycles
    assert max(beats, wide.cycles) <= narrow.cycles <= wide.cycles + beats
    starved = sum(layer.starved for layer in narrow.layers)
    assert starved == pytest.approx(narrow.cycles - wide.cycles, rel=0.1)


def test_layers_and_the_wait_for_the_image_make_the_pass() -> None:
    for batch in (1, 3):
        plan = plan_network(load_network(SHIPPED), DEFAULT_CORE, batch)
        found = pass_time(plan)
        assert sum(layer.cycles for layer in found.layers) + found.first == found.cycles
        assert found.first >= load_cycles(plan.network, plan.config)


@pytest.mark.parametrize("record", read_table(), ids=lambda record: record.name)
def test_areas_of_measured_cores(record: Record) -> None:
    """The table's own; block RAMs also where they are only computed, which none was told."""
    config = config_of(record)
    found = core_area(config, record.family)
    assert found.area == record.area
    assert set(found.how.values()) <= {MEASURED, EARLIER}
    assert blocks_of(config, record.family) == pytest.approx(record.area.bram, rel=AREA_NEAR)


@pytest.mark.parametrize("record", read_table(), ids=lambda record: record.name)
def test_areas_from_the_other_cores(record: Record) -> None:
    """Without its own line a core between others is within a tenth of what was measured."""
    others = [other for other in read_table() if other is not record]
    lanes = {other.lanes for other in others if other.family == "xcup"}
    sizes = [pin * pout for pin, pout in lanes]
    size = record.lanes[0] * record.lanes[1]
    inside = min(sizes) < size < max(sizes)
    if record.family != "xcup" or not inside:
        pytest.skip("not between measured cores of its family")
    found = core_area(config_of(record), record.family, others)
    for name in ("lut", "ff", "dsp"):
        assert found.how[name] == INTERPOLATED
        wanted = getattr(record.area, name)
        assert getattr(found.area, name) == pytest.approx(wanted, rel=AREA_NEAR), name


def config_of(record: Record) -> CoreConfig:
    fields = {
        name: record.parameters[name.upper()]
        for name in ("pin", "pout", "feature_depth", "weight_depth", "max_pool_width",
                     "depthwise_pixels")
    }  # fmt: skip
    return replace(DEFAULT_CORE, **fields)


def record(family: str, pin: int, pout: int, **area: int) -> Record:
    sizes = {"FEATURE_DEPTH": 8192, "WEIGHT_DEPTH": 512, "MAX_POOL_WIDTH": 512,
             "DEPTHWISE_PIXELS": 1, "ACC_W": 27, "DATA_W": 64}  # fmt: skip
    lanes = {"PIN": pin, "POUT": pout, "PARAM_W": min(128, 4 * pin * pout)}
    return Record(f"{pin}x{pout}", family, {**sizes, **lanes}, Area(**area), "none")


def made(family: str, factor: int, *shapes: tuple[int, int]) -> list[Record]:
    """Cores whose areas follow a law that interpolation knows the form of."""
    return [
        record(
            family, pin, pout,
            lut=factor * (1000 + 7 * pin * pout + 90 * pout + 11 * pin),
            ff=factor * (500 + 3 * pin * pout),
            dsp=factor * (1 + pin * pout + 3 * pout),
        )
        for pin, pout in shapes
    ]  # fmt: skip


def test_what_lies_between_measured_cores() -> None:
    table = made("xcup", 1, (4, 4), (16, 16), (4, 16), (16, 4))
    for pin, pout in ((8, 8), (4, 8), (16, 8)):
        found = core_area(replace(DEFAULT_CORE, pin=pin, pout=pout), "xcup", table)
        wanted = made("xcup", 1, (pin, pout))[0].area
        assert (found.area.lut, found.area.ff, found.area.dsp) == (
            wanted.lut,
            wanted.ff,
            wanted.dsp,
        )
        assert found.how == {"lut": INTERPOLATED, "ff": INTERPOLATED, "dsp": INTERPOLATED,
                             "bram": COMPUTED}  # fmt: skip
    table += made("ecp5", 3, (4, 4))
    found = core_area(replace(DEFAULT_CORE, pin=8, pout=8), "ecp5", table)
    assert found.area.dsp == 3 * made("xcup", 1, (8, 8))[0].area.dsp
    assert (found.how["dsp"], found.how["lut"]) == (SCALED, UNKNOWN)
    nothing = core_area(DEFAULT_CORE, "xc7", table)
    assert nothing.how["lut"] == UNKNOWN
    assert nothing.lacking(Area()) == ["bram"]


def test_a_second_pixel_adds_by_lanes() -> None:
    one = record("xcup", 16, 16, lut=1000, ff=1000, dsp=300)
    two = replace(
        one, parameters={**one.parameters, "DEPTHWISE_PIXELS": 2}, area=Area(1160, 1000, 316)
    )
    table = [one, two, record("xcup", 8, 8, lut=600, ff=500, dsp=80)]
    found = core_area(replace(DEFAULT_CORE, pin=8, pout=8, depthwise_pixels=2), "xcup", table)
    assert (found.area.lut, found.area.dsp) == (680, 88)


@pytest.mark.parametrize("family", FAMILIES)
def test_block_memories_hold_their_bits(family: str) -> None:
    """Never fewer than the bits need, and deeper memories never take less."""
    bits = 36 * 1024 if FAMILIES[family].large_blocks else 18 * 1024
    rng = np.random.default_rng(3)
    for _ in range(200):
        config = CoreConfig(
            pin=int(rng.choice([4, 8, 16])), pout=int(rng.choice([4, 8, 16])),
            feature_depth=int(rng.integers(2, 131073)), weight_depth=1 << int(rng.integers(1, 15)),
            max_pool_width=1 << int(rng.integers(2, 12)),
        )  # fmt: skip
        found = blocks_of(config, family)
        held = 8 * config.pin * config.feature_depth
        held += 12 * config.pin * config.pout * config.weight_depth
        assert found * bits >= held
        deeper = replace(config, weight_depth=2 * config.weight_depth)
        assert blocks_of(deeper, family) >= found


def test_devices_by_the_names_that_people_write() -> None:
    assert find_device("xczu3eg") == find_device("ZU3EG") == "ZU3EG"
    assert find_device("7a35t") == find_device("xc7a35t") == "XC7A35T"
    assert find_device("lfe5u-85f") == "LFE5U-85F"
    for name in DEVICES:
        assert find_device(name.lower()) == name
    with pytest.raises(ValueError, match="'vu9p' is not known: choose one of zu3eg"):
        find_device("vu9p")


def test_the_smallest_memories_suffice_and_half_of_each_does_not() -> None:
    network = load_network(SHIPPED)
    start = replace(DEFAULT_CORE, pin=8, pout=8)
    found = smallest_memories(network, start)
    check_network(network, found)
    for name in ("feature_depth", "weight_depth", "max_pool_width"):
        half = replace(found, **{name: getattr(found, name) // 2})
        with pytest.raises(UnsupportedNetworkError):
            check_network(network, half)


def test_smaller_memories_where_the_device_has_no_more() -> None:
    """A device of few block RAMs: the core has smaller memories, fits, and runs the network."""
    network = small_vgg(np.random.default_rng(1), width=16, size=16)
    plenty = judge(network, replace(DEFAULT_CORE, pin=4, pout=4), "XC7A35T")
    assert plenty.fits
    few = Area(**{**asdict(DEVICES["XC7A35T"]), "bram": 8})
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DEVICES, "XC7A35T", few)
        found = list(candidates(network, "XC7A35T"))
    first = found[0]
    assert first.fits
    assert first.config.feature_depth < 8192
    assert first.area is not None
    assert first.area.area.bram <= 8
    check_network(network, first.config)
    assert smallest(found) is first


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    assert main(["estimate", *words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "--network", str(SHIPPED), "--pin", "8", "--pout", "8", "--clock", "150",
                "--batch", "2", "--device", "xczu3eg")  # fmt: skip
    config = replace(DEFAULT_CORE, pin=8, pout=8)
    plan = plan_network(load_network(SHIPPED), config, 2)
    time = pass_time(plan)
    assert (found["fits"], found["device"], found["why"]) == (True, "ZU3EG", [])
    assert found["pass_cycles"] == time.cycles
    rate = 150e6 / time.cycles
    assert found["frames_per_second"] == pytest.approx(2 * rate, abs=1e-3)
    streams = found["bytes_per_second"]
    assert streams["parameters"] == pytest.approx(plan.packet_bytes * rate, abs=1)
    assert streams["images"] == pytest.approx(2 * 3072 * rate, abs=1)
    assert streams["results"] == pytest.approx(2 * 80 * rate, abs=1)
    assert [layer["name"] for layer in found["layers"]] == [x.name for x in time.layers]
    assert sum(layer["macs"] for layer in found["layers"]) == found["macs"] == 38_653_952
    assert found["area"]["dsp"]["of"] == 360
    assert len(found["candidates"]) == 9
    assert found["smallest"]["pin"] == found["smallest"]["pout"] == 4


def test_a_device_alone_gets_the_fastest_core_that_fits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = run(capsys, "--network", str(SHIPPED), "--device", "xc7a35t")
    fitting = [core for core in found["candidates"] if core["fits"]]
    assert found["core"] in [{name: core[name] for name in found["core"]} for core in fitting]
    best = min(core["schedule"] for core in fitting)
    chosen = next(
        x for x in fitting
        if (x["pin"], x["pout"]) == (found["core"]["pin"], found["core"]["pout"])
    )  # fmt: skip
    assert chosen["schedule"] == best
    for core in found["candidates"]:
        over = core["area"]["dsp"] > 90 or core["area"]["lut"] > 20_800 or core["area"]["bram"] > 50
        assert core["fits"] == (not over)


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estimate", "--network", str(SHIPPED), "--pin", "8", "--pout", "4"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    for part in ("conv6", "at 100 MHz (assumed", "interpolated", "computed", "MB/s",
                 "the smallest core that fits the network: 4x4", "it fits: 8x4"):  # fmt: skip
        assert part in shown


def test_what_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--network", str(SHIPPED), "--pin", "16", "--pout", "16"]
    found = run(capsys, *words, "--device", "xc7a35t", status=1)
    assert not found["fits"]
    assert any("multipliers: the core takes 337" in why for why in found["why"])
    assert "a XC7A35T has 90" in " ".join(found["why"])
    assert found["frames_per_second"] > 0  # it would run, on a larger device
    found = run(capsys, *words, "--feature-depth", "64", status=1)
    assert "the feature memory has 64" in found["why"][0]
    assert "layers" not in found
    assert main(["estimate", *words, "--device", "xc7a35t"]) == 1
    assert "IT DOES NOT FIT: multipliers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--network no/such", "no network here"),
        ("--network {net} --device vu9p", "device 'vu9p' is not known"),
        ("--network {net} --pin 8", "--pin and --pout go together"),
        ("--network {net} --clock 0", "--clock is a number of MHz above 0"),
        ("--network {net} --clock nan", "--clock is a number of MHz above 0"),
        ("--network {net} --batch 0", "--batch"),
        ("--network {net} --device zu3eg --feature-depth 64", "goes with --pin and --pout"),
        ("--network {net} --width 8", "width and bits are those of the export"),
        ("--network {net} --weight-bits 5", "--weight-bits"),
        ("--network {net} --feature-depth 1", "feature_depth 1 is not in 2..131072"),
        ("--network {net} --picture x.what", "--picture x.what"),
        ("", "--network"),
    ],
)
def test_wrong_use(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = words.format(net=SHIPPED).split()
    try:
        status: Any = main(["estimate", *line])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert said in capsys.readouterr().err


def test_a_model_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    found = run(capsys, "--network", "vgg7", "--width", "16", "--weight-bits", "8",
                "--activation-bits", "4")  # fmt: skip
    same = vgg7(16)
    assert found["macs"] == same.macs()
    at_four = run(capsys, "--network", "vgg7", "--width", "16")
    assert found["cycles"] > 1.5 * at_four["cycles"]  # two digits of each weight


def test_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "cost.svg"
    assert main(["estimate", "--network", str(SHIPPED), "--device", "zu3eg", "--picture",
                 str(path)]) == 0  # fmt: skip
    drawn = path.read_text(encoding="utf-8")
    assert "ZU3EG" in drawn
    assert "conv6" in drawn
    assert f"wrote {path}" in capsys.readouterr().out


def test_the_plan_heeds_the_depthwise_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """One pixel a cycle is slower for layers of few channels; the option used to be ignored."""
    network = str(ROOT / "networks" / "mobilenetv2_w32_w4a4")
    cycles = []
    for pixels in ("1", "2"):
        assert main(["plan", network, "--depthwise-pixels", pixels, "--json"]) == 0
        cycles.append(json.loads(capsys.readouterr().out)["cycles"])
    assert cycles[0] > 1.1 * cycles[1]

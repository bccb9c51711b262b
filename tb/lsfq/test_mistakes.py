# SPDX-License-Identifier: Apache-2.0
"""Ordinary mistakes end in a sentence and a status; nonsense does not succeed."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lsfq
from lsfq import Accelerator, CoreConfig, Reference, Simulator
from lsfq.command import train
from lsfq.command.entry import guarded
from lsfq.command.main import main
from ref_model.integer import save_network
from ref_model.integer.atomic_folder import write_file
from ref_model.integer.ranges import CODE_BITS
from tb.lsfq.conftest import ROOT, Case


def status_of(*words: str) -> int:
    """What the command returns, or exits with."""
    try:
        return main(list(words))
    except SystemExit as stop:
        return int(stop.code or 0)


def lsfq_process(*words: str, code: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    """The command, or some code, in a process of its own."""
    line = [sys.executable, *(["-c", code] if code else ["-m", "lsfq", *words])]
    return subprocess.run(
        line, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, timeout=120, **options
    )


@pytest.fixture
def network(small: Case, tmp_path: Path) -> list[str]:
    """The option that names a small network."""
    save_network(small.network, tmp_path / "net")
    return ["--network", str(tmp_path / "net")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train --threads -1", "--threads -1: at least 0"),
        ("train --batch 1", "--batch 1: at least 2"),
        ("train --model vgg19", "choose one of vgg7"),
        ("train --weight-bits 5", "each must be one of"),
        ("train --float-epochs -1", "must not be negative"),
        ("train --float-rate nan", "must be positive"),
        ("train --float-from /nonexistent.pt", "no such checkpoint"),
        ("export --untrained vgg19 --output x", "choose one of vgg7"),
        ("export --network x --streams y --beat-bytes 3", "invalid choice: 3"),
        ("export --network x --output y --name z", "--name goes with --checkpoint"),
        ("export --network x --output y --solve", "--solve goes with --checkpoint"),
        ("export --network x --output y --width 9", "--width goes with --untrained"),
        ("export --network x --c y --beat-bytes 16", "--beat-bytes goes with --streams"),
        ("export --network x --streams y --batch 2", "--batch goes with --c"),
        ("export --network x --output y --pin 4", "--pin goes with --streams or --c"),
        ("run --count 0", "0 is not at least 1"),
        ("run --count many", "'many' is no whole number"),
        ("run --count 1000", "holds 64 images"),
        ("run --batch 1000", "batch 1000: give 1 to 256"),
        ("run --timeout -1", "--timeout is a number of seconds"),
        ("run --backend board --bitstream x.bit --pin 4", "--pin goes with"),
        ("run --feature-depth 1000000000", "feature_depth 1000000000 is not in"),
    ],
)
def test_wrong_options_are_refused_first(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without PyTorch, which takes seconds to load, and before anything is built."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr("lsfq.backends.simulator.build", None)
    assert status_of(*words.split()) == 2
    assert said in capsys.readouterr().err


def test_the_names_that_are_checked_first_are_those_of_training() -> None:
    models = pytest.importorskip("ref_model.training.models")
    quantizers = pytest.importorskip("ref_model.training.quantizers")
    assert tuple(models.MODELS) == (*train.MODELS, *train.LARGE_MODELS)
    assert train.QUANTIZERS == quantizers.QUANTIZERS
    assert quantizers.BITS == CODE_BITS


@pytest.mark.parametrize("shape", [(0, 3, 16, 16), (0, 3, 32, 32)])
def test_no_images(
    network: list[str], shape: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "none.npy", np.zeros(shape, np.uint8))
    images = ["--images", str(tmp_path / "none.npy")]
    assert status_of("run", *network, *images, "--compare") == 2
    assert "none.npy: holds no images" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["archive", "pickle", "huge", "text"])
def test_arrays_that_are_none(
    network: list[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.npy"
    if kind == "archive":
        with path.open("wb") as file:
            np.savez(file, a=np.zeros(3))
    elif kind == "pickle":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    elif kind == "huge":
        head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 3, 16, 16), }\n"
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head)
    else:
        path.write_text("3 images")
    assert status_of("run", *network, "--images", str(path)) == 2
    assert "x.npy: no .npy file of numbers" in capsys.readouterr().err


@pytest.mark.parametrize("stalls", [5.0, 1.0, -1.0, float("nan")])
def test_stalls_are_a_share(stalls: float) -> None:
    with pytest.raises(ValueError, match="stalls"):
        Simulator(stalls=stalls)


def test_waves_may_be_named_by_a_string(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Simulator(waves=str(tmp_path / "none" / "x.vcd"))


@pytest.mark.parametrize(
    "sizes", [{"acc_width": 99}, {"feature_depth": 10**9}, {"feature_depth": 1},
              {"weight_depth": 10**7}, {"max_pool_width": 2}],
)  # fmt: skip
def test_cores_that_the_verilog_does_not_give(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(sizes))}.* is not in"):
        CoreConfig(**sizes)


def test_documented_errors_are_at_hand(small: Case) -> None:
    for name in ("NetworkFormatError", "NetworkError", "UnsupportedNetworkError"):
        assert issubclass(getattr(lsfq, name), Exception)
    assert set(lsfq.__all__) <= set(dir(lsfq))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = lsfq.nothing  # type: ignore[attr-defined]
    with Accelerator(Reference()) as accelerator, pytest.raises(lsfq.NetworkFormatError):
        accelerator.load("/nonexistent")


def test_a_network_is_one_line(small: Case) -> None:
    assert repr(small.network) == "<IntegerNetwork small_vgg: 3x16x16, 3 layers, 10 classes>"
    assert repr(small.network.layers[0]) == "<conv conv1 16x3x3x3 W4A8>"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--version") == 0
    assert capsys.readouterr().out.startswith("lsfq ")


def test_classes_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("run", "--count", "2") == 0
    assert "cat" in capsys.readouterr().out


def test_commands_start_without_numpy() -> None:
    """So that Ctrl-C in the first moment finds the command, and not an import."""
    code = "import sys, lsfq.command.main; sys.exit('numpy' in sys.modules)"
    assert lsfq_process(code=code).returncode == 0


@pytest.mark.parametrize("report", ["accuracy", "performance"])
def test_help_of_reports_without_matplotlib(report: str) -> None:
    hidden = "sys.modules['matplotlib'] = sys.modules['torch'] = None"
    code = (
        f"import sys; {hidden}; from lsfq.command.main import main; "
        f"sys.exit(main(['report', '{report}', sys.argv[-1]]))"
    )
    line = [sys.executable, "-c", code]
    shown = subprocess.run([*line, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"usage: lsfq report {report}")
    refused = subprocess.run(
        [*line, "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "pip install" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_full_disk_takes_no_output() -> None:
    with Path("/dev/full").open("w") as full:
        done = lsfq_process("run", "--count", "1", stdout=full)
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_leaves_no_part_of_a_file(network: list[str], tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    folder = tmp_path / "c"
    done = lsfq_process(
        "export", *network, "--c", str(folder), stdout=subprocess.PIPE, preexec_fn=limit
    )
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in folder.iterdir() if path.suffix == ".c"]


def test_a_file_is_whole_or_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path / "x", b"old")

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_file(tmp_path / "x", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"old")]


def test_a_data_folder_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "none" / "data"
    assert status_of("eval", "--data", str(data)) == 2
    assert "is no folder to make data in" in capsys.readouterr().err
    assert not data.parent.exists()


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "x: interrupted"),
        (PermissionError(13, "Permission denied", "/y"), 2, "x: /y: Permission denied"),
        (MemoryError(), 2, "x: the memory"),
    ],
)
def test_every_command_ends_in_a_sentence(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert guarded(command, "x") == status
    assert said in capsys.readouterr().err


def test_errors_of_the_program_itself_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 // 0, "x")

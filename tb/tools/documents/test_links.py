# SPDX-License-Identifier: Apache-2.0
"""Links in README, CHANGELOG and docs/ lead somewhere, and the site builds."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, of those that GitHub and mkdocs name alike."""
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*\\]", r"\1", heading).lower()
        github = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        if re.sub(r"[-\s]+", "-", github) == github:
            found.add(github)
    return found


def dead_links(page: Path) -> list[str]:
    """Relative links of a page to what is not there."""
    dead = []
    for link in LINK.findall(re.sub(r"^ {4}.*$", "", page.read_text(), flags=re.MULTILINE)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if (
            not target.is_relative_to(ROOT)
            or not target.exists()
            or (anchor and anchor not in anchors(target.read_text()))
        ):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    assert dead_links(page) == []


def test_dead_links_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    page = tmp_path / "a.md"
    page.write_text(
        "# One two\n[a](b.md) [c](#one-two) [d](#three) [e](../../x) [f](https://x.y)\n"
    )
    assert dead_links(page) == ["b.md", "#three", "../../x"]


def _build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(
        [*command, "--config-file", str(config), "--site-dir", str(site)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def _need_mkdocs() -> None:
    if importlib.util.find_spec("mkdocs") is None:
        if os.environ.get("LSFQ_REQUIRE_DOCS", "0") not in ("", "0"):
            pytest.fail("mkdocs is missing, and LSFQ_REQUIRE_DOCS is set")
        pytest.skip("mkdocs is missing: pip install '.[docs]'")


def test_site_builds(tmp_path: Path) -> None:
    _need_mkdocs()
    done = _build(ROOT / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "integration.html").is_file()


@pytest.mark.parametrize("link", ["../nowhere", "none.md", "index.md#none"])
def test_site_refuses_a_dead_link(link: str, tmp_path: Path) -> None:
    _need_mkdocs()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Home\n[somewhere]({link})\n")
    text = (ROOT / "mkdocs.yml").read_text()
    text = text[: text.index("nav:\n")].replace("scripts/", f"{ROOT}/scripts/")
    (tmp_path / "mkdocs.yml").write_text(text)
    assert _build(tmp_path / "mkdocs.yml", tmp_path / "site").returncode != 0

# SPDX-License-Identifier: Apache-2.0
"""Citation, changelog, records of decisions, hooks and workflow agree with the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_citation_is_of_this_version() -> None:
    citation = _yaml("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_the_papers_authors_are_those_of_the_readme() -> None:
    papers = _yaml("CITATION.cff")["references"]
    for paper, place in zip(papers, ("COOL Chips", "IEEE Micro"), strict=True):
        names = [author["family-names"] for author in paper["authors"]]
        text = f"{', '.join(names[:-1])} and {names[-1]} ({place} {paper['year']})"
        assert text in " ".join(README.split())


def test_the_changelog_has_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", text, re.MULTILINE)
    assert versions == sorted(set(versions), key=lambda v: [*map(int, v.split("."))], reverse=True)
    assert versions[0] == PROJECT["version"]


def test_decisions_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))
    assert listed == records
    for name in records:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]}: ")
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        assert headings == ["Decision", "Why", "What else was possible", "What would change it"]


def test_the_workflow_runs_what_a_change_must_pass() -> None:
    steps = _yaml(".github/workflows/ci.yml")["jobs"]["all"]["steps"]
    assert ".ci/run" in [step.get("run") for step in steps]


def test_hooks_call_files_that_exist_and_need_no_other_host() -> None:
    for repository in _yaml(".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            scripts = [word for word in hook["entry"].split() if word.startswith("scripts/")]
            assert all((ROOT / script).is_file() for script in scripts)
            assert hook["language"] == "system"

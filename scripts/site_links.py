# SPDX-License-Identifier: Apache-2.0
"""Hook of mkdocs: links from docs/ to other files of the repository.

The site holds docs/ only. Such a link leads to ``repo_url`` where mkdocs.yml sets one, and is plain
text otherwise. A target that does not exist is a warning, so the strict build fails.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
log = logging.getLogger("mkdocs.hooks.site_links")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """The page's text, its links out of docs/ replaced."""
    source = Path(page.file.abs_src_path)
    inside = Path(config.docs_dir).resolve()

    def replaced(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        path = (source.parent / target).resolve()
        if path.is_relative_to(inside):
            return match[0]
        if not path.is_relative_to(ROOT) or not path.exists():
            log.warning("%s: the link to %s leads nowhere", page.file.src_path, target)
            return match[0]
        if not config.repo_url:
            return text
        return f"[{text}]({config.repo_url}/blob/main/{path.relative_to(ROOT)}{anchor})"

    return LINK.sub(replaced, markdown)

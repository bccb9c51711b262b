# SPDX-License-Identifier: Apache-2.0
"""A network as C source for ``driver/c``: the parameter packet and what the driver must know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from ref_model.hardware.plan import Plan
from ref_model.hardware.program import encode_plan
from ref_model.hardware.results import packet_order

BYTES_A_LINE = 24
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */"


def c_files(plan: Plan) -> dict[str, str]:
    """``NAME.c`` and ``NAME.h`` of the network of ``plan``, by file name.

    They define one ``struct lsfq_network`` (driver/c/lsfq.h), called as the network is: letters,
    digits and underscores; anything else becomes an underscore.
    """
    name = identifier(plan.network.name)
    return {f"{name}.c": _source(name, plan), f"{name}.h": _header(name, plan)}


def identifier(name: str) -> str:
    """``name`` as C allows it: ``identifier("3x3-net") == "n_3x3_net"``."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return plain if re.match(r"[A-Za-z]", plain) else f"n_{plain}"


def _header(name: str, plan: Plan) -> str:
    config, guard = plan.config, f"{name.upper()}_H"
    return f"""{LICENCE}
/* Network {plan.network.name} for a core with PIN={config.pin}, POUT={config.pout}. Generated. */

#ifndef {guard}
#define {guard}

#include "lsfq.h"

#ifdef __cplusplus
extern "C" {{
#endif

extern const struct lsfq_network {name};

#ifdef __cplusplus
}}
#endif

#endif
"""


def _source(name: str, plan: Plan) -> str:
    packet = encode_plan(plan)
    order = packet_order(plan)
    in_order = bool(np.array_equal(order, np.arange(order.size)))
    names = [plan.layers[run.layer].fused.name for run in plan.runs]
    channels, height, width = plan.network.input_shape
    config = plan.config
    table = "" if in_order else _table("static const uint32_t order", order.tolist())
    return f"""{LICENCE}
/* Generated; see {name}.h. */

#include "{name}.h"

/* aligned to 8 bytes; a DMA that wants more gets a copy from the platform */
static const union {{
  uint64_t align;
  uint8_t bytes[{len(packet)}];
}} program = {{.bytes = {{
{_lines(packet)}
}}}};

{table}static const char *const layer_names[] = {{
{_lines(f'"{text}"' for text in names)}
}};

const struct lsfq_network {name} = {{
  .name = "{plan.network.name}",
  .program = program.bytes,
  .program_bytes = sizeof program.bytes,
  .pin = {config.pin},
  .pout = {config.pout},
  .feature_depth = {config.feature_depth},
  .weight_depth = {config.weight_depth},
  .channels = {channels},
  .height = {height},
  .width = {width},
  .batch = {plan.batch},
  .results = {order.size // plan.batch},
  .order = {"NULL" if in_order else "order"},
  .layers = {len(names)},
  .layer_names = layer_names
}};
"""


def _table(declaration: str, values: list[int]) -> str:
    return f"{declaration}[{len(values)}] = {{\n{_lines(values)}\n}};\n\n"


def _lines(values: Iterable[object]) -> str:
    """Values with commas, so many a line."""

    def rows() -> Iterator[str]:
        row: list[str] = []
        for value in values:
            row.append(str(value))
            if len(row) == BYTES_A_LINE:
                yield "  " + ",".join(row)
                row = []
        if row:
            yield "  " + ",".join(row)

    return ",\n".join(rows())

# SPDX-License-Identifier: Apache-2.0
#
# The boards that scripts/block_design.tcl knows. A board is a part, a processing system, a clock and
# the core's parameters; board files are used where Vivado has them.
#
#   part         the device
#   board_parts  patterns of board files that fit, the first found is used
#   ps           zynqmp (Zynq UltraScale+) or zynq7 (Zynq-7000)
#   clock_mhz    asked of the processing system; no design of these has met timing yet, none was run
#   core         parameters of the core that differ from their defaults

set boards {
  ultra96v2 {
    title        "Ultra96-V2 (ZU3EG)"
    part         xczu3eg-sbva484-1-i
    board_parts  { avnet.com:ultra96v2:part0:* avnet-tria:ultra96v2:part0:* }
    ps           zynqmp
    clock_mhz    150
    core         { PIN 16 POUT 16 PARAM_W 128 }
  }
  zcu104 {
    title        "ZCU104 (ZU7EV)"
    part         xczu7ev-ffvc1156-2-e
    board_parts  { xilinx.com:zcu104:part0:* }
    ps           zynqmp
    clock_mhz    150
    core         { PIN 16 POUT 16 PARAM_W 128 FEATURE_DEPTH 32768 }
  }
  pynqz1 {
    title        "PYNQ-Z1 (XC7Z020)"
    part         xc7z020clg400-1
    board_parts  { www.digilentinc.com:pynq-z1:part0:* }
    ps           zynq7
    clock_mhz    100
    core         { PIN 8 POUT 8 PARAM_W 64 }
  }
  pynqz2 {
    title        "PYNQ-Z2 (XC7Z020)"
    part         xc7z020clg400-1
    board_parts  { tul.com.tw:pynq-z2:part0:* }
    ps           zynq7
    clock_mhz    100
    core         { PIN 8 POUT 8 PARAM_W 64 }
  }
}

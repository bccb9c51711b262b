// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_order_fields: the fields of a block that lsfq_parser_order reads.
//
// Generated from ref_model/hardware/block_readers.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_order_fields (
  input  wire [511:0] block,
  output wire [15:0]  program_layers, // word 1
  output wire [15:0]  program_loads,  // word 2
  output wire [15:0]  index,          // word 1
  output wire [15:0]  loads,          // word 14
  output wire         load_first,     // word 3
  output wire         load_last       // word 3
);

  assign program_layers = block[63:48];
  assign program_loads  = block[79:64];
  assign index          = block[47:32];
  assign loads          = block[463:448];
  assign load_first     = block[121];
  assign load_last      = block[122];

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

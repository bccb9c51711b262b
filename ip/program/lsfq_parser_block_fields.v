// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_block_fields: the fields of a block that lsfq_parser_block reads.
//
// Generated from ref_model/hardware/block_readers.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_block_fields (
  input  wire [511:0] block,
  output wire [15:0]  height,    // word 2
  output wire [1:0]   kernel,    // word 1
  output wire         stride2,   // word 1
  output wire         shared,    // word 1
  output wire         depthwise, // word 1
  output wire         above,     // word 1
  output wire         below,     // word 1
  output wire         thinned    // word 1
);

  assign height    = block[79:64];
  assign kernel    = block[49:48];
  assign stride2   = block[53];
  assign shared    = block[54];
  assign depthwise = block[56];
  assign above     = block[59];
  assign below     = block[60];
  assign thinned   = block[63];

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

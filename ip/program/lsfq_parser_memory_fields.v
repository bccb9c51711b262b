// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_memory_fields: the fields of a block that lsfq_parser_memory reads.
//
// Generated from ref_model/hardware/block_readers.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_memory_fields (
  input  wire [511:0] block,
  output wire [1:0]   kernel,       // word 1
  output wire         pool,         // word 1
  output wire         shared,       // word 1
  output wire         rows,         // word 1
  output wire [31:0]  input_base,   // word 4
  output wire [31:0]  output_base,  // word 5
  output wire [31:0]  skip_base,    // word 10
  output wire [31:0]  input_pitch,  // word 8
  output wire [31:0]  output_pitch, // word 9
  output wire [31:0]  skip_pitch    // word 12
);

  assign kernel       = block[49:48];
  assign pool         = block[50];
  assign shared       = block[54];
  assign rows         = block[58];
  assign input_base   = block[159:128];
  assign output_base  = block[191:160];
  assign skip_base    = block[351:320];
  assign input_pitch  = block[287:256];
  assign output_pitch = block[319:288];
  assign skip_pitch   = block[415:384];

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_sizes_fields: the fields of a block that lsfq_parser_sizes reads.
//
// Generated from ref_model/hardware/block_readers.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_sizes_fields (
  input  wire [511:0] block,
  output wire [1:0]   kernel,       // word 1
  output wire         shared,       // word 1
  output wire         rows,         // word 1
  output wire [31:0]  input_base,   // word 4
  output wire [31:0]  output_base,  // word 5
  output wire [31:0]  skip_base,    // word 10
  output wire [31:0]  input_pitch,  // word 8
  output wire [31:0]  output_pitch, // word 9
  output wire [31:0]  skip_pitch,   // word 12
  output wire [15:0]  input_row,    // word 8
  output wire [15:0]  output_row,   // word 9
  output wire [15:0]  skip_row      // word 12
);

  assign kernel       = block[49:48];
  assign shared       = block[54];
  assign rows         = block[58];
  assign input_base   = block[159:128];
  assign output_base  = block[191:160];
  assign skip_base    = block[351:320];
  assign input_pitch  = block[287:256];
  assign output_pitch = block[319:288];
  assign skip_pitch   = block[415:384];
  assign input_row    = block[287:272];
  assign output_row   = block[319:304];
  assign skip_row     = block[415:400];

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_rows_fields: the fields of a block that lsfq_parser_rows reads.
//
// Generated from ref_model/hardware/block_readers.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_rows_fields (
  input  wire [511:0] block,
  output wire [15:0]  height,          // word 2
  output wire [15:0]  images,          // word 7
  output wire         raw,             // word 1
  output wire         skip,            // word 1
  output wire         depthwise,       // word 1
  output wire         rows,            // word 1
  output wire         load_row_window, // word 3
  output wire         load_first,      // word 3
  output wire         load_last,       // word 3
  output wire         load_thinned,    // word 3
  output wire         above,           // word 1
  output wire         below,           // word 1
  output wire         above_behind,    // word 1
  output wire         below_behind,    // word 1
  output wire [15:0]  input_ring,      // word 8
  output wire [15:0]  input_row,       // word 8
  output wire [15:0]  output_ring,     // word 9
  output wire [15:0]  output_row,      // word 9
  output wire [15:0]  skip_ring,       // word 12
  output wire [15:0]  skip_row         // word 12
);

  assign height          = block[79:64];
  assign images          = block[239:224];
  assign raw             = block[51];
  assign skip            = block[55];
  assign depthwise       = block[56];
  assign rows            = block[58];
  assign load_row_window = block[120];
  assign load_first      = block[121];
  assign load_last       = block[122];
  assign load_thinned    = block[123];
  assign above           = block[59];
  assign below           = block[60];
  assign above_behind    = block[61];
  assign below_behind    = block[62];
  assign input_ring      = block[271:256];
  assign input_row       = block[287:272];
  assign output_ring     = block[303:288];
  assign output_row      = block[319:304];
  assign skip_ring       = block[399:384];
  assign skip_row        = block[415:400];

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

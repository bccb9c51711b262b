// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_shape_fields: the fields of a block that lsfq_parser_shape reads.
//
// Generated from ref_model/hardware/block_readers.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_shape_fields (
  input  wire [511:0] block,
  output wire [15:0]  height,            // word 2
  output wire [15:0]  width,             // word 2
  output wire [15:0]  channels,          // word 3
  output wire [15:0]  outputs,           // word 3
  output wire [15:0]  images,            // word 7
  output wire [1:0]   kernel,            // word 1
  output wire         pool,              // word 1
  output wire         pool_3x3,          // word 1
  output wire         raw,               // word 1
  output wire         stride2,           // word 1
  output wire         thinned,           // word 1
  output wire         skip,              // word 1
  output wire         depthwise,         // word 1
  output wire         depthwise_stride2, // word 1
  output wire         rows,              // word 1
  output wire         above,             // word 1
  output wire         below,             // word 1
  output wire         above_behind,      // word 1
  output wire         below_behind,      // word 1
  output wire [15:0]  input_ring,        // word 8
  output wire [15:0]  input_row,         // word 8
  output wire [15:0]  output_ring,       // word 9
  output wire [15:0]  skip_ring,         // word 12
  output wire [7:0]   input_bits,        // word 6
  output wire [7:0]   weight_bits,       // word 6
  output wire [7:0]   output_bits,       // word 6
  output wire [7:0]   skip_bits,         // word 11
  output wire [7:0]   depthwise_bits,    // word 13
  output wire [7:0]   load_bits,         // word 3
  output wire         load_row_window    // word 3
);

  assign height            = block[79:64];
  assign width             = block[95:80];
  assign channels          = block[111:96];
  assign outputs           = block[127:112];
  assign images            = block[239:224];
  assign kernel            = block[49:48];
  assign pool              = block[50];
  assign pool_3x3          = block[52];
  assign raw               = block[51];
  assign stride2           = block[53];
  assign thinned           = block[63];
  assign skip              = block[55];
  assign depthwise         = block[56];
  assign depthwise_stride2 = block[57];
  assign rows              = block[58];
  assign above             = block[59];
  assign below             = block[60];
  assign above_behind      = block[61];
  assign below_behind      = block[62];
  assign input_ring        = block[271:256];
  assign input_row         = block[287:272];
  assign output_ring       = block[303:288];
  assign skip_ring         = block[399:384];
  assign input_bits        = block[199:192];
  assign weight_bits       = block[207:200];
  assign output_bits       = block[215:208];
  assign skip_bits         = block[383:376];
  assign depthwise_bits    = block[423:416];
  assign load_bits         = block[119:112];
  assign load_row_window   = block[120];

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

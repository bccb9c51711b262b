// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_store: what lsfq_store reads of the layer word.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_layer_store (
  input  wire [639:0] word,
  output wire         pointwise,         // kernel 1x1
  output wire         pool,              // max pool with stride 2
  output wire         pool_3x3,          // the pool is 3x3 with padding 1
  output wire [15:0]  pool_rows,         // rows in front of the pool
  output wire         stride2,           // stride 2
  output wire         wide_out,          // stored codes of 8 bits
  output wire [15:0]  images,            // images that the layer runs for
  output wire [17:0]  out_start,         // first word of the output
  output wire [17:0]  out_count,         // words that are made of a channel group
  output wire [17:0]  out_left,          // words from the output's first one to the ring's end
  output wire [17:0]  out_pitch,         // words from an image's output to the next
  output wire [17:0]  out_plane,         // words of one channel group of the output
  output wire [17:0]  out_digit,         // words of one digit of the output
  output wire [15:0]  out_planes,        // channel groups of the output
  output wire         depthwise,         // a depthwise layer follows the convolution
  output wire         depthwise_stride2, // the depthwise layer has stride 2
  output wire         above_behind,      // the first row behind the array is no centre
  output wire         below_behind,      // the depthwise layer's last input row is no output row
  output wire [3:0]   depthwise_bits,    // bits of the depthwise layer's codes
  output wire [5:0]   depthwise_shift    // the depthwise layer's shift
);

  assign pointwise         = word[1];
  assign pool              = word[4];
  assign pool_3x3          = word[5];
  assign pool_rows         = word[21:6];
  assign stride2           = word[22];
  assign wide_out          = word[29];
  assign images            = word[148:133];
  assign out_start         = word[348:331];
  assign out_count         = word[366:349];
  assign out_left          = word[384:367];
  assign out_pitch         = word[402:385];
  assign out_plane         = word[420:403];
  assign out_digit         = word[438:421];
  assign out_planes        = word[454:439];
  assign depthwise         = word[593];
  assign depthwise_stride2 = word[594];
  assign above_behind      = word[595];
  assign below_behind      = word[596];
  assign depthwise_bits    = word[600:597];
  assign depthwise_shift   = word[606:601];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

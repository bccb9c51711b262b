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
  output wire         pool,              // 2x2 max pool
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
  output wire         above_behind,      // the depthwise layer's first input row is no output row
  output wire         below_behind,      // the depthwise layer's last input row is no output row
  output wire [3:0]   depthwise_bits,    // bits of the depthwise layer's codes
  output wire [5:0]   depthwise_shift    // the depthwise layer's shift
);

  assign pointwise         = word[1];
  assign pool              = word[4];
  assign stride2           = word[5];
  assign wide_out          = word[12];
  assign images            = word[131:116];
  assign out_start         = word[331:314];
  assign out_count         = word[349:332];
  assign out_left          = word[367:350];
  assign out_pitch         = word[385:368];
  assign out_plane         = word[403:386];
  assign out_digit         = word[421:404];
  assign out_planes        = word[437:422];
  assign depthwise         = word[576];
  assign depthwise_stride2 = word[577];
  assign above_behind      = word[578];
  assign below_behind      = word[579];
  assign depthwise_bits    = word[583:580];
  assign depthwise_shift   = word[589:584];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

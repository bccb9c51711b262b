// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_output: what lsfq_output and the counters read of the layer word.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_layer_output (
  input  wire [511:0] word,
  output wire         pointwise,       // kernel 1x1
  output wire         raw,             // results leave the core as they are
  output wire         last,            // last layer of the pass
  output wire         stride2,         // stride 2
  output wire [15:0]  images,          // images that the layer runs for
  output wire [15:0]  groups,          // output groups
  output wire [15:0]  channels,        // output channels
  output wire [7:0]   slot,            // counter slot
  output wire [3:0]   out_bits,        // bits of the convolution's codes
  output wire [5:0]   shift,           // the convolution's shift
  output wire         skip,            // residual addition
  output wire         skip_wide,       // skip codes of 8 bits
  output wire [17:0]  skip_base,       // first word of the skip tensor
  output wire [17:0]  skip_plane,      // words of one channel group of the skip tensor
  output wire [17:0]  skip_digit,      // words of one digit of the skip tensor
  output wire [17:0]  skip_pitch,      // words from an image's skip tensor to the next
  output wire [17:0]  skip_multiplier  // the skip tensor's signed multiplier
);

  assign pointwise       = word[1];
  assign raw             = word[2];
  assign last            = word[3];
  assign stride2         = word[5];
  assign images          = word[129:114];
  assign groups          = word[255:240];
  assign channels        = word[271:256];
  assign slot            = word[279:272];
  assign out_bits        = word[371:368];
  assign shift           = word[377:372];
  assign skip            = word[378];
  assign skip_wide       = word[379];
  assign skip_base       = word[397:380];
  assign skip_plane      = word[415:398];
  assign skip_digit      = word[433:416];
  assign skip_pitch      = word[451:434];
  assign skip_multiplier = word[469:452];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

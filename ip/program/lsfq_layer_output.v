// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_output: what lsfq_output and the counters read of the layer word.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_layer_output (
  input  wire [639:0] word,
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
  output wire [17:0]  skip_start,      // first word of the skip tensor
  output wire [17:0]  skip_count,      // words that are added of a channel group
  output wire [17:0]  skip_left,       // words from the skip tensor's first to the ring's end
  output wire [17:0]  skip_plane,      // words of one channel group of the skip tensor
  output wire [17:0]  skip_digit,      // words of one digit of the skip tensor
  output wire [17:0]  skip_pitch,      // words from an image's skip tensor to the next
  output wire [17:0]  skip_multiplier  // the skip tensor's signed multiplier
);

  assign pointwise       = word[1];
  assign raw             = word[2];
  assign last            = word[3];
  assign stride2         = word[22];
  assign images          = word[148:133];
  assign groups          = word[306:291];
  assign channels        = word[322:307];
  assign slot            = word[330:323];
  assign out_bits        = word[458:455];
  assign shift           = word[464:459];
  assign skip            = word[465];
  assign skip_wide       = word[466];
  assign skip_start      = word[484:467];
  assign skip_count      = word[502:485];
  assign skip_left       = word[520:503];
  assign skip_plane      = word[538:521];
  assign skip_digit      = word[556:539];
  assign skip_pitch      = word[574:557];
  assign skip_multiplier = word[592:575];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

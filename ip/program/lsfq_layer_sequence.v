// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_sequence: what lsfq_compute reads of the layer word.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_layer_sequence (
  input  wire [639:0] word,
  output wire         three_rows,   // kernel 3x3
  output wire         pointwise,    // kernel 1x1
  output wire         raw,          // results leave the core as they are
  output wire         last,         // last layer of the pass
  output wire         stride2,      // stride 2
  output wire         shared,       // full map with one weight word for all positions
  output wire         above,        // the first output row has an input row above its own
  output wire         below,        // the last output row has an input row below its own
  output wire         row_stride2,  // every other input row is left out
  output wire         wide_in,      // input codes of 8 bits
  output wire         wide_weight,  // weight codes of 8 bits
  output wire         wide_out,     // stored codes of 8 bits
  output wire         odd,          // the last pair of an output row has one pixel
  output wire [15:0]  rows,         // output rows of the array
  output wire [15:0]  pairs,        // pixel pairs of a row that the array reads
  output wire [17:0]  words,        // words of one kernel row
  output wire [17:0]  stride,       // step between the words of a kernel row
  output wire [15:0]  row_pitch,    // step between kernel rows
  output wire [17:0]  last_line,    // kernel rows less one, where they are not three
  output wire [15:0]  images,       // images that the layer runs for
  output wire [17:0]  in_start,     // first word of the input
  output wire [15:0]  in_ring,      // rows of the input's ring
  output wire [15:0]  in_left,      // rows from the first kernel row to the ring's end
  output wire [17:0]  in_pitch,     // words from an image's input to the next
  output wire [17:0]  in_digit,     // words of one digit of the input
  output wire [15:0]  loads,        // LOADs that have to be stored before the layer starts
  output wire [19:0]  weight_digit, // weight words of one digit of a group
  output wire [19:0]  group_words,  // weight words of an output group
  output wire [15:0]  groups,       // output groups
  output wire         depthwise     // a depthwise layer follows the convolution
);

  assign three_rows   = word[0];
  assign pointwise    = word[1];
  assign raw          = word[2];
  assign last         = word[3];
  assign stride2      = word[22];
  assign shared       = word[23];
  assign above        = word[24];
  assign below        = word[25];
  assign row_stride2  = word[26];
  assign wide_in      = word[27];
  assign wide_weight  = word[28];
  assign wide_out     = word[29];
  assign odd          = word[30];
  assign rows         = word[46:31];
  assign pairs        = word[62:47];
  assign words        = word[80:63];
  assign stride       = word[98:81];
  assign row_pitch    = word[114:99];
  assign last_line    = word[132:115];
  assign images       = word[148:133];
  assign in_start     = word[166:149];
  assign in_ring      = word[182:167];
  assign in_left      = word[198:183];
  assign in_pitch     = word[216:199];
  assign in_digit     = word[234:217];
  assign loads        = word[250:235];
  assign weight_digit = word[270:251];
  assign group_words  = word[290:271];
  assign groups       = word[306:291];
  assign depthwise    = word[593];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

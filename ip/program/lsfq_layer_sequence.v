// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_sequence: what lsfq_compute reads of the layer word.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_layer_sequence (
  input  wire [511:0] word,
  output wire         three_rows,   // kernel 3x3
  output wire         pointwise,    // kernel 1x1
  output wire         raw,          // results leave the core as they are
  output wire         last,         // last layer of the pass
  output wire         stride2,      // stride 2
  output wire         shared,       // full map with one weight word for all positions
  output wire         below,        // the last output row has an input row below its own
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
  output wire [17:0]  in_base,      // first word of the input
  output wire [17:0]  in_pitch,     // words from an image's input to the next
  output wire [17:0]  in_digit,     // words of one digit of the input
  output wire [15:0]  loads,        // images that have to be stored before the layer starts
  output wire [19:0]  weight_digit, // weight words of one digit of a group
  output wire [19:0]  group_words,  // weight words of an output group
  output wire [15:0]  groups,       // output groups
  output wire         depthwise     // a depthwise layer follows the convolution
);

  assign three_rows   = word[0];
  assign pointwise    = word[1];
  assign raw          = word[2];
  assign last         = word[3];
  assign stride2      = word[5];
  assign shared       = word[6];
  assign below        = word[7];
  assign wide_in      = word[8];
  assign wide_weight  = word[9];
  assign wide_out     = word[10];
  assign odd          = word[11];
  assign rows         = word[27:12];
  assign pairs        = word[43:28];
  assign words        = word[61:44];
  assign stride       = word[79:62];
  assign row_pitch    = word[95:80];
  assign last_line    = word[113:96];
  assign images       = word[129:114];
  assign in_base      = word[147:130];
  assign in_pitch     = word[165:148];
  assign in_digit     = word[183:166];
  assign loads        = word[199:184];
  assign weight_digit = word[219:200];
  assign group_words  = word[239:220];
  assign groups       = word[255:240];
  assign depthwise    = word[470];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_pack: one word of all that the core needs to know of a layer.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
//
// Combinational. Fields that the LAYER block holds as they are come from `block`, the others from
// the parser.

`default_nettype none

module lsfq_layer_pack (
  input  wire [511:0] block,
  input  wire         three_rows,   // kernel 3x3
  input  wire         pointwise,    // kernel 1x1
  input  wire         last,         // last layer of the pass
  input  wire         below,        // the last output row has an input row below its own
  input  wire         wide_in,      // input codes of 8 bits
  input  wire         wide_weight,  // weight codes of 8 bits
  input  wire         wide_out,     // stored codes of 8 bits
  input  wire         odd,          // the last pair of an output row has one pixel
  input  wire [15:0]  rows,         // output rows of the array
  input  wire [15:0]  pairs,        // pixel pairs of a row that the array reads
  input  wire [17:0]  words,        // words of one kernel row
  input  wire [17:0]  stride,       // step between the words of a kernel row
  input  wire [15:0]  row_pitch,    // step between kernel rows
  input  wire [17:0]  last_line,    // kernel rows less one, where they are not three
  input  wire [17:0]  in_digit,     // words of one digit of the input
  input  wire [15:0]  loads,        // images that have to be stored before the layer starts
  input  wire [19:0]  weight_digit, // weight words of one digit of a group
  input  wire [19:0]  group_words,  // weight words of an output group
  input  wire [15:0]  groups,       // output groups
  input  wire [17:0]  out_plane,    // words of one channel group of the output
  input  wire [17:0]  out_digit,    // words of one digit of the output
  input  wire [15:0]  out_planes,   // channel groups of the output
  input  wire         skip_wide,    // skip codes of 8 bits
  input  wire [17:0]  skip_plane,   // words of one channel group of the skip tensor
  input  wire [17:0]  skip_digit,   // words of one digit of the skip tensor
  output wire [511:0] word
);

  assign word[0]       = three_rows;
  assign word[1]       = pointwise;
  assign word[2]       = block[51];      // raw
  assign word[3]       = last;
  assign word[4]       = block[50];      // pool
  assign word[5]       = block[53];      // stride2
  assign word[6]       = block[54];      // shared
  assign word[7]       = below;
  assign word[8]       = wide_in;
  assign word[9]       = wide_weight;
  assign word[10]      = wide_out;
  assign word[11]      = odd;
  assign word[27:12]   = rows;
  assign word[43:28]   = pairs;
  assign word[61:44]   = words;
  assign word[79:62]   = stride;
  assign word[95:80]   = row_pitch;
  assign word[113:96]  = last_line;
  assign word[129:114] = block[239:224]; // images
  assign word[147:130] = block[145:128]; // in_base
  assign word[165:148] = block[273:256]; // in_pitch
  assign word[183:166] = in_digit;
  assign word[199:184] = loads;
  assign word[219:200] = weight_digit;
  assign word[239:220] = group_words;
  assign word[255:240] = groups;
  assign word[271:256] = block[127:112]; // channels
  assign word[279:272] = block[247:240]; // slot
  assign word[297:280] = block[177:160]; // out_base
  assign word[315:298] = block[305:288]; // out_pitch
  assign word[333:316] = out_plane;
  assign word[351:334] = out_digit;
  assign word[367:352] = out_planes;
  assign word[371:368] = block[211:208]; // out_bits
  assign word[377:372] = block[221:216]; // shift
  assign word[378]     = block[55];      // skip
  assign word[379]     = skip_wide;
  assign word[397:380] = block[337:320]; // skip_base
  assign word[415:398] = skip_plane;
  assign word[433:416] = skip_digit;
  assign word[451:434] = block[401:384]; // skip_pitch
  assign word[469:452] = block[369:352]; // skip_multiplier
  assign word[470]     = block[56];      // depthwise
  assign word[471]     = block[57];      // depthwise_stride2
  assign word[475:472] = block[419:416]; // depthwise_bits
  assign word[481:476] = block[429:424]; // depthwise_shift
  assign word[511:482] = 30'd0;

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

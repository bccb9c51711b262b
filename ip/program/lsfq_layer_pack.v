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
  input  wire         row_stride2,  // every other input row is left out
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
  input  wire [17:0]  in_start,     // first word of the input
  input  wire [15:0]  in_ring,      // rows of the input's ring
  input  wire [15:0]  in_left,      // rows from the first kernel row to the ring's end
  input  wire [17:0]  in_digit,     // words of one digit of the input
  input  wire [19:0]  weight_digit, // weight words of one digit of a group
  input  wire [19:0]  group_words,  // weight words of an output group
  input  wire [15:0]  groups,       // output groups
  input  wire [17:0]  out_start,    // first word of the output
  input  wire [17:0]  out_count,    // words that are made of a channel group
  input  wire [17:0]  out_left,     // words from the output's first one to the ring's end
  input  wire [17:0]  out_plane,    // words of one channel group of the output
  input  wire [17:0]  out_digit,    // words of one digit of the output
  input  wire [15:0]  out_planes,   // channel groups of the output
  input  wire         skip_wide,    // skip codes of 8 bits
  input  wire [17:0]  skip_start,   // first word of the skip tensor
  input  wire [17:0]  skip_count,   // words that are added of a channel group
  input  wire [17:0]  skip_left,    // words from the skip tensor's first to the ring's end
  input  wire [17:0]  skip_plane,   // words of one channel group of the skip tensor
  input  wire [17:0]  skip_digit,   // words of one digit of the skip tensor
  output wire [639:0] word
);

  assign word[0]       = three_rows;
  assign word[1]       = pointwise;
  assign word[2]       = block[51];      // raw
  assign word[3]       = last;
  assign word[4]       = block[50];      // pool
  assign word[5]       = block[53];      // stride2
  assign word[6]       = block[54];      // shared
  assign word[7]       = block[59];      // above
  assign word[8]       = below;
  assign word[9]       = row_stride2;
  assign word[10]      = wide_in;
  assign word[11]      = wide_weight;
  assign word[12]      = wide_out;
  assign word[13]      = odd;
  assign word[29:14]   = rows;
  assign word[45:30]   = pairs;
  assign word[63:46]   = words;
  assign word[81:64]   = stride;
  assign word[97:82]   = row_pitch;
  assign word[115:98]  = last_line;
  assign word[131:116] = block[239:224]; // images
  assign word[149:132] = in_start;
  assign word[165:150] = in_ring;
  assign word[181:166] = in_left;
  assign word[199:182] = block[273:256]; // in_pitch
  assign word[217:200] = in_digit;
  assign word[233:218] = block[463:448]; // loads
  assign word[253:234] = weight_digit;
  assign word[273:254] = group_words;
  assign word[289:274] = groups;
  assign word[305:290] = block[127:112]; // channels
  assign word[313:306] = block[247:240]; // slot
  assign word[331:314] = out_start;
  assign word[349:332] = out_count;
  assign word[367:350] = out_left;
  assign word[385:368] = block[305:288]; // out_pitch
  assign word[403:386] = out_plane;
  assign word[421:404] = out_digit;
  assign word[437:422] = out_planes;
  assign word[441:438] = block[211:208]; // out_bits
  assign word[447:442] = block[221:216]; // shift
  assign word[448]     = block[55];      // skip
  assign word[449]     = skip_wide;
  assign word[467:450] = skip_start;
  assign word[485:468] = skip_count;
  assign word[503:486] = skip_left;
  assign word[521:504] = skip_plane;
  assign word[539:522] = skip_digit;
  assign word[557:540] = block[401:384]; // skip_pitch
  assign word[575:558] = block[369:352]; // skip_multiplier
  assign word[576]     = block[56];      // depthwise
  assign word[577]     = block[57];      // depthwise_stride2
  assign word[578]     = block[61];      // above_behind
  assign word[579]     = block[62];      // below_behind
  assign word[583:580] = block[419:416]; // depthwise_bits
  assign word[589:584] = block[429:424]; // depthwise_shift
  assign word[639:590] = 50'd0;

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

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
  input  wire [15:0]  pool_rows,    // rows in front of the pool
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
  assign word[5]       = block[52];      // pool_3x3
  assign word[21:6]    = pool_rows;
  assign word[22]      = block[53];      // stride2
  assign word[23]      = block[54];      // shared
  assign word[24]      = block[59];      // above
  assign word[25]      = below;
  assign word[26]      = row_stride2;
  assign word[27]      = wide_in;
  assign word[28]      = wide_weight;
  assign word[29]      = wide_out;
  assign word[30]      = odd;
  assign word[46:31]   = rows;
  assign word[62:47]   = pairs;
  assign word[80:63]   = words;
  assign word[98:81]   = stride;
  assign word[114:99]  = row_pitch;
  assign word[132:115] = last_line;
  assign word[148:133] = block[239:224]; // images
  assign word[166:149] = in_start;
  assign word[182:167] = in_ring;
  assign word[198:183] = in_left;
  assign word[216:199] = block[273:256]; // in_pitch
  assign word[234:217] = in_digit;
  assign word[250:235] = block[463:448]; // loads
  assign word[270:251] = weight_digit;
  assign word[290:271] = group_words;
  assign word[306:291] = groups;
  assign word[322:307] = block[127:112]; // channels
  assign word[330:323] = block[247:240]; // slot
  assign word[348:331] = out_start;
  assign word[366:349] = out_count;
  assign word[384:367] = out_left;
  assign word[402:385] = block[305:288]; // out_pitch
  assign word[420:403] = out_plane;
  assign word[438:421] = out_digit;
  assign word[454:439] = out_planes;
  assign word[458:455] = block[211:208]; // out_bits
  assign word[464:459] = block[221:216]; // shift
  assign word[465]     = block[55];      // skip
  assign word[466]     = skip_wide;
  assign word[484:467] = skip_start;
  assign word[502:485] = skip_count;
  assign word[520:503] = skip_left;
  assign word[538:521] = skip_plane;
  assign word[556:539] = skip_digit;
  assign word[574:557] = block[401:384]; // skip_pitch
  assign word[592:575] = block[369:352]; // skip_multiplier
  assign word[593]     = block[56];      // depthwise
  assign word[594]     = block[57];      // depthwise_stride2
  assign word[595]     = block[61];      // above_behind
  assign word[596]     = block[62];      // below_behind
  assign word[600:597] = block[419:416]; // depthwise_bits
  assign word[606:601] = block[429:424]; // depthwise_shift
  assign word[639:607] = 33'd0;

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

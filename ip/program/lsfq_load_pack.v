// SPDX-License-Identifier: Apache-2.0
//
// lsfq_load_pack: one word of all that the core needs to know of a load.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
//
// Combinational. Fields that the LOAD block holds as they are come from `block`, the others from
// the parser.

`default_nettype none

module lsfq_load_pack (
  input  wire [511:0] block,
  input  wire         last,        // last LOAD of the pass
  input  wire [15:0]  layers,      // layers that have to be finished before
  input  wire         wide,        // codes of 8 bits
  input  wire [17:0]  start,       // word of the first row
  input  wire [17:0]  plane,       // words of one channel group
  input  wire [17:0]  digit_words, // words of one digit
  input  wire [15:0]  left,        // rows from the first one to the ring's end
  input  wire         third,       // codes of three digits, with wide
  output wire [191:0] word
);

  assign word[0]       = last;
  assign word[16:1]    = layers;
  assign word[32:17]   = block[79:64];   // height
  assign word[48:33]   = block[95:80];   // width
  assign word[64:49]   = block[111:96];  // channels
  assign word[65]      = wide;
  assign word[66]      = block[120];     // window
  assign word[67]      = block[121];     // begins
  assign word[68]      = block[122];     // ends
  assign word[69]      = block[123];     // thinned
  assign word[87:70]   = start;
  assign word[105:88]  = plane;
  assign word[123:106] = digit_words;
  assign word[139:124] = block[271:256]; // ring
  assign word[155:140] = left;
  assign word[156]     = third;
  assign word[191:157] = 35'd0;

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

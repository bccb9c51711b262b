// SPDX-License-Identifier: Apache-2.0
//
// lsfq_load_fields: what lsfq_loader reads of the load word.
//
// Generated from ref_model/hardware/layer_word.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_load_fields (
  input  wire [191:0] word,
  output wire         last,        // last LOAD of the pass
  output wire [15:0]  layers,      // layers that have to be finished before
  output wire [15:0]  height,      // image rows to take
  output wire [15:0]  width,       // pixels of a row
  output wire [15:0]  channels,    // channels of the image
  output wire         wide,        // codes of 8 bits
  output wire         window,      // row window
  output wire         begins,      // the image begins
  output wire         ends,        // the image ends
  output wire         thinned,     // only rows 0, 2, 4, ... are stored
  output wire [17:0]  start,       // word of the first row
  output wire [17:0]  plane,       // words of one channel group
  output wire [17:0]  digit_words, // words of one digit
  output wire [15:0]  ring,        // rows that are kept
  output wire [15:0]  left,        // rows from the first one to the ring's end
  output wire         third        // codes of three digits, with wide
);

  assign last        = word[0];
  assign layers      = word[16:1];
  assign height      = word[32:17];
  assign width       = word[48:33];
  assign channels    = word[64:49];
  assign wide        = word[65];
  assign window      = word[66];
  assign begins      = word[67];
  assign ends        = word[68];
  assign thinned     = word[69];
  assign start       = word[87:70];
  assign plane       = word[105:88];
  assign digit_words = word[123:106];
  assign ring        = word[139:124];
  assign left        = word[155:140];
  assign third       = word[156];

  wire unused = &{1'b0, word};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_crc: the CRC-32 of a parameter packet, one beat a cycle.
//
// A CRC is linear, so the share of a beat's own words is computed a cycle ahead: only one step of
// the CRC lies between `crc_q` and itself.
//
// Latency: `right` tells two cycles after `take` whether the bytes since `restart` end with their
// own CRC. `restart` starts anew in a cycle in which no beat taken the cycle before is added.
// Parameter rules: PARAM_W is 32, 64, 128 or 256.

`default_nettype none

module lsfq_parser_crc #(
  parameter PARAM_W = 128
) (
  input  wire               aclk,
  input  wire               restart,
  input  wire               take,
  input  wire [PARAM_W-1:0] data,
  output wire               right
);

  localparam        WORDS   = PARAM_W / 32;
  localparam [31:0] START   = 32'hFFFFFFFF;
  localparam [31:0] RESIDUE = 32'hDEBB20E3;

  reg                 take_q;
  reg  [32*WORDS-1:0] words_q;              // what each word of the beat adds to the CRC
  reg  [31:0]         crc_q;
  wire [32*WORDS-1:0] words;
  wire [31:0]         next;

  genvar w;
  generate
    for (w = 0; w < WORDS; w = w + 1) begin : g_word
      lsfq_crc32 #(.WIDTH(PARAM_W - 32*w)) u_crc (
        .state(data[32*w +: 32]),           // as a word behind which WIDTH - 32 bits of 0 follow
        .data ({(PARAM_W-32*w){1'b0}}),
        .next (words[32*w +: 32])
      );
    end
  endgenerate

  lsfq_crc32 #(.WIDTH(PARAM_W)) u_crc (
    .state(crc_q),
    .data ({PARAM_W{1'b0}}),
    .next (next)
  );

  reg  [31:0] added;                        // what all words add
  integer     n;
  always @* begin
    added = 32'd0;
    for (n = 0; n < WORDS; n = n + 1) added = added ^ words_q[32*n +: 32];
  end

  assign right = crc_q == RESIDUE;

  always @(posedge aclk) begin
    take_q  <= take;
    words_q <= words;
    if (take_q) crc_q <= next ^ added;
    else if (restart) crc_q <= START;
  end

endmodule

`default_nettype wire

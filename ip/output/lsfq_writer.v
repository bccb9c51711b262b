// SPDX-License-Identifier: Apache-2.0
//
// lsfq_writer: writes pairs of codes to the feature memory.
//
//   address = base + image*pitch + (digit*planes + channel group)*plane
//                  + ((row + y) mod ring)*pairs + t                                    by additions
//
// A *chunk* is one pair of POUT channels. With POUT <= PIN a chunk is a part of a word, selected by
// write_enable. With POUT > PIN it is POUT/PIN words. Codes of 8 bits take two words, the high
// nibbles first. Channel groups that do not exist are not written. An odd pixel that is not valid
// is written as 0. The images of a group follow one another.
//
// A pair takes max(1, POUT/PIN) cycles to write, and twice as many with codes of 8 bits. Pairs are
// never closer than that (pair_cycles in docs/theory_of_operation.md), so none has to wait.
// Latency 1 cycle from a pair to its first write. No handshake. `restart` moves to the first pair;
// it ends at least 2 cycles before that pair. Interface: pixel pairs (docs/theory_of_operation.md).
// Parameter rules: PIN and POUT are 4, 8 or 16.

`default_nettype none

module lsfq_writer #(
  parameter PIN  = 16,
  parameter POUT = 16
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,        // a layer begins
  output wire               idle,

  input  wire               pointwise,
  input  wire               wide,           // codes of 8 bits
  input  wire [17:0]        start,          // as in lsfq_pair_walk
  input  wire [17:0]        count,
  input  wire [17:0]        left,
  input  wire [17:0]        plane,          // words of a channel group
  input  wire [17:0]        digit_words,    // from the high nibbles to the low ones
  input  wire [15:0]        planes,         // channel groups
  input  wire [15:0]        images,
  input  wire [17:0]        pitch,          // words between images

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire [16*POUT-1:0] s_code,

  output wire               write_valid,    // at least one bit of write_enable is high
  output wire [PIN-1:0]     write_enable,   // a bit for each channel, whose byte holds two pixels
  output wire [17:0]        write_address,
  output wire [8*PIN-1:0]   write_data
);

  localparam WORDS  = POUT > PIN ? POUT / PIN : 1;    // words of a chunk
  localparam PARTS  = PIN > POUT ? PIN / POUT : 1;    // chunks in a word
  localparam CHUNK  = POUT < PIN ? POUT : PIN;        // channels written in one cycle
  localparam PART_W = 3;                              // a part number up to 4, plus 2
  localparam SUB_W  = 2;
  localparam [16:0]       WORDS_P = WORDS[16:0];
  localparam integer      LAST_SUB_I = WORDS - 1;
  localparam [SUB_W-1:0]  LAST_SUB = LAST_SUB_I[SUB_W-1:0];

  // ---- the address of the next pair

  wire [17:0]       address;
  wire [16:0]       groups_left;
  wire [PART_W-1:0] part;
  wire              group_end;

  lsfq_pair_walk #(
    .PIN   (PIN),
    .POUT  (POUT),
    .PART_W(PART_W)
  ) u_walk (
    .aclk       (aclk),
    .restart    (restart),
    .pointwise  (pointwise),
    .start      (start),
    .count      (count),
    .left       (left),
    .plane      (plane),
    .planes     (planes),
    .images     (images),
    .pitch      (pitch),
    .advance    (s_valid),
    .set        (s_set),
    .address    (address),
    .groups_left(groups_left),
    .part       (part),
    .group_end  (group_end)
  );

  // ---- the pair being written

  reg               full_q;
  reg               write_q;               // a word is written, and its channel group exists
  reg [8*POUT-1:0]  even_q, odd_q;
  reg [PART_W-1:0]  place_q;               // the part of the word
  reg [17:0]        digit_start_q;         // the chunk's first word
  reg [17:0]        word_q;                // the word that is written
  reg [16:0]        groups_left_q;         // groups after its own; negative: its own does not exist
  reg               digit_q;
  reg [SUB_W-1:0]   sub_q;                 // number of the word in the chunk

  wire last_sub   = WORDS == 1 || sub_q == LAST_SUB;
  wire last_write = last_sub && digit_q == wide;
  wire [16:0] groups_left_d = s_valid ? groups_left
                            : groups_left_q + (last_sub ? WORDS_P - 17'd1 : {17{1'b1}});

  always @(posedge aclk) begin
    groups_left_q <= groups_left_d;
    if (s_valid) begin
      even_q        <= s_code[8*POUT-1:0];
      odd_q         <= s_both ? s_code[16*POUT-1:8*POUT] : {8*POUT{1'b0}};
      place_q       <= part;
      digit_start_q <= address;
      word_q        <= address;
      digit_q       <= 1'b0;
      sub_q         <= {SUB_W{1'b0}};
    end else begin
      word_q        <= (last_sub ? digit_start_q : word_q) + (last_sub ? digit_words : plane);
      if (last_sub) digit_q <= 1'b1;
      sub_q         <= last_sub ? {SUB_W{1'b0}} : sub_q + 1'b1;
    end
  end

  always @(posedge aclk) begin
    if (s_valid) full_q <= 1'b1;
    else if (last_write) full_q <= 1'b0;
    write_q <= (s_valid || (full_q && !last_write)) && !groups_left_d[16];
    if (!aresetn || restart) begin
      full_q  <= 1'b0;
      write_q <= 1'b0;
    end
  end

  assign idle = !full_q;

  wire [8*CHUNK-1:0] even = even_q[8*CHUNK*sub_q +: 8*CHUNK];
  wire [8*CHUNK-1:0] odd  = odd_q[8*CHUNK*sub_q +: 8*CHUNK];

  reg  [8*CHUNK-1:0] bytes;
  integer c;
  always @* begin
    for (c = 0; c < CHUNK; c = c + 1)
      bytes[8*c +: 8] = wide && !digit_q ? {odd[8*c+4 +: 4], even[8*c+4 +: 4]}
                                         : {odd[8*c +: 4], even[8*c +: 4]};
  end

  genvar p;
  generate
    for (p = 0; p < PARTS; p = p + 1) begin : g_part
      assign write_enable[p*CHUNK +: CHUNK]   = {CHUNK{write_q && place_q == p}};
      assign write_data[8*p*CHUNK +: 8*CHUNK] = bytes;
    end
  endgenerate

  assign write_valid   = write_q;
  assign write_address = word_q;

  wire unused = &{1'b0, group_end};

endmodule

`default_nettype wire

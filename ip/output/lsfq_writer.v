// SPDX-License-Identifier: Apache-2.0
//
// lsfq_writer: writes pairs of codes to the feature memory.
//
//   address = base + image*pitch + (digit*planes + channel group)*plane
//                  + ((row + y) mod ring)*pairs + t                                    by additions
//
// A *chunk* is one pair of POUT channels. With POUT <= PIN a chunk is a part of a word, selected by
// write_enable. With POUT > PIN it is POUT/PIN words. Codes of several digits take as many words,
// the high digits first. Channel groups that do not exist are not written. An odd pixel that is not
// valid is written as 0. The images of a group follow one another.
//
// CODE_BITS 3: a word holds two pairs. A pair is written into its half of the word, and 0 into the
// other half if the row ends before that.
//
// A pair takes max(1, POUT/PIN) cycles to write for each digit of its codes. Pairs are
// never closer than that (pair_cycles in docs/theory_of_operation.md), so none has to wait.
// Latency 1 cycle from a pair to its first write. No handshake. `restart` moves to the first pair;
// it ends at least 2 cycles before that pair. Interface: pixel pairs (docs/theory_of_operation.md).
// Parameter rules: PIN and POUT are 4, 8 or 16.

`default_nettype none

module lsfq_writer #(
  parameter PIN       = 16,
  parameter POUT      = 16,
  parameter CODE_BITS = 4,
  parameter ENABLES   = CODE_BITS == 3 ? 2 * PIN : PIN,        // derived; so is the next
  parameter WORD_W    = 2 * CODE_BITS * ENABLES
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,        // a layer begins
  output wire               idle,

  input  wire               pointwise,
  input  wire               wide,           // codes of two digits, or more
  input  wire               third,          // CODE_BITS 3, with wide: of three
  input  wire [17:0]        start,          // as in lsfq_pair_walk
  input  wire [17:0]        count,
  input  wire [17:0]        left,
  input  wire [15:0]        row_pairs,
  input  wire [17:0]        plane,          // words of a channel group
  input  wire [17:0]        digit_words,    // from a digit to the next one
  input  wire [15:0]        planes,         // channel groups
  input  wire [15:0]        images,
  input  wire [17:0]        pitch,          // words between images

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire [16*POUT-1:0] s_code,

  output wire               write_valid,    // at least one bit of write_enable is high
  output wire [ENABLES-1:0] write_enable,   // a bit for each pair of pixels of a channel
  output wire [17:0]        write_address,
  output wire [WORD_W-1:0]  write_data
);

  localparam WORDS  = POUT > PIN ? POUT / PIN : 1;    // words of a chunk
  localparam PARTS  = PIN > POUT ? PIN / POUT : 1;    // chunks in a word
  localparam CHUNK  = POUT < PIN ? POUT : PIN;        // channels written in one cycle
  localparam PART_W = 3;                              // a part number up to 4, plus 2
  localparam SUB_W  = 2;
  localparam HALVES  = CODE_BITS == 3 ? 2 : 1;        // pairs in a word
  localparam PAIR_W  = 2 * CODE_BITS;                 // a digit of both pixels
  localparam DIGIT_W = CODE_BITS == 3 ? 2 : 1;
  localparam [16:0]       WORDS_P = WORDS[16:0];
  localparam integer      LAST_SUB_I = WORDS - 1;
  localparam [SUB_W-1:0]  LAST_SUB = LAST_SUB_I[SUB_W-1:0];

  // ---- the address of the next pair

  wire [17:0]       address;
  wire [16:0]       groups_left;
  wire [PART_W-1:0] part;
  wire              group_end, half, word_end, short_word;

  lsfq_pair_walk #(
    .PIN      (PIN),
    .POUT     (POUT),
    .PART_W   (PART_W),
    .CODE_BITS(CODE_BITS)
  ) u_walk (
    .aclk       (aclk),
    .restart    (restart),
    .pointwise  (pointwise),
    .start      (start),
    .count      (count),
    .left       (left),
    .row_pairs  (row_pairs),
    .plane      (plane),
    .planes     (planes),
    .images     (images),
    .pitch      (pitch),
    .advance    (s_valid),
    .set        (s_set),
    .address    (address),
    .groups_left(groups_left),
    .part       (part),
    .half       (half),
    .word_end   (word_end),
    .short_word (short_word),
    .group_end  (group_end)
  );

  // ---- the pair being written

  reg               full_q;
  reg               write_q;               // a word is written, and its channel group exists
  reg [8*POUT-1:0]  even_q, odd_q;
  reg [PART_W-1:0]  place_q;               // the part of the word
  reg               upper_q, both_q;       // the half of the word; both halves
  reg [17:0]        digit_start_q;         // the chunk's first word, of its digit
  reg [17:0]        word_q;                // the word that is written
  reg [16:0]        groups_left_q;         // groups after its own; negative: its own does not exist
  reg [DIGIT_W-1:0] left_q;                // digits after this one
  reg [SUB_W-1:0]   sub_q;                 // number of the word in the chunk

  wire [DIGIT_W-1:0] digits_after;
  wire last_sub   = WORDS == 1 || sub_q == LAST_SUB;
  wire last_write = last_sub && left_q == {DIGIT_W{1'b0}};
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
      upper_q       <= half;
      both_q        <= short_word;
      left_q        <= digits_after;
      sub_q         <= {SUB_W{1'b0}};
    end else begin
      word_q        <= (last_sub ? digit_start_q : word_q) + (last_sub ? digit_words : plane);
      if (last_sub) left_q <= left_q - 1'b1;
      if (last_sub && CODE_BITS == 3) digit_start_q <= digit_start_q + digit_words;
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

  // the digits of the chunk: two pixels of a channel side by side
  wire [PAIR_W*CHUNK-1:0] digits;

  genvar c, h, p;
  generate
    for (c = 0; c < CHUNK; c = c + 1) begin : g_channel
      if (CODE_BITS == 3) begin : g_three
        wire [7:0] e = even[8*c +: 8];
        wire [7:0] o = odd[8*c +: 8];
        assign digits[6*c +: 6] = left_q[1] ? {1'b0, o[7:6], 1'b0, e[7:6]}
                                : left_q[0] ? {o[5:3], e[5:3]} : {o[2:0], e[2:0]};
      end else begin : g_four
        assign digits[8*c +: 8] = left_q[0] ? {odd[8*c+4 +: 4], even[8*c+4 +: 4]}
                                            : {odd[8*c +: 4], even[8*c +: 4]};
      end
    end

    if (CODE_BITS == 3) begin : g_three_digits
      assign digits_after = {third, wide && !third};
    end else begin : g_two_digits
      assign digits_after = wide;
      wire unused_third = third;
    end

    for (p = 0; p < PARTS; p = p + 1) begin : g_part
      for (c = 0; c < CHUNK; c = c + 1) begin : g_place
        for (h = 0; h < HALVES; h = h + 1) begin : g_half
          localparam PLACE = HALVES * (p * CHUNK + c) + h;
          assign write_enable[PLACE] = write_q && place_q == p
                                       && (HALVES == 1 || both_q || upper_q == (h == 1));
          assign write_data[PAIR_W*PLACE +: PAIR_W] =
            HALVES == 2 && h == 1 && both_q ? {PAIR_W{1'b0}} : digits[PAIR_W*c +: PAIR_W];
        end
      end
    end
  endgenerate

  assign write_valid   = write_q;
  assign write_address = word_q;

  wire unused = &{1'b0, group_end, word_end, upper_q, both_q};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_writer: writes the pixel pairs of rows to the feature memory, one after the other.
//
//   address(d, g, i, t) = start + (d*groups + g)*plane + i*pitch + t                   by additions
//
// less `plane` from the row on at which the ring has ended.
//
// A pair takes one write for each digit of its codes, the high one first; the next one is
// `digit_words` further on. With CODE_BITS 3 a word holds two pairs of a row, t counts words, and a
// pair is written into its half, with 0 into the other half where the row ends before that. Pairs
// come row by row, in each row channel group by channel group. A
// pair with s_next belongs to the row below. With `window` the pair has three blocks of channels,
// PIN/3 apart (lsfq_row_window), of which the first `channels` of each are joined:
//
//   channel ky*C + c of the word = channel ky*(PIN/3) + c of the pair
//
// Handshake: `restart` reads the settings, which hold still from then on. Reset forgets what is
// under way.

`default_nettype none

module lsfq_pair_writer #(
  parameter PIN       = 16,
  parameter CODE_BITS = 4,
  parameter HALVES    = CODE_BITS == 3 ? 2 : 1,                // derived; so is the next
  parameter WORD_W    = 2 * CODE_BITS * HALVES * PIN
) (
  input  wire              aclk,
  input  wire              aresetn,

  input  wire              restart,
  input  wire [17:0]       start,
  input  wire              wide,             // codes of two digits, or more
  input  wire              third,            // CODE_BITS 3, with wide: of three
  input  wire              window,
  input  wire [$clog2(PIN)-1:0] channels,    // C, with `window`
  input  wire [17:0]       pitch,            // words a row
  input  wire [17:0]       plane,            // words of a channel group
  input  wire [17:0]       digit_words,
  input  wire [15:0]       ring,             // rows that are kept
  input  wire [15:0]       left,             // rows from the first one to the ring's end

  input  wire              s_valid,
  output wire              s_ready,
  input  wire              s_next,
  input  wire              s_advance,        // the next pair has another place
  input  wire              s_row_end,        // the pair is the last of its group's row
  input  wire              s_last_group,
  input  wire [16*PIN-1:0] s_pair,

  output wire              busy,             // a write is on its way
  input  wire              write_ready,
  output wire              write_valid,
  output wire [17:0]       write_address,
  output wire [HALVES-1:0] write_half,       // which halves of the word
  output wire [WORD_W-1:0] write_data
);

  localparam CHANNEL_W = $clog2(PIN);
  localparam BLOCK     = PIN / 3;            // most channels with `window`
  localparam DIGIT_W   = CODE_BITS == 3 ? 2 : 1;
  localparam PAIR_W    = 2 * CODE_BITS;      // a digit of both pixels

  // ---- the place of the pair

  reg  [17:0]         address_q;             // its word, without s_next, digit 0
  reg  [17:0]         row_q, group_q;        // where its row begins, where its group's row begins
  reg  [DIGIT_W-1:0]  digit_q;               // 0: the only digit, or the high one
  reg                 restart_q;
  reg  [17:0]         wrap_q;                // from the ring's last row to its first
  reg  [17:0]         down_q, low_down_q;    // to the row below; to its low digit
  reg                 settle_q;              // a row has just ended: both follow a cycle later

  wire                proceed;               // the write leaves
  wire [DIGIT_W-1:0]  digits_after;          // digits after the first one
  wire                last_digit = digit_q == digits_after;
  wire                here       = s_valid && !settle_q;
  wire                place_ends = here && proceed && last_digit && s_advance;
  wire                row_ends   = place_ends && s_row_end && s_last_group;
  wire                wraps, unused_last, unused_last_but_one;
  wire                word_ends, upper, both;
  wire [17:0]         next_row   = row_q + down_q;
  wire [17:0]         next_group = group_q + plane;

  assign s_ready = proceed && last_digit && !settle_q;

  lsfq_ring_counter #(
    .WIDTH(16)
  ) u_ring (
    .aclk        (aclk),
    .restart     (restart),
    .two         (1'b0),
    .ring        (ring),
    .start       (left),
    .advance     (row_ends),
    .again       (1'b0),
    .last        (unused_last),
    .last_but_one(unused_last_but_one),
    .wraps       (wraps)
  );

  always @(posedge aclk) begin
    wrap_q     <= pitch - plane;
    down_q     <= wraps ? wrap_q : pitch;
    low_down_q <= (wraps ? wrap_q : pitch) + digit_words;
    restart_q  <= restart;
    settle_q   <= row_ends;

    if (here && proceed) digit_q <= last_digit ? {DIGIT_W{1'b0}} : digit_q + 1'b1;
    if (place_ends) begin
      address_q <= s_row_end ? (s_last_group ? next_row : next_group)
                 : word_ends ? address_q + 18'd1 : address_q;
      if (s_row_end) group_q <= s_last_group ? next_row : next_group;
      if (row_ends) row_q <= next_row;
    end
    if (restart_q) begin
      address_q <= start;
      group_q   <= start;
      row_q     <= start;
      digit_q   <= {DIGIT_W{1'b0}};
    end
  end

  wire [17:0] offset;
  wire [17:0] place  = address_q + offset;

  // ---- the digits of a channel's two pixels, side by side

  wire [PAIR_W*PIN-1:0] digits;

  genvar g;
  generate
    if (CODE_BITS == 3) begin : g_three
      reg        half_q;                     // the pair is its word's second one
      reg [17:0] third_down_q;

      always @(posedge aclk) begin
        third_down_q <= (wraps ? wrap_q : pitch) + {digit_words[16:0], 1'b0};
        if (place_ends) half_q <= !word_ends;
        if (restart_q) half_q <= 1'b0;
      end

      assign word_ends    = half_q || s_row_end;
      assign upper        = half_q;
      assign both         = !half_q && s_row_end;
      assign digits_after = {third, wide && !third};
      assign offset       = s_next ? (digit_q[1] ? third_down_q : digit_q[0] ? low_down_q : down_q)
                          : digit_q[1] ? {digit_words[16:0], 1'b0}
                          : digit_q[0] ? digit_words : 18'd0;

      wire [1:0] after = digits_after - digit_q;        // digits after this one
      for (g = 0; g < PIN; g = g + 1) begin : g_channel
        wire [7:0] e = s_pair[16*g +: 8];
        wire [7:0] o = s_pair[16*g+8 +: 8];
        assign digits[6*g +: 6] = after[1] ? {1'b0, o[7:6], 1'b0, e[7:6]}
                                : after[0] ? {o[5:3], e[5:3]} : {o[2:0], e[2:0]};
      end
    end else begin : g_four
      assign word_ends    = 1'b1;
      assign upper        = 1'b0;
      assign both         = 1'b0;
      assign digits_after = wide;
      assign offset       = s_next ? (digit_q[0] ? low_down_q : down_q)
                          : digit_q[0] ? digit_words : 18'd0;
      for (g = 0; g < PIN; g = g + 1) begin : g_channel
        assign digits[8*g +: 8] = wide && !digit_q[0]
                                ? {s_pair[16*g+12 +: 4], s_pair[16*g+4 +: 4]}
                                : {s_pair[16*g+8 +: 4], s_pair[16*g +: 4]};
      end
      wire unused_third = third;
    end
  endgenerate

  reg  [PAIR_W*PIN-1:0] joined;
  integer c, k;
  always @* begin
    joined = digits;
    c      = 0;                         // no loop that is skipped leaves it: Yosys sees a latch
    for (k = 1; k <= BLOCK; k = k + 1)
      if (window && channels == k[CHANNEL_W-1:0])
        for (c = 0; c < 3 * k; c = c + 1)
          joined[PAIR_W*c +: PAIR_W] = digits[PAIR_W*(c/k*BLOCK + c%k) +: PAIR_W];
  end

  // ---- the write: both halves come from the one pair

  wire [PAIR_W*PIN-1:0] write_pair;
  wire                  write_upper, write_both;

  lsfq_skid #(
    .WIDTH(PAIR_W * PIN + 20)
  ) u_write (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(here),
    .s_ready(proceed),
    .s_data ({upper, both, place, joined}),
    .m_valid(busy),
    .m_ready(write_ready),
    .m_data ({write_upper, write_both, write_address, write_pair})
  );

  generate
    if (CODE_BITS == 3) begin : g_halves
      assign write_half = {write_both || write_upper, !write_upper};
      for (g = 0; g < PIN; g = g + 1) begin : g_word
        assign write_data[12*g +: 12] = {write_both ? 6'd0 : write_pair[6*g +: 6],
                                         write_pair[6*g +: 6]};
      end
    end else begin : g_whole
      assign write_half = 1'b1;
      assign write_data = write_pair;
      wire unused_half = &{1'b0, write_upper, write_both};
    end
  endgenerate

  assign write_valid = busy;

  wire unused = &{1'b0, unused_last, unused_last_but_one};

endmodule

`default_nettype wire

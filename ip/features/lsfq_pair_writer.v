// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_writer: writes the pixel pairs of rows to the feature memory, one after the other.
//
//   address(d, g, i, t) = start + (d*groups + g)*plane + i*pitch + t                   by additions
//
// less `plane` from the row on at which the ring has ended.
//
// A pair takes one write, or two for codes of 8 bits: the high digit, then the low one,
// `digit_words` further on. Pairs come row by row, in each row channel group by channel group. A
// pair with s_next belongs to the row below. With `window` the pair has three blocks of channels,
// PIN/3 apart (lsfq_row_window), of which the first `channels` of each are joined:
//
//   channel ky*C + c of the word = channel ky*(PIN/3) + c of the pair
//
// Handshake: `restart` reads the settings, which hold still from then on. Reset forgets what is
// under way.

`default_nettype none

module lsfq_pair_writer #(
  parameter PIN = 16
) (
  input  wire              aclk,
  input  wire              aresetn,

  input  wire              restart,
  input  wire [17:0]       start,
  input  wire              wide,             // codes of 8 bits
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
  output wire [8*PIN-1:0]  write_data
);

  localparam CHANNEL_W = $clog2(PIN);
  localparam BLOCK     = PIN / 3;            // most channels with `window`

  // ---- the place of the pair

  reg  [17:0]         address_q;             // its word, without s_next, digit 0
  reg  [17:0]         row_q, group_q;        // where its row begins, where its group's row begins
  reg                 digit_q;               // 0: the only digit, or the high one
  reg                 restart_q;
  reg  [17:0]         wrap_q;                // from the ring's last row to its first
  reg  [17:0]         down_q, low_down_q;    // to the row below; to its low digit
  reg                 settle_q;              // a row has just ended: both follow a cycle later

  wire                proceed;               // the write leaves
  wire                last_digit = digit_q == wide;
  wire                here       = s_valid && !settle_q;
  wire                place_ends = here && proceed && last_digit && s_advance;
  wire                row_ends   = place_ends && s_row_end && s_last_group;
  wire                wraps, unused_last, unused_last_but_one;
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

    if (here && proceed) digit_q <= !last_digit;
    if (place_ends) begin
      address_q <= !s_row_end ? address_q + 18'd1 : s_last_group ? next_row : next_group;
      if (s_row_end) group_q <= s_last_group ? next_row : next_group;
      if (row_ends) row_q <= next_row;
    end
    if (restart_q) begin
      address_q <= start;
      group_q   <= start;
      row_q     <= start;
      digit_q   <= 1'b0;
    end
  end

  wire [17:0] offset = s_next ? (digit_q ? low_down_q : down_q) : (digit_q ? digit_words : 18'd0);
  wire [17:0] place  = address_q + offset;

  // ---- its nibbles

  reg  [8*PIN-1:0]    nibbles, joined;
  integer c, k;
  always @* begin
    for (c = 0; c < PIN; c = c + 1)
      nibbles[8*c +: 8] = wide && !digit_q ? {s_pair[16*c+12 +: 4], s_pair[16*c+4 +: 4]}
                                           : {s_pair[16*c+8 +: 4], s_pair[16*c +: 4]};
    joined = nibbles;
    for (k = 1; k <= BLOCK; k = k + 1)
      if (window && channels == k[CHANNEL_W-1:0])
        for (c = 0; c < 3 * k; c = c + 1)
          joined[8*c +: 8] = nibbles[8*(c/k*BLOCK + c%k) +: 8];
  end

  lsfq_skid #(
    .WIDTH(8 * PIN + 18)
  ) u_write (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(here),
    .s_ready(proceed),
    .s_data ({place, joined}),
    .m_valid(busy),
    .m_ready(write_ready),
    .m_data ({write_address, write_data})
  );

  assign write_valid = busy;

  wire unused = &{1'b0, unused_last, unused_last_but_one};

endmodule

`default_nettype wire

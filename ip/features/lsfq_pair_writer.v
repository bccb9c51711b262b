// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_writer: writes an image's pixel pairs to the feature memory, one after the other.
//
// A pair takes one write, or two for codes of 8 bits: the high digit, then the low one,
// `digit_words` further on. With `window` each digit is written three times, so that a 3x3 window
// over C channels becomes a 1x3 window over 3C channels: as row ky = 1 of its own row's word, as ky
// = 0 of the row below and as ky = 2 of the row above:
//
//   channel ky*C + c of word (y, t) = channel c of image row y + ky - 1, zeros outside
//
// Where the row below or above is outside the image, the write fills the block that no other row
// fills with zeros.
//
// Handshake: `prepare` sets the address to `base`; `restart`, after it, reads the settings, which
// hold still from then on; `begin_group` begins each channel group. Reset forgets what is under
// way.

`default_nettype none

module lsfq_pair_writer #(
  parameter PIN = 16
) (
  input  wire              aclk,
  input  wire              aresetn,

  input  wire              prepare,
  input  wire [17:0]       base,             // read with `prepare`
  input  wire              restart,
  input  wire              begin_group,
  input  wire              wide,             // codes of 8 bits
  input  wire              window,
  input  wire [$clog2(PIN):0] window_channels,   // C; 0 without `window`
  input  wire [17:0]       pitch,            // words a row
  input  wire [17:0]       digit_words,

  input  wire              s_valid,
  output wire              s_ready,
  input  wire              s_top,            // the pair's row is the image's first
  input  wire              s_bottom,         // the pair's row is the image's last
  input  wire [16*PIN-1:0] s_pair,

  output wire              busy,             // a write is on its way
  input  wire              write_ready,
  output wire [PIN-1:0]    write_enable,     // a byte (two pixels) a channel
  output wire [17:0]       write_address,
  output wire [8*PIN-1:0]  write_data
);

  localparam CHANNEL_W = $clog2(PIN);

  // settings of the image, from registers
  reg  [PIN-1:0]      mask_q;                // the channels of a block
  reg  [17:0]         minus_pitch_q;
  reg  [17:0]         low_below_q, low_above_q;     // to the low digit of the row below, above

  always @(posedge aclk) begin
    mask_q        <= window ? ~({PIN{1'b1}} << window_channels) : {PIN{1'b1}};
    minus_pitch_q <= -pitch;
    low_below_q   <= digit_words + pitch;
    low_above_q   <= digit_words - pitch;
  end

  // the block that is written: to the pair's own row, then to the row below, then to the row above
  reg                 digit_q;               // 0: the only digit, or the high one
  reg                 own_q;                 // the block goes to the pair's own row
  reg  [CHANNEL_W+1:0] shift_q;              // first channel: C in the own row, 0 below, 2C above
  reg  [17:0]         offset_q;              // word of the block, less the pair's own word
  reg                 outside_q;             // the row is outside: write the zeros
  reg                 last_block_q;          // the digit's last block
  reg                 last_write_q;          // the pair's last block
  reg  [17:0]         address_q;             // the pair's own word, digit 0

  wire                proceed;               // the write leaves
  assign s_ready = last_write_q && proceed;

  reg  [8*PIN-1:0]    nibbles;
  integer c;
  always @* begin
    for (c = 0; c < PIN; c = c + 1)
      nibbles[8*c +: 8] = wide && !digit_q ? {s_pair[16*c+12 +: 4], s_pair[16*c+4 +: 4]}
                                           : {s_pair[16*c+8 +: 4], s_pair[16*c +: 4]};
  end

  wire [CHANNEL_W+1:0] twice  = {window_channels, 1'b0};
  wire [PIN-1:0]       blocks = mask_q << shift_q;
  wire [8*PIN-1:0]     bytes  = outside_q ? {8*PIN{1'b0}} : nibbles << {shift_q, 3'd0};
  wire [17:0]          place  = address_q + offset_q;

  wire                 digit_ends  = !window || last_block_q;
  wire                 next_digit  = digit_ends ? wide && !digit_q : digit_q;
  wire                 next_below  = !digit_ends && own_q && !s_bottom;
  wire                 next_above  = !digit_ends && !own_q && !s_top;
  wire [17:0]          next_offset = next_below ? (next_digit ? low_below_q : pitch)
                                   : next_above ? (next_digit ? low_above_q : minus_pitch_q)
                                                : (next_digit ? digit_words : 18'd0);

  always @(posedge aclk) begin
    if (s_valid && proceed) begin
      digit_q  <= next_digit;
      offset_q <= next_offset;
      if (digit_ends) begin
        own_q        <= 1'b1;
        shift_q      <= {1'b0, window_channels};
        outside_q    <= 1'b0;
        last_block_q <= 1'b0;
        last_write_q <= !window && (!wide || !digit_q);
      end else begin
        own_q        <= 1'b0;
        shift_q      <= (own_q ? s_bottom : !s_top) ? twice : {(CHANNEL_W+2){1'b0}};
        outside_q    <= own_q ? s_bottom : s_top;
        last_block_q <= !own_q;
        last_write_q <= !own_q && (!wide || digit_q);
      end
      if (last_write_q) address_q <= address_q + 18'd1;
    end

    if (prepare) begin
      digit_q      <= 1'b0;
      own_q        <= 1'b1;
      offset_q     <= 18'd0;
      outside_q    <= 1'b0;
      last_block_q <= 1'b0;
      address_q    <= base;
    end
    if (restart) last_write_q <= !window && !wide;
    if (begin_group) shift_q <= {1'b0, window_channels};
  end

  wire [PIN-1:0] enable;

  lsfq_skid #(
    .WIDTH(9 * PIN + 18)
  ) u_write (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_valid),
    .s_ready(proceed),
    .s_data ({blocks, place, bytes}),
    .m_valid(busy),
    .m_ready(write_ready),
    .m_data ({enable, write_address, write_data})
  );

  assign write_enable = busy ? enable : {PIN{1'b0}};

endmodule

`default_nettype wire

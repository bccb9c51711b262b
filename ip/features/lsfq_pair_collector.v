// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_collector: turns an image's bytes into pixel pairs of one channel group.
//
// Codes come channel group by channel group, in each group row by row, pixel by pixel, channel by
// channel. The collector takes one code a cycle, puts it into the pair a cycle later, and hands the
// finished pair on. One finished pair may wait while another one is collected.
//
// A pair holds two neighbouring pixels of up to PIN channels, 16 bits a channel: the even pixel's
// code in the lower byte. What no code fills is 0.
//
// Handshake: `prepare` sets the position to the image's first code; `restart`, after it, reads
// `height` and `width`, which hold still from then on; `begin_group` begins each channel group;
// `enable` takes codes. `step` says that a code is taken, `beat_end` that its beat is used up.
// Reset forgets what is under way.

`default_nettype none

module lsfq_pair_collector #(
  parameter PIN    = 16,
  parameter DATA_W = 64
) (
  input  wire              aclk,
  input  wire              aresetn,

  input  wire              prepare,
  input  wire [15:0]       channels,         // read with `prepare`
  input  wire              restart,
  input  wire [15:0]       height,
  input  wire [15:0]       width,
  input  wire              begin_group,
  input  wire              enable,

  input  wire              s_valid,
  input  wire [DATA_W-1:0] s_data,
  output wire              may_step,         // a code is taken if there is one
  output wire              step,
  output wire              beat_end,         // the code is its beat's last one
  output wire              group_end,        // the code is its channel group's last one
  output wire              last_group,
  output wire              pending,          // a code is taken, but not yet in its pair

  output wire              m_valid,
  input  wire              m_ready,
  output wire              m_top,            // the pair's row is the image's first
  output wire              m_bottom,         // the pair's row is the image's last
  output wire [16*PIN-1:0] m_pair
);

  localparam BYTES     = DATA_W / 8;
  localparam BYTE_W    = BYTES > 1 ? $clog2(BYTES) : 1;
  localparam CHANNEL_W = $clog2(PIN);
  localparam [15:0] PIN_16 = PIN[15:0];
  localparam [BYTE_W-1:0] LAST_BYTE = {BYTE_W{1'b1}};

  // ---- position of the next code

  reg [BYTE_W-1:0]    byte_q;
  reg                 last_byte_q;           // the byte is its beat's last one
  reg                 beat_end_q;            // the same, or the image ends
  reg [15:0]          left_q;                // channels from this group on
  reg                 last_group_q;
  reg [CHANNEL_W-1:0] channel_q;
  reg [CHANNEL_W-1:0] top_channel_q;         // the group's last channel
  reg [CHANNEL_W-1:0] rest_q;                // channels of the pixel after this one
  reg                 last_channel_q;
  reg                 odd_q, first_row_q;    // place of the pixel
  reg                 pair_x_q;              // the pixel is its pair's last one
  reg                 pair_end_q;            // the code is its pair's last one
  reg                 group_end_q;           // the code is its group's last one
  reg                 end_pixel_q;           // the pixel is the image's last one
  wire                last_x, last_y, next_last_x, next_last_y;

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_x (
    .aclk     (aclk),
    .restart  (restart),
    .count    (width),
    .advance  (step && last_channel_q),
    .last     (last_x),
    .next_last(next_last_x)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_y (
    .aclk     (aclk),
    .restart  (restart),
    .count    (height),
    .advance  (step && last_channel_q && last_x),
    .last     (last_y),
    .next_last(next_last_y)
  );

  wire one_left = left_q == 16'd1;
  wire few_left = left_q <= PIN_16;
  wire [CHANNEL_W-1:0] top_left = left_q[CHANNEL_W-1:0] - 1'b1;
  wire next_last_channel = last_channel_q ? top_channel_q == {CHANNEL_W{1'b0}}
                                          : rest_q == {{(CHANNEL_W-1){1'b0}}, 1'b1};
  wire next_last_byte    = byte_q == LAST_BYTE - 1'b1;
  wire next_pair_x       = last_channel_q ? (!odd_q && !last_x) || next_last_x : pair_x_q;
  wire image_ends_next   = next_last_x && (last_x ? next_last_y : last_y);
  wire next_end_pixel    = last_channel_q ? image_ends_next : end_pixel_q;

  always @(posedge aclk) begin
    if (prepare) begin
      byte_q      <= {BYTE_W{1'b0}};
      last_byte_q <= 1'b0;
      channel_q   <= {CHANNEL_W{1'b0}};
      odd_q       <= 1'b0;
      first_row_q <= 1'b1;
      left_q      <= channels;
    end

    if (begin_group) begin
      last_group_q   <= few_left;
      top_channel_q  <= few_left ? top_left : {CHANNEL_W{1'b1}};
      rest_q         <= few_left ? top_left : {CHANNEL_W{1'b1}};
      last_channel_q <= one_left;
      left_q         <= left_q - PIN_16;
      pair_x_q       <= last_x;
      pair_end_q     <= one_left && last_x;
      end_pixel_q    <= last_x && last_y;
      group_end_q    <= one_left && last_x && last_y;
      beat_end_q     <= last_byte_q || (one_left && last_x && last_y);
    end

    if (step) begin
      byte_q         <= byte_q + 1'b1;
      last_byte_q    <= next_last_byte;
      beat_end_q     <= next_last_byte || (next_last_channel && next_end_pixel && last_group_q);
      channel_q      <= last_channel_q ? {CHANNEL_W{1'b0}} : channel_q + 1'b1;
      rest_q         <= last_channel_q ? top_channel_q : rest_q - 1'b1;
      last_channel_q <= next_last_channel;
      pair_x_q       <= next_pair_x;
      pair_end_q     <= next_last_channel && next_pair_x;
      end_pixel_q    <= next_end_pixel;
      group_end_q    <= next_last_channel && next_end_pixel;
      if (last_channel_q) begin
        odd_q <= !odd_q && !last_x;
        if (last_x) first_row_q <= last_y;
      end
    end
  end

  // ---- the code that was taken

  reg                 code_valid_q;
  reg  [7:0]          code_q;
  reg  [CHANNEL_W:0]  place_q;               // {channel, odd pixel}
  reg                 code_ends_q;           // the code is its pair's last one
  reg                 code_top_q, code_bottom_q;
  wire                pair_ready;            // there is space for a pair, also a cycle later
                                             // unless a pair takes it now
  assign may_step   = enable && (!pair_end_q || (pair_ready && !(code_ends_q && m_valid)));
  assign step       = may_step && s_valid;
  assign beat_end   = beat_end_q;
  assign group_end  = group_end_q;
  assign last_group = last_group_q;
  assign pending    = code_valid_q;

  always @(posedge aclk) begin
    code_q        <= s_data[{byte_q, 3'd0} +: 8];
    place_q       <= {channel_q, odd_q};
    code_top_q    <= first_row_q;
    code_bottom_q <= last_y;
    code_valid_q  <= step;
    code_ends_q   <= step && pair_end_q;
    if (!aresetn) begin
      code_valid_q <= 1'b0;
      code_ends_q  <= 1'b0;
    end
  end

  // ---- the pair that is collected, and the one that waits

  reg  [16*PIN-1:0]   pair_q;
  reg  [16*PIN-1:0]   pair_d;

  always @* begin
    pair_d = pair_q;
    pair_d[{place_q, 3'd0} +: 8] = code_q;
  end

  always @(posedge aclk) begin
    if (code_valid_q) pair_q <= code_ends_q ? {16*PIN{1'b0}} : pair_d;
    if (prepare) pair_q <= {16*PIN{1'b0}};
  end

  lsfq_skid #(
    .WIDTH(16 * PIN + 2)
  ) u_pairs (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(code_ends_q),
    .s_ready(pair_ready),
    .s_data ({code_top_q, code_bottom_q, pair_d}),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data ({m_top, m_bottom, m_pair})
  );

endmodule

`default_nettype wire

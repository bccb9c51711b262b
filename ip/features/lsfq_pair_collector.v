// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_collector: turns the codes of image rows into pixel pairs of one channel group.
//
// Codes come row by row, in each row channel group by channel group, pixel by pixel, channel by
// channel. The collector takes up to CHUNK codes of a pixel at once, puts them into the pair a
// cycle later, and hands the finished pair on. One finished pair may wait while another one is
// collected.
//
// A pair holds two neighbouring pixels of up to PIN channels, 16 bits a channel: the even pixel's
// code in the lower byte. What no code fills is 0.
//
// Handshake: `restart` reads `height`, `width` and `channels`, which hold still from then on;
// `begin_group` begins each row of each channel group; with `enable` codes are taken. `wanted` says
// that codes may come, `take` that they come in `data`.
// Reset forgets what is under way.
// Parameter rules: CHUNK is a power of two, at most PIN.

`default_nettype none

module lsfq_pair_collector #(
  parameter PIN     = 16,
  parameter CHUNK   = 8,
  parameter COUNT_W = $clog2(CHUNK) + 1      // derived
) (
  input  wire                aclk,
  input  wire                aresetn,

  input  wire                restart,
  input  wire [15:0]         height,
  input  wire [15:0]         width,
  input  wire [15:0]         channels,
  input  wire                begin_group,
  input  wire                enable,

  output wire                wanted,
  output wire [COUNT_W-1:0]  part,           // codes of a pixel's last chunk; the others have CHUNK
  output wire                partial,        // the next chunk is a last one
  input  wire                take,
  input  wire [8*CHUNK-1:0]  data,
  output wire                row_end,        // the codes are the last of their group's row
  output wire                all_end,        // they are the last of all
  output wire                pending,        // codes are taken, but not yet in their pair

  output wire                m_valid,
  input  wire                m_ready,
  output wire                m_bottom,       // the pair's row is the last one
  output wire                m_row_end,      // the pair is the last of its group's row
  output wire                m_last_group,
  output wire [16*PIN-1:0]   m_pair
);

  localparam LOG_PIN   = $clog2(PIN);
  localparam LOG_CHUNK = $clog2(CHUNK);
  localparam PLACES    = PIN / CHUNK;        // chunks of a whole group
  localparam [LOG_PIN:0]   PIN_C   = PIN[LOG_PIN:0], CHUNK_P = CHUNK[LOG_PIN:0];
  localparam [COUNT_W-1:0] CHUNK_C = CHUNK[COUNT_W-1:0];
  localparam integer       ALMOST_I = PIN - 1;
  localparam [16:0]        ALMOST  = ALMOST_I[16:0];

  // ---- the sizes: channel groups, and what the last one has

  reg  [16:0]        groups_q;
  reg  [LOG_PIN:0]   rest_q;                 // channels of the last group
  reg  [LOG_PIN:0]   group_channels_q;       // channels of this group

  wire [LOG_PIN-1:0] beyond   = channels[LOG_PIN-1:0];
  wire [LOG_PIN:0]   chunks   = (group_channels_q + CHUNK_P - 1'b1) >> LOG_CHUNK;
  wire [COUNT_W-1:0] over     = {1'b0, rest_q[LOG_CHUNK-1:0]};
  reg  [COUNT_W-1:0] rest_part_q, part_q;

  // ---- the place of the next codes

  wire last_chunk, last_x, last_group, last_y;
  wire unused_chunk, unused_x, unused_group, unused_y;
  reg  [LOG_PIN:0]   chunk_q;                // number of the chunk in its pixel
  reg                odd_q;
  reg                group_begins_q;         // a cycle after begin_group

  wire pixel_end = last_chunk;
  wire pair_end  = pixel_end && (odd_q || last_x);

  assign row_end = pixel_end && last_x;
  assign all_end = row_end && last_group && last_y;
  assign part    = part_q;
  assign partial = last_chunk;

  lsfq_loop_counter #(
    .WIDTH(LOG_PIN + 1)
  ) u_chunk (
    .aclk     (aclk),
    .restart  (begin_group || group_begins_q),
    .count    (chunks),
    .advance  (take),
    .last     (last_chunk),
    .next_last(unused_chunk)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_x (
    .aclk     (aclk),
    .restart  (restart),
    .count    (width),
    .advance  (take && pixel_end),
    .last     (last_x),
    .next_last(unused_x)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_group (
    .aclk     (aclk),
    .restart  (restart),
    .count    (groups_q[15:0]),
    .advance  (take && row_end),
    .last     (last_group),
    .next_last(unused_group)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_y (
    .aclk     (aclk),
    .restart  (restart),
    .count    (height),
    .advance  (take && row_end && last_group),
    .last     (last_y),
    .next_last(unused_y)
  );

  always @(posedge aclk) begin
    groups_q <= ({1'b0, channels} + ALMOST) >> LOG_PIN;
    rest_q   <= beyond == {LOG_PIN{1'b0}} ? PIN_C : {1'b0, beyond};

    rest_part_q <= over == {COUNT_W{1'b0}} ? CHUNK_C : over;

    group_begins_q <= begin_group;
    if (begin_group) begin
      group_channels_q <= last_group ? rest_q : PIN_C;
      part_q           <= last_group ? rest_part_q : CHUNK_C;
    end
    if (take) begin
      chunk_q <= pixel_end ? {(LOG_PIN+1){1'b0}} : chunk_q + 1'b1;
      if (pixel_end) odd_q <= !odd_q && !last_x;
    end
    if (begin_group) begin
      chunk_q <= {(LOG_PIN+1){1'b0}};
      odd_q   <= 1'b0;
    end
  end

  // ---- the codes that were taken

  reg                 codes_valid_q;
  reg  [8*CHUNK-1:0]  codes_q;
  reg  [LOG_PIN:0]    place_q;               // number of the chunk
  reg                 place_odd_q;
  reg                 ends_q;                // the codes are their pair's last ones
  reg                 bottom_q, row_end_q, last_group_q;
  wire                pair_ready;            // there is space for a pair, also a cycle later
                                             // unless a pair takes it now
  assign pending = codes_valid_q;
  assign wanted = enable && !group_begins_q && (!pair_end || (pair_ready && !(ends_q && m_valid)));

  integer b;
  always @(posedge aclk) begin
    for (b = 0; b < CHUNK; b = b + 1)
      codes_q[8*b +: 8] <= !last_chunk || b[COUNT_W-1:0] < part_q ? data[8*b +: 8] : 8'd0;
    place_q       <= chunk_q;
    place_odd_q   <= odd_q;
    bottom_q      <= last_y;
    row_end_q     <= row_end;
    last_group_q  <= last_group;
    codes_valid_q <= take;
    ends_q        <= take && pair_end;
    if (!aresetn) begin
      codes_valid_q <= 1'b0;
      ends_q        <= 1'b0;
    end
  end

  // ---- the pair that is collected, and the one that waits

  reg  [16*PIN-1:0]   pair_q;
  reg  [16*PIN-1:0]   pair_d;

  integer p, c;
  always @* begin
    pair_d = pair_q;
    for (p = 0; p < PLACES; p = p + 1)
      for (c = 0; c < CHUNK; c = c + 1)
        if (place_q == p[LOG_PIN:0]) begin
          if (place_odd_q) pair_d[16*(p*CHUNK + c) + 8 +: 8] = codes_q[8*c +: 8];
          else pair_d[16*(p*CHUNK + c) +: 8] = codes_q[8*c +: 8];
        end
  end

  always @(posedge aclk) begin
    if (codes_valid_q) pair_q <= ends_q ? {16*PIN{1'b0}} : pair_d;
    if (restart) pair_q <= {16*PIN{1'b0}};
  end

  lsfq_skid #(
    .WIDTH(16 * PIN + 3)
  ) u_pairs (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(ends_q),
    .s_ready(pair_ready),
    .s_data ({bottom_q, row_end_q, last_group_q, pair_d}),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data ({m_bottom, m_row_end, m_last_group, m_pair})
  );

  wire unused = &{1'b0, groups_q[16], unused_chunk, unused_x, unused_group, unused_y};

endmodule

`default_nettype wire

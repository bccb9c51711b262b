// SPDX-License-Identifier: Apache-2.0
//
// lsfq_result: the results of the raw layers of a pass as a packet, one signed 64-bit number a beat.
//
// A pair's pixels of POUT channels enter a queue one after the other (the sequencer keeps it from overflowing by
// `level`); the channels that exist leave one a cycle. TLAST goes with the last channel of the pass's last layer.
// `close` ends a packet that has begun with one beat of 0 and TLAST, and drops the rest; `idle` is low until that
// beat is taken.
//
// Interface: pixel pairs (docs/theory_of_operation.md), at least 2 cycles apart; s_raw holds still in the cycle after s_valid.

`default_nettype none

module lsfq_result #(
  parameter POUT    = 16,
  parameter RAW_W   = 47,
  parameter DEPTH   = 32,
  parameter LEVEL_W = $clog2(DEPTH) + 1
) (
  input  wire                  aclk,
  input  wire                  aresetn,
  input  wire                  close,
  output wire                  idle,
  output wire                  last_taken,    // the packet's last beat is handed on

  input  wire                  pointwise,
  input  wire [15:0]           channels,      // of the layer
  input  wire [15:0]           images,
  input  wire                  last_layer,    // of the pass
  input  wire                  restart,       // a layer begins

  input  wire                  s_valid,
  input  wire                  s_set,
  input  wire                  s_both,
  input  wire                  s_end,
  input  wire [2*RAW_W*POUT-1:0] s_raw,
  output wire [LEVEL_W-1:0]    level,

  output wire                  m_valid,
  input  wire                  m_ready,
  output wire [63:0]           m_data,
  output wire                  m_last
);

  localparam LANE_W = $clog2(POUT);
  localparam [15:0] POUT_16 = POUT[15:0];

  // ---- one pixel a cycle: the odd one waits

  wire s_final;                             // the packet ends with this pair
  reg  odd_q;                               // its turn
  reg  set_q, end_q, final_q;
  wire valid = s_valid || odd_q;
  wire set   = odd_q ? set_q : s_set;
  wire last  = odd_q ? end_q : s_end && !s_both;      // pixel of the set and image
  wire [RAW_W*POUT-1:0] pixel = odd_q ? s_raw[2*RAW_W*POUT-1:RAW_W*POUT] : s_raw[RAW_W*POUT-1:0];

  always @(posedge aclk) begin
    set_q <= s_set;
    end_q <= s_end;
    final_q <= s_final;                     // the layer's fields may change behind its last pair
    odd_q <= s_valid && s_both;
    if (!aresetn || close || restart) odd_q <= 1'b0;
  end

  // ---- channels left from this group on; the second set's begin POUT later

  reg  [15:0] left_q;
  reg  [15:0] image_q;
  wire [15:0] set_left = !set ? left_q : left_q > POUT_16 ? left_q - POUT_16 : 16'd0;
  wire        last_set = pointwise && !s_set ? left_q <= POUT_16 : 1'b1;
  wire [15:0] group    = pointwise ? POUT_16 << 1 : POUT_16;
  wire        push     = valid && set_left != 16'd0;
  wire [LANE_W-1:0] last_lane = set_left >= POUT_16 ? {LANE_W{1'b1}} : set_left[LANE_W-1:0] - 1'b1;
  wire        last_image = image_q + 16'd1 == images;
  assign      s_final    = s_end && last_image && last_set && left_q <= group && last_layer;
  wire        last_pixel = odd_q ? final_q : s_final && !s_both;

  always @(posedge aclk) begin
    if (restart) begin
      left_q  <= channels;
      image_q <= 16'd0;
    end else if (valid && last && (set || !pointwise)) begin
      image_q <= last_image ? 16'd0 : image_q + 16'd1;
      if (last_image) left_q <= left_q - group;
    end
  end

  wire                  room;
  wire                  head_valid, head_take, head_last;
  wire [LANE_W-1:0]     head_lane;
  wire [RAW_W*POUT-1:0] head;

  lsfq_fifo #(
    .WIDTH(RAW_W * POUT + LANE_W + 1),
    .DEPTH(DEPTH)
  ) u_queue (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (close),
    .s_valid(push),
    .s_ready(room),
    .s_data ({last_pixel, last_lane, pixel}),
    .m_valid(head_valid),
    .m_ready(head_take),
    .m_data ({head_last, head_lane, head}),
    .level  (level)
  );

  // ---- one channel a beat

  reg  [LANE_W-1:0] lane_q;
  reg               open_q;               // the packet has begun
  reg               closing_q;
  wire [RAW_W-1:0]  number   = head[RAW_W*lane_q +: RAW_W];
  wire              lane_end = lane_q == head_lane;

  assign m_valid    = closing_q || head_valid;
  assign m_data     = closing_q ? 64'd0 : {{(64-RAW_W){number[RAW_W-1]}}, number};
  assign m_last     = closing_q || (head_last && lane_end);
  assign head_take  = m_ready && !closing_q && lane_end;
  assign last_taken = m_valid && m_ready && m_last;
  assign idle       = !closing_q && !open_q && !head_valid;

  always @(posedge aclk) begin
    if (head_valid && m_ready && !closing_q) lane_q <= lane_end ? {LANE_W{1'b0}} : lane_q + 1'b1;
    if (m_valid && m_ready) open_q <= !m_last;
    if (closing_q && m_ready) closing_q <= 1'b0;
    if (close) begin
      closing_q <= (open_q || (m_valid && m_ready)) && !(m_valid && m_ready && m_last);
      lane_q    <= {LANE_W{1'b0}};
    end
    if (!aresetn) begin
      lane_q    <= {LANE_W{1'b0}};
      open_q    <= 1'b0;
      closing_q <= 1'b0;
    end
  end

  wire unused = &{1'b0, room};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_result: the results of a pass's raw layers, as one packet. A beat is one signed 64-bit
// number.
//
// The two pixels of a pair, POUT channels each, enter a queue one after the other. The sequencer
// watches `level` and keeps the queue from overflowing. From the queue a pixel goes to a register,
// from which its existing channels leave, one a cycle. TLAST comes with the last channel of the
// pass's last layer. `close` ends a packet that has begun by one beat of 0 with TLAST and drops the
// rest; `idle` is low until that beat is taken. `idle` and `last_taken` are registered, one cycle
// late.
//
// Latency: 3 cycles from an even pixel to its first channel, if the queue is empty. Interface:
// pixel pairs (docs/theory_of_operation.md), at least 2 cycles apart; s_raw is stable in the cycle
// after s_valid.
// Parameter rules: POUT and DEPTH are powers of two.

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
  output reg                   idle,
  output reg                   last_taken,    // the last beat of the packet is taken

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
  localparam WHOLE_W = 16 - LANE_W;
  localparam [WHOLE_W:0] ONE_SET  = {{WHOLE_W{1'b0}}, 1'b1};
  localparam [WHOLE_W:0] TWO_SETS = ONE_SET << 1;
  localparam [16:0]      POUT_17  = POUT[16:0];

  // ---- the channels: sets of POUT, the last of which may have fewer

  reg  [WHOLE_W:0]   sets_left_q;           // sets after set 0 of the group, minus 1
  reg  [LANE_W-1:0]  short_lane_q;          // the last lane of the last set
  wire               last_image, unused_next;
  wire               advance = s_valid && s_end && (s_set || !pointwise);
  // the first values of sets_left_q and short_lane_q, side by side
  wire [16:0]        most       = {1'b0, channels} - (POUT_17 + 17'd1);

  wire none       = sets_left_q[WHOLE_W];
  wire s_exists   = !s_set || !none;
  wire s_last_set = s_set ? sets_left_q == {(WHOLE_W+1){1'b0}} : none;
  wire s_final    = s_end && last_image && s_last_set && last_layer;  // the last pair of the packet

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_images (
    .aclk     (aclk),
    .restart  (restart),
    .count    (images),
    .advance  (advance),
    .last     (last_image),
    .next_last(unused_next)
  );

  always @(posedge aclk) begin
    if (restart) begin
      sets_left_q  <= most[16:LANE_W];
      short_lane_q <= most[LANE_W-1:0];
    end else if (advance && last_image) begin
      sets_left_q <= sets_left_q - (pointwise ? TWO_SETS : ONE_SET);
    end
  end

  // ---- one pixel a cycle: the odd pixel waits for one cycle

  reg  odd_q;                               // it is the odd pixel's turn
  // kept for the odd pixel, because the settings may change after the last pair
  reg  exists_q, last_set_q, final_q;
  wire push       = odd_q ? exists_q : s_valid && s_exists;
  wire last_pixel = odd_q ? final_q : s_final && !s_both;
  wire [LANE_W-1:0]     last_lane = (odd_q ? last_set_q : s_last_set) ? short_lane_q
                                                                      : {LANE_W{1'b1}};
  wire [RAW_W*POUT-1:0] pixel = odd_q ? s_raw[2*RAW_W*POUT-1:RAW_W*POUT] : s_raw[RAW_W*POUT-1:0];

  always @(posedge aclk) begin
    exists_q   <= s_exists;
    last_set_q <= s_last_set;
    final_q    <= s_final;
    odd_q      <= s_valid && s_both;
    if (!aresetn || close || restart) odd_q <= 1'b0;
  end

  reg                   push_q, last_pixel_q;
  reg  [LANE_W-1:0]     last_lane_q;
  reg  [RAW_W*POUT-1:0] pixel_q;

  always @(posedge aclk) begin
    push_q       <= push && aresetn && !close;
    last_pixel_q <= last_pixel;
    last_lane_q  <= last_lane;
    pixel_q      <= pixel;
  end

  wire                  room;
  wire                  front_valid, front_last, fetch;
  wire [LANE_W-1:0]     front_lane;
  wire [RAW_W*POUT-1:0] front;

  lsfq_fifo #(
    .WIDTH(RAW_W * POUT + LANE_W + 1),
    .DEPTH(DEPTH)
  ) u_queue (
    .aclk   (aclk),
    .aresetn(aresetn && !close),
    .s_valid(push_q),
    .s_ready(room),
    .s_data ({last_pixel_q, last_lane_q, pixel_q}),
    .m_valid(front_valid),
    .m_ready(fetch),
    .m_data ({front_last, front_lane, front}),
    .level  (level)
  );

  // ---- one channel a beat, from a register

  reg  [RAW_W*POUT-1:0] head_q;
  reg                   head_valid_q, head_last_q;
  reg  [LANE_W-1:0]     head_lane_q;      // the last lane that exists
  reg  [LANE_W-1:0]     lane_q;
  reg                   lane_end_q;       // lane_q is head_lane_q
  reg                   open_q;           // the packet has begun
  reg                   closing_q;
  wire [RAW_W-1:0]      number    = head_q[RAW_W*lane_q +: RAW_W];      // 0 in the closing beat
  wire [LANE_W-1:0]     next_lane = lane_q + 1'b1;
  wire                  leaves    = head_valid_q && m_ready;            // a channel leaves

  assign fetch   = front_valid && !closing_q && (!head_valid_q || (m_ready && lane_end_q));
  assign m_valid = closing_q || head_valid_q;
  assign m_data  = {{(64-RAW_W){number[RAW_W-1]}}, number};
  assign m_last  = closing_q || (head_last_q && lane_end_q);

  always @(posedge aclk) begin
    if (fetch) begin
      head_q      <= front;
      head_last_q <= front_last;
      head_lane_q <= front_lane;
    end
    if (close) head_q <= {RAW_W*POUT{1'b0}};
  end

  always @(posedge aclk) begin
    last_taken <= m_valid && m_ready && m_last && aresetn;
    idle       <= !closing_q && !open_q && !head_valid_q && !front_valid && !push_q;

    if (leaves) begin
      lane_q       <= next_lane;
      lane_end_q   <= next_lane == head_lane_q;
      head_valid_q <= !lane_end_q;
    end
    if (fetch) begin
      lane_q       <= {LANE_W{1'b0}};
      lane_end_q   <= front_lane == {LANE_W{1'b0}};
      head_valid_q <= 1'b1;
    end
    if (m_valid && m_ready) open_q <= !m_last;
    if (closing_q && m_ready) closing_q <= 1'b0;
    if (close) begin
      closing_q    <= (open_q || (m_valid && m_ready)) && !(m_valid && m_ready && m_last);
      head_valid_q <= 1'b0;
    end
    if (!aresetn) begin
      head_valid_q <= 1'b0;
      open_q       <= 1'b0;
      closing_q    <= 1'b0;
    end
  end

  wire unused = &{1'b0, room};

endmodule

`default_nettype wire

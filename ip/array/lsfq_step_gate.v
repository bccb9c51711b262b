// SPDX-License-Identifier: Apache-2.0
//
// lsfq_step_gate: tells when the sequencer may end a step, so that the stages downstream of the
// array, which cannot wait, get no pair too early.
//
//   open = pair_cycles cycles have passed for every pair of the last step
//          && the layer's tables are complete
//          && (the layer is raw -> the result queue has room for every pixel in flight)
//
// `pair_cycles` is the least distance of two pairs; 1x1 kernels make two pairs in a step:
//
//   raw results: 2, as the result queue takes one pixel a cycle
//   codes of several digits: each of them for each of the RATIO = POUT/PIN words (at least 1) of a
//   pair
//   codes of one digit: RATIO, but 2 for a depthwise stage that makes one pixel a cycle
//
// With CODE_BITS 3 the steps of all kernels make two pairs, but a row's last word may have one.
//
// Latency: `open` follows from a register. The settings are stable from two cycles before a layer's
// first step on.

`default_nettype none

module lsfq_step_gate #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter DEPTHWISE_PIXELS = 1,      // pixels a cycle of the depthwise stage
  parameter LEVEL_W          = 6,      // bits of result_level
  parameter CODE_BITS        = 4
) (
  input  wire               aclk,
  input  wire               aresetn,

  input  wire               pointwise,    // 1x1 kernels
  input  wire               raw,
  input  wire               wide_out,     // codes of two digits are stored, or more
  input  wire               third_out,    // CODE_BITS 3, with wide_out: of three digits
  input  wire               short_row,    // CODE_BITS 3: a row's last word has one pair only
  input  wire               depthwise,
  output wire [3:0]         pair_cycles,

  input  wire               step_end,     // a step ends; only while `open`
  input  wire               step_row_end, // (with step_end) it is the last of its row
  input  wire               pair_done,    // a pair has passed requantisation
  input  wire               tables_ready,
  input  wire [LEVEL_W-1:0] result_level, // pixels in the result queue
  output wire               open,
  output wire               none_pending  // every pair so far has passed requantisation
);

  localparam RATIO = POUT > PIN ? POUT / PIN : 1;       // words of a pixel pair, for each digit
  localparam [3:0] RATIO_4 = RATIO[3:0];
  localparam PENDING_W = 8;
  localparam RESULT_DEPTH = 1 << (LEVEL_W - 1);

  // ---- pace

  reg        wide_out_q, third_out_q;
  wire [3:0] pair_d = raw        ? 4'd2
                    : CODE_BITS == 3 && third_out_q ? RATIO_4 + (RATIO_4 << 1)
                    : wide_out_q ? RATIO_4 << 1
                    : depthwise && DEPTHWISE_PIXELS == 1 && RATIO == 1 ? 4'd2
                    : RATIO_4;
  reg  [3:0] pair_cycles_q;
  wire       paired = pointwise || CODE_BITS == 3;
  wire [4:0] step_cycles = paired ? {pair_cycles_q, 1'b0} : {1'b0, pair_cycles_q};
  wire       unused_paced, paced_next;

  assign pair_cycles = pair_cycles_q;

  always @(posedge aclk) begin
    wide_out_q    <= wide_out;
    third_out_q   <= third_out;
    pair_cycles_q <= pair_d;
  end

  lsfq_pace #(
    .WIDTH(5)
  ) u_pace (
    .aclk      (aclk),
    .aresetn   (aresetn),
    .cycles    (step_cycles),
    .start     (step_end),
    .ready     (unused_paced),
    .next_ready(paced_next)
  );

  // ---- pairs in flight, and the room for their pixels

  reg                  pair_done_q;
  reg  [PENDING_W-1:0] pending_q;     // pairs of ended steps that have not passed requantisation
  reg                  open_q;

  wire [PENDING_W-1:0] result_use = {pending_q[PENDING_W-2:0], 1'b0}
                                  + {{(PENDING_W-LEVEL_W){1'b0}}, result_level};
  // A step has up to 4 pixels, and the 2 pixels of a pair that has just passed may not be in the
  // queue yet. Raw steps end at least two cycles apart, so pending_q already counts the last one.
  wire                 have_room   = !raw || result_use <= RESULT_DEPTH - 6;

  wire two_pairs = CODE_BITS == 3 ? !(step_row_end && short_row) : pointwise;

  // The two sums are made before `step_end` is known, which then only selects one.
  wire [PENDING_W-1:0] pending_less = pending_q - {{(PENDING_W-1){1'b0}}, pair_done_q};
  wire [PENDING_W-1:0] pending_more = pending_less
                                    + {{(PENDING_W-2){1'b0}}, two_pairs, !two_pairs};

  wire unused = &{1'b0, third_out_q, short_row, step_row_end};

  assign open         = open_q;
  assign none_pending = pending_q == {PENDING_W{1'b0}};

  always @(posedge aclk) begin
    open_q      <= paced_next && have_room && tables_ready;
    pair_done_q <= pair_done;
    pending_q   <= step_end ? pending_more : pending_less;
    if (!aresetn) begin
      pair_done_q <= 1'b0;
      pending_q   <= {PENDING_W{1'b0}};
    end
  end

endmodule

`default_nettype wire

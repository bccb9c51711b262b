// SPDX-License-Identifier: Apache-2.0
//
// lsfq_emitter: when which pixel pair leaves the accumulators; one for the whole array.
//
// Step t of a row is complete in cycle v. With e = pair_cycles the pairs' terms are on the accumulators' outputs in
//
//   cycle        3-tap kernel                         cycle        1x1 kernel
//   v + 1        pair t-1, unless t = 0               v + 2        pair t of set 0: term b alone
//   v + 1 + e    pair t, if it is the row's last      v + 2 + e    pair t of set 1: term a alone
//
// The next step completes in v + e (1x1: v + 2e) or later; the sequencer keeps that distance, and so two pairs are
// at least e cycles apart. Tags leave with the terms. With `stride2` only even pixels count: every pair has `both` low.

`default_nettype none

module lsfq_emitter (
  input  wire       aclk,
  input  wire       aresetn,

  input  wire       pointwise,
  input  wire       odd,                // width of the rows
  input  wire       stride2,
  input  wire [3:0] pair_cycles,        // at least 1; holds still from the cycle before a layer's first step_last on

  input  wire       step_last,          // the last word of a step reaches the accumulators
  input  wire       step_row_first,
  input  wire       step_row_last,
  input  wire       step_image_last,

  output wire       capture,            // as lsfq_accumulator wants them
  output wire       move,
  output wire       row_first,
  output wire       row_rest,

  output reg        pair_valid,
  output reg        pair_no_a,          // without the first term
  output reg        pair_no_b,          // without the second one
  output reg        pair_set,           // interface: pixel pairs (docs/theory_of_operation.md)
  output reg        pair_both,
  output reg        pair_row_end,
  output reg        pair_end
);

  reg       complete_q, moved_q;                    // a step is; in the cycle before
  reg       direct_q;                               // and completes a pair with it (3-tap)
  reg       first_q, last_q, image_q;               // of that step
  reg       held_last_q, held_image_q;              // of the step captured
  reg [3:0] count_q;                                // cycles since the first pair, 0: no pair is left to emit

  reg [3:0] but_one_q;                              // pair_cycles less 1
  reg       at_once_q;                              // which is 0
  reg       rest_q;                                 // count_q has reached pair_cycles

  wire begins  = pointwise ? moved_q : complete_q;
  wire row_end = (pointwise || rest_q) && held_last_q;

  assign capture   = complete_q;
  assign move      = complete_q || pointwise;
  assign row_first = complete_q && first_q && !pointwise;
  assign row_rest  = rest_q && !pointwise;

  always @(posedge aclk) begin
    first_q <= step_row_first;
    last_q  <= step_row_last;
    image_q <= step_image_last;
    if (capture) begin
      held_last_q  <= last_q;
      held_image_q <= image_q;
    end
    pair_no_a    <= pointwise && !rest_q;
    pair_no_b    <= pointwise && rest_q;
    pair_set     <= pointwise && rest_q;
    pair_both    <= !stride2 && !(odd && row_end);
    pair_row_end <= row_end;
    pair_end     <= row_end && held_image_q;
  end

  always @(posedge aclk) begin
    complete_q <= step_last;
    moved_q    <= complete_q;
    direct_q   <= step_last && !step_row_first;
    pair_valid <= (pointwise ? moved_q : direct_q) || rest_q;
    but_one_q  <= pair_cycles - 4'd1;
    at_once_q  <= pair_cycles == 4'd1;
    rest_q     <= begins ? at_once_q && (pointwise || last_q) : !rest_q && count_q != 4'd0 && count_q == but_one_q;
    if (begins) count_q <= {3'd0, pointwise || last_q};
    else if (rest_q) count_q <= 4'd0;
    else if (count_q != 4'd0) count_q <= count_q + 4'd1;
    if (!aresetn) begin
      complete_q <= 1'b0;
      moved_q    <= 1'b0;
      direct_q   <= 1'b0;
      pair_valid <= 1'b0;
      count_q    <= 4'd0;
      rest_q     <= 1'b0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_emitter: decides in which cycle which pixel pair leaves the accumulators. One for the array.
//
// If step t of a row is complete in cycle v, pairs are on the outputs of the accumulators in these
// cycles:
//
//   cycle                    3-tap kernel
//   v + 1                    pair t-1, unless t = 0
//   v + 1 + pair_cycles      pair t, if it is the last of its row
//
//   cycle                    1x1 kernel
//   v + 2                    pair t of set 0: term b alone
//   v + 2 + pair_cycles      pair t of set 1: term a alone
//
// The sequencer ends the next step pair_cycles later or more (1x1 kernels: 2*pair_cycles), so two
// pairs are at least pair_cycles apart. The tags leave together with the terms. With `stride2` only
// even pixels count, so every pair leaves with pair_both low.
// Latency: see the table. No handshake.

`default_nettype none

module lsfq_emitter (
  input  wire       aclk,
  input  wire       aresetn,

  input  wire       pointwise,
  input  wire       odd,                // the width of a row is odd
  input  wire       stride2,
  // at least 1; stable from the cycle before the layer's first step_last on
  input  wire [3:0] pair_cycles,

  input  wire       step_last,          // the step's last word reaches the accumulators
  input  wire       step_row_first,
  input  wire       step_row_last,
  input  wire       step_image_last,

  output wire       capture,            // to lsfq_accumulator
  output wire       move,
  output wire       row_first,
  output wire       row_rest,

  output reg        pair_valid,
  output reg        pair_no_a,          // term a does not count
  output reg        pair_no_b,          // term b does not count
  output reg        pair_set,           // from here: pixel pairs (docs/theory_of_operation.md)
  output reg        pair_both,
  output reg        pair_row_end,
  output reg        pair_end
);

  reg       complete_q, moved_q;                    // a step is complete; one was a cycle ago
  reg       direct_q;                               // 3-tap: that step completes a pair
  reg       first_q, last_q, image_q;               // the tags of that step
  reg       held_last_q, held_image_q;              // the tags of the captured step
  reg [3:0] count_q;                                // cycles since the first pair; 0: none waits

  reg [3:0] but_one_q;                              // pair_cycles - 1
  reg       at_once_q;                              // pair_cycles is 1
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
    rest_q     <= begins ? at_once_q && (pointwise || last_q)
                         : !rest_q && count_q != 4'd0 && count_q == but_one_q;
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

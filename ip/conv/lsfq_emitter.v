// SPDX-License-Identifier: Apache-2.0
//
// lsfq_emitter: when which pixel pair leaves the accumulators; one for the whole array.
//
// Step t of a row is complete in cycle v. With e = pair_cycles:
//
//   cycle    3-tap kernel                         1x1 kernel
//   v        pair t-1, unless t = 0               pair t of set 0
//   v + e    pair t, if it is the row's last      pair t of set 1
//
// The next step completes in v + e (1x1: v + 2e) or later; the sequencer keeps that distance, and so two pairs are
// at least e cycles apart. Tags leave one cycle later, with the accumulators' pair. With `stride2` only even
// pixels count: every pair has `both` low.

`default_nettype none

module lsfq_emitter (
  input  wire       aclk,
  input  wire       aresetn,
  input  wire       clear,

  input  wire       pointwise,
  input  wire       odd,                // width of the rows
  input  wire       stride2,
  input  wire [3:0] pair_cycles,        // at least 1

  input  wire       step_last,          // the last word of a step reaches the accumulators
  input  wire       step_row_first,
  input  wire       step_row_last,
  input  wire       step_image_last,

  output wire       capture,
  output wire       row_first,
  output wire       direct,

  output reg        pair_valid,
  output reg        pair_set,           // interface: pixel pairs (docs/theory_of_operation.md)
  output reg        pair_both,
  output reg        pair_row_end,
  output reg        pair_end
);

  reg       complete_q;                             // a step is
  reg       direct_q;                               // and completes a pair with it
  reg       first_q, last_q, image_q;               // of that step
  reg       held_last_q, held_image_q;              // of the step captured
  reg [3:0] count_q;                                // cycles since capture, 0: no pair is left to emit

  assign capture   = complete_q;
  assign row_first = first_q;
  assign direct    = direct_q;

  wire rest    = count_q != 4'd0 && count_q == pair_cycles;
  wire row_end = rest ? held_last_q : pointwise && last_q;

  always @(posedge aclk) begin
    first_q <= step_row_first;
    last_q  <= step_row_last;
    image_q <= step_image_last;
    if (capture) begin
      held_last_q  <= last_q;
      held_image_q <= image_q;
    end
    pair_set     <= pointwise && rest;
    pair_both    <= !stride2 && !(odd && row_end);
    pair_row_end <= row_end;
    pair_end     <= row_end && (rest ? held_image_q : image_q);
  end

  always @(posedge aclk) begin
    complete_q <= step_last;
    direct_q   <= step_last && (pointwise || !step_row_first);
    pair_valid <= direct_q || rest;
    if (capture) count_q <= {3'd0, pointwise || last_q};
    else if (rest) count_q <= 4'd0;
    else if (count_q != 4'd0) count_q <= count_q + 4'd1;
    if (!aresetn || clear) begin
      complete_q <= 1'b0;
      direct_q   <= 1'b0;
      pair_valid <= 1'b0;
      count_q    <= 4'd0;
    end
  end

endmodule

`default_nettype wire

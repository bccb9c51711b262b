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
//   cycle                    CODE_BITS 3: words of four pixels, all kernels
//   v + 1                    pair 2t-1, the last pixels of the word before, unless t = 0
//   v + 1 + pair_cycles      pair 2t, the first two pixels of the word
//   v + 1 + 2*pair_cycles    pair 2t+1, if t is the last of its row and the row has that pair
//
// The sequencer ends the next step pair_cycles later or more (1x1 kernels and words of four pixels:
// 2*pair_cycles), so two pairs are at least pair_cycles apart. The last pair of a row leaves in the
// cycle in which the next row's first step has none. What differs is when a pair leaves; the tags
// follow from that in one way. The tags leave together with the terms. With `stride2` only
// even pixels count, so every pair leaves with pair_both low.
// Latency: see the table. No handshake.

`default_nettype none

module lsfq_emitter #(
  parameter CODE_BITS = 4
) (
  input  wire       aclk,
  input  wire       aresetn,

  input  wire       pointwise,
  input  wire       odd,                // the width of a row is odd
  input  wire       short_row,          // CODE_BITS 3: a row's last word has one pair only
  input  wire       stride2,
  // at least 1; stable from the cycle before the layer's first step_last on
  input  wire [3:0] pair_cycles,

  input  wire       step_last,          // the step's last word reaches the accumulators
  input  wire       step_row_first,
  input  wire       step_row_last,
  input  wire       step_image_last,

  output wire       capture,            // to lsfq_accumulator
  output wire       move,
  output wire       second,             // CODE_BITS 3
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

  reg       complete_q;                             // a step is complete
  reg       direct_q;                               // 3-tap: that step completes a pair
  reg       first_q, last_q, image_q;               // the tags of that step
  reg       held_last_q, held_image_q;              // the tags of the captured step
  reg [3:0] count_q;                                // cycles since the pair before; 0: none waits

  reg [3:0] but_one_q;                              // pair_cycles - 1
  reg       at_once_q;                              // pair_cycles is 1
  reg       rest_q;                                 // it is the last of a step's pairs' turn

  wire      sets;                                   // the pairs of a step are two sets
  wire      row_end;                                // the pair is the last of its row
  wire      leaves_d;                               // a pair is on the outputs in the next cycle

  assign capture = complete_q;

  always @(posedge aclk) begin
    first_q <= step_row_first;
    last_q  <= step_row_last;
    image_q <= step_image_last;
    if (capture) begin
      held_last_q  <= last_q;
      held_image_q <= image_q;
    end
    pair_no_a    <= sets && !rest_q;
    pair_no_b    <= sets && rest_q;
    pair_set     <= sets && rest_q;
    pair_both    <= !stride2 && !(odd && row_end);
    pair_row_end <= row_end;
    pair_end     <= row_end && held_image_q;
  end

  always @(posedge aclk) begin
    complete_q <= step_last;
    direct_q   <= step_last && !step_row_first;
    pair_valid <= leaves_d;
    but_one_q  <= pair_cycles - 4'd1;
    at_once_q  <= pair_cycles == 4'd1;
    if (!aresetn) begin
      complete_q <= 1'b0;
      direct_q   <= 1'b0;
      pair_valid <= 1'b0;
    end
  end

  generate
    if (CODE_BITS == 3) begin : g_words_of_four
      reg  second_q;                                // the first two pixels' turn
      reg  second_waits_q, rest_waits_q;
      wire has_rest = held_last_q && !short_row;    // (with second_q) a last pair follows
      wire due      = count_q == but_one_q;

      assign sets      = 1'b0;
      assign row_end   = rest_q || (second_q && held_last_q && short_row);
      assign leaves_d  = direct_q || second_q || rest_q;
      assign move      = complete_q;
      assign second    = second_q;
      assign row_first = complete_q && first_q;
      assign row_rest  = rest_q;

      always @(posedge aclk) begin
        second_q <= complete_q ? at_once_q : second_waits_q && due;
        rest_q   <= second_q ? at_once_q && has_rest : rest_waits_q && due;
        count_q  <= complete_q || second_q ? 4'd1 : count_q + 4'd1;
        if (complete_q) second_waits_q <= !at_once_q;
        else if (due) second_waits_q <= 1'b0;
        if (second_q) rest_waits_q <= !at_once_q && has_rest;
        else if (due) rest_waits_q <= 1'b0;
        if (!aresetn) begin
          second_q       <= 1'b0;
          rest_q         <= 1'b0;
          second_waits_q <= 1'b0;
          rest_waits_q   <= 1'b0;
        end
      end

      wire unused = pointwise;
    end else begin : g_words_of_two
      reg  moved_q;                                 // a step was complete a cycle ago
      wire begins = pointwise ? moved_q : complete_q;

      assign sets      = pointwise;
      assign row_end   = (pointwise || rest_q) && held_last_q;
      assign leaves_d  = (pointwise ? moved_q : direct_q) || rest_q;
      assign move      = complete_q || pointwise;
      assign second    = 1'b0;
      assign row_first = complete_q && first_q && !pointwise;
      assign row_rest  = rest_q && !pointwise;

      always @(posedge aclk) begin
        moved_q <= complete_q;
        rest_q  <= begins ? at_once_q && (pointwise || last_q)
                          : !rest_q && count_q != 4'd0 && count_q == but_one_q;
        if (begins) count_q <= {3'd0, pointwise || last_q};
        else if (rest_q) count_q <= 4'd0;
        else if (count_q != 4'd0) count_q <= count_q + 4'd1;
        if (!aresetn) begin
          moved_q <= 1'b0;
          count_q <= 4'd0;
          rest_q  <= 1'b0;
        end
      end

      wire unused = short_row;
    end
  endgenerate

endmodule

`default_nettype wire

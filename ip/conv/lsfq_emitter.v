// SPDX-License-Identifier: Apache-2.0
//
// lsfq_emitter: when which pixel leaves the accumulators; one for the whole array.
//
// Step t of a row is complete in cycle v. With e = pair_cycles (at least 2):
//
//   cycle    3-tap kernel                         1x1 kernel
//   v        y[2t-1], unless t = 0                set 0, even pixel
//   v + 1    y[2t]                                set 0, odd pixel
//   v + e    y[2t+1], if t is the row's last      set 1, even pixel
//   v + e+1                                       set 1, odd pixel
//
// Pixels beyond an odd width do not leave, nor, with stride 2, pixels of odd x. The next step completes in v + e (1x1: v + 2e) or later; the
// sequencer keeps that distance. Tags leave one cycle later, with the accumulators' pixel.

`default_nettype none

module lsfq_emitter (
  input  wire       aclk,
  input  wire       aresetn,
  input  wire       clear,

  input  wire       pointwise,
  input  wire       odd,
  input  wire       stride2,
  input  wire [3:0] pair_cycles,

  input  wire       step_last,          // the last word of a step reaches the accumulators
  input  wire       step_row_first,
  input  wire       step_row_last,
  input  wire       step_image_last,

  output wire       capture,
  output wire       carry,
  output wire       advance,
  output wire       last_slot,

  output reg        pixel_valid,
  output reg        pixel_set,          // second set of channels
  output reg        pixel_end           // its set's last pixel of the image
);

  reg       complete_q;
  reg       first_q, last_q, image_q;               // of the step that is complete
  reg       held_last_q, held_image_q;              // of the step captured
  reg [3:0] count_q;                                // cycles since capture, 0: nothing left to emit

  wire second  = count_q == 4'd1;
  wire active  = count_q != 4'd0;                   // without a layer the settings mean nothing
  wire third   = active && count_q == pair_cycles;
  wire fourth  = active && pointwise && count_q == pair_cycles + 4'd1;
  wire odd_end = stride2 || (odd && held_last_q);   // the pair has one pixel
  // not a cycle longer: after the layer's last pixel the settings may be the next layer's
  wire [3:0] last_cycle = pair_cycles + {3'd0, pointwise};

  assign capture   = complete_q;
  assign carry     = !pointwise && !first_q;
  // inside a row the next step may complete in v + e, and its own pixel goes first
  assign advance   = second || (third && (pointwise || held_last_q)) || fourth;
  assign last_slot = third;

  wire emit_first  = complete_q && (pointwise || (!first_q && !stride2));
  wire emit_second = second && !(pointwise && odd_end);
  wire emit_third  = third && (pointwise || (held_last_q && !odd && !stride2));
  wire emit_fourth = fourth && !odd_end;

  wire end_first  = pointwise && (odd || stride2) && last_q && image_q;
  wire end_second = (pointwise || odd || stride2) && held_image_q;
  wire end_third  = held_image_q && (!pointwise || odd_end);

  always @(posedge aclk) begin
    first_q <= step_row_first;
    last_q  <= step_row_last;
    image_q <= step_image_last;
    if (capture) begin
      held_last_q  <= last_q;
      held_image_q <= image_q;
    end
    pixel_set <= pointwise && (third || fourth);
    pixel_end <= (emit_first && end_first) || (emit_second && end_second) ||
                 (emit_third && end_third) || (emit_fourth && held_image_q);
  end

  always @(posedge aclk) begin
    complete_q  <= step_last;
    pixel_valid <= emit_first || emit_second || emit_third || emit_fourth;
    if (capture) count_q <= 4'd1;
    else if (count_q >= last_cycle) count_q <= 4'd0;
    else if (count_q != 4'd0) count_q <= count_q + 4'd1;
    if (!aresetn || clear) begin
      complete_q  <= 1'b0;
      pixel_valid <= 1'b0;
      count_q     <= 4'd0;
    end
  end

endmodule

`default_nettype wire

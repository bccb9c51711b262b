// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accumulator: four slot sums of one lane over a step, and the pixels made of them.
//
//   sum[k] = (first ? 0 : shift ? 16*sum[k] : sum[k]) + slot[k]            modulo 2^ACC_W
//
// Between pixel pairs t-1 and t of a 3-tap kernel (the slots that spill left and right):
//
//   y[2t-1] = sum0(t) + sum2(t-1)      y[2t] = sum1(t) + sum3(t-1)
//
// One adder serves both, the row's end and the four products of a 1x1 kernel, driven by lsfq_emitter: it adds
// sum0 and `left` (sum2 of the pair before), or the registers `next` and `spill`, loaded from sum1, `far` (sum3
// of the pair before) and `left` in turn. Sums wrap: exact as long as the true result fits ACC_W bits signed.
// Latency 1 cycle into the sums, 1 from `capture` or `advance` to `pixel`.

`default_nettype none

module lsfq_accumulator #(
  parameter ACC_W  = 27,
  parameter SLOT_W = 13
) (
  input  wire                aclk,
  input  wire                valid,     // slots belong to a word
  input  wire                first,
  input  wire                shift,
  input  wire [4*SLOT_W-1:0] slots,

  input  wire                capture,   // the sums are complete; take them over
  input  wire                carry,     // (with capture) left and far belong to sum0's and sum1's pixels
  input  wire                advance,   // this pixel is next + spill, not sum0 + left; shift on
  input  wire                last_slot, // (with advance) far comes next, not left
  output wire [ACC_W-1:0]    pixel
);

  reg [ACC_W-1:0] sum0_q, sum1_q, sum2_q, sum3_q;
  reg [ACC_W-1:0] left_q;             // sum2 of the last pair captured
  reg [ACC_W-1:0] far_q;              // sum3 of the last pair captured
  reg [ACC_W-1:0] next_q, spill_q;    // the pixels to come
  reg [ACC_W-1:0] pixel_q;

  localparam PAD = ACC_W - SLOT_W;

  function [ACC_W-1:0] accumulate;
    input [ACC_W-1:0]  sum;
    input [SLOT_W-1:0] slot;
    input              is_first;
    input              is_shift;
    accumulate = (is_first ? {ACC_W{1'b0}} : is_shift ? {sum[ACC_W-5:0], 4'd0} : sum)
               + {{PAD{1'b0}}, slot};
  endfunction

  always @(posedge aclk) begin
    if (valid) begin
      sum0_q <= accumulate(sum0_q, slots[0 +: SLOT_W], first, shift);
      sum1_q <= accumulate(sum1_q, slots[SLOT_W +: SLOT_W], first, shift);
      sum2_q <= accumulate(sum2_q, slots[2*SLOT_W +: SLOT_W], first, shift);
      sum3_q <= accumulate(sum3_q, slots[3*SLOT_W +: SLOT_W], first, shift);
    end

    if (capture) begin
      next_q  <= sum1_q;
      spill_q <= carry ? far_q : {ACC_W{1'b0}};
      left_q  <= sum2_q;
      far_q   <= sum3_q;
    end else if (advance) begin
      next_q  <= {ACC_W{1'b0}};
      spill_q <= last_slot ? far_q : left_q;
    end

    pixel_q <= advance ? next_q + spill_q : sum0_q + (carry ? left_q : {ACC_W{1'b0}});
  end

  assign pixel = pixel_q;

endmodule

`default_nettype wire

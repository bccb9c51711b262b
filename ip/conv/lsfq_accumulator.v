// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accumulator: four slot sums of one lane over a step, and the pixel pairs made of them.
//
//   sum[k] = (first ? 0 : shift ? 16*sum[k] : sum[k]) + slot[k]            modulo 2^ACC_W
//
// Of a 3-tap kernel the slots spill left and right, so a pair is complete one step later (or at the row's end):
//
//   even = y[2t]   = sum1(t) + sum3(t-1)       sum3(t-1) = 0 in the row's first pair
//   odd  = y[2t+1] = sum0(t+1) + sum2(t)       sum0(t+1) = 0 in its last one
//
// Of a 1x1 kernel (`pointwise`) sum2 and sum3 are set 0's pair, sum0 and sum1 set 1's. One adder a pixel makes all
// of it: what an adder's second operand is chosen from lies within one LUT a bit, and its first operand is a register
// that is 0 for 1x1 kernels.
//
// Sums wrap: exact as long as the true result fits ACC_W bits signed. lsfq_emitter drives it. Latency 1 cycle into
// the sums, 1 from there to the pair.

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

  input  wire                pointwise,
  input  wire                capture,   // the sums are complete: take over what later pairs need
  input  wire                row_first, // (with capture) of the row's first pair
  input  wire                direct,    // the pair needs the sums themselves
  output wire [ACC_W-1:0]    even,
  output wire [ACC_W-1:0]    odd
);

  localparam [ACC_W-1:0] ZERO = {ACC_W{1'b0}};
  localparam PAD = ACC_W - SLOT_W;

  reg [ACC_W-1:0] sum0_q, sum1_q, sum2_q, sum3_q;
  reg [ACC_W-1:0] held0_q, held1_q, held2_q, held3_q;   // sums of the last pair captured; 1x1: held2_q is 0
  reg [ACC_W-1:0] before3_q;                            // sum3 of the pair before that; 1x1: 0
  reg [ACC_W-1:0] even_q, odd_q;

  function [ACC_W-1:0] accumulate;
    input [ACC_W-1:0]  sum;
    input [SLOT_W-1:0] slot;
    input              is_first;
    input              is_shift;
    accumulate = (is_first ? ZERO : is_shift ? {sum[ACC_W-5:0], 4'd0} : sum) + {{PAD{1'b0}}, slot};
  endfunction

  wire [ACC_W-1:0] even_rest = !pointwise ? held1_q : direct ? sum2_q : held0_q;
  wire [ACC_W-1:0] odd_rest  = pointwise ? (direct ? sum3_q : held1_q) : direct ? sum0_q : ZERO;

  always @(posedge aclk) begin
    if (valid) begin
      sum0_q <= accumulate(sum0_q, slots[0 +: SLOT_W], first, shift);
      sum1_q <= accumulate(sum1_q, slots[SLOT_W +: SLOT_W], first, shift);
      sum2_q <= accumulate(sum2_q, slots[2*SLOT_W +: SLOT_W], first, shift);
      sum3_q <= accumulate(sum3_q, slots[3*SLOT_W +: SLOT_W], first, shift);
    end

    if (capture) begin
      held0_q <= sum0_q;
      held1_q <= sum1_q;
      held2_q <= sum2_q;
      held3_q <= sum3_q;
    end
    if (pointwise) held2_q <= ZERO;

    // set to 0 before all else, which a register does without a LUT
    if (pointwise || capture && row_first) before3_q <= ZERO;
    else if (capture) before3_q <= held3_q;

    even_q <= before3_q + even_rest;
    odd_q  <= held2_q + odd_rest;
  end

  assign even = even_q;
  assign odd  = odd_q;

endmodule

`default_nettype wire

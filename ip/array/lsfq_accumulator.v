// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accumulator: four slot sums of one lane over a step, and the terms that make pixel pairs of them.
//
//   sum[k] = (first ? 0 : shift ? 16*sum[k] : sum[k]) + slot[k]            modulo 2^ACC_W
//
// Of a 3-tap kernel the slots spill left and right, so a pair is complete one step later (or at the row's end):
//
//   even = y[2t]   = sum3(t-1) + sum1(t)       sum3(t-1) = 0 in the row's first pair
//   odd  = y[2t+1] = sum2(t) + sum0(t+1)       sum0(t+1) = 0 in its last one
//
// Of a 1x1 kernel (whose pixels come swapped) sum1 and sum0 are set 0's pair, sum3 and sum2 set 1's. So in both cases term a of
// a pixel comes from sum3 or sum2, term b from sum1 or sum0: what adds them (lsfq_requant) only has to know which counts, and
// nothing has to be selected. Terms move on through registers, of a 3-tap kernel one step at a time (`move` with `capture`),
// of a 1x1 kernel at once (`move` always).
//
// Slots are signed. Sums wrap: exact as long as the true result fits ACC_W bits signed. lsfq_emitter drives it and tells when
// which terms belong together. Latency 1 cycle into the sums.

`default_nettype none

module lsfq_accumulator #(
  parameter ACC_W  = 27,
  parameter SLOT_W = 14
) (
  input  wire                aclk,
  input  wire                valid,     // slots belong to a word
  input  wire                first,
  input  wire                shift,
  input  wire [4*SLOT_W-1:0] slots,     // each signed

  input  wire                capture,   // the sums are complete: take over what later pairs need
  input  wire                move,
  input  wire                row_first, // (with capture) of the row's first pair; 3-tap kernels
  input  wire                row_rest,  // a row's last pair leaves; 3-tap kernels
  output wire [ACC_W-1:0]    even_a,
  output wire [ACC_W-1:0]    even_b,
  output wire [ACC_W-1:0]    odd_a,
  output wire [ACC_W-1:0]    odd_b
);

  localparam [ACC_W-1:0] ZERO = {ACC_W{1'b0}};
  localparam PAD = ACC_W - SLOT_W;

  reg [ACC_W-1:0] sum0_q, sum1_q, sum2_q, sum3_q;
  reg [ACC_W-1:0] held1_q, held2_q, held3_q;            // sums of the last step captured
  reg [ACC_W-1:0] before3_q;                            // sum3 of the step before that; 1x1: of that step
  reg [ACC_W-1:0] even_a_q, even_b_q, odd_a_q, odd_b_q;

  function [ACC_W-1:0] accumulate;
    input [ACC_W-1:0]  sum;
    input [SLOT_W-1:0] slot;
    input              is_first;
    input              is_shift;
    accumulate = (is_first ? ZERO : is_shift ? {sum[ACC_W-5:0], 4'd0} : sum) + {{PAD{slot[SLOT_W-1]}}, slot};
  endfunction

  always @(posedge aclk) begin
    if (valid) begin
      sum0_q <= accumulate(sum0_q, slots[0 +: SLOT_W], first, shift);
      sum1_q <= accumulate(sum1_q, slots[SLOT_W +: SLOT_W], first, shift);
      sum2_q <= accumulate(sum2_q, slots[2*SLOT_W +: SLOT_W], first, shift);
      sum3_q <= accumulate(sum3_q, slots[3*SLOT_W +: SLOT_W], first, shift);
    end

    if (capture) begin
      held1_q <= sum1_q;
      held2_q <= sum2_q;
      held3_q <= sum3_q;
      odd_b_q <= sum0_q;
    end

    // set to 0 before all else, which a register does without a LUT
    if (row_first) before3_q <= ZERO;
    else if (move) before3_q <= held3_q;
    if (row_rest) odd_b_q <= ZERO;

    even_a_q <= before3_q;
    even_b_q <= held1_q;
    odd_a_q  <= held2_q;
  end

  assign even_a = even_a_q;
  assign even_b = even_b_q;
  assign odd_a  = odd_a_q;
  assign odd_b  = odd_b_q;

endmodule

`default_nettype wire

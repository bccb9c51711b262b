// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accumulator: sums the four slots of one lane over a step, and makes the two terms of each
// pixel.
//
//   sum[k] = (first ? 0 : shift ? 16*sum[k] : sum[k]) + slot[k]            modulo 2^ACC_W
//
// With a 3-tap kernel the outer slots belong to neighbouring pixels, so a pair is complete one step
// later, or at the end of its row:
//
//   even = y[2t]   = sum3(t-1) + sum1(t)       sum3(t-1) = 0 in the first pair of a row
//   odd  = y[2t+1] = sum2(t) + sum0(t+1)       sum0(t+1) = 0 in the last pair of a row
//
// With a 1x1 kernel, whose pixels come swapped, sum1 and sum0 are the pair of set 0, and sum3 and
// sum2 the pair of set 1. So term a of a pixel always comes from sum3 or sum2, and term b from sum1
// or sum0: no multiplexer is needed, and lsfq_requant, which adds the terms, only has to know which
// of them count. Terms move on through registers: one step at a time with a 3-tap kernel (`move`
// together with `capture`), at once with a 1x1 kernel (`move` always high).
//
// Slots are signed. Sums wrap, and are exact as long as the true result fits ACC_W bits signed.
// lsfq_emitter drives the control inputs and marks the cycles in which the terms are a pair.
// Latency 1 cycle from slots to sums. No handshake.

`default_nettype none

module lsfq_accumulator #(
  parameter ACC_W  = 27,
  parameter SLOT_W = 14
) (
  input  wire                aclk,
  input  wire                valid,     // `slots` are those of a word
  input  wire                first,
  input  wire                shift,
  input  wire [4*SLOT_W-1:0] slots,     // each signed

  input  wire                capture,   // the step's sums are complete: copy them
  input  wire                move,
  input  wire                row_first, // 3-tap: (with capture) the step is the first of its row
  input  wire                row_rest,  // 3-tap: the last pair of a row leaves
  output wire [ACC_W-1:0]    even_a,
  output wire [ACC_W-1:0]    even_b,
  output wire [ACC_W-1:0]    odd_a,
  output wire [ACC_W-1:0]    odd_b
);

  localparam [ACC_W-1:0] ZERO = {ACC_W{1'b0}};
  localparam PAD = ACC_W - SLOT_W;

  reg [ACC_W-1:0] sum0_q, sum1_q, sum2_q, sum3_q;
  reg [ACC_W-1:0] held1_q, held2_q, held3_q;            // sums of the last captured step
  reg [ACC_W-1:0] before3_q;                            // held3_q one step ago; 1x1: one cycle ago
  reg [ACC_W-1:0] even_a_q, even_b_q, odd_a_q, odd_b_q;

  function [ACC_W-1:0] accumulate;
    input [ACC_W-1:0]  sum;
    input [SLOT_W-1:0] slot;
    input              is_first;
    input              is_shift;
    accumulate = (is_first ? ZERO : is_shift ? {sum[ACC_W-5:0], 4'd0} : sum)
               + {{PAD{slot[SLOT_W-1]}}, slot};
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

    // Setting to 0 has priority: a register's reset input does that without a LUT.
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

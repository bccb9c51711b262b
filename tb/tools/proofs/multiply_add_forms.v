// SPDX-License-Identifier: Apache-2.0
//
// Forms ONE and OTHER of lsfq_multiply_add are equal, whatever their state was before, from the first result of their own on:
//
//   p = ((no_a ? 0 : a) + (no_d ? 0 : d)) * b + c                    or a * b + c without PRE_ADD
//
// The multiplier itself is taken as it is: what the forms multiply, when, and what they add to it is compared, and that p holds
// still. Apart from p the pipeline has no feedback, so what leaves it after any state holds for all time.

`default_nettype none

module multiply_add_forms #(
  parameter ONE     = 0,
  parameter OTHER   = 1,
  parameter A_W     = 27,
  parameter PRE_ADD = 1
) (
  input wire                  aclk,
  input wire signed [A_W-1:0] a,
  input wire signed [A_W-1:0] d,
  input wire                  no_a,
  input wire                  no_d,
  input wire signed [17:0]    b,
  input wire signed [47:0]    c,
  input wire                  enable
);

  localparam LATENCY = PRE_ADD + 3;

  wire signed [47:0] one, other;

  lsfq_multiply_add #(
    .FORM   (ONE),
    .A_W    (A_W),
    .PRE_ADD(PRE_ADD)
  ) u_one (
    .aclk  (aclk),
    .a     (a),
    .d     (d),
    .no_a  (no_a),
    .no_d  (no_d),
    .b     (b),
    .c     (c),
    .enable(enable),
    .p     (one)
  );

  lsfq_multiply_add #(
    .FORM   (OTHER),
    .A_W    (A_W),
    .PRE_ADD(PRE_ADD)
  ) u_other (
    .aclk  (aclk),
    .a     (a),
    .d     (d),
    .no_a  (no_a),
    .no_d  (no_d),
    .b     (b),
    .c     (c),
    .enable(enable),
    .p     (other)
  );

  reg [2:0] age_q  = 3'd0;
  reg       seen_q = 1'b0;                      // p is of operands that came after the beginning

  always @(posedge aclk) begin
    if (age_q != 3'd7) age_q <= age_q + 3'd1;
    if (age_q >= LATENCY - 1 && enable) seen_q <= 1'b1;
    if (seen_q) assert (one == other);
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// What a multiplier has to be: six products of nibbles, added where they belong, beside what came before: of the first one of
// a chain the addend of the cycle before.
// In a chain it stands in for lsfq_multiplier.

`default_nettype none

module plain_multiplier #(
  parameter FORM         = 0,
  parameter STRIDE       = 11,
  parameter INPUT_STAGES = 1,
  parameter FIRST        = 1
) (
  input  wire        aclk,
  input  wire [11:0] weights,
  input  wire [7:0]  pixels,
  input  wire [47:0] addend,
  input  wire [47:0] cascade_in,
  output wire [47:0] cascade_out,
  output wire [47:0] sum
);

  localparam STAGES = INPUT_STAGES + 1;
  localparam SUM_W  = 4 * STRIDE;

  reg  [20*STAGES-1:0] operands_q;
  reg  [SUM_W-1:0]     addend_q, sum_q;

  wire [3:0] a0 = operands_q[20*(STAGES-1) +: 4];
  wire [3:0] a1 = operands_q[20*(STAGES-1)+4 +: 4];
  wire [3:0] w0 = operands_q[20*(STAGES-1)+8 +: 4];
  wire [3:0] w1 = operands_q[20*(STAGES-1)+12 +: 4];
  wire [3:0] w2 = operands_q[20*(STAGES-1)+16 +: 4];
  wire [STRIDE-1:0] slot0 = w0 * a0;
  wire [STRIDE-1:0] slot1 = w0 * a1 + w1 * a0;
  wire [STRIDE-1:0] slot2 = w1 * a1 + w2 * a0;
  wire [STRIDE-1:0] slot3 = w2 * a1;

  always @(posedge aclk) begin
    operands_q <= {operands_q, weights, pixels};
    addend_q   <= addend[SUM_W-1:0];
    sum_q      <= {slot3, slot2, slot1, slot0} + (FIRST != 0 ? addend_q : cascade_in[SUM_W-1:0]);
  end

  assign sum         = sum_q;
  assign cascade_out = sum;

endmodule

`default_nettype wire

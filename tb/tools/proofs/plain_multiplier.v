// SPDX-License-Identifier: Apache-2.0
//
// What a multiplier has to be: six products of nibbles, or twelve of 3 bits, added where they belong, beside what came before:
// of the first one of a chain the addend of the cycle before.
// In a chain it stands in for lsfq_multiplier.

`default_nettype none

module plain_multiplier #(
  parameter FORM         = 0,
  parameter CODE_BITS    = 4,
  parameter STRIDE       = 11,
  parameter INPUT_STAGES = 1,
  parameter FIRST        = 1,
  parameter PIXELS       = CODE_BITS == 3 ? 4 : 2       // derived
) (
  input  wire                        aclk,
  input  wire [3*CODE_BITS-1:0]      weights,
  input  wire [PIXELS*CODE_BITS-1:0] pixels,
  input  wire [47:0]                 addend,
  input  wire [47:0]                 cascade_in,
  output wire [47:0]                 cascade_out,
  output wire [47:0]                 sum
);

  localparam STAGES     = INPUT_STAGES + 1;
  localparam SUM_W      = (PIXELS + 2) * STRIDE;
  localparam OPERANDS_W = (3 + PIXELS) * CODE_BITS;

  reg  [OPERANDS_W*STAGES-1:0] operands_q;
  reg  [SUM_W-1:0]             addend_q, sum_q;
  wire [SUM_W-1:0]             slots;

  wire [OPERANDS_W-1:0] last = operands_q[OPERANDS_W*(STAGES-1) +: OPERANDS_W];

  // Digit n of the operands: the pixels, and the weights after them. Digits that are not there count as 0.
  `define A(n) ((n) >= 0 && (n) < PIXELS ? last[CODE_BITS*((n) >= 0 && (n) < PIXELS ? (n) : 0) +: CODE_BITS] : {CODE_BITS{1'b0}})
  `define W(n) last[CODE_BITS*(PIXELS + (n)) +: CODE_BITS]

  genvar k;
  generate
    for (k = 0; k < PIXELS + 2; k = k + 1) begin : g_slot
      wire [STRIDE-1:0] slot = `W(0) * `A(k) + `W(1) * `A(k-1) + `W(2) * `A(k-2);
      assign slots[STRIDE*k +: STRIDE] = slot;
    end
  endgenerate

  `undef A
  `undef W

  always @(posedge aclk) begin
    operands_q <= {operands_q, weights, pixels};
    addend_q   <= addend[SUM_W-1:0];
    sum_q      <= slots + (FIRST != 0 ? addend_q : cascade_in[SUM_W-1:0]);
  end

  assign sum         = sum_q;
  assign cascade_out = sum;

endmodule

`default_nettype wire

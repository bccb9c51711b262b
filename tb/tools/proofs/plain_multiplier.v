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

  // The pixels, with digits 0 on both sides of them.
  wire [(PIXELS+4)*CODE_BITS-1:0] around = {{2*CODE_BITS{1'b0}}, last[PIXELS*CODE_BITS-1:0],
                                            {2*CODE_BITS{1'b0}}};

  genvar k, i;
  generate
    for (k = 0; k < PIXELS + 2; k = k + 1) begin : g_slot
      wire [3*STRIDE-1:0] products;
      for (i = 0; i < 3; i = i + 1) begin : g_product
        wire [STRIDE-1:0] w = {{(STRIDE-CODE_BITS){1'b0}}, last[CODE_BITS*(PIXELS + i) +: CODE_BITS]};
        wire [STRIDE-1:0] a = {{(STRIDE-CODE_BITS){1'b0}}, around[CODE_BITS*(k + 2 - i) +: CODE_BITS]};
        assign products[STRIDE*i +: STRIDE] = w * a;
      end
      assign slots[STRIDE*k +: STRIDE] = products[0 +: STRIDE] + products[STRIDE +: STRIDE]
                                       + products[2*STRIDE +: STRIDE];
    end
  endgenerate

  always @(posedge aclk) begin
    operands_q <= {operands_q[OPERANDS_W*(STAGES-1)-1:0], weights, pixels};
    addend_q   <= addend[SUM_W-1:0];
    sum_q      <= slots + (FIRST != 0 ? addend_q : cascade_in[SUM_W-1:0]);
  end

  assign sum         = {{(48-SUM_W){1'b0}}, sum_q};
  assign cascade_out = sum;
  wire unused = &{1'b0, addend, cascade_in};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// In a chain of plain multipliers no slot ever carries into the next one: the slots that leave are the sums of
// the products, slot by slot, whatever the operands and the state were before. The chain is that of the core;
// its multipliers are those of plain_multiplier.v, which multiplier_forms.v shows equal to both forms.

`default_nettype none

module chain_slots #(
  parameter LENGTH = 4,
  parameter STRIDE = 11
) (
  input wire                 aclk,
  input wire [12*LENGTH-1:0] weights,
  input wire [8*LENGTH-1:0]  pixels
);

  localparam SUM_W = 4 * STRIDE;
  localparam ONE   = 225;                       // 15 * 15, the largest product

  wire [SUM_W-1:0] slots;

  lsfq_multiplier_chain #(
    .LENGTH(LENGTH),
    .STRIDE(STRIDE)
  ) u_chain (
    .aclk   (aclk),
    .weights(weights),
    .pixels (pixels),
    .slots  (slots)
  );

  reg [3:0] age_q = 4'd0;
  always @(posedge aclk) if (age_q != 4'd15) age_q <= age_q + 4'd1;

  wire [SUM_W*(LENGTH+1)-1:0] sums;
  assign sums[SUM_W-1:0] = {SUM_W{1'b0}};

  genvar i;
  generate
    for (i = 0; i < LENGTH; i = i + 1) begin : g_multiplier
      localparam STAGES = i == 0 ? 2 : 3;
      reg  [20*STAGES-1:0] operands_q;
      reg  [STRIDE-1:0]    sum0_q, sum1_q, sum2_q, sum3_q;

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
        operands_q <= {operands_q, weights[12*i +: 12], pixels[8*i +: 8]};
        sum0_q     <= sums[SUM_W*i +: STRIDE] + slot0;
        sum1_q     <= sums[SUM_W*i+STRIDE +: STRIDE] + slot1;
        sum2_q     <= sums[SUM_W*i+2*STRIDE +: STRIDE] + slot2;
        sum3_q     <= sums[SUM_W*i+3*STRIDE +: STRIDE] + slot3;
        if (age_q >= i + 4) begin
          assert (sum0_q <= ONE * (i + 1));
          assert (sum1_q <= 2 * ONE * (i + 1));
          assert (sum2_q <= 2 * ONE * (i + 1));
          assert (sum3_q <= ONE * (i + 1));
        end
      end

      assign sums[SUM_W*(i+1) +: SUM_W] = {sum3_q, sum2_q, sum1_q, sum0_q};
    end
  endgenerate

  always @(posedge aclk)
    if (age_q >= LENGTH + 3) assert (slots == sums[SUM_W*LENGTH +: SUM_W]);

endmodule

`default_nettype wire

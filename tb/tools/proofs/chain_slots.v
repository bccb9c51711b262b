// SPDX-License-Identifier: Apache-2.0
//
// In a chain of plain multipliers of nibbles no slot carries into the next one: the slots that leave are the sums of
// the products and 8 times the addend, slot by slot, whatever the operands and the state were before, as long as each such sum
// is below 2^STRIDE after every multiplier. Without addends that is proved here, too. The addends of lsfq_offset_sum keep it:
// they have 8*(16 - a) for each product (w + 8)*a, and (w + 8)*a + 8*(16 - a) = w*a + 128 is from 8 to 233, while what comes
// later in the chain has at most 128: no more than LENGTH * 2 * 233 < 2^STRIDE.
//
// The chain is that of the core; its multipliers are those of plain_multiplier.v, which multiplier_forms.v shows equal to both
// forms.

`default_nettype none

module chain_slots #(
  parameter LENGTH  = 4,
  parameter STRIDE  = 11,
  parameter ADDENDS = 1                         // 0: all are 0
) (
  input wire                 aclk,
  input wire [12*LENGTH-1:0] weights,
  input wire [8*LENGTH-1:0]  pixels,
  input wire [31:0]          any_addends
);

  localparam SUM_W = 4 * STRIDE;
  localparam ONE   = 225;                       // 15 * 15, the largest product

  localparam WIDE  = STRIDE + 2;                // of a slot's sum, which must not need it all

  wire [SUM_W-1:0] slots;
  wire [31:0]      addends = ADDENDS != 0 ? any_addends : 32'd0;

  lsfq_multiplier_chain #(
    .LENGTH(LENGTH),
    .STRIDE(STRIDE)
  ) u_chain (
    .aclk   (aclk),
    .weights(weights),
    .pixels (pixels),
    .addends(addends),
    .fields (slots),
    .carries()
  );

  reg [3:0] age_q = 4'd0;
  always @(posedge aclk) if (age_q != 4'd15) age_q <= age_q + 4'd1;

  // in step with the chain
  reg [31:0] addend_q;
  always @(posedge aclk) addend_q <= addends;

  wire [4*WIDE*(LENGTH+1)-1:0] sums;
  wire [SUM_W-1:0]             last;
  assign sums[0 +: WIDE]      = {addend_q[7:0], 3'd0};
  assign sums[WIDE +: WIDE]   = {addend_q[15:8], 3'd0};
  assign sums[2*WIDE +: WIDE] = {addend_q[23:16], 3'd0};
  assign sums[3*WIDE +: WIDE] = {addend_q[31:24], 3'd0};

  genvar i;
  generate
    for (i = 0; i < LENGTH; i = i + 1) begin : g_multiplier
      localparam STAGES = i == 0 ? 2 : 3;
      reg  [20*STAGES-1:0] operands_q;
      reg  [WIDE-1:0]      sum0_q, sum1_q, sum2_q, sum3_q;

      wire [3:0] a0 = operands_q[20*(STAGES-1) +: 4];
      wire [3:0] a1 = operands_q[20*(STAGES-1)+4 +: 4];
      wire [3:0] w0 = operands_q[20*(STAGES-1)+8 +: 4];
      wire [3:0] w1 = operands_q[20*(STAGES-1)+12 +: 4];
      wire [3:0] w2 = operands_q[20*(STAGES-1)+16 +: 4];
      wire [WIDE-1:0] slot0 = w0 * a0;
      wire [WIDE-1:0] slot1 = w0 * a1 + w1 * a0;
      wire [WIDE-1:0] slot2 = w1 * a1 + w2 * a0;
      wire [WIDE-1:0] slot3 = w2 * a1;

      always @(posedge aclk) begin
        operands_q <= {operands_q, weights[12*i +: 12], pixels[8*i +: 8]};
        sum0_q     <= sums[4*WIDE*i +: WIDE] + slot0;
        sum1_q     <= sums[4*WIDE*i+WIDE +: WIDE] + slot1;
        sum2_q     <= sums[4*WIDE*i+2*WIDE +: WIDE] + slot2;
        sum3_q     <= sums[4*WIDE*i+3*WIDE +: WIDE] + slot3;
        if (age_q >= i + 4 && ADDENDS != 0) begin
          assume (sum0_q[WIDE-1:STRIDE] == 2'd0);
          assume (sum1_q[WIDE-1:STRIDE] == 2'd0);
          assume (sum2_q[WIDE-1:STRIDE] == 2'd0);
          assume (sum3_q[WIDE-1:STRIDE] == 2'd0);
        end else if (age_q >= i + 4) begin
          assert (sum0_q <= ONE * (i + 1));
          assert (sum1_q <= 2 * ONE * (i + 1));
          assert (sum2_q <= 2 * ONE * (i + 1));
          assert (sum3_q <= ONE * (i + 1));
        end
      end

      assign sums[4*WIDE*(i+1) +: 4*WIDE] = {sum3_q, sum2_q, sum1_q, sum0_q};
      if (i == LENGTH - 1) begin : g_last
        assign last = {sum3_q[STRIDE-1:0], sum2_q[STRIDE-1:0], sum1_q[STRIDE-1:0], sum0_q[STRIDE-1:0]};
      end
    end
  endgenerate

  always @(posedge aclk)
    if (age_q >= LENGTH + 3) assert (slots == last);

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_requant: integer requantisation of one pixel of POUT channels a cycle.
//
//   acc  = pixel - 8*offset                                   signed, ACC_W bits
//   raw  = (acc*m + b) >>> shift                              floor; b holds the rounding half
//   code = clamp(raw, 0, 2^out_bits - 1)
//
// m has 18 bits, b 46, both signed. |acc*m| <= 2^(ACC_W+16) and |b| <= 2^45 add to less than 2^(RAW_W-1).
// Latency 5 cycles, no handshake: the datapath never stalls.
// Parameter rules: ACC_W from 18 to 27 (27 is the wide port of the multiplier).

`default_nettype none

module lsfq_requant #(
  parameter POUT  = 16,
  parameter ACC_W = 27,
  parameter RAW_W = 47
) (
  input  wire                  aclk,
  input  wire                  aresetn,
  input  wire                  clear,

  input  wire [3:0]            out_bits,
  input  wire [5:0]            shift,

  input  wire                  pixel_valid,
  input  wire                  pixel_set,
  input  wire                  pixel_end,
  input  wire [POUT*ACC_W-1:0] pixel,
  input  wire [ACC_W-1:0]      offset,
  input  wire [64*POUT-1:0]    constants,     // with pixel; channel l: {b, m} at bits 64*l upwards

  output wire                  code_valid,
  output wire                  code_set,
  output wire                  code_end,
  output wire [8*POUT-1:0]     code,
  output wire [RAW_W*POUT-1:0] raw            // with code; signed
);

  localparam LATENCY = 5;
  localparam PRODUCT_W = ACC_W + 18;

  generate
    if (ACC_W < 18 || ACC_W > 27) begin : g_check_acc
      ACC_W_must_be_18_to_27 parameter_error ();
    end
    if (RAW_W != 47) begin : g_check_raw
      RAW_W_must_be_47 parameter_error ();
    end
  endgenerate

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(LATENCY),
    .RESET (1)
  ) u_delay_valid (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      (pixel_valid),
    .q      (code_valid)
  );

  lsfq_delay #(
    .WIDTH (2),
    .STAGES(LATENCY)
  ) u_delay_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      ({pixel_set, pixel_end}),
    .q      ({code_set, code_end})
  );

  wire [7:0] largest = ~(8'hFF << out_bits);

  genvar l;
  generate
    for (l = 0; l < POUT; l = l + 1) begin : g_channel
      reg signed [ACC_W-1:0]     acc_q;
      reg signed [17:0]          m_q;
      reg signed [45:0]          b_q, b2_q;
      reg signed [PRODUCT_W-1:0] product_q;
      reg signed [RAW_W-1:0]     sum_q, shifted_q, raw_q;
      reg        [7:0]           code_q;

      wire signed [RAW_W-1:0] product = {{(RAW_W-PRODUCT_W){product_q[PRODUCT_W-1]}}, product_q};
      wire signed [RAW_W-1:0] bias    = {b2_q[45], b2_q};

      always @(posedge aclk) begin
        acc_q     <= pixel[l*ACC_W +: ACC_W] - {offset[ACC_W-4:0], 3'd0};
        m_q       <= constants[64*l +: 18];
        b_q       <= constants[64*l+18 +: 46];

        product_q <= acc_q * m_q;
        b2_q      <= b_q;

        sum_q     <= product + bias;

        shifted_q <= sum_q >>> shift;

        raw_q     <= shifted_q;
        code_q    <= shifted_q[RAW_W-1]                   ? 8'd0
                   : shifted_q > $signed({{(RAW_W-8){1'b0}}, largest}) ? largest
                   : shifted_q[7:0];
      end

      assign code[8*l +: 8]       = code_q;
      assign raw[RAW_W*l +: RAW_W] = raw_q;
    end
  endgenerate

  wire unused = &{1'b0, offset[ACC_W-1:ACC_W-3]};      // shifted out: sums wrap

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_requant: integer requantisation of PIXELS pixels, one or a pair, of POUT channels a cycle.
//
//   acc  = pair - 8*offset                                    signed, ACC_W bits
//   raw  = acc*m + r*mr + b                                   r: code of the skip tensor, with SKIP (lsfq_skip_scale)
//   code = clamp(raw >>> shift, 0, 2^out_bits - 1)            floor; b holds the rounding half
//
// m and mr have 18 bits, b 46, all signed; the two pixels of a channel share m and b. |acc*m| <= 2^(ACC_W+16),
// |r*mr| < 2^25 and |b| <= 2^45 add to less than 2^(RAW_W-1). The shift is done in three parts (by 16s, 4s, 1s); each keeps the bits
// that can still reach a code and remembers whether one above them was set.
//
// Latency 3 cycles to raw, which then holds still until the next pair's, and 5 to code. No handshake: the datapath
// never stalls. Interface: pixel pairs (docs/theory_of_operation.md).
// Parameter rules: ACC_W from 18 to 27 (27 is the wide port of the multiplier).

`default_nettype none

module lsfq_requant #(
  parameter POUT  = 16,
  parameter ACC_W = 27,
  parameter RAW_W = 47,
  parameter PIXELS = 2,
  parameter SKIP   = 0                          // 1: with residual addition
) (
  input  wire                    aclk,
  input  wire                    aresetn,
  input  wire                    clear,

  input  wire [3:0]              out_bits,
  input  wire [5:0]              shift,         // 0 to 40
  input  wire                    raw_only,      // the layer's pixels give no code

  input  wire                    pair_valid,
  input  wire                    pair_set,
  input  wire                    pair_both,
  input  wire                    pair_row_end,
  input  wire                    pair_end,
  input  wire [PIXELS*POUT*ACC_W-1:0] pair,
  input  wire [PIXELS*ACC_W-1:0] offset,        // with pair; {odd, even}
  input  wire [64*POUT-1:0]      constants,     // with pair; channel l: {b, m} at bits 64*l upwards

  input  wire [26*PIXELS*POUT-1:0] residue,     // one cycle after pair: r*mr, signed

  output wire                    raw_valid,
  output wire                    raw_set,
  output wire                    raw_both,
  output wire                    raw_end,
  output wire [PIXELS*POUT*RAW_W-1:0] raw,           // signed

  output wire                    code_valid,
  output wire                    code_set,
  output wire                    code_both,
  output wire                    code_row_end,
  output wire                    code_end,
  output wire [8*PIXELS*POUT-1:0] code
);

  localparam RAW_LATENCY  = 3;
  localparam CODE_LATENCY = 2;                  // from there
  localparam PRODUCT_W    = ACC_W + 18;
  localparam BY_16_W      = 8 + 15;             // bits that can reach a code after the shift by 16s
  localparam BY_4_W       = 8 + 3;              // and after the shift by 4s

  generate
    if (ACC_W < 18 || ACC_W > 27) begin : g_check_acc
      ACC_W_must_be_18_to_27 parameter_error ();
    end
    if (RAW_W != 47) begin : g_check_raw
      RAW_W_must_be_47 parameter_error ();
    end
  endgenerate

  wire sum_d;                                   // a pair's sum is made in this cycle
  wire raw_row_end;

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(RAW_LATENCY - 1),
    .RESET (1)
  ) u_delay_sum (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      (pair_valid),
    .q      (sum_d)
  );

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(1),
    .RESET (1)
  ) u_delay_raw (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      (sum_d),
    .q      (raw_valid)
  );

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(CODE_LATENCY),
    .RESET (1)
  ) u_delay_code (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      (raw_valid && !raw_only),           // here, as the fields may change behind the last raw pair
    .q      (code_valid)
  );

  lsfq_delay #(
    .WIDTH (4),
    .STAGES(RAW_LATENCY)
  ) u_delay_raw_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      ({pair_set, pair_both, pair_row_end, pair_end}),
    .q      ({raw_set, raw_both, raw_row_end, raw_end})
  );

  lsfq_delay #(
    .WIDTH (4),
    .STAGES(CODE_LATENCY)
  ) u_delay_code_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (clear),
    .d      ({raw_set, raw_both, raw_row_end, raw_end}),
    .q      ({code_set, code_both, code_row_end, code_end})
  );

  wire [7:0] largest = ~(8'hFF << out_bits);

  genvar l, x;
  generate
    for (l = 0; l < POUT; l = l + 1) begin : g_channel
      reg signed [17:0] m_q;
      reg signed [45:0] b_q;

      always @(posedge aclk) begin
        m_q <= constants[64*l +: 18];
        b_q <= constants[64*l+18 +: 46];
      end

      for (x = 0; x < PIXELS; x = x + 1) begin : g_pixel
        localparam PLACE = x * POUT + l;

        reg signed [ACC_W-1:0]     acc_q;
        reg signed [PRODUCT_W-1:0] product_q;
        reg signed [RAW_W-1:0]     bias_q;
        reg signed [RAW_W-1:0]     sum_q;
        reg        [BY_4_W-1:0]    part_q;
        reg                        negative_q, above_q;
        reg        [7:0]           code_q;

        wire signed [RAW_W-1:0] product = {{(RAW_W-PRODUCT_W){product_q[PRODUCT_W-1]}}, product_q};
        wire signed [25:0]      added   = SKIP != 0 ? residue[26*PLACE +: 26] : 26'd0;

        // a negative sum gives 0 whatever its bits are: the sign stays behind
        wire [RAW_W-2:0]   by_16 = shift[5] ? {32'd0, sum_q[RAW_W-2:32]}
                                 : shift[4] ? {16'd0, sum_q[RAW_W-2:16]} : sum_q[RAW_W-2:0];
        wire [BY_16_W-1:0] by_4  = by_16[BY_16_W-1:0] >> {shift[3:2], 2'b00};
        wire [BY_4_W-1:0]  by_1  = part_q >> shift[1:0];
        wire               above = above_q || by_1[BY_4_W-1:8] != 3'd0 || (by_1[7:0] & ~largest) != 8'd0;

        always @(posedge aclk) begin
          acc_q      <= pair[PLACE*ACC_W +: ACC_W] - {offset[x*ACC_W +: ACC_W-3], 3'd0};
          product_q  <= acc_q * m_q;
          bias_q     <= {b_q[45], b_q} + {{(RAW_W-26){added[25]}}, added};
          if (sum_d) sum_q <= product + bias_q;

          part_q     <= by_4[BY_4_W-1:0];
          above_q    <= by_16[RAW_W-2:BY_16_W] != {(RAW_W-1-BY_16_W){1'b0}}
                     || by_4[BY_16_W-1:BY_4_W] != {(BY_16_W-BY_4_W){1'b0}};
          negative_q <= sum_q[RAW_W-1];

          code_q     <= negative_q ? 8'd0 : above ? largest : by_1[7:0];
        end

        assign raw[PLACE*RAW_W +: RAW_W] = sum_q;
        assign code[8*PLACE +: 8]        = code_q;
      end
    end
  endgenerate

  wire unused = &{1'b0, residue, offset[PIXELS*ACC_W-1 -: 3], offset[ACC_W-1 -: 3]};      // shifted out: sums wrap

endmodule

`default_nettype wire

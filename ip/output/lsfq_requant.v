// SPDX-License-Identifier: Apache-2.0
//
// lsfq_requant: integer requantisation of PIXELS pixels (1, or 2: a pair) of POUT channels in a
// cycle.
//
//   acc  = (no_a ? 0 : term_a) + (no_b ? 0 : term_b)        signed, modulo 2^ACC_W; TERMS 1: term_a
//   raw  = acc*m + r*mr + b                                 r: code of the skip tensor, with SKIP 1
//   code = clamp(raw >>> shift, 0, 2^out_bits - 1)          floor; b includes the rounding half
//
// m and mr have 18 bits and b has 46, all signed; the pixels of a channel share m and b.
// lsfq_skip_scale makes the products r*mr. |acc*m| <= 2^(ACC_W+16), |r*mr| < 2^25 and |b| <= 2^45
// together are less than 2^(RAW_W-1). MULTIPLIER selects the form of the multipliers and of the
// adders before and after them (see lsfq_multiply_add; 1: DSP48E2, 3: 18x18 bits, 4: MULT18X18D).
//
// The shift is made in three stages: shift = 12*s12 + 3*s3 + s1. Each stage keeps only the bits
// that can still reach the code. If any bit at or above shift + out_bits is set, the code is the
// largest one; if the sum is negative, the code is 0. `shift` and `out_bits` take effect after 2
// cycles.
//
// Latency: TERMS + 2 cycles to raw, which is then stable until the next pair's, and 2 more to code.
// No handshake: the pipeline never stalls. Interface: pixel pairs (docs/theory_of_operation.md).
// Parameter rules: ACC_W is 18 to 27 (27 bits is the wide port of the multiplier); RAW_W is 47;
// TERMS and PIXELS are 1 or 2; SKIP is 0 or 1.

`default_nettype none

module lsfq_requant #(
  parameter POUT  = 16,
  parameter ACC_W = 27,
  parameter RAW_W = 47,
  parameter PIXELS = 2,
  parameter TERMS  = 2,
  parameter MULTIPLIER = 0,
  parameter SKIP   = 0                          // 1: with residual addition
) (
  input  wire                    aclk,
  input  wire                    aresetn,

  input  wire [3:0]              out_bits,      // 2, 3, 4 or 8
  input  wire [5:0]              shift,         // 0 to 40
  input  wire                    raw_only,      // raw layer: make no codes

  input  wire                    pair_valid,
  input  wire                    pair_set,
  input  wire                    pair_both,
  input  wire                    pair_row_end,
  input  wire                    pair_end,
  input  wire [PIXELS*POUT*ACC_W-1:0] term_a,
  input  wire [PIXELS*POUT*ACC_W-1:0] term_b,
  input  wire                    no_a,
  input  wire                    no_b,
  input  wire [64*POUT-1:0]      constants,     // with the terms; channel l: {b, m} at bit 64*l

  input  wire [26*PIXELS*POUT-1:0] residue,     // one cycle after the terms: r*mr, signed

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

  localparam RAW_LATENCY  = TERMS + 2;
  localparam CODE_LATENCY = 2;                  // cycles after raw
  localparam VALUE_W      = RAW_W - 1;          // bits of raw without the sign
  localparam BY_12_W      = 8 + 2 + 9;          // bits that reach a code after the first stage
  localparam BY_3_W       = 8 + 2;              // and after the second stage
  localparam OVERS        = (VALUE_W - 1) / 3;  // groups of three bits, from bit 1 up

  generate
    if (ACC_W < 18 || ACC_W > 27) begin : g_check_acc
      ACC_W_must_be_18_to_27 parameter_error ();
    end
    if (RAW_W != 47) begin : g_check_raw
      RAW_W_must_be_47 parameter_error ();
    end
    if (TERMS != 1 && TERMS != 2) begin : g_check_terms
      TERMS_must_be_1_or_2 parameter_error ();
    end
  endgenerate

  wire sum_d;                                   // the sum of a pair is registered in this cycle
  wire raw_row_end;

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(RAW_LATENCY - 1),
    .RESET (1)
  ) u_delay_sum (
    .aclk   (aclk),
    .aresetn(aresetn),
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
    // raw_only counts here: the settings may change after the last raw pair
    .d      (raw_valid && !raw_only),
    .q      (code_valid)
  );

  lsfq_delay #(
    .WIDTH (4),
    .STAGES(RAW_LATENCY)
  ) u_delay_raw_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({pair_set, pair_both, pair_row_end, pair_end}),
    .q      ({raw_set, raw_both, raw_row_end, raw_end})
  );

  lsfq_delay #(
    .WIDTH (4),
    .STAGES(CODE_LATENCY)
  ) u_delay_code_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({raw_set, raw_both, raw_row_end, raw_end}),
    .q      ({code_set, code_both, code_row_end, code_end})
  );

  // ---- from the settings: the parts of the shift, the largest code, the mask of the overflow bits

  reg  [1:0]         s12_q, s3_q, s1_q;
  reg  [3:0]         rest_q;                    // shift - 12*s12, 0 to 11
  reg  [5:0]         end_q;                     // shift + out_bits, at most 48
  reg                wide_q, four_q, three_q;   // bits 4 to 7, bit 3 and bit 2 of the largest code
  reg  [VALUE_W-1:1] mask_q;

  wire [1:0] s12  = shift < 6'd12 ? 2'd0 : shift < 6'd24 ? 2'd1 : shift < 6'd36 ? 2'd2 : 2'd3;
  wire [3:0] rest = shift[3:0] - {s12, 2'd0} - {s12[0], 3'd0};    // modulo 16
  wire [1:0] s3   = rest_q < 4'd3 ? 2'd0 : rest_q < 4'd6 ? 2'd1 : rest_q < 4'd9 ? 2'd2 : 2'd3;
  wire [1:0] s1   = rest_q[1:0] - {s3[0], 1'b0} - s3;

  integer i;
  always @(posedge aclk) begin
    s12_q     <= s12;
    rest_q    <= rest;
    s3_q      <= s3;
    s1_q      <= s1;
    end_q     <= shift + {2'd0, out_bits};
    wide_q    <= out_bits[3];
    four_q    <= out_bits[3] || out_bits[2];
    three_q   <= out_bits != 4'd2;
    for (i = 1; i < VALUE_W; i = i + 1) mask_q[i] <= i[5:0] >= end_q;
  end

  wire [7:0] largest = {{4{wide_q}}, four_q, three_q, 2'b11};

  genvar l, x;
  generate
    for (l = 0; l < POUT; l = l + 1) begin : g_channel
      reg signed [45:0] b_q;

      always @(posedge aclk) b_q <= constants[64*l+18 +: 46];

      for (x = 0; x < PIXELS; x = x + 1) begin : g_pixel
        localparam PLACE = x * POUT + l;

        wire signed [25:0]      added = SKIP != 0 ? residue[26*PLACE +: 26] : 26'd0;
        wire signed [RAW_W-1:0] bias  = {b_q[45], b_q} + {{(RAW_W-26){added[25]}}, added};
        wire signed [RAW_W-1:0] addend;
        wire signed [47:0]      sum;

        lsfq_delay #(
          .WIDTH (RAW_W),
          .STAGES(TERMS - 1)
        ) u_delay_bias (
          .aclk   (aclk),
          .aresetn(aresetn),
          .d      (bias),
          .q      (addend)
        );

        lsfq_multiply_add #(
          .FORM   (MULTIPLIER == 1 ? 1 : MULTIPLIER >= 3 ? MULTIPLIER - 1 : 0),
          .A_W    (ACC_W),
          .PRE_ADD(TERMS - 1)
        ) u_multiply_add (
          .aclk  (aclk),
          .a     (term_a[PLACE*ACC_W +: ACC_W]),
          .d     (term_b[PLACE*ACC_W +: ACC_W]),
          .no_a  (no_a),
          .no_d  (no_b),
          .b     (constants[64*l +: 18]),
          .c     ({addend[RAW_W-1], addend}),
          .enable(sum_d),
          .p     (sum)
        );

        reg  [BY_3_W-1:0] part_q;
        reg  [OVERS-1:0]  over_q;
        reg  [7:0]        code_q;

        wire [BY_12_W-1:0] by_12 =
          s12_q[1] ? (s12_q[0] ? {9'd0, sum[VALUE_W-1:36]} : sum[24 +: BY_12_W])
                   : (s12_q[0] ? sum[12 +: BY_12_W] : sum[0 +: BY_12_W]);
        wire [BY_3_W-1:0]  by_3  = s3_q[1] ? (s3_q[0] ? by_12[9 +: BY_3_W] : by_12[6 +: BY_3_W])
                                           : (s3_q[0] ? by_12[3 +: BY_3_W] : by_12[0 +: BY_3_W]);

        wire               over   = over_q != {OVERS{1'b0}};

        integer n;
        always @(posedge aclk) begin
          part_q <= by_3;
          for (n = 0; n < OVERS; n = n + 1)
            over_q[n] <= (sum[3*n+1 +: 3] & mask_q[3*n+1 +: 3]) != 3'd0;
          if (sum[VALUE_W]) begin
            part_q <= {BY_3_W{1'b0}};
            over_q <= {OVERS{1'b0}};
          end

          // Setting bits has priority: a register's set input does that without a LUT.
          code_q <= (s1_q[1] ? part_q[9:2] : s1_q[0] ? part_q[8:1] : part_q[7:0]) & largest;
          if (over) code_q[1:0] <= 2'b11;
          if (over && three_q) code_q[2] <= 1'b1;
          if (over && four_q) code_q[3] <= 1'b1;
          if (over && wide_q) code_q[7:4] <= 4'b1111;
        end

        assign raw[PLACE*RAW_W +: RAW_W] = sum[RAW_W-1:0];
        assign code[8*PLACE +: 8]        = code_q;

        wire unused_top = sum[47];              // equal to the sign, bit 46
      end
    end
  endgenerate

  wire unused = &{1'b0, residue};

endmodule

`default_nettype wire

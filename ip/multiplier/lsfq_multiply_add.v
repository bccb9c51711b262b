// SPDX-License-Identifier: Apache-2.0
//
// lsfq_multiply_add: one term, or the sum of two, times a factor, plus an addend.
//
//   p = ((no_a ? 0 : a) + (no_d ? 0 : d)) * b + c            PRE_ADD 1; the sum wraps modulo 2^A_W
//   p = a * b + c                                            PRE_ADD 0
//
// All numbers are signed. |(a + d) * b| <= 2^(A_W+16) and |c| < 2^46, so p fits 48 bits. a, d,
// no_a, no_d and b come together; c comes PRE_ADD + 1 cycles after them. Latency PRE_ADD + 3 cycles
// from a, 2 from c. p is kept in the cycle after `enable` was low. No handshake.
//
// FORM selects one of four implementations, which are equal cycle by cycle:
//   0  plain Verilog
//   1  a DSP48E2 (UltraScale, UltraScale+) with its adders. Its pre-adder has 27 bits; with a
//      smaller A_W the two terms are added in front of the DSP48E2
//   2  plain Verilog for multipliers of 18x18 bits: the sum's bits from 17 up have a multiplier of
//      their own, and the two products and c are added after their registers
//   3  like 2, with MULT18X18D (ECP5), which contains the registers of the sum, b and the products
// Parameter rules: A_W is 18 to 27; FORM is 0 to 3; PRE_ADD is 0 or 1.

`default_nettype none

module lsfq_multiply_add #(
  parameter FORM    = 0,
  parameter A_W     = 27,
  parameter PRE_ADD = 1
) (
  input  wire                  aclk,
  input  wire signed [A_W-1:0] a,
  input  wire signed [A_W-1:0] d,
  input  wire                  no_a,
  input  wire                  no_d,
  input  wire signed [17:0]    b,
  input  wire signed [47:0]    c,
  input  wire                  enable,
  output wire signed [47:0]    p
);

  localparam IN_DSP    = FORM == 1 && A_W == 27 && PRE_ADD == 1;     // the DSP adds a and d itself
  localparam PRODUCT_W = A_W + 18;

  generate
    if (A_W < 18 || A_W > 27 || FORM < 0 || FORM > 3
        || (PRE_ADD != 0 && PRE_ADD != 1)) begin : g_check
      A_W_is_18_to_27_FORM_0_to_3_PRE_ADD_0_or_1 parameter_error ();
    end

    if (IN_DSP) begin : g_whole
      wire [47:0] pcout;

      lsfq_dsp48e2 #(
        .INPUT_STAGES(1),
        .ADDEND      (1),
        .PRE_ADD     (1)
      ) u_dsp (
        .aclk  (aclk),
        .a     (a),
        .b     (b),
        .d     (d),
        .no_a  (no_a),
        .no_d  (no_d),
        .c     (c),
        .enable(enable),
        .pcin  (48'd0),
        .pcout (pcout),
        .p     (p)
      );

      wire unused = &{1'b0, pcout};
    end else begin : g_parts
      wire signed [A_W-1:0] sum;                // in the same cycle as `factor`
      wire signed [17:0]    factor;

      if (PRE_ADD == 0) begin : g_one_term
        assign sum    = a;
        assign factor = b;
        wire unused = &{1'b0, d, no_a, no_d};
      end else begin : g_two_terms
        reg signed [A_W-1:0] a_q, d_q;
        reg signed [17:0]    b_q;

        always @(posedge aclk) begin
          a_q <= a;
          d_q <= d;
          b_q <= b;
          if (no_a) a_q <= {A_W{1'b0}};
          if (no_d) d_q <= {A_W{1'b0}};
        end

        assign sum    = a_q + d_q;
        assign factor = b_q;
      end

      if (FORM != 1) begin : g_inferred
        reg signed [47:0]    c_q, p_q;
        wire signed [47:0]   product;
        wire signed [A_W-1:0] left;             // the operands of the multipliers
        wire signed [17:0]    right;

        if (FORM == 3) begin : g_registers_in_block
          assign left  = sum;
          assign right = factor;
        end else begin : g_registers
          reg signed [A_W-1:0] sum_q;
          reg signed [17:0]    factor_q;
          always @(posedge aclk) begin
            sum_q    <= sum;
            factor_q <= factor;
          end
          assign left  = sum_q;
          assign right = factor_q;
        end

        if (FORM == 0) begin : g_whole
          reg signed [PRODUCT_W-1:0] product_q;
          always @(posedge aclk) product_q <= left * right;
          assign product = {{(48-PRODUCT_W){product_q[PRODUCT_W-1]}}, product_q};
        end else begin : g_halves
          localparam HIGH_W = A_W - 17 + 18;
          wire signed [17:0]       low  = {1'b0, left[16:0]};
          wire signed [A_W-18:0]   high = left[A_W-1:17];
          wire signed [35:0]       low_product;
          wire signed [HIGH_W-1:0] high_product;

          if (FORM == 2) begin : g_inferred
            reg signed [35:0]       low_q;
            reg signed [HIGH_W-1:0] high_q;
            always @(posedge aclk) begin
              low_q  <= low * right;
              high_q <= high * right;
            end
            assign low_product  = low_q;
            assign high_product = high_q;
          end else begin : g_mult18x18d
            wire signed [35:0] whole_product;

            lsfq_mult18x18d u_low (
              .aclk(aclk),
              .a   (low),
              .b   (right),
              .p   (low_product)
            );

            lsfq_mult18x18d u_high (
              .aclk(aclk),
              .a   ({{(35-A_W){high[A_W-18]}}, high}),
              .b   (right),
              .p   (whole_product)
            );

            assign high_product = whole_product[HIGH_W-1:0];
            wire unused_top = &{1'b0, whole_product[35:HIGH_W]};
          end

          assign product = {{12{low_product[35]}}, low_product}
                         + {{(48-17-HIGH_W){high_product[HIGH_W-1]}}, high_product, 17'd0};
        end

        always @(posedge aclk) begin
          c_q <= c;
          if (enable) p_q <= product + c_q;
        end

        assign p = p_q;
      end else begin : g_dsp48e2
        wire signed [26:0] wide;
        wire        [47:0] pcout;

        if (A_W == 27) begin : g_whole_port
          assign wide = sum;
        end else begin : g_part_of_port
          assign wide = {{(27-A_W){sum[A_W-1]}}, sum};
        end

        lsfq_dsp48e2 #(
          .INPUT_STAGES(1),
          .ADDEND      (1)
        ) u_dsp (
          .aclk  (aclk),
          .a     (wide),
          .b     (factor),
          .d     (27'sd0),
          .no_a  (1'b0),
          .no_d  (1'b0),
          .c     (c),
          .enable(enable),
          .pcin  (48'd0),
          .pcout (pcout),
          .p     (p)
        );

        wire unused = &{1'b0, pcout};
      end
    end
  endgenerate

endmodule

`default_nettype wire

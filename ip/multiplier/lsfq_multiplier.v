// SPDX-License-Identifier: Apache-2.0
//
// lsfq_multiplier: one packed multiplier of a cascade. It makes six products of nibbles in a cycle,
// or twelve of 3 bits.
//
//   sum = (w0 + w1*2^s + w2*2^2s) * (a0 + a1*2^s) + term                       CODE_BITS 4
//   sum = (w0 + w1*2^s + w2*2^2s) * (a0 + a1*2^s + a2*2^2s + a3*2^3s) + term   CODE_BITS 3
//                                                                      s = STRIDE, modulo 2^48
//   term: `addend` in the first multiplier of a chain (FIRST 1), `cascade_in` in the others
//
// Latency: INPUT_STAGES + 2 cycles from weights and pixels, 2 from addend, 1 from cascade_in. No
// handshake.
//
// Three nibbles are wider than two, and three digits of 3 bits narrower than four: the wide operand
// is the weights with CODE_BITS 4, and the pixels with CODE_BITS 3.
//
// FORM selects one of four implementations, which are equal cycle by cycle:
//   0  plain Verilog; synthesis infers one multiplier and, on some devices, the adder after it
//   1  a DSP48E2 (UltraScale, UltraScale+): the wide operand on the 27-bit port, the other one on
//      the 18-bit port, with the operand registers inside; the cascade uses the dedicated wires
//      PCIN and PCOUT
//   2  plain Verilog for multipliers of 18x18 bits: the wide operand from 2*STRIDE up has a
//      multiplier of its own, and the two products are added after their registers
//   3  like 2, with MULT18X18D of ECP5, which contains the product registers and the last operand
//      registers. The top bits of the operands are 0, so signed and unsigned products are equal.
// Parameter rules: STRIDE is 10 or 11 with CODE_BITS 4, and 7 with CODE_BITS 3; INPUT_STAGES is 1
// or 2; FORM is 0 to 3; FIRST is 0 or 1.

`default_nettype none

module lsfq_multiplier #(
  parameter FORM         = 0,
  parameter CODE_BITS    = 4,
  parameter STRIDE       = 11,
  parameter INPUT_STAGES = 1,
  parameter FIRST        = 1,
  parameter PIXELS       = CODE_BITS == 3 ? 4 : 2      // derived
) (
  input  wire                        aclk,
  input  wire [3*CODE_BITS-1:0]      weights,         // {w2, w1, w0}
  input  wire [PIXELS*CODE_BITS-1:0] pixels,          // {..., a1, a0}
  input  wire [47:0]                 addend,
  input  wire [47:0]                 cascade_in,      // connect only to a neighbour's cascade_out
  output wire [47:0]                 cascade_out,     // sum, for the next multiplier
  output wire [47:0]                 sum
);

  localparam WEIGHT_W = 2 * STRIDE + CODE_BITS;
  localparam PIXEL_W  = (PIXELS - 1) * STRIDE + CODE_BITS;
  localparam SUM_W    = (PIXELS + 2) * STRIDE;        // one slot for each digit of the product
  localparam WIDE_W   = CODE_BITS == 3 ? PIXEL_W : WEIGHT_W;
  localparam NARROW_W = CODE_BITS == 3 ? WEIGHT_W : PIXEL_W;

  wire [WEIGHT_W-1:0] weight;
  wire [PIXEL_W-1:0]  pixel;
  wire [WIDE_W-1:0]   wide;
  wire [NARROW_W-1:0] narrow;

  genvar i;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_weight
      assign weight[STRIDE*i +: CODE_BITS] = weights[CODE_BITS*i +: CODE_BITS];
      if (i < 2) begin : g_gap
        assign weight[STRIDE*i+CODE_BITS +: STRIDE-CODE_BITS] = {(STRIDE-CODE_BITS){1'b0}};
      end
    end
    for (i = 0; i < PIXELS; i = i + 1) begin : g_pixel
      assign pixel[STRIDE*i +: CODE_BITS] = pixels[CODE_BITS*i +: CODE_BITS];
      if (i < PIXELS - 1) begin : g_gap
        assign pixel[STRIDE*i+CODE_BITS +: STRIDE-CODE_BITS] = {(STRIDE-CODE_BITS){1'b0}};
      end
    end

    if (CODE_BITS == 3) begin : g_three
      assign wide   = pixel;
      assign narrow = weight;
    end else begin : g_four
      assign wide   = weight;
      assign narrow = pixel;
    end
  endgenerate

  generate
    if (CODE_BITS != 3 && CODE_BITS != 4) begin : g_check_bits
      CODE_BITS_is_3_or_4 parameter_error ();
    end
    if ((CODE_BITS == 3 ? STRIDE != 7 : STRIDE != 10 && STRIDE != 11)
        || (INPUT_STAGES != 1 && INPUT_STAGES != 2)) begin : g_check
      STRIDE_is_7_or_10_or_11_and_INPUT_STAGES_1_or_2 parameter_error ();
    end
    if (FORM < 0 || FORM > 3) begin : g_check_form
      FORM_is_0_to_3 parameter_error ();
    end

    if (FORM != 1) begin : g_inferred
      // FORM 3: the last operand register is inside the block.
      localparam STAGES = FORM == 3 ? INPUT_STAGES - 1 : INPUT_STAGES;

      wire [WIDE_W-1:0]   factor;
      wire [NARROW_W-1:0] other;
      wire [SUM_W-1:0]    product, term;
      reg  [SUM_W-1:0]    sum_q;

      if (FIRST != 0) begin : g_first
        reg [SUM_W-1:0] addend_q;
        always @(posedge aclk) addend_q <= addend[SUM_W-1:0];
        assign term = addend_q;
      end else begin : g_other
        assign term = cascade_in[SUM_W-1:0];
      end

      if (STAGES == 0) begin : g_none
        assign factor = wide;
        assign other  = narrow;
      end else if (STAGES == 1) begin : g_one
        reg [WIDE_W-1:0]   wide_q;
        reg [NARROW_W-1:0] narrow_q;
        always @(posedge aclk) begin
          wide_q   <= wide;
          narrow_q <= narrow;
        end
        assign factor = wide_q;
        assign other  = narrow_q;
      end else begin : g_two
        reg [WIDE_W-1:0]   early_wide_q, wide_q;
        reg [NARROW_W-1:0] early_narrow_q, narrow_q;
        always @(posedge aclk) begin
          early_wide_q   <= wide;
          early_narrow_q <= narrow;
          wide_q         <= early_wide_q;
          narrow_q       <= early_narrow_q;
        end
        assign factor = wide_q;
        assign other  = narrow_q;
      end

      if (FORM == 0) begin : g_whole
        reg [WIDE_W+NARROW_W-1:0] product_q;
        always @(posedge aclk) product_q <= factor * other;
        assign product = {{(SUM_W-WIDE_W-NARROW_W){1'b0}}, product_q};
      end else begin : g_halves
        localparam LOW_W  = STRIDE + CODE_BITS;         // two digits
        localparam HIGH_W = WIDE_W - 2 * STRIDE;
        wire [LOW_W+NARROW_W-1:0]  low;
        wire [HIGH_W+NARROW_W-1:0] high;

        if (FORM == 2) begin : g_inferred
          reg [LOW_W+NARROW_W-1:0]  low_q;
          reg [HIGH_W+NARROW_W-1:0] high_q;
          always @(posedge aclk) begin
            low_q  <= factor[LOW_W-1:0] * other;
            high_q <= factor[2*STRIDE +: HIGH_W] * other;
          end
          assign low  = low_q;
          assign high = high_q;
        end else begin : g_mult18x18d
          wire [35:0] low_product, high_product;

          lsfq_mult18x18d u_low (
            .aclk(aclk),
            .a   ({{(18-LOW_W){1'b0}}, factor[LOW_W-1:0]}),
            .b   ({{(18-NARROW_W){1'b0}}, other}),
            .p   (low_product)
          );

          lsfq_mult18x18d u_high (
            .aclk(aclk),
            .a   ({{(18-HIGH_W){1'b0}}, factor[2*STRIDE +: HIGH_W]}),
            .b   ({{(18-NARROW_W){1'b0}}, other}),
            .p   (high_product)
          );

          assign low  = low_product[LOW_W+NARROW_W-1:0];
          assign high = high_product[HIGH_W+NARROW_W-1:0];
          wire unused_tops = &{1'b0, low_product, high_product};
        end

        assign product = {{(SUM_W-LOW_W-NARROW_W){1'b0}}, low}
                       + {{(SUM_W-2*STRIDE-HIGH_W-NARROW_W){1'b0}}, high, {(2*STRIDE){1'b0}}};
        wire unused_gap = &{1'b0, factor};
      end

      always @(posedge aclk) sum_q <= product + term;

      assign sum         = {{(48-SUM_W){1'b0}}, sum_q};
      assign cascade_out = sum;
      wire unused = &{1'b0, addend, cascade_in};
    end else begin : g_dsp48e2
      lsfq_dsp48e2 #(
        .INPUT_STAGES(INPUT_STAGES),
        .ADDEND      (FIRST != 0 ? 1 : 2)
      ) u_dsp (
        .aclk  (aclk),
        .a     ({{(27-WIDE_W){1'b0}}, wide}),
        .b     ({{(18-NARROW_W){1'b0}}, narrow}),
        .d     (27'sd0),
        .no_a  (1'b0),
        .no_d  (1'b0),
        .c     (addend),
        .enable(1'b1),
        .pcin  (cascade_in),
        .pcout (cascade_out),
        .p     (sum)
      );
    end
  endgenerate

endmodule

`default_nettype wire

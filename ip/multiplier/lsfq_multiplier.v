// SPDX-License-Identifier: Apache-2.0
//
// lsfq_multiplier: one packed multiplier of a cascade. It makes six products of nibbles in a cycle.
//
//   sum = (w0 + w1*2^s + w2*2^2s) * (a0 + a1*2^s) + term                 s = STRIDE, modulo 2^48
//
//   term: `addend` in the first multiplier of a chain (FIRST 1), `cascade_in` in the others
//
// Latency: INPUT_STAGES + 2 cycles from weights and pixels, 2 from addend, 1 from cascade_in. No
// handshake.
//
// FORM selects one of four implementations, which are equal cycle by cycle:
//   0  plain Verilog; synthesis infers one multiplier and, on some devices, the adder after it
//   1  a DSP48E2 (UltraScale, UltraScale+): weights on the 27-bit port, pixels on the 18-bit port,
//      with the operand registers inside; the cascade uses the dedicated wires PCIN and PCOUT
//   2  plain Verilog for multipliers of 18x18 bits: w2 has a multiplier of its own, and the two
//      products are added after their registers
//   3  like 2, with MULT18X18D of ECP5, which contains the product registers and the last operand
//      registers. The top bits of the operands are 0, so signed and unsigned products are equal.
// Parameter rules: STRIDE is 10 or 11; INPUT_STAGES is 1 or 2; FORM is 0 to 3; FIRST is 0 or 1.

`default_nettype none

module lsfq_multiplier #(
  parameter FORM         = 0,
  parameter STRIDE       = 11,
  parameter INPUT_STAGES = 1,
  parameter FIRST        = 1
) (
  input  wire        aclk,
  input  wire [11:0] weights,         // {w2, w1, w0}
  input  wire [7:0]  pixels,          // {a1, a0}
  input  wire [47:0] addend,
  input  wire [47:0] cascade_in,      // connect only to a neighbour's cascade_out
  output wire [47:0] cascade_out,     // sum, for the next multiplier
  output wire [47:0] sum
);

  localparam GAP      = STRIDE - 4;
  localparam WEIGHT_W = 2 * STRIDE + 4;
  localparam PIXEL_W  = STRIDE + 4;
  localparam SUM_W    = 4 * STRIDE;   // four slots

  wire [WEIGHT_W-1:0] weight = {weights[11:8], {GAP{1'b0}},
                                weights[7:4], {GAP{1'b0}}, weights[3:0]};
  wire [PIXEL_W-1:0]  pixel  = {pixels[7:4], {GAP{1'b0}}, pixels[3:0]};

  generate
    if ((STRIDE != 10 && STRIDE != 11) || (INPUT_STAGES != 1 && INPUT_STAGES != 2)) begin : g_check
      STRIDE_is_10_or_11_and_INPUT_STAGES_1_or_2 parameter_error ();
    end
    if (FORM < 0 || FORM > 3) begin : g_check_form
      FORM_is_0_to_3 parameter_error ();
    end

    if (FORM != 1) begin : g_inferred
      // FORM 3: the last operand register is inside the block.
      localparam STAGES = FORM == 3 ? INPUT_STAGES - 1 : INPUT_STAGES;

      wire [WEIGHT_W-1:0] factor;
      wire [PIXEL_W-1:0]  other;
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
        assign factor = weight;
        assign other  = pixel;
      end else if (STAGES == 1) begin : g_one
        reg [WEIGHT_W-1:0] weight_q;
        reg [PIXEL_W-1:0]  pixel_q;
        always @(posedge aclk) begin
          weight_q <= weight;
          pixel_q  <= pixel;
        end
        assign factor = weight_q;
        assign other  = pixel_q;
      end else begin : g_two
        reg [WEIGHT_W-1:0] early_weight_q, weight_q;
        reg [PIXEL_W-1:0]  early_pixel_q, pixel_q;
        always @(posedge aclk) begin
          early_weight_q <= weight;
          early_pixel_q  <= pixel;
          weight_q       <= early_weight_q;
          pixel_q        <= early_pixel_q;
        end
        assign factor = weight_q;
        assign other  = pixel_q;
      end

      if (FORM == 0) begin : g_whole
        reg [WEIGHT_W+PIXEL_W-1:0] product_q;
        always @(posedge aclk) product_q <= factor * other;
        assign product = {{(SUM_W-WEIGHT_W-PIXEL_W){1'b0}}, product_q};
      end else begin : g_halves
        localparam LOW_W = STRIDE + 4;
        wire [LOW_W+PIXEL_W-1:0] low;
        wire [4+PIXEL_W-1:0]     high;

        if (FORM == 2) begin : g_inferred
          reg [LOW_W+PIXEL_W-1:0] low_q;
          reg [4+PIXEL_W-1:0]     high_q;
          always @(posedge aclk) begin
            low_q  <= factor[LOW_W-1:0] * other;
            high_q <= factor[2*STRIDE +: 4] * other;
          end
          assign low  = low_q;
          assign high = high_q;
        end else begin : g_mult18x18d
          wire [35:0] low_product, high_product;

          lsfq_mult18x18d u_low (
            .aclk(aclk),
            .a   ({{(18-LOW_W){1'b0}}, factor[LOW_W-1:0]}),
            .b   ({{(18-PIXEL_W){1'b0}}, other}),
            .p   (low_product)
          );

          lsfq_mult18x18d u_high (
            .aclk(aclk),
            .a   ({14'd0, factor[2*STRIDE +: 4]}),
            .b   ({{(18-PIXEL_W){1'b0}}, other}),
            .p   (high_product)
          );

          assign low  = low_product[LOW_W+PIXEL_W-1:0];
          assign high = high_product[4+PIXEL_W-1:0];
          wire unused_tops = &{1'b0, low_product, high_product};
        end

        assign product = {{(SUM_W-LOW_W-PIXEL_W){1'b0}}, low}
                       + {{(2*STRIDE-4-PIXEL_W){1'b0}}, high, {(2*STRIDE){1'b0}}};
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
        .a     ({{(27-WEIGHT_W){1'b0}}, weight}),
        .b     ({{(18-PIXEL_W){1'b0}}, pixel}),
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

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_dsp48e2: one DSP48E2 (UltraScale, UltraScale+) as this core uses it: a multiplier, an adder
// after it and, with PRE_ADD 1, an adder before it.
//
//   p = a * b + addend                                     signed, 48 bits
//   p = ((no_a ? 0 : a) + (no_d ? 0 : d)) * b + addend   with PRE_ADD 1; the sum wraps modulo 2^27
//
//   addend: 0 with ADDEND 0, c with ADDEND 1, pcin with ADDEND 2
//
// Registers: a and b pass INPUT_STAGES registers, c passes one, the product and p have one each;
// pcin has none. With PRE_ADD 1, a, no_a, d and no_d pass one register and their sum another one; b
// passes two.
// Latency from a, b and d: INPUT_STAGES + PRE_ADD + 2 cycles; from c: 2; from pcin: 1. p is kept in
// the cycle after `enable` was low. No handshake. pcin and pcout are the dedicated wires of a DSP
// column: connect pcin only to a neighbour's pcout.
// Parameter rules: INPUT_STAGES is 1 or 2; ADDEND is 0, 1 or 2; PRE_ADD is 0 or 1, and 1 only with
// INPUT_STAGES 1.

`default_nettype none

module lsfq_dsp48e2 #(
  parameter INPUT_STAGES = 1,
  parameter ADDEND       = 0,
  parameter PRE_ADD      = 0
) (
  input  wire               aclk,
  input  wire signed [26:0] a,
  input  wire signed [17:0] b,
  input  wire signed [26:0] d,
  input  wire               no_a,
  input  wire               no_d,
  input  wire        [47:0] c,
  input  wire               enable,
  input  wire        [47:0] pcin,
  output wire        [47:0] pcout,
  output wire        [47:0] p
);

  localparam TWO   = INPUT_STAGES == 2;
  localparam USE_C = ADDEND == 1;
  localparam USE_D = PRE_ADD != 0;
  localparam B_STAGES = INPUT_STAGES + PRE_ADD;

  // The ALU adds W = 0, X and Y, which together are the product, and Z, which is 0, C or PCIN.
  localparam [8:0] OPMODE = ADDEND == 0 ? 9'b00_000_01_01
                              : USE_C       ? 9'b00_011_01_01 : 9'b00_001_01_01;

  generate
    if ((INPUT_STAGES != 1 && INPUT_STAGES != 2)
        || (ADDEND != 0 && ADDEND != 1 && ADDEND != 2)) begin : g_check
      INPUT_STAGES_is_1_or_2_and_ADDEND_0_1_or_2 parameter_error ();
    end
    if (PRE_ADD != 0 && (PRE_ADD != 1 || INPUT_STAGES != 1)) begin : g_check_pre_add
      PRE_ADD_is_0_or_1_and_needs_INPUT_STAGES_1 parameter_error ();
    end
  endgenerate

  wire [65:0] other;                    // outputs that are not used

  DSP48E2 #(
    .AMULTSEL          (USE_D ? "AD" : "A"),
    .A_INPUT           ("DIRECT"),
    .BMULTSEL          ("B"),
    .B_INPUT           ("DIRECT"),
    .USE_MULT          ("MULTIPLY"),
    .USE_SIMD          ("ONE48"),
    .USE_WIDEXOR       ("FALSE"),
    .USE_PATTERN_DETECT("NO_PATDET"),
    .AREG              (INPUT_STAGES),
    .ACASCREG          (INPUT_STAGES),
    .BREG              (B_STAGES),
    .BCASCREG          (B_STAGES),
    .CREG              (1),
    .DREG              (1),
    .ADREG             (1),
    .MREG              (1),
    .PREG              (1),
    .ALUMODEREG        (0),
    .CARRYINREG        (0),
    .CARRYINSELREG     (0),
    .INMODEREG         (PRE_ADD),
    .OPMODEREG         (0)
  ) u_dsp (
    .CLK           (aclk),
    .A             ({{3{a[26]}}, a}),
    .B             (b),
    .C             (c),
    .D             (d),
    .PCIN          (pcin),
    .ALUMODE       (4'b0000),           // Z + W + X + Y + carry
    // B2 and A2; with PRE_ADD also D, where A2 and D can be set to 0
    .INMODE        (USE_D ? {2'b00, !no_d, no_a, 1'b0} : 5'b00000),
    .OPMODE        (OPMODE),
    .CARRYIN       (1'b0),
    .CARRYINSEL    (3'b000),
    .CARRYCASCIN   (1'b0),
    .MULTSIGNIN    (1'b0),
    .ACIN          (30'd0),
    .BCIN          (18'd0),
    .CEA1          (TWO),
    .CEA2          (1'b1),
    .CEB1          (TWO || USE_D),
    .CEB2          (1'b1),
    .CEAD          (USE_D),
    .CEALUMODE     (1'b0),
    .CEC           (USE_C),
    .CECARRYIN     (1'b0),
    .CECTRL        (1'b0),
    .CED           (USE_D),
    .CEINMODE      (USE_D),
    .CEM           (1'b1),
    .CEP           (enable),
    .RSTA          (1'b0),
    .RSTALLCARRYIN (1'b0),
    .RSTALUMODE    (1'b0),
    .RSTB          (1'b0),
    .RSTC          (1'b0),
    .RSTCTRL       (1'b0),
    .RSTD          (1'b0),
    .RSTINMODE     (1'b0),
    .RSTM          (1'b0),
    .RSTP          (1'b0),
    .P             (p),
    .PCOUT         (pcout),
    .ACOUT         (other[29:0]),
    .BCOUT         (other[47:30]),
    .CARRYCASCOUT  (other[48]),
    .CARRYOUT      (other[52:49]),
    .MULTSIGNOUT   (other[53]),
    .OVERFLOW      (other[54]),
    .PATTERNBDETECT(other[55]),
    .PATTERNDETECT (other[56]),
    .UNDERFLOW     (other[57]),
    .XOROUT        (other[65:58])
  );

  wire unused = &{1'b0, other, no_a, no_d};

endmodule

`default_nettype wire

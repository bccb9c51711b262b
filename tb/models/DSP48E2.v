// SPDX-License-Identifier: Apache-2.0
//
// DSP48E2: a model for simulation and proofs of what ip/multiplier/lsfq_dsp48e2.v uses of the vendor's primitive,
// written from the description in AMD's UG579. It is no part of the core: synthesis for a device has the real one.
//
//   P = (A2 or (A2 or 0) + (D or 0)) * B2 + (0, C or PCIN)
//
// A and B of one or two registers, C, D and the pre-adder's sum with or without, product and P registered, P with clock
// enable; INMODE chooses what the pre-adder adds, registered or not. Every
// parameter outside this subset, and every tied input that is not at its idle value, is refused: parameters at
// elaboration, inputs by `P` being unknown (all ones where there is no X).

`default_nettype none

module DSP48E2 #(
  parameter integer ACASCREG = 1,
  parameter integer ADREG = 1,
  parameter integer ALUMODEREG = 1,
  parameter [15:0] AMULTSEL = "A",              // room for "AD"
  parameter integer AREG = 1,
  parameter AUTORESET_PATDET = "NO_RESET",
  parameter AUTORESET_PRIORITY = "RESET",
  parameter A_INPUT = "DIRECT",
  parameter integer BCASCREG = 1,
  parameter BMULTSEL = "B",
  parameter integer BREG = 1,
  parameter B_INPUT = "DIRECT",
  parameter integer CARRYINREG = 1,
  parameter integer CARRYINSELREG = 1,
  parameter integer CREG = 1,
  parameter integer DREG = 1,
  parameter integer INMODEREG = 1,
  parameter [3:0] IS_ALUMODE_INVERTED = 4'b0000,
  parameter [0:0] IS_CARRYIN_INVERTED = 1'b0,
  parameter [0:0] IS_CLK_INVERTED = 1'b0,
  parameter [4:0] IS_INMODE_INVERTED = 5'b00000,
  parameter [8:0] IS_OPMODE_INVERTED = 9'b000000000,
  parameter [0:0] IS_RSTALLCARRYIN_INVERTED = 1'b0,
  parameter [0:0] IS_RSTALUMODE_INVERTED = 1'b0,
  parameter [0:0] IS_RSTA_INVERTED = 1'b0,
  parameter [0:0] IS_RSTB_INVERTED = 1'b0,
  parameter [0:0] IS_RSTCTRL_INVERTED = 1'b0,
  parameter [0:0] IS_RSTC_INVERTED = 1'b0,
  parameter [0:0] IS_RSTD_INVERTED = 1'b0,
  parameter [0:0] IS_RSTINMODE_INVERTED = 1'b0,
  parameter [0:0] IS_RSTM_INVERTED = 1'b0,
  parameter [0:0] IS_RSTP_INVERTED = 1'b0,
  parameter [47:0] MASK = 48'h3FFFFFFFFFFF,
  parameter integer MREG = 1,
  parameter integer OPMODEREG = 1,
  parameter [47:0] PATTERN = 48'h000000000000,
  parameter PREADDINSEL = "A",
  parameter integer PREG = 1,
  parameter [47:0] RND = 48'h000000000000,
  parameter SEL_MASK = "MASK",
  parameter SEL_PATTERN = "PATTERN",
  parameter USE_MULT = "MULTIPLY",
  parameter USE_PATTERN_DETECT = "NO_PATDET",
  parameter USE_SIMD = "ONE48",
  parameter USE_WIDEXOR = "FALSE",
  parameter XORSIMD = "XOR24_48_96"
) (
  output wire [29:0] ACOUT,
  output wire [17:0] BCOUT,
  output wire        CARRYCASCOUT,
  output wire [3:0]  CARRYOUT,
  output wire        MULTSIGNOUT,
  output wire        OVERFLOW,
  output wire [47:0] P,
  output wire        PATTERNBDETECT,
  output wire        PATTERNDETECT,
  output wire [47:0] PCOUT,
  output wire        UNDERFLOW,
  output wire [7:0]  XOROUT,
  input  wire [29:0] A,
  input  wire [29:0] ACIN,
  input  wire [3:0]  ALUMODE,
  input  wire [17:0] B,
  input  wire [17:0] BCIN,
  input  wire [47:0] C,
  input  wire        CARRYCASCIN,
  input  wire        CARRYIN,
  input  wire [2:0]  CARRYINSEL,
  input  wire        CEA1,
  input  wire        CEA2,
  input  wire        CEAD,
  input  wire        CEALUMODE,
  input  wire        CEB1,
  input  wire        CEB2,
  input  wire        CEC,
  input  wire        CECARRYIN,
  input  wire        CECTRL,
  input  wire        CED,
  input  wire        CEINMODE,
  input  wire        CEM,
  input  wire        CEP,
  input  wire        CLK,
  input  wire [26:0] D,
  input  wire [4:0]  INMODE,
  input  wire        MULTSIGNIN,
  input  wire [8:0]  OPMODE,
  input  wire [47:0] PCIN,
  input  wire        RSTA,
  input  wire        RSTALLCARRYIN,
  input  wire        RSTALUMODE,
  input  wire        RSTB,
  input  wire        RSTC,
  input  wire        RSTCTRL,
  input  wire        RSTD,
  input  wire        RSTINMODE,
  input  wire        RSTM,
  input  wire        RSTP
);

  // ---- the subset

  generate
    if (A_INPUT != "DIRECT" || B_INPUT != "DIRECT" || BMULTSEL != "B" || USE_MULT != "MULTIPLY" ||
        USE_SIMD != "ONE48" || USE_WIDEXOR != "FALSE" || USE_PATTERN_DETECT != "NO_PATDET" ||
        PREADDINSEL != "A" || AUTORESET_PATDET != "NO_RESET" || AUTORESET_PRIORITY != "RESET" ||
        MASK != 48'h3FFFFFFFFFFF || PATTERN != 48'd0 || RND != 48'd0 || SEL_MASK != "MASK" ||
        SEL_PATTERN != "PATTERN" || XORSIMD != "XOR24_48_96") begin : g_check_mode
      DSP48E2_model_does_not_have_this_mode parameter_error ();
    end
    if ((AMULTSEL != 16'h0041 && AMULTSEL != "AD") || (AMULTSEL == "AD" && (DREG != 1 || ADREG != 1))) begin : g_check_preadder
      DSP48E2_model_has_the_pre_adder_with_registers_only parameter_error ();
    end
    if ((AREG != 1 && AREG != 2) || (BREG != 1 && BREG != 2) || ACASCREG < 1 || ACASCREG > AREG ||
        BCASCREG < 1 || BCASCREG > BREG || CREG != 1 || MREG != 1 || PREG != 1 || ALUMODEREG != 0 ||
        CARRYINREG != 0 || CARRYINSELREG != 0 || (INMODEREG != 0 && INMODEREG != 1) || OPMODEREG != 0) begin : g_check_registers
      DSP48E2_model_does_not_have_these_registers parameter_error ();
    end
    if ({IS_ALUMODE_INVERTED, IS_CARRYIN_INVERTED, IS_CLK_INVERTED, IS_INMODE_INVERTED, IS_OPMODE_INVERTED,
         IS_RSTALLCARRYIN_INVERTED, IS_RSTALUMODE_INVERTED, IS_RSTA_INVERTED, IS_RSTB_INVERTED,
         IS_RSTCTRL_INVERTED, IS_RSTC_INVERTED, IS_RSTD_INVERTED, IS_RSTINMODE_INVERTED, IS_RSTM_INVERTED,
         IS_RSTP_INVERTED} != 30'd0) begin : g_check_inverted
      DSP48E2_model_inverts_nothing parameter_error ();
    end
  endgenerate

  localparam PRE_ADD = AMULTSEL == "AD";
  wire [2:0] z = OPMODE[6:4];

  wire supported = ALUMODE == 4'b0000 && (PRE_ADD ? {INMODE[4:3], INMODE[0]} == 3'd0 : INMODE == 5'd0) &&
                   OPMODE[8:7] == 2'b00 && OPMODE[3:0] == 4'b0101 && (z == 3'd0 || z == 3'd1 || z == 3'd3) &&
                   !CARRYIN && CARRYINSEL == 3'd0 && !CARRYCASCIN && !MULTSIGNIN &&
                   CEA2 && CEB2 && CEM && (AREG == 1 || CEA1) && (BREG == 1 || CEB1) &&
                   (z != 3'd3 || CEC) && (!PRE_ADD || (CED && CEAD)) && (INMODEREG == 0 || CEINMODE) &&
                   {RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP} == 10'd0;

  // ---- what it does

  reg signed [26:0] a1_q, a2_q, d_q, ad_q;
  reg signed [17:0] b1_q, b2_q;
  reg signed [44:0] m_q;
  reg        [47:0] c_q, p_q;

  reg          [4:0] inmode_q;

  wire         [4:0] inmode       = INMODEREG == 1 ? inmode_q : INMODE;
  wire signed [26:0] multiplicand = PRE_ADD ? ad_q : a2_q;
  wire        [47:0] product      = {{3{m_q[44]}}, m_q};
  wire        [47:0] addend       = z == 3'd1 ? PCIN : z == 3'd3 ? c_q : 48'd0;

  always @(posedge CLK) begin
    a1_q <= A[26:0];
    a2_q <= AREG == 2 ? a1_q : A[26:0];
    b1_q <= B;
    b2_q <= BREG == 2 ? b1_q : B;
    c_q  <= C;
    d_q  <= D;
    inmode_q <= INMODE;
    ad_q <= (inmode[1] ? 27'sd0 : a2_q) + (inmode[2] ? d_q : 27'sd0);
    m_q  <= multiplicand * b2_q;
    if (CEP) p_q <= supported ? product + addend : 48'hFFFFFFFFFFFF;
  end

  assign P              = p_q;
  assign PCOUT          = p_q;
  assign ACOUT          = 30'd0;
  assign BCOUT          = 18'd0;
  assign CARRYCASCOUT   = 1'b0;
  assign CARRYOUT       = 4'd0;
  assign MULTSIGNOUT    = 1'b0;
  assign OVERFLOW       = 1'b0;
  assign PATTERNBDETECT = 1'b0;
  assign PATTERNDETECT  = 1'b0;
  assign UNDERFLOW      = 1'b0;
  assign XOROUT         = 8'd0;

  wire unused = &{1'b0, A[29:27], ACIN, BCIN, CEALUMODE, CECARRYIN, CECTRL, CEINMODE, inmode};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// MULT18X18D: a model for simulation and proofs of what ip/multiplier/lsfq_mult18x18d.v uses of the ECP5's primitive. It is
// ours: ports, parameters and default values have the names of Yosys' black box (cells_bb_ecp5.v), which registers a parameter
// switches on and where they are is as nextpnr's timing and bitstream have it (ecp5/pack.cc, ecp5/bitstream.cc). Lattice's own
// model was not at hand. It is no part of the core: synthesis for a device has the real one.
//
//   P = A * B                               each signed where SIGNEDA or SIGNEDB is high, which have a register as A and B
//
// A, B and P have one register each, on CLK0, and there is no pipeline register. All else is refused: parameters at
// elaboration, inputs that are not at their idle value by `P` being all ones. Ports and parameters that the wrapper leaves
// alone - the other clocks, enables and resets, the cascade, the operands' copies - are not here, so naming one is an error.

`default_nettype none

module MULT18X18D #(
  parameter REG_INPUTA_CLK = "NONE",
  parameter REG_INPUTA_CE = "CE0",
  parameter REG_INPUTA_RST = "RST0",
  parameter REG_INPUTB_CLK = "NONE",
  parameter REG_INPUTB_CE = "CE0",
  parameter REG_INPUTB_RST = "RST0",
  parameter REG_PIPELINE_CLK = "NONE",
  parameter REG_OUTPUT_CLK = "NONE",
  parameter REG_OUTPUT_CE = "CE0",
  parameter REG_OUTPUT_RST = "RST0",
  parameter GSR = "ENABLED",
  parameter SOURCEB_MODE = "B_SHIFT",
  parameter RESETMODE = "SYNC"
) (
  input wire CLK0, input wire CE3, input wire RST3,
  input wire SIGNEDA, input wire SIGNEDB, input wire SOURCEA, input wire SOURCEB,
  input wire A0, input wire A1, input wire A2, input wire A3, input wire A4, input wire A5,
  input wire A6, input wire A7, input wire A8, input wire A9, input wire A10, input wire A11,
  input wire A12, input wire A13, input wire A14, input wire A15, input wire A16, input wire A17,
  input wire B0, input wire B1, input wire B2, input wire B3, input wire B4, input wire B5,
  input wire B6, input wire B7, input wire B8, input wire B9, input wire B10, input wire B11,
  input wire B12, input wire B13, input wire B14, input wire B15, input wire B16, input wire B17,
  input wire C0, input wire C1, input wire C2, input wire C3, input wire C4, input wire C5,
  input wire C6, input wire C7, input wire C8, input wire C9, input wire C10, input wire C11,
  input wire C12, input wire C13, input wire C14, input wire C15, input wire C16, input wire C17,
  output wire P0, output wire P1, output wire P2, output wire P3, output wire P4, output wire P5,
  output wire P6, output wire P7, output wire P8, output wire P9, output wire P10, output wire P11,
  output wire P12, output wire P13, output wire P14, output wire P15, output wire P16, output wire P17,
  output wire P18, output wire P19, output wire P20, output wire P21, output wire P22, output wire P23,
  output wire P24, output wire P25, output wire P26, output wire P27, output wire P28, output wire P29,
  output wire P30, output wire P31, output wire P32, output wire P33, output wire P34, output wire P35
);

  // ---- the subset

  generate
    if (REG_INPUTA_CLK != "CLK0" || REG_INPUTB_CLK != "CLK0" || REG_OUTPUT_CLK != "CLK0" ||
        REG_PIPELINE_CLK != "NONE") begin : g_check_registers
      MULT18X18D_model_does_not_have_these_registers parameter_error ();
    end
    if (REG_INPUTA_CE != "CE3" || REG_INPUTB_CE != "CE3" || REG_OUTPUT_CE != "CE3" || REG_INPUTA_RST != "RST3" ||
        REG_INPUTB_RST != "RST3" || REG_OUTPUT_RST != "RST3") begin : g_check_control
      MULT18X18D_model_has_CE3_and_RST3_only parameter_error ();
    end
    if (GSR != "DISABLED" || RESETMODE != "SYNC" || SOURCEB_MODE != "B_SHIFT") begin : g_check_mode
      MULT18X18D_model_does_not_have_this_mode parameter_error ();
    end
  endgenerate

  wire [17:0] c = {C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0};

  wire supported = CE3 && !RST3 && !SOURCEA && !SOURCEB && c == 18'd0;

  // ---- what it does

  wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};

  reg [17:0] a_q, b_q;
  reg        signed_a_q, signed_b_q;
  reg [35:0] p_q;

  wire signed [18:0] a_number = {signed_a_q && a_q[17], a_q};
  wire signed [18:0] b_number = {signed_b_q && b_q[17], b_q};
  wire signed [37:0] product  = a_number * b_number;

  always @(posedge CLK0) begin
    a_q        <= a;
    b_q        <= b;
    signed_a_q <= SIGNEDA;
    signed_b_q <= SIGNEDB;
    p_q        <= supported ? product[35:0] : {36{1'b1}};
  end

  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16,
          P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = p_q;

  wire unused = &{1'b0, product[37:36]};

endmodule

`default_nettype wire

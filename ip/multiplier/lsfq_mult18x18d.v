// SPDX-License-Identifier: Apache-2.0
//
// lsfq_mult18x18d: one MULT18X18D (Lattice ECP5) as this core uses it: a multiplier with the
// registers inside its block.
//
//   p = a * b            18 x 18 bits to 36: two's complement with SIGNED 1, unsigned with SIGNED 0
//
// Latency 2 cycles: the operands and the product are registered inside the block, so the path
// between them uses no wires of the fabric. No handshake, no enable, no reset. An unsigned operand
// of 17 bits can be used with SIGNED 1: its top bit is 0.
// Parameter rules: SIGNED is 0 or 1.

`default_nettype none

module lsfq_mult18x18d #(
  parameter SIGNED = 1
) (
  input  wire        aclk,
  input  wire [17:0] a,
  input  wire [17:0] b,
  output wire [35:0] p
);

  // The ports are not declared signed. Yosys elaborates a module that passes on single bits of
  // signed wires a second time when the primitive's parameters are known, and fails, because this
  // module no longer exists then.
  // Enable and reset are number 3, the value of configuration bits that are not written: nextpnr
  // writes the reset selection of the product register for one multiplier of two and its enable
  // selection for none, and a reset that is not driven is high.
  // The other clocks, enables and resets stay open, because no register uses them. So do the
  // cascade, which no wire of the fabric reaches, and the copies of the operands. GSR is off,
  // because the registers of the fabric have no global reset either.
  MULT18X18D #(
    .REG_INPUTA_CLK  ("CLK0"),
    .REG_INPUTA_CE   ("CE3"),
    .REG_INPUTA_RST  ("RST3"),
    .REG_INPUTB_CLK  ("CLK0"),
    .REG_INPUTB_CE   ("CE3"),
    .REG_INPUTB_RST  ("RST3"),
    .REG_PIPELINE_CLK("NONE"),
    .REG_OUTPUT_CLK  ("CLK0"),
    .REG_OUTPUT_CE   ("CE3"),
    .REG_OUTPUT_RST  ("RST3"),
    .RESETMODE       ("SYNC"),
    .GSR             ("DISABLED"),
    .SOURCEB_MODE    ("B_SHIFT")
  ) u_mult (
    .CLK0(aclk), .CE3(1'b1), .RST3(1'b0),
    .SIGNEDA(SIGNED != 0), .SIGNEDB(SIGNED != 0),
    .SOURCEA(1'b0), .SOURCEB(1'b0),     // operands from A and B, not from the neighbouring block
    .A0(a[0]), .A1(a[1]), .A2(a[2]), .A3(a[3]), .A4(a[4]), .A5(a[5]),
    .A6(a[6]), .A7(a[7]), .A8(a[8]), .A9(a[9]), .A10(a[10]), .A11(a[11]),
    .A12(a[12]), .A13(a[13]), .A14(a[14]), .A15(a[15]), .A16(a[16]), .A17(a[17]),
    .B0(b[0]), .B1(b[1]), .B2(b[2]), .B3(b[3]), .B4(b[4]), .B5(b[5]),
    .B6(b[6]), .B7(b[7]), .B8(b[8]), .B9(b[9]), .B10(b[10]), .B11(b[11]),
    .B12(b[12]), .B13(b[13]), .B14(b[14]), .B15(b[15]), .B16(b[16]), .B17(b[17]),
    .C0(1'b0), .C1(1'b0), .C2(1'b0), .C3(1'b0), .C4(1'b0), .C5(1'b0),
    .C6(1'b0), .C7(1'b0), .C8(1'b0), .C9(1'b0), .C10(1'b0), .C11(1'b0),
    .C12(1'b0), .C13(1'b0), .C14(1'b0), .C15(1'b0), .C16(1'b0), .C17(1'b0),
    .P0(p[0]), .P1(p[1]), .P2(p[2]), .P3(p[3]), .P4(p[4]), .P5(p[5]),
    .P6(p[6]), .P7(p[7]), .P8(p[8]), .P9(p[9]), .P10(p[10]), .P11(p[11]),
    .P12(p[12]), .P13(p[13]), .P14(p[14]), .P15(p[15]), .P16(p[16]), .P17(p[17]),
    .P18(p[18]), .P19(p[19]), .P20(p[20]), .P21(p[21]), .P22(p[22]), .P23(p[23]),
    .P24(p[24]), .P25(p[25]), .P26(p[26]), .P27(p[27]), .P28(p[28]), .P29(p[29]),
    .P30(p[30]), .P31(p[31]), .P32(p[32]), .P33(p[33]), .P34(p[34]), .P35(p[35])
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_depthwise_sum: the 3x3 sum of one channel, one window in a cycle.
//
//   sum = sum over columns i and rows j of w[j][i] * a[j][i]
//
// Codes have 4 bits; weights are stored as w + 8. |sum| <= 9 * 15 * 8 = 1080 < 2^11, so 12 bits
// signed. The products are made of LUTs, because the array needs the DSP blocks: w = 4*high + low.
// The product with low (0 to 3) is a table of 6 bits. The product with high (-2 to 1) is the code
// shifted, complemented or neither, and goes into the same adder.
// Latency 4 cycles. No handshake.

`default_nettype none

module lsfq_depthwise_sum (
  input  wire               aclk,
  input  wire [35:0]        window,       // column i, row j at bit 4*(3*i + j)
  input  wire [35:0]        kernel,       // the same layout
  output wire signed [11:0] sum
);

  reg [35:0] window_q;
  reg [35:0] kernel_q;

  always @(posedge aclk) begin
    window_q <= window;
    kernel_q <= kernel;
  end

  function [5:0] triple;
    input [3:0] code;
    case (code)
      4'd0:  triple = 6'd0;
      4'd1:  triple = 6'd3;
      4'd2:  triple = 6'd6;
      4'd3:  triple = 6'd9;
      4'd4:  triple = 6'd12;
      4'd5:  triple = 6'd15;
      4'd6:  triple = 6'd18;
      4'd7:  triple = 6'd21;
      4'd8:  triple = 6'd24;
      4'd9:  triple = 6'd27;
      4'd10: triple = 6'd30;
      4'd11: triple = 6'd33;
      4'd12: triple = 6'd36;
      4'd13: triple = 6'd39;
      4'd14: triple = 6'd42;
      default: triple = 6'd45;
    endcase
  endfunction

  // Three numbers are added in two adders. The top bits of the second adder's two operands are
  // inverted, which changes nothing modulo its range. It keeps synthesis from merging the two into
  // one adder with three operands, which costs 1.5 times as much.
  wire signed [9:0]  column [0:2];
  reg         [11:0] sum_q;

  genvar i, j;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_column
      wire signed [7:0] product [0:2];
      for (j = 0; j < 3; j = j + 1) begin : g_row
        wire [3:0] stored   = kernel_q[4*(3*i + j) +: 4];
        wire [3:0] code     = window_q[4*(3*i + j) +: 4];
        wire       negative = !stored[3];
        wire [5:0] low      = stored[1] ? (stored[0] ? triple(code) : {1'b0, code, 1'b0})
                                        : (stored[0] ? {2'd0, code} : 6'd0);
        // |high * code|; then high * code in two's complement, still without the 1 if negative
        wire [4:0] size     = stored[2] ? {1'b0, code} : negative ? {code, 1'b0} : 5'd0;
        wire [5:0] high     = {negative, size ^ {5{negative}}};
        wire [6:0] upper    = {2'b00, low[5:2], 1'b1} + {high, negative};

        reg signed [7:0] product_q;           // -8*15 to 7*15
        always @(posedge aclk) product_q <= {upper[6:1], low[1:0]};
        assign product[j] = product_q;

        wire unused = &{1'b0, upper[0]};
      end
      wire signed [8:0] two = {product[0][7], product[0]} + {product[1][7], product[1]};
      reg         [9:0] column_q;
      always @(posedge aclk)
        column_q <= {!two[8], two} + {!product[2][7], product[2][7], product[2]};
      assign column[i] = column_q;
    end
  endgenerate

  wire signed [10:0] two = {column[0][9], column[0]} + {column[1][9], column[1]};

  always @(posedge aclk) sum_q <= {!two[10], two} + {!column[2][9], column[2][9], column[2]};
  assign sum = sum_q;

endmodule

`default_nettype wire

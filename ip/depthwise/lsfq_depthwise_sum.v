// SPDX-License-Identifier: Apache-2.0
//
// lsfq_depthwise_sum: the 3x3 sum of one channel, a window a cycle.
//
//   sum = sum over columns i, rows j of w[j][i] * a[j][i]
//
// Codes have 4 bits, weights are stored as w + 8. |sum| <= 9 * 15 * 8 = 1080 < 2^11: 12 bits signed. The products are kept
// out of the DSP blocks, which the array needs. Latency 4 cycles.

`default_nettype none

module lsfq_depthwise_sum (
  input  wire               aclk,
  input  wire [35:0]        window,       // column i, row j at 4*(3*i + j)
  input  wire [35:0]        kernel,       // the same
  output wire signed [11:0] sum
);

  reg [35:0] window_q;
  reg [35:0] kernel_q;

  always @(posedge aclk) begin
    window_q <= window;
    kernel_q <= kernel;
  end

  wire signed [9:0]  column [0:2];
  reg  signed [11:0] sum_q;

  genvar i, j;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_column
      wire signed [7:0] product [0:2];
      for (j = 0; j < 3; j = j + 1) begin : g_row
        wire        [3:0] stored = kernel_q[4*(3*i + j) +: 4];
        wire signed [3:0] weight = $signed(stored ^ 4'd8);
        wire signed [4:0] code   = $signed({1'b0, window_q[4*(3*i + j) +: 4]});
        (* use_dsp = "no" *)
        reg signed [7:0] product_q;           // -8*15 to 7*15
        always @(posedge aclk) product_q <= {{3{code[4]}}, code} * {{4{weight[3]}}, weight};
        assign product[j] = product_q;
      end
      reg signed [9:0] column_q;
      always @(posedge aclk) column_q <= {{2{product[0][7]}}, product[0]} + {{2{product[1][7]}}, product[1]}
                                       + {{2{product[2][7]}}, product[2]};
      assign column[i] = column_q;
    end
  endgenerate

  always @(posedge aclk) sum_q <= {{2{column[0][9]}}, column[0]} + {{2{column[1][9]}}, column[1]}
                                + {{2{column[2][9]}}, column[2]};
  assign sum = sum_q;

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_depthwise_sum: the two 3x3 sums of one channel, of a window of four columns.
//
//   sum[x] = sum over columns i, rows j of w[j][i] * a[j][x + i]         x = 0, 1
//
// Codes have 4 bits, weights are stored as w + 8. |sum| <= 9 * 15 * 8 = 1080 < 2^11: 12 bits signed. The products are kept
// out of the DSP blocks, which the array needs. Latency 4 cycles, one window a cycle.

`default_nettype none

module lsfq_depthwise_sum (
  input  wire               aclk,
  input  wire [47:0]        window,       // column k, row j at 4*(3*k + j)
  input  wire [35:0]        kernel,       // column i, row j at 4*(3*i + j)
  output wire signed [11:0] even,
  output wire signed [11:0] odd
);

  reg [47:0] window_q;
  reg [35:0] kernel_q;

  always @(posedge aclk) begin
    window_q <= window;
    kernel_q <= kernel;
  end

  genvar x, i, j;
  generate
    for (x = 0; x < 2; x = x + 1) begin : g_pixel
      wire signed [9:0] column [0:2];
      for (i = 0; i < 3; i = i + 1) begin : g_column
        wire signed [7:0] product [0:2];
        for (j = 0; j < 3; j = j + 1) begin : g_row
          wire        [3:0] stored = kernel_q[4*(3*i + j) +: 4];
          wire signed [3:0] weight = $signed(stored ^ 4'd8);
          wire signed [4:0] code   = $signed({1'b0, window_q[4*(3*(x + i) + j) +: 4]});
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
      reg signed [11:0] sum_q;
      always @(posedge aclk) sum_q <= {{2{column[0][9]}}, column[0]} + {{2{column[1][9]}}, column[1]}
                                    + {{2{column[2][9]}}, column[2]};
    end
  endgenerate

  assign even = g_pixel[0].sum_q;
  assign odd  = g_pixel[1].sum_q;

endmodule

`default_nettype wire

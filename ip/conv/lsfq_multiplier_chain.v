// SPDX-License-Identifier: Apache-2.0
//
// lsfq_multiplier_chain: four packed multipliers whose products add without unpacking.
//
//   product = (w0 + w1*2^11 + w2*2^22) * (a0 + a1*2^11)
//           = w0*a0 + (w0*a1 + w1*a0)*2^11 + (w1*a1 + w2*a0)*2^22 + w2*a1*2^33
//
// All operands are unsigned nibbles, so the four 11-bit slots never borrow; the largest slot of four products,
// 4 * 2 * 15 * 15 = 1800, is below 2^11, so they never carry into each other either.
//
// Latency 3 cycles, no handshake: the datapath never stalls.

`default_nettype none

module lsfq_multiplier_chain (
  input  wire        aclk,
  input  wire [47:0] weights,         // multiplier i: bits 12i+11..12i = {w2, w1, w0}
  input  wire [31:0] pixels,          // multiplier i: bits 8i+7..8i = {a1, a0}
  output wire [43:0] slots            // {slot 3, slot 2, slot 1, slot 0}
);

  localparam PRODUCT_W = 44;          // 26 + 15 bits and two of growth, rounded to whole slots

  reg [PRODUCT_W-1:0] sum01_q, sum23_q, sum_q;
  wire [PRODUCT_W-1:0] product [0:3];

  genvar i;
  generate
    for (i = 0; i < 4; i = i + 1) begin : g_multiplier
      // one 27x18 multiplier: both top bits stay clear, so signed and unsigned agree
      wire [25:0] weight = {weights[12*i+8 +: 4], 7'd0, weights[12*i+4 +: 4], 7'd0, weights[12*i +: 4]};
      wire [14:0] pixel  = {pixels[8*i+4 +: 4], 7'd0, pixels[8*i +: 4]};
      reg  [40:0] product_q;
      always @(posedge aclk) product_q <= weight * pixel;
      assign product[i] = {3'd0, product_q};
    end
  endgenerate

  always @(posedge aclk) begin
    sum01_q <= product[0] + product[1];
    sum23_q <= product[2] + product[3];
    sum_q   <= sum01_q + sum23_q;
  end

  assign slots = sum_q;

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_slot_carries: tells the slots of a chain of two 3-bit multipliers apart.
//
//   carries[k] = the carry from slot k-1 into slot k of the chain's sum: 0 or 1
//
// A slot's sum, without a carry, is even or odd as the XOR of its products' lowest bits and of its
// addend's says. Where the lowest bit of the slot's field differs, a carry has come in. Slot 0 has
// none below it. Slot 0's sum is below 2^7, so none comes into slot 1 either.
//
// Operands of both multipliers come in one cycle, the addends a cycle later, the fields in the
// cycle in which they leave the chain: 4 cycles after the operands. Latency 0 from the fields. No
// handshake.

`default_nettype none

module lsfq_slot_carries (
  input  wire       aclk,
  input  wire [5:0] weights,        // lowest bits: multiplier i at bit 3i = {w2, w1, w0}
  input  wire [7:0] pixels,         // multiplier i at bit 4i = {a3, a2, a1, a0}
  input  wire [5:0] addends,        // slot k at bit k; so are the fields and the carries
  input  wire [5:0] fields,
  output wire [5:0] carries
);

  // The largest of them has three products: six inputs, a LUT.
  function [5:2] odd;
    input [2:0] w;
    input [3:0] a;
    odd = {w[2] & a[3],
           (w[1] & a[3]) ^ (w[2] & a[2]),
           (w[0] & a[3]) ^ (w[1] & a[2]) ^ (w[2] & a[1]),
           (w[0] & a[2]) ^ (w[1] & a[1]) ^ (w[2] & a[0])};
  endfunction

  reg [5:2] first_q, second_q;      // of the two multipliers' products
  reg [5:2] sum_q, sum1_q, sum2_q;  // of the slots' sums

  always @(posedge aclk) begin
    first_q  <= odd(weights[2:0], pixels[3:0]);
    second_q <= odd(weights[5:3], pixels[7:4]);
    sum_q    <= first_q ^ second_q ^ addends[5:2];
    sum1_q   <= sum_q;
    sum2_q   <= sum1_q;
  end

  assign carries = {fields[5:2] ^ sum2_q, 2'b00};

  wire unused = &{1'b0, addends[1:0], fields[1:0]};

endmodule

`default_nettype wire

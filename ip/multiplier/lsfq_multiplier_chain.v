// SPDX-License-Identifier: Apache-2.0
//
// lsfq_multiplier_chain: a cascade of LENGTH packed multipliers, whose products add up while
// packed.
//
//   product = (w0 + w1*2^s + w2*2^2s) * (a0 + a1*2^s)                                    s = STRIDE
//           = w0*a0 + (w0*a1 + w1*a0)*2^s + (w1*a1 + w2*a0)*2^2s + w2*a1*2^3s
//
// A product fills four *slots* of s bits. All operands are unsigned nibbles and each slot's addend
// is 8 times an unsigned byte, so no slot borrows from the next. No slot carries into the next
// either: the largest sum of LENGTH products in one, LENGTH * 2 * 15 * 15, is below 2^s in both
// shapes, also with the addends that lsfq_offset_sum makes:
//
//   LENGTH 4, STRIDE 11   for multipliers of 27x18 bits (DSP48E2):   1800 < 2048
//   LENGTH 2, STRIDE 10   for multipliers of 25x18 bits (DSP48E1):    900 < 1024
//
// A sum moves on by one multiplier a cycle, so multiplier i needs its operands i cycles late. Each
// multiplier after the first delays its operands by one cycle itself; the caller delays those of
// multiplier i by max(0, i-1) cycles.
// Latency: LENGTH + 2 cycles from the operands of multiplier 0, LENGTH + 1 from the addends. No
// handshake: the pipeline never stalls.
// Parameter rules: LENGTH * 450 < 2^STRIDE; FORM as in lsfq_multiplier.

`default_nettype none

module lsfq_multiplier_chain #(
  parameter FORM   = 0,                     // see lsfq_multiplier
  parameter LENGTH = 4,
  parameter STRIDE = 11
) (
  input  wire                 aclk,
  input  wire [12*LENGTH-1:0] weights,      // multiplier i: bits 12i+11..12i = {w2, w1, w0}
  input  wire [8*LENGTH-1:0]  pixels,       // multiplier i: bits 8i+7..8i = {a1, a0}
  input  wire [31:0]          addends,      // {slot 3, ..., slot 0}: bytes, added times 8
  output wire [4*STRIDE-1:0]  slots         // {slot 3, slot 2, slot 1, slot 0}
);

  generate
    if (LENGTH * 450 >= (1 << STRIDE)) begin : g_check
      LENGTH_products_must_fit_a_slot parameter_error ();
    end
  endgenerate

  wire [48*(LENGTH+1)-1:0] cascade;
  wire [48*LENGTH-1:0]     sum;

  wire [47:0] addend = ({40'd0, addends[7:0]} << 3)
                     | ({40'd0, addends[15:8]} << (STRIDE + 3))
                     | ({40'd0, addends[23:16]} << (2*STRIDE + 3))
                     | ({40'd0, addends[31:24]} << (3*STRIDE + 3));

  assign cascade[47:0] = 48'd0;
  assign slots         = sum[48*(LENGTH-1) +: 4*STRIDE];

  genvar i;
  generate
    for (i = 0; i < LENGTH; i = i + 1) begin : g_multiplier
      lsfq_multiplier #(
        .FORM        (FORM),
        .STRIDE      (STRIDE),
        .INPUT_STAGES(i == 0 ? 1 : 2),
        .FIRST       (i == 0)
      ) u_multiplier (
        .aclk       (aclk),
        .weights    (weights[12*i +: 12]),
        .pixels     (pixels[8*i +: 8]),
        .addend     (addend),
        .cascade_in (cascade[48*i +: 48]),
        .cascade_out(cascade[48*(i+1) +: 48]),
        .sum        (sum[48*i +: 48])
      );
    end
  endgenerate

  wire unused = &{1'b0, sum, cascade[48*LENGTH +: 48]};

endmodule

`default_nettype wire

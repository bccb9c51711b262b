// SPDX-License-Identifier: Apache-2.0
//
// In a chain of two 3-bit multipliers, with the addends of lsfq_offset_sum, every slot comes out as
// the sum of its products and its addend, whatever the operands and the state were before:
//
//   field k - carry k + 2^7 * carry (k+1) = sum of stored weight * pixel + addend k
//   addend k = 127 - 3 * (sum of the pixels that meet a weight)            slots 1 to 4
//              64 and 63 less the same                                     slots 0 and 5
//
// as long as no such sum is above 255, and those of slots 0 and 5 are below 128. The addends keep
// that: a stored weight is at most 6, or 0 where a kernel has none, so (stored weight) * pixel is at
// most 3 * pixel + 21, and a slot of six products at most 127 + 6 * 21 = 253; an outer one with two
// at most 64 + 2 * 21 = 106. With `pointwise` the outer two weights are 0, and no pixel counts for
// them. In all, a slot is its constant and the sum of weights times pixels.
//
// The chain and the addends are those of the core; the multipliers are those of plain_multiplier.v,
// which multiplier_forms.v shows equal to all forms.

`default_nettype none

module chain_carries (
  input wire        aclk,
  input wire        pointwise,
  input wire [17:0] weights,
  input wire [23:0] pixels
);

  wire [41:0] addends, fields;
  wire [5:0]  carries;

  lsfq_offset_sum #(
    .PIN      (2),
    .CODE_BITS(3),
    .LENGTH   (2)
  ) u_offset_sum (
    .aclk     (aclk),
    .pixels   (pixels),
    .count    (1'b0),
    .pointwise(pointwise),
    .addends  (addends)
  );

  lsfq_multiplier_chain #(
    .CODE_BITS(3),
    .LENGTH   (2),
    .STRIDE   (7)
  ) u_chain (
    .aclk   (aclk),
    .weights(weights),
    .pixels (pixels),
    .addends(addends),
    .fields (fields),
    .carries(carries)
  );

  reg [2:0] age_q = 3'd0;
  always @(posedge aclk) if (age_q != 3'd7) age_q <= age_q + 3'd1;

  // ---- the operands of the chain's output

  reg [42:0] before_q [0:3];
  integer    n;
  always @(posedge aclk) begin
    before_q[0] <= {pointwise, weights, pixels};
    for (n = 1; n < 4; n = n + 1) before_q[n] <= before_q[n-1];
  end

  wire        middle_alone = before_q[3][42];
  wire [17:0] w = before_q[3][41:24];
  wire [23:0] a = before_q[3][23:0];

  wire [41:0] addend = addends_q[2];     // in step with the operands

  reg [41:0] addends_q [0:2];
  always @(posedge aclk) begin
    addends_q[0] <= addends;
    addends_q[1] <= addends_q[0];
    addends_q[2] <= addends_q[1];
  end

  // the product of weight `tap` and a pixel of multiplier i, or 0 if there is no such pixel
  function [6:0] part;
    input integer i, tap, pixel;
    part = pixel < 0 || pixel > 3 ? 7'd0
         : w[9*i + 3*tap +: 3] * a[12*i + 3*(pixel < 0 || pixel > 3 ? 0 : pixel) +: 3];
  endfunction

  // a pixel of both multipliers, where it meets weight `tap`
  function [8:0] met;
    input integer tap, pixel;
    met = pixel < 0 || pixel > 3 || (middle_alone && tap != 1) ? 9'd0
        : {6'd0, a[3*(pixel < 0 || pixel > 3 ? 0 : pixel) +: 3]}
          + {6'd0, a[12 + 3*(pixel < 0 || pixel > 3 ? 0 : pixel) +: 3]};
  endfunction

  // ---- what is given: weights of 3 bits

  genvar k;
  generate
    for (k = 0; k < 6; k = k + 1) begin : g_weight
      always @* begin
        assume (weights[3*k +: 3] != 3'd7);
        if (pointwise && k % 3 != 1) assume (weights[3*k +: 3] == 3'd0);
      end
    end

    for (k = 0; k < 6; k = k + 1) begin : g_slot
      localparam [8:0] CONSTANT = k == 0 ? 64 : k == 5 ? 63 : 127;
      wire [6:0] first  = part(0, 0, k) + part(0, 1, k - 1) + part(0, 2, k - 2);
      wire [6:0] second = part(1, 0, k) + part(1, 1, k - 1) + part(1, 2, k - 2);
      wire [8:0] right  = {2'd0, first} + {2'd0, second} + {2'd0, addend[7*k +: 7]};
      wire [8:0] pixel_sum = met(0, k) + met(1, k - 1) + met(2, k - 2);
      wire       above  = k < 5 ? carries[k < 5 ? k + 1 : k] : 1'b0;
      wire [8:0] slot   = {1'b0, above, fields[7*k +: 7]} - {8'd0, carries[k]};
      always @(posedge aclk)
        if (age_q >= 4) begin
          assume (right < (k == 0 || k == 5 ? 128 : 256));
          assert (slot == right);
          assert ({2'd0, addend[7*k +: 7]} == CONSTANT - pixel_sum - pixel_sum - pixel_sum);
        end
    end
  endgenerate

endmodule

`default_nettype wire

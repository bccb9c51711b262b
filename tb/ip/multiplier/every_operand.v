// SPDX-License-Identifier: Apache-2.0
//
// every_operand: all operands that a 3-bit multiplier may get, one a cycle: 7*7*7 stored weights and
// 8*8*8*8 pixels. multiplier_forms.v asserts that every form is twelve products, slot by slot, in
// each cycle.
//
// `done` rises when all of them have passed.

`default_nettype none

module every_operand #(
  parameter INPUT_STAGES = 1,
  parameter FIRST        = 1
) (
  input  wire        aclk,
  input  wire        aresetn,
  input  wire [47:0] ahead,         // what comes before the products
  output wire        done
);

  reg  [11:0] pixels_q = 12'd0;
  reg  [8:0]  weights_q = 9'd0;
  reg  [3:0]  after_q = 4'd0;              // cycles after the last operands

  wire        last2 = weights_q[8:6] == 3'd6;
  wire        last1 = weights_q[5:3] == 3'd6;
  wire        last0 = weights_q[2:0] == 3'd6;

  assign done = after_q == 4'd15;

  always @(posedge aclk) begin
    pixels_q <= pixels_q + 12'd1;
    if (pixels_q == 12'hFFF) begin
      weights_q[2:0] <= last0 ? 3'd0 : weights_q[2:0] + 3'd1;
      if (last0) weights_q[5:3] <= last1 ? 3'd0 : weights_q[5:3] + 3'd1;
      if (last0 && last1) weights_q[8:6] <= last2 ? 3'd0 : weights_q[8:6] + 3'd1;
    end
    if (pixels_q == 12'hFFF && last0 && last1 && last2) after_q <= 4'd1;
    else if (after_q != 4'd0 && !done) after_q <= after_q + 4'd1;
    if (!aresetn) begin
      pixels_q  <= 12'd0;
      weights_q <= 9'd0;
      after_q   <= 4'd0;
    end
  end

  multiplier_forms #(
    .CODE_BITS   (3),
    .STRIDE      (7),
    .INPUT_STAGES(INPUT_STAGES),
    .FIRST       (FIRST)
  ) u_forms (
    .aclk      (aclk),
    .weights   (weights_q),
    .pixels    (pixels_q),
    .addend    (ahead),
    .cascade_in(ahead)
  );

endmodule

`default_nettype wire

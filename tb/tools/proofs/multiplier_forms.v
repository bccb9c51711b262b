// SPDX-License-Identifier: Apache-2.0
//
// The forms of lsfq_multiplier equal the plain product, whatever the operands and the state were before:
//
//   sum = {w2*a1, w1*a1 + w2*a0, w0*a1 + w1*a0, w0*a0} in slots of STRIDE bits + ahead          modulo 2^(4*STRIDE)
//
// and with CODE_BITS 3 six such slots of four pixels, twelve products in all, of weights from 0 to 6.
//
// ahead: addend with FIRST, else cascade_in
//
// The pipeline has no feedback, so what leaves it LATENCY cycles after any state holds for all time.

`default_nettype none

module multiplier_forms #(
  parameter CODE_BITS    = 4,
  parameter STRIDE       = 11,
  parameter INPUT_STAGES = 1,
  parameter FIRST        = 1,
  parameter PIXELS       = CODE_BITS == 3 ? 4 : 2       // derived
) (
  input wire                        aclk,
  input wire [3*CODE_BITS-1:0]      weights,
  input wire [PIXELS*CODE_BITS-1:0] pixels,
  input wire [47:0]                 addend,
  input wire [47:0]                 cascade_in
);

  localparam SUM_W   = (PIXELS + 2) * STRIDE;
  localparam LATENCY = INPUT_STAGES + 2;

  wire [47:0] inferred, dsp48e2, halves, registered;

  lsfq_multiplier #(
    .FORM        (0),
    .CODE_BITS   (CODE_BITS),
    .STRIDE      (STRIDE),
    .INPUT_STAGES(INPUT_STAGES),
    .FIRST       (FIRST)
  ) u_inferred (
    .aclk       (aclk),
    .weights    (weights),
    .pixels     (pixels),
    .addend     (addend),
    .cascade_in (cascade_in),
    .cascade_out(),
    .sum        (inferred)
  );

  lsfq_multiplier #(
    .FORM        (1),
    .CODE_BITS   (CODE_BITS),
    .STRIDE      (STRIDE),
    .INPUT_STAGES(INPUT_STAGES),
    .FIRST       (FIRST)
  ) u_primitive (
    .aclk       (aclk),
    .weights    (weights),
    .pixels     (pixels),
    .addend     (addend),
    .cascade_in (cascade_in),
    .cascade_out(),
    .sum        (dsp48e2)
  );

  lsfq_multiplier #(
    .FORM        (2),
    .CODE_BITS   (CODE_BITS),
    .STRIDE      (STRIDE),
    .INPUT_STAGES(INPUT_STAGES),
    .FIRST       (FIRST)
  ) u_halves (
    .aclk       (aclk),
    .weights    (weights),
    .pixels     (pixels),
    .addend     (addend),
    .cascade_in (cascade_in),
    .cascade_out(),
    .sum        (halves)
  );

  lsfq_multiplier #(
    .FORM        (3),
    .CODE_BITS   (CODE_BITS),
    .STRIDE      (STRIDE),
    .INPUT_STAGES(INPUT_STAGES),
    .FIRST       (FIRST)
  ) u_registered (
    .aclk       (aclk),
    .weights    (weights),
    .pixels     (pixels),
    .addend     (addend),
    .cascade_in (cascade_in),
    .cascade_out(),
    .sum        (registered)
  );

  wire [47:0] plain;

  plain_multiplier #(
    .CODE_BITS   (CODE_BITS),
    .STRIDE      (STRIDE),
    .INPUT_STAGES(INPUT_STAGES),
    .FIRST       (FIRST)
  ) u_plain (
    .aclk       (aclk),
    .weights    (weights),
    .pixels     (pixels),
    .addend     (addend),
    .cascade_in (cascade_in),
    .cascade_out(),
    .sum        (plain)
  );

  // Weights of 3 bits are stored as 0 to 6; one more would overflow a slot.
  genvar i;
  generate
    for (i = 0; i < 3 && CODE_BITS == 3; i = i + 1) begin : g_weight
      always @* assume (weights[CODE_BITS*i +: CODE_BITS] != {CODE_BITS{1'b1}});
    end
  endgenerate

  reg [2:0] age_q = 3'd0;

  always @(posedge aclk) begin
    if (age_q != 3'd7) age_q <= age_q + 3'd1;
    if (age_q >= LATENCY[2:0]) begin
      assert (inferred[SUM_W-1:0] == plain[SUM_W-1:0]);
      assert (dsp48e2[SUM_W-1:0] == plain[SUM_W-1:0]);
      assert (halves[SUM_W-1:0] == plain[SUM_W-1:0]);
      assert (registered[SUM_W-1:0] == plain[SUM_W-1:0]);
    end
  end

endmodule

`default_nettype wire

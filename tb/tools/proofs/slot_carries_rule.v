// SPDX-License-Identifier: Apache-2.0
//
// lsfq_slot_carries tells the slots of a sum apart: whatever six numbers were added into one another
// 7 bits apart, each of them comes out again, if it is even or odd as the XOR of its products' lowest
// bits and its addend's says:
//
//   field k - carry k + 2^7 * carry (k+1) = slot k               slot 0 and 5: below 127, others: 255
//
// The slots of two multipliers are like that. A stored weight is at most 6, so (stored weight) *
// pixel is at most 3 * pixel + 21, and with the addends of lsfq_offset_sum, 127 - 3 * (the slot's
// pixels), a slot of six products is at most 127 + 6 * 21 = 253, and an outer one with two and an
// addend of 64 less three times its pixels at most 106.
//
// The pipeline has no feedback, so what leaves it after any state holds for all time.

`default_nettype none

module slot_carries_rule (
  input wire        aclk,
  input wire [5:0]  weights,            // lowest bits of the operands
  input wire [7:0]  pixels,
  input wire [5:0]  addends,            // a cycle later
  input wire [47:0] slots               // with the fields, 8 bits each; bit 0 of each has no meaning
);

  reg [5:0] weights_q [0:3];
  reg [7:0] pixels_q [0:3];
  reg [5:0] addends_q [0:2];

  integer n;
  always @(posedge aclk) begin
    weights_q[0] <= weights;
    pixels_q[0]  <= pixels;
    addends_q[0] <= addends;
    for (n = 1; n < 4; n = n + 1) begin
      weights_q[n] <= weights_q[n-1];
      pixels_q[n]  <= pixels_q[n-1];
    end
    for (n = 1; n < 3; n = n + 1) addends_q[n] <= addends_q[n-1];
  end

  wire [5:0] w = weights_q[3];
  wire [7:0] a = pixels_q[3];
  wire [5:0] c = addends_q[2];

  reg [2:0] age_q = 3'd0;
  always @(posedge aclk) if (age_q != 3'd7) age_q <= age_q + 3'd1;

  // ---- the slots: even or odd as their products and addends

  wire [47:0] true_slots;
  wire [41:0] sum = {7'd0, 21'd0, 7'd0, true_slots[7:0]}
                  + {27'd0, true_slots[15:8], 7'd0} + {20'd0, true_slots[23:16], 14'd0}
                  + {13'd0, true_slots[31:24], 21'd0} + {6'd0, true_slots[39:32], 28'd0}
                  + {true_slots[46:40], 35'd0};
  wire [5:0]  fields, carries;

  genvar k;
  generate
    for (k = 0; k < 6; k = k + 1) begin : g_slot
      integer i, t;
      reg     odd;
      always @* begin
        odd = c[k];
        for (i = 0; i < 2; i = i + 1)
          for (t = 0; t < 3; t = t + 1)
            if (k - t >= 0 && k - t < 4) odd = odd ^ (w[3*i + t] & a[4*i + k - t]);
      end

      assign true_slots[8*k +: 8] = {slots[8*k+1 +: 7], odd};
      assign fields[k] = sum[7*k];

      wire       above = k < 5 ? carries[k < 5 ? k + 1 : k] : 1'b0;
      wire [8:0] found = {1'b0, above, sum[7*k +: 7]} - {8'd0, carries[k]};

      always @* assume (true_slots[8*k +: 8] < (k == 0 || k == 5 ? 127 : 255));
      always @(posedge aclk)
        if (age_q >= 4) assert (found == {1'b0, true_slots[8*k +: 8]});
    end
  endgenerate

  lsfq_slot_carries u_carries (
    .aclk   (aclk),
    .weights(weights),
    .pixels (pixels),
    .addends(addends),
    .fields (fields),
    .carries(carries)
  );

endmodule

`default_nettype wire

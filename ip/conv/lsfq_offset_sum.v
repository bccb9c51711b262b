// SPDX-License-Identifier: Apache-2.0
//
// lsfq_offset_sum: what the weights' offset adds to every lane, divided by the offset: the sum of the pixels
// that meet a weight in each slot. It is the same for all output channels, so there is one for the array.
//
//   S0 = sum a0, S1 = sum a1:   slots (S0, S0+S1, S0+S1, S1), or pointwise (S0, S1, S0, S1); all 0 unless `count`
//
// Latency 6 + log2(PIN/4) cycles, as lsfq_lane. Parameter rules: PIN is 4, 8 or 16.

`default_nettype none

module lsfq_offset_sum #(
  parameter PIN    = 16,
  parameter LEVELS = $clog2(PIN / 4),
  parameter SLOT_W = 11 + LEVELS
) (
  input  wire                aclk,
  input  wire                aresetn,
  input  wire [8*PIN-1:0]    pixels,
  input  wire                count,      // with `pixels`
  input  wire                pointwise,
  output wire [4*SLOT_W-1:0] slots
);

  localparam CHAINS = PIN / 4;
  localparam SUM_W  = 4 + 2 + LEVELS;  // nibbles, four a chain, the tree

  reg  [6*CHAINS-1:0] even_q, odd_q;  // of each four channels
  reg  [SUM_W-1:0]    even_sum_q, odd_sum_q;
  reg  [SUM_W-1:0]    even_d, odd_d;
  reg                 count1_q, count2_q;
  reg  [4*SLOT_W-1:0] slots_q;

  integer i;
  always @(posedge aclk)
    for (i = 0; i < CHAINS; i = i + 1) begin
      even_q[6*i +: 6] <= {2'd0, pixels[32*i +: 4]} + {2'd0, pixels[32*i+8 +: 4]}
                        + {2'd0, pixels[32*i+16 +: 4]} + {2'd0, pixels[32*i+24 +: 4]};
      odd_q[6*i +: 6]  <= {2'd0, pixels[32*i+4 +: 4]} + {2'd0, pixels[32*i+12 +: 4]}
                        + {2'd0, pixels[32*i+20 +: 4]} + {2'd0, pixels[32*i+28 +: 4]};
    end

  integer j;
  always @* begin
    even_d = {SUM_W{1'b0}};
    odd_d  = {SUM_W{1'b0}};
    for (j = 0; j < CHAINS; j = j + 1) begin
      even_d = even_d + {{(SUM_W-6){1'b0}}, even_q[6*j +: 6]};
      odd_d  = odd_d + {{(SUM_W-6){1'b0}}, odd_q[6*j +: 6]};
    end
  end

  localparam PAD = SLOT_W - SUM_W;
  wire [SLOT_W-1:0] even = {{PAD{1'b0}}, even_sum_q};
  wire [SLOT_W-1:0] odd  = {{PAD{1'b0}}, odd_sum_q};
  wire [SLOT_W-1:0] both = even + odd;

  always @(posedge aclk) begin
    even_sum_q <= even_d;
    odd_sum_q  <= odd_d;
    count1_q   <= count;
    count2_q   <= count1_q;
    slots_q    <= !count2_q ? {4*SLOT_W{1'b0}}
                : pointwise ? {odd, even, odd, even} : {odd, both, both, even};
  end

  lsfq_delay #(
    .WIDTH (4 * SLOT_W),
    .STAGES(3 + LEVELS)
  ) u_align (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (1'b0),
    .d      (slots_q),
    .q      (slots)
  );

endmodule

`default_nettype wire

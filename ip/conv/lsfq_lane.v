// SPDX-License-Identifier: Apache-2.0
//
// lsfq_lane: PIN packed multipliers of one output channel; the sum of each of the four slots.
//
//   slot[k] = sum over channels c of the products that fall into slot k (see lsfq_multiplier_chain)
//
// Latency 3 + log2(PIN/4) cycles, no handshake. SLOT_W = 11 + log2(PIN/4): the chain's slots, grown by the tree.
// Parameter rules: PIN is 4, 8 or 16.

`default_nettype none

module lsfq_lane #(
  parameter PIN    = 16,
  parameter LEVELS = $clog2(PIN / 4),
  parameter SLOT_W = 11 + LEVELS
) (
  input  wire                aclk,
  input  wire [12*PIN-1:0]   weights,  // channel c: bits 12c+11..12c = {w2, w1, w0}
  input  wire [8*PIN-1:0]    pixels,   // channel c: bits 8c+7..8c = {a1, a0}
  output wire [4*SLOT_W-1:0] slots
);

  localparam CHAINS = PIN / 4;

  wire [44*CHAINS-1:0] chain;

  genvar i, k;
  generate
    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      lsfq_multiplier_chain u_chain (
        .aclk   (aclk),
        .weights(weights[48*i +: 48]),
        .pixels (pixels[32*i +: 32]),
        .slots  (chain[44*i +: 44])
      );
    end

    for (k = 0; k < 4; k = k + 1) begin : g_slot
      if (CHAINS == 1) begin : g_one
        assign slots[k*SLOT_W +: SLOT_W] = chain[11*k +: 11];
      end else if (CHAINS == 2) begin : g_two
        reg [11:0] sum_q;
        always @(posedge aclk) sum_q <= {1'b0, chain[11*k +: 11]} + {1'b0, chain[44 + 11*k +: 11]};
        assign slots[k*SLOT_W +: SLOT_W] = sum_q;
      end else begin : g_four
        reg [11:0] low_q, high_q;
        reg [12:0] sum_q;
        always @(posedge aclk) begin
          low_q  <= {1'b0, chain[11*k +: 11]} + {1'b0, chain[44 + 11*k +: 11]};
          high_q <= {1'b0, chain[88 + 11*k +: 11]} + {1'b0, chain[132 + 11*k +: 11]};
          sum_q  <= {1'b0, low_q} + {1'b0, high_q};
        end
        assign slots[k*SLOT_W +: SLOT_W] = sum_q;
      end
    end
  endgenerate

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_lane: PIN packed multipliers of one output channel. Output: the sum of each of the four
// slots.
//
//   slot[k] = sum of the products of all channels that fall into slot k (see lsfq_multiplier_chain)
//           + sum over the chains of 8*addend[k] - (lower ? half the range : 0)
//
// The addends of lsfq_offset_sum hold a bias of half the range of the slot sum; `lower` removes the
// bias. Half the range is 2^(10 + log2(PIN/4)) for the inner slots 1 and 2, and half as much for
// the outer slots 0 and 3. The slots are then signed.
//
// MULTIPLIER selects an implementation. All are equal cycle by cycle:
//
//   0   chains of four multipliers, each inferred: one multiplier of 27x18 bits
//   1   chains of four DSP48E2 (UltraScale, UltraScale+), which add inside the DSP column
//   2   chains of two multipliers, each inferred: one multiplier of 25x18 bits (7 series)
//   3   chains of four multipliers, each inferred: two multipliers of 18x18 bits
//   4   chains of four multipliers, each of two MULT18X18D (ECP5) with the registers inside them
//
// The operands of channel c come late: by one cycle if c mod 4 is 2, by two if it is 3. With
// MULTIPLIER 2 no operand comes late.
// Latency: 6 + log2(PIN/4) cycles from the operands, one less from the addends, which come one
// cycle after the operands. `lower` goes to the last adders of the trees: it comes LENGTH + 2
// cycles after the operands (the latency of a chain), and one more for each level of the tree but
// the last. No handshake. SLOT_W = 12 + log2(PIN/4).
// Parameter rules: PIN is 4, 8 or 16; MULTIPLIER is 0 to 4.

`default_nettype none

module lsfq_lane #(
  parameter PIN        = 16,
  parameter MULTIPLIER = 0,
  parameter SLOT_W     = 12 + $clog2(PIN / 4)
) (
  input  wire                aclk,
  input  wire [12*PIN-1:0]   weights,  // channel c: bits 12c+11..12c = {w2, w1, w0}
  input  wire [8*PIN-1:0]    pixels,   // channel c: bits 8c+7..8c = {a1, a0}
  // from lsfq_offset_sum, 32 bits for each chain
  input  wire [32*PIN/(MULTIPLIER == 2 ? 2 : 4)-1:0] addends,
  input  wire                lower,
  output wire [4*SLOT_W-1:0] slots
);

  localparam LENGTH = MULTIPLIER == 2 ? 2 : 4;
  localparam STRIDE = MULTIPLIER == 2 ? 10 : 11;
  localparam CHAINS = PIN / LENGTH;
  localparam LEVELS = $clog2(CHAINS);

  generate
    if (MULTIPLIER < 0 || MULTIPLIER > 4) begin : g_check
      MULTIPLIER_must_be_0_to_4 parameter_error ();
    end
  endgenerate

  wire [4*STRIDE*CHAINS-1:0] chain;

  genvar i, k;
  generate
    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      lsfq_multiplier_chain #(
        .FORM  (MULTIPLIER == 1 ? 1 : MULTIPLIER >= 3 ? MULTIPLIER - 1 : 0),
        .LENGTH(LENGTH),
        .STRIDE(STRIDE)
      ) u_chain (
        .aclk   (aclk),
        .weights(weights[12*LENGTH*i +: 12*LENGTH]),
        .pixels (pixels[8*LENGTH*i +: 8*LENGTH]),
        .addends(addends[32*i +: 32]),
        .slots  (chain[4*STRIDE*i +: 4*STRIDE])
      );
    end

    for (k = 0; k < 4; k = k + 1) begin : g_slot
      // An outer slot takes one product of each multiplier, not two, so its sum has a bit less.
      localparam OUTER = k == 0 || k == 3;
      localparam IN_W  = OUTER ? STRIDE - 1 : STRIDE;
      localparam SUM_W = IN_W + LEVELS + 1;
      wire [CHAINS*IN_W-1:0] parts;
      wire [SUM_W-1:0]       sum, aligned;

      for (i = 0; i < CHAINS; i = i + 1) begin : g_part
        assign parts[i*IN_W +: IN_W] = chain[4*STRIDE*i + STRIDE*k +: IN_W];
      end

      lsfq_adder_tree #(
        .INPUTS(CHAINS),
        .WIDTH (IN_W)
      ) u_tree (
        .aclk (aclk),
        .d    (parts),
        .lower(lower),
        .sum  (sum)
      );

      // MULTIPLIER 2: two multipliers fewer in a chain and one tree level more make the sum a cycle
      // early.
      lsfq_delay #(
        .WIDTH (SUM_W),
        .STAGES(MULTIPLIER == 2)
      ) u_align (
        .aclk   (aclk),
        .aresetn(1'b1),
        .d      (sum),
        .q      (aligned)
      );
      if (OUTER) begin : g_outer
        assign slots[k*SLOT_W +: SLOT_W] = {{(SLOT_W-SUM_W){aligned[SUM_W-1]}}, aligned};
      end else begin : g_inner
        assign slots[k*SLOT_W +: SLOT_W] = aligned;
      end
    end
  endgenerate

  wire unused = &{1'b0, chain};

endmodule

`default_nettype wire

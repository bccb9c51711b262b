// SPDX-License-Identifier: Apache-2.0
//
// lsfq_lane: PIN packed multipliers of one output channel. Output: the sum of each of the slots,
// four of them, or six with CODE_BITS 3.
//
//   slot[k] = sum of the products of all channels that fall into slot k (see lsfq_multiplier_chain)
//           + sum over the chains of 8*addend[k] - (lower ? half the range : 0)
//
// The addends of lsfq_offset_sum hold a bias of half the range of the slot sum; `lower` removes the
// bias. Half the range is 2^(10 + log2(PIN/4)) for the inner slots and half as much for the outer
// ones. The slots are then signed.
//
// CODE_BITS 3: half the range is 2^(8 + log2(PIN/4)), and it is always removed. A slot of a chain
// is its field, with the carry into the next slot as bit 7, less the carry into its own. Instead of
// subtracting a carry, its complement is added, and the bias is 1 less for that. lsfq_adder_tree
// adds these bits; one is left, and is the lowest bit of slots[k]:
//
//   slots[k] / 2, rounded down, + (slots[k] mod 2) = the sum of signed weights and pixels
//
// MULTIPLIER selects an implementation. All are equal cycle by cycle:
//
//   0   chains of four multipliers, each inferred: one multiplier of 27x18 bits
//   1   chains of four DSP48E2 (UltraScale, UltraScale+), which add inside the DSP column
//   2   chains of two multipliers, each inferred: one multiplier of 25x18 bits (7 series)
//   3   chains of four multipliers, each inferred: two multipliers of 18x18 bits
//   4   chains of four multipliers, each of two MULT18X18D (ECP5) with the registers inside them
//
// With CODE_BITS 3 all chains have two multipliers. Their operands of 24 and 17 bits fit 25x18,
// too, so 0 and 2 are the same.
//
// With chains of four, the operands of channel c come late: by one cycle if c mod 4 is 2, by two if
// it is 3. With chains of two no operand comes late.
// Latency: 6 + log2(PIN/4) cycles from the operands (CODE_BITS 3: 1 less), one less from the
// addends, which come one cycle after the operands. `lower` goes to the last adders of the trees:
// it comes LENGTH + 2 cycles after the operands (the latency of a chain), and one more for each
// level of the tree but the last. No handshake. SLOT_W = 12 + log2(PIN/4), CODE_BITS 3: 2 less.
// Parameter rules: PIN is 4, 8 or 16; MULTIPLIER is 0 to 4.

`default_nettype none

module lsfq_lane #(
  parameter PIN        = 16,
  parameter CODE_BITS  = 4,
  parameter MULTIPLIER = 0,
  // derived from here on
  parameter SLOT_W     = (CODE_BITS == 3 ? 10 : 12) + $clog2(PIN / 4),
  parameter PIXELS     = CODE_BITS == 3 ? 4 : 2,
  parameter SLOTS      = PIXELS + 2,
  parameter ADDENDS_W  = CODE_BITS == 3 ? 42 : 32,
  parameter LENGTH     = MULTIPLIER == 2 || CODE_BITS == 3 ? 2 : 4
) (
  input  wire                            aclk,
  input  wire [3*CODE_BITS*PIN-1:0]      weights,  // of a channel: {w2, w1, w0}
  input  wire [PIXELS*CODE_BITS*PIN-1:0] pixels,   // of a channel: {..., a1, a0}
  // from lsfq_offset_sum, ADDENDS_W bits for each chain
  input  wire [ADDENDS_W*PIN/LENGTH-1:0] addends,
  input  wire                            lower,
  output wire [SLOTS*SLOT_W-1:0]         slots
);

  localparam STRIDE = CODE_BITS == 3 ? 7 : MULTIPLIER == 2 ? 10 : 11;
  localparam CHAINS = PIN / LENGTH;
  localparam LEVELS = $clog2(CHAINS);
  localparam WEIGHTS_W = 3 * CODE_BITS * LENGTH;        // of a chain
  localparam PIXELS_W  = PIXELS * CODE_BITS * LENGTH;

  generate
    if (MULTIPLIER < 0 || MULTIPLIER > 4) begin : g_check
      MULTIPLIER_must_be_0_to_4 parameter_error ();
    end
  endgenerate

  wire [SLOTS*STRIDE*CHAINS-1:0] chain;
  wire [SLOTS*CHAINS-1:0]        carries;

  genvar i, k;
  generate
    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      lsfq_multiplier_chain #(
        .FORM     (MULTIPLIER == 1 ? 1 : MULTIPLIER >= 3 ? MULTIPLIER - 1 : 0),
        .CODE_BITS(CODE_BITS),
        .LENGTH   (LENGTH),
        .STRIDE   (STRIDE)
      ) u_chain (
        .aclk   (aclk),
        .weights(weights[WEIGHTS_W*i +: WEIGHTS_W]),
        .pixels (pixels[PIXELS_W*i +: PIXELS_W]),
        .addends(addends[ADDENDS_W*i +: ADDENDS_W]),
        .fields (chain[SLOTS*STRIDE*i +: SLOTS*STRIDE]),
        .carries(carries[SLOTS*i +: SLOTS])
      );
    end

    for (k = 0; k < SLOTS; k = k + 1) begin : g_slot
      // An outer slot takes one product of each multiplier, so its sum has a bit less.
      localparam OUTER = k == 0 || k == SLOTS - 1;
      localparam IN_W  = CODE_BITS == 3 ? (OUTER ? 7 : 8) : OUTER ? STRIDE - 1 : STRIDE;
      localparam SUM_W = IN_W + LEVELS + 1;
      wire [CHAINS*IN_W-1:0] parts;
      wire [CHAINS-1:0]      extra;
      wire [SUM_W-1:0]       sum;
      wire                   rest;

      for (i = 0; i < CHAINS; i = i + 1) begin : g_part
        if (CODE_BITS == 3) begin : g_three
          assign parts[i*IN_W +: 7] = chain[SLOTS*STRIDE*i + STRIDE*k +: 7];
          if (!OUTER) begin : g_carry_out
            assign parts[i*IN_W + 7] = carries[SLOTS*i + k + 1];
          end
          // the bias of slot 0 is a whole one
          assign extra[i] = k != 0 && !carries[SLOTS*i + k];
        end else begin : g_four
          assign parts[i*IN_W +: IN_W] = chain[SLOTS*STRIDE*i + STRIDE*k +: IN_W];
          assign extra[i] = 1'b0;
        end
      end

      lsfq_adder_tree #(
        .INPUTS(CHAINS),
        .WIDTH (IN_W),
        .EXTRAS(CODE_BITS == 3)
      ) u_tree (
        .aclk (aclk),
        .d    (parts),
        .extra(extra),
        .lower(lower),
        .sum  (sum),
        .rest (rest)
      );

      if (CODE_BITS == 3) begin : g_three
        // The sum without its bias fits a bit less.
        if (OUTER) begin : g_outer
          assign slots[k*SLOT_W +: SLOT_W] = {sum[SUM_W-2], sum[SUM_W-2:0], rest};
        end else begin : g_inner
          assign slots[k*SLOT_W +: SLOT_W] = {sum[SUM_W-2:0], rest};
        end
        wire unused_top = sum[SUM_W-1];
      end else begin : g_four
        wire [SUM_W-1:0] aligned;

        // MULTIPLIER 2: two multipliers fewer in a chain and one tree level more make the sum a
        // cycle early.
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
        wire unused_rest = rest;
      end
    end
  endgenerate

  wire unused = &{1'b0, chain, carries};

endmodule

`default_nettype wire

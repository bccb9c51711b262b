// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accumulator: sums the slots of one lane over a step, and makes the two terms of each pixel.
//
//   sum[k] = (first ? 0 : shift ? 2^CODE_BITS*sum[k] : sum[k]) + slot[k]       modulo 2^ACC_W
//
// With a 3-tap kernel the outer slots belong to neighbouring pixels, so the last pixel of a word is
// complete one step later, or at the end of its row. A word has n pixels; step t makes
//
//   y[nt]       = sum(n+1)(t-1) + sum1(t)       sum(n+1)(t-1) = 0 in the first word of a row
//   y[nt+n-1]   = sum(n)(t)     + sum0(t+1)     sum0(t+1) = 0 in the last word of a row
//
// CODE_BITS 4, n = 2: the word's two pixels are a pair, which is complete one step later. With a
// 1x1 kernel, whose pixels come swapped, sum1 and sum0 are the pair of set 0, and sum3 and sum2 the
// pair of set 1. So term a of a pixel always comes from sum3 or sum2, and term b from sum1 or sum0:
// no multiplexer is needed, and lsfq_requant, which adds the terms, only has to know which of them
// count. Terms move on through registers: one step at a time with a 3-tap kernel (`move` together
// with `capture`), at once with a 1x1 kernel (`move` always high).
//
// CODE_BITS 3, n = 4: y[4t+1] = sum2(t) and y[4t+2] = sum3(t). The two pairs of a word leave one
// after the other, the first one with `second` low in a step later, or when its row has ended:
//
//   second   even pixel                              odd pixel
//   1        y[4t]   = sum5(t-1) and sum1(t)         y[4t+1] = sum2(t)
//   0        y[4t+2] = sum3(t)                       y[4t+3] = sum4(t) and sum0(t+1)
//
// 1x1 kernels are the same: sum0 and sum5 are 0 with the middle weight alone.
//
// Slots are signed; with CODE_BITS 3 the lowest bit of one is to be added to the rest of it (see
// lsfq_lane), as the carry of its adder. Sums wrap, and are exact as long as the true result fits
// ACC_W bits signed. lsfq_emitter drives the control inputs and marks the cycles in which the terms
// are a pair. Latency 1 cycle from slots to sums. No handshake.

`default_nettype none

module lsfq_accumulator #(
  parameter CODE_BITS = 4,
  parameter ACC_W     = 27,
  parameter SLOT_W    = 14,
  parameter SLOTS     = CODE_BITS == 3 ? 6 : 4          // derived
) (
  input  wire                    aclk,
  input  wire                    valid,     // `slots` are those of a word
  input  wire                    first,
  input  wire                    shift,
  input  wire [SLOTS*SLOT_W-1:0] slots,     // each signed

  input  wire                    capture,   // the step's sums are complete: copy them
  input  wire                    move,
  input  wire                    second,    // CODE_BITS 3: the first two pixels of a word are next
  input  wire                    row_first, // 3-tap: (with capture) the step is its row's first
  input  wire                    row_rest,  // 3-tap: the last pair of a row leaves
  output wire [ACC_W-1:0]        even_a,
  output wire [ACC_W-1:0]        even_b,
  output wire [ACC_W-1:0]        odd_a,
  output wire [ACC_W-1:0]        odd_b
);

  localparam [ACC_W-1:0] ZERO = {ACC_W{1'b0}};

  wire [SLOTS*ACC_W-1:0] sums;

  genvar k;
  generate
    for (k = 0; k < SLOTS; k = k + 1) begin : g_sum
      reg  [ACC_W-1:0]  sum_q;
      wire [SLOT_W-1:0] slot = slots[k*SLOT_W +: SLOT_W];
      wire [ACC_W-1:0]  kept = first ? ZERO
                             : shift ? {sum_q[ACC_W-CODE_BITS-1:0], {CODE_BITS{1'b0}}} : sum_q;

      if (CODE_BITS == 3) begin : g_three
        // The bit below the numbers makes the carry.
        wire [ACC_W:0] below = {kept, 1'b1} + {{(ACC_W-SLOT_W+1){slot[SLOT_W-1]}}, slot};
        always @(posedge aclk) if (valid) sum_q <= below[ACC_W:1];
        wire unused_below = below[0];
      end else begin : g_four
        always @(posedge aclk)
          if (valid) sum_q <= kept + {{(ACC_W-SLOT_W){slot[SLOT_W-1]}}, slot};
      end

      assign sums[k*ACC_W +: ACC_W] = sum_q;
    end

    if (CODE_BITS == 3) begin : g_words_of_four
      reg [ACC_W-1:0] held1_q, held2_q, held3_q, held4_q, held5_q;  // sums of the captured step
      reg [ACC_W-1:0] before5_q;                                    // held5_q one step ago
      reg [ACC_W-1:0] even_a_q, even_b_q, odd_a_q, odd_b_q;

      always @(posedge aclk) begin
        if (capture) begin
          held1_q   <= sums[ACC_W +: ACC_W];
          held2_q   <= sums[2*ACC_W +: ACC_W];
          held3_q   <= sums[3*ACC_W +: ACC_W];
          held4_q   <= sums[4*ACC_W +: ACC_W];
          held5_q   <= sums[5*ACC_W +: ACC_W];
          before5_q <= held5_q;
          if (row_first) before5_q <= ZERO;
        end

        even_a_q <= second ? before5_q : held3_q;
        odd_a_q  <= second ? held2_q : held4_q;
        even_b_q <= held1_q;
        odd_b_q  <= sums[0 +: ACC_W];
        if (!second) even_b_q <= ZERO;
        if (second || row_rest) odd_b_q <= ZERO;
      end

      assign even_a = even_a_q;
      assign even_b = even_b_q;
      assign odd_a  = odd_a_q;
      assign odd_b  = odd_b_q;
      wire unused = move;
    end else begin : g_words_of_two
      reg [ACC_W-1:0] held1_q, held2_q, held3_q;        // sums of the last captured step
      reg [ACC_W-1:0] before3_q;                        // held3_q one step ago; 1x1: one cycle ago
      reg [ACC_W-1:0] even_a_q, even_b_q, odd_a_q, odd_b_q;

      always @(posedge aclk) begin
        if (capture) begin
          held1_q <= sums[ACC_W +: ACC_W];
          held2_q <= sums[2*ACC_W +: ACC_W];
          held3_q <= sums[3*ACC_W +: ACC_W];
          odd_b_q <= sums[0 +: ACC_W];
        end

        // Setting to 0 has priority: a register's reset input does that without a LUT.
        if (row_first) before3_q <= ZERO;
        else if (move) before3_q <= held3_q;
        if (row_rest) odd_b_q <= ZERO;

        even_a_q <= before3_q;
        even_b_q <= held1_q;
        odd_a_q  <= held2_q;
      end

      assign even_a = even_a_q;
      assign even_b = even_b_q;
      assign odd_a  = odd_a_q;
      assign odd_b  = odd_b_q;
      wire unused = second;
    end
  endgenerate

endmodule

`default_nettype wire

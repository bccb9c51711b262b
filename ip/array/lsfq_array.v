// SPDX-License-Identifier: Apache-2.0
//
// lsfq_array: POUT lanes of PIN packed multipliers that share their pixels and one offset sum.
//
//   (no_a ? 0 : term_a[l]) + (no_b ? 0 : term_b[l]) = sum over the window of w[l] * a, mod 2^ACC_W
//                                                     for lane l and each pixel of the pair
//
// lsfq_requant adds the two terms, because it has an adder in front of its multiplier.
//
// Words come two cycles after their tags, which is the latency of the memories.
// Latency from the last word of a step to its first pair: 8 + log2(PIN/4) cycles, and one more with
// 1x1 kernels. No handshake: the pipeline never stalls. Output interface: pixel pairs
// (docs/theory_of_operation.md).
// Parameter rules: PIN is 4, 8 or 16; ACC_W is at least 18; MULTIPLIER as in lsfq_lane.

`default_nettype none

module lsfq_array #(
  parameter PIN        = 16,
  parameter POUT       = 16,
  parameter ACC_W      = 27,
  parameter MULTIPLIER = 0
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  input  wire                   pointwise,
  input  wire                   odd,
  input  wire                   stride2,
  input  wire [3:0]             pair_cycles,

  // tags of a word, two cycles before the word
  input  wire                   issue_valid,
  input  wire                   issue_first,
  input  wire                   issue_shift,
  input  wire                   issue_offset,
  input  wire                   issue_last,
  input  wire                   issue_row_first,
  input  wire                   issue_row_last,
  input  wire                   issue_image_last,

  input  wire [8*PIN-1:0]       feature_word,   // channel c: {odd pixel, even pixel} at bit 8*c
  input  wire [12*PIN*POUT-1:0] weight_word,    // {plane 2, plane 1, plane 0}; in a plane:
                                                // nibble lane*PIN + channel

  output wire                   pair_valid,
  output wire                   pair_no_a,
  output wire                   pair_no_b,
  output wire                   pair_set,
  output wire                   pair_both,
  output wire                   pair_row_end,
  output wire                   pair_end,
  output wire [2*POUT*ACC_W-1:0] term_a,
  output wire [2*POUT*ACC_W-1:0] term_b
);

  localparam MEMORY_LATENCY = 2;
  localparam LEVELS  = $clog2(PIN / 4);
  localparam LANE_LATENCY = 6 + LEVELS;
  localparam SLOT_W  = 12 + LEVELS;
  localparam LENGTH  = MULTIPLIER == 2 ? 2 : 4;         // multipliers in a chain
  localparam TREE    = $clog2(PIN / LENGTH);            // levels of adders after the chains
  localparam LOWER_LATENCY = LENGTH + 2 + (TREE == 0 ? 0 : TREE - 1);
  localparam PLANE_W = 4 * PIN * POUT;

  wire valid, first, shift, last, row_first, row_last, image_last, count;
  wire capture, move, first_capture, row_rest, lower;

  lsfq_delay #(
    .WIDTH (2),
    .STAGES(MEMORY_LATENCY + LANE_LATENCY),
    .RESET (1)
  ) u_delay_valid (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({issue_valid, issue_valid && issue_last}),
    .q      ({valid, last})
  );

  lsfq_delay #(
    .WIDTH (5),
    .STAGES(MEMORY_LATENCY + LANE_LATENCY)
  ) u_delay_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({issue_first, issue_shift, issue_row_first, issue_row_last, issue_image_last}),
    .q      ({first, shift, row_first, row_last, image_last})
  );

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(MEMORY_LATENCY)
  ) u_delay_count (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      (issue_offset),
    .q      (count)
  );

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(LOWER_LATENCY)
  ) u_delay_lower (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      (count),
    .q      (lower)
  );

  lsfq_emitter u_emitter (
    .aclk           (aclk),
    .aresetn        (aresetn),
    .pointwise      (pointwise),
    .odd            (odd),
    .stride2        (stride2),
    .pair_cycles    (pair_cycles),
    .step_last      (last),
    .step_row_first (row_first),
    .step_row_last  (row_last),
    .step_image_last(image_last),
    .capture        (capture),
    .move           (move),
    .row_first      (first_capture),
    .row_rest       (row_rest),
    .pair_valid     (pair_valid),
    .pair_no_a      (pair_no_a),
    .pair_no_b      (pair_no_b),
    .pair_set       (pair_set),
    .pair_both      (pair_both),
    .pair_row_end   (pair_row_end),
    .pair_end       (pair_end)
  );

  // ---- operands, delayed as their place in the chain needs (see lsfq_lane)

  // With 1x1 kernels the two pixels are swapped (see lsfq_accumulator).
  wire [8*PIN-1:0]      feature;
  reg [8*PIN-1:0]       feature1_q, feature2_q;
  reg [12*PIN*POUT-1:0] weight1_q, weight2_q;
  wire [8*PIN-1:0]      pixels;

  reg                   swap_q;               // the layer has 1x1 kernels

  always @(posedge aclk) begin
    swap_q     <= pointwise;
    feature1_q <= feature;
    feature2_q <= feature1_q;
    weight1_q  <= weight_word;
    weight2_q  <= weight1_q;
  end

  wire [32*PIN/LENGTH-1:0] addends;

  wire unused = &{1'b0, feature1_q, feature2_q, weight1_q, weight2_q};

  genvar l, c, p;
  generate
    for (c = 0; c < PIN; c = c + 1) begin : g_pixel
      assign feature[8*c +: 8] = swap_q ? {feature_word[8*c +: 4], feature_word[8*c+4 +: 4]}
                                        : feature_word[8*c +: 8];
      if (MULTIPLIER == 2 || c % 4 < 2) begin : g_now
        assign pixels[8*c +: 8] = feature[8*c +: 8];
      end else if (c % 4 == 2) begin : g_late
        assign pixels[8*c +: 8] = feature1_q[8*c +: 8];
      end else begin : g_later
        assign pixels[8*c +: 8] = feature2_q[8*c +: 8];
      end
    end
  endgenerate

  generate
    for (l = 0; l < POUT; l = l + 1) begin : g_lane
      wire [12*PIN-1:0]   weights;
      wire [4*SLOT_W-1:0] slots;

      for (c = 0; c < PIN; c = c + 1) begin : g_channel
        for (p = 0; p < 3; p = p + 1) begin : g_plane
          localparam NIBBLE = p*PLANE_W + 4*(l*PIN + c);
          if (MULTIPLIER == 2 || c % 4 < 2) begin : g_now
            assign weights[12*c + 4*p +: 4] = weight_word[NIBBLE +: 4];
          end else if (c % 4 == 2) begin : g_late
            assign weights[12*c + 4*p +: 4] = weight1_q[NIBBLE +: 4];
          end else begin : g_later
            assign weights[12*c + 4*p +: 4] = weight2_q[NIBBLE +: 4];
          end
        end
      end

      lsfq_lane #(
        .PIN       (PIN),
        .MULTIPLIER(MULTIPLIER)
      ) u_lane (
        .aclk   (aclk),
        .weights(weights),
        .pixels (pixels),
        .addends(addends),
        .lower  (lower),
        .slots  (slots)
      );

      lsfq_accumulator #(
        .ACC_W (ACC_W),
        .SLOT_W(SLOT_W)
      ) u_accumulator (
        .aclk     (aclk),
        .valid    (valid),
        .first    (first),
        .shift    (shift),
        .slots    (slots),
        .capture  (capture),
        .move     (move),
        .row_first(first_capture),
        .row_rest (row_rest),
        .even_a   (term_a[l*ACC_W +: ACC_W]),
        .even_b   (term_b[l*ACC_W +: ACC_W]),
        .odd_a    (term_a[(POUT + l)*ACC_W +: ACC_W]),
        .odd_b    (term_b[(POUT + l)*ACC_W +: ACC_W])
      );
    end
  endgenerate

  lsfq_offset_sum #(
    .PIN   (PIN),
    .LENGTH(LENGTH)
  ) u_offset_sum (
    .aclk     (aclk),
    .pixels   (feature),
    .count    (count),
    .pointwise(pointwise),
    .addends  (addends)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_array: POUT lanes of PIN packed multipliers that share their pixels and one offset sum.
//
//   (no_a ? 0 : term_a[l]) + (no_b ? 0 : term_b[l]) = sum over the window of w[l] * a, mod 2^ACC_W
//                                                     for lane l and each pixel of the pair
//
// lsfq_requant adds the two terms, because it has an adder in front of its multiplier.
//
// CODE_BITS 3: a word has four pixels (lsfq_accumulator), and a 1x1 kernel is the middle weight
// alone. A full-map layer adds up two pixels in a cycle: those of the word's first half, or, while
// `issue_offset` is low, of its second half.
//
// Words come two cycles after their tags, which is the latency of the memories.
// Latency from the last word of a step to its first pair: 8 + log2(PIN/4) cycles, and one more with
// 1x1 kernels; with CODE_BITS 3, 7 + log2(PIN/4). No handshake: the pipeline never stalls. Output
// interface: pixel pairs (docs/theory_of_operation.md).
// Parameter rules: PIN is 4, 8 or 16; ACC_W is at least 18; MULTIPLIER as in lsfq_lane; CODE_BITS
// is 3 or 4.

`default_nettype none

module lsfq_array #(
  parameter PIN        = 16,
  parameter POUT       = 16,
  parameter ACC_W      = 27,
  parameter MULTIPLIER = 0,
  parameter CODE_BITS  = 4,
  parameter FEATURE_W  = (CODE_BITS == 3 ? 12 : 8) * PIN,      // derived; so is the next
  parameter WEIGHT_W   = 3 * CODE_BITS * PIN * POUT
) (
  input  wire                   aclk,
  input  wire                   aresetn,

  input  wire                   pointwise,
  input  wire                   odd,
  input  wire                   short_row,      // CODE_BITS 3: a row's last word has one pair only
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

  input  wire [FEATURE_W-1:0]   feature_word,   // of a channel: {..., odd pixel, even pixel}
  input  wire [WEIGHT_W-1:0]    weight_word,    // {plane 2, plane 1, plane 0}; in a plane:
                                                // weight lane*PIN + channel

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
  localparam LANE_LATENCY = (CODE_BITS == 3 ? 5 : 6) + LEVELS;
  localparam SLOT_W  = (CODE_BITS == 3 ? 10 : 12) + LEVELS;
  localparam SLOTS   = CODE_BITS == 3 ? 6 : 4;
  localparam LENGTH  = MULTIPLIER == 2 || CODE_BITS == 3 ? 2 : 4;       // multipliers in a chain
  localparam TREE    = $clog2(PIN / LENGTH);            // levels of adders after the chains
  localparam LOWER_LATENCY = LENGTH + 2 + (TREE == 0 ? 0 : TREE - 1);
  localparam PLANE_W = CODE_BITS * PIN * POUT;
  localparam CHANNEL_W = FEATURE_W / PIN;
  localparam LANE_W  = 3 * CODE_BITS * PIN;             // weights of a lane
  localparam ADDENDS_W = CODE_BITS == 3 ? 42 : 32;

  wire valid, first, shift, last, row_first, row_last, image_last, count;
  wire capture, move, second, first_capture, row_rest, lower;

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

  lsfq_emitter #(
    .CODE_BITS(CODE_BITS)
  ) u_emitter (
    .aclk           (aclk),
    .aresetn        (aresetn),
    .pointwise      (pointwise),
    .odd            (odd),
    .short_row      (short_row),
    .stride2        (stride2),
    .pair_cycles    (pair_cycles),
    .step_last      (last),
    .step_row_first (row_first),
    .step_row_last  (row_last),
    .step_image_last(image_last),
    .capture        (capture),
    .move           (move),
    .second         (second),
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

  // With 1x1 kernels the two pixels are swapped (see lsfq_accumulator). With CODE_BITS 3 the halves
  // of a word are.
  wire [FEATURE_W-1:0]  feature;
  reg  [FEATURE_W-1:0]  feature1_q, feature2_q;
  reg  [WEIGHT_W-1:0]   weight1_q, weight2_q;
  wire [FEATURE_W-1:0]  pixels;

  reg                   pointwise_q;          // the layer has 1x1 kernels
  wire                  swap = CODE_BITS == 3 ? !count : pointwise_q;

  always @(posedge aclk) begin
    pointwise_q <= pointwise;
    feature1_q <= feature;
    feature2_q <= feature1_q;
    weight1_q  <= weight_word;
    weight2_q  <= weight1_q;
  end

  wire [ADDENDS_W*PIN/LENGTH-1:0] addends;

  wire unused = &{1'b0, feature1_q, feature2_q, weight1_q, weight2_q};

  genvar l, c, p;
  generate
    for (c = 0; c < PIN; c = c + 1) begin : g_pixel
      localparam BIT = CHANNEL_W * c, HALF = CHANNEL_W / 2;
      assign feature[BIT +: CHANNEL_W] = swap ? {feature_word[BIT +: HALF],
                                                 feature_word[BIT+HALF +: HALF]}
                                              : feature_word[BIT +: CHANNEL_W];
      if (LENGTH == 2 || c % 4 < 2) begin : g_now
        assign pixels[BIT +: CHANNEL_W] = feature[BIT +: CHANNEL_W];
      end else if (c % 4 == 2) begin : g_late
        assign pixels[BIT +: CHANNEL_W] = feature1_q[BIT +: CHANNEL_W];
      end else begin : g_later
        assign pixels[BIT +: CHANNEL_W] = feature2_q[BIT +: CHANNEL_W];
      end
    end
  endgenerate

  generate
    for (l = 0; l < POUT; l = l + 1) begin : g_lane
      wire [LANE_W-1:0]       weights;
      wire [SLOTS*SLOT_W-1:0] slots;

      for (c = 0; c < PIN; c = c + 1) begin : g_channel
        for (p = 0; p < 3; p = p + 1) begin : g_plane
          localparam FROM = p*PLANE_W + CODE_BITS*(l*PIN + c);
          localparam TO   = CODE_BITS*(3*c + p);
          if (LENGTH == 2 || c % 4 < 2) begin : g_now
            assign weights[TO +: CODE_BITS] = weight_word[FROM +: CODE_BITS];
          end else if (c % 4 == 2) begin : g_late
            assign weights[TO +: CODE_BITS] = weight1_q[FROM +: CODE_BITS];
          end else begin : g_later
            assign weights[TO +: CODE_BITS] = weight2_q[FROM +: CODE_BITS];
          end
        end
      end

      lsfq_lane #(
        .PIN       (PIN),
        .CODE_BITS (CODE_BITS),
        .MULTIPLIER(MULTIPLIER)
      ) u_lane (
        .aclk   (aclk),
        .weights(weights),
        .pixels (pixels),
        .addends(addends),
        .lower  (lower || CODE_BITS == 3),
        .slots  (slots)
      );

      lsfq_accumulator #(
        .CODE_BITS(CODE_BITS),
        .ACC_W    (ACC_W),
        .SLOT_W   (SLOT_W)
      ) u_accumulator (
        .aclk     (aclk),
        .valid    (valid),
        .first    (first),
        .shift    (shift),
        .slots    (slots),
        .capture  (capture),
        .move     (move),
        .second   (second),
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
    .PIN      (PIN),
    .CODE_BITS(CODE_BITS),
    .LENGTH   (LENGTH)
  ) u_offset_sum (
    .aclk     (aclk),
    .pixels   (feature),
    .count    (count),
    .pointwise(pointwise),
    .addends  (addends)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_compute: the sequencer, which puts a layer's words in order, and the array, which multiplies
// them.
//
// Every cycle can read one feature word and one weight word. The sums leave as pixel pairs, each
// pixel as two terms to be added (lsfq_array).

`default_nettype none

module lsfq_compute #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter ACC_W            = 27,
  parameter MULTIPLIER       = 0,
  parameter DEPTHWISE_PIXELS = 1,
  parameter PTR_W            = 20,
  parameter LEVEL_W          = 6           // bits of the result queue's fill level
) (
  input  wire                    aclk,
  input  wire                    aresetn,

  input  wire                    layer_valid,
  output wire                    layer_finished,   // takes the layer word
  input  wire [639:0]            layer_word,
  output wire                    layer_begin,
  input  wire [15:0]             loads,            // images stored in this pass
  input  wire                    result_sent,      // the result packet of the pass has left

  // memories
  output wire [17:0]             feature_address,
  input  wire [8*PIN-1:0]        feature_word,
  output wire [PTR_W-1:0]        weight_pointer,
  input  wire [12*PIN*POUT-1:0]  weight_word,
  input  wire [PTR_W-1:0]        weights_complete,
  output wire [PTR_W-1:0]        weights_free,

  // pixel pairs
  output wire                    pair_valid,
  output wire                    pair_no_a,
  output wire                    pair_no_b,
  output wire                    pair_set,
  output wire                    pair_both,
  output wire                    pair_row_end,
  output wire                    pair_end,
  output wire [2*POUT*ACC_W-1:0] term_a,
  output wire [2*POUT*ACC_W-1:0] term_b,

  // the pace of what takes them
  output wire [3:0]              pair_cycles,
  output wire                    step_taken,
  output wire                    step_row_end,
  output wire                    drain,            // the layer's last pair is requantised
  input  wire                    tables_ready,
  input  wire                    step_ready,
  input  wire                    pair_done,
  input  wire                    output_idle,
  input  wire [LEVEL_W-1:0]      result_level,

  output wire                    count_busy,
  output wire                    count_weights,
  output wire                    count_output,
  output wire                    count_features
);

  wire             layer_three_rows, layer_pointwise, layer_raw, layer_stride2, layer_shared;
  wire             layer_row_stride2, layer_above, layer_below;
  wire             layer_wide_in, layer_wide_weight, layer_wide_out, layer_odd;
  wire             layer_depthwise, layer_last;
  wire [15:0]      layer_rows, layer_pairs, layer_row_pitch, layer_images, layer_loads;
  wire [15:0]      layer_groups;
  wire [17:0]      layer_words, layer_stride, layer_last_line;
  wire [17:0]      layer_in_start, layer_in_pitch, layer_in_digit;
  wire [15:0]      layer_in_ring, layer_in_left;
  wire [PTR_W-1:0] layer_weight_digit, layer_group_words;

  lsfq_layer_sequence u_layer (
    .word        (layer_word),
    .three_rows  (layer_three_rows),
    .pointwise   (layer_pointwise),
    .raw         (layer_raw),
    .last        (layer_last),
    .stride2     (layer_stride2),
    .shared      (layer_shared),
    .above       (layer_above),
    .below       (layer_below),
    .row_stride2 (layer_row_stride2),
    .wide_in     (layer_wide_in),
    .wide_weight (layer_wide_weight),
    .wide_out    (layer_wide_out),
    .odd         (layer_odd),
    .rows        (layer_rows),
    .pairs       (layer_pairs),
    .words       (layer_words),
    .stride      (layer_stride),
    .row_pitch   (layer_row_pitch),
    .last_line   (layer_last_line),
    .images      (layer_images),
    .in_start    (layer_in_start),
    .in_ring     (layer_in_ring),
    .in_left     (layer_in_left),
    .in_pitch    (layer_in_pitch),
    .in_digit    (layer_in_digit),
    .loads       (layer_loads),
    .weight_digit(layer_weight_digit),
    .group_words (layer_group_words),
    .groups      (layer_groups),
    .depthwise   (layer_depthwise)
  );

  wire issue_valid, issue_first, issue_shift, issue_offset, issue_last;
  wire issue_row_first, issue_row_last, issue_image_last;

  lsfq_sequencer #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PTR_W           (PTR_W),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS),
    .LEVEL_W         (LEVEL_W)
  ) u_sequencer (
    .aclk                  (aclk),
    .aresetn               (aresetn),
    .loads                 (loads),
    .layer_valid           (layer_valid),
    .layer_ready           (layer_finished),
    .layer_three_rows      (layer_three_rows),
    .layer_pointwise       (layer_pointwise),
    .layer_raw             (layer_raw),
    .layer_row_stride2     (layer_row_stride2),
    .layer_shared          (layer_shared),
    .layer_above           (layer_above),
    .layer_below           (layer_below),
    .layer_wide_in         ({1'b0, layer_wide_in}),
    .layer_wide_weight     (layer_wide_weight),
    .layer_rows            (layer_rows),
    .layer_pairs           (layer_pairs),
    .layer_words           (layer_words),
    .layer_stride          (layer_stride),
    .layer_row_pitch       (layer_row_pitch),
    .layer_last_line       (layer_last_line),
    .layer_images          (layer_images),
    .layer_in_pitch        (layer_in_pitch),
    .layer_loads           (layer_loads),
    .layer_in_start        (layer_in_start),
    .layer_in_ring         (layer_in_ring),
    .layer_in_left         (layer_in_left),
    .layer_in_digit        (layer_in_digit),
    .layer_weight_digit    (layer_weight_digit),
    .layer_group_words     (layer_group_words),
    .layer_groups          (layer_groups),
    .layer_wide_out        ({1'b0, layer_wide_out}),
    .layer_depthwise       (layer_depthwise),
    .layer_last            (layer_last),
    .layer_begin           (layer_begin),
    .feature_address       (feature_address),
    .weight_pointer        (weight_pointer),
    .weights_complete      (weights_complete),
    .weights_free          (weights_free),
    .issue_valid           (issue_valid),
    .issue_first           (issue_first),
    .issue_shift           (issue_shift),
    .issue_offset          (issue_offset),
    .issue_last            (issue_last),
    .issue_row_first       (issue_row_first),
    .issue_row_last        (issue_row_last),
    .issue_image_last      (issue_image_last),
    .pair_cycles           (pair_cycles),
    .pair_done             (pair_done),
    .tables_ready          (tables_ready),
    .step_ready            (step_ready),
    .step_taken            (step_taken),
    .step_row_end          (step_row_end),
    .drain                 (drain),
    .output_idle           (output_idle),
    .result_level          (result_level),
    .result_sent           (result_sent),
    .count_busy            (count_busy),
    .count_starved_weights (count_weights),
    .count_blocked_output  (count_output),
    .count_starved_features(count_features)
  );

  lsfq_array #(
    .PIN       (PIN),
    .POUT      (POUT),
    .ACC_W     (ACC_W),
    .MULTIPLIER(MULTIPLIER)
  ) u_array (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .pointwise       (layer_pointwise),
    .odd             (layer_odd),
    .short_row       (1'b0),
    .stride2         (layer_stride2),
    .pair_cycles     (pair_cycles),
    .issue_valid     (issue_valid),
    .issue_first     (issue_first),
    .issue_shift     (issue_shift),
    .issue_offset    (issue_offset),
    .issue_last      (issue_last),
    .issue_row_first (issue_row_first),
    .issue_row_last  (issue_row_last),
    .issue_image_last(issue_image_last),
    .feature_word    (feature_word),
    .weight_word     (weight_word),
    .pair_valid      (pair_valid),
    .pair_no_a       (pair_no_a),
    .pair_no_b       (pair_no_b),
    .pair_set        (pair_set),
    .pair_both       (pair_both),
    .pair_row_end    (pair_row_end),
    .pair_end        (pair_end),
    .term_a          (term_a),
    .term_b          (term_b)
  );

endmodule

`default_nettype wire

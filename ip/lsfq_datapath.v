// SPDX-License-Identifier: Apache-2.0
//
// lsfq_datapath: runs the layer in work: reads features and weights, stores codes or sends results.
//
//   compute: the order of work, and the array of multipliers -> pixel pairs
//   output:  requantisation, residual addition -> codes; results of raw layers
//   store:   stride, depthwise layer, max pool -> feature memory
//
// `aresetn` resets the control between passes, `result_resetn` what outlives a pass: the result
// packet.

`default_nettype none

module lsfq_datapath #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PARAM_W          = 128,
  parameter ACC_W            = 27,
  parameter MAX_POOL_WIDTH   = 512,
  parameter MULTIPLIER       = 0,
  parameter DEPTHWISE_PIXELS = 1,
  parameter PTR_W            = 20,
  parameter SET_BEATS        = 64 * POUT / PARAM_W
) (
  input  wire                   aclk,
  input  wire                   aresetn,
  input  wire                   result_resetn,
  input  wire                   close,            // end the result packet

  input  wire                   layer_valid,
  output wire                   layer_finished,   // takes the layer word
  input  wire [639:0]           layer_word,
  output wire [7:0]             layer_slot,
  input  wire [15:0]            loads,            // images stored in this pass
  input  wire                   result_sent,      // the result packet of the pass has left

  // weights and constants
  output wire [PTR_W-1:0]       weight_pointer,
  input  wire [12*PIN*POUT-1:0] weight_word,
  input  wire [PTR_W-1:0]       weights_complete, // words below are there
  output wire [PTR_W-1:0]       weights_free,     // words below were used
  output wire                   constant_set,
  output wire [1:0]             constant_release,
  input  wire [64*POUT-1:0]     constants,
  input  wire [SET_BEATS-1:0]   kernel_beats,
  input  wire                   kernel_end,
  input  wire [SET_BEATS-1:0]   depthwise_beats,
  input  wire                   depthwise_end,
  input  wire [PARAM_W-1:0]     set_data,
  output wire                   depthwise_space,

  // feature memory
  output wire [17:0]            feature_address,
  input  wire [8*PIN-1:0]       feature_word,
  output wire                   skip_valid,
  input  wire                   skip_ready,
  output wire [17:0]            skip_address,
  input  wire [8*PIN-1:0]       skip_word,
  output wire                   store_valid,
  output wire [PIN-1:0]         store_enable,
  output wire [17:0]            store_address,
  output wire [8*PIN-1:0]       store_data,

  // result stream
  output wire                   result_idle,
  output wire                   result_last,      // its last beat is taken at the port
  output wire                   m_valid,
  input  wire                   m_ready,
  output wire [63:0]            m_data,
  output wire                   m_last,

  // what this cycle is spent on
  output wire                   count_busy,
  output wire                   count_weights,
  output wire                   count_output,
  output wire                   count_features
);

  localparam RESULT_DEPTH = 32;
  localparam LEVEL_W      = $clog2(RESULT_DEPTH) + 1;

  wire                    layer_begin, pair_valid, pair_no_a, pair_no_b, pair_set, pair_both,
                          pair_row_end, pair_end, step_taken, step_row_end, drain, tables_ready,
                          step_ready, pair_done, code_valid, code_set, code_both, code_row_end,
                          code_end, output_idle;
  wire [16*POUT-1:0]      code;
  wire [2*POUT*ACC_W-1:0] term_a, term_b;
  wire [3:0]              pair_cycles;
  wire [LEVEL_W-1:0]      result_level;

  lsfq_compute #(
    .PIN             (PIN),
    .POUT            (POUT),
    .ACC_W           (ACC_W),
    .MULTIPLIER      (MULTIPLIER),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS)
  ) u_compute (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .layer_valid     (layer_valid),
    .layer_finished  (layer_finished),
    .layer_word      (layer_word),
    .layer_begin     (layer_begin),
    .loads           (loads),
    .result_sent     (result_sent),
    .feature_address (feature_address),
    .feature_word    (feature_word),
    .weight_pointer  (weight_pointer),
    .weight_word     (weight_word),
    .weights_complete(weights_complete),
    .weights_free    (weights_free),
    .pair_valid      (pair_valid),
    .pair_no_a       (pair_no_a),
    .pair_no_b       (pair_no_b),
    .pair_set        (pair_set),
    .pair_both       (pair_both),
    .pair_row_end    (pair_row_end),
    .pair_end        (pair_end),
    .term_a          (term_a),
    .term_b          (term_b),
    .pair_cycles     (pair_cycles),
    .step_taken      (step_taken),
    .step_row_end    (step_row_end),
    .drain           (drain),
    .tables_ready    (tables_ready),
    .step_ready      (step_ready),
    .pair_done       (pair_done),
    .output_idle     (output_idle),
    .result_level    (result_level),
    .count_busy      (count_busy),
    .count_weights   (count_weights),
    .count_output    (count_output),
    .count_features  (count_features)
  );

  lsfq_output #(
    .PIN       (PIN),
    .POUT      (POUT),
    .ACC_W     (ACC_W),
    .MULTIPLIER(MULTIPLIER)
  ) u_output (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .result_resetn   (result_resetn),
    .close           (close),
    .layer_word      (layer_word),
    .layer_begin     (layer_begin),
    .layer_slot      (layer_slot),
    .pair_valid      (pair_valid),
    .pair_no_a       (pair_no_a),
    .pair_no_b       (pair_no_b),
    .pair_set        (pair_set),
    .pair_both       (pair_both),
    .pair_row_end    (pair_row_end),
    .pair_end        (pair_end),
    .term_a          (term_a),
    .term_b          (term_b),
    .step_taken      (step_taken),
    .step_row_end    (step_row_end),
    .tables_ready    (tables_ready),
    .step_ready      (step_ready),
    .pair_done       (pair_done),
    .result_level    (result_level),
    .constant_set    (constant_set),
    .constant_release(constant_release),
    .constants       (constants),
    .skip_valid      (skip_valid),
    .skip_ready      (skip_ready),
    .skip_address    (skip_address),
    .skip_word       (skip_word),
    .code_valid      (code_valid),
    .code_set        (code_set),
    .code_both       (code_both),
    .code_row_end    (code_row_end),
    .code_end        (code_end),
    .code            (code),
    .result_idle     (result_idle),
    .result_last     (result_last),
    .m_valid         (m_valid),
    .m_ready         (m_ready),
    .m_data          (m_data),
    .m_last          (m_last)
  );

  lsfq_store #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PARAM_W         (PARAM_W),
    .MAX_POOL_WIDTH  (MAX_POOL_WIDTH),
    .MULTIPLIER      (MULTIPLIER),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS)
  ) u_store (
    .aclk           (aclk),
    .aresetn        (aresetn),
    .layer_word     (layer_word),
    .layer_begin    (layer_begin),
    .code_valid     (code_valid),
    .code_set       (code_set),
    .code_both      (code_both),
    .code_row_end   (code_row_end),
    .code_end       (code_end),
    .code           (code),
    .pair_cycles    (pair_cycles),
    .drain          (drain),
    .idle           (output_idle),
    .kernel_beats   (kernel_beats),
    .kernel_end     (kernel_end),
    .depthwise_beats(depthwise_beats),
    .depthwise_end  (depthwise_end),
    .set_data       (set_data),
    .depthwise_space(depthwise_space),
    .store_valid    (store_valid),
    .store_enable   (store_enable),
    .store_address  (store_address),
    .store_data     (store_data)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_output: turns the array's pixel pairs into codes, or into the numbers of the result stream.
//
//   pair -> requantisation -> codes, to lsfq_store
//             |  '- skip reader, skip scale: a residual addition
//             '---> result queue -> result stream (raw layers)
//
// Pairs cannot be held up: the sequencer spaces them by `pair_cycles`, and lets a step end only
// when `tables_ready` and `step_ready` allow it and the result queue has room. `aresetn` resets the
// control between passes. The result packet outlives a pass: `result_resetn`.

`default_nettype none

module lsfq_output #(
  parameter PIN          = 16,
  parameter POUT         = 16,
  parameter ACC_W        = 27,
  parameter MULTIPLIER   = 0,
  parameter RESULT_DEPTH = 32,             // pixels that the result queue holds
  parameter LEVEL_W      = $clog2(RESULT_DEPTH) + 1
) (
  input  wire                    aclk,
  input  wire                    aresetn,
  input  wire                    result_resetn,
  input  wire                    close,            // end the result packet

  input  wire [639:0]            layer_word,
  input  wire                    layer_begin,
  output wire [7:0]              layer_slot,

  // pixel pairs, and their pace
  input  wire                    pair_valid,
  input  wire                    pair_no_a,
  input  wire                    pair_no_b,
  input  wire                    pair_set,
  input  wire                    pair_both,
  input  wire                    pair_row_end,
  input  wire                    pair_end,
  input  wire [2*POUT*ACC_W-1:0] term_a,
  input  wire [2*POUT*ACC_W-1:0] term_b,
  input  wire                    step_taken,
  input  wire                    step_row_end,
  output wire                    tables_ready,     // the skip tensor's table is made
  output wire                    step_ready,       // the skip tensor's pairs of a step are there
  output wire                    pair_done,        // a pair has passed the requantisation
  output wire [LEVEL_W-1:0]      result_level,

  // requantisation constants
  output wire                    constant_set,
  output wire [1:0]              constant_release,
  input  wire [64*POUT-1:0]      constants,

  // the skip tensor, in the feature memory
  output wire                    skip_valid,
  input  wire                    skip_ready,
  output wire [17:0]             skip_address,
  input  wire [8*PIN-1:0]        skip_word,

  // codes
  output wire                    code_valid,
  output wire                    code_set,
  output wire                    code_both,
  output wire                    code_row_end,
  output wire                    code_end,
  output wire [16*POUT-1:0]      code,

  // result stream
  output wire                    result_idle,
  output wire                    result_last,      // its last beat is taken at the port
  output wire                    m_valid,
  input  wire                    m_ready,
  output wire [63:0]             m_data,
  output wire                    m_last
);

  localparam RAW_W = 47;

  wire           layer_pointwise, layer_raw, layer_last, layer_stride2, layer_skip,
                 layer_skip_wide;
  wire [3:0]     layer_out_bits;
  wire [5:0]     layer_shift;
  wire [15:0]    layer_images, layer_groups, layer_channels;
  wire [17:0]    layer_skip_start, layer_skip_count, layer_skip_left, layer_skip_plane,
                 layer_skip_digit, layer_skip_pitch, layer_skip_multiplier;

  lsfq_layer_output u_layer (
    .word           (layer_word),
    .pointwise      (layer_pointwise),
    .raw            (layer_raw),
    .last           (layer_last),
    .stride2        (layer_stride2),
    .images         (layer_images),
    .groups         (layer_groups),
    .channels       (layer_channels),
    .slot           (layer_slot),
    .out_bits       (layer_out_bits),
    .shift          (layer_shift),
    .skip           (layer_skip),
    .skip_wide      (layer_skip_wide),
    .skip_start     (layer_skip_start),
    .skip_count     (layer_skip_count),
    .skip_left      (layer_skip_left),
    .skip_plane     (layer_skip_plane),
    .skip_digit     (layer_skip_digit),
    .skip_pitch     (layer_skip_pitch),
    .skip_multiplier(layer_skip_multiplier)
  );

  wire                    result_valid, result_ready, result_end;
  wire [63:0]             result_data;
  wire                    raw_valid, raw_set, raw_both, raw_end;
  wire [2*POUT*RAW_W-1:0] raw;
  wire [52*POUT-1:0]      residue;
  wire [16*POUT-1:0]      skip;

  assign pair_done = code_valid || (raw_valid && layer_raw);

  // a group's constants serve all its images
  wire image_end = pair_valid && pair_end && (pair_set || !layer_pointwise);
  wire last_image, unused_next;

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_images (
    .aclk     (aclk),
    .restart  (layer_begin),
    .count    (layer_images),
    .advance  (image_end),
    .last     (last_image),
    .next_last(unused_next)
  );

  assign constant_set     = pair_set;
  assign constant_release = !(image_end && last_image) ? 2'd0 : layer_pointwise ? 2'd2 : 2'd1;

  lsfq_skip_reader #(
    .PIN (PIN),
    .POUT(POUT)
  ) u_skip (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .restart     (layer_begin),
    .enable      (layer_skip),
    .pointwise   (layer_pointwise),
    .stride_2    (layer_stride2),
    .wide        (layer_skip_wide),
    .third       (1'b0),
    .groups      (layer_groups),
    .start       (layer_skip_start),
    .count       (layer_skip_count),
    .left        (layer_skip_left),
    .row_pairs   (16'd0),
    .plane       (layer_skip_plane),
    .digit_words (layer_skip_digit),
    .images      (layer_images),
    .pitch       (layer_skip_pitch),
    .read_valid  (skip_valid),
    .read_ready  (skip_ready),
    .read_address(skip_address),
    .read_data   (skip_word),
    .step_ready  (step_ready),
    .step_end    (step_taken),
    .step_row_end(step_row_end),
    .pair_taken  (pair_valid),
    .pair_set    (pair_set),
    .pair_row_end(pair_row_end),
    .pair        (skip)
  );

  lsfq_skip_scale #(
    .POUT(POUT)
  ) u_scale (
    .aclk      (aclk),
    .restart   (layer_begin),
    .enable    (layer_skip),
    .multiplier(layer_skip_multiplier),
    .ready     (tables_ready),
    .pair      (skip),
    .residue   (residue)
  );

  lsfq_requant #(
    .POUT      (POUT),
    .ACC_W     (ACC_W),
    .RAW_W     (RAW_W),
    .MULTIPLIER(MULTIPLIER),
    .SKIP      (1)
  ) u_requant (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .out_bits    (layer_out_bits),
    .shift       (layer_shift),
    .raw_only    (layer_raw),
    .pair_valid  (pair_valid),
    .pair_set    (pair_set),
    .pair_both   (pair_both),
    .pair_row_end(pair_row_end),
    .pair_end    (pair_end),
    .term_a      (term_a),
    .term_b      (term_b),
    .no_a        (pair_no_a),
    .no_b        (pair_no_b),
    .constants   (constants),
    .residue     (residue),
    .raw_valid   (raw_valid),
    .raw_set     (raw_set),
    .raw_both    (raw_both),
    .raw_end     (raw_end),
    .raw         (raw),
    .code_valid  (code_valid),
    .code_set    (code_set),
    .code_both   (code_both),
    .code_row_end(code_row_end),
    .code_end    (code_end),
    .code        (code)
  );

  lsfq_result #(
    .POUT (POUT),
    .RAW_W(RAW_W),
    .DEPTH(RESULT_DEPTH)
  ) u_result (
    .aclk      (aclk),
    .aresetn   (result_resetn),
    .close     (close),
    .idle      (result_idle),
    .pointwise (layer_pointwise),
    .channels  (layer_channels),
    .images    (layer_images),
    .last_layer(layer_last),
    .restart   (layer_begin),
    .s_valid   (raw_valid && layer_raw),
    .s_set     (raw_set),
    .s_both    (raw_both),
    .s_end     (raw_end),
    .s_raw     (raw),
    .level     (result_level),
    .m_valid   (result_valid),
    .m_ready   (result_ready),
    .m_data    (result_data),
    .m_last    (result_end)
  );

  lsfq_skid #(
    .WIDTH(65)
  ) u_result_border (
    .aclk   (aclk),
    .aresetn(result_resetn),
    .s_valid(result_valid),
    .s_ready(result_ready),
    .s_data ({result_end, result_data}),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data ({m_last, m_data})
  );

  assign result_last = m_valid && m_ready && m_last;

endmodule

`default_nettype wire

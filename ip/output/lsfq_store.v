// SPDX-License-Identifier: Apache-2.0
//
// lsfq_store: the stages between a layer's codes and the feature memory: streams of pixel pairs.
//
//   codes -> stride -> depthwise -> max pool -> writer -> feature memory
//
// A stage that the layer does not use passes the pairs on. No stage can hold up the one before: the
// sequencer spaces the pairs by `pair_cycles`, and the feature memory never delays the writer.

`default_nettype none

module lsfq_store #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PARAM_W          = 128,
  parameter MAX_POOL_WIDTH   = 512,
  parameter MULTIPLIER       = 0,
  parameter DEPTHWISE_PIXELS = 1,
  parameter SET_BEATS        = 64 * POUT / PARAM_W
) (
  input  wire                 aclk,
  input  wire                 aresetn,

  input  wire [639:0]         layer_word,
  input  wire                 layer_begin,

  input  wire                 code_valid,
  input  wire                 code_set,
  input  wire                 code_both,
  input  wire                 code_row_end,
  input  wire                 code_end,
  input  wire [16*POUT-1:0]   code,
  input  wire [3:0]           pair_cycles,
  input  wire                 drain,            // no more codes of this layer come
  output reg                  idle,             // no pair is in here

  // the depthwise layer's kernels and constants, beat by beat
  input  wire [SET_BEATS-1:0] kernel_beats,
  input  wire                 kernel_end,
  input  wire [SET_BEATS-1:0] depthwise_beats,
  input  wire                 depthwise_end,
  input  wire [PARAM_W-1:0]   set_data,
  output wire                 depthwise_space,

  output wire                 store_valid,
  output wire [PIN-1:0]       store_enable,
  output wire [17:0]          store_address,
  output wire [8*PIN-1:0]     store_data
);

  wire           layer_pointwise, layer_pool, layer_pool_3x3, layer_stride2, layer_wide_out,
                 layer_depthwise, layer_depthwise_stride2, layer_above_behind, layer_below_behind;
  wire [3:0]     layer_depthwise_bits;
  wire [5:0]     layer_depthwise_shift;
  wire [15:0]    layer_pool_rows, layer_images, layer_out_planes;
  wire [17:0]    layer_out_start, layer_out_count, layer_out_left, layer_out_pitch, layer_out_plane,
                 layer_out_digit;

  lsfq_layer_store u_layer (
    .word             (layer_word),
    .pointwise        (layer_pointwise),
    .pool             (layer_pool),
    .pool_3x3         (layer_pool_3x3),
    .pool_rows        (layer_pool_rows),
    .stride2          (layer_stride2),
    .wide_out         (layer_wide_out),
    .images           (layer_images),
    .out_start        (layer_out_start),
    .out_count        (layer_out_count),
    .out_left         (layer_out_left),
    .out_pitch        (layer_out_pitch),
    .out_plane        (layer_out_plane),
    .out_digit        (layer_out_digit),
    .out_planes       (layer_out_planes),
    .depthwise        (layer_depthwise),
    .depthwise_stride2(layer_depthwise_stride2),
    .above_behind     (layer_above_behind),
    .below_behind     (layer_below_behind),
    .depthwise_bits   (layer_depthwise_bits),
    .depthwise_shift  (layer_depthwise_shift)
  );

  wire               kept_valid, kept_set, kept_both, kept_row_end, kept_end;
  wire               filtered_valid, filtered_set, filtered_both, filtered_row_end, filtered_end;
  wire               pooled_valid, pooled_set, pooled_both;
  wire [16*POUT-1:0] kept, filtered, pooled;
  wire               depthwise_busy, pool_busy, writer_idle;

  // from a register: no pair may be on its way to `code_valid`
  always @(posedge aclk)
    idle <= !code_valid && !kept_valid && !depthwise_busy && !filtered_valid && !pool_busy &&
            !pooled_valid && writer_idle;

  lsfq_stride #(
    .PIXEL_W(8 * POUT)
  ) u_stride (
    .aclk     (aclk),
    .aresetn  (aresetn),
    .restart  (layer_begin),
    .enable   (layer_stride2),
    .s_valid  (code_valid),
    .s_set    (code_set),
    .s_both   (code_both),
    .s_row_end(code_row_end),
    .s_end    (code_end),
    .s_pair   (code),
    .m_valid  (kept_valid),
    .m_set    (kept_set),
    .m_both   (kept_both),
    .m_row_end(kept_row_end),
    .m_end    (kept_end),
    .m_pair   (kept)
  );

  lsfq_depthwise #(
    .POUT      (POUT),
    .PIXELS    (DEPTHWISE_PIXELS),
    .PARAM_W   (PARAM_W),
    .MAX_WIDTH (MAX_POOL_WIDTH),
    .MULTIPLIER(MULTIPLIER)
  ) u_depthwise (
    .aclk          (aclk),
    .aresetn       (aresetn),
    .restart       (layer_begin),
    .enable        (layer_depthwise),
    .two_sets      (layer_pointwise),
    .stride_2      (layer_depthwise_stride2),
    .above         (layer_above_behind),
    .below         (layer_below_behind),
    .images        (layer_images),
    .out_bits      (layer_depthwise_bits),
    .shift         (layer_depthwise_shift),
    .pair_cycles   (pair_cycles),
    .drain         (drain),
    .busy          (depthwise_busy),
    .kernel_beats  (kernel_beats),
    .kernel_end    (kernel_end),
    .constant_beats(depthwise_beats),
    .constant_end  (depthwise_end),
    .write_data    (set_data),
    .space         (depthwise_space),
    .s_valid       (kept_valid),
    .s_set         (kept_set),
    .s_both        (kept_both),
    .s_row_end     (kept_row_end),
    .s_end         (kept_end),
    .s_code        (kept),
    .m_valid       (filtered_valid),
    .m_set         (filtered_set),
    .m_both        (filtered_both),
    .m_row_end     (filtered_row_end),
    .m_end         (filtered_end),
    .m_code        (filtered)
  );

  lsfq_max_pool #(
    .POUT     (POUT),
    .MAX_WIDTH(MAX_POOL_WIDTH)
  ) u_pool (
    .aclk     (aclk),
    .aresetn  (aresetn),
    .restart  (layer_begin),
    .enable   (layer_pool),
    .three    (layer_pool_3x3),
    .above    (layer_pool_3x3 && layer_above_behind),
    .two_sets (layer_pointwise),
    .rows     (layer_pool_rows),
    .busy     (pool_busy),
    .s_valid  (filtered_valid),
    .s_set    (filtered_set),
    .s_both   (filtered_both),
    .s_row_end(filtered_row_end),
    .s_end    (filtered_end),
    .s_code   (filtered),
    .m_valid  (pooled_valid),
    .m_set    (pooled_set),
    .m_both   (pooled_both),
    .m_code   (pooled)
  );

  lsfq_writer #(
    .PIN (PIN),
    .POUT(POUT)
  ) u_writer (
    .aclk         (aclk),
    .aresetn      (aresetn),
    .restart      (layer_begin),
    .idle         (writer_idle),
    .pointwise    (layer_pointwise),
    .wide         (layer_wide_out),
    .third        (1'b0),
    .start        (layer_out_start),
    .count        (layer_out_count),
    .left         (layer_out_left),
    .row_pairs    (16'd0),
    .plane        (layer_out_plane),
    .digit_words  (layer_out_digit),
    .planes       (layer_out_planes),
    .images       (layer_images),
    .pitch        (layer_out_pitch),
    .s_valid      (pooled_valid),
    .s_set        (pooled_set),
    .s_both       (pooled_both),
    .s_code       (pooled),
    .write_valid  (store_valid),
    .write_enable (store_enable),
    .write_address(store_address),
    .write_data   (store_data)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_program: reads the program from the parameter stream and keeps what the layers need.
//
//   s -> parser -> image blocks, to the loader
//                  layer words -> layer queue: the layer in work, and the one that waits
//                  payload -> constant memory, weight memory;
//                             kernels and constants of depthwise layers, to lsfq_store
//
// Latency: constants come a cycle after their beat, because their memories lie far apart.
// The layer in work stands in the layer queue's output register, from which everything takes its
// settings, until layer_finished.

`default_nettype none

module lsfq_program #(
  parameter PIN            = 16,
  parameter POUT           = 16,
  parameter PARAM_W        = 128,
  parameter FEATURE_DEPTH  = 8192,
  parameter WEIGHT_DEPTH   = 512,
  parameter MAX_POOL_WIDTH = 512,
  parameter MULTIPLIER     = 0,
  parameter PTR_W          = 20,
  parameter SET_BEATS      = 64 * POUT / PARAM_W
) (
  input  wire                   aclk,
  input  wire                   aresetn,
  input  wire                   flush,            // resets queue and memories; high in reset, too
  input  wire                   abort,            // forget the packet
  input  wire                   pass_open,        // let the packet of the pass in
  input  wire                   pass_start,
  input  wire                   stop,             // drop the rest of the packet
  output wire                   idle,
  output wire                   done,             // the program was read and is good
  output wire                   first_beat,       // the first beat is taken at the port
  output wire                   error_valid,
  output wire [7:0]             error_code,
  output wire [15:0]            error_layer,

  // parameter stream
  input  wire                   s_valid,
  output wire                   s_ready,
  input  wire [PARAM_W-1:0]     s_data,
  input  wire                   s_last,

  // the next LOAD
  output wire                   load_valid,
  input  wire                   load_ready,
  output wire [191:0]           load_word,

  // the layer in work
  output wire                   layer_valid,
  input  wire                   layer_finished,
  output wire [639:0]           layer_word,

  // weights
  input  wire [PTR_W-1:0]       weight_pointer,
  output wire [12*PIN*POUT-1:0] weight_word,
  output wire [PTR_W-1:0]       weights_complete, // words below are there
  input  wire [PTR_W-1:0]       weights_free,     // words below were used

  // requantisation constants
  input  wire                   constant_set,
  input  wire [1:0]             constant_release,
  output wire [64*POUT-1:0]     constants,

  // beats of depthwise kernels and constants
  output wire [SET_BEATS-1:0]   kernel_beats,
  output wire                   kernel_end,
  output wire [SET_BEATS-1:0]   depthwise_beats,
  output wire                   depthwise_end,
  output wire [PARAM_W-1:0]     set_data,
  input  wire                   depthwise_space
);

  localparam BEAT_W = 8;
  localparam [SET_BEATS-1:0] FIRST_BEAT = 1;

  wire               queue_resetn = !flush;
  wire               param_valid, param_ready, param_last;
  wire [PARAM_W-1:0] param_data;
  wire               next_valid, next_ready;
  wire [639:0]       next_word;
  wire               parsed_valid, parsed_ready, queued_valid, queued_ready;
  wire [191:0]       parsed_load, queued_load;
  wire [4:0]         unused_level;

  wire               constant_write, kernel_write, depthwise_write, set_end, constant_space;
  wire               weight_write, weight_last, weight_space;
  wire [1:0]         weight_plane, weight_absent;
  wire [BEAT_W-1:0]  payload_beat;
  wire [PARAM_W-1:0] payload_data;

  lsfq_packet_input #(
    .WIDTH(PARAM_W)
  ) u_input (
    .aclk   (aclk),
    .aresetn(aresetn && !abort),
    .open   (pass_open),
    .first  (first_beat),
    .s_valid(s_valid),
    .s_ready(s_ready),
    .s_data (s_data),
    .s_last (s_last),
    .m_valid(param_valid),
    .m_ready(param_ready),
    .m_data (param_data),
    .m_last (param_last)
  );

  lsfq_parser #(
    .PIN           (PIN),
    .POUT          (POUT),
    .PARAM_W       (PARAM_W),
    .FEATURE_DEPTH (FEATURE_DEPTH),
    .WEIGHT_DEPTH  (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH(MAX_POOL_WIDTH),
    .BEAT_W        (BEAT_W),
    .MULTIPLIER    (MULTIPLIER)
  ) u_parser (
    .aclk              (aclk),
    .aresetn           (aresetn),
    .clear             (abort),
    .start             (pass_start),
    .stop              (stop),
    .idle              (idle),
    .done              (done),
    .s_valid           (param_valid),
    .s_ready           (param_ready),
    .s_data            (param_data),
    .s_last            (param_last),
    .load_valid        (parsed_valid),
    .load_ready        (parsed_ready),
    .load_word         (parsed_load),
    .layer_valid       (next_valid),
    .layer_ready       (next_ready),
    .layer_word        (next_word),
    .constant_write    (constant_write),
    .constant_last     (set_end),
    .constant_space    (constant_space),
    .depthwise_kernel_write  (kernel_write),
    .depthwise_constant_write(depthwise_write),
    .depthwise_space         (depthwise_space),
    .weight_write      (weight_write),
    .weight_plane      (weight_plane),
    .weight_absent     (weight_absent),
    .weight_last       (weight_last),
    .weight_space      (weight_space),
    .payload_beat      (payload_beat),
    .payload_data      (payload_data),
    .error_valid       (error_valid),
    .error_code        (error_code),
    .error_layer       (error_layer)
  );

  // LOADs wait here, so that those that wait for layers do not hold up the weights behind them;
  // the loader takes them from registers
  lsfq_fifo #(
    .WIDTH(192),
    .DEPTH(16)
  ) u_load_queue (
    .aclk   (aclk),
    .aresetn(queue_resetn),
    .s_valid(parsed_valid),
    .s_ready(parsed_ready),
    .s_data (parsed_load),
    .m_valid(queued_valid),
    .m_ready(queued_ready),
    .m_data (queued_load),
    .level  (unused_level)
  );

  lsfq_skid #(
    .WIDTH(192)
  ) u_load (
    .aclk   (aclk),
    .aresetn(queue_resetn),
    .s_valid(queued_valid),
    .s_ready(queued_ready),
    .s_data (queued_load),
    .m_valid(load_valid),
    .m_ready(load_ready),
    .m_data (load_word)
  );

  lsfq_skid #(
    .WIDTH(640)
  ) u_layers (
    .aclk   (aclk),
    .aresetn(queue_resetn),
    .s_valid(next_valid),
    .s_ready(next_ready),
    .s_data (next_word),
    .m_valid(layer_valid),
    .m_ready(layer_finished),
    .m_data (layer_word)
  );

  // ---- a set of constants or kernels: the beat of it that is written

  wire [SET_BEATS-1:0] set_beat = FIRST_BEAT << payload_beat;
  wire [SET_BEATS-1:0] constant_beats;
  wire                 constant_end;

  lsfq_delay #(
    .WIDTH(3 * SET_BEATS + 3),
    .RESET(1)
  ) u_delay_set_write (
    .aclk   (aclk),
    .aresetn(queue_resetn),
    .d      ({{SET_BEATS{constant_write}} & set_beat, {SET_BEATS{kernel_write}} & set_beat,
              {SET_BEATS{depthwise_write}} & set_beat, constant_write && set_end,
              kernel_write && set_end, depthwise_write && set_end}),
    .q      ({constant_beats, kernel_beats, depthwise_beats, constant_end, kernel_end,
              depthwise_end})
  );

  lsfq_delay #(
    .WIDTH(PARAM_W)
  ) u_delay_set (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      (payload_data),
    .q      (set_data)
  );

  lsfq_constant_memory #(
    .POUT   (POUT),
    .PARAM_W(PARAM_W)
  ) u_constants (
    .aclk        (aclk),
    .aresetn     (queue_resetn),
    .write_beats (constant_beats),
    .write_end   (constant_end),
    .write_data  (set_data),
    .space       (constant_space),
    .read_set    (constant_set),
    .release_sets(constant_release),
    .read_data   (constants)
  );

  lsfq_weight_memory #(
    .PIN    (PIN),
    .POUT   (POUT),
    .PARAM_W(PARAM_W),
    .DEPTH  (WEIGHT_DEPTH),
    .PTR_W  (PTR_W),
    .BEAT_W (BEAT_W)
  ) u_weights (
    .aclk         (aclk),
    .aresetn      (queue_resetn),
    .write_enable (weight_write),
    .write_plane  (weight_plane),
    .write_beat   (payload_beat),
    .absent_plane (weight_absent),
    .write_last   (weight_last),
    .write_data   (payload_data),
    .space        (weight_space),
    .free_pointer (weights_free),
    .write_pointer(weights_complete),
    .read_pointer (weight_pointer),
    .read_data    (weight_word)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser: reads one parameter packet a pass (docs/stream_format.md). Every block is checked
// before it is used; the payload goes to the constant memories and the weight memory.
//
//   lsfq_parser_crc      the CRC of blocks and payload
//   lsfq_parser_block    what a block says: checks, sizes, the layer word
//   lsfq_parser_payload  where each beat of a payload goes
//
// The parser runs ahead of the array and the loader: a checked LOAD waits at
// load_valid/load_ready, a checked layer at layer_valid/layer_ready; the layer's payload then flows
// as long as the memories have space.
//
// Latency: the first beat behind a block is taken at most 24 cycles after the block's last beat, if
// the loader or the layer queue is ready. Within a block or a payload a beat is taken every cycle.
//
// Handshake: `start` begins a pass in any cycle of `idle`. `stop`, which comes after an error
// anywhere, drops the rest of the packet up to TLAST; so does an error of the parser itself, which
// error_valid reports for one cycle. `clear` forgets the packet at once.
// Parameter rules: PARAM_W is 32, 64, 128 or 256; FEATURE_DEPTH is 2 to 2^17.

`default_nettype none

module lsfq_parser #(
  parameter PIN            = 16,
  parameter POUT           = 16,
  parameter PARAM_W        = 128,
  parameter FEATURE_DEPTH  = 8192,
  parameter WEIGHT_DEPTH   = 512,
  parameter MAX_POOL_WIDTH = 512,
  parameter BEAT_W         = 8,
  parameter MULTIPLIER     = 0          // as in lsfq_lane; here 4 alone matters
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               clear,
  input  wire               start,
  input  wire               stop,
  output wire               idle,             // nothing of a packet is in flight
  output wire               done,             // END was read and is good

  // parameter stream
  input  wire               s_valid,
  output wire               s_ready,
  input  wire [PARAM_W-1:0] s_data,
  input  wire               s_last,

  // the next LOAD
  output wire               load_valid,
  input  wire               load_ready,
  output wire [191:0]       load_word,        // lsfq_load_pack

  // the next layer
  output wire               layer_valid,
  input  wire               layer_ready,
  output wire [639:0]       layer_word,       // lsfq_layer_pack

  // payload
  output wire               constant_write,
  output wire               constant_last,
  input  wire               constant_space,   // a beat may come in the next cycle
  output wire               depthwise_kernel_write,
  output wire               depthwise_constant_write,
  input  wire               depthwise_space,  // the same, for both
  output wire               weight_write,
  output wire [1:0]         weight_plane,
  output wire [1:0]         weight_absent,
  output wire               weight_last,
  input  wire               weight_space,     // a beat may come in this cycle
  output wire [BEAT_W-1:0]  payload_beat,
  output wire [PARAM_W-1:0] payload_data,

  output reg                error_valid,
  output reg  [7:0]         error_code,
  output wire [15:0]        error_layer
);

  localparam [7:0] E_PARAM_SHORT = 8'd1;

  // One bit a state, because s_ready follows from them. After an error or a stop, S_DROP looks once
  // whether the packet's last beat was taken already; if not, S_DRAIN takes all beats up to it.
  localparam S_IDLE = 0, S_BLOCK = 1, S_CHECK = 2, S_PUBLISH = 3, S_CONSTANTS = 4, S_WEIGHTS = 5,
             S_DONE = 6, S_DROP = 7, S_DRAIN = 8;

  localparam HEADER_STEP = 6, LAST_STEP = 21;           // of S_CHECK: see lsfq_parser_block

  generate
    if (512 % PARAM_W != 0 || PARAM_W < 32 || PARAM_W > 256) begin : g_check_width
      PARAM_W_must_be_32_64_128_or_256 parameter_error ();
    end
  endgenerate

  reg  [8:0]         state_q;
  wire               in_idle      = state_q[S_IDLE];
  wire               in_block     = state_q[S_BLOCK];
  wire               in_check     = state_q[S_CHECK];
  wire               in_publish   = state_q[S_PUBLISH];
  wire               in_constants = state_q[S_CONSTANTS];
  wire               in_weights   = state_q[S_WEIGHTS];
  wire               in_done      = state_q[S_DONE];
  wire               in_drop      = state_q[S_DROP];
  wire               in_drain     = state_q[S_DRAIN];
  reg  [LAST_STEP:0] step_q;            // bit k: cycle k of S_CHECK; bit 0: no check, too
  reg  [511:0]       block_q;
  reg                last_q;            // TLAST was taken in this pass

  wire               is_program, is_load, is_layer, is_end, bad_header, bad_sizes;
  wire [7:0]         header_code, sizes_code;
  wire               started;           // the PROGRAM block was read
  wire [15:0]        layer;             // layers read
  wire               pointwise, full, depthwise;
  wire [19:0]        group_words;
  wire [15:0]        groups;
  wire               payload_ready, block_end, constants_read, group_read, last_group;
  wire               crc_right;

  // ---- what happens, and which state follows

  wire take           = s_valid && s_ready;
  wire begins         = start && (in_idle || in_done);
  wire block_read     = in_block && s_valid && block_end;
  wire block_cut      = in_block && s_valid && !block_end && s_last;
  wire header_read    = in_check && step_q[HEADER_STEP] && !bad_header;
  wire program_read   = header_read && is_program;
  wire end_read       = header_read && is_end;
  wire header_fails   = in_check && step_q[HEADER_STEP] && bad_header;
  wire checked        = in_check && step_q[LAST_STEP];
  wire sizes_fail     = checked && bad_sizes;
  wire load_taken     = load_valid && load_ready;
  wire layer_taken    = layer_valid && layer_ready;
  wire payload_end    = group_read && last_group;
  wire layer_read     = payload_end && !s_last;         // with TLAST the error is this layer's
  wire payload_cut    = s_valid && payload_ready && s_last && !in_block;
  wire fails          = block_cut || header_fails || sizes_fail || payload_cut;
  wire drops          = fails || (stop && !in_idle && !in_drop && !in_drain);
  wire dropped        = in_drop ? last_q : in_drain && s_valid && s_last;

  wire [8:0] next_state;
  assign next_state[S_IDLE]      = dropped || (in_idle && !begins);
  assign next_state[S_BLOCK]     = !drops && (begins || program_read || load_taken || payload_end ||
                                              (in_block && !block_read));
  assign next_state[S_CHECK]     = !drops && (block_read ||
                                              (in_check && !program_read && !end_read && !checked));
  assign next_state[S_PUBLISH]   = !drops && (checked ||
                                              (in_publish && !load_taken && !layer_taken));
  assign next_state[S_CONSTANTS] = !drops && (layer_taken || (group_read && !last_group) ||
                                              (in_constants && !constants_read));
  assign next_state[S_WEIGHTS]   = !drops && (constants_read || (in_weights && !group_read));
  assign next_state[S_DONE]      = !drops && (end_read || (in_done && !begins));
  assign next_state[S_DROP]      = drops;
  assign next_state[S_DRAIN]     = (in_drop || in_drain) && !dropped;

  assign idle         = in_idle || in_done;
  assign done         = in_done;
  assign s_ready      = payload_ready || in_drain;
  assign load_valid   = in_publish && is_load;
  assign layer_valid  = in_publish && is_layer;
  assign payload_data = s_data;
  assign error_layer  = started ? layer : 16'hFFFF;

  always @(posedge aclk) begin
    step_q <= in_check ? step_q << 1 : {{LAST_STEP{1'b0}}, 1'b1};
    if (in_block && s_valid) block_q <= {s_data, block_q[511:PARAM_W]};
    error_code <= !in_check          ? E_PARAM_SHORT
                : !step_q[LAST_STEP] ? header_code : sizes_code;

    if (take && s_last) last_q <= 1'b1;
    if (begins) begin
      last_q  <= 1'b0;
    end

    error_valid <= fails;
    state_q     <= next_state;
    if (!aresetn || clear) begin
      error_valid <= 1'b0;
      state_q     <= 9'd1 << S_IDLE;
      last_q      <= 1'b0;
    end
  end

  lsfq_parser_crc #(
    .PARAM_W(PARAM_W)
  ) u_crc (
    .aclk   (aclk),
    .restart(idle || in_check),         // anew for every block
    .take   (s_valid && payload_ready && aresetn && !clear),
    .data   (s_data),
    .right  (crc_right)
  );

  lsfq_parser_block #(
    .PIN           (PIN),
    .POUT          (POUT),
    .FEATURE_DEPTH (FEATURE_DEPTH),
    .WEIGHT_DEPTH  (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH(MAX_POOL_WIDTH),
    .MULTIPLIER    (MULTIPLIER),
    .LAST_STEP     (LAST_STEP)
  ) u_block (
    .aclk            (aclk),
    .restart         (begins || !aresetn || clear),
    .block           (block_q),
    .in_check        (in_check),
    .step            (step_q),
    .crc_right       (crc_right),
    .packet_ended    (last_q),
    .program_read    (program_read),
    .load_taken      (load_taken),
    .layer_taken     (layer_taken),
    .layer_read      (layer_read),
    .is_program      (is_program),
    .is_load         (is_load),
    .is_layer        (is_layer),
    .is_end          (is_end),
    .bad_header      (bad_header),
    .header_code     (header_code),
    .bad_sizes       (bad_sizes),
    .sizes_code      (sizes_code),
    .started         (started),
    .layer           (layer),
    .load_word       (load_word),
    .layer_word      (layer_word),
    .pointwise       (pointwise),
    .full            (full),
    .depthwise       (depthwise),
    .group_words     (group_words),
    .groups          (groups)
  );

  lsfq_parser_payload #(
    .PIN    (PIN),
    .POUT   (POUT),
    .PARAM_W(PARAM_W),
    .BEAT_W (BEAT_W)
  ) u_payload (
    .aclk                    (aclk),
    .restart                 (idle),
    .layer_starts            (in_publish),
    .pointwise               (pointwise),
    .full                    (full),
    .depthwise               (depthwise),
    .group_words             (group_words),
    .groups                  (groups),
    .valid                   (s_valid),
    .ready                   (payload_ready),
    .in_block                (in_block),
    .in_constants            (in_constants),
    .in_weights              (in_weights),
    .block_end               (block_end),
    .constants_read          (constants_read),
    .group_read              (group_read),
    .last_group              (last_group),
    .constant_write          (constant_write),
    .constant_last           (constant_last),
    .constant_space          (constant_space),
    .depthwise_kernel_write  (depthwise_kernel_write),
    .depthwise_constant_write(depthwise_constant_write),
    .depthwise_space         (depthwise_space),
    .weight_write            (weight_write),
    .weight_plane            (weight_plane),
    .weight_absent           (weight_absent),
    .weight_last             (weight_last),
    .weight_space            (weight_space),
    .beat                    (payload_beat)
  );

endmodule

`default_nettype wire

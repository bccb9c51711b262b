// SPDX-License-Identifier: Apache-2.0
//
// lsfq_loader: stores the images of a pass (or any tensors of codes) from a byte stream in the
// feature memory.
//
//   bytes -> lsfq_pair_collector -> pixel pairs -> lsfq_pair_writer -> feature memory
//
// An image waits until all layers that come before it in the program are finished; then it is
// stored while the layers after it run. A write waits for a cycle in which `write_ready` says that
// the memory is free. The loader takes one code a cycle, with a pause of one cycle between channel
// groups.
//
// Handshake: `start` begins a pass, load_valid/load_ready give its images one by one; `stop` drops
// the rest of the packet up to TLAST, which comes with the last image's last code. Reset forgets
// the packet at once. error_valid is one cycle long.

`default_nettype none

module lsfq_loader #(
  parameter PIN    = 16,
  parameter DATA_W = 64
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              start,
  input  wire              stop,
  output wire              idle,           // nothing of a packet is in flight
  output reg  [15:0]       loads,          // images stored in this pass
  output wire              first_beat,     // the packet's first beat is being taken

  input  wire [15:0]       layers,         // finished in this pass
  input  wire              load_valid,
  output wire              load_ready,
  input  wire              load_last,      // the pass's last image
  input  wire [15:0]       load_layers,    // layers that come before it
  input  wire [15:0]       load_height,
  input  wire [15:0]       load_width,
  input  wire [15:0]       load_channels,
  input  wire              load_wide,
  input  wire              load_window,
  input  wire [17:0]       load_base,
  input  wire [17:0]       load_digit_words,

  input  wire              s_valid,
  output wire              s_ready,
  input  wire [DATA_W-1:0] s_data,
  input  wire              s_last,

  input  wire              write_ready,
  output wire [PIN-1:0]    write_enable,   // a byte (two pixels) a channel
  output wire [17:0]       write_address,
  output wire [8*PIN-1:0]  write_data,

  output reg               error_valid,
  output reg  [7:0]        error_code
);

  localparam CHANNEL_W = $clog2(PIN);
  localparam [7:0] E_IMAGE_SHORT = 8'd13, E_IMAGE_LONG = 8'd14;

  // states, a bit each: no pass; no image known; an image waits for layers; a channel group begins;
  // codes are taken; the last writes leave; a packet is dropped
  localparam S_IDLE = 0, S_WAIT = 1, S_HOLD = 2, S_GROUP = 3, S_LOAD = 4, S_FLUSH = 5, S_DRAIN = 6;

  generate
    if (DATA_W < 16 || (DATA_W & (DATA_W - 1)) != 0) begin : g_check
      DATA_W_must_be_a_power_of_two_of_at_least_16 parameter_error ();
    end
  endgenerate

  reg                halt_q;               // drops the codes and pairs on their way, a cycle late
  always @(posedge aclk) halt_q <= !aresetn || stop;

  reg  [6:0]         state_q;
  wire               in_idle  = state_q[S_IDLE];
  wire               in_wait  = state_q[S_WAIT];
  wire               in_hold  = state_q[S_HOLD];
  wire               in_group = state_q[S_GROUP];
  wire               in_load  = state_q[S_LOAD];
  wire               in_flush = state_q[S_FLUSH];
  wire               in_drain = state_q[S_DRAIN];
  reg                begun_q, ended_q;     // the packet's first beat was taken, its last one

  // the image
  reg                last_q;
  reg  [15:0]        layers_q;
  reg                wide_q, window_q;
  reg  [15:0]        height_q, width_q;
  reg  [CHANNEL_W:0] window_channels_q;
  reg  [17:0]        pitch_q;              // words a row
  reg  [17:0]        digit_words_q;

  always @(posedge aclk) begin
    if (load_valid && load_ready) begin
      last_q            <= load_last;
      layers_q          <= load_layers;
      wide_q            <= load_wide;
      window_q          <= load_window;
      height_q          <= load_height;
      width_q           <= load_width;
      window_channels_q <= load_window ? load_channels[CHANNEL_W:0] : {(CHANNEL_W+1){1'b0}};
      pitch_q           <= {3'd0, load_width[15:1]} + {17'd0, load_width[0]};
      digit_words_q     <= load_digit_words;
    end
  end

  // ---- codes to pairs, pairs to memory

  wire              may_step, step, beat_end, group_end, last_group, code_pending;
  wire              pair_valid, pair_ready, pair_top, pair_bottom, writing;
  wire [16*PIN-1:0] pair;

  lsfq_pair_collector #(
    .PIN   (PIN),
    .DATA_W(DATA_W)
  ) u_collector (
    .aclk       (aclk),
    .aresetn    (!halt_q),
    .prepare    (in_wait),
    .channels   (load_channels),
    .restart    (in_hold),
    .height     (height_q),
    .width      (width_q),
    .begin_group(in_group),
    .enable     (in_load),
    .s_valid    (s_valid),
    .s_data     (s_data),
    .may_step   (may_step),
    .step       (step),
    .beat_end   (beat_end),
    .group_end  (group_end),
    .last_group (last_group),
    .pending    (code_pending),
    .m_valid    (pair_valid),
    .m_ready    (pair_ready),
    .m_top      (pair_top),
    .m_bottom   (pair_bottom),
    .m_pair     (pair)
  );

  lsfq_pair_writer #(
    .PIN(PIN)
  ) u_writer (
    .aclk           (aclk),
    .aresetn        (!halt_q),
    .prepare        (in_wait),
    .base           (load_base),
    .restart        (in_hold),
    .begin_group    (in_group),
    .wide           (wide_q),
    .window         (window_q),
    .window_channels(window_channels_q),
    .pitch          (pitch_q),
    .digit_words    (digit_words_q),
    .s_valid        (pair_valid),
    .s_ready        (pair_ready),
    .s_top          (pair_top),
    .s_bottom       (pair_bottom),
    .s_pair         (pair),
    .busy           (writing),
    .write_ready    (write_ready),
    .write_enable   (write_enable),
    .write_address  (write_address),
    .write_data     (write_data)
  );

  assign s_ready    = (may_step && beat_end) || (in_drain && !ended_q);
  assign first_beat = s_valid && s_ready && !begun_q;
  assign idle       = in_idle;
  assign load_ready = in_wait;

  // ---- what happens, and what state follows

  wire wrong_end   = step && beat_end && s_last != (group_end && last_group && last_q);
  wire group_taken = step && group_end;
  wire image_taken = group_taken && last_group;
  wire stored      = in_flush && !code_pending && !pair_valid && !writing;
  wire may_begin   = in_hold && layers == layers_q;
  wire drops       = wrong_end || (stop && !in_idle);
  wire pass_stored = stored && last_q;
  wire next_image  = stored && !last_q;
  wire drained     = in_drain && ended_q;

  wire [6:0] next_state;
  assign next_state[S_IDLE]  = (in_idle && !start) || (!drops && (pass_stored || drained));
  assign next_state[S_WAIT]  = (in_idle && start) ||
                               (!drops && (next_image || (in_wait && !load_valid)));
  assign next_state[S_HOLD]  = !drops && ((in_wait && load_valid) || (in_hold && !may_begin));
  assign next_state[S_GROUP] = !drops && (may_begin || (group_taken && !last_group));
  assign next_state[S_LOAD]  = !drops && (in_group || (in_load && !group_taken));
  assign next_state[S_FLUSH] = !drops && (image_taken || (in_flush && !stored));
  assign next_state[S_DRAIN] = drops || (in_drain && !ended_q);

  always @(posedge aclk) begin
    if (s_valid && s_ready) begin
      begun_q <= 1'b1;
      ended_q <= s_last;
    end
    if (in_idle && start) begin
      begun_q <= 1'b0;
      ended_q <= 1'b0;
      loads   <= 16'd0;
    end
    if (stored) loads <= loads + 16'd1;

    error_valid <= wrong_end;
    error_code  <= s_last ? E_IMAGE_SHORT : E_IMAGE_LONG;
    state_q     <= next_state;

    if (!aresetn) begin
      state_q     <= 7'd1 << S_IDLE;
      error_valid <= 1'b0;
      loads       <= 16'd0;
      begun_q     <= 1'b0;
    end
  end

endmodule

`default_nettype wire

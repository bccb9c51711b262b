// SPDX-License-Identifier: Apache-2.0
//
// lsfq_loader: stores the images of a pass (or any tensors of codes), in parts, from a byte stream
// in the feature memory.
//
//   beats -> lsfq_byte_window -> codes -> lsfq_pair_collector -> pixel pairs -> lsfq_row_window
//         -> lsfq_pair_writer -> feature memory
//
// A part is some rows of an image. It waits until all layers that come before it in the program are
// finished; then it is stored while the layers after it run. A write waits for a cycle in which
// `write_ready` says that the memory is free. The loader takes a pixel of up to DATA_W/8 codes a
// cycle, with a pause of two cycles in front of each row of a channel group.
//
// Handshake: `start` begins a pass, load_valid/load_ready give its parts one by one; `stop` drops
// the rest of the packet up to TLAST, which comes with the last part's last code. Reset forgets
// the packet at once. error_valid is one cycle long.

`default_nettype none

module lsfq_loader #(
  parameter PIN       = 16,
  parameter DATA_W    = 64,
  parameter MAX_WIDTH = 512,               // of an image with a row window
  parameter CODE_BITS = 4,
  parameter HALVES    = CODE_BITS == 3 ? 2 : 1,         // derived; so is the next
  parameter WORD_W    = 2 * CODE_BITS * HALVES * PIN
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              start,
  input  wire              stop,
  output wire              idle,           // nothing of a packet is in flight
  output reg  [15:0]       loads,          // parts stored in this pass

  input  wire [15:0]       layers,         // finished in this pass
  input  wire              load_valid,
  output wire              load_ready,
  input  wire [191:0]      load_word,      // of the next part

  input  wire              s_valid,
  output wire              s_ready,
  input  wire [DATA_W-1:0] s_data,
  input  wire              s_last,

  input  wire              write_ready,
  output wire              write_valid,
  output wire [17:0]       write_address,
  output wire [HALVES-1:0] write_half,     // which halves of the word
  output wire [WORD_W-1:0] write_data,

  output reg               error_valid,
  output reg  [7:0]        error_code
);

  localparam LOG_PIN = $clog2(PIN);
  localparam BYTES   = DATA_W / 8;
  localparam CHUNK   = BYTES < PIN ? BYTES : PIN;       // codes taken at once
  localparam BYTE_W  = $clog2(BYTES);
  localparam COUNT_W = $clog2(CHUNK) + 1;
  localparam [7:0] E_IMAGE_SHORT = 8'd13, E_IMAGE_LONG = 8'd14;

  // states, a bit each: no pass; no part known; a part waits for layers; a row of a channel group
  // begins; codes are taken; the image ended; the last writes leave; a packet is dropped
  localparam S_IDLE = 0, S_WAIT = 1, S_HOLD = 2, S_ROW = 3, S_LOAD = 4, S_ALIGN = 5, S_FLUSH = 6,
             S_DRAIN = 7;

  generate
    if (DATA_W < 16 || (DATA_W & (DATA_W - 1)) != 0) begin : g_check
      DATA_W_must_be_a_power_of_two_of_at_least_16 parameter_error ();
    end
  endgenerate

  reg                halt_q;               // drops the codes and pairs on their way, a cycle late
  always @(posedge aclk) halt_q <= !aresetn || stop;

  reg  [7:0]         state_q;
  wire               in_idle  = state_q[S_IDLE];
  wire               in_wait  = state_q[S_WAIT];
  wire               in_hold  = state_q[S_HOLD];
  wire               in_row   = state_q[S_ROW];
  wire               in_load  = state_q[S_LOAD];
  wire               in_align = state_q[S_ALIGN];
  wire               in_flush = state_q[S_FLUSH];
  wire               in_drain = state_q[S_DRAIN];
  reg                ended_q;              // the packet's last beat was taken
  reg                may_begin_q;

  // the part
  wire               load_third;
  wire               load_last, load_wide, load_window, load_begins, load_ends, load_thinned;
  wire [15:0]        load_layers, load_height, load_width, load_channels, load_ring, load_left;
  wire [17:0]        load_start, load_plane, load_digit_words;

  lsfq_load_fields u_part (
    .word       (load_word),
    .last       (load_last),
    .layers     (load_layers),
    .height     (load_height),
    .width      (load_width),
    .channels   (load_channels),
    .wide       (load_wide),
    .window     (load_window),
    .begins     (load_begins),
    .ends       (load_ends),
    .thinned    (load_thinned),
    .start      (load_start),
    .plane      (load_plane),
    .digit_words(load_digit_words),
    .ring       (load_ring),
    .left       (load_left),
    .third      (load_third)
  );

  reg                last_q;
  reg  [15:0]        layers_q;
  reg                third_q;
  reg                wide_q, window_q, begins_q, ends_q, thinned_q, single_q;
  reg  [15:0]        height_q, width_q, channels_q;
  reg  [17:0]        start_q, plane_q, digit_words_q;
  reg  [17:0]        pitch_q;              // words a row
  reg  [15:0]        ring_q, left_q;

  always @(posedge aclk) begin
    if (load_valid && load_ready) begin
      last_q        <= load_last;
      layers_q      <= load_layers;
      wide_q        <= load_wide;
      third_q       <= load_third;
      window_q      <= load_window;
      begins_q      <= load_begins;
      ends_q        <= load_ends;
      thinned_q     <= load_thinned;
      single_q      <= load_width <= 16'd2;
      height_q      <= load_height;
      width_q       <= load_width;
      channels_q    <= load_channels;
      start_q       <= load_start;
      plane_q       <= load_plane;
      digit_words_q <= load_digit_words;
      pitch_q       <= CODE_BITS == 3 ? {4'd0, load_width[15:2]} + {17'd0, load_width[1:0] != 2'd0}
                                      : {3'd0, load_width[15:1]} + {17'd0, load_width[0]};
      ring_q        <= load_ring;
      left_q        <= load_left;
    end
  end

  // ---- bytes to codes, codes to pairs, pairs to memory

  wire               wanted, take, row_end, all_end, pending, too_short, ended, window_ready;
  wire [COUNT_W-1:0] part;
  wire               partial;
  wire [DATA_W-1:0]  bytes;
  wire               pair_valid, pair_ready, pair_bottom, pair_row_end, pair_last_group;
  wire [16*PIN-1:0]  pair, window_pair;
  wire               window_valid, writer_ready, window_next, window_advance, writing;
  wire               window_row_end, window_last_group;
  wire               unused_bytes = &{1'b0, bytes};     // PIN codes of a beat at most

  lsfq_byte_window #(
    .DATA_W(DATA_W),
    .CHUNK (CHUNK)
  ) u_bytes (
    .aclk     (aclk),
    .aresetn  (!halt_q),
    .enable   (in_row || in_load),
    .s_valid  (s_valid),
    .s_ready  (window_ready),
    .s_data   (s_data),
    .s_last   (s_last),
    .wanted   (wanted),
    .part     ({{(BYTE_W+1-COUNT_W){1'b0}}, part}),
    .partial  (partial),
    .image_end(all_end && ends_q),
    .take     (take),
    .data     (bytes),
    .too_short(too_short),
    .align    (in_align),
    .ended    (ended)
  );

  lsfq_pair_collector #(
    .PIN  (PIN),
    .CHUNK(CHUNK)
  ) u_collector (
    .aclk        (aclk),
    .aresetn     (!halt_q),
    .restart     (in_hold),
    .height      (height_q),
    .width       (width_q),
    .channels    (channels_q),
    .begin_group (in_row),
    .enable      (in_load),
    .wanted      (wanted),
    .part        (part),
    .partial     (partial),
    .take        (take),
    .data        (bytes[8*CHUNK-1:0]),
    .row_end     (row_end),
    .all_end     (all_end),
    .pending     (pending),
    .m_valid     (pair_valid),
    .m_ready     (pair_ready),
    .m_bottom    (pair_bottom),
    .m_row_end   (pair_row_end),
    .m_last_group(pair_last_group),
    .m_pair      (pair)
  );

  lsfq_row_window #(
    .PIN      (PIN),
    .MAX_WIDTH(MAX_WIDTH)
  ) u_window (
    .aclk        (aclk),
    .aresetn     (!halt_q),
    .restart     (in_hold),
    .enable      (window_q),
    .first       (begins_q),
    .last        (ends_q),
    .thinned     (thinned_q),
    .single      (single_q),
    .s_valid     (pair_valid),
    .s_ready     (pair_ready),
    .s_bottom    (pair_bottom),
    .s_row_end   (pair_row_end),
    .s_last_group(pair_last_group),
    .s_pair      (pair),
    .m_valid     (window_valid),
    .m_ready     (writer_ready),
    .m_next      (window_next),
    .m_advance   (window_advance),
    .m_row_end   (window_row_end),
    .m_last_group(window_last_group),
    .m_pair      (window_pair)
  );

  lsfq_pair_writer #(
    .PIN      (PIN),
    .CODE_BITS(CODE_BITS)
  ) u_writer (
    .aclk         (aclk),
    .aresetn      (!halt_q),
    .restart      (in_hold),
    .start        (start_q),
    .wide         (wide_q),
    .third        (third_q),
    .window       (window_q),
    .channels     (channels_q[LOG_PIN-1:0]),
    .pitch        (pitch_q),
    .plane        (plane_q),
    .digit_words  (digit_words_q),
    .ring         (ring_q),
    .left         (left_q),
    .s_valid      (window_valid),
    .s_ready      (writer_ready),
    .s_next       (window_next),
    .s_advance    (window_advance),
    .s_row_end    (window_row_end),
    .s_last_group (window_last_group),
    .s_pair       (window_pair),
    .busy         (writing),
    .write_ready  (write_ready),
    .write_valid  (write_valid),
    .write_address(write_address),
    .write_half   (write_half),
    .write_data   (write_data)
  );

  assign s_ready    = window_ready || (in_drain && !ended_q);
  assign idle       = in_idle;
  assign load_ready = in_wait;

  // ---- what happens, and what state follows

  wire ends_wrong  = in_align && ended != last_q;       // TLAST, but for more images; or none
  wire wrong_end   = too_short || ends_wrong;
  wire row_taken   = take && row_end;
  wire all_taken   = take && all_end;
  wire stored      = in_flush && !pending && !pair_valid && !window_valid && !writing;
  wire begins      = in_hold && may_begin_q;
  wire drops       = wrong_end || (stop && !in_idle);
  wire pass_stored = stored && last_q;
  wire next_part   = stored && !last_q;
  wire drained     = in_drain && ended_q;

  wire [7:0] next_state;
  assign next_state[S_IDLE]  = (in_idle && !start) || (!drops && (pass_stored || drained));
  assign next_state[S_WAIT]  = (in_idle && start) ||
                               (!drops && (next_part || (in_wait && !load_valid)));
  assign next_state[S_HOLD]  = !drops && ((in_wait && load_valid) || (in_hold && !begins));
  assign next_state[S_ROW]   = !drops && (begins || (row_taken && !all_end));
  assign next_state[S_LOAD]  = !drops && (in_row || (in_load && !row_taken));
  assign next_state[S_ALIGN] = !drops && all_taken && ends_q;
  assign next_state[S_FLUSH] = !drops && (in_align || (all_taken && !ends_q) ||
                                          (in_flush && !stored));
  assign next_state[S_DRAIN] = drops || (in_drain && !ended_q);

  always @(posedge aclk) begin
    if (s_valid && s_ready) ended_q <= s_last;
    if (in_idle && start) begin
      ended_q <= 1'b0;
      loads   <= 16'd0;
    end
    if (stored) loads <= loads + 16'd1;

    may_begin_q <= in_hold && layers >= layers_q;
    error_valid <= wrong_end;
    error_code  <= in_align && !ended ? E_IMAGE_LONG : E_IMAGE_SHORT;
    state_q     <= next_state;

    if (!aresetn) begin
      state_q     <= 8'd1 << S_IDLE;
      error_valid <= 1'b0;
      loads       <= 16'd0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_loader: stores the images of a pass (or any tensors of codes) from a byte stream in the feature memory.
//
// An image is taken when all layers that come before it in the program are finished, and runs beside those
// that come after it: a write waits for a cycle in which `write_ready` says that the memory is free.
//
// It takes one code a cycle, with a pause of one cycle between channel groups, puts it into a pixel pair of one group a
// cycle later, and writes that while it collects the next ones, of which one may wait: one word, or two (high and low
// nibbles) for codes of 8 bits. With `window` a pair is written three times, as row ky = 1 of its own row's word, ky = 0 of
// the row below and ky = 2 of the row above, so that a 3x3 window becomes a 1x3 window of 3C channels:
//
//   channel ky*C + c of word (y, t) = channel c of image row y + ky - 1, zeros outside
//
// Handshake: `start` begins a pass, load_valid/load_ready give its images one by one; `stop` drops the rest of
// the packet up to TLAST, which comes with the last image's last code; `clear` forgets it at once. error_valid is
// one cycle long.

`default_nettype none

module lsfq_loader #(
  parameter PIN    = 16,
  parameter DATA_W = 64
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              clear,
  input  wire              start,
  input  wire              stop,
  output wire              idle,           // nothing of a packet is in flight
  output reg  [15:0]       loads,          // images stored in this pass
  output wire              first_beat,     // the packet's first beat is being taken

  input  wire [15:0]       layers,         // finished in this pass
  input  wire              load_valid,
  output wire              load_ready,
  input  wire              load_last,      // of the pass
  input  wire [15:0]       load_layers,    // to be finished before
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

  localparam BYTES     = DATA_W / 8;
  localparam BYTE_W    = BYTES > 1 ? $clog2(BYTES) : 1;
  localparam CHANNEL_W = $clog2(PIN);
  localparam [15:0] PIN_16 = PIN[15:0];
  localparam [BYTE_W-1:0] LAST_BYTE = {BYTE_W{1'b1}};

  localparam [7:0] E_IMAGE_SHORT = 8'd13, E_IMAGE_LONG = 8'd14;
  // states, a bit each: no pass; no image known; an image waits for layers; a channel group begins; ...
  localparam S_IDLE = 0, S_WAIT = 1, S_HOLD = 2, S_GROUP = 3, S_LOAD = 4, S_FLUSH = 5, S_DRAIN = 6;

  generate
    if (DATA_W < 16 || (DATA_W & (DATA_W - 1)) != 0) begin : g_check
      DATA_W_must_be_a_power_of_two_of_at_least_16 parameter_error ();
    end
  endgenerate

  reg                 halt_q;              // drops what is on its way, a cycle late
  always @(posedge aclk) halt_q <= !aresetn || clear || stop;

  reg  [6:0]          state_q;
  wire                in_idle  = state_q[S_IDLE];
  wire                in_wait  = state_q[S_WAIT];
  wire                in_hold  = state_q[S_HOLD];
  wire                in_group = state_q[S_GROUP];
  wire                in_load  = state_q[S_LOAD];
  wire                in_flush = state_q[S_FLUSH];
  wire                in_drain = state_q[S_DRAIN];
  reg                 begun_q, ended_q;    // the packet's first beat was taken, its last one
  reg                 last_q;              // the pass's last image
  reg  [15:0]         layers_q;            // to be finished before
  reg                 wide_q, window_q;
  reg [15:0]          height_q, width_q;
  reg [PIN-1:0]       mask_q;              // C ones when window_q, else PIN
  reg [CHANNEL_W:0]   window_channels_q;   // C when window_q, else 0
  reg [17:0]          pitch_q, minus_pitch_q;           // words a row
  reg [17:0]          digit_words_q, low_below_q, low_above_q;      // to the low digit; of a row below, above

  // ---- position of the next code

  reg [BYTE_W-1:0]    byte_q;
  reg                 last_byte_q;         // of a beat
  reg                 beat_end_q;          // the beat's last byte, or its last code
  reg [15:0]          left_q;              // channels from this group on
  reg                 last_group_q;
  reg [CHANNEL_W-1:0] channel_q;
  reg [CHANNEL_W-1:0] top_channel_q;       // of the group
  reg [CHANNEL_W-1:0] behind_q;            // channels behind this one
  reg                 last_channel_q;
  reg                 odd_q, first_row_q;  // of the pixel
  reg                 pair_x_q;            // it is a pair's last one
  reg                 pair_end_q;          // the code is a pair's last one
  reg                 group_end_q;         // the group's last one
  reg                 end_pixel_q;         // the pixel is the image's last one
  wire                last_x, last_y, next_last_x, next_last_y, step;

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_x (
    .aclk     (aclk),
    .restart  (in_hold),
    .count    (width_q),
    .advance  (step && last_channel_q),
    .last     (last_x),
    .next_last(next_last_x)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_y (
    .aclk     (aclk),
    .restart  (in_hold),
    .count    (height_q),
    .advance  (step && last_channel_q && last_x),
    .last     (last_y),
    .next_last(next_last_y)
  );

  wire tensor_end = group_end_q && last_group_q;
  wire one_left   = left_q == 16'd1;
  wire few_left   = left_q <= PIN_16;
  wire [CHANNEL_W-1:0] top_left = left_q[CHANNEL_W-1:0] - 1'b1;
  wire next_last_channel = last_channel_q ? top_channel_q == {CHANNEL_W{1'b0}}
                                          : behind_q == {{(CHANNEL_W-1){1'b0}}, 1'b1};
  wire next_last_byte    = byte_q == LAST_BYTE - 1'b1;
  wire next_pair_x       = last_channel_q ? (!odd_q && !last_x) || next_last_x : pair_x_q;
  wire next_end_pixel    = last_channel_q ? next_last_x && (last_x ? next_last_y : last_y) : end_pixel_q;

  // ---- take a code

  reg                 code_valid_q;
  reg  [7:0]          code_q;
  reg  [CHANNEL_W:0]  place_q;             // of it in the pair: {channel, odd pixel}
  reg                 code_ends_q;         // it is the pair's last one
  reg                 code_top_q, code_bottom_q;        // its row is the image's first, last
  wire                pair_ready;          // and so it is when the code comes, where no pair before it takes the place
  wire                busy;                // a pair is being written

  wire may_step = in_load && (!pair_end_q || (pair_ready && !(code_ends_q && busy)));
  assign step    = may_step && s_valid;
  assign s_ready = (may_step && beat_end_q) || (in_drain && !ended_q);

  always @(posedge aclk) begin
    code_q        <= s_data[{byte_q, 3'd0} +: 8];
    place_q       <= {channel_q, odd_q};
    code_top_q    <= first_row_q;
    code_bottom_q <= last_y;
    code_valid_q  <= step;
    code_ends_q   <= step && pair_end_q;
    if (halt_q) begin
      code_valid_q <= 1'b0;
      code_ends_q  <= 1'b0;
    end
  end

  // ---- collect a pair

  reg  [16*PIN-1:0]   pair_q;              // channel c: even pixel in bits 16c+7..16c, odd above
  reg  [16*PIN-1:0]   pair_d;

  always @* begin
    pair_d = pair_q;
    pair_d[{place_q, 3'd0} +: 8] = code_q;
  end

  always @(posedge aclk) begin
    if (code_valid_q) pair_q <= code_ends_q ? {16*PIN{1'b0}} : pair_d;
    if (in_wait) pair_q <= {16*PIN{1'b0}};
  end

  wire [16*PIN-1:0] word;
  wire              top, bottom;           // its row is the first, the last
  wire              written;

  lsfq_skid #(
    .WIDTH(16 * PIN + 2)
  ) u_pairs (
    .aclk   (aclk),
    .aresetn(!halt_q),
    .s_valid(code_ends_q),
    .s_ready(pair_ready),
    .s_data ({code_top_q, code_bottom_q, pair_d}),
    .m_valid(busy),
    .m_ready(written),
    .m_data ({top, bottom, word})
  );

  assign first_beat = s_valid && s_ready && !begun_q;
  assign idle       = in_idle;
  assign load_ready = in_wait;

  // ---- write it

  reg               digit_q;               // 0: the only digit, or the high one
  reg               own_q;                 // it goes to its own row
  reg  [CHANNEL_W+1:0] shift_q;            // there: from C on; to the row below from 0 on, to the row above from 2C on
  reg  [17:0]       offset_q;              // its word there, less the pair's own one
  reg               outside_q;             // there is none: zeros in the block that no other row fills
  reg               last_block_q;          // the pair goes to no further row
  reg               last_write_q;          // nor has it another digit
  reg  [17:0]       address_q;             // of the pair in its own row, digit 0

  wire              proceed, writing;      // this write leaves; one is on its way
  wire [PIN-1:0]    enable;
  assign written = last_write_q && proceed;

  reg  [8*PIN-1:0]  nibbles;
  integer c;
  always @* begin
    for (c = 0; c < PIN; c = c + 1)
      nibbles[8*c +: 8] = wide_q && !digit_q ? {word[16*c+12 +: 4], word[16*c+4 +: 4]}
                                             : {word[16*c+8 +: 4], word[16*c +: 4]};
  end

  wire [CHANNEL_W+1:0] twice = {window_channels_q, 1'b0};

  wire [PIN-1:0]    blocks = mask_q << shift_q;
  wire [8*PIN-1:0]  bytes  = outside_q ? {8*PIN{1'b0}} : nibbles << {shift_q, 3'd0};
  wire [17:0]       place  = address_q + offset_q;

  // the block behind this one: of the next digit the own row, else the row below or the one above
  wire              digit_ends = !window_q || last_block_q;
  wire              next_digit = digit_ends ? wide_q && !digit_q : digit_q;
  wire              next_below = !digit_ends && own_q && !bottom;
  wire              next_above = !digit_ends && !own_q && !top;
  wire [17:0]       next_offset = next_below ? (next_digit ? low_below_q : pitch_q)
                                : next_above ? (next_digit ? low_above_q : minus_pitch_q)
                                             : (next_digit ? digit_words_q : 18'd0);

  lsfq_skid #(
    .WIDTH(9 * PIN + 18)
  ) u_write (
    .aclk   (aclk),
    .aresetn(!halt_q),
    .s_valid(busy),
    .s_ready(proceed),
    .s_data ({blocks, place, bytes}),
    .m_valid(writing),
    .m_ready(write_ready),
    .m_data ({enable, write_address, write_data})
  );

  assign write_enable = writing ? enable : {PIN{1'b0}};

  // ---- what happens, and what state follows

  wire wrong_end   = step && beat_end_q && s_last != (tensor_end && last_q);
  wire group_taken = step && group_end_q;
  wire image_taken = group_taken && last_group_q;
  wire stored      = in_flush && !code_valid_q && !busy && !writing;
  wire may_begin   = in_hold && layers == layers_q;
  wire drops       = wrong_end || (stop && !in_idle);

  wire [6:0] next_state;
  assign next_state[S_IDLE]  = (in_idle && !start) || (!drops && ((stored && last_q) || (in_drain && ended_q)));
  assign next_state[S_WAIT]  = (in_idle && start) || (!drops && ((stored && !last_q) || (in_wait && !load_valid)));
  assign next_state[S_HOLD]  = !drops && ((in_wait && load_valid) || (in_hold && !may_begin));
  assign next_state[S_GROUP] = !drops && (may_begin || (group_taken && !last_group_q));
  assign next_state[S_LOAD]  = !drops && (in_group || (in_load && !group_taken));
  assign next_state[S_FLUSH] = !drops && (image_taken || (in_flush && !stored));
  assign next_state[S_DRAIN] = drops || (in_drain && !ended_q);

  always @(posedge aclk) begin
    minus_pitch_q <= -pitch_q;
    low_below_q   <= digit_words_q + pitch_q;
    low_above_q   <= digit_words_q - pitch_q;
    if (load_valid && load_ready) begin
      last_q            <= load_last;
      layers_q          <= load_layers;
      wide_q            <= load_wide;
      window_q          <= load_window;
      height_q          <= load_height;
      width_q           <= load_width;
      window_channels_q <= load_window ? load_channels[CHANNEL_W:0] : {(CHANNEL_W+1){1'b0}};
      mask_q            <= load_window ? ~({PIN{1'b1}} << load_channels[CHANNEL_W:0]) : {PIN{1'b1}};
      pitch_q           <= {3'd0, load_width[15:1]} + {17'd0, load_width[0]};
      digit_words_q     <= load_digit_words;
    end
  end

  always @(posedge aclk) begin
    if (s_valid && s_ready) begin
      begun_q <= 1'b1;
      ended_q <= s_last;
    end

    // the pair being written: to its own row, the row below, the row above
    if (busy && proceed) begin
      digit_q  <= next_digit;
      offset_q <= next_offset;
      if (digit_ends) begin
        own_q        <= 1'b1;
        shift_q      <= {1'b0, window_channels_q};
        outside_q    <= 1'b0;
        last_block_q <= 1'b0;
        last_write_q <= !window_q && (!wide_q || !digit_q);
      end else begin
        own_q        <= 1'b0;
        shift_q      <= (own_q ? bottom : !top) ? twice : {(CHANNEL_W+2){1'b0}};
        outside_q    <= own_q ? bottom : top;
        last_block_q <= !own_q;
        last_write_q <= !own_q && (!wide_q || digit_q);
      end
      if (last_write_q) address_q <= address_q + 18'd1;
    end

    if (in_idle && start) begin
      begun_q <= 1'b0;
      ended_q <= 1'b0;
      loads   <= 16'd0;
    end

    if (in_wait) begin
      byte_q       <= {BYTE_W{1'b0}};
      last_byte_q  <= 1'b0;
      channel_q    <= {CHANNEL_W{1'b0}};
      odd_q        <= 1'b0;
      first_row_q  <= 1'b1;
      digit_q      <= 1'b0;
      own_q        <= 1'b1;
      offset_q     <= 18'd0;
      outside_q    <= 1'b0;
      last_block_q <= 1'b0;
      left_q       <= load_channels;
      address_q    <= load_base;
    end

    if (in_hold) last_write_q <= !window_q && !wide_q;

    if (in_group) begin
      last_group_q   <= few_left;
      top_channel_q  <= few_left ? top_left : {CHANNEL_W{1'b1}};
      behind_q       <= few_left ? top_left : {CHANNEL_W{1'b1}};
      last_channel_q <= one_left;
      left_q         <= left_q - PIN_16;
      pair_x_q       <= last_x;
      pair_end_q     <= one_left && last_x;
      end_pixel_q    <= last_x && last_y;
      group_end_q    <= one_left && last_x && last_y;
      beat_end_q     <= last_byte_q || (one_left && last_x && last_y);
      shift_q        <= {1'b0, window_channels_q};
    end

    if (step) begin
      byte_q         <= byte_q + 1'b1;
      last_byte_q    <= next_last_byte;
      beat_end_q     <= next_last_byte || (next_last_channel && next_end_pixel && last_group_q);
      channel_q      <= last_channel_q ? {CHANNEL_W{1'b0}} : channel_q + 1'b1;
      behind_q       <= last_channel_q ? top_channel_q : behind_q - 1'b1;
      last_channel_q <= next_last_channel;
      pair_x_q       <= next_pair_x;
      pair_end_q     <= next_last_channel && next_pair_x;
      end_pixel_q    <= next_end_pixel;
      group_end_q    <= next_last_channel && next_end_pixel;
      if (last_channel_q) begin
        odd_q <= !odd_q && !last_x;
        if (last_x) first_row_q <= last_y;
      end
    end

    if (stored) loads <= loads + 16'd1;
    error_valid <= wrong_end;
    error_code  <= s_last ? E_IMAGE_SHORT : E_IMAGE_LONG;

    state_q <= next_state;
    if (!aresetn || clear) begin
      state_q     <= 7'd1 << S_IDLE;
      error_valid <= 1'b0;
      loads       <= 16'd0;
      begun_q     <= 1'b0;
    end
  end

endmodule

`default_nettype wire

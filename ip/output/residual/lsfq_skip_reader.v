// SPDX-License-Identifier: Apache-2.0
//
// lsfq_skip_reader: reads the skip tensor of a residual layer ahead of the pairs to which it is
// added.
//
// It reads the feature memory whenever the port is free (`read_ready`), in the order in which pairs
// leave the array, and keeps up to DEPTH pairs of POUT channels. The stages downstream of the array
// cannot wait, so the array waits before it makes a pair: a step of the sequencer may end only
// while `step_ready`, and `step_end` then reserves the next pairs, one of each set. `pair_taken`
// takes the oldest pair when the pair of the array is requantised.
//
// CODE_BITS 3: a word holds two pairs and is read for each of them. A step makes the pairs of a
// word, or with stride_2 those pixels of one pair, so a step reserves a word or a pair, not sets.
//
// With stride_2 a pair of the array has one valid pixel, the even one, so a skip pair serves two
// pairs of the array: the first takes it, and its odd pixel is kept for the second.
//
// Latency: read_data follows an accepted read_address by three cycles. The settings are stable from
// `restart` on; step_ready is low in the cycle after `restart`.
// Parameter rules: DEPTH is a power of two, at least 4; PIN and POUT are 4, 8 or 16.

`default_nettype none

module lsfq_skip_reader #(
  parameter PIN   = 16,
  parameter POUT  = 16,
  parameter DEPTH = 16,
  parameter CODE_BITS = 4,
  parameter WORD_W = (CODE_BITS == 3 ? 12 : 8) * PIN   // derived
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,        // a layer begins

  input  wire               enable,         // the layer has a skip tensor
  input  wire               pointwise,      // 1x1 kernels: a group has two sets
  input  wire               stride_2,       // the layer has stride 2
  input  wire               wide,           // codes of two digits, or more
  input  wire               third,          // CODE_BITS 3, with wide: of three
  input  wire [15:0]        groups,         // groups of output channels
  input  wire [17:0]        start,          // as in lsfq_pair_walk
  input  wire [17:0]        count,
  input  wire [17:0]        left,
  input  wire [15:0]        row_pairs,
  input  wire [17:0]        plane,          // words of a channel group
  input  wire [17:0]        digit_words,    // from a digit to the next one
  input  wire [15:0]        images,
  input  wire [17:0]        pitch,          // words between images

  output wire               read_valid,
  input  wire               read_ready,
  output wire [17:0]        read_address,
  input  wire [WORD_W-1:0]  read_data,

  output wire               step_ready,
  input  wire               step_end,
  input  wire               step_row_end,
  input  wire               pair_taken,
  input  wire               pair_set,
  input  wire               pair_row_end,
  output wire [16*POUT-1:0] pair            // channel l: even pixel at bit 8*l, odd at 8*(POUT + l)
);

  localparam WORDS   = POUT > PIN ? POUT / PIN : 1;   // words of a chunk (see lsfq_pair_walk)
  localparam CHUNK   = POUT < PIN ? POUT : PIN;       // channels of a word that are used
  localparam PART_W  = 3;
  localparam SUB_W   = 2;
  localparam LEVEL_W = $clog2(DEPTH) + 1;
  localparam READ_LATENCY = 3;
  localparam CHANNEL_W = WORD_W / PIN;
  localparam DIGIT_W = CODE_BITS == 3 ? 2 : 1;
  localparam integer     LAST_SUB_I = WORDS - 1;
  localparam [SUB_W-1:0] LAST_SUB = LAST_SUB_I[SUB_W-1:0];

  // ---- the word to read. The address of the next pair waits in a skid buffer; the walk is at the
  // pair after that

  reg                 running_q;            // the walk has a pair
  reg                 set_q;                // the set of that pair
  reg                 loaded_q;             // a pair is read
  reg  [17:0]         chunk_q;              // the first word of that pair
  reg  [17:0]         word_q;
  reg  [PART_W-1:0]   part_q;
  reg  [DIGIT_W-1:0]  left_q;               // digits after this one
  reg                 half_q, word_end_q;   // as lsfq_pair_walk has them for that pair
  reg  [SUB_W-1:0]    sub_q;                // number of the word in the chunk
  reg                 last_word_q;          // the word is the last of its pair
  reg  [LEVEL_W-1:0]  held_q;               // pairs read and not taken; one cycle late

  wire [17:0]         chunk_address, next_chunk;
  wire [16:0]         groups_left;
  wire [PART_W-1:0]   part, next_part;
  wire                group_end, walk_ready, next_valid;
  wire                half, word_end, short_word, next_half, next_word_end;
  wire [DIGIT_W-1:0]  digits_after;

  wire read      = read_valid && read_ready;
  wire last_sub  = WORDS == 1 || sub_q == LAST_SUB;
  wire pair_read = read && last_word_q;
  wire [SUB_W-1:0] next_sub   = last_sub ? {SUB_W{1'b0}} : sub_q + 1'b1;
  wire [DIGIT_W-1:0] next_left = !last_sub ? left_q
                               : left_q == {DIGIT_W{1'b0}} ? digits_after : left_q - 1'b1;
  wire last_set  = set_q == pointwise;
  wire walk      = running_q && walk_ready;
  wire load      = next_valid && (!loaded_q || pair_read);

  lsfq_pair_walk #(
    .PIN      (PIN),
    .POUT     (POUT),
    .PART_W   (PART_W),
    .CODE_BITS(CODE_BITS)
  ) u_walk (
    .aclk       (aclk),
    .restart    (restart),
    .pointwise  (pointwise),
    .start      (start),
    .count      (count),
    .left       (left),
    .row_pairs  (row_pairs),
    .plane      (plane),
    .planes     (16'd0),
    .images     (images),
    .pitch      (pitch),
    .advance    (walk),
    .set        (set_q),
    .address    (chunk_address),
    .groups_left(groups_left),
    .part       (part),
    .half       (half),
    .word_end   (word_end),
    .short_word (short_word),
    .group_end  (group_end)
  );

  lsfq_skid #(
    .WIDTH(20 + PART_W)
  ) u_next (
    .aclk   (aclk),
    .aresetn(aresetn && !restart),
    .s_valid(running_q),
    .s_ready(walk_ready),
    .s_data ({half, word_end, chunk_address, part}),
    .m_valid(next_valid),
    .m_ready(load),
    .m_data ({next_half, next_word_end, next_chunk, next_part})
  );

  generate
    if (CODE_BITS == 3) begin : g_three_digits
      assign digits_after = {third, wide && !third};
    end else begin : g_two_digits
      assign digits_after = wide;
      wire unused_third = third;
    end
  endgenerate

  assign read_valid   = loaded_q && !held_q[LEVEL_W-1];
  assign read_address = word_q;

  wire               last_group, unused_next;
  wire               walk_end = walk && group_end && last_set;

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_groups (
    .aclk     (aclk),
    .restart  (restart),
    .count    (groups),
    .advance  (walk_end),
    .last     (last_group),
    .next_last(unused_next)
  );

  reg                starting_q;            // the walk starts in this cycle
  wire               push;                  // a pair is complete and enters the queue

  reg                second_step_q;         // the next step uses the odd pixel of a skip pair
  reg                second_q;              // so does the next pair of each set from the array
  wire               second  = stride_2 && second_q;
  wire               promise = step_end && enable && !second_step_q;
  wire               push_word_end;         // the pair is the last of its word
  wire               taken   = pair_taken && enable && !second;
  reg                taken_q;

  wire               second_step_d = stride_2 && CODE_BITS != 3 && !second_step_q
                                     && !step_row_end;
  wire               next_enough;           // pairs in the queue for a step
  reg                step_ready_q;

  assign step_ready = step_ready_q;

  lsfq_credit #(
    .WIDTH(LEVEL_W)
  ) u_credit (
    .aclk       (aclk),
    .aresetn    (aresetn && !restart),
    .two        (pointwise),
    .put        (push && (CODE_BITS != 3 || stride_2 || push_word_end)),
    .take       (promise),
    .next_enough(next_enough)
  );

  always @(posedge aclk) begin
    starting_q <= restart && enable;
    if (starting_q) running_q <= 1'b1;
    if (walk) begin
      set_q <= pointwise && !set_q;
      if (walk_end && last_group) running_q <= 1'b0;
    end
    if (load || pair_read) loaded_q <= load;
    if (load) begin
      chunk_q <= next_chunk;
      part_q  <= next_part;
      half_q  <= next_half;
      word_end_q <= next_word_end;
    end else if (read && last_sub && CODE_BITS == 3) chunk_q <= chunk_q + digit_words;
    if (load) word_q <= next_chunk;
    else if (read) word_q <= (last_sub ? chunk_q : word_q) + (last_sub ? digit_words : plane);
    if (read) begin
      sub_q       <= next_sub;
      left_q      <= next_left;
      last_word_q <= (WORDS == 1 || next_sub == LAST_SUB) && next_left == {DIGIT_W{1'b0}};
    end
    taken_q <= taken;
    if (pair_read != taken_q) held_q <= held_q + {{(LEVEL_W-1){taken_q}}, 1'b1};
    if (step_end) second_step_q <= second_step_d;
    step_ready_q <= !enable || (step_end ? second_step_d : second_step_q) || next_enough;
    if (pair_taken && pair_set == pointwise) second_q <= !second_q && !pair_row_end;

    if (!aresetn || restart) begin
      second_step_q <= 1'b0;
      second_q      <= 1'b0;
      running_q  <= 1'b0;
      loaded_q   <= 1'b0;
      set_q      <= 1'b0;
      left_q     <= digits_after;
      last_word_q <= WORDS == 1 && !wide;
      sub_q      <= {SUB_W{1'b0}};
      held_q     <= {LEVEL_W{1'b0}};
      taken_q    <= 1'b0;
      step_ready_q <= 1'b0;
    end
    if (!aresetn) starting_q <= 1'b0;
  end

  // ---- words from the memory, joined to pairs

  wire              word_valid, word_half;
  wire [SUB_W-1:0]  word_sub;
  wire [PART_W-1:0] word_part;

  lsfq_delay #(
    .WIDTH (2),
    .STAGES(READ_LATENCY),
    .RESET (1)
  ) u_delay_valid (
    .aclk   (aclk),
    .aresetn(aresetn && !restart),
    .d      ({pair_read, read}),
    .q      ({push, word_valid})
  );

  wire              word_first;             // the word has the pair's first digit

  lsfq_delay #(
    .WIDTH (SUB_W + PART_W + 3),
    .STAGES(READ_LATENCY)
  ) u_delay_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({half_q, word_end_q, left_q == digits_after, sub_q, part_q}),
    .q      ({word_half, push_word_end, word_first, word_sub, word_part})
  );

  wire [CHANNEL_W*CHUNK-1:0] part_word = read_data[CHANNEL_W*CHUNK*word_part +: CHANNEL_W*CHUNK];
  wire [2*CODE_BITS*CHUNK-1:0] digits;      // of a channel: {odd, even}

  genvar g;
  generate
    for (g = 0; g < CHUNK; g = g + 1) begin : g_channel
      if (CODE_BITS == 3) begin : g_half_word
        assign digits[6*g +: 6] = word_half ? part_word[12*g+6 +: 6] : part_word[12*g +: 6];
      end else begin : g_word
        assign digits[8*g +: 8] = part_word[8*g +: 8];
      end
    end
  endgenerate

  reg  [16*POUT-1:0]  pair_q, pair_d;       // the pair so far, without and with this word
  localparam KEPT = 8 - CODE_BITS;          // bits of a code that a lower digit moves up

  integer c;
  always @* begin
    pair_d = pair_q;
    for (c = 0; c < CHUNK; c = c + 1) begin
      // The high digit comes first; a low digit moves it up.
      pair_d[8*(CHUNK*word_sub + c) +: 8] =
        {word_first ? {KEPT{1'b0}} : pair_q[8*(CHUNK*word_sub + c) +: KEPT],
         digits[2*CODE_BITS*c +: CODE_BITS]};
      pair_d[8*(POUT + CHUNK*word_sub + c) +: 8] =
        {word_first ? {KEPT{1'b0}} : pair_q[8*(POUT + CHUNK*word_sub + c) +: KEPT],
         digits[2*CODE_BITS*c+CODE_BITS +: CODE_BITS]};
    end
  end

  always @(posedge aclk)
    if (word_valid) pair_q <= pair_d;

  wire               room, here;
  wire [LEVEL_W-1:0] level;
  wire [16*POUT-1:0] head;

  lsfq_fifo #(
    .WIDTH(16 * POUT),
    .DEPTH(DEPTH),
    .GUARD(0)                         // held_q prevents overflow, step_ready underflow
  ) u_pairs (
    .aclk   (aclk),
    .aresetn(aresetn && !restart),
    .s_valid(push),
    .s_ready(room),
    .s_data (pair_d),
    .m_valid(here),
    .m_ready(taken),
    .m_data (head),
    .level  (level)
  );

  reg [8*POUT-1:0] odd_q [0:1];             // the odd pixel of the pair that each set took last

  always @(posedge aclk)
    if (taken) odd_q[pair_set] <= head[16*POUT-1:8*POUT];

  assign pair = {head[16*POUT-1:8*POUT], second ? odd_q[pair_set] : head[8*POUT-1:0]};

  wire unused = &{1'b0, groups_left, room, here, level, short_word, half_q, word_end_q, word_half,
                 push_word_end};

endmodule

`default_nettype wire

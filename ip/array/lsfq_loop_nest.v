// SPDX-License-Identifier: Apache-2.0
//
// lsfq_loop_nest: the order of a layer's words. Output-stationary:
//
//   for each output group, image, row y, pixel pair t (a *step*):
//     for each digit pair, most significant first: (input, weight) = hh, hl, lh, ll (a *phase*)
//       for each kernel row inside the image (a *line*), each channel group: one word
//
// CODE_BITS 3: a step is a word of four pixels, and input codes have up to three digits. Weights
// have one; a full map goes through its words twice for each digit of the input (`wide_weight`):
// once for the first two pixels of the words, once for the last two. The low bit of `phase` says
// which, as it says which digit of the weights it is with CODE_BITS 4.
//
// The first and the last row of a map may have no kernel row above or below them; `above` and
// `below` say that they do have one. With stride 2 every other row is left out; the array's output
// leaves out every other pixel. A full-map layer is one step, whose single line is the whole
// tensor; with shared weights it has one line for each position of the map.
//
// The outputs describe the current word: which loops end with it, and the place of its step. They
// come from registers through at most three LUT levels. `restart` moves to the layer's first word,
// `advance` to the next word; both take effect in the next cycle. The settings are stable from the
// last but one cycle of `restart` on.

`default_nettype none

module lsfq_loop_nest #(
  parameter CODE_BITS = 4,
  parameter PHASE_W   = CODE_BITS == 3 ? 3 : 2          // derived
) (
  input  wire        aclk,
  input  wire        restart,
  input  wire        advance,

  input  wire        three_rows,      // kernel 3x3
  input  wire        above,           // the first row has a row above it
  input  wire        below,           // the last row has a row below it
  input  wire        wide_in,         // input codes have two digits; so do weight codes (next)
  input  wire        wide_weight,
  input  wire        third_in,        // CODE_BITS 3, with wide_in: input codes have three digits
  input  wire [15:0] rows,
  input  wire [15:0] pairs,
  input  wire [17:0] words,           // words of a line
  input  wire [17:0] last_line,       // without three_rows: lines of a phase, minus 1
  input  wire [15:0] images,
  input  wire [15:0] groups,

  output wire        step_first,      // the word is the first of its step; of its phase (next)
  output wire        phase_first,
  output wire        line_first,      // the line is the first of its phase
  output wire        pair_first,      // the step is the first of its row; the last (next)
  output wire        pair_last,
  output wire        row_first,       // the row has no row above it
  output wire        row_last,        // the row is the last of its image
  output wire        next_row_first,  // the row of the next word has no row above it
  output wire [PHASE_W-1:0] phase,      // {number of the input digit, low weight digit}
  output wire [PHASE_W-1:0] next_phase, // of the next phase in this step

  output wire        line_end,        // the word is the last of its line, of its phase, ...
  output wire        phase_end,
  output wire        step_end,
  output wire        row_end,
  output wire        image_end,
  output wire        group_end,
  output wire        layer_end,
  output wire        last_use         // no later step needs the word's weights
);

  wire last_word, last_pair, last_row, last_image, last_group;
  wire next_last_word, next_last_pair, next_last_row, next_last_image, next_last_group;
  reg  last_line_q, last_phase_q;

  assign line_end  = last_word;
  assign phase_end = last_word && last_line_q;
  assign step_end  = phase_end && last_phase_q;
  assign row_end   = step_end && last_pair;
  assign image_end = row_end && last_row;
  assign group_end = image_end && last_image;
  assign layer_end = group_end && last_group;

  lsfq_loop_counter #(
    .WIDTH(18)
  ) u_words (
    .aclk     (aclk),
    .restart  (restart),
    .count    (words),
    .advance  (advance),
    .last     (last_word),
    .next_last(next_last_word)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_pairs (
    .aclk     (aclk),
    .restart  (restart),
    .count    (pairs),
    .advance  (advance && step_end),
    .last     (last_pair),
    .next_last(next_last_pair)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_rows (
    .aclk     (aclk),
    .restart  (restart),
    .count    (rows),
    .advance  (advance && row_end),
    .last     (last_row),
    .next_last(next_last_row)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_images (
    .aclk     (aclk),
    .restart  (restart),
    .count    (images),
    .advance  (advance && image_end),
    .last     (last_image),
    .next_last(next_last_image)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_groups (
    .aclk     (aclk),
    .restart  (restart),
    .count    (groups),
    .advance  (advance && group_end),
    .last     (last_group),
    .next_last(next_last_group)
  );

  // ---- lines and phases: the number of lines depends on the place of the row in its image

  reg         first_word_q, first_line_q, first_phase_q, first_pair_q, first_row_q;
  reg  [PHASE_W-1:0] phase_q;
  reg  [17:0] lines_q;                // lines left in this phase after this one
  reg         one_row_q, one_line_q;

  wire [PHASE_W-1:0] phase_last;
  wire        one_phase  = phase_last == {PHASE_W{1'b0}};

  generate
    if (CODE_BITS == 3) begin : g_three_digits
      assign phase_last = {third_in, wide_in && !third_in, wide_weight};
      assign next_phase = phase_q + (wide_weight ? 3'd1 : 3'd2);
    end else begin : g_two_digits
      // Phases 1 and 3 exist with wide weights, phases 2 and 3 with wide inputs.
      assign phase_last = {wide_in, wide_weight};
      assign next_phase = wide_weight ? phase_q + 2'd1 : 2'd2;
      wire unused_third = third_in;
    end
  endgenerate

  wire        next_first     = last_row && !above;      // at the last step of a row
  assign      next_row_first = row_end ? next_first : first_row_q;
  // The number of lines of a phase, minus 1, without the kernel rows outside the image: for this
  // row (row_lines) and, at the last step of a row, for the next one (next_row_lines).
  wire        outer_above = restart ? !above : first_row_q;
  wire        outer_below = (restart ? one_row_q : last_row) && !below;
  wire        next_outer_below = next_last_row && !below;
  wire [1:0]  row_lines      = {!outer_above && !outer_below, outer_above != outer_below};
  wire [1:0]  next_row_lines = {!next_first && !next_outer_below, next_first != next_outer_below};
  wire [1:0]  lines          = row_end && !restart ? next_row_lines : row_lines;

  always @(posedge aclk) begin
    one_row_q  <= rows == 16'd1;
    one_line_q <= last_line == 18'd0;
    if (restart || advance) begin
      first_word_q <= restart || last_word;
      if (restart || line_end) begin
        first_line_q <= restart || phase_end;
        lines_q      <= lines_q - 18'd1;
        last_line_q  <= lines_q == 18'd1;
      end
      if (restart || phase_end) begin
        lines_q       <= three_rows ? {16'd0, lines} : last_line;
        last_line_q   <= three_rows ? lines == 2'd0 : one_line_q;
        first_phase_q <= restart || step_end;
        phase_q       <= restart || step_end ? {PHASE_W{1'b0}} : next_phase;
        last_phase_q  <= restart || step_end ? one_phase : next_phase == phase_last;
      end
      if (restart || step_end) begin
        first_pair_q <= restart || last_pair;
        first_row_q  <= restart ? !above : next_row_first;
      end
    end
  end

  assign phase       = phase_q;
  assign phase_first = first_word_q && first_line_q;
  assign step_first  = phase_first && first_phase_q;
  assign line_first  = first_line_q;
  assign pair_first  = first_pair_q;
  assign pair_last   = last_pair;
  assign row_first   = first_row_q;
  assign row_last    = last_row;
  // Shared weights are used by every line, a weight digit by the phases of both input digits.
  assign last_use    = last_image && last_row && last_pair
                       && phase_q[PHASE_W-1:1] == phase_last[PHASE_W-1:1]
                       && (three_rows || last_line_q);

  wire unused = &{1'b0, next_last_word, next_last_pair, next_last_image, next_last_group};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_sequencer: the order of work. Output-stationary, one feature word and one weight word a cycle:
//
//   for each output group, image, row y, pixel pair t (a *step*):
//     for each digit pair, most significant first:  (input, weight) = (h,h) | (h,l) (l,h) | (l,l), shift at |
//       for each kernel row inside the image, each channel group: issue
//
// With stride 2 every other row is left out (every other pixel by the array's output). A full map is one step
// whose kernel row is the whole tensor; with shared weights it has a kernel row for every position of the map,
// and all of them use the same words. Addresses advance by additions only.
//
// A word is issued when its weights are complete. The last word of a step also waits until the array's
// output has time for its pairs (step_cycles since the last one); in a raw layer, until the result queue has
// room for all pairs under way; in a residual layer, until the pairs to add are there. A layer starts when the
// one before is written and the images that it asks for are stored.
//
// Issue latency 1 cycle: addresses and tags are registered. From the first image stored on, each cycle is
// counted as exactly one of busy, starved_weights, blocked_output, starved_features.

`default_nettype none

module lsfq_sequencer #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PTR_W            = 20,
  parameter DEPTHWISE_PIXELS = 1,     // that the depthwise stage makes a cycle
  parameter LEVEL_W          = 6      // of the result queue
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             clear,

  input  wire [15:0]      loads,              // images stored
  input  wire             layer_valid,
  output wire             layer_ready,        // the layer is finished
  input  wire             layer_three_rows,
  input  wire             layer_pointwise,
  input  wire             layer_raw,
  input  wire             layer_stride2,
  input  wire             layer_shared,
  input  wire             layer_below,
  input  wire             layer_wide_in,
  input  wire             layer_wide_weight,
  input  wire [15:0]      layer_rows,
  input  wire [15:0]      layer_pairs,
  input  wire [17:0]      layer_words,
  input  wire [17:0]      layer_stride,
  input  wire [15:0]      layer_row_pitch,
  input  wire [17:0]      layer_last_line,
  input  wire [15:0]      layer_images,
  input  wire [17:0]      layer_in_pitch,
  input  wire [15:0]      layer_loads,
  input  wire [17:0]      layer_in_base,
  input  wire [17:0]      layer_in_digit,
  input  wire [PTR_W-1:0] layer_weight_digit,
  input  wire [PTR_W-1:0] layer_group_words,
  input  wire [15:0]      layer_groups,
  input  wire [3:0]       layer_out_bits,
  input  wire             layer_depthwise,
  output wire             layer_begin,        // one cycle, before the first word

  output reg  [17:0]      feature_address,
  output reg  [PTR_W-1:0] weight_pointer,
  input  wire [PTR_W-1:0] weights_complete,   // words below are there
  output reg  [PTR_W-1:0] weights_free,       // words below were used

  // tags of the word issued
  output reg              issue_valid,
  output reg              issue_first,        // of a step
  output reg              issue_shift,        // first of a digit pair that shifts the sum
  output reg              issue_offset,       // its input codes count for the offset
  output reg              issue_last,         // of a step
  output reg              issue_row_first,    // the step is its row's first, last, the image's last
  output reg              issue_row_last,
  output reg              issue_image_last,
  output wire [3:0]       pair_cycles,        // cycles that the output needs for a pair

  input  wire             step_ready,         // what a step's pairs are added to is there
  output wire             step_taken,         // a step's last word is issued
  output wire             step_row_end,       // (with it) the step is its row's last
  input  wire             pair_done,          // a pair has passed the requantisation
  output wire             drain,              // all pairs of the layer have passed the requantisation
  input  wire             output_idle,        // nothing is left behind it
  input  wire [LEVEL_W-1:0] result_level,

  output wire             count_busy,
  output wire             count_starved_weights,
  output wire             count_blocked_output,
  output wire             count_starved_features
);

  localparam RATIO = POUT > PIN ? POUT / PIN : 1;       // words a pixel pair and digit
  localparam [3:0] RATIO_4 = RATIO[3:0];
  localparam PENDING_W = 8;
  localparam RESULT_DEPTH = 1 << (LEVEL_W - 1);

  localparam [1:0] S_WAIT = 2'd0, S_BEGIN = 2'd1, S_RUN = 2'd2, S_FINISH = 2'd3;

  reg [1:0]  state_q;

  // ---- output pace

  wire       wide_out   = layer_out_bits == 4'd8;
  assign pair_cycles    = layer_raw ? 4'd2              // the result queue takes a pixel a cycle
                        : wide_out  ? RATIO_4 << 1
                        : layer_depthwise && DEPTHWISE_PIXELS == 1 && RATIO == 1 ? 4'd2
                        : RATIO_4;
  wire [4:0] step_cycles = layer_pointwise ? {pair_cycles, 1'b0} : {1'b0, pair_cycles};
  reg  [4:0] pace_q;                                    // cycles until a step may end

  // ---- position

  reg [15:0]      group_q, image_q, row_q, pair_q;
  reg [1:0]       phase_q;            // {input digit is the low one, weight digit is the low one}
  reg [17:0]      ky_q;
  reg [17:0]      word_q;
  reg [17:0]      address_q;          // of this word
  reg [17:0]      line_q;             // of word 0 of this kernel row
  reg [17:0]      step_q;             // of word 0 of the step's first kernel row, high digit
  reg [17:0]      centre_q;           // of the step's own pixel pair, high digit
  reg [17:0]      image_base_q;       // of the image's first pixel pair, high digit
  reg [PTR_W-1:0] group_base_q;       // weight pointer of the group's first word
  reg [PTR_W-1:0] pointer_q;          // of this word

  wire first_row   = row_q == 16'd0;
  wire last_row    = row_q + 16'd1 == layer_rows;
  wire first_pair  = pair_q == 16'd0;
  wire last_pair   = pair_q + 16'd1 == layer_pairs;
  wire last_word   = word_q + 18'd1 == layer_words;
  wire last_image  = image_q + 16'd1 == layer_images;
  wire [17:0] ky_first = layer_three_rows && first_row ? 18'd1 : 18'd0;
  wire [17:0] ky_last  = !layer_three_rows ? layer_last_line : last_row && !layer_below ? 18'd1 : 18'd2;
  wire last_ky     = ky_q == ky_last;
  wire [1:0] phase_last = {layer_wide_in, layer_wide_weight};
  wire last_phase  = phase_q == phase_last;
  // count up through the phases that exist: 0, [1], [2], [3]
  wire [1:0] phase_next = layer_wide_weight ? phase_q + 2'd1 : 2'd2;
  wire last_group  = group_q + 16'd1 == layer_groups;

  wire line_end  = last_word;
  wire phase_end = line_end && last_ky;
  wire step_end  = phase_end && last_phase;
  wire image_end = step_end && last_pair && last_row;
  wire group_end = image_end && last_image;
  wire layer_end = group_end && last_group;

  // ---- may this word be issued?

  reg  [PENDING_W-1:0] pending_q;     // pairs issued that have not passed the requantisation
  wire [PENDING_W-1:0] result_use = {pending_q[PENDING_W-2:0], 1'b0} + {{(PENDING_W-LEVEL_W){1'b0}}, result_level};

  wire [PTR_W-1:0] ahead = weights_complete - pointer_q;
  wire have_weights = !ahead[PTR_W-1] && ahead != {PTR_W{1'b0}};
  // a step has up to 4 pixels, and the odd one of a pair that has just passed may not be in the queue yet
  wire have_room    = !layer_raw || result_use <= RESULT_DEPTH - 5;
  wire may_end      = pace_q == 5'd0 && have_room && step_ready;
  wire running      = state_q == S_RUN;
  wire issue        = running && have_weights && (!step_end || may_end);
  wire ends         = issue && step_end;

  assign layer_begin = state_q == S_BEGIN;
  assign step_taken  = ends;
  assign step_row_end = last_pair;
  assign drain       = state_q == S_FINISH && pending_q == {PENDING_W{1'b0}} && !issue_valid;
  assign layer_ready = drain && output_idle;

  assign count_busy             = issue;
  wire waiting  = state_q == S_WAIT && loads != 16'd0;
  wire unloaded = layer_valid && loads < layer_loads;

  assign count_starved_weights  = (running && !have_weights) || (waiting && !unloaded);
  assign count_blocked_output   = running && have_weights && !issue;
  assign count_starved_features = state_q == S_FINISH || state_q == S_BEGIN || (waiting && unloaded);

  // ---- the next word

  wire [17:0] pitch      = {2'd0, layer_row_pitch};
  wire [17:0] centre_d   = centre_q + 18'd1 + (layer_stride2 && last_pair ? pitch : 18'd0);
  wire [17:0] image_d    = last_image ? layer_in_base : image_base_q + layer_in_pitch;
  // the next step has a row above unless it is in row 0 too
  wire        above      = layer_three_rows && (!first_row || last_pair);
  wire [17:0] step_d     = image_end ? image_d : above ? centre_d - pitch : centre_d;
  wire [17:0] phase_base = step_q + (phase_next[1] ? layer_in_digit : 18'd0);
  wire        next_first_row = step_end ? (image_end || (first_row && !last_pair)) : first_row;
  wire [PTR_W-1:0] skipped_row = layer_three_rows && next_first_row ? {{(PTR_W-18){1'b0}}, layer_words}
                                                                    : {PTR_W{1'b0}};
  // the first word of the digit that is being used, and of the one that comes then
  wire [PTR_W-1:0] digit_base = group_base_q + (phase_q[0] ? layer_weight_digit : {PTR_W{1'b0}});
  wire [PTR_W-1:0] next_digit = group_base_q + (phase_next[0] ? layer_weight_digit : {PTR_W{1'b0}});
  wire [PTR_W-1:0] next_base = group_end ? group_base_q + layer_group_words : group_base_q;

  always @(posedge aclk) begin
    if (state_q == S_WAIT) begin
      group_q   <= 16'd0;
      image_q   <= 16'd0;
      row_q     <= 16'd0;
      pair_q    <= 16'd0;
      phase_q   <= 2'd0;
      word_q    <= 18'd0;
      ky_q      <= layer_three_rows ? 18'd1 : 18'd0;
      address_q <= layer_in_base;
      line_q    <= layer_in_base;
      step_q    <= layer_in_base;
      centre_q  <= layer_in_base;
      image_base_q <= layer_in_base;
      pointer_q <= group_base_q + (layer_three_rows ? {{(PTR_W-18){1'b0}}, layer_words} : {PTR_W{1'b0}});
    end else if (issue) begin
      word_q    <= last_word ? 18'd0 : word_q + 18'd1;
      address_q <= address_q + layer_stride;
      pointer_q <= pointer_q + 1'b1;
      if (line_end) begin
        ky_q      <= ky_q + 18'd1;
        line_q    <= line_q + pitch;
        address_q <= line_q + pitch;
        if (layer_shared) pointer_q <= digit_base;
      end
      if (phase_end) begin
        ky_q      <= ky_first;
        phase_q   <= phase_next;
        line_q    <= phase_base;
        address_q <= phase_base;
        pointer_q <= next_digit + skipped_row;
      end
      if (step_end) begin
        phase_q   <= 2'd0;
        step_q    <= step_d;
        line_q    <= step_d;
        address_q <= step_d;
        centre_q  <= image_end ? image_d : centre_d;
        pair_q    <= last_pair ? 16'd0 : pair_q + 16'd1;
        if (last_pair) row_q <= last_row ? 16'd0 : row_q + 16'd1;
        ky_q      <= layer_three_rows && next_first_row ? 18'd1 : 18'd0;
        pointer_q <= next_base + skipped_row;
      end
      if (image_end) begin
        image_q      <= last_image ? 16'd0 : image_q + 16'd1;
        image_base_q <= image_d;
      end
      if (group_end) group_q <= group_q + 16'd1;
    end

    // the word issued
    feature_address  <= address_q;
    weight_pointer   <= pointer_q;
    issue_first      <= word_q == 18'd0 && ky_q == ky_first && phase_q == 2'd0;
    issue_shift      <= word_q == 18'd0 && ky_q == ky_first &&
                        (phase_last == 2'd3 ? phase_q == 2'd1 || phase_q == 2'd3 : phase_q != 2'd0);
    issue_offset     <= !phase_q[0];
    issue_last       <= step_end;
    issue_row_first  <= first_pair;
    issue_row_last   <= last_pair;
    issue_image_last <= image_end;
  end

  always @(posedge aclk) begin
    issue_valid <= issue;
    if (ends) pace_q <= step_cycles - 5'd1;
    else if (pace_q != 5'd0) pace_q <= pace_q - 5'd1;

    pending_q <= pending_q + (ends ? {{(PENDING_W-2){1'b0}}, layer_pointwise, !layer_pointwise}
                                   : {PENDING_W{1'b0}})
                           - {{(PENDING_W-1){1'b0}}, pair_done};

    // in the group's last step, on its last input digit, a weight word is used for the last time
    if (issue && last_image && last_row && last_pair && phase_q[1] == layer_wide_in && (!layer_shared || last_ky))
      weights_free <= pointer_q + 1'b1;
    if (issue && group_end) begin
      weights_free <= next_base;
      group_base_q <= next_base;
    end

    case (state_q)
      S_WAIT:   if (layer_valid && !unloaded) state_q <= S_BEGIN;
      S_BEGIN:  state_q <= S_RUN;
      S_RUN:    if (issue && layer_end) state_q <= S_FINISH;
      default:  if (layer_ready) state_q <= S_WAIT;
    endcase

    if (!aresetn || clear) begin
      state_q      <= S_WAIT;
      issue_valid  <= 1'b0;
      pace_q       <= 5'd0;
      pending_q    <= {PENDING_W{1'b0}};
      weights_free <= {PTR_W{1'b0}};
      group_base_q <= {PTR_W{1'b0}};
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_sequencer: issues the words of a layer to the array, in the order of lsfq_loop_nest: one
// feature word and one weight word a cycle (lsfq_layer_walk).
//
// A word is issued when its weights are complete. The last word of a step also waits for
// lsfq_step_gate and, in a residual layer, for the pairs to be added. A layer starts when the one
// before is written and its images are stored; the last one ends when the result packet has left.
//
// Latency: the first word is issued 5 cycles after layer_begin; addresses and tags leave through a
// register after that. The settings of the next layer may replace those of a layer in the cycle
// after layer_ready. From the first stored image on, each cycle is counted as exactly one of busy,
// starved_weights, blocked_output and starved_features.

`default_nettype none

module lsfq_sequencer #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PTR_W            = 20,
  parameter DEPTHWISE_PIXELS = 1,     // pixels a cycle of the depthwise stage
  parameter LEVEL_W          = 6,     // bits of result_level
  parameter CODE_BITS        = 4
) (
  input  wire             aclk,
  input  wire             aresetn,

  input  wire [15:0]      loads,              // LOADs stored
  input  wire             layer_valid,
  output wire             layer_ready,        // the layer is finished
  input  wire             layer_three_rows,
  input  wire             layer_pointwise,
  input  wire             layer_raw,
  input  wire             layer_row_stride2,
  input  wire             layer_shared,
  input  wire             layer_above,
  input  wire             layer_below,
  input  wire [1:0]       layer_wide_in,      // two digits or more; CODE_BITS 3: three
  input  wire             layer_wide_weight,
  input  wire [15:0]      layer_rows,
  input  wire [15:0]      layer_pairs,        // of a row; CODE_BITS 3: a word has two
  input  wire [17:0]      layer_words,
  input  wire [17:0]      layer_stride,
  input  wire [15:0]      layer_row_pitch,
  input  wire [17:0]      layer_last_line,
  input  wire [15:0]      layer_images,
  input  wire [17:0]      layer_in_pitch,
  input  wire [15:0]      layer_loads,
  input  wire [17:0]      layer_in_start,
  input  wire [15:0]      layer_in_ring,
  input  wire [15:0]      layer_in_left,
  input  wire [17:0]      layer_in_digit,
  input  wire [PTR_W-1:0] layer_weight_digit,
  input  wire [PTR_W-1:0] layer_group_words,
  input  wire [15:0]      layer_groups,
  input  wire [1:0]       layer_wide_out,     // codes that are stored, as layer_wide_in
  input  wire             layer_depthwise,
  input  wire             layer_last,         // of the pass
  output reg              layer_begin,        // one cycle, before the first word

  output reg  [17:0]      feature_address,
  output reg  [PTR_W-1:0] weight_pointer,
  input  wire [PTR_W-1:0] weights_complete,   // words before this one are complete
  output reg  [PTR_W-1:0] weights_free,       // words before this one are not needed any more

  // tags of the word issued
  output reg              issue_valid,
  output reg              issue_first,        // of a step
  output reg              issue_shift,        // the sums are shifted before this word is added
  output reg              issue_offset,       // the word's pixels count in the offset sum
  output reg              issue_last,         // of a step
  output reg              issue_row_first,    // the step is the first of its row; the last of its
  output reg              issue_row_last,     // row; the last of its image (next)
  output reg              issue_image_last,
  output wire [3:0]       pair_cycles,        // least number of cycles between two pairs

  input  wire             tables_ready,       // the tables of the layer are complete; stays high
  input  wire             step_ready,         // the skip pairs of the next step are there
  output wire             step_taken,         // the last word of a step is issued
  output wire             step_row_end,       // (with step_taken) the step is the last of its row
  input  wire             pair_done,          // a pair has passed requantisation
  output wire             drain,              // all pairs of the layer have passed requantisation
  input  wire             output_idle,        // no pair is downstream of requantisation
  input  wire [LEVEL_W-1:0] result_level,
  input  wire             result_sent,        // the result packet of the pass has left

  output wire             count_busy,
  output wire             count_starved_weights,
  output wire             count_blocked_output,
  output wire             count_starved_features
);

  localparam [2:0] S_BEGIN = 3'd0, S_FILL = 3'd1, S_RUN = 3'd2, S_FINISH = 3'd3, S_WAIT = 3'd4;

  reg [2:0] state_q;

  wire waiting  = state_q[2];           // S_WAIT
  reg  nest_waits_q;                    // the same, as a copy placed near the nest
  wire running  = state_q == S_RUN;
  wire unloaded = layer_valid && loads < layer_loads;
  reg  unloaded_q;
  reg  may_go_q;                        // a layer waits and its images are stored; a cycle late
  wire go       = waiting && may_go_q;

  // ---- the words of the layer

  wire [15:0] row_words = CODE_BITS == 3 ? {1'b0, layer_pairs[15:1]} + {15'd0, layer_pairs[0]}
                                         : layer_pairs;
  wire        short_row = CODE_BITS == 3 && layer_pairs[0];     // its last word has one pair

  wire             next_valid;
  wire             advance;                             // the waiting word moves on
  wire [17:0]      next_address;
  wire [PTR_W-1:0] next_pointer;
  wire [9:0]       next_tags;

  lsfq_layer_walk #(
    .PTR_W    (PTR_W),
    .CODE_BITS(CODE_BITS)
  ) u_walk (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .restart     (waiting),
    .nest_restart(nest_waits_q),
    .go          (go),
    .three_rows  (layer_three_rows),
    .row_stride2 (layer_row_stride2),
    .shared      (layer_shared),
    .above       (layer_above),
    .below       (layer_below),
    .wide_in     (layer_wide_in[0]),
    .wide_weight (layer_wide_weight),
    .third_in    (layer_wide_in[1]),
    .rows        (layer_rows),
    .pairs       (row_words),
    .words       (layer_words),
    .stride      (layer_stride),
    .row_pitch   (layer_row_pitch),
    .last_line   (layer_last_line),
    .images      (layer_images),
    .in_pitch    (layer_in_pitch),
    .in_start    (layer_in_start),
    .in_ring     (layer_in_ring),
    .in_left     (layer_in_left),
    .in_digit    (layer_in_digit),
    .weight_digit(layer_weight_digit),
    .group_words (layer_group_words),
    .groups      (layer_groups),
    .m_valid     (next_valid),
    .m_ready     (advance),
    .m_address   (next_address),
    .m_pointer   (next_pointer),
    .m_tags      (next_tags)
  );

  // ---- the waiting word, and whether it may be issued

  reg              here_q;            // a word waits
  reg              have_weights_q;    // its weights are complete; also high while no word waits
  wire             step_open, none_pending;
  reg  [17:0]      address_q;
  reg  [PTR_W-1:0] pointer_q;
  reg              first_q, shift_q, offset_q, last_q, row_first_q, row_last_q, image_last_q;
  reg              frees_q, frees_group_q, ends_layer_q;

  // Pointers of the ring are less than half of their range apart, so the sign orders them.
  wire [PTR_W-1:0] next_behind = next_pointer - weights_complete;
  wire [PTR_W-1:0] behind      = pointer_q - weights_complete;

  wire issue = here_q && advance;
  wire ends  = last_q && advance;       // last_q is low while no word waits

  assign advance = have_weights_q && (!last_q || (step_open && step_ready));

  lsfq_step_gate #(
    .PIN             (PIN),
    .POUT            (POUT),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS),
    .LEVEL_W         (LEVEL_W),
    .CODE_BITS       (CODE_BITS)
  ) u_gate (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .pointwise   (layer_pointwise),
    .raw         (layer_raw),
    .wide_out    (layer_wide_out[0]),
    .third_out   (layer_wide_out[1]),
    .short_row   (short_row),
    .depthwise   (layer_depthwise),
    .pair_cycles (pair_cycles),
    .step_end    (ends),
    .step_row_end(row_last_q),
    .pair_done   (pair_done),
    .tables_ready(tables_ready),
    .result_level(result_level),
    .open        (step_open),
    .none_pending(none_pending)
  );

  always @(posedge aclk) begin
    have_weights_q <= advance ? !next_valid || next_behind[PTR_W-1] : behind[PTR_W-1];
    if (advance) begin
      here_q    <= next_valid;
      address_q <= next_address;
      pointer_q <= next_pointer;
      {first_q, shift_q, offset_q, last_q, row_first_q, row_last_q, image_last_q,
       frees_q, frees_group_q, ends_layer_q} <= next_tags;
      if (!next_valid) last_q <= 1'b0;
    end
    if (!aresetn) begin
      here_q         <= 1'b0;
      have_weights_q <= 1'b1;
      last_q         <= 1'b0;
    end
  end

  reg  finished_q;
  wire sending = drain && output_idle && layer_last;    // only results have still to leave

  assign step_taken   = ends;
  assign step_row_end = row_last_q;
  assign drain        = state_q == S_FINISH && none_pending && !issue_valid;
  assign layer_ready  = finished_q;

  assign count_busy             = issue;
  assign count_starved_weights  = (running && !(here_q && have_weights_q)) ||
                                  (waiting && loads != 16'd0 && !unloaded_q);
  assign count_blocked_output   = (here_q && have_weights_q && !issue) || sending;
  assign count_starved_features = state_q == S_BEGIN || state_q == S_FILL ||
                                  (state_q == S_FINISH && !sending) ||
                                  (waiting && loads != 16'd0 && unloaded_q);

  // ---- the issued word
  reg [PTR_W-1:0]  freed_q;           // the next value of weights_free,
  reg              free_q;            // assigned in this cycle
  reg [PTR_W-1:0]  group_base_q;      // first weight of the issued group; u_address is ahead of it
  wire [PTR_W-1:0] next_base = group_base_q + layer_group_words;

  always @(posedge aclk) begin
    feature_address  <= address_q;
    weight_pointer   <= pointer_q;
    issue_first      <= first_q;
    issue_shift      <= shift_q;
    issue_offset     <= offset_q;
    issue_last       <= last_q;
    issue_row_first  <= row_first_q;
    issue_row_last   <= row_last_q;
    issue_image_last <= image_last_q;
  end

  always @(posedge aclk) begin
    issue_valid <= issue;
    free_q  <= issue && (frees_q || frees_group_q);
    freed_q <= frees_group_q ? next_base : pointer_q + 1'b1;
    if (free_q) weights_free <= freed_q;
    if (issue && frees_group_q) group_base_q <= next_base;

    layer_begin <= go;
    unloaded_q  <= unloaded;
    may_go_q    <= layer_valid && !unloaded && !finished_q;
    finished_q  <= drain && output_idle && !finished_q && (result_sent || !layer_last);

    nest_waits_q <= (waiting && !go) || (state_q == S_FINISH && finished_q);
    case (state_q)
      S_WAIT:   if (go) state_q <= S_BEGIN;
      S_BEGIN:  state_q <= S_FILL;
      S_FILL:   if (next_valid) state_q <= S_RUN;
      S_RUN:    if (issue && ends_layer_q) state_q <= S_FINISH;
      default:  if (finished_q) state_q <= S_WAIT;
    endcase

    if (!aresetn) begin
      state_q      <= S_WAIT;
      nest_waits_q <= 1'b1;
      issue_valid  <= 1'b0;
      layer_begin  <= 1'b0;
      finished_q   <= 1'b0;
      may_go_q     <= 1'b0;
      free_q       <= 1'b0;
      weights_free <= {PTR_W{1'b0}};
      group_base_q <= {PTR_W{1'b0}};
    end
  end

endmodule

`default_nettype wire

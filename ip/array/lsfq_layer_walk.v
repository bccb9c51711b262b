// SPDX-License-Identifier: Apache-2.0
//
// lsfq_layer_walk: the words of a layer in the order of lsfq_loop_nest, each with its addresses and
// tags.
//
// The nest's word and the word whose addresses are known are two registers apart and move together.
// A skid buffer keeps a stall of the issue away from them.
//
// Handshake: `restart` holds the walk at the layer's first word, `nest_restart` is the same, but
// ends a cycle after `go`; `go` says that the layer starts. m_valid/m_ready hand the words on. The
// settings are stable from the last but one cycle of `restart` on.

`default_nettype none

module lsfq_layer_walk #(
  parameter PTR_W     = 20,
  parameter CODE_BITS = 4
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             restart,
  input  wire             nest_restart,
  input  wire             go,

  input  wire             three_rows,         // as in lsfq_layer_sequence
  input  wire             row_stride2,
  input  wire             shared,
  input  wire             above,
  input  wire             below,
  input  wire             wide_in,
  input  wire             wide_weight,
  input  wire             third_in,
  input  wire [15:0]      rows,
  input  wire [15:0]      pairs,
  input  wire [17:0]      words,
  input  wire [17:0]      stride,
  input  wire [15:0]      row_pitch,
  input  wire [17:0]      last_line,
  input  wire [15:0]      images,
  input  wire [17:0]      in_pitch,
  input  wire [17:0]      in_start,
  input  wire [15:0]      in_ring,
  input  wire [15:0]      in_left,
  input  wire [17:0]      in_digit,
  input  wire [PTR_W-1:0] weight_digit,
  input  wire [PTR_W-1:0] group_words,
  input  wire [15:0]      groups,

  output wire             m_valid,
  input  wire             m_ready,
  output wire [17:0]      m_address,          // in the feature memory
  output wire [PTR_W-1:0] m_pointer,          // in the ring of weights
  // from bit 9 down: the word is the first of its step, the sums are shifted before it, its pixels
  // count in the offset sum, it is the last of its step; the step is the first of its row, the last
  // of its row, of its image; the weights are not used again, the word is the last of its output
  // group, of the layer
  output wire [9:0]       m_tags
);

  reg        nest_q;                                    // the nest has a word
  reg        moved_q;                                   // there is a word one register later
  reg        word_q;
  wire       ahead;                                     // both words move on

  wire       step_first, phase_first, line_first, pair_first, pair_last;
  wire       row_first, row_last, next_row_first;
  localparam PHASE_W = CODE_BITS == 3 ? 3 : 2;
  wire [PHASE_W-1:0] phase, next_phase;
  wire       shift;                                     // the phase begins with a shift
  wire       line_end, phase_end, step_end, row_end, image_end, group_end, layer_end, last_use;

  wire [17:0]      address;
  wire [PTR_W-1:0] pointer;
  reg  [9:0]       moved_tags_q, tags_q;

  // Phases of the same weight make a sum: with CODE_BITS 4 the second and third of four, and with
  // CODE_BITS 3 the two halves of a word.
  assign shift = CODE_BITS == 3 ? phase[PHASE_W-1:1] != {(PHASE_W-1){1'b0}} && !phase[0]
               : wide_in && wide_weight ? phase[0] : phase != {PHASE_W{1'b0}};

  lsfq_loop_nest #(
    .CODE_BITS(CODE_BITS)
  ) u_nest (
    .aclk          (aclk),
    .restart       (nest_restart),
    .advance       (ahead),
    .three_rows    (three_rows),
    .above         (above),
    .below         (below),
    .wide_in       (wide_in),
    .wide_weight   (wide_weight),
    .third_in      (third_in),
    .rows          (rows),
    .pairs         (pairs),
    .words         (words),
    .last_line     (last_line),
    .images        (images),
    .groups        (groups),
    .step_first    (step_first),
    .phase_first   (phase_first),
    .line_first    (line_first),
    .pair_first    (pair_first),
    .pair_last     (pair_last),
    .row_first     (row_first),
    .row_last      (row_last),
    .next_row_first(next_row_first),
    .phase         (phase),
    .next_phase    (next_phase),
    .line_end      (line_end),
    .phase_end     (phase_end),
    .step_end      (step_end),
    .row_end       (row_end),
    .image_end     (image_end),
    .group_end     (group_end),
    .layer_end     (layer_end),
    .last_use      (last_use)
  );

  lsfq_word_address #(
    .PTR_W    (PTR_W),
    .CODE_BITS(CODE_BITS)
  ) u_address (
    .aclk          (aclk),
    .aresetn       (aresetn),
    .restart       (restart),
    .advance       (ahead),
    .three_rows    (three_rows),
    .above         (above),
    .stride2       (row_stride2),
    .shared        (shared),
    .words         (words),
    .stride        (stride),
    .row_pitch     (row_pitch),
    .in_pitch      (in_pitch),
    .in_start      (in_start),
    .in_ring       (in_ring),
    .in_left       (in_left),
    .in_digit      (in_digit),
    .weight_digit  (weight_digit),
    .group_words   (group_words),
    .valid         (nest_q),
    .line_first    (line_first),
    .line_end      (line_end),
    .phase_end     (phase_end),
    .step_end      (step_end),
    .row_end       (row_end),
    .image_end     (image_end),
    .group_end     (group_end),
    .row_first     (row_first),
    .row_last      (row_last),
    .next_row_first(next_row_first),
    .low_weight    (phase[0]),
    .next_phase    (next_phase),
    .address       (address),
    .pointer       (pointer)
  );

  always @(posedge aclk) begin
    if (ahead) begin
      moved_q <= nest_q;
      word_q  <= moved_q;
      tags_q  <= moved_tags_q;
      moved_tags_q <= {step_first,
                       phase_first && shift,
                       !phase[0],
                       step_end, pair_first, pair_last, image_end, last_use, group_end, layer_end};
    end
    nest_q <= go || (nest_q && !(layer_end && ahead));
    if (!aresetn) begin
      nest_q  <= 1'b0;
      moved_q <= 1'b0;
      word_q  <= 1'b0;
    end
  end

  lsfq_skid #(
    .WIDTH(28 + PTR_W)
  ) u_words (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(word_q),
    .s_ready(ahead),
    .s_data ({tags_q, address, pointer}),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data ({m_tags, m_address, m_pointer})
  );

endmodule

`default_nettype wire

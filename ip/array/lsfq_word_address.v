// SPDX-License-Identifier: Apache-2.0
//
// lsfq_word_address: the addresses of lsfq_loop_nest's words, in the feature memory and in the ring
// of weights.
//
// An address is one addition: to the address of the word before, or to the address at which the
// line, the step, the image or the layer began.
//
//   move to      feature address                           weight pointer
//   next word    address + stride                          pointer + 1
//   next line    line start + pitch; past the ring's end   pointer + 1; shared weights: the digit's
//                - ring                                    first weight
//   next phase   step start, + in_digit for the low digit  group start, + weight_digit for the low
//                (CODE_BITS 3: for each digit before)      digit; + skipped row
//   next step    step start + 1; from row to row also      group start + skipped row
//                - pitch after row 0 of a 3x3 kernel,
//                + pitch with stride 2; past the ring's
//                end - ring
//   next image   image start + in_pitch                    group start + skipped row
//   next group   in_start                                  group start + group_words, + skipped row
//
// In a row that has no row above it one kernel row is skipped, which is `words` weights. A step
// starts with its first kernel row. The rows of a channel group lie in a ring: `stride` words,
// `in_ring` rows, of which `in_left` are left from the first kernel row on, the skipped one
// included.
//
// `address` and `pointer` belong to the word at which the nest was two `advance`s before: one cycle
// selects the operands, the next one adds them. After `restart` (together with the nest's) the
// second `advance` gives the layer's first word. Groups follow each other in the ring from layer to
// layer: after a layer's last word the pointer is at the next layer's first group; reset sets it to
// weight 0. The settings are stable from the last but one cycle of `restart` on; `advance` is high
// in those cycles, too.

`default_nettype none

module lsfq_word_address #(
  parameter PTR_W     = 20,
  parameter CODE_BITS = 4,
  parameter PHASE_W   = CODE_BITS == 3 ? 3 : 2          // derived
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             restart,
  input  wire             advance,

  input  wire             three_rows,
  input  wire             above,
  input  wire             stride2,
  input  wire             shared,
  input  wire [17:0]      words,
  input  wire [17:0]      stride,
  input  wire [15:0]      row_pitch,
  input  wire [17:0]      in_pitch,
  input  wire [17:0]      in_start,
  input  wire [15:0]      in_ring,
  input  wire [15:0]      in_left,
  input  wire [17:0]      in_digit,
  input  wire [PTR_W-1:0] weight_digit,
  input  wire [PTR_W-1:0] group_words,

  // the current word of the nest
  input  wire             valid,            // the nest has a word
  input  wire             line_first,
  input  wire             line_end,
  input  wire             phase_end,
  input  wire             step_end,
  input  wire             row_end,
  input  wire             image_end,
  input  wire             group_end,
  input  wire             row_first,        // the row has no row above it
  input  wire             row_last,
  input  wire             next_row_first,
  input  wire             low_weight,       // the word has the weights' low digit
  input  wire [PHASE_W-1:0] next_phase,

  output wire [17:0]      address,
  output wire [PTR_W-1:0] pointer
);

  localparam WORD = 0, LINE = 1, STEP = 2, IMAGE = 3, LAYER = 4;         // bit numbers of from_q
  localparam [4:0] FROM_WORD = 5'd1 << WORD, FROM_LINE = 5'd1 << LINE, FROM_STEP = 5'd1 << STEP,
                   FROM_IMAGE = 5'd1 << IMAGE, FROM_LAYER = 5'd1 << LAYER;
  // bit numbers of by_q
  localparam BY_STRIDE = 0, BY_PITCH = 1, BY_PITCH_WRAP = 2, BY_IMAGE = 3, BY_DIGIT = 4, BY_ONE = 5,
             BY_ONE_WRAP = 6, BY_ROW_UP = 7, BY_ROW_DOWN = 8, BY_ROW_DOWN_WRAP = 9,
             BY_TWO_DIGITS = 10;                        // CODE_BITS 3

  wire [17:0]      pitch = {2'd0, row_pitch};
  wire [PTR_W-1:0] skip  = {{(PTR_W-18){1'b0}}, words};

  // ---- constants of the layer

  reg [17:0]      row_up_q, row_down_q;     // the next pair, one row up or down
  reg [17:0]      pitch_wrap_q, one_wrap_q, row_down_wrap_q;            // past the ring's end
  reg [PTR_W-1:0] digit_skip_q;

  always @(posedge aclk) begin
    row_up_q        <= 18'd1 - pitch;
    row_down_q      <= 18'd1 + pitch;
    pitch_wrap_q    <= pitch - stride;
    one_wrap_q      <= 18'd1 - stride;
    row_down_wrap_q <= 18'd1 + pitch - stride;
    digit_skip_q    <= weight_digit + skip;
  end

  // ---- the ring: rows left from the row above the step's own on, whether that row is there or not

  wire last_row, last_row_but_one, row_wraps;

  lsfq_ring_counter #(
    .WIDTH(16)
  ) u_ring (
    .aclk        (aclk),
    .restart     (restart),
    .two         (stride2),
    .ring        (in_ring),
    .start       (in_left),
    .advance     (advance && row_end),
    .again       (row_last),
    .last        (last_row),
    .last_but_one(last_row_but_one),
    .wraps       (row_wraps)
  );

  wire line_wraps = three_rows && (line_first && !row_first ? last_row : last_row_but_one);
  wire no_above   = three_rows && row_first;

  // ---- the move to the nest's word from the word before

  reg [4:0]       from_q;
  reg [10:0]      by_q;                     // no bit: by 0
  reg             line_q, step_q, image_q, group_q;     // the word begins one
  // the weight pointer does not move by one; moves to the low digit; moves past the skipped row
  reg             back_q, low_q, skip_q;

  // ---- the same, one word later, with the distances to the word after the one at `address`

  reg [4:0]       late_from_q;
  reg             late_line_q, late_step_q, late_image_q, late_group_q, late_back_q;
  reg [17:0]      move_q;
  reg [PTR_W-1:0] weight_move_q;

  // ---- the addresses at which the word, line, step, image and group began

  reg [17:0]      address_q, line_base_q, step_base_q, image_base_q;
  reg [PTR_W-1:0] pointer_q, group_base_q, next_base_q; // first weight of this group; of the next

  wire [17:0]     from = ({18{late_from_q[WORD]}}  & address_q)
                       | ({18{late_from_q[LINE]}}  & line_base_q)
                       | ({18{late_from_q[STEP]}}  & step_base_q)
                       | ({18{late_from_q[IMAGE]}} & image_base_q)
                       | ({18{late_from_q[LAYER]}} & in_start);
  wire [17:0]     by   = ({18{by_q[BY_STRIDE]}}        & stride)
                       | ({18{by_q[BY_PITCH]}}         & pitch)
                       | ({18{by_q[BY_PITCH_WRAP]}}    & pitch_wrap_q)
                       | ({18{by_q[BY_IMAGE]}}         & in_pitch)
                       | ({18{by_q[BY_DIGIT]}}         & in_digit)
                       | ({18{by_q[BY_ONE]}}           & 18'd1)
                       | ({18{by_q[BY_ONE_WRAP]}}      & one_wrap_q)
                       | ({18{by_q[BY_ROW_UP]}}        & row_up_q)
                       | ({18{by_q[BY_ROW_DOWN]}}      & row_down_q)
                       | ({18{by_q[BY_ROW_DOWN_WRAP]}} & row_down_wrap_q)
                       | ({18{by_q[BY_TWO_DIGITS]}}    & {in_digit[16:0], 1'b0});

  wire [17:0]      address_d    = from + move_q;
  wire [PTR_W-1:0] group_base_d = late_group_q ? next_base_q : group_base_q;
  wire [PTR_W-1:0] weights_by   = !back_q ? {{(PTR_W-1){1'b0}}, 1'b1}
                                : low_q   ? (skip_q ? digit_skip_q : weight_digit)
                                          : (skip_q ? skip : {PTR_W{1'b0}});
  wire [PTR_W-1:0] pointer_d    = (late_back_q ? group_base_d : pointer_q) + weight_move_q;

  always @(posedge aclk) begin
    if (advance) begin
      address_q <= address_d;
      pointer_q <= pointer_d;
      if (late_line_q) line_base_q <= address_d;
      if (late_step_q) step_base_q <= address_d;
      if (late_image_q) image_base_q <= address_d;

      move_q        <= by;
      weight_move_q <= weights_by;
      late_from_q   <= from_q;
      late_line_q   <= line_q;
      late_step_q   <= step_q;
      late_image_q  <= image_q;
      late_group_q  <= group_q;
      late_back_q   <= back_q;

      from_q <= !line_end  ? FROM_WORD : !phase_end ? FROM_LINE : !image_end ? FROM_STEP
              : !group_end ? FROM_IMAGE : FROM_LAYER;
      by_q[BY_STRIDE]        <= !line_end;
      by_q[BY_PITCH]         <= line_end && !phase_end && !line_wraps;
      by_q[BY_PITCH_WRAP]    <= line_end && !phase_end && line_wraps;
      by_q[BY_DIGIT]         <= phase_end && !step_end && next_phase[1];
      by_q[BY_ONE]           <= (step_end && !row_end) ||
                                (row_end && !image_end && stride2 == no_above && !row_wraps);
      by_q[BY_ONE_WRAP]      <= row_end && !image_end && stride2 == no_above && row_wraps;
      by_q[BY_ROW_UP]        <= row_end && !image_end && !stride2 && no_above;
      by_q[BY_ROW_DOWN]      <= row_end && !image_end && stride2 && !no_above && !row_wraps;
      by_q[BY_ROW_DOWN_WRAP] <= row_end && !image_end && stride2 && !no_above && row_wraps;
      by_q[BY_IMAGE]         <= image_end && !group_end;
      by_q[BY_TWO_DIGITS]    <= CODE_BITS == 3 && phase_end && !step_end && next_phase[PHASE_W-1];
      line_q  <= line_end;
      step_q  <= step_end;
      image_q <= image_end;
      group_q <= group_end && valid;
      back_q  <= phase_end || (line_end && shared);
      // the phase after the last one of a step has the high digit, as next_phase[0] says
      low_q   <= phase_end ? next_phase[0] : low_weight;
      skip_q  <= three_rows && next_row_first;

      group_base_q <= group_base_d;
      next_base_q  <= group_base_d + group_words;

      // A layer begins like a group, but group_base_q already points to its first group.
      if (restart) begin
        from_q  <= FROM_LAYER;
        by_q    <= 11'd0;
        line_q  <= 1'b1;
        step_q  <= 1'b1;
        image_q <= 1'b1;
        group_q <= 1'b0;
        back_q  <= 1'b1;
        low_q   <= 1'b0;
        skip_q  <= three_rows && !above;
      end
    end

    if (!aresetn) begin
      group_q      <= 1'b0;
      late_group_q <= 1'b0;
      group_base_q <= {PTR_W{1'b0}};
    end
  end

  assign address = address_q;
  assign pointer = pointer_q;

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_word_address: where the words of lsfq_loop_nest are, in the feature memory and in the ring of weights.
//
// One addition a word: from where the line, the step, the image or the layer begins, or from the word before.
//
//   next word      address + stride                         weight + 1
//   next line      line + pitch                             weight + 1; with shared weights the digit's first
//   next phase     step, or step + in_digit (low digit)     group or group + weight_digit (low digit), + skipped row
//   next step      step + 1; where a row begins also        group + skipped row
//                  - pitch behind row 0 of a 3x3 kernel,
//                  + pitch with stride 2
//   next image     image + in_pitch                         group + skipped row
//   next group     in_base                                  group + group_words, + skipped row
//
// The skipped row is that of the kernel above row 0 of an image: `words` weights. A step begins with its first kernel row.
//
// `address` and `pointer` are those of the word at which the nest was two `advance`s before: the first chooses what is added to
// what, the second adds. After `restart` (with the nest's) the second `advance` gives the layer's first word. Groups follow
// each other in the ring from layer to layer: the last word's move goes to the group that comes then.
// The settings hold still from the last cycle of `restart` on, which are cycles of `advance`, too.

`default_nettype none

module lsfq_word_address #(
  parameter PTR_W = 20
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             restart,
  input  wire             advance,

  input  wire             three_rows,
  input  wire             stride2,
  input  wire             shared,
  input  wire [17:0]      words,
  input  wire [17:0]      stride,
  input  wire [15:0]      row_pitch,
  input  wire [17:0]      in_pitch,
  input  wire [17:0]      in_base,
  input  wire [17:0]      in_digit,
  input  wire [PTR_W-1:0] weight_digit,
  input  wire [PTR_W-1:0] group_words,

  // of the word at which the nest is
  input  wire             valid,            // there is one
  input  wire             line_end,
  input  wire             phase_end,
  input  wire             step_end,
  input  wire             row_end,
  input  wire             image_end,
  input  wire             group_end,
  input  wire             row_first,
  input  wire             next_row_first,
  input  wire             low_weight,       // it has the weights' low digit
  input  wire [1:0]       next_phase,

  output wire [17:0]      address,
  output wire [PTR_W-1:0] pointer
);

  localparam WORD = 0, LINE = 1, STEP = 2, IMAGE = 3, LAYER = 4;         // bits of from_q
  localparam [4:0] FROM_WORD = 5'd1 << WORD, FROM_LINE = 5'd1 << LINE, FROM_STEP = 5'd1 << STEP,
                   FROM_IMAGE = 5'd1 << IMAGE, FROM_LAYER = 5'd1 << LAYER;
  localparam [2:0] BY_STRIDE = 3'd0, BY_PITCH = 3'd1, BY_IMAGE = 3'd2, BY_DIGIT = 3'd3,
                   BY_ZERO = 3'd4, BY_ONE = 3'd5, BY_ROW_UP = 3'd6, BY_ROW_DOWN = 3'd7;

  wire [17:0] pitch     = {2'd0, row_pitch};
  wire [PTR_W-1:0] skip = {{(PTR_W-18){1'b0}}, words};

  // ---- of the layer

  reg [17:0]      row_up_q, row_down_q;     // a pair further, and one row
  reg [PTR_W-1:0] digit_skip_q;

  always @(posedge aclk) begin
    row_up_q     <= 18'd1 - pitch;
    row_down_q   <= 18'd1 + pitch;
    digit_skip_q <= weight_digit + skip;
  end

  // ---- the move from the word before the nest's to the nest's

  reg [4:0]       from_q;
  reg [2:0]       by_q;
  reg             line_q, step_q, image_q, group_q;     // it begins one
  reg             back_q, low_q, skip_q;                // weights: not on by one; to the low digit; past the skipped row

  // ---- the same a word later, with what the address and the pointer move by: to the word behind the one at `address`

  reg [4:0]       late_from_q;
  reg             late_line_q, late_step_q, late_image_q, late_group_q, late_back_q;
  reg [17:0]      move_q;
  reg [PTR_W-1:0] weight_move_q;

  // ---- where these begin

  reg [17:0]      address_q, line_base_q, step_base_q, image_base_q;
  reg [PTR_W-1:0] pointer_q, group_base_q, next_base_q; // this group's first weight, the next one's

  wire [17:0]     from = ({18{late_from_q[WORD]}}  & address_q)
                       | ({18{late_from_q[LINE]}}  & line_base_q)
                       | ({18{late_from_q[STEP]}}  & step_base_q)
                       | ({18{late_from_q[IMAGE]}} & image_base_q)
                       | ({18{late_from_q[LAYER]}} & in_base);
  reg  [17:0]     by;
  always @* begin
    case (by_q)
      BY_STRIDE:  by = stride;
      BY_PITCH:   by = pitch;
      BY_IMAGE:   by = in_pitch;
      BY_DIGIT:   by = in_digit;
      BY_ZERO:    by = 18'd0;
      BY_ONE:     by = 18'd1;
      BY_ROW_UP:  by = row_up_q;
      default:    by = row_down_q;
    endcase
  end

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
      by_q   <= !line_end  ? BY_STRIDE
              : !phase_end ? BY_PITCH
              : !step_end  ? (next_phase[1] ? BY_DIGIT : BY_ZERO)
              : !row_end   ? BY_ONE
              : !image_end ? (three_rows && row_first ? (stride2 ? BY_ONE : BY_ROW_UP) : (stride2 ? BY_ROW_DOWN : BY_ONE))
              : !group_end ? BY_IMAGE : BY_ZERO;
      line_q  <= line_end;
      step_q  <= step_end;
      image_q <= image_end;
      group_q <= group_end && valid;
      back_q  <= phase_end || (line_end && shared);
      low_q   <= phase_end ? next_phase[0] : low_weight;    // a step's last phase is followed by a high one
      skip_q  <= three_rows && next_row_first;

      group_base_q <= group_base_d;
      next_base_q  <= group_base_d + group_words;

      // a layer begins as its groups do, but at the group that is waiting
      if (restart) begin
        from_q  <= FROM_LAYER;
        by_q    <= BY_ZERO;
        line_q  <= 1'b1;
        step_q  <= 1'b1;
        image_q <= 1'b1;
        group_q <= 1'b0;
        back_q  <= 1'b1;
        low_q   <= 1'b0;
        skip_q  <= three_rows;
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

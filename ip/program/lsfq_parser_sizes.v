// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_sizes: what follows from the sizes in a LOAD or LAYER block by products
// (docs/stream_format.md).
//
//   plane = ring*pairs                    digit = channel groups*plane
//   end   = base + digits*digit + (images-1)*pitch
//   start = base + row*pairs              left  = plane - row*pairs         count = height*pairs
//
// One multiplier makes eleven products in turn: for the input, the output and the skip tensor the
// plane, then the digit, then (images-1)*pitch or, of rings, row*pairs; last the counts of
// output and skip tensor. `turn` is their schedule:
//
//   bit k: the factors of product k are selected; bit k+3: size_q holds product k
//
// A product over FEATURE_DEPTH counts as 0 and sets `too_large`, if the block needs that product.
//
// Latency: turn[0] comes in the sixth cycle after `block` or later, when lsfq_parser_shape is
// ready. The ends follow turn[11] by two cycles, all other outputs turn[13] by two. All hold still
// while `block` does.
// Parameter rules: FEATURE_DEPTH is 2 to 2^17.

`default_nettype none

module lsfq_parser_sizes #(
  parameter FEATURE_DEPTH = 8192,
  parameter MULTIPLIER    = 0           // as in lsfq_lane; here 4 alone matters
) (
  input  wire         aclk,
  input  wire         restart,          // no block is being checked
  input  wire [13:0]  turn,
  input  wire [511:0] block,
  input  wire         is_load,

  input  wire         many,             // as in lsfq_parser_shape
  input  wire         writes,
  input  wire         adds,
  input  wire [16:0]  more_images,
  input  wire         in_wide,
  input  wire         out_wide,
  input  wire         skip_wide,
  input  wire         weight_wide,
  input  wire [15:0]  in_pairs,
  input  wire [15:0]  out_pairs,
  input  wire [15:0]  conv_pairs,
  input  wire [15:0]  conv_height,
  input  wire [15:0]  out_height,
  input  wire [15:0]  in_ring,
  input  wire [15:0]  out_ring,
  input  wire [15:0]  skip_ring,
  input  wire [15:0]  in_planes,
  input  wire [15:0]  out_planes,

  output wire         too_large,        // a product was too large

  output wire [17:0]  in_plane,         // words of a channel group
  output wire [17:0]  in_digit,         // words of a digit
  output wire [32:0]  in_end,           // the word behind the last image's last word
  output wire [17:0]  in_start,         // the word of the block's first row

  output wire [17:0]  out_plane,
  output wire [17:0]  out_digit,
  output wire [32:0]  out_end,
  output wire [17:0]  out_start,
  output wire [17:0]  out_left,         // words from there to the ring's end
  output wire [17:0]  out_count,        // words that the block makes of a channel group

  output wire [17:0]  skip_plane,
  output wire [17:0]  skip_digit,
  output wire [32:0]  skip_end,
  output wire [17:0]  skip_start,
  output wire [17:0]  skip_left,
  output wire [17:0]  skip_count,

  output wire [17:0]  row_words,        // words of one kernel row
  output wire [19:0]  weight_digit,     // weight words of one digit
  output wire [19:0]  group_words       // weight words of an output group
);

  localparam [34:0] DEPTH = {3'd0, FEATURE_DEPTH[31:0]};

  localparam [1:0] KERNEL_3X3 = 2'd2, KERNEL_FULL = 2'd3;       // 0 is 1x1, 1 is 1x3

  generate
    if (FEATURE_DEPTH < 2 || FEATURE_DEPTH > 131072) begin : g_check_depth
      FEATURE_DEPTH_must_be_2_to_131072 parameter_error ();
    end
  endgenerate

  wire [1:0]  kernel;
  wire        shared, rows;
  wire [31:0] input_base, output_base, skip_base, input_pitch, output_pitch, skip_pitch;
  wire [15:0] input_row, output_row, skip_row;

  lsfq_parser_sizes_fields u_fields (
    .block       (block),
    .kernel      (kernel),
    .shared      (shared),
    .rows        (rows),
    .input_base  (input_base),
    .output_base (output_base),
    .skip_base   (skip_base),
    .input_pitch (input_pitch),
    .output_pitch(output_pitch),
    .skip_pitch  (skip_pitch),
    .input_row   (input_row),
    .output_row  (output_row),
    .skip_row    (skip_row)
  );

  wire ring  = rows || is_load;         // the tensors are rings
  wire full  = kernel == KERNEL_FULL;
  wire three = kernel == KERNEL_3X3;

  // ---- products: 0, 1, 2 are the planes of input, output and skip tensor; 3, 4, 5 their digits;
  // 6, 7, 8 the words from their first image to the last one, or from their first row to the
  // block's; 9, 10 the counts of output and skip tensor

  reg  [17:0] in_step_q, out_step_q, skip_step_q;       // factors of the products 6, 7, 8
  reg  [16:0] in_times_q, out_times_q, skip_times_q;

  always @(posedge aclk) begin
    in_step_q    <= ring ? {2'd0, input_row} : input_pitch[17:0];
    out_step_q   <= ring ? {2'd0, output_row} : output_pitch[17:0];
    skip_step_q  <= ring ? {2'd0, skip_row} : skip_pitch[17:0];
    in_times_q   <= ring ? {1'b0, in_pairs} : more_images;
    out_times_q  <= ring ? {1'b0, out_pairs} : more_images;
    skip_times_q <= ring ? {1'b0, conv_pairs} : more_images;
  end

  wire [17:0] factor_a;
  wire [16:0] factor_b;
  wire [34:0] product;                  // of the factors two cycles before
  wire        product_fits = product <= DEPTH;
  reg  [17:0] size_q;                   // the product, where it fits
  reg         large_q;                  // where it does not
  wire [10:0] select = turn[10:0];
  wire [10:0] made   = turn[13:3];

  assign factor_a = ({18{select[0]}}    & {2'd0, in_ring})
                  | ({18{select[1]}}    & {2'd0, out_ring})
                  | ({18{select[2]}}    & {2'd0, skip_ring})
                  | ({18{|select[5:3]}} & size_q)
                  | ({18{select[6]}}    & in_step_q)
                  | ({18{select[7]}}    & out_step_q)
                  | ({18{select[8]}}    & skip_step_q)
                  | ({18{select[9]}}    & {2'd0, out_height})
                  | ({18{select[10]}}   & {2'd0, conv_height});
  assign factor_b = ({17{select[0]}}    & {1'b0, in_pairs})
                  | ({17{select[1] || select[9]}}  & {1'b0, out_pairs})
                  | ({17{select[2] || select[10]}} & {1'b0, conv_pairs})
                  | ({17{select[3]}}    & {1'b0, in_planes})
                  | ({17{|select[5:4]}} & {1'b0, out_planes})
                  | ({17{select[6]}}    & in_times_q)
                  | ({17{select[7]}}    & out_times_q)
                  | ({17{select[8]}}    & skip_times_q);

  generate
    if (MULTIPLIER == 4) begin : g_mult18x18d
      wire unused_top;

      lsfq_mult18x18d #(
        .SIGNED(0)
      ) u_mult (
        .aclk(aclk),
        .a   (factor_a),
        .b   ({1'b0, factor_b}),
        .p   ({unused_top, product})
      );
    end else begin : g_inferred
      reg [17:0] factor_a_q;
      reg [16:0] factor_b_q;
      reg [34:0] product_q;

      always @(posedge aclk) begin
        factor_a_q <= factor_a;
        factor_b_q <= factor_b;
        product_q  <= factor_a_q * factor_b_q;
      end

      assign product = product_q;
    end
  endgenerate

  // products that this block needs; which one of them size_q holds is known a cycle ahead. The
  // products of a row and of a count are not larger than a plane.
  wire [2:0] tensors = {adds, writes, 1'b1};
  wire [8:0] needed  = {{3{many}} & tensors, tensors, tensors};
  reg        needed_q;

  reg [17:0] in_plane_q, in_digit_q, in_span_q, in_skipped_q;
  reg [17:0] out_plane_q, out_digit_q, out_span_q, out_skipped_q, out_count_q;
  reg [17:0] skip_plane_q, skip_digit_q, skip_span_q, skip_skipped_q, skip_count_q;
  reg        too_large_q;

  always @(posedge aclk) begin
    size_q   <= product_fits ? product[17:0] : 18'd0;
    large_q  <= !product_fits;
    needed_q <= |(turn[10:2] & needed);
    if (made[0]) in_plane_q   <= size_q;
    if (made[1]) out_plane_q  <= size_q;
    if (made[2]) skip_plane_q <= size_q;
    if (made[3]) in_digit_q   <= size_q;
    if (made[4]) out_digit_q  <= size_q;
    if (made[5]) skip_digit_q <= size_q;
    if (made[6]) begin
      in_span_q    <= many ? size_q : 18'd0;
      in_skipped_q <= ring ? size_q : 18'd0;
    end
    if (made[7]) begin
      out_span_q    <= many ? size_q : 18'd0;
      out_skipped_q <= ring ? size_q : 18'd0;
    end
    if (made[8]) begin
      skip_span_q    <= many ? size_q : 18'd0;
      skip_skipped_q <= ring ? size_q : 18'd0;
    end
    if (made[9])  out_count_q  <= size_q;
    if (made[10]) skip_count_q <= size_q;
    if (restart) too_large_q <= 1'b0;
    else if (needed_q && large_q) too_large_q <= 1'b1;
  end

  // ---- where the tensors end, and where the block's rows begin

  wire [18:0] in_size   = in_wide ? {in_digit_q, 1'b0} : {1'b0, in_digit_q};
  wire [18:0] out_size  = out_wide ? {out_digit_q, 1'b0} : {1'b0, out_digit_q};
  wire [18:0] skip_size = skip_wide ? {skip_digit_q, 1'b0} : {1'b0, skip_digit_q};
  reg  [32:0] in_end_q, out_end_q, skip_end_q;
  reg  [17:0] in_start_q, out_start_q, skip_start_q, out_left_q, skip_left_q;

  always @(posedge aclk) begin
    in_end_q     <= {1'b0, input_base} + {14'd0, in_size} + {15'd0, in_span_q};
    out_end_q    <= {1'b0, output_base} + {14'd0, out_size} + {15'd0, out_span_q};
    skip_end_q   <= {1'b0, skip_base} + {14'd0, skip_size} + {15'd0, skip_span_q};
    in_start_q   <= input_base[17:0] + in_skipped_q;
    out_start_q  <= output_base[17:0] + out_skipped_q;
    skip_start_q <= skip_base[17:0] + skip_skipped_q;
    out_left_q   <= out_plane_q - out_skipped_q;
    skip_left_q  <= skip_plane_q - skip_skipped_q;
  end

  // ---- weight words: a full map is one long kernel row, with shared weights a row a position

  reg [17:0] row_words_q;
  reg [19:0] weight_digit_q, group_words_q;

  always @(posedge aclk) begin
    row_words_q    <= full && !shared ? in_digit_q : {2'd0, in_planes};
    weight_digit_q <= three ? {2'd0, row_words_q} + {1'b0, row_words_q, 1'b0} : {2'd0, row_words_q};
    group_words_q  <= weight_wide ? {weight_digit_q[18:0], 1'b0} : weight_digit_q;
  end

  assign too_large    = too_large_q;
  assign in_plane     = in_plane_q;
  assign in_digit     = in_digit_q;
  assign in_end       = in_end_q;
  assign in_start     = in_start_q;
  assign out_plane    = out_plane_q;
  assign out_digit    = out_digit_q;
  assign out_end      = out_end_q;
  assign out_start    = out_start_q;
  assign out_left     = out_left_q;
  assign out_count    = out_count_q;
  assign skip_plane   = skip_plane_q;
  assign skip_digit   = skip_digit_q;
  assign skip_end     = skip_end_q;
  assign skip_start   = skip_start_q;
  assign skip_left    = skip_left_q;
  assign skip_count   = skip_count_q;
  assign row_words    = row_words_q;
  assign weight_digit = weight_digit_q;
  assign group_words  = group_words_q;

  wire unused = &{1'b0, input_pitch[31:18], output_pitch[31:18], skip_pitch[31:18]};

endmodule

`default_nettype wire

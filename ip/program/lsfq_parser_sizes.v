// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_sizes: what follows from the sizes in a LOAD or LAYER block (docs/stream_format.md).
//
//   pairs = ceil(W/2)   plane = H*pairs   digit = ceil(C/PIN)*plane words   tensor = digit*digits
//   end = base + tensor + (images-1)*pitch
//
// The output's size follows from stride, depthwise stride and pool, in that order. The skip tensor
// has the size before the depthwise stage and the pool.
//
// One multiplier makes nine products in turn: for the input, the output and the skip tensor the
// plane, then the digit, then (images-1)*pitch. `turn` is their schedule:
//
//   bit k: the factors of product k are selected; bit k+3: size_q holds product k
//
// A product over FEATURE_DEPTH counts as 0 and sets `too_large`, if the block needs that product.
//
// Latency: sizes without a product are valid five cycles after `block`, so turn[0] comes in the
// sixth cycle or later. The ends follow turn[11] by two cycles. All hold still while `block` does.
// Parameter rules: FEATURE_DEPTH is 2 to 2^17.

`default_nettype none

module lsfq_parser_sizes #(
  parameter PIN           = 16,
  parameter POUT          = 16,
  parameter FEATURE_DEPTH = 8192,
  parameter MULTIPLIER    = 0           // as in lsfq_lane; here 4 alone matters
) (
  input  wire         aclk,
  input  wire         restart,          // no block is being checked
  input  wire [11:0]  turn,
  input  wire [511:0] block,
  input  wire         is_load,
  input  wire         is_layer,

  output wire         many,             // a layer for several images
  output wire         writes,           // a layer that stores its output
  output wire         adds,             // a layer with a skip tensor
  output wire         too_large,        // a product was too large

  output wire         in_wide,          // codes of 8 bits
  output wire [15:0]  in_pairs,
  output wire [17:0]  in_plane,
  output wire [17:0]  in_digit,
  output wire [32:0]  in_end,           // the word behind the last image's last word

  output wire [15:0]  conv_height,      // of what leaves the array
  output wire [15:0]  conv_width,
  output wire [15:0]  result_height,    // the same behind the depthwise stage
  output wire [15:0]  result_width,

  output wire         out_wide,
  output wire [15:0]  out_planes,
  output wire [15:0]  out_groups,       // output channels that are made at once
  output wire [17:0]  out_plane,
  output wire [17:0]  out_digit,
  output wire [32:0]  out_end,

  output wire         skip_wide,
  output wire [17:0]  skip_plane,
  output wire [17:0]  skip_digit,
  output wire [32:0]  skip_end,

  output wire [17:0]  row_words,        // words of one kernel row
  output wire         weight_wide,
  output wire [19:0]  weight_digit,     // weight words of one digit
  output wire [19:0]  group_words       // weight words of an output group
);

  localparam LOG_PIN      = $clog2(PIN);
  localparam LOG_POUT     = $clog2(POUT);
  localparam [34:0] DEPTH = {3'd0, FEATURE_DEPTH[31:0]};

  localparam [1:0] KERNEL_1X1 = 2'd0, KERNEL_3X3 = 2'd2, KERNEL_FULL = 2'd3;    // 1 is 1x3

  generate
    if (FEATURE_DEPTH < 2 || FEATURE_DEPTH > 131072) begin : g_check_depth
      FEATURE_DEPTH_must_be_2_to_131072 parameter_error ();
    end
  endgenerate

  function [16:0] divide_up;            // ceil(value / 2^log)
    input [15:0] value;
    input integer log;
    divide_up = ({1'b0, value} + (17'd1 << log) - 17'd1) >> log;
  endfunction

  wire [15:0] height, width, channels, outputs, images;
  wire [1:0]  kernel;
  wire        pool, raw, stride2, shared, skip, depthwise, depthwise_stride2, load_row_window;
  wire [31:0] input_base, output_base, skip_base, input_pitch, output_pitch, skip_pitch;
  wire [7:0]  input_bits, weight_bits, output_bits, skip_bits, depthwise_bits, load_bits;

  lsfq_parser_sizes_fields u_fields (
    .block            (block),
    .height           (height),
    .width            (width),
    .channels         (channels),
    .outputs          (outputs),
    .images           (images),
    .kernel           (kernel),
    .pool             (pool),
    .raw              (raw),
    .stride2          (stride2),
    .shared           (shared),
    .skip             (skip),
    .depthwise        (depthwise),
    .depthwise_stride2(depthwise_stride2),
    .input_base       (input_base),
    .output_base      (output_base),
    .skip_base        (skip_base),
    .input_bits       (input_bits),
    .weight_bits      (weight_bits),
    .output_bits      (output_bits),
    .skip_bits        (skip_bits),
    .depthwise_bits   (depthwise_bits),
    .input_pitch      (input_pitch),
    .output_pitch     (output_pitch),
    .skip_pitch       (skip_pitch),
    .load_bits        (load_bits),
    .load_row_window  (load_row_window)
  );

  wire full      = kernel == KERNEL_FULL;
  wire pointwise = kernel == KERNEL_1X1;
  wire three     = kernel == KERNEL_3X3;
  wire thin      = depthwise && depthwise_stride2;

  // ---- sizes without a product, each a cycle behind what it is made of

  reg         several_q, many_q, writes_q, adds_q;
  reg  [16:0] more_images_q;            // behind the first one
  reg         in_wide_q, out_wide_q, skip_wide_q, weight_wide_q;
  reg  [16:0] in_pairs_q, half_height_q, input_planes_q, in_planes_q, out_planes_q, out_groups_q;
  reg  [15:0] conv_height_q, conv_width_q, result_height_q, result_width_q;
  reg  [15:0] out_height_q, out_width_q;
  reg  [16:0] conv_pairs_q, thin_height_q, out_pairs_q;

  wire [15:0] result_height_d = thin ? thin_height_q[15:0] : conv_height_q;
  wire [15:0] result_width_d  = thin ? conv_pairs_q[15:0] : conv_width_q;

  always @(posedge aclk) begin
    several_q       <= images != 16'd1;
    more_images_q   <= {1'b0, images} - 17'd1;
    many_q          <= is_layer && several_q;
    writes_q        <= is_layer && !raw;
    adds_q          <= is_layer && skip;

    in_wide_q       <= (is_load ? load_bits : input_bits) == 8'd8;
    weight_wide_q   <= weight_bits == 8'd8;
    out_wide_q      <= (depthwise ? depthwise_bits : output_bits) == 8'd8;
    skip_wide_q     <= skip_bits == 8'd8;

    in_pairs_q      <= divide_up(width, 1);
    half_height_q   <= divide_up(height, 1);
    input_planes_q  <= divide_up(channels, LOG_PIN);
    in_planes_q     <= is_load && load_row_window ? 17'd1 : input_planes_q;
    out_planes_q    <= divide_up(outputs, LOG_PIN);
    out_groups_q    <= pointwise ? divide_up(outputs, LOG_POUT + 1) : divide_up(outputs, LOG_POUT);

    conv_height_q   <= full ? 16'd1 : stride2 ? half_height_q[15:0] : height;
    conv_width_q    <= full ? 16'd1 : stride2 ? in_pairs_q[15:0] : width;
    conv_pairs_q    <= divide_up(conv_width_q, 1);
    thin_height_q   <= divide_up(conv_height_q, 1);
    result_height_q <= result_height_d;
    result_width_q  <= result_width_d;
    out_height_q    <= pool ? {1'b0, result_height_d[15:1]} : result_height_d;
    out_width_q     <= pool ? {1'b0, result_width_d[15:1]} : result_width_d;
    out_pairs_q     <= divide_up(out_width_q, 1);
  end

  // ---- products: 0, 1, 2 are the planes of input, output and skip tensor; 3, 4, 5 their digits;
  // 6, 7, 8 the words from their first image to the last one

  wire [17:0] factor_a;
  wire [16:0] factor_b;
  wire [34:0] product;                  // of the factors two cycles before
  wire        product_fits = product <= DEPTH;
  reg  [17:0] size_q;                   // the product, where it fits
  reg         large_q;                  // where it does not
  wire [8:0]  select = turn[8:0];
  wire [8:0]  made   = turn[11:3];

  assign factor_a = ({18{select[0]}}    & {2'd0, height})
                  | ({18{select[1]}}    & {2'd0, out_height_q})
                  | ({18{select[2]}}    & {2'd0, conv_height_q})
                  | ({18{|select[5:3]}} & size_q)
                  | ({18{select[6]}}    & input_pitch[17:0])
                  | ({18{select[7]}}    & output_pitch[17:0])
                  | ({18{select[8]}}    & skip_pitch[17:0]);
  assign factor_b = ({17{select[0]}}    & in_pairs_q)
                  | ({17{select[1]}}    & out_pairs_q)
                  | ({17{select[2]}}    & conv_pairs_q)
                  | ({17{select[3]}}    & in_planes_q)
                  | ({17{|select[5:4]}} & out_planes_q)
                  | ({17{|select[8:6]}} & more_images_q);

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

  // products that this block needs; which one of them size_q holds is known a cycle ahead
  wire [2:0] tensors = {adds_q, writes_q, 1'b1};
  wire [8:0] needed  = {{3{many_q}} & tensors, tensors, tensors};
  reg        needed_q;

  reg [17:0] in_plane_q, in_digit_q, in_span_q;
  reg [17:0] out_plane_q, out_digit_q, out_span_q;
  reg [17:0] skip_plane_q, skip_digit_q, skip_span_q;
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
    if (made[6]) in_span_q    <= many_q ? size_q : 18'd0;
    if (made[7]) out_span_q   <= many_q ? size_q : 18'd0;
    if (made[8]) skip_span_q  <= many_q ? size_q : 18'd0;
    if (restart) too_large_q <= 1'b0;
    else if (needed_q && large_q) too_large_q <= 1'b1;
  end

  // ---- ends of the tensors

  wire [18:0] in_size   = in_wide_q ? {in_digit_q, 1'b0} : {1'b0, in_digit_q};
  wire [18:0] out_size  = out_wide_q ? {out_digit_q, 1'b0} : {1'b0, out_digit_q};
  wire [18:0] skip_size = skip_wide_q ? {skip_digit_q, 1'b0} : {1'b0, skip_digit_q};
  reg  [32:0] in_end_q, out_end_q, skip_end_q;

  always @(posedge aclk) begin
    in_end_q   <= {1'b0, input_base} + {14'd0, in_size} + {15'd0, in_span_q};
    out_end_q  <= {1'b0, output_base} + {14'd0, out_size} + {15'd0, out_span_q};
    skip_end_q <= {1'b0, skip_base} + {14'd0, skip_size} + {15'd0, skip_span_q};
  end

  // ---- weight words: a full map is one long kernel row, with shared weights a row a position

  reg [17:0] row_words_q;
  reg [19:0] weight_digit_q, group_words_q;

  always @(posedge aclk) begin
    row_words_q    <= full && !shared ? in_digit_q : {1'b0, in_planes_q};
    weight_digit_q <= three ? {2'd0, row_words_q} + {1'b0, row_words_q, 1'b0} : {2'd0, row_words_q};
    group_words_q  <= weight_wide_q ? {weight_digit_q[18:0], 1'b0} : weight_digit_q;
  end

  assign many          = many_q;
  assign writes        = writes_q;
  assign adds          = adds_q;
  assign too_large     = too_large_q;
  assign in_wide       = in_wide_q;
  assign in_pairs      = in_pairs_q[15:0];
  assign in_plane      = in_plane_q;
  assign in_digit      = in_digit_q;
  assign in_end        = in_end_q;
  assign conv_height   = conv_height_q;
  assign conv_width    = conv_width_q;
  assign result_height = result_height_q;
  assign result_width  = result_width_q;
  assign out_wide      = out_wide_q;
  assign out_planes    = out_planes_q[15:0];
  assign out_groups    = out_groups_q[15:0];
  assign out_plane     = out_plane_q;
  assign out_digit     = out_digit_q;
  assign out_end       = out_end_q;
  assign skip_wide     = skip_wide_q;
  assign skip_plane    = skip_plane_q;
  assign skip_digit    = skip_digit_q;
  assign skip_end      = skip_end_q;
  assign row_words     = row_words_q;
  assign weight_wide   = weight_wide_q;
  assign weight_digit  = weight_digit_q;
  assign group_words   = group_words_q;

  wire unused = &{1'b0, thin_height_q[16], half_height_q[16], out_groups_q[16], input_pitch[31:18],
                  output_pitch[31:18], skip_pitch[31:18]};

endmodule

`default_nettype wire

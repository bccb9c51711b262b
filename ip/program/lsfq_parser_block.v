// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_block: what a block says, and whether it may be used: its checks, the fields of the
// image to load, the word of the layer to run, and what the parser needs to read the payload.
//
// `step` is one-hot: bit k is cycle k of the check; bit 0 is also high while no block is checked
// (`in_check` low). `block` holds still from step 0 until the block was used.
//
//   step 1       the CRC is complete
//   step 6       `bad_header` and `header_code` are valid; the products of sizes begin
//   LAST_STEP    `bad_sizes`, `sizes_code` and all other outputs are valid
//
// Parameter rules: FEATURE_DEPTH is 2 to 2^17; LAST_STEP is at least 21.

`default_nettype none

module lsfq_parser_block #(
  parameter PIN            = 16,
  parameter POUT           = 16,
  parameter FEATURE_DEPTH  = 8192,
  parameter WEIGHT_DEPTH   = 512,
  parameter MAX_POOL_WIDTH = 512,
  parameter MULTIPLIER     = 0,         // as in lsfq_lane; here 4 alone matters
  parameter LAST_STEP      = 21
) (
  input  wire               aclk,
  input  wire               restart,            // a pass begins
  input  wire [511:0]       block,
  input  wire               in_check,
  input  wire [LAST_STEP:0] step,
  input  wire               crc_right,
  input  wire               packet_ended,       // TLAST came with the block

  input  wire               program_read,       // events of one cycle
  input  wire               load_taken,
  input  wire               layer_taken,
  input  wire               layer_read,         // with its payload

  output wire               is_program,
  output wire               is_load,
  output wire               is_layer,
  output wire               is_end,
  output wire               bad_header,
  output wire [7:0]         header_code,
  output wire               bad_sizes,
  output wire [7:0]         sizes_code,
  output wire               started,            // the PROGRAM block was read
  output wire [15:0]        layer,              // layers read

  output wire [191:0]       load_word,
  output wire [639:0]       layer_word,

  output wire               pointwise,          // kernel 1x1
  output wire               full,               // full map
  output wire               depthwise,          // a depthwise layer is behind
  output wire [19:0]        group_words,        // weight words of an output group
  output wire [15:0]        groups              // output groups
);

  localparam CRC_STEP     = 1;
  localparam PRODUCT_STEP = 6;          // the first product's factors are selected

  localparam [7:0] E_MEMORY = 8'd11, E_WEIGHTS = 8'd12;

  localparam [7:0] KIND_PROGRAM = 8'd1, KIND_LAYER = 8'd2, KIND_END = 8'd3, KIND_LOAD = 8'd4;
  localparam [1:0] KERNEL_1X1 = 2'd0, KERNEL_3X3 = 2'd2, KERNEL_FULL = 2'd3;    // 1 is 1x3

  wire [7:0] kind = block[23:16];
  reg        is_program_q, is_layer_q, is_load_q, is_end_q;

  always @(posedge aclk) begin
    is_program_q <= kind == KIND_PROGRAM;
    is_layer_q   <= kind == KIND_LAYER;
    is_load_q    <= kind == KIND_LOAD;
    is_end_q     <= kind == KIND_END;
  end

  wire [15:0] height;
  wire [1:0]  kernel;
  wire        stride2, shared, above, below, thinned;

  lsfq_parser_block_fields u_fields (
    .block    (block),
    .height   (height),
    .kernel   (kernel),
    .stride2  (stride2),
    .shared   (shared),
    .depthwise(depthwise),
    .above    (above),
    .below    (below),
    .thinned  (thinned)
  );

  wire last_load, last_layer, waits_for_all, bad_order;

  lsfq_parser_order u_order (
    .aclk         (aclk),
    .restart      (restart),
    .block        (block),
    .is_program   (is_program_q),
    .is_load      (is_load_q),
    .is_layer     (is_layer_q),
    .is_end       (is_end_q),
    .program_read (program_read),
    .load_taken   (load_taken),
    .layer_read   (layer_read),
    .started      (started),
    .layer        (layer),
    .waits_for_all(waits_for_all),
    .last_load    (last_load),
    .last_layer   (last_layer),
    .bad          (bad_order)
  );

  wire        many, writes, adds, in_wide, out_wide, skip_wide, weight_wide;
  wire [16:0] more_images;
  wire [15:0] in_pairs, out_pairs, conv_pairs, conv_height, conv_width, result_height, result_width;
  wire [15:0] out_height, in_ring, out_ring, skip_ring, in_left, kernel_left, in_planes, out_planes;

  lsfq_parser_shape #(
    .PIN (PIN),
    .POUT(POUT)
  ) u_shape (
    .aclk         (aclk),
    .block        (block),
    .is_load      (is_load_q),
    .is_layer     (is_layer_q),
    .many         (many),
    .writes       (writes),
    .adds         (adds),
    .more_images  (more_images),
    .in_wide      (in_wide),
    .out_wide     (out_wide),
    .skip_wide    (skip_wide),
    .weight_wide  (weight_wide),
    .in_pairs     (in_pairs),
    .out_pairs    (out_pairs),
    .conv_pairs   (conv_pairs),
    .conv_height  (conv_height),
    .conv_width   (conv_width),
    .result_height(result_height),
    .result_width (result_width),
    .out_height   (out_height),
    .in_ring      (in_ring),
    .out_ring     (out_ring),
    .skip_ring    (skip_ring),
    .in_left      (in_left),
    .kernel_left  (kernel_left),
    .in_planes    (in_planes),
    .out_planes   (out_planes),
    .out_groups   (groups)
  );

  wire        too_large;
  wire [17:0] in_plane, in_digit, in_start, out_plane, out_digit, out_start, out_left, out_count;
  wire [17:0] skip_plane, skip_digit, skip_start, skip_left, skip_count, row_words;
  wire [32:0] in_end, out_end, skip_end;
  wire [19:0] weight_digit;

  lsfq_parser_sizes #(
    .FEATURE_DEPTH(FEATURE_DEPTH),
    .MULTIPLIER   (MULTIPLIER)
  ) u_sizes (
    .aclk        (aclk),
    .restart     (!in_check),
    .turn        (step[PRODUCT_STEP +: 14]),
    .block       (block),
    .is_load     (is_load_q),
    .many        (many),
    .writes      (writes),
    .adds        (adds),
    .more_images (more_images),
    .in_wide     (in_wide),
    .out_wide    (out_wide),
    .skip_wide   (skip_wide),
    .weight_wide (weight_wide),
    .in_pairs    (in_pairs),
    .out_pairs   (out_pairs),
    .conv_pairs  (conv_pairs),
    .conv_height (conv_height),
    .out_height  (out_height),
    .in_ring     (in_ring),
    .out_ring    (out_ring),
    .skip_ring   (skip_ring),
    .in_planes   (in_planes),
    .out_planes  (out_planes),
    .too_large   (too_large),
    .in_plane    (in_plane),
    .in_digit    (in_digit),
    .in_end      (in_end),
    .in_start    (in_start),
    .out_plane   (out_plane),
    .out_digit   (out_digit),
    .out_end     (out_end),
    .out_start   (out_start),
    .out_left    (out_left),
    .out_count   (out_count),
    .skip_plane  (skip_plane),
    .skip_digit  (skip_digit),
    .skip_end    (skip_end),
    .skip_start  (skip_start),
    .skip_left   (skip_left),
    .skip_count  (skip_count),
    .row_words   (row_words),
    .weight_digit(weight_digit),
    .group_words (group_words)
  );

  lsfq_parser_checks #(
    .PIN           (PIN),
    .POUT          (POUT),
    .MAX_POOL_WIDTH(MAX_POOL_WIDTH)
  ) u_checks (
    .aclk         (aclk),
    .block        (block),
    .is_program   (is_program_q),
    .is_load      (is_load_q),
    .is_layer     (is_layer_q),
    .is_end       (is_end_q),
    .crc_ready    (step[CRC_STEP]),
    .crc_right    (crc_right),
    .packet_ended (packet_ended),
    .bad_order    (bad_order),
    .last_layer   (last_layer),
    .conv_height  (conv_height),
    .conv_width   (conv_width),
    .result_height(result_height),
    .result_width (result_width),
    .out_height   (out_height),
    .bad          (bad_header),
    .code         (header_code)
  );

  wire bad_memory, bad_weights;

  lsfq_parser_memory #(
    .FEATURE_DEPTH(FEATURE_DEPTH),
    .WEIGHT_DEPTH (WEIGHT_DEPTH)
  ) u_memory (
    .aclk         (aclk),
    .restart      (restart),
    .block        (block),
    .is_layer     (is_layer_q),
    .load_taken   (load_taken),
    .layer_taken  (layer_taken),
    .waits_for_all(waits_for_all),
    .many         (many),
    .writes       (writes),
    .adds         (adds),
    .too_large    (too_large),
    .in_wide      (in_wide),
    .in_end       (in_end),
    .out_end      (out_end),
    .skip_end     (skip_end),
    .group_words  (group_words),
    .bad_memory   (bad_memory),
    .bad_weights  (bad_weights)
  );

  lsfq_load_pack u_load (
    .block      (block),
    .last       (last_load),
    .layers     (layer),
    .wide       (in_wide),
    .third      (1'b0),
    .start      (in_start),
    .plane      (in_plane),
    .digit_words(in_digit),
    .left       (in_left),
    .word       (load_word)
  );

  lsfq_layer_pack u_layer (
    .block       (block),
    .three_rows  (kernel == KERNEL_3X3),
    .pointwise   (pointwise),
    .last        (last_layer),
    .below       (stride2 ? height[0] == above : below),
    .row_stride2 (stride2 && !thinned),
    .pool_rows   (result_height),
    .wide_in     (in_wide),
    .wide_weight (weight_wide),
    .wide_out    (out_wide),
    .odd         (conv_width[0]),
    .rows        (conv_height),
    .pairs       (full ? 16'd1 : in_pairs),
    .words       (row_words),
    .stride      (full && !shared ? 18'd1 : in_plane),
    .row_pitch   (shared ? 16'd1 : in_pairs),
    .last_line   (shared ? in_plane - 18'd1 : 18'd0),
    .in_start    (in_start),
    .in_ring     (in_ring),
    .in_left     (kernel_left),
    .in_digit    (in_digit),
    .weight_digit(weight_digit),
    .group_words (group_words),
    .groups      (groups),
    .out_start   (out_start),
    .out_count   (out_count),
    .out_left    (out_left),
    .out_plane   (out_plane),
    .out_digit   (out_digit),
    .out_planes  (out_planes),
    .skip_wide   (skip_wide),
    .skip_start  (skip_start),
    .skip_count  (skip_count),
    .skip_left   (skip_left),
    .skip_plane  (skip_plane),
    .skip_digit  (skip_digit),
    .word        (layer_word)
  );

  assign is_program = is_program_q;
  assign is_load    = is_load_q;
  assign is_layer   = is_layer_q;
  assign is_end     = is_end_q;
  assign bad_sizes  = bad_memory || bad_weights;
  assign sizes_code = bad_memory ? E_MEMORY : E_WEIGHTS;
  assign pointwise  = kernel == KERNEL_1X1;
  assign full       = kernel == KERNEL_FULL;

  wire unused = &{1'b0, step, height[15:1]};

endmodule

`default_nettype wire

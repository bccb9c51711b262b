// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser: reads one parameter packet a pass (docs/stream_format.md): checks every block before it is
// used, derives what the layer needs, and routes the payload to the constant and the weight memory.
//
// It runs ahead of the array and the loader: a checked image waits at load_valid/load_ready, a checked layer at
// layer_valid/layer_ready; the layer's payload flows on as long as the memories have space. Derived sizes (one
// multiplier, shared):
//
//   T = ceil(W/2)   plane = H*T   G = ceil(C/PIN)   digit_words = G*plane   tensor words = digits*digit_words
//   words of n images = (n-1)*pitch + tensor words
//
// Images that no layer has waited for yet are *open*: layers that run meanwhile must keep clear of them.
//
// A block takes up to 24 cycles from its last beat to the first one behind it.
//
// Handshake: `start` begins a pass, from the second cycle of `idle` on. `stop` (an error anywhere) drops the rest of the packet
// up to TLAST, and so does an error of the parser's own; error_valid is one cycle long. `clear` forgets the packet at once.
// Parameter rules: PARAM_W is 32, 64, 128 or 256; FEATURE_DEPTH is 2 to 2^17.

`default_nettype none

module lsfq_parser #(
  parameter PIN            = 16,
  parameter POUT           = 16,
  parameter PARAM_W        = 128,
  parameter FEATURE_DEPTH  = 8192,
  parameter WEIGHT_DEPTH   = 512,
  parameter MAX_POOL_WIDTH = 256,
  parameter PTR_W          = 20,
  parameter BEAT_W         = 8,
  parameter MULTIPLIER     = 0              // as in lsfq_lane; here 4 alone matters
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               clear,
  input  wire               start,
  input  wire               stop,
  output wire               idle,             // nothing of a packet is in flight
  output wire               done,             // END was read and is good
  output wire               first_beat,       // the packet's first beat is being taken

  // parameter stream
  input  wire               s_valid,
  output wire               s_ready,
  input  wire [PARAM_W-1:0] s_data,
  input  wire               s_last,

  // the next image
  output wire               load_valid,
  input  wire               load_ready,
  output wire               load_last,           // of the pass
  output wire [15:0]        load_layers,         // layers that come first
  output wire [15:0]        load_height,
  output wire [15:0]        load_width,
  output wire [15:0]        load_channels,
  output wire               load_wide,
  output wire               load_window,
  output wire [17:0]        load_base,
  output wire [17:0]        load_digit_words,

  // the next layer
  output wire               layer_valid,
  input  wire               layer_ready,
  output wire [511:0]       layer_word,          // lsfq_layer_pack

  // payload
  output wire               constant_write,
  output wire               constant_last,
  input  wire               constant_space,      // a beat may come in the next cycle
  output wire               depthwise_kernel_write,
  output wire               depthwise_constant_write,
  input  wire               depthwise_space,     // the same, for both
  output wire               weight_write,
  output wire [1:0]         weight_plane,
  output wire [1:0]         weight_absent,
  output wire               weight_last,
  input  wire               weight_space,
  output wire [BEAT_W-1:0]  payload_beat,
  output wire [PARAM_W-1:0] payload_data,

  output reg                error_valid,
  output reg  [7:0]         error_code,
  output wire [15:0]        error_layer
);

  localparam LOG_PIN     = $clog2(PIN);
  localparam [34:0] DEPTH = {3'd0, FEATURE_DEPTH[31:0]};
  localparam LOG_POUT    = $clog2(POUT);
  localparam BLOCK_BEATS = 512 / PARAM_W;
  localparam SET_BEATS   = 64 * POUT / PARAM_W;
  localparam PLANE_BEATS = 4 * PIN * POUT / PARAM_W;
  localparam [BEAT_W-1:0] TWO = 2;

  localparam [31:0] CRC_START   = 32'hFFFFFFFF;
  localparam [31:0] CRC_RESIDUE = 32'hDEBB20E3;

  localparam [7:0] E_NONE = 8'd0, E_PARAM_SHORT = 8'd1, E_PARAM_LONG = 8'd2, E_MAGIC = 8'd3,
                   E_VERSION = 8'd4, E_CRC = 8'd5, E_KIND = 8'd6, E_CORE = 8'd7, E_SHAPE = 8'd8,
                   E_BITS = 8'd9, E_KERNEL = 8'd10, E_MEMORY = 8'd11, E_WEIGHTS = 8'd12;

  localparam [7:0] KIND_PROGRAM = 8'd1, KIND_LAYER = 8'd2, KIND_END = 8'd3, KIND_LOAD = 8'd4;
  localparam [1:0] KERNEL_1X1 = 2'd0, KERNEL_3X3 = 2'd2, KERNEL_FULL = 2'd3;    // 1 is 1x3

  // states: a bit each, as the stream's ready follows from them. After an error or a stop S_DROP looks once whether the
  // packet's end was taken already; if not, S_DRAIN takes all up to it.
  localparam S_IDLE = 0, S_BLOCK = 1, S_CHECK = 2, S_PUBLISH = 3, S_CONSTANTS = 4, S_WEIGHTS = 5, S_DONE = 6,
             S_DROP = 7, S_DRAIN = 8;

  generate
    if (512 % PARAM_W != 0 || PARAM_W < 32 || PARAM_W > 256) begin : g_check_width
      PARAM_W_must_be_32_64_128_or_256 parameter_error ();
    end
    if (FEATURE_DEPTH < 2 || FEATURE_DEPTH > 131072) begin : g_check_depth
      FEATURE_DEPTH_must_be_2_to_131072 parameter_error ();
    end
  endgenerate

  reg [8:0]        state_q;
  wire             in_idle      = state_q[S_IDLE];
  wire             in_block     = state_q[S_BLOCK];
  wire             in_check     = state_q[S_CHECK];
  wire             in_publish   = state_q[S_PUBLISH];
  wire             in_constants = state_q[S_CONSTANTS];
  wire             in_weights   = state_q[S_WEIGHTS];
  wire             in_done      = state_q[S_DONE];
  wire             in_drop      = state_q[S_DROP];
  wire             in_drain     = state_q[S_DRAIN];
  reg [511:0]      block_q;
  reg [31:0]       crc_q;
  reg [BEAT_W-1:0] beat_q;
  reg              last_q;            // TLAST was taken in this pass
  reg              begun_q;           // a beat was taken in this pass
  reg              program_q;         // the PROGRAM block was read
  reg [15:0]       index_q;           // the next layer
  reg [15:0]       count_q;           // layers of the program
  reg [15:0]       loads_q;           // images so far
  reg [15:0]       images_q;          // images of the program
  reg              open_q;            // images are open; they lie between these words
  reg [17:0]       open_base_q, open_end_q;
  localparam [4:0] HEADER_STEP = 5'd6, LAST_STEP = 5'd21;
  reg [4:0]        step_q;            // of S_CHECK
  reg              header_step_q, last_step_q;          // it is one of these

  // ---- the block's fields

  wire [7:0]  f_kind    = block_q[23:16];
  reg         is_program_q, is_layer_q, is_load_q, is_end_q;

  wire [15:0] f_magic   = block_q[15:0];
  wire [7:0]  f_version = block_q[31:24];
  wire [31:0] f_word1   = block_q[63:32];
  wire [15:0] f_height  = block_q[79:64];
  wire [15:0] f_width   = block_q[95:80];
  wire [15:0] f_cin     = block_q[111:96];
  wire [15:0] f_cout    = block_q[127:112];
  wire [31:0] f_in      = block_q[159:128];
  wire [31:0] f_out     = block_q[191:160];
  wire [7:0]  f_in_bits     = is_load_q ? block_q[119:112] : block_q[199:192];
  wire [7:0]  f_weight_bits = block_q[207:200];
  wire [7:0]  f_out_bits    = block_q[215:208];
  wire [7:0]  f_shift       = block_q[223:216];
  wire        f_window  = block_q[120];
  wire [1:0]  f_kernel  = f_word1[17:16];
  wire        f_pool    = f_word1[18];
  wire        f_raw     = f_word1[19];
  wire        f_after   = f_word1[20];
  wire        f_stride2 = f_word1[21];
  wire        f_shared  = f_word1[22];
  wire [15:0] f_images  = block_q[239:224];
  wire        f_skip    = f_word1[23];
  wire        f_depthwise = f_word1[24];
  wire        f_depthwise_stride2 = f_word1[25];
  wire [31:0] f_skip_base  = block_q[351:320];
  wire [7:0]  f_skip_bits  = block_q[383:376];
  wire [31:0] f_skip_pitch = block_q[415:384];
  wire [7:0]  f_depthwise_bits  = block_q[423:416];
  wire [7:0]  f_depthwise_shift = block_q[431:424];
  wire [31:0] f_in_pitch  = block_q[287:256];
  wire [31:0] f_out_pitch = block_q[319:288];

  function supported_bits;
    input [7:0] bits;
    supported_bits = bits == 8'd2 || bits == 8'd3 || bits == 8'd4 || bits == 8'd8;
  endfunction

  function [16:0] divide_up;          // ceil(value / 2^log)
    input [15:0] value;
    input integer log;
    divide_up = ({1'b0, value} + (17'd1 << log) - 17'd1) >> log;
  endfunction

  // ---- what follows from them, a register at a time: the block holds still while steps of S_CHECK pass

  wire full      = f_kernel == KERNEL_FULL;
  wire pointwise = f_kernel == KERNEL_1X1;
  wire three     = f_kernel == KERNEL_3X3;
  wire thin      = f_depthwise && f_depthwise_stride2;

  // step 0
  reg         wide_weight_q, wide_out_q, wide_skip_q;
  reg  [16:0] in_pairs_q, half_height_q, out_planes_q, out_groups_q;
  reg  [16:0] planes_of_input_q;
  reg         several_q;              // images
  reg  [16:0] more_images_q;
  // step 1
  reg         wide_in_q, many_q, writes_q, adds_q;
  reg  [16:0] in_planes_q;
  reg  [15:0] conv_height_q, conv_width_q;
  // step 2
  reg  [16:0] conv_pairs_q, thin_height_q;
  // step 3
  reg  [15:0] result_height_q, result_width_q, out_height_q, out_width_q;
  // step 4
  reg  [16:0] out_pairs_q;

  wire [15:0] result_height_d = thin ? thin_height_q[15:0] : conv_height_q;
  wire [15:0] result_width_d  = thin ? conv_pairs_q[15:0] : conv_width_q;

  always @(posedge aclk) begin
    is_program_q  <= f_kind == KIND_PROGRAM;
    is_layer_q    <= f_kind == KIND_LAYER;
    is_load_q     <= f_kind == KIND_LOAD;
    is_end_q      <= f_kind == KIND_END;
    one_set_q     <= !pointwise;
    last_plane_q  <= full ? 2'd1 : 2'd2;
    wide_weight_q <= f_weight_bits == 8'd8;
    wide_out_q    <= (f_depthwise ? f_depthwise_bits : f_out_bits) == 8'd8;
    wide_skip_q   <= f_skip_bits == 8'd8;
    in_pairs_q    <= divide_up(f_width, 1);
    half_height_q <= divide_up(f_height, 1);
    out_planes_q  <= divide_up(f_cout, LOG_PIN);
    out_groups_q  <= pointwise ? divide_up(f_cout, LOG_POUT + 1) : divide_up(f_cout, LOG_POUT);
    planes_of_input_q <= divide_up(f_cin, LOG_PIN);
    several_q     <= f_images != 16'd1;
    more_images_q <= {1'b0, f_images} - 17'd1;

    wide_in_q     <= f_in_bits == 8'd8;
    many_q        <= is_layer_q && several_q;
    writes_q      <= is_layer_q && !f_raw;
    adds_q        <= is_layer_q && f_skip;
    in_planes_q   <= is_load_q && f_window ? 17'd1 : planes_of_input_q;
    conv_height_q <= full ? 16'd1 : f_stride2 ? half_height_q[15:0] : f_height;
    conv_width_q  <= full ? 16'd1 : f_stride2 ? in_pairs_q[15:0] : f_width;

    conv_pairs_q  <= divide_up(conv_width_q, 1);
    thin_height_q <= divide_up(conv_height_q, 1);

    result_height_q <= result_height_d;
    result_width_q  <= result_width_d;
    out_height_q    <= f_pool ? {1'b0, result_height_d[15:1]} : result_height_d;
    out_width_q     <= f_pool ? {1'b0, result_width_d[15:1]} : result_width_d;

    out_pairs_q     <= divide_up(out_width_q, 1);
  end

  // ---- sizes, by the shared multiplier; a size over FEATURE_DEPTH sets too_large_q and stays 0

  wire [17:0] factor_a;
  wire [16:0] factor_b;
  wire [34:0] product;                // of the factors two cycles before
  reg  [17:0] size_q;                 // of the product, where it fits
  reg         large_q;                // where it does not
  reg  [17:0] in_plane_q, in_digit_q, out_plane_q, out_digit_q;
  reg  [17:0] skip_plane_q, skip_digit_q;
  reg  [17:0] in_span_q, out_span_q, skip_span_q;   // from the first image to the last
  reg         too_large_q;
  wire        product_fits = product <= DEPTH;

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

  // three chains of products, of the input, the output and the skip tensor, in turns; a size follows its factors by three
  // steps. What is multiplied in other steps does not matter.
  reg in_plane_turn_q, out_plane_turn_q, skip_plane_turn_q;
  reg in_tensor_turn_q, out_tensor_turn_q;              // the latter of the output and the skip tensor
  reg in_images_turn_q, out_images_turn_q, skip_images_turn_q;
  wire tensor_turn = in_tensor_turn_q || out_tensor_turn_q;
  wire images_turn = in_images_turn_q || out_images_turn_q || skip_images_turn_q;

  always @(posedge aclk) begin
    in_plane_turn_q    <= step_q == 5'd5;
    out_plane_turn_q   <= step_q == 5'd6;
    skip_plane_turn_q  <= step_q == 5'd7;
    in_tensor_turn_q   <= step_q == 5'd8;
    out_tensor_turn_q  <= step_q == 5'd9 || step_q == 5'd10;
    in_images_turn_q   <= step_q == 5'd11;
    out_images_turn_q  <= step_q == 5'd12;
    skip_images_turn_q <= step_q == 5'd13;
  end

  assign factor_a = ({18{in_plane_turn_q}}    & {2'd0, f_height})
                  | ({18{out_plane_turn_q}}   & {2'd0, out_height_q})
                  | ({18{skip_plane_turn_q}}  & {2'd0, conv_height_q})
                  | ({18{tensor_turn}}        & size_q)
                  | ({18{in_images_turn_q}}   & f_in_pitch[17:0])
                  | ({18{out_images_turn_q}}  & f_out_pitch[17:0])
                  | ({18{skip_images_turn_q}} & f_skip_pitch[17:0]);
  assign factor_b = ({17{in_plane_turn_q}}    & in_pairs_q)
                  | ({17{out_plane_turn_q}}   & out_pairs_q)
                  | ({17{skip_plane_turn_q}}  & conv_pairs_q)
                  | ({17{in_tensor_turn_q}}   & in_planes_q)
                  | ({17{out_tensor_turn_q}}  & out_planes_q)
                  | ({17{images_turn}}        & more_images_q);

  wire [18:0] in_size  = wide_in_q ? {in_digit_q, 1'b0} : {1'b0, in_digit_q};
  wire [18:0] out_size = wide_out_q ? {out_digit_q, 1'b0} : {1'b0, out_digit_q};
  wire [18:0] skip_size = wide_skip_q ? {skip_digit_q, 1'b0} : {1'b0, skip_digit_q};
  reg  [32:0] in_end_q, out_end_q, skip_end_q;
  reg         check_product_q;        // the size that is there in this step
  wire        in_step   = step_q == 5'd8 || step_q == 5'd11 || step_q == 5'd14;      // a size of that tensor is there next
  wire        out_step  = step_q == 5'd9 || step_q == 5'd12 || step_q == 5'd15;
  wire        skip_step = step_q == 5'd10 || step_q == 5'd13 || step_q == 5'd16;

  reg         in_over_q, out_over_q, skip_over_q;           // they end behind the memory
  reg         overlap_q, clash_q, out_clash_q, skip_clash_q, skip_overlap_q, same_base_q, same_pitch_q, in_place_q;
  reg         open_lower_q, open_higher_q;
  reg         far_q, bad_memory_q, bad_weights_q;
  wire        open      = is_layer_q && open_q && !f_after;

  always @(posedge aclk) begin
    open_lower_q   <= open_q && open_base_q < f_in[17:0];
    open_higher_q  <= open_q && open_end_q > in_end_q[17:0];
    in_over_q      <= in_end_q > DEPTH[32:0];
    out_over_q     <= out_end_q > DEPTH[32:0];
    skip_over_q    <= skip_end_q > DEPTH[32:0];
    overlap_q      <= {1'b0, f_in} < out_end_q && {1'b0, f_out} < in_end_q;
    clash_q        <= {15'd0, open_base_q} < in_end_q && {1'b0, f_in} < {15'd0, open_end_q};
    out_clash_q    <= {15'd0, open_base_q} < out_end_q && {1'b0, f_out} < {15'd0, open_end_q};
    skip_clash_q   <= {15'd0, open_base_q} < skip_end_q && {1'b0, f_skip_base} < {15'd0, open_end_q};
    skip_overlap_q <= {1'b0, f_skip_base} < out_end_q && {1'b0, f_out} < skip_end_q;
    same_base_q    <= f_skip_base == f_out;
    same_pitch_q   <= f_skip_pitch == f_out_pitch;
    in_place_q     <= same_base_q && (!many_q || same_pitch_q) && !f_pool;
    far_q          <= many_q && (f_in_pitch[31:18] != 14'd0 || (writes_q && f_out_pitch[31:18] != 14'd0) ||
                               (adds_q && f_skip_pitch[31:18] != 14'd0));
    bad_memory_q   <= too_large_q || far_q || in_over_q || (open && clash_q) ||
                      (writes_q && (out_over_q || overlap_q || (open && out_clash_q))) ||
                      (adds_q && (skip_over_q || (open && skip_clash_q) || (skip_overlap_q && !in_place_q)));
  end

  // words of one kernel row; a full map is one long row, with shared weights a row a position
  reg  [17:0]      row_words_q;
  reg  [PTR_W-1:0] weight_digit_q, group_words_q;
  reg              used_once_q;
  wire [PTR_W-1:0] row_words_p  = {{(PTR_W-18){1'b0}}, row_words_q};

  always @(posedge aclk) begin
    row_words_q     <= full && !f_shared ? in_digit_q : {1'b0, in_planes_q};
    weight_digit_q  <= three ? row_words_p + (row_words_p << 1) : row_words_p;
    group_words_q   <= wide_weight_q ? weight_digit_q << 1 : weight_digit_q;
    used_once_q     <= full && !f_shared && !wide_in_q && !many_q;
    bad_weights_q   <= is_layer_q && group_words_q > WEIGHT_DEPTH[PTR_W-1:0] && !used_once_q;
  end

  // ---- the checks that need no product, in the order of the format

  reg [7:0] header_error_q;
  reg       bad_header_q;
  reg       bad_magic_q, bad_version_q, bad_crc_q, bad_order_q, bad_core_q, bad_shape_q, bad_bits_q, bad_kernel_q;
  reg       is_short_q, is_long_q;
  reg [15:0] next_loads_q, next_index_q;
  reg       last_load_q, last_layer_q, loads_left_q, layers_left_q, next_load_q, next_layer_q;
  wire      bad_order = is_program_q ? program_q
                      : is_load_q    ? !program_q || !loads_left_q || !next_load_q
                      : is_layer_q   ? !program_q || !layers_left_q || !next_layer_q
                      : is_end_q     ? !program_q || layers_left_q || loads_left_q
                      : 1'b1;
  wire      bad_core  = is_program_q && (f_word1[7:0] != PIN[7:0] || f_word1[15:8] != POUT[7:0]);
  wire      tensor    = is_load_q || is_layer_q;
  reg       empty_program_q, empty_tensor_q, empty_layer_q;     // a size is 0
  wire      bad_shape = (is_program_q && empty_program_q) || (tensor && empty_tensor_q) ||
                        (is_layer_q && (empty_layer_q ||
                                      (f_depthwise && conv_width_q > MAX_POOL_WIDTH[15:0]) ||
                                      (f_pool && (result_height_q == 16'd1 || result_width_q == 16'd1 ||
                                                  result_width_q > MAX_POOL_WIDTH[15:0]))));
  wire      bad_bits  = (tensor && !supported_bits(f_in_bits)) ||
                        (is_layer_q && (!supported_bits(f_weight_bits) || f_shift > 8'd40 ||
                                      (f_raw ? f_shift != 8'd0 || f_out_bits != 8'd0
                                             : !supported_bits(f_out_bits)) ||
                                      (f_skip && !supported_bits(f_skip_bits)) ||
                                      (f_depthwise && (!supported_bits(f_depthwise_bits) ||
                                                       f_depthwise_shift > 8'd40 || f_out_bits == 8'd8))));
  wire [17:0] window_channels = {2'd0, f_cin} + {1'b0, f_cin, 1'b0};
  reg       wide_window_q;
  wire      bad_kernel = (is_load_q && f_window && wide_window_q) ||
                         (is_layer_q && ((f_raw && (f_pool || f_skip || f_depthwise)) ||
                                       (full && (f_stride2 || f_skip || f_depthwise)) ||
                                       (f_skip && f_depthwise) || (f_shared && !full) || (last_layer_q && !f_raw)));

  always @(posedge aclk) begin
    wide_window_q   <= window_channels > PIN[17:0];
    empty_program_q <= f_word1[31:16] == 16'd0 || f_height == 16'd0;
    empty_tensor_q  <= f_height == 16'd0 || f_width == 16'd0 || f_cin == 16'd0;
    empty_layer_q   <= f_cout == 16'd0 || f_images == 16'd0;
    next_loads_q  <= loads_q + 16'd1;
    next_index_q  <= index_q + 16'd1;
    last_load_q   <= next_loads_q == images_q;
    last_layer_q  <= next_index_q == count_q;
    loads_left_q  <= loads_q != images_q;       // never more than there are
    layers_left_q <= index_q != count_q;
    next_load_q   <= f_word1[15:0] == loads_q;
    next_layer_q  <= f_word1[15:0] == index_q;

    bad_magic_q   <= f_magic != 16'h514C;
    bad_version_q <= f_version != 8'd2;
    if (step_q == 5'd1) bad_crc_q <= crc_q != CRC_RESIDUE;      // a cycle behind the block's last beat
    is_short_q    <= last_q && !is_end_q;
    is_long_q     <= is_end_q && !last_q;
    bad_order_q   <= bad_order;
    bad_core_q    <= bad_core;
    bad_shape_q   <= bad_shape;
    bad_bits_q    <= bad_bits;
    bad_kernel_q  <= bad_kernel;
    header_error_q <= bad_magic_q   ? E_MAGIC
                    : bad_version_q ? E_VERSION
                    : bad_crc_q     ? E_CRC
                    : is_short_q    ? E_PARAM_SHORT
                    : bad_order_q   ? E_KIND
                    : is_long_q     ? E_PARAM_LONG
                    : bad_core_q    ? E_CORE
                    : bad_shape_q   ? E_SHAPE
                    : bad_bits_q    ? E_BITS
                    : bad_kernel_q  ? E_KERNEL : E_NONE;
    bad_header_q   <= bad_magic_q || bad_version_q || bad_crc_q || is_short_q || bad_order_q || is_long_q ||
                      bad_core_q || bad_shape_q || bad_bits_q || bad_kernel_q;
  end

  // ---- stream

  reg             set_q;              // second set of a pointwise group
  reg [2:0]       part_q;             // of what is in front of the weights
  reg             one_set_q;          // it has one
  reg [1:0]       last_plane_q;
  wire            last_word, last_group, next_last_word, next_last_group;
  reg [1:0]       plane_q;

  localparam [2:0] P_CONSTANTS = 3'b001;                // then, where a depthwise layer is behind: its kernels, its constants

  reg  part_space_q;                                    // there is space for it
  wire take_block     = s_valid && in_block;
  wire take_constants = s_valid && in_constants && part_space_q;
  wire take_weights   = s_valid && in_weights && weight_space;
  wire take           = s_valid && s_ready;
  wire last_set   = set_q || one_set_q;
  wire last_part  = part_q[2] || !f_depthwise;
  reg  block_end_q, set_end_q, plane_end_q;             // beat_q is its last one
  reg  word_end_q, group_end_q;                         // and its plane the word's last one, and that the group's
  wire last_beat  = in_block ? block_end_q : in_constants ? set_end_q : plane_end_q;
  wire next_plane_end = last_beat ? PLANE_BEATS == 1 : beat_q == PLANE_BEATS[BEAT_W-1:0] - TWO;
  wire [1:0] next_plane = !plane_end_q ? plane_q : word_end_q ? 2'd0 : plane_q + (one_set_q ? 2'd1 : 2'd2);
  wire       next_word_end = next_plane_end && next_plane == last_plane_q;
  wire       group_taken   = take_weights && group_end_q;

  // a CRC is linear: what the words of a beat add to it is made a cycle before
  localparam WORDS = PARAM_W / 32;
  reg                 crc_take_q;
  reg  [32*WORDS-1:0] crc_words_q;
  wire [32*WORDS-1:0] crc_words;
  wire [31:0]         crc_next;

  genvar w;
  generate
    for (w = 0; w < WORDS; w = w + 1) begin : g_word
      lsfq_crc32 #(.WIDTH(PARAM_W - 32*w)) u_crc (
        .state(s_data[32*w +: 32]),         // as a word behind which WIDTH - 32 bits of 0 follow
        .data ({(PARAM_W-32*w){1'b0}}),
        .next (crc_words[32*w +: 32])
      );
    end
  endgenerate

  reg  [31:0] crc_beat;                     // all words'
  integer     n;
  always @* begin
    crc_beat = 32'd0;
    for (n = 0; n < WORDS; n = n + 1) crc_beat = crc_beat ^ crc_words_q[32*n +: 32];
  end

  lsfq_crc32 #(.WIDTH(PARAM_W)) u_crc (
    .state(crc_q),
    .data ({PARAM_W{1'b0}}),
    .next (crc_next)
  );

  lsfq_loop_counter #(
    .WIDTH(PTR_W)
  ) u_words (
    .aclk     (aclk),
    .restart  (in_publish),
    .count    (group_words_q),
    .advance  (take_weights && word_end_q),
    .last     (last_word),
    .next_last(next_last_word)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_groups (
    .aclk     (aclk),
    .restart  (in_publish),
    .count    (out_groups_q[15:0]),
    .advance  (group_taken),
    .last     (last_group),
    .next_last(next_last_group)
  );

  // ---- what happens, and what state follows

  wire begins         = start && (in_idle || in_done);
  wire block_read     = take_block && block_end_q;
  wire block_cut      = take_block && !block_end_q && s_last;
  wire header_read    = in_check && header_step_q && !bad_header_q;
  wire program_read   = header_read && is_program_q;
  wire end_read       = header_read && is_end_q;
  wire bad_header     = in_check && header_step_q && bad_header_q;
  wire checked        = in_check && last_step_q;
  wire bad_sizes      = checked && (bad_memory_q || bad_weights_q);
  wire load_taken     = load_valid && load_ready;
  wire layer_taken    = layer_valid && layer_ready;
  wire set_taken      = take_constants && set_end_q;
  wire part_taken     = set_taken && last_set;
  wire [2:0] next_part = !part_taken ? part_q : last_part ? P_CONSTANTS : {part_q[1:0], 1'b0};
  wire constants_read = part_taken && last_part;
  wire payload_cut    = s_last && (take_constants || take_weights);     // it never holds the packet's last beat
  wire fails          = block_cut || bad_header || bad_sizes || payload_cut;
  wire drops          = fails || (stop && !in_idle && !in_drop && !in_drain);
  wire dropped        = in_drop ? last_q : in_drain && s_valid && s_last;

  wire [8:0] next_state;
  assign next_state[S_IDLE]      = dropped || (in_idle && !begins);
  assign next_state[S_BLOCK]     = !drops && (begins || program_read || load_taken || (group_taken && last_group) ||
                                              (in_block && !block_read));
  assign next_state[S_CHECK]     = !drops && (block_read || (in_check && !program_read && !end_read && !checked));
  assign next_state[S_PUBLISH]   = !drops && (checked || (in_publish && !load_taken && !layer_taken));
  assign next_state[S_CONSTANTS] = !drops && (layer_taken || (group_taken && !last_group) ||
                                              (in_constants && !constants_read));
  assign next_state[S_WEIGHTS]   = !drops && (constants_read || (in_weights && !group_taken));
  assign next_state[S_DONE]      = !drops && (end_read || (in_done && !begins));
  assign next_state[S_DROP]      = drops;
  assign next_state[S_DRAIN]     = (in_drop || in_drain) && !dropped;

  assign s_ready = in_block || (in_constants && part_space_q) || (in_weights && weight_space) || in_drain;

  assign idle        = in_idle || in_done;
  assign done        = in_done;
  assign first_beat  = take && !begun_q;
  assign error_layer = program_q ? index_q : 16'hFFFF;

  assign constant_write = take_constants && part_q[0];
  assign depthwise_kernel_write   = take_constants && part_q[1];
  assign depthwise_constant_write = take_constants && part_q[2];
  assign constant_last  = set_end_q;
  assign weight_write   = take_weights;
  assign weight_plane   = plane_q;
  assign weight_absent  = pointwise ? 2'd1 : full ? 2'd2 : 2'd0;
  assign weight_last    = word_end_q;
  assign payload_beat   = beat_q;
  assign payload_data   = s_data;

  assign load_valid       = in_publish && is_load_q;
  assign load_last        = last_load_q;
  assign load_layers      = index_q;
  assign load_height      = f_height;
  assign load_width       = f_width;
  assign load_channels    = f_cin;
  assign load_wide        = wide_in_q;
  assign load_window      = f_window;
  assign load_base        = f_in[17:0];
  assign load_digit_words = in_digit_q;

  assign layer_valid = in_publish && is_layer_q;
  lsfq_layer_pack u_layer (
    .block       (block_q),
    .three_rows  (three),
    .pointwise   (pointwise),
    .last        (last_layer_q),
    .below       (f_stride2 && !f_height[0]),
    .wide_in     (wide_in_q),
    .wide_weight (wide_weight_q),
    .wide_out    (wide_out_q),
    .odd         (conv_width_q[0]),
    .rows        (conv_height_q),
    .pairs       (full ? 16'd1 : in_pairs_q[15:0]),
    .words       (row_words_q),
    .stride      (full && !f_shared ? 18'd1 : in_plane_q),
    .row_pitch   (f_shared ? 16'd1 : in_pairs_q[15:0]),
    .last_line   (f_shared ? in_plane_q - 18'd1 : 18'd0),
    .in_digit    (in_digit_q),
    .loads       (f_after ? loads_q : 16'd0),
    .weight_digit(weight_digit_q),
    .group_words (group_words_q),
    .groups      (out_groups_q[15:0]),
    .out_plane   (out_plane_q),
    .out_digit   (out_digit_q),
    .out_planes  (out_planes_q[15:0]),
    .skip_wide   (wide_skip_q),
    .skip_plane  (skip_plane_q),
    .skip_digit  (skip_digit_q),
    .word        (layer_word)
  );

  always @(posedge aclk) begin
    size_q    <= product_fits ? product[17:0] : 18'd0;
    large_q   <= !product_fits;
    crc_take_q <= take && aresetn && !clear;
    part_space_q <= next_part[0] ? constant_space : depthwise_space;
    crc_words_q <= crc_words;
    if (crc_take_q) crc_q <= crc_next ^ crc_beat;
    else if (idle || in_check) crc_q <= CRC_START;      // anew after every block
    if (in_block && s_valid) block_q <= {s_data, block_q[511:PARAM_W]};

    check_product_q <= (in_step || (out_step && writes_q) || (skip_step && adds_q)) && (many_q || step_q < 5'd14);
    case (step_q)                       // 0 but in S_CHECK
      5'd9:  in_plane_q   <= size_q;
      5'd10: out_plane_q  <= size_q;
      5'd11: skip_plane_q <= size_q;
      5'd12: in_digit_q   <= size_q;
      5'd13: out_digit_q  <= size_q;
      5'd14: skip_digit_q <= size_q;
      5'd15: in_span_q    <= many_q ? size_q : 18'd0;
      5'd16: out_span_q   <= many_q ? size_q : 18'd0;
      5'd17: skip_span_q  <= many_q ? size_q : 18'd0;
      default: ;
    endcase
    in_end_q  <= {1'b0, f_in} + {14'd0, in_size} + {15'd0, in_span_q};
    out_end_q <= {1'b0, f_out} + {14'd0, out_size} + {15'd0, out_span_q};
    skip_end_q <= {1'b0, f_skip_base} + {14'd0, skip_size} + {15'd0, skip_span_q};
    if (!in_check) too_large_q <= 1'b0;
    else if (check_product_q && large_q) too_large_q <= 1'b1;
  end

  always @(posedge aclk) begin
    error_valid <= 1'b0;
    error_code  <= !in_check    ? E_PARAM_SHORT
                 : !last_step_q ? header_error_q
                 : bad_memory_q ? E_MEMORY : E_WEIGHTS;
    if (take) begin
      begun_q <= 1'b1;
      if (s_last) last_q <= 1'b1;
    end

    if (take) begin
      beat_q      <= last_beat ? {BEAT_W{1'b0}} : beat_q + 1'b1;
      block_end_q <= last_beat ? BLOCK_BEATS == 1 : beat_q == BLOCK_BEATS[BEAT_W-1:0] - TWO;
      set_end_q   <= last_beat ? SET_BEATS == 1 : beat_q == SET_BEATS[BEAT_W-1:0] - TWO;
      plane_end_q <= next_plane_end;
    end

    if (in_idle || in_done) begin
      beat_q      <= {BEAT_W{1'b0}};
      block_end_q <= BLOCK_BEATS == 1;
      set_end_q   <= SET_BEATS == 1;
      plane_end_q <= PLANE_BEATS == 1;
      set_q       <= 1'b0;
      part_q      <= P_CONSTANTS;
    end
    if (begins) begin
      last_q    <= 1'b0;
      begun_q   <= 1'b0;
      program_q <= 1'b0;
      index_q   <= 16'd0;
      count_q   <= 16'd0;
      loads_q   <= 16'd0;
      images_q  <= 16'd0;
      open_q    <= 1'b0;
    end

    step_q        <= in_check ? step_q + 1'b1 : 5'd0;
    header_step_q <= in_check && step_q == HEADER_STEP - 5'd1;
    last_step_q   <= in_check && step_q == LAST_STEP - 5'd1;

    if (program_read) begin
      program_q <= 1'b1;
      count_q   <= f_word1[31:16];
      images_q  <= f_height;
    end
    if (load_taken) begin
      loads_q     <= loads_q + 16'd1;
      open_q      <= 1'b1;
      open_base_q <= open_lower_q ? open_base_q : f_in[17:0];
      open_end_q  <= open_higher_q ? open_end_q : in_end_q[17:0];
    end
    if (layer_taken && f_after) open_q <= 1'b0;

    if (set_taken) begin
      set_q <= !last_set;
      part_q <= next_part;
    end
    if (in_constants) begin
      plane_q     <= 2'd0;
      word_end_q  <= 1'b0;              // a word has two planes or more
      group_end_q <= 1'b0;
    end
    if (take_weights) begin
      plane_q     <= next_plane;
      word_end_q  <= next_word_end;
      group_end_q <= next_word_end && last_word;
    end
    if (group_taken && last_group && !s_last) index_q <= next_index_q;     // with TLAST the error is this layer's

    error_valid <= fails;
    state_q     <= next_state;
    if (!aresetn || clear) begin
      error_valid <= 1'b0;
      state_q     <= 9'd1 << S_IDLE;
      last_q      <= 1'b0;
      begun_q     <= 1'b0;
      program_q   <= 1'b0;
    end
  end

  wire unused = &{1'b0, thin_height_q[16], out_groups_q[16], half_height_q[16], f_word1, block_q, next_last_word,
                  next_last_group};

endmodule

`default_nettype wire

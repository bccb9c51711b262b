// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_checks: the checks of a block that need no product of sizes (docs/stream_format.md,
// Errors). `code` is the first check that fails, in the order of the format.
//
// Latency: `bad` and `code` follow `block` and all other inputs by at most five cycles. `crc_right`
// is looked at in the cycle of `crc_ready` alone; `bad` and `code` follow it by two cycles.

`default_nettype none

module lsfq_parser_checks #(
  parameter PIN            = 16,
  parameter POUT           = 16,
  parameter MAX_POOL_WIDTH = 512
) (
  input  wire         aclk,
  input  wire [511:0] block,
  input  wire         is_program,
  input  wire         is_load,
  input  wire         is_layer,
  input  wire         is_end,
  input  wire         crc_ready,
  input  wire         crc_right,
  input  wire         packet_ended,     // TLAST came with the block
  input  wire         bad_order,
  input  wire         last_layer,
  input  wire [15:0]  conv_height,      // as in lsfq_parser_shape
  input  wire [15:0]  conv_width,
  input  wire [15:0]  result_height,
  input  wire [15:0]  result_width,
  input  wire [15:0]  out_height,

  output reg          bad,
  output reg  [7:0]   code
);

  localparam [7:0] E_NONE = 8'd0, E_PARAM_SHORT = 8'd1, E_PARAM_LONG = 8'd2, E_MAGIC = 8'd3,
                   E_VERSION = 8'd4, E_CRC = 8'd5, E_KIND = 8'd6, E_CORE = 8'd7, E_SHAPE = 8'd8,
                   E_BITS = 8'd9, E_KERNEL = 8'd10, E_RESERVED = 8'd15;

  localparam [15:0] MAGIC       = 16'h514C;
  localparam [7:0]  VERSION     = 8'd3;
  localparam [1:0]  KERNEL_1X3  = 2'd1, KERNEL_3X3 = 2'd2, KERNEL_FULL = 2'd3;
  localparam [7:0]  MAX_SHIFT   = 8'd40;

  function supported_bits;
    input [7:0] bits;
    supported_bits = bits == 8'd2 || bits == 8'd3 || bits == 8'd4 || bits == 8'd8;
  endfunction

  wire [7:0]  program_pin, program_pout, load_bits, input_bits, weight_bits, output_bits, shift;
  wire [7:0]  skip_bits, depthwise_bits, depthwise_shift;
  wire [15:0] program_layers, program_loads, height, width, channels, outputs, images;
  wire [1:0]  kernel;
  wire        load_row_window, load_thinned, pool, pool_3x3, raw, stride2, shared;
  wire        skip, depthwise, depthwise_stride2;
  wire        rows, above, below, above_behind, below_behind, thinned;

  lsfq_parser_checks_fields u_fields (
    .block            (block),
    .program_pin      (program_pin),
    .program_pout     (program_pout),
    .program_layers   (program_layers),
    .program_loads    (program_loads),
    .load_bits        (load_bits),
    .load_row_window  (load_row_window),
    .load_thinned     (load_thinned),
    .kernel           (kernel),
    .pool             (pool),
    .pool_3x3         (pool_3x3),
    .raw              (raw),
    .stride2          (stride2),
    .shared           (shared),
    .skip             (skip),
    .depthwise        (depthwise),
    .height           (height),
    .width            (width),
    .channels         (channels),
    .outputs          (outputs),
    .images           (images),
    .input_bits       (input_bits),
    .weight_bits      (weight_bits),
    .output_bits      (output_bits),
    .shift            (shift),
    .skip_bits        (skip_bits),
    .depthwise_bits   (depthwise_bits),
    .depthwise_shift  (depthwise_shift),
    .rows             (rows),
    .above            (above),
    .below            (below),
    .above_behind     (above_behind),
    .below_behind     (below_behind),
    .thinned          (thinned),
    .depthwise_stride2(depthwise_stride2)
  );

  wire [14:1] reserved_words;           // in which a bit without a name is set

  lsfq_parser_reserved u_reserved (
    .block     (block),
    .is_program(is_program),
    .is_load   (is_load),
    .is_layer  (is_layer),
    .is_end    (is_end),
    .bad       (reserved_words)
  );

  wire bad_layer_rows, bad_load_rows;

  lsfq_parser_rows u_rows (
    .aclk       (aclk),
    .block      (block),
    .conv_height(conv_height),
    .out_height (out_height),
    .bad_layer  (bad_layer_rows),
    .bad_load   (bad_load_rows)
  );

  wire        tensor = is_load || is_layer;
  wire        full   = kernel == KERNEL_FULL;
  wire [17:0] window_channels = {2'd0, channels} + {1'b0, channels, 1'b0};

  reg empty_program_q, empty_tensor_q, empty_layer_q;   // a size is 0
  reg wide_window_q;                                    // too many channels for a row window
  reg wide_row_q;                                       // the rows are too wide for one
  reg bad_border_q;                                     // a row beside that no kernel reads
  reg one_row_is_none_q;                                // of one row the pool leaves none

  wire bad_core   = is_program && (program_pin != PIN[7:0] || program_pout != POUT[7:0]);
  wire bad_shape  = (is_program && empty_program_q) || (tensor && empty_tensor_q) ||
                    (is_load && (bad_load_rows || wide_row_q)) ||
                    (is_layer && (empty_layer_q || bad_layer_rows ||
                                  (depthwise && conv_width > MAX_POOL_WIDTH[15:0]) ||
                                  (pool && ((result_height == 16'd1 && one_row_is_none_q) ||
                                            (result_width == 16'd1 && !pool_3x3) ||
                                            result_width > MAX_POOL_WIDTH[15:0]))));
  wire bad_bits   = (tensor && !supported_bits(is_load ? load_bits : input_bits)) ||
                    (is_layer && (!supported_bits(weight_bits) || shift > MAX_SHIFT ||
                                  (raw ? shift != 8'd0 || output_bits != 8'd0
                                       : !supported_bits(output_bits)) ||
                                  (skip && !supported_bits(skip_bits)) ||
                                  (depthwise && (!supported_bits(depthwise_bits) ||
                                                 depthwise_shift > MAX_SHIFT ||
                                                 output_bits == 8'd8))));
  wire bad_kernel = (is_load && (load_row_window ? wide_window_q : load_thinned)) ||
                    (is_layer && ((raw && (pool || skip || depthwise)) ||
                                  (full && (stride2 || skip || depthwise)) ||
                                  (skip && depthwise) || (shared && !full) ||
                                  (last_layer && !raw) || (pool_3x3 && !pool) || bad_border_q));

  reg [14:1] reserved_words_q;
  reg        bad_magic_q, bad_version_q, bad_crc_q, short_q, bad_order_q, long_q, bad_reserved_q;
  reg        bad_core_q, bad_shape_q, bad_bits_q, bad_kernel_q;

  always @(posedge aclk) begin
    empty_program_q  <= program_layers == 16'd0 || program_loads == 16'd0;
    empty_tensor_q   <= height == 16'd0 || width == 16'd0 || channels == 16'd0;
    empty_layer_q    <= outputs == 16'd0 || images == 16'd0;
    wide_window_q    <= window_channels > PIN[17:0];
    wide_row_q       <= load_row_window && width > MAX_POOL_WIDTH[15:0];
    one_row_is_none_q <= !pool_3x3 || above_behind;
    bad_border_q     <= (rows ? full : above || below || above_behind || below_behind) ||
                        (above && kernel != KERNEL_3X3) ||
                        (below && (kernel != KERNEL_3X3 || stride2)) ||
                        (above_behind && !depthwise && !pool_3x3) ||
                        (below_behind && (!depthwise || depthwise_stride2)) ||
                        (thinned && (kernel != KERNEL_1X3 || !stride2));

    bad_magic_q      <= block[15:0] != MAGIC;
    bad_version_q    <= block[31:24] != VERSION;
    if (crc_ready) bad_crc_q <= !crc_right;
    short_q          <= packet_ended && !is_end;
    bad_order_q      <= bad_order;
    long_q           <= is_end && !packet_ended;
    reserved_words_q <= reserved_words;
    bad_reserved_q   <= |reserved_words_q;
    bad_core_q       <= bad_core;
    bad_shape_q      <= bad_shape;
    bad_bits_q       <= bad_bits;
    bad_kernel_q     <= bad_kernel;

    code <= bad_magic_q    ? E_MAGIC
          : bad_version_q  ? E_VERSION
          : bad_crc_q      ? E_CRC
          : short_q        ? E_PARAM_SHORT
          : bad_order_q    ? E_KIND
          : long_q         ? E_PARAM_LONG
          : bad_reserved_q ? E_RESERVED
          : bad_core_q     ? E_CORE
          : bad_shape_q    ? E_SHAPE
          : bad_bits_q     ? E_BITS
          : bad_kernel_q   ? E_KERNEL : E_NONE;
    bad  <= bad_magic_q || bad_version_q || bad_crc_q || short_q || bad_order_q || long_q ||
            bad_reserved_q || bad_core_q || bad_shape_q || bad_bits_q || bad_kernel_q;
  end

endmodule

`default_nettype wire

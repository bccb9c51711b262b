// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_shape: the sizes in a LOAD or LAYER block that need no product
// (docs/stream_format.md).
//
//   conv height    1                                     full map
//                  ceil((H - above)/2)                   stride 2, but for thinned rows
//                  H - above - below                     else
//   result height  conv height                           without a depthwise layer
//                  ceil((conv height - above behind)/2)  behind one of stride 2
//                  conv height - above behind - below behind                              else
//   out height     result height                         without a pool
//                  floor(result height/2)                with a 2x2 pool
//                  ceil((result height - above behind)/2)                    with a 3x3 one
//   ring           R of a LOAD and with `rows`, else all rows of the tensor
//
// Widths follow stride, depthwise stride and pool alike. The skip tensor has the size before the
// depthwise stage and the pool.
//
// Latency: the outputs are valid five cycles after `block`; `conv_height` and `conv_width` two,
// `result_height`, `result_width` and `out_height` four.

`default_nettype none

module lsfq_parser_shape #(
  parameter PIN  = 16,
  parameter POUT = 16
) (
  input  wire         aclk,
  input  wire [511:0] block,
  input  wire         is_load,
  input  wire         is_layer,

  output reg          many,             // a layer for several images
  output reg          writes,           // a layer that stores its output
  output reg          adds,             // a layer with a skip tensor
  output reg  [16:0]  more_images,      // images after the first one
  output reg          in_wide,          // codes of 8 bits
  output reg          out_wide,
  output reg          skip_wide,
  output reg          weight_wide,

  output wire [15:0]  in_pairs,         // pixel pairs of a row
  output wire [15:0]  out_pairs,
  output wire [15:0]  conv_pairs,
  output reg  [15:0]  conv_height,      // of what leaves the array
  output reg  [15:0]  conv_width,
  output reg  [15:0]  result_height,    // the same behind the depthwise stage
  output reg  [15:0]  result_width,
  output reg  [15:0]  out_height,       // of what is stored

  output reg  [15:0]  in_ring,          // rows that are kept of each tensor
  output reg  [15:0]  out_ring,
  output reg  [15:0]  skip_ring,
  output reg  [15:0]  in_left,          // rows from the block's first one to the ring's end
  output reg  [15:0]  kernel_left,      // rows from the first kernel row on, inside the map or not

  output wire [15:0]  in_planes,        // channel groups
  output wire [15:0]  out_planes,
  output wire [15:0]  out_groups        // output channels that are made at once
);

  localparam LOG_PIN  = $clog2(PIN);
  localparam LOG_POUT = $clog2(POUT);

  localparam [1:0] KERNEL_1X1 = 2'd0, KERNEL_3X3 = 2'd2, KERNEL_FULL = 2'd3;    // 1 is 1x3

  function [16:0] divide_up;            // ceil(value / 2^log)
    input [15:0] value;
    input integer log;
    divide_up = ({1'b0, value} + (17'd1 << log) - 17'd1) >> log;
  endfunction

  wire [15:0] height, width, channels, outputs, images;
  wire [15:0] input_ring, input_row, output_ring, skip_ring_rows;
  wire [1:0]  kernel;
  wire        pool, pool_3x3, raw, stride2, thinned, skip, depthwise, depthwise_stride2;
  wire        load_row_window, rows, above, below, above_behind, below_behind;
  wire [7:0]  input_bits, weight_bits, output_bits, skip_bits, depthwise_bits, load_bits;

  lsfq_parser_shape_fields u_fields (
    .block            (block),
    .height           (height),
    .width            (width),
    .channels         (channels),
    .outputs          (outputs),
    .images           (images),
    .kernel           (kernel),
    .pool             (pool),
    .pool_3x3         (pool_3x3),
    .raw              (raw),
    .stride2          (stride2),
    .thinned          (thinned),
    .skip             (skip),
    .depthwise        (depthwise),
    .depthwise_stride2(depthwise_stride2),
    .rows             (rows),
    .above            (above),
    .below            (below),
    .above_behind     (above_behind),
    .below_behind     (below_behind),
    .input_ring       (input_ring),
    .input_row        (input_row),
    .output_ring      (output_ring),
    .skip_ring        (skip_ring_rows),
    .input_bits       (input_bits),
    .weight_bits      (weight_bits),
    .output_bits      (output_bits),
    .skip_bits        (skip_bits),
    .depthwise_bits   (depthwise_bits),
    .load_bits        (load_bits),
    .load_row_window  (load_row_window)
  );

  wire full      = kernel == KERNEL_FULL;
  wire pointwise = kernel == KERNEL_1X1;
  wire three     = kernel == KERNEL_3X3;
  wire thin      = depthwise && depthwise_stride2;
  wire no_first  = depthwise && above_behind;           // rows of which the stage makes no result
  wire no_last   = depthwise && below_behind;

  reg         several_q;
  reg  [16:0] in_pairs_q, out_pairs_q, conv_pairs_q;
  reg  [16:0] input_planes_q, in_planes_q, out_planes_q, out_groups_q;
  reg  [15:0] inner_height_q, half_height_q, inner_result_q, half_result_q;
  reg  [15:0] out_width_q;

  wire [15:0] result_height_d = thin ? half_result_q : inner_result_q;
  wire [15:0] result_width_d  = thin ? conv_pairs_q[15:0] : conv_width;

  // ceil((value - less)/2), where value is at least `less`
  function [15:0] half_less;
    input [15:0] value;
    input        less;
    half_less = {1'b0, value[15:1]} + {15'd0, value[0] && !less};
  endfunction

  always @(posedge aclk) begin
    several_q      <= images != 16'd1;
    more_images    <= {1'b0, images} - 17'd1;
    many           <= is_layer && several_q;
    writes         <= is_layer && !raw;
    adds           <= is_layer && skip;

    in_wide        <= (is_load ? load_bits : input_bits) == 8'd8;
    weight_wide    <= weight_bits == 8'd8;
    out_wide       <= (depthwise ? depthwise_bits : output_bits) == 8'd8;
    skip_wide      <= skip_bits == 8'd8;

    in_pairs_q     <= divide_up(width, 1);
    input_planes_q <= divide_up(channels, LOG_PIN);
    in_planes_q    <= is_load && load_row_window ? 17'd1 : input_planes_q;
    out_planes_q   <= divide_up(outputs, LOG_PIN);
    out_groups_q   <= pointwise ? divide_up(outputs, LOG_POUT + 1) : divide_up(outputs, LOG_POUT);

    inner_height_q <= height - {14'd0, above && below, above != below};
    half_height_q  <= half_less(height, above);
    conv_height    <= full ? 16'd1 : stride2 && !thinned ? half_height_q : inner_height_q;
    conv_width     <= full ? 16'd1 : stride2 ? in_pairs_q[15:0] : width;
    conv_pairs_q   <= divide_up(conv_width, 1);
    inner_result_q <= conv_height - {14'd0, no_first && no_last, no_first != no_last};
    half_result_q  <= half_less(conv_height, above_behind);
    result_height  <= result_height_d;
    result_width   <= result_width_d;
    out_height     <= pool ? half_less(result_height_d, !pool_3x3 || above_behind)
                    : result_height_d;
    out_width_q    <= pool ? half_less(result_width_d, !pool_3x3) : result_width_d;
    out_pairs_q    <= divide_up(out_width_q, 1);

    in_ring        <= rows || is_load ? input_ring : height;
    out_ring       <= rows ? output_ring : out_height;
    skip_ring      <= rows ? skip_ring_rows : conv_height;
    in_left        <= in_ring - (rows || is_load ? input_row : 16'd0);
    kernel_left    <= in_left + {15'd0, three && !above};
  end

  assign in_pairs   = in_pairs_q[15:0];
  assign out_pairs  = out_pairs_q[15:0];
  assign conv_pairs = conv_pairs_q[15:0];
  assign in_planes  = in_planes_q[15:0];
  assign out_planes = out_planes_q[15:0];
  assign out_groups = out_groups_q[15:0];

  wire unused = &{1'b0, in_pairs_q[16], out_pairs_q[16], conv_pairs_q[16], in_planes_q[16],
                  out_planes_q[16], out_groups_q[16]};

endmodule

`default_nettype wire

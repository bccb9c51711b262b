// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_rows: the checks of the rows in a block (docs/stream_format.md, SHAPE). `bad_layer`
// says of a LAYER block that
//
//   - the rows beside the block leave none for the array or for the depthwise layer, or
//   - with `rows`: it is for several images, a ring begins behind its end, or has fewer rows than
//     the block reads or writes of it.
//
// `bad_load` says of a LOAD block that it stores no row, or more than its ring has, that the ring
// begins behind its end, or that a thinned part other than the image's last has an odd number of
// rows.
//
// Latency: the outputs follow `conv_height` by one cycle, all other block fields by two at most,
// and `out_height` by none.

`default_nettype none

module lsfq_parser_rows (
  input  wire         aclk,
  input  wire [511:0] block,
  input  wire [15:0]  conv_height,      // as in lsfq_parser_shape
  input  wire [15:0]  out_height,
  output wire         bad_layer,
  output reg          bad_load
);

  wire [15:0] height, images;
  wire        load_row_window, load_first, load_last, load_thinned;
  wire        raw, skip, depthwise, rows, above, below, above_behind, below_behind;
  wire [15:0] input_ring, input_row, output_ring, output_row, skip_ring, skip_row;

  lsfq_parser_rows_fields u_fields (
    .block          (block),
    .height         (height),
    .images         (images),
    .raw            (raw),
    .skip           (skip),
    .depthwise      (depthwise),
    .rows           (rows),
    .load_row_window(load_row_window),
    .load_first     (load_first),
    .load_last      (load_last),
    .load_thinned   (load_thinned),
    .above          (above),
    .below          (below),
    .above_behind   (above_behind),
    .below_behind   (below_behind),
    .input_ring     (input_ring),
    .input_row      (input_row),
    .output_ring    (output_ring),
    .output_row     (output_row),
    .skip_ring      (skip_ring),
    .skip_row       (skip_row)
  );

  function none_left;                   // the rows beside are all that there are
    input [15:0] count;
    input        first, last;
    none_left = (count == 16'd1 && (first || last)) || (count == 16'd2 && first && last);
  endfunction

  reg none_q, none_behind_q, several_q;
  reg bad_input_q, bad_output_q, bad_skip_q;
  reg [15:0] stored_q;                  // rows that a LOAD block stores

  assign bad_layer = none_q || none_behind_q ||
                     (rows && (several_q || bad_input_q || (skip && bad_skip_q) ||
                               (!raw && (bad_output_q || out_height > output_ring))));

  always @(posedge aclk) begin
    none_q        <= none_left(height, above, below);
    none_behind_q <= none_left(conv_height, depthwise && above_behind,
                               depthwise && below_behind);
    several_q     <= images != 16'd1;
    bad_input_q   <= input_row >= input_ring || height > input_ring;
    stored_q      <= load_thinned ? {1'b0, height[15:1]} + {15'd0, height[0]}
                   : !load_row_window || load_first == load_last ? height
                   : load_first ? height - 16'd1 : height + 16'd1;
    bad_load      <= input_row >= input_ring || stored_q == 16'd0 || stored_q > input_ring ||
                     (load_thinned && !load_last && height[0]);
    bad_output_q  <= output_row >= output_ring;
    bad_skip_q    <= skip_row >= skip_ring || conv_height > skip_ring;
  end

endmodule

`default_nettype wire

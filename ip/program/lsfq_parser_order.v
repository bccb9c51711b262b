// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_order: which block may come next. The order of a packet is one PROGRAM block, then
// LOAD and LAYER blocks, each kind with an ascending index and as many as announced, then END. The
// LOADs of an image follow one another from the one with `first` to the one with `last`. A LAYER
// block waits for LOADs before it only.
//
// Latency: `bad`, `last_load` and `last_layer` follow `block` and the counts by two cycles.
// `restart` begins a pass; `program_read`, `load_taken` and `layer_read` are one cycle long.

`default_nettype none

module lsfq_parser_order (
  input  wire         aclk,
  input  wire         restart,
  input  wire [511:0] block,
  input  wire         is_program,
  input  wire         is_load,
  input  wire         is_layer,
  input  wire         is_end,

  input  wire         program_read,
  input  wire         load_taken,
  input  wire         layer_read,       // with its payload

  output wire         started,          // the PROGRAM block was read
  output wire [15:0]  layer,            // layers read: the index of the next one
  output wire         waits_for_all,    // this LAYER block waits for all LOADs before it
  output wire         last_load,        // this LOAD block is the pass's last one
  output wire         last_layer,       // this LAYER block is the pass's last one
  output wire         bad               // this block may not come now
);

  wire [15:0] program_layers, program_loads, index, loads;
  wire        load_first, load_last;

  lsfq_parser_order_fields u_fields (
    .block         (block),
    .program_layers(program_layers),
    .program_loads (program_loads),
    .index         (index),
    .loads         (loads),
    .load_first    (load_first),
    .load_last     (load_last)
  );

  reg        started_q;
  reg [15:0] layer_q, layers_q;         // layers read, layers announced
  reg [15:0] loads_q, announced_q;      // LOADs so far, LOADs announced
  reg [15:0] next_layer_q, next_load_q;
  reg        last_layer_q, last_load_q;
  reg        layers_left_q, loads_left_q;
  reg        layer_fits_q, load_fits_q; // the index is the next one
  reg        in_image_q;                // the last LOAD's image goes on
  reg        waits_for_all_q, too_many_q;       // the LOADs to wait for are those so far, are more

  wire bad_load = !load_fits_q || load_first == in_image_q;

  assign started       = started_q;
  assign layer         = layer_q;
  assign waits_for_all = waits_for_all_q;
  assign last_load     = last_load_q;
  assign last_layer    = last_layer_q;
  assign bad           = is_program ? started_q
                       : is_load    ? !started_q || !loads_left_q || bad_load
                       : is_layer   ? !started_q || !layers_left_q || !layer_fits_q || too_many_q
                       : is_end     ? !started_q || layers_left_q || loads_left_q || in_image_q
                       : 1'b1;

  always @(posedge aclk) begin
    next_layer_q    <= layer_q + 16'd1;
    next_load_q     <= loads_q + 16'd1;
    last_layer_q    <= next_layer_q == layers_q;
    last_load_q     <= next_load_q == announced_q;
    layers_left_q   <= layer_q != layers_q;       // there are never more than announced
    loads_left_q    <= loads_q != announced_q;
    layer_fits_q    <= index == layer_q;
    load_fits_q     <= index == loads_q;
    waits_for_all_q <= loads == loads_q;
    too_many_q      <= loads > loads_q;

    if (layer_read) layer_q <= next_layer_q;
    if (load_taken) begin
      loads_q    <= next_load_q;
      in_image_q <= !load_last;
    end
    if (program_read) begin
      started_q   <= 1'b1;
      layers_q    <= program_layers;
      announced_q <= program_loads;
    end
    if (restart) begin
      started_q   <= 1'b0;
      layer_q     <= 16'd0;
      layers_q    <= 16'd0;
      loads_q     <= 16'd0;
      announced_q <= 16'd0;
      in_image_q  <= 1'b0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_counters: where the cycles of a pass went, in total and in LAYERS slots.
//
// When a layer ends, its counts are added to its slot: layers that run several times in a pass, for one image
// after another, share one. A slot that no layer of the pass has reached reads 0; layers with a slot past the last
// are not counted.
// What a layer does is counted a cycle later, so that no path from the array's order of work ends here. What is seen in
// the cycle of pass_start still belongs to the pause before it and is dropped.
// Reading: read_data follows read_layer and read_counter by one cycle.

`default_nettype none

module lsfq_counters #(
  parameter LAYERS  = 64,
  parameter LAYER_W = $clog2(LAYERS)
) (
  input  wire               aclk,
  input  wire               aresetn,

  input  wire               pass_start,
  input  wire               running,             // a pass is under way
  input  wire               first_beat,
  input  wire               loaded,              // the first image is stored
  input  wire               result_last,
  input  wire               layer_end,
  input  wire [7:0]         layer_slot,
  input  wire               busy,
  input  wire               starved_weights,
  input  wire               blocked_output,
  input  wire               starved_features,

  output reg  [31:0]        cycles,
  output reg  [31:0]        load_cycles,
  output reg  [15:0]        layers,

  input  wire [LAYER_W-1:0] read_layer,
  input  wire [2:0]         read_counter,        // cycles, busy, weights, output, features
  output reg  [31:0]        read_data
);

  reg         counting_q;
  reg  [31:0] busy_q, weights_q, output_q, features_q;
  reg  [31:0] busy_mem [0:LAYERS-1];
  reg  [31:0] weights_mem [0:LAYERS-1];
  reg  [31:0] output_mem [0:LAYERS-1];
  reg  [31:0] features_mem [0:LAYERS-1];
  reg  [LAYERS-1:0] reached_q;                   // slots that hold counts of this pass

  reg         end_q, is_busy_q, is_starved_weights_q, is_blocked_q, is_starved_features_q;
  reg  [7:0]  slot_q;

  always @(posedge aclk) begin
    end_q                 <= layer_end && aresetn;
    slot_q                <= layer_slot;
    is_busy_q             <= busy && !pass_start;
    is_starved_weights_q  <= starved_weights && !pass_start;
    is_blocked_q          <= blocked_output && !pass_start;
    is_starved_features_q <= starved_features && !pass_start;
  end

  wire [31:0] busy_d     = busy_q + {31'd0, is_busy_q};
  wire [31:0] weights_d  = weights_q + {31'd0, is_starved_weights_q};
  wire [31:0] output_d   = output_q + {31'd0, is_blocked_q};
  wire [31:0] features_d = features_q + {31'd0, is_starved_features_q};
  wire        store      = end_q && {24'd0, slot_q} < LAYERS;
  wire [LAYER_W-1:0] slot = slot_q[LAYER_W-1:0];
  wire        again      = reached_q[slot];

  always @(posedge aclk) begin
    if (store) begin
      busy_mem[slot]     <= busy_d + (again ? busy_mem[slot] : 32'd0);
      weights_mem[slot]  <= weights_d + (again ? weights_mem[slot] : 32'd0);
      output_mem[slot]   <= output_d + (again ? output_mem[slot] : 32'd0);
      features_mem[slot] <= features_d + (again ? features_mem[slot] : 32'd0);
    end
    if (!reached_q[read_layer]) read_data <= 32'd0;
    else case (read_counter)
      3'd0:    read_data <= busy_mem[read_layer] + weights_mem[read_layer]
                          + output_mem[read_layer] + features_mem[read_layer];
      3'd1:    read_data <= busy_mem[read_layer];
      3'd2:    read_data <= weights_mem[read_layer];
      3'd3:    read_data <= output_mem[read_layer];
      3'd4:    read_data <= features_mem[read_layer];
      default: read_data <= 32'd0;
    endcase
  end

  always @(posedge aclk) begin
    if (pass_start || end_q) begin
      busy_q     <= 32'd0;
      weights_q  <= 32'd0;
      output_q   <= 32'd0;
      features_q <= 32'd0;
    end else begin
      busy_q     <= busy_d;
      weights_q  <= weights_d;
      output_q   <= output_d;
      features_q <= features_d;
    end

    if (running && (counting_q || first_beat)) begin
      cycles <= cycles + 32'd1;
      if (!loaded) load_cycles <= load_cycles + 32'd1;
    end
    if (running && first_beat) counting_q <= 1'b1;
    if (result_last) counting_q <= 1'b0;
    if (end_q) layers <= layers + 16'd1;
    if (store) reached_q[slot] <= 1'b1;

    if (!aresetn || pass_start) begin
      reached_q   <= {LAYERS{1'b0}};
      counting_q  <= 1'b0;
      cycles      <= 32'd0;
      load_cycles <= 32'd0;
      layers      <= 16'd0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_counters: counts the cycles of a pass by what happened in them, in total and in LAYERS
// slots.
//
// When a layer ends, its four counts are added to its slot. A layer that runs several times in a
// pass, for one image after another, uses the same slot each time. A slot that no layer of this
// pass has used reads 0; layers with a slot number of LAYERS or more are not counted.
//
// The slots are in a memory with one adder, through which the four counts and their sum pass one
// after another. So layers have to end at least 9 cycles apart, and a slot is complete 10 cycles
// after the end of its layer.
//
// All inputs are registered first and counted one cycle late, so no timing path from the sequencer
// or the streams ends at a counter. Events in the cycle of pass_start belong to the time before the
// pass and are not counted.
// Latency: read_data follows read_layer and read_counter by two cycles. No handshake.
// Parameter rules: LAYERS is a power of two, at least 4.

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
  output wire [31:0]        read_data
);

  localparam [2:0] E_TOTAL = 3'd4;               // the word of a slot with the sum of the counts

  reg         running_q, first_beat_q, loaded_q, result_last_q;
  reg         end_q, is_busy_q, is_starved_weights_q, is_blocked_q, is_starved_features_q;
  reg  [7:0]  slot_q;

  always @(posedge aclk) begin
    running_q             <= running && !pass_start && aresetn;
    first_beat_q          <= first_beat;
    loaded_q              <= loaded;
    result_last_q         <= result_last;
    end_q                 <= layer_end && aresetn;
    slot_q                <= layer_slot;
    is_busy_q             <= busy && !pass_start;
    is_starved_weights_q  <= starved_weights && !pass_start;
    is_blocked_q          <= blocked_output && !pass_start;
    is_starved_features_q <= starved_features && !pass_start;
  end

  // ---- counts of the running layer, and of the layer that ended last

  reg  [31:0] busy_q, weights_q, output_q, features_q;
  reg  [31:0] ended_q [0:3];
  wire [31:0] busy_d     = busy_q + {31'd0, is_busy_q};
  wire [31:0] weights_d  = weights_q + {31'd0, is_starved_weights_q};
  wire [31:0] output_d   = output_q + {31'd0, is_blocked_q};
  wire [31:0] features_d = features_q + {31'd0, is_starved_features_q};

  always @(posedge aclk) begin
    busy_q     <= busy_d;
    weights_q  <= weights_d;
    output_q   <= output_d;
    features_q <= features_d;
    if (pass_start || end_q) begin
      busy_q     <= 32'd0;
      weights_q  <= 32'd0;
      output_q   <= 32'd0;
      features_q <= 32'd0;
    end
    if (end_q) begin
      ended_q[0] <= busy_d;
      ended_q[1] <= weights_d;
      ended_q[2] <= output_d;
      ended_q[3] <= features_d;
    end
  end

  // ---- adding to the slot: count n is read in step n + 1, added in step n + 3 and written in step
  // n + 4; the sum of the counts is written in step 8

  // A slot's bit of reached_q is selected in two cycles, by the low bits of its number first.
  localparam LOW_W = LAYER_W / 2;
  localparam HIGHS = LAYERS / (1 << LOW_W);

  reg  [LAYERS-1:0]  reached_q;                  // slots with counts of this pass
  reg  [HIGHS-1:0]   again_low_q;                // low selection for the running layer
  reg  [3:0]         step_q;                     // 0: idle
  reg  [LAYER_W-1:0] ended_slot_q;
  reg                again_q;                    // the slot has counts of this pass already
  reg  [31:0]        count_q, sum_q, total_q;

  wire [31:0]        held;
  wire [1:0]         read_entry  = step_q[1:0] - 2'd1;
  wire [1:0]         count_entry = step_q[1:0] - 2'd2;
  wire [2:0]         entry       = step_q[3] ? E_TOTAL : {1'b0, step_q[1:0]};
  wire               write       = step_q[3] || step_q[2];
  wire [31:0]        write_data  = step_q[3] ? total_q : sum_q;

  integer g;
  always @(posedge aclk) begin
    for (g = 0; g < HIGHS; g = g + 1)
      again_low_q[g] <= reached_q[{g[LAYER_W-LOW_W-1:0], slot_q[LOW_W-1:0]}];
    if (end_q) begin
      ended_slot_q <= slot_q[LAYER_W-1:0];
      again_q      <= again_low_q[slot_q[LAYER_W-1:LOW_W]];
    end
    count_q <= ended_q[count_entry];
    sum_q   <= count_q + (again_q ? held : 32'd0);
    total_q <= step_q[2] ? total_q + sum_q : 32'd0;
  end

  always @(posedge aclk) begin
    if (end_q && {24'd0, slot_q} < LAYERS) step_q <= 4'd1;
    else if (step_q[3]) step_q <= 4'd0;
    else if (step_q != 4'd0) step_q <= step_q + 4'd1;
    if (step_q[3]) reached_q[ended_slot_q] <= 1'b1;

    if (!aresetn || pass_start) begin
      step_q    <= 4'd0;
      reached_q <= {LAYERS{1'b0}};
    end
  end

  lsfq_ram #(
    .DEPTH(8 * LAYERS),
    .WIDTH(32)
  ) u_slots (
    .aclk         (aclk),
    .write_enable (write),
    .write_address({ended_slot_q, entry}),
    .write_data   (write_data),
    .read_address ({ended_slot_q, 1'b0, read_entry}),
    .read_data    (held)
  );

  // ---- a copy of the slots for the reader

  reg  [HIGHS-1:0]         reached_low_q;
  reg  [LAYER_W-LOW_W-1:0] read_high_q;
  reg                      listed_q, shown_q;
  wire [31:0]        shown;
  wire [2:0]         shown_entry = read_counter == 3'd0 ? E_TOTAL : read_counter - 3'd1;
  wire               clash;                      // the word was written while it was read
  wire [31:0]        written;

  lsfq_ram #(
    .DEPTH(8 * LAYERS),
    .WIDTH(32)
  ) u_shown (
    .aclk         (aclk),
    .write_enable (write),
    .write_address({ended_slot_q, entry}),
    .write_data   (write_data),
    .read_address ({read_layer, shown_entry}),
    .read_data    (shown)
  );

  lsfq_delay #(
    .WIDTH (33),
    .STAGES(2)
  ) u_written (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({write && {ended_slot_q, entry} == {read_layer, shown_entry}, write_data}),
    .q      ({clash, written})
  );

  integer h;
  always @(posedge aclk) begin
    for (h = 0; h < HIGHS; h = h + 1)
      reached_low_q[h] <= reached_q[{h[LAYER_W-LOW_W-1:0], read_layer[LOW_W-1:0]}];
    read_high_q <= read_layer[LAYER_W-1:LOW_W];
    listed_q    <= read_counter <= 3'd4;
    shown_q     <= reached_low_q[read_high_q] && listed_q;
  end

  assign read_data = !shown_q ? 32'd0 : clash ? written : shown;

  // ---- counts of the pass

  reg counting_q;

  always @(posedge aclk) begin
    if (running_q && (counting_q || first_beat_q)) begin
      cycles <= cycles + 32'd1;
      if (!loaded_q) load_cycles <= load_cycles + 32'd1;
    end
    if (running_q && first_beat_q) counting_q <= 1'b1;
    if (result_last_q) counting_q <= 1'b0;
    if (end_q) layers <= layers + 16'd1;

    if (!aresetn || pass_start) begin
      counting_q  <= 1'b0;
      cycles      <= 32'd0;
      load_cycles <= 32'd0;
      layers      <= 16'd0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_constant_memory: a ring of sets of requantisation constants; a set is POUT pairs (m, b) of 64 bits,
// bits 17..0 the multiplier m, bits 63..18 the bias b, both signed.
//
// Write: a beat is taken in any cycle with write_enable; offer one only where `space` was high two cycles before, for the way
// of both. It does not know of the beats on theirs, so it falls while two sets are still free for these, and it knows of
// released sets a cycle late.
// Read:  read_set + base is chosen without delay; `release_sets` frees the oldest 1 or 2 sets.
// Parameter rules: SETS is a power of two, at least 4; PARAM_W divides 64*POUT.

`default_nettype none

module lsfq_constant_memory #(
  parameter POUT    = 16,
  parameter PARAM_W = 128,
  parameter SETS    = 16,
  parameter BEAT_W  = 8
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               clear,

  input  wire               write_enable,
  input  wire [BEAT_W-1:0]  write_beat,     // within the set
  input  wire               write_last,     // the set is complete with this beat
  input  wire [PARAM_W-1:0] write_data,
  output reg                space,

  input  wire               read_set,       // second set of the group
  input  wire [1:0]         release_sets,   // 0, 1 or 2
  output wire [64*POUT-1:0] read_data
);

  localparam SET_BEATS = 64 * POUT / PARAM_W;
  localparam PTR_W     = $clog2(SETS) + 1;

  generate
    if (SET_BEATS * PARAM_W != 64 * POUT) begin : g_check
      PARAM_W_must_divide_64_POUT parameter_error ();
    end
  endgenerate

  localparam INDEX_W   = PTR_W - 1;
  localparam ALL_BUT_TWO = SETS - 2;

  reg  [INDEX_W-1:0] write_q;
  reg  [INDEX_W-1:0] base_q;
  reg  [PTR_W-1:0]   held_q;                // complete sets; the top bit is set when all are held
  wire [INDEX_W-1:0] index = base_q + {{(INDEX_W-1){1'b0}}, read_set};
  wire               complete = write_enable && write_last;


  always @(posedge aclk) begin
    if (complete) write_q <= write_q + 1'b1;
    base_q  <= base_q + {{(INDEX_W-2){1'b0}}, release_sets};
    held_q  <= held_q + {{(PTR_W-1){1'b0}}, complete} - {{(PTR_W-2){1'b0}}, release_sets};
    space   <= held_q + {{(PTR_W-1){1'b0}}, complete} < ALL_BUT_TWO[PTR_W-1:0];
    if (!aresetn || clear) begin
      write_q <= {INDEX_W{1'b0}};
      base_q  <= {INDEX_W{1'b0}};
      held_q  <= {PTR_W{1'b0}};
      space   <= 1'b1;
    end
  end

  genvar b;
  generate
    for (b = 0; b < SET_BEATS; b = b + 1) begin : g_beat
      reg [PARAM_W-1:0] mem [0:SETS-1];
      always @(posedge aclk)
        if (write_enable && write_beat == b) mem[write_q] <= write_data;
      assign read_data[b*PARAM_W +: PARAM_W] = mem[index];
    end
  endgenerate

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_constant_memory: a ring of sets of requantisation constants; a set is POUT pairs (m, b) of 64 bits,
// bits 17..0 the multiplier m, bits 63..18 the bias b, both signed.
//
// Write: bit b of write_beats takes the set's beat b, write_end comes with the one that completes it. Offer a beat only where
// `space` was high two cycles before: both may pass a register on their way. `space` does not know of the beats on theirs, so
// it falls while two sets are still free for these; of released sets it knows a cycle late.
// Read:  read_set + base is chosen without delay; `release_sets` frees the oldest 1 or 2 sets.
// Parameter rules: SETS is a power of two, at least 4; PARAM_W divides 64*POUT.

`default_nettype none

module lsfq_constant_memory #(
  parameter POUT      = 16,
  parameter PARAM_W   = 128,
  parameter SETS      = 16,
  parameter SET_BEATS = 64 * POUT / PARAM_W      // derived
) (
  input  wire                 aclk,
  input  wire                 aresetn,

  input  wire [SET_BEATS-1:0] write_beats,
  input  wire                 write_end,
  input  wire [PARAM_W-1:0]   write_data,
  output reg                  space,

  input  wire                 read_set,     // second set of the group
  input  wire [1:0]           release_sets, // 0, 1 or 2
  output wire [64*POUT-1:0]   read_data
);

  localparam INDEX_W     = $clog2(SETS);
  localparam PTR_W       = INDEX_W + 1;
  localparam ALL_BUT_TWO = SETS - 2;

  generate
    if (SET_BEATS * PARAM_W != 64 * POUT) begin : g_check
      PARAM_W_must_divide_64_POUT parameter_error ();
    end
  endgenerate

  reg  [INDEX_W-1:0] write_q;
  reg  [INDEX_W-1:0] base_q;
  reg  [PTR_W-1:0]   held_q;                // complete sets; the top bit is set when all are held
  wire [INDEX_W-1:0] index = base_q + {{(INDEX_W-1){1'b0}}, read_set};

  always @(posedge aclk) begin
    if (write_end) write_q <= write_q + 1'b1;
    base_q  <= base_q + {{(INDEX_W-2){1'b0}}, release_sets};
    held_q  <= held_q + {{(PTR_W-1){1'b0}}, write_end} - {{(PTR_W-2){1'b0}}, release_sets};
    space   <= held_q + {{(PTR_W-1){1'b0}}, write_end} < ALL_BUT_TWO[PTR_W-1:0];
    if (!aresetn) begin
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
        if (write_beats[b]) mem[write_q] <= write_data;
      assign read_data[b*PARAM_W +: PARAM_W] = mem[index];
    end
  endgenerate

endmodule

`default_nettype wire

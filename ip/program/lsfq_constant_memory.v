// SPDX-License-Identifier: Apache-2.0
//
// lsfq_constant_memory: a ring of requantisation constants. An entry holds the constants of one
// set: for each of POUT channels 64 bits, the multiplier m in bits 17..0 and the bias b in bits
// 63..18, both signed.
//
// Write: bit k of write_beats stores beat k of the entry; write_end comes with the beat that
// completes it. Offer a beat only if `space` was high two cycles before, so that beats and `space`
// may pass a register each. `space` does not count beats on their way, so it falls while two
// entries are still free; it counts released entries one cycle late.
// Read: the entry of the group's set `read_set`, without latency. `release_sets` frees the oldest 1
// or 2 entries.
// Parameter rules: SETS (entries) is a power of two, at least 4; PARAM_W divides 64*POUT.

`default_nettype none

module lsfq_constant_memory #(
  parameter POUT      = 16,
  parameter PARAM_W   = 128,
  parameter SETS      = 16,
  parameter SET_BEATS = 64 * POUT / PARAM_W      // beats of an entry; derived
) (
  input  wire                 aclk,
  input  wire                 aresetn,

  input  wire [SET_BEATS-1:0] write_beats,
  input  wire                 write_end,
  input  wire [PARAM_W-1:0]   write_data,
  output reg                  space,

  input  wire                 read_set,     // 0: set 0 of the group, 1: set 1
  input  wire [1:0]           release_sets, // entries to free: 0, 1 or 2
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
  reg  [PTR_W-1:0]   held_q;                // complete entries; the top bit: SETS are held
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

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_fifo: a small queue in distributed memory. Its oldest entry is on m_data whenever m_valid is
// high.
//
// Latency 1 cycle. s_ready is low only while DEPTH entries are held; `level` is the number held.
// With GUARD 1, a push into a full queue or a pop from an empty one is ignored. With GUARD 0 these
// checks are left out: the user must never push without room or pop without an entry.
// Parameter rules: DEPTH is a power of two, at least 2; GUARD is 0 or 1.

`default_nettype none

module lsfq_fifo #(
  parameter WIDTH = 8,                // bits of an entry
  parameter DEPTH = 16,               // entries
  parameter GUARD = 1,                // 1: ignore a push when full and a pop when empty
  parameter LEVEL_W = $clog2(DEPTH) + 1
) (
  input  wire               aclk,
  input  wire               aresetn,

  input  wire               s_valid,
  output wire               s_ready,
  input  wire [WIDTH-1:0]   s_data,

  output wire               m_valid,
  input  wire               m_ready,
  output wire [WIDTH-1:0]   m_data,

  output wire [LEVEL_W-1:0] level
);

  localparam INDEX_W = LEVEL_W - 1;

  generate
    if (DEPTH < 2 || (1 << INDEX_W) != DEPTH) begin : g_check
      DEPTH_must_be_a_power_of_two parameter_error ();
    end
    if (GUARD != 0 && GUARD != 1) begin : g_check_guard
      GUARD_must_be_0_or_1 parameter_error ();
    end
  endgenerate

  reg [WIDTH-1:0]   mem [0:DEPTH-1];
  reg [INDEX_W-1:0] write_q;
  reg [INDEX_W-1:0] read_q;
  reg [LEVEL_W-1:0] level_q;          // entries held; the top bit is set when DEPTH are held
  reg               valid_q;          // at least one entry is held

  wire push = s_valid && (s_ready || GUARD == 0);
  wire pop  = m_ready && (m_valid || GUARD == 0);

  assign level   = level_q;
  assign s_ready = !level_q[INDEX_W];
  assign m_valid = valid_q;
  assign m_data  = mem[read_q];

  always @(posedge aclk) begin
    if (push) mem[write_q] <= s_data;
  end

  always @(posedge aclk) begin
    if (push) write_q <= write_q + 1'b1;
    if (pop) read_q <= read_q + 1'b1;
    if (push != pop) begin
      level_q <= level_q + {{(LEVEL_W-1){!push}}, 1'b1};
      valid_q <= push || level_q != {{(LEVEL_W-1){1'b0}}, 1'b1};
    end
    if (!aresetn) begin
      write_q <= {INDEX_W{1'b0}};
      read_q  <= {INDEX_W{1'b0}};
      level_q <= {LEVEL_W{1'b0}};
      valid_q <= 1'b0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_loop_counter: marks the last of every `count` turns of a loop that repeats by itself.
//
//   last: this turn is turn count, 2*count, ... since `restart`; next_last: the next turn is
//
// Both outputs come from registers that are computed one turn ahead, so no comparison lies on the
// path to them: nested loops that turn in one cycle cost one LUT level for several loops. `restart`
// selects the first turn, `advance` moves to the next one; both take effect in the next cycle.
// `count` is at least 1 and stable from the last cycle of `restart` on.

`default_nettype none

module lsfq_loop_counter #(
  parameter WIDTH = 16
) (
  input  wire             aclk,
  input  wire             restart,
  input  wire [WIDTH-1:0] count,
  input  wire             advance,
  output wire             last,
  output wire             next_last
);

  localparam [WIDTH-1:0] ONE = 1, TWO = 2, THREE = 3;

  wire             one = count == ONE;
  wire             two = count == TWO;

  reg              one_q, two_q;
  reg  [WIDTH-1:0] left_q;            // turns left, including this one
  reg              last_q;            // left_q == 1
  reg              last_but_one_q;    // left_q == 2

  assign last      = last_q;
  assign next_last = last_q ? one_q : last_but_one_q;

  always @(posedge aclk) begin
    one_q <= one;
    two_q <= two;
    if (restart) begin
      left_q         <= count;
      last_q         <= one;
      last_but_one_q <= two;
    end else if (advance) begin
      left_q         <= last_q ? count : left_q - ONE;
      last_q         <= next_last;
      last_but_one_q <= last_q ? two_q : left_q == THREE;
    end
  end

endmodule

`default_nettype wire

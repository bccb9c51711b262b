// SPDX-License-Identifier: Apache-2.0
//
// lsfq_loop_counter: tells the last of `count` turns of a loop that starts over by itself.
//
//   last: this turn is the count-th since `restart`, modulo count; next_last: the turn after this one will be
//
// Both come from registers that are kept a turn ahead, so that nothing is compared on the way to them: loops that
// turn in one cycle, one inside the other, cost a LUT level for several of them.
// `restart` sets the first turn, `advance` goes to the next; both take effect in the next cycle. `count`, at least 1,
// holds still from the last cycle of `restart` on.

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
  reg  [WIDTH-1:0] left_q;            // turns left, with this one
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

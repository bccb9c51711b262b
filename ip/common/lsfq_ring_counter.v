// SPDX-License-Identifier: Apache-2.0
//
// lsfq_ring_counter: counts the places left to the end of a ring of `ring` places, the current one
// included.
//
//   left: `start` first; then left - by, and + ring where that is below 1 (the move *wraps*)
//
//   last: left is 1   last_but_one: left is 2   wraps: this move goes past the ring's end
//
// The outputs come from registers, `wraps` through one LUT level. `restart` goes to `start`,
// `advance` moves by 0, 1 or 2 places or, with `again`, to `start`; both take effect in the next
// cycle. `start` is 1 to `ring`;
// both are stable from the last cycle of the first `restart` on. A move by 2 is for rings of at
// least 2 places.

`default_nettype none

module lsfq_ring_counter #(
  parameter WIDTH = 16
) (
  input  wire             aclk,
  input  wire             restart,
  input  wire [WIDTH-1:0] ring,
  input  wire [WIDTH-1:0] start,
  input  wire             advance,
  input  wire             again,
  input  wire [1:0]       by,
  output wire             last,
  output wire             last_but_one,
  output wire             wraps
);

  localparam [WIDTH-1:0] ONE = 1, TWO = 2, THREE = 3, FOUR = 4;

  reg             ring_1_q, ring_2_q, ring_3_q;         // places of the ring
  reg [WIDTH-1:0] less_q;                               // ring - 1
  reg             start_1_q, start_2_q;                 // `start` is that
  reg [WIDTH-1:0] left_q;
  reg             last_q, last_but_one_q;

  assign last         = last_q;
  assign last_but_one = last_but_one_q;
  assign wraps        = (by[0] && last_q) || (by[1] && (last_q || last_but_one_q));

  always @(posedge aclk) begin
    ring_1_q  <= ring == ONE;
    ring_2_q  <= ring == TWO;
    ring_3_q  <= ring == THREE;
    less_q    <= ring - ONE;
    start_1_q <= start == ONE;
    start_2_q <= start == TWO;
    if (restart) begin
      left_q         <= start;
      last_q         <= start == ONE;
      last_but_one_q <= start == TWO;
    end else if (advance && again) begin
      left_q         <= start;
      last_q         <= start_1_q;
      last_but_one_q <= start_2_q;
    end else if (advance && by[1]) begin
      left_q         <= last_q ? less_q : last_but_one_q ? ring : left_q - TWO;
      last_q         <= last_q ? ring_2_q : !last_but_one_q && left_q == THREE;
      last_but_one_q <= last_q ? ring_3_q : last_but_one_q ? ring_2_q : left_q == FOUR;
    end else if (advance && by[0]) begin
      left_q         <= last_q ? ring : left_q - ONE;
      last_q         <= last_q ? ring_1_q : last_but_one_q;
      last_but_one_q <= last_q ? ring_2_q : left_q == THREE;
    end
  end

endmodule

`default_nettype wire

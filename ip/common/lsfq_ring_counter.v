// SPDX-License-Identifier: Apache-2.0
//
// lsfq_ring_counter: counts the places left to the end of a ring of `ring` places, the current one
// included, for moves of one place or, with `two`, of two places.
//
//   left: `start` first; then left less the move, + ring where that is below 1 (the move *wraps*)
//
//   last: left is 1   last_but_one: left is 2   wraps: the next move goes past the ring's end
//
// The outputs come from registers, `wraps` through one LUT level. To compare all bits of `left` in
// the cycle of a move would take too long. So near_q says, from the cycle before, that the upper
// bits are 0: `left` was below 16 before its last move, or it went to a small number.
//
// `restart` goes to `start`,
// `advance` moves or, with `again`, goes to `start`, too; both take effect in the next cycle.
// `start` is 1 to ring + 1. The settings are stable from the last but one cycle of `restart`
// on. Moves of two places are for rings of at least two.
// Parameter rules: WIDTH is at least 5.

`default_nettype none

module lsfq_ring_counter #(
  parameter WIDTH = 16
) (
  input  wire             aclk,
  input  wire             restart,
  input  wire             two,
  input  wire [WIDTH-1:0] ring,
  input  wire [WIDTH-1:0] start,
  input  wire             advance,
  input  wire             again,
  output wire             last,
  output wire             last_but_one,
  output wire             wraps
);

  localparam [WIDTH-1:0] ONE = 1, TWO = 2, THREE = 3;
  localparam [WIDTH-5:0] NONE = 0;

  reg             ring_1_q, ring_2_q, ring_3_q;         // places of the ring
  reg             ring_small_q, start_small_q;          // below 16
  reg [WIDTH-1:0] less_q;                               // ring - 1
  reg             start_1_q, start_2_q;                 // `start` is that
  reg [WIDTH-1:0] left_q;
  reg             near_q, last_q, last_but_one_q;

  wire begins     = restart || again;
  wire near       = near_q || ring_small_q;             // left_q's lowest four bits are all of it
  wire three_left = near && left_q[3:0] == 4'd3;
  wire four_left  = near && left_q[3:0] == 4'd4;

  assign last         = last_q;
  assign last_but_one = last_but_one_q;
  assign wraps        = last_q || (two && last_but_one_q);

  always @(posedge aclk) begin
    ring_1_q      <= ring == ONE;
    ring_2_q      <= ring == TWO;
    ring_3_q      <= ring == THREE;
    ring_small_q  <= ring[WIDTH-1:4] == NONE;
    less_q        <= ring - ONE;
    start_1_q     <= start == ONE;
    start_2_q     <= start == TWO;
    start_small_q <= start[WIDTH-1:4] == NONE;
    if (restart || (advance && again)) left_q <= start;
    else if (advance) left_q <= !wraps ? left_q - (two ? TWO : ONE) : two && last_q ? less_q : ring;
    near_q <= restart || (advance && again) ? start_small_q
            : !(advance && wraps) && left_q[WIDTH-1:4] == NONE;
    if (restart || advance) begin
      last_q         <= begins ? start_1_q : last_q ? (two ? ring_2_q : ring_1_q)
                      : two ? !last_but_one_q && three_left : last_but_one_q;
      last_but_one_q <= begins ? start_2_q : last_q ? (two ? ring_3_q : ring_2_q)
                      : !two ? three_left : last_but_one_q ? ring_2_q : four_left;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// ring_counter_rule: lsfq_ring_counter's `last`, `last_but_one` and `wraps` are what a plain count
// of the places left compares.
//
// The settings may change in every cycle of `restart` but in the last one. Proved by induction.

`default_nettype none

module ring_counter_rule #(
  parameter WIDTH = 16
) (
  input wire             aclk,
  input wire             restart,
  input wire             two,
  input wire [WIDTH-1:0] ring,
  input wire [WIDTH-1:0] start,
  input wire             advance,
  input wire             again
);

  wire last, last_but_one, wraps;

  lsfq_ring_counter #(
    .WIDTH(WIDTH)
  ) u_ring (
    .aclk        (aclk),
    .restart     (restart),
    .two         (two),
    .ring        (ring),
    .start       (start),
    .advance     (advance),
    .again       (again),
    .last        (last),
    .last_but_one(last_but_one),
    .wraps       (wraps)
  );

  (* hierconn *) wire [WIDTH-1:0] \u_ring.left_q ;
  (* hierconn *) wire [WIDTH-1:0] \u_ring.less_q ;
  (* hierconn *) wire             \u_ring.near_q ;
  (* hierconn *) wire             \u_ring.ring_1_q ;
  (* hierconn *) wire             \u_ring.ring_2_q ;
  (* hierconn *) wire             \u_ring.ring_3_q ;
  (* hierconn *) wire             \u_ring.ring_small_q ;
  (* hierconn *) wire             \u_ring.start_1_q ;
  (* hierconn *) wire             \u_ring.start_2_q ;
  (* hierconn *) wire             \u_ring.start_small_q ;

  // ---- reference: places left, with room for a sum

  reg               begun_q = 1'b0;   // the settings of the cycle before are known
  reg               good_q  = 1'b0;   // a restart with settled settings has come
  reg [2*WIDTH:0]   settings_q;       // of the cycle before
  reg [WIDTH+1:0]   places_q;

  wire [2*WIDTH:0]  settings = {two, ring, start};
  wire              settled  = begun_q && settings == settings_q;
  wire [WIDTH+1:0]  move     = two ? 2 : 1;

  always @(posedge aclk) begin
    begun_q    <= 1'b1;
    settings_q <= settings;
    if (restart) good_q <= settled;
    if (restart || (advance && again)) places_q <= start;
    else if (advance) places_q <= places_q > move ? places_q - move : places_q + ring - move;
  end

  // ---- the user's part

  always @* begin
    assume (restart || (good_q && settled));
    assume (ring >= 1 && start >= 1);
    assume ({1'b0, start} <= {1'b0, ring} + 1);
    if (two) assume (ring >= 2);
  end

  // ---- the rule

  always @*
    if (good_q && settled) begin
      assert (last == (places_q == 1));
      assert (last_but_one == (places_q == 2));
      assert (wraps == (places_q <= move));
    end

  // what induction needs to know of the registers
  always @* begin
    if (begun_q) begin
      assert (\u_ring.less_q == settings_q[2*WIDTH-1:WIDTH] - {{(WIDTH-1){1'b0}}, 1'b1});
      assert (\u_ring.ring_1_q == (settings_q[2*WIDTH-1:WIDTH] == 1));
      assert (\u_ring.ring_2_q == (settings_q[2*WIDTH-1:WIDTH] == 2));
      assert (\u_ring.ring_3_q == (settings_q[2*WIDTH-1:WIDTH] == 3));
      assert (\u_ring.ring_small_q == (settings_q[2*WIDTH-1:WIDTH] < 16));
      assert (\u_ring.start_1_q == (settings_q[WIDTH-1:0] == 1));
      assert (\u_ring.start_2_q == (settings_q[WIDTH-1:0] == 2));
      assert (\u_ring.start_small_q == (settings_q[WIDTH-1:0] < 16));
    end
    if (good_q) begin
      assert (places_q >= 1 && places_q <= settings_q[2*WIDTH-1:WIDTH] + 1);
      assert (\u_ring.left_q == places_q);
      assert (last == (places_q == 1));
      assert (last_but_one == (places_q == 2));
      // a move of two places from 16 gives 14 and is not known to be near
      if (\u_ring.near_q ) assert (places_q < 16);
      if (places_q < 14) assert (\u_ring.near_q || \u_ring.ring_small_q );
    end
  end

endmodule

`default_nettype wire

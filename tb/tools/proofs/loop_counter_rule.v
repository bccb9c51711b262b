// SPDX-License-Identifier: Apache-2.0
//
// loop_counter_rule: lsfq_loop_counter's `last` and `next_last` are what a plain counter of turns
// compares: this turn is turn `count`, and the turn after this one is.
//
// `count` is any number from 1 on, and may change in every cycle of `restart`. Proved by induction.

`default_nettype none

module loop_counter_rule #(
  parameter WIDTH = 16
) (
  input wire             aclk,
  input wire             restart,
  input wire [WIDTH-1:0] count,
  input wire             advance
);

  localparam [WIDTH-1:0] ONE = 1;

  wire last, next_last;

  lsfq_loop_counter #(
    .WIDTH(WIDTH)
  ) u_loop (
    .aclk     (aclk),
    .restart  (restart),
    .count    (count),
    .advance  (advance),
    .last     (last),
    .next_last(next_last)
  );

  (* hierconn *) wire             \u_loop.one_q ;
  (* hierconn *) wire             \u_loop.two_q ;
  (* hierconn *) wire [WIDTH-1:0] \u_loop.left_q ;
  (* hierconn *) wire             \u_loop.last_but_one_q ;

  // ---- reference

  reg             begun_q = 1'b0;     // a restart has come; nothing is promised before
  reg [WIDTH-1:0] count_q;            // `count` of the last cycle, so the one that counts now
  reg [WIDTH-1:0] turn_q;             // from 1 to count

  wire [WIDTH-1:0] next_turn = turn_q == count_q ? ONE : turn_q + ONE;

  always @(posedge aclk) begin
    begun_q <= 1'b1;
    count_q <= count;
    if (restart) turn_q <= ONE;
    else if (advance) turn_q <= next_turn;
  end

  // ---- the user's part

  always @* begin
    assume (begun_q || restart);
    assume (count >= ONE);
    if (begun_q && !restart) assume (count == count_q);
  end

  // ---- the rule

  always @*
    if (begun_q) begin
      assert (last == (turn_q == count_q));
      assert (next_last == (next_turn == count_q));
      assert (turn_q >= ONE && turn_q <= count_q);
    end

  // what induction needs to know of the registers
  always @*
    if (begun_q) begin
      assert (\u_loop.left_q == count_q - turn_q + ONE);
      assert (\u_loop.one_q == (count_q == ONE));
      if (WIDTH > 1) begin
        assert (\u_loop.two_q == (count_q == 2));
        assert (\u_loop.last_but_one_q == (\u_loop.left_q == 2));
      end
    end

endmodule

`default_nettype wire

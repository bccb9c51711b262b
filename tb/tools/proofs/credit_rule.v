// SPDX-License-Identifier: Apache-2.0
//
// credit_rule: lsfq_credit keeps puts - amount * takes - amount, `next_enough` tells exactly
// whether the credits of the next cycle allow one more reservation, and credits are never negative
// while the user takes only what it was allowed to.
//
// The reference counts puts and takes apart, modulo a power of two that their difference never
// reaches. Proved by induction.

`default_nettype none

module credit_rule #(
  parameter WIDTH = 4
) (
  input wire aclk,
  input wire aresetn,
  input wire two,
  input wire put,
  input wire take
);

  localparam COUNT_W = WIDTH + 3;
  localparam signed [COUNT_W-1:0] ZERO = 0, ONE = 1, TWO = 2, LIMIT = 1 << WIDTH;

  wire next_enough;

  lsfq_credit #(
    .WIDTH(WIDTH)
  ) u_credit (
    .aclk       (aclk),
    .aresetn    (aresetn),
    .two        (two),
    .put        (put),
    .take       (take),
    .next_enough(next_enough)
  );

  (* hierconn *) wire [WIDTH+1:0] \u_credit.spare_q ;
  wire signed [WIDTH+1:0] spare = \u_credit.spare_q ;

  // ---- reference

  reg               begun_q = 1'b0;   // reset has begun; nothing is promised before
  reg               two_q;            // `two` of the last cycle
  reg               enough_q;         // the user may take
  reg [COUNT_W-1:0] puts_q, takes_q;

  wire [COUNT_W-1:0]        taken   = two ? {takes_q[COUNT_W-2:0], 1'b0} : takes_q;
  wire signed [COUNT_W-1:0] credits = puts_q - taken;
  wire signed [COUNT_W-1:0] amount  = two ? TWO : ONE;
  wire signed [COUNT_W-1:0] next    = credits + (put ? ONE : ZERO) - (take ? amount : ZERO);

  always @(posedge aclk) begin
    begun_q  <= 1'b1;
    two_q    <= two;
    enough_q <= next_enough && aresetn;
    if (put) puts_q <= puts_q + 1'b1;
    if (take) takes_q <= takes_q + 1'b1;
    if (!aresetn) begin
      puts_q  <= {COUNT_W{1'b0}};
      takes_q <= {COUNT_W{1'b0}};
    end
  end

  // ---- the user's part

  always @* begin
    assume (begun_q || !aresetn);
    if (begun_q && aresetn) begin
      assume (two == two_q);          // stable from the last cycle of reset on
      if (take) assume (enough_q);
      assume (next < LIMIT);
    end
  end

  // ---- the rule

  always @*
    if (begun_q && aresetn) begin
      assert (spare == credits - amount);
      assert (next_enough == (next >= amount));
      assert (credits >= ZERO && next >= ZERO);
      assert (enough_q == (credits >= amount));
      assert (credits < LIMIT);
    end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_credit: counts what a producer has put and a consumer has reserved, and tells whether there
// is enough for one more reservation of `amount`.
//
//   credits     = puts - amount * takes since reset
//   next_enough = credits >= amount in the next cycle
//
// Handshake: the user raises `take` only in a cycle after `next_enough`; then credits are never
// negative. `take` only selects between two sums that are made without it, so it may come late.
// `amount` is 1 or 2 and stable from reset on. The user never has 2^WIDTH credits or more.

`default_nettype none

module lsfq_credit #(
  parameter WIDTH = 4                 // bits of the credits
) (
  input  wire aclk,
  input  wire aresetn,
  input  wire two,                    // amount is 2, else 1
  input  wire put,
  input  wire take,
  output wire next_enough
);

  localparam signed [WIDTH+1:0] ZERO = 0, ONE = 1, TWO = 2;

  reg  signed [WIDTH+1:0] spare_q;    // credits - amount: negative while there are too few
  wire signed [WIDTH+1:0] amount = two ? TWO : ONE;
  // put - amount: a constant selected, so that `used` is one sum and not two
  wire signed [WIDTH+1:0] less   = two ? (put ? -ONE : -TWO) : (put ? ZERO : -ONE);
  wire signed [WIDTH+1:0] kept   = put ? spare_q + ONE : spare_q;
  wire signed [WIDTH+1:0] used   = spare_q + less;

  assign next_enough = take ? !used[WIDTH+1] : !kept[WIDTH+1];

  always @(posedge aclk) begin
    spare_q <= take ? used : kept;
    if (!aresetn) spare_q <= -amount;
  end

endmodule

`default_nettype wire

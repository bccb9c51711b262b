// SPDX-License-Identifier: Apache-2.0
//
// lsfq_adder_tree: the sum of INPUTS unsigned numbers, made signed on request.
//
//   sum        = d[0] + d[1] + ... - (lower ? 2^(WIDTH+LEVELS-1) : 0)                   EXTRAS 0
//   sum + rest = the same + extra[0] + extra[1] + ...                                   EXTRAS 1
//                                                             sum: signed, WIDTH + LEVELS + 1 bits
//
// The numbers are added two at a time, with a register after every adder. `lower` removes the bias
// that made a signed number unsigned: it subtracts half of the sum's range.
//
// With EXTRAS 1 every number has a bit beside it that is to be added to it. An adder takes the bit
// of its second number as its carry and hands on that of its first one. So the bits need no adder,
// and one of them is left: `rest`, a carry for whoever takes the sum.
//
// Latency: LEVELS = log2(INPUTS) cycles from d and extra. `lower` goes to the last adder, so it
// comes LEVELS - 1 cycles after d, or with d if INPUTS is 1. No handshake.
// Parameter rules: INPUTS is 1, 2, 4 or 8; EXTRAS is 0 or 1.

`default_nettype none

module lsfq_adder_tree #(
  parameter INPUTS = 4,
  parameter WIDTH  = 11,
  parameter EXTRAS = 0,
  parameter LEVELS = $clog2(INPUTS)
) (
  input  wire                    aclk,
  input  wire [INPUTS*WIDTH-1:0] d,       // number i: bits WIDTH*i and up
  input  wire [INPUTS-1:0]       extra,
  input  wire                    lower,
  output wire [WIDTH+LEVELS:0]   sum,
  output wire                    rest     // 0 with EXTRAS 0
);

  localparam TOP = WIDTH + LEVELS - 1;

  // Levels in a loop: a module that instantiates itself is not accepted by every tool.
  genvar n, i;
  generate
    if ((1 << LEVELS) != INPUTS || INPUTS > 8) begin : g_check
      INPUTS_must_be_1_2_4_or_8 parameter_error ();
    end

    for (n = 0; n < LEVELS; n = n + 1) begin : g_level
      localparam COUNT = INPUTS >> n;
      localparam SUM_W = WIDTH + n;
      wire [COUNT*SUM_W-1:0] sums;
      wire [COUNT-1:0]       extras;
      if (n == 0) begin : g_inputs
        assign sums   = d;
        assign extras = extra;
      end else begin : g_adders
        for (i = 0; i < COUNT; i = i + 1) begin : g_adder
          reg  [SUM_W-1:0] sum_q;
          reg              extra_q;
          wire [SUM_W-1:0] one   = {1'b0, g_level[n-1].sums[2*i*(SUM_W-1) +: SUM_W-1]};
          wire [SUM_W-1:0] other = {1'b0, g_level[n-1].sums[(2*i+1)*(SUM_W-1) +: SUM_W-1]};
          wire             carry = g_level[n-1].extras[2*i+1];

          if (EXTRAS == 0) begin : g_plain
            always @(posedge aclk) sum_q <= one + other;
          end else begin : g_carry
            // The bit below the numbers makes the carry.
            wire [SUM_W:0] below = {one, 1'b1} + {other, carry};
            always @(posedge aclk) sum_q <= below[SUM_W:1];
            wire unused_below = below[0];
          end

          always @(posedge aclk) extra_q <= g_level[n-1].extras[2*i];
          assign sums[i*SUM_W +: SUM_W] = sum_q;
          assign extras[i]              = extra_q;
          wire unused_carry = carry;
        end
      end
    end

    if (LEVELS == 0) begin : g_one
      assign sum  = {lower && !d[TOP], d[TOP] ^ lower, d[TOP-1:0]};
      assign rest = EXTRAS != 0 && extra[0];
      wire unused = &{1'b0, aclk, extra}; // One number needs no clock.
    end else begin : g_last
      // `lower` subtracts 2^TOP, which is added here as the bits TOP and TOP + 1.
      reg  [TOP+1:0] sum_q;
      reg            rest_q;
      wire [TOP+1:0] one   = {lower, lower, g_level[LEVELS-1].sums[0 +: TOP]};
      wire [TOP+1:0] other = {2'b00, g_level[LEVELS-1].sums[TOP +: TOP]};

      if (EXTRAS == 0) begin : g_plain
        always @(posedge aclk) sum_q <= one + other;
        assign rest = 1'b0;
      end else begin : g_carry
        wire [TOP+2:0] below = {one, 1'b1} + {other, g_level[LEVELS-1].extras[1]};
        always @(posedge aclk) sum_q <= below[TOP+2:1];
        assign rest = rest_q;
        wire unused_below = below[0];
      end

      always @(posedge aclk) rest_q <= g_level[LEVELS-1].extras[0];
      assign sum = sum_q;
      wire unused = &{1'b0, rest_q, g_level[LEVELS-1].extras};
    end
  endgenerate

endmodule

`default_nettype wire

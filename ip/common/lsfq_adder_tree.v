// SPDX-License-Identifier: Apache-2.0
//
// lsfq_adder_tree: the sum of INPUTS unsigned numbers, made signed on request.
//
//   sum = d[0] + d[1] + ... - (lower ? 2^(WIDTH+LEVELS-1) : 0)      signed, WIDTH + LEVELS + 1 bits
//
// The numbers are added two at a time, with a register after every adder. `lower` removes the bias
// that made a signed number unsigned: it subtracts half of the sum's range.
//
// Latency: LEVELS = log2(INPUTS) cycles from d. `lower` goes to the last adder, so it comes LEVELS
// - 1 cycles after d, or with d if INPUTS is 1. No handshake.
// Parameter rules: INPUTS is 1, 2, 4 or 8.

`default_nettype none

module lsfq_adder_tree #(
  parameter INPUTS = 4,
  parameter WIDTH  = 11,
  parameter LEVELS = $clog2(INPUTS)
) (
  input  wire                    aclk,
  input  wire [INPUTS*WIDTH-1:0] d,       // number i: bits WIDTH*i and up
  input  wire                    lower,
  output wire [WIDTH+LEVELS:0]   sum
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
      if (n == 0) begin : g_inputs
        assign sums = d;
      end else begin : g_adders
        for (i = 0; i < COUNT; i = i + 1) begin : g_adder
          reg [SUM_W-1:0] sum_q;
          always @(posedge aclk)
            sum_q <= {1'b0, g_level[n-1].sums[2*i*(SUM_W-1) +: SUM_W-1]}
                   + {1'b0, g_level[n-1].sums[(2*i+1)*(SUM_W-1) +: SUM_W-1]};
          assign sums[i*SUM_W +: SUM_W] = sum_q;
        end
      end
    end

    if (LEVELS == 0) begin : g_one
      assign sum = {lower && !d[TOP], d[TOP] ^ lower, d[TOP-1:0]};
      wire unused = &{1'b0, aclk};        // One number needs no clock.
    end else begin : g_last
      // `lower` subtracts 2^TOP, which is added here as the bits TOP and TOP + 1.
      reg [TOP+1:0] sum_q;
      always @(posedge aclk)
        sum_q <= {lower, lower, g_level[LEVELS-1].sums[0 +: TOP]}
               + {2'b00, g_level[LEVELS-1].sums[TOP +: TOP]};
      assign sum = sum_q;
    end
  endgenerate

endmodule

`default_nettype wire

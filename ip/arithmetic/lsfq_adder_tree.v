// SPDX-License-Identifier: Apache-2.0
//
// lsfq_adder_tree: the sum of INPUTS unsigned numbers, two at a time, a register behind every adder.
//
// Latency log2(INPUTS) cycles, no handshake. The sum is log2(INPUTS) bits wider than the numbers.
// Parameter rules: INPUTS is a power of two, 1 to 8.

`default_nettype none

module lsfq_adder_tree #(
  parameter INPUTS = 4,
  parameter WIDTH  = 11,
  parameter LEVELS = $clog2(INPUTS)
) (
  input  wire                    aclk,
  input  wire [INPUTS*WIDTH-1:0] d,       // number i: bits WIDTH*i upwards
  output wire [WIDTH+LEVELS-1:0] sum
);

  // an instance of half the tree a side would need recursion, which not every tool takes
  genvar n, i;
  generate
    if ((1 << LEVELS) != INPUTS || INPUTS > 8) begin : g_check
      INPUTS_must_be_1_2_4_or_8 parameter_error ();
    end

    for (n = 0; n <= LEVELS; n = n + 1) begin : g_level
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
  endgenerate

  assign sum = g_level[LEVELS].sums;

  wire unused = &{1'b0, aclk};          // one number needs no clock

endmodule

`default_nettype wire

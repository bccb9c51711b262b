// SPDX-License-Identifier: Apache-2.0
//
// lsfq_offset_sum: what has to be added to the slots of each chain of multipliers because weights are stored as w + 8.
// It is the same for all output channels, so there is one for the array.
//
//   S0 = sum a0, S1 = sum a1 over a chain's channels
//   slot of two products a channel:  8*addend = 256*LENGTH - 8*(S0 + S1)      slots 1 and 2; pointwise: S1 in slot 1, S0 in 2
//   slot of one:                     8*addend = 128*LENGTH - 8*S              slots 0 (S0) and 3 (S1)
//
// The constant keeps a slot from borrowing from the next: its sum of (w + 8)*a with 8*addend is the sum of w*a and the
// constant, at least LENGTH*(256 - 240) and at most LENGTH*(256 + 210) < 2^STRIDE (half of that for one product). All of a
// word's addends are 0 unless `count`. Latency 1 cycle.
// Parameter rules: LENGTH is 2 or 4, and divides PIN.

`default_nettype none

module lsfq_offset_sum #(
  parameter PIN    = 16,
  parameter LENGTH = 4
) (
  input  wire                     aclk,
  input  wire [8*PIN-1:0]         pixels,
  input  wire                     count,      // with `pixels`
  input  wire                     pointwise,
  output wire [32*PIN/LENGTH-1:0] addends     // chain i: {slot 3, slot 2, slot 1, slot 0} at 32*i, 8 bits each
);

  localparam CHAINS = PIN / LENGTH;
  localparam [7:0] HALF = 8'd16 * LENGTH[7:0];

  generate
    if ((LENGTH != 2 && LENGTH != 4) || CHAINS * LENGTH != PIN) begin : g_check
      LENGTH_is_2_or_4_and_divides_PIN parameter_error ();
    end
  endgenerate

  reg alone_q;                                  // the middle weight is absent, and its pixels count
  always @(posedge aclk) alone_q <= pointwise && count;

  genvar i;
  generate
    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      // HALF - S: with LENGTH nibbles complemented, LENGTH + sum of (15 - a)
      reg [6:0] even, odd;
      reg [6:0] even_q, odd_q;

      integer n;
      always @* begin
        even = LENGTH[6:0];
        odd  = LENGTH[6:0];
        for (n = 0; n < LENGTH; n = n + 1) begin
          even = even + {3'd0, ~pixels[8*(LENGTH*i + n) +: 4]};
          odd  = odd + {3'd0, ~pixels[8*(LENGTH*i + n) + 4 +: 4]};
        end
      end

      always @(posedge aclk) begin
        even_q <= even;
        odd_q  <= odd;
        if (!count) begin
          even_q <= 7'd0;
          odd_q  <= 7'd0;
        end
      end

      assign addends[32*i +: 8]    = {1'b0, even_q};
      assign addends[32*i+8 +: 8]  = {1'b0, odd_q} + (alone_q ? HALF : {1'b0, even_q});
      assign addends[32*i+16 +: 8] = {1'b0, even_q} + (alone_q ? HALF : {1'b0, odd_q});
      assign addends[32*i+24 +: 8] = {1'b0, odd_q};
    end
  endgenerate

endmodule

`default_nettype wire

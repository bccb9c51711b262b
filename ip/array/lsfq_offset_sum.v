// SPDX-License-Identifier: Apache-2.0
//
// lsfq_offset_sum: the addends that remove the offset of the stored weights. Weights are stored as
// w + 8, so every slot is too large by 8 times its sum of pixels. That is the same for all output
// channels, so one module serves the whole array.
//
//   S0 = sum of a0, S1 = sum of a1, over the channels of a chain
//   slots 1, 2 (two products a channel):  8*addend = 256*LENGTH - 8*(S0 + S1)
//   slots 0, 3 (one product a channel):   8*addend = 128*LENGTH - 8*S        S: S0 in 0, S1 in 3
//   pointwise (one product a channel):    8*addend = 256*LENGTH - 8*S        S: S1 in 1, S0 in 2
//
// The constant keeps slots from borrowing from each other: the sum of (w + 8)*a and 8*addend is the
// sum of w*a plus the constant, which is at least LENGTH*(256 - 240) and at most LENGTH*(256 + 210)
// < 2^STRIDE, or half of that with one product. All addends of a word are 0 if `count` is low.
// Latency 1 cycle. No handshake.
// Parameter rules: LENGTH is 2 or 4, and divides PIN.

`default_nettype none

module lsfq_offset_sum #(
  parameter PIN    = 16,
  parameter LENGTH = 4
) (
  input  wire                     aclk,
  input  wire [8*PIN-1:0]         pixels,
  input  wire                     count,      // in the cycle of `pixels`
  input  wire                     pointwise,
  output wire [32*PIN/LENGTH-1:0] addends     // chain i, at bit 32*i: bytes {slot 3, ..., slot 0}
);

  localparam CHAINS = PIN / LENGTH;
  localparam [7:0] HALF = 8'd16 * LENGTH[7:0];

  generate
    if ((LENGTH != 2 && LENGTH != 4) || CHAINS * LENGTH != PIN) begin : g_check
      LENGTH_is_2_or_4_and_divides_PIN parameter_error ();
    end
  endgenerate

  reg alone_q;                                  // the middle weight is absent, and the word counts
  always @(posedge aclk) alone_q <= pointwise && count;

  genvar i;
  generate
    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      // HALF - S = LENGTH + sum of (15 - a), and 15 - a is the complement of the nibble a.
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

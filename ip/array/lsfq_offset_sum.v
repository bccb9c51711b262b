// SPDX-License-Identifier: Apache-2.0
//
// lsfq_offset_sum: the addends that remove the offset of the stored weights. Weights are stored as
// w + 8 (CODE_BITS 3: w + 3), so every slot is too large by 8 (3) times its sum of pixels. That is
// the same for all output channels, so one module serves the whole array.
//
//   Sp = sum of pixel p over the channels of a chain
//
// CODE_BITS 4:
//   slots 1, 2 (two products a channel):  8*addend = 256*LENGTH - 8*(S0 + S1)
//   slots 0, 3 (one product a channel):   8*addend = 128*LENGTH - 8*S        S: S0 in 0, S1 in 3
//   pointwise (one product a channel):    8*addend = 256*LENGTH - 8*S        S: S1 in 1, S0 in 2
//
// The constant keeps slots from borrowing from each other: the sum of (w + 8)*a and 8*addend is the
// sum of w*a plus the constant, which is at least LENGTH*(256 - 240) and at most LENGTH*(256 + 210)
// < 2^STRIDE, or half of that with one product. All addends of a word are 0 if `count` is low.
//
// CODE_BITS 3: slot k has the pixels k-2 to k that exist.
//   slots 1 to 4:                         addend = 127 - 3*(sum of Sp over the slot's pixels)
//   slots 0, 5 (one product a channel):   addend = 64 - 3*S0 in 0,  63 - 3*S3 in 5
//   pointwise (the middle weight alone):  addend = 127 - 3*S(k-1), and 64 and 63
//
// A slot is then the sum of w*a plus the constant: from 1 to 253 (0 and 5: below 2^7). All words
// count.
// Latency 1 cycle. No handshake.
// Parameter rules: LENGTH is 2 or 4 (CODE_BITS 3: 2), and divides PIN.

`default_nettype none

module lsfq_offset_sum #(
  parameter PIN       = 16,
  parameter CODE_BITS = 4,
  parameter LENGTH    = 4,
  parameter PIXELS    = CODE_BITS == 3 ? 4 : 2,           // derived; so is the next
  parameter ADDENDS_W = CODE_BITS == 3 ? 42 : 32          // bits of a chain's addends
) (
  input  wire                            aclk,
  input  wire [PIXELS*CODE_BITS*PIN-1:0] pixels,
  input  wire                            count,   // in the cycle of `pixels`
  input  wire                            pointwise,
  // chain i, at bit ADDENDS_W*i: {..., slot 1, slot 0}, bytes (CODE_BITS 3: 7 bits each)
  output wire [ADDENDS_W*PIN/LENGTH-1:0] addends
);

  localparam CHAINS = PIN / LENGTH;
  localparam [7:0] HALF = 8'd16 * LENGTH[7:0];

  generate
    if ((LENGTH != 2 && (LENGTH != 4 || CODE_BITS == 3)) || CHAINS * LENGTH != PIN) begin : g_check
      LENGTH_is_2_or_4_and_divides_PIN parameter_error ();
    end
  endgenerate

  reg alone_q;                                  // the middle weight is absent, and the word counts;
                                                // CODE_BITS 3: only the middle weight is there
  always @(posedge aclk) alone_q <= pointwise && (count || CODE_BITS == 3);

  // 127 - 3*s; s is at most 42
  function [6:0] less;
    input [5:0] s;
    less = 7'd127 - {s, 1'b0} - {1'b0, s};
  endfunction

  genvar i;
  generate
    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      if (CODE_BITS == 3) begin : g_three
        reg  [3:0] sum0_q, sum1_q, sum2_q, sum3_q;
        wire [5:0] s0 = {2'd0, sum0_q};
        wire [5:0] s1 = {2'd0, sum1_q};
        wire [5:0] s2 = {2'd0, sum2_q};
        wire [5:0] s3 = {2'd0, sum3_q};

        always @(posedge aclk) begin
          sum0_q <= {1'b0, pixels[24*i +: 3]}   + {1'b0, pixels[24*i+12 +: 3]};
          sum1_q <= {1'b0, pixels[24*i+3 +: 3]} + {1'b0, pixels[24*i+15 +: 3]};
          sum2_q <= {1'b0, pixels[24*i+6 +: 3]} + {1'b0, pixels[24*i+18 +: 3]};
          sum3_q <= {1'b0, pixels[24*i+9 +: 3]} + {1'b0, pixels[24*i+21 +: 3]};
        end

        assign addends[42*i +: 7]    = 7'd64 - (alone_q ? 7'd0 : {s0, 1'b0} + {1'b0, s0});
        assign addends[42*i+7 +: 7]  = less(alone_q ? s0 : s0 + s1);
        assign addends[42*i+14 +: 7] = less(alone_q ? s1 : s0 + s1 + s2);
        assign addends[42*i+21 +: 7] = less(alone_q ? s2 : s1 + s2 + s3);
        assign addends[42*i+28 +: 7] = less(alone_q ? s3 : s2 + s3);
        assign addends[42*i+35 +: 7] = 7'd63 - (alone_q ? 7'd0 : {s3, 1'b0} + {1'b0, s3});
      end else begin : g_four
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
    end
  endgenerate

endmodule

`default_nettype wire

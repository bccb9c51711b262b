// SPDX-License-Identifier: Apache-2.0
//
// lsfq_crc32: the state of a CRC-32 after WIDTH more bits, bit 0 first (IEEE 802.3, reflected,
// polynomial 0xEDB88320).
//
// The first state is 0xFFFFFFFF; data followed by their own CRC leave 0xDEBB20E3. A CRC is linear,
// so each bit of `next` is the parity of some input bits. It is written as 32 parities instead of
// WIDTH steps, so that synthesis builds shallow trees.
// Latency 0: combinational.
// Parameter rules: WIDTH is at least 32.

`default_nettype none

module lsfq_crc32 #(
  parameter WIDTH = 32
) (
  input  wire [31:0]      state,
  input  wire [WIDTH-1:0] data,
  output wire [31:0]      next
);

  generate
    if (WIDTH < 32) begin : g_check
      WIDTH_must_be_at_least_32 parameter_error ();
    end
  endgenerate

  function [31:0] advance;
    input [31:0] from;
    input integer steps;
    integer i;
    begin
      advance = from;
      for (i = 0; i < steps; i = i + 1)
        advance = {1'b0, advance[31:1]} ^ (advance[0] ? 32'hEDB88320 : 32'h0);
    end
  endfunction

  wire [WIDTH+31:0]   start = {{WIDTH{1'b0}}, state};
  wire [WIDTH-1:0]    bits  = data ^ start[WIDTH-1:0];
  wire [32*WIDTH-1:0] terms;            // inputs of parity k: from bit WIDTH*k up

  genvar i, k;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : g_bit
      localparam [31:0] EFFECT = advance(32'd1, WIDTH - i);
      for (k = 0; k < 32; k = k + 1) begin : g_term
        assign terms[k*WIDTH + i] = EFFECT[k] && bits[i];
      end
    end
    for (k = 0; k < 32; k = k + 1) begin : g_parity
      assign next[k] = ^terms[k*WIDTH +: WIDTH];
    end
  endgenerate

  wire unused = &{1'b0, start[WIDTH+31:WIDTH]};

endmodule

`default_nettype wire

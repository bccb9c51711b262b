// SPDX-License-Identifier: Apache-2.0
//
// lsfq_crc32: the state of a CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320) after WIDTH more bits,
// bit 0 first. Start from 0xFFFFFFFF; data followed by its own CRC leaves 0xDEBB20E3. Combinational.

`default_nettype none

module lsfq_crc32 #(
  parameter WIDTH = 32
) (
  input  wire [31:0]      state,
  input  wire [WIDTH-1:0] data,
  output wire [31:0]      next
);

  function [31:0] advance;
    input [31:0]      from;
    input [WIDTH-1:0] bits;
    integer i;
    begin
      advance = from;
      for (i = 0; i < WIDTH; i = i + 1)
        advance = {1'b0, advance[31:1]} ^ (advance[0] ^ bits[i] ? 32'hEDB88320 : 32'h0);
    end
  endfunction

  assign next = advance(state, data);

endmodule

`default_nettype wire

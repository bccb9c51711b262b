// SPDX-License-Identifier: Apache-2.0
//
// lsfq_stride: keeps the even pixel of every pair and joins two of them to a pair. With `enable`
// low, pairs pass unchanged.
//
// The rows that a stride of 2 leaves out must not come. The last pixel of a row may be alone; then
// its pair leaves with m_both low.
// Latency 1 cycle. No handshake. Interface: pixel pairs (docs/theory_of_operation.md), PIXEL_W bits
// for a pixel.

`default_nettype none

module lsfq_stride #(
  parameter PIXEL_W = 128
) (
  input  wire                 aclk,
  input  wire                 aresetn,
  input  wire                 restart,        // a layer begins

  input  wire                 enable,

  input  wire                 s_valid,
  input  wire                 s_set,
  input  wire                 s_both,
  input  wire                 s_row_end,
  input  wire                 s_end,
  input  wire [2*PIXEL_W-1:0] s_pair,         // {odd, even}

  output reg                  m_valid,
  output reg                  m_set,
  output reg                  m_both,
  output reg                  m_row_end,
  output reg                  m_end,
  output reg  [2*PIXEL_W-1:0] m_pair
);

  reg                half_q [0:1];            // of each set: an even pixel waits
  reg  [PIXEL_W-1:0] even_q [0:1];
  wire               half = half_q[s_set];

  always @(posedge aclk) begin
    if (s_valid && !half) even_q[s_set] <= s_pair[PIXEL_W-1:0];
    m_set     <= s_set;
    m_both    <= enable ? half : s_both;
    m_row_end <= s_row_end;
    m_end     <= s_end;
    m_pair    <= !enable ? s_pair
               : half    ? {s_pair[PIXEL_W-1:0], even_q[s_set]} : s_pair;
  end

  integer n;
  always @(posedge aclk) begin
    m_valid <= s_valid && (!enable || half || s_row_end);
    if (s_valid && enable) half_q[s_set] <= !half && !s_row_end;
    if (!aresetn || restart) begin
      m_valid <= 1'b0;
      for (n = 0; n < 2; n = n + 1) half_q[n] <= 1'b0;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_max_pool: the 2x2 maximum with stride 2 of codes that arrive pair by pair. With `enable`
// low, pairs pass unchanged.
//
//   z[v, u] = max(y[2v, 2u], y[2v, 2u+1], y[2v+1, 2u], y[2v+1, 2u+1])
//
// An odd last row or column is dropped. The two pixels of an input pair give one pixel of the
// result, and two of these make an output pair. The two sets of a 1x1 group alternate; each has its
// own half of the line memory.
// Latency 2 cycles. No handshake. Interface: pixel pairs (docs/theory_of_operation.md). The output
// has no row_end and end, because the dropped row or column might be the one that they would mark.
// Parameter rules: MAX_WIDTH, the greatest width of a row that is pooled, is a power of two from 4
// to 32768.

`default_nettype none

module lsfq_max_pool #(
  parameter POUT      = 16,
  parameter MAX_WIDTH = 512
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,      // a layer begins

  input  wire               enable,
  output wire               busy,         // a pair is inside

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire               s_row_end,
  input  wire               s_end,
  input  wire [16*POUT-1:0] s_code,

  output reg                m_valid,
  output reg                m_set,
  output reg                m_both,
  output reg  [16*POUT-1:0] m_code
);

  localparam PIXEL_W  = 8 * POUT;
  localparam COLUMN_W = $clog2(MAX_WIDTH / 2);
  localparam DEPTH    = MAX_WIDTH;        // MAX_WIDTH/2 pairs of a row, for each of two sets

  generate
    if (MAX_WIDTH < 4 || MAX_WIDTH > 32768 || (MAX_WIDTH & (MAX_WIDTH - 1)) != 0) begin : g_check
      MAX_POOL_WIDTH_must_be_a_power_of_two_from_4_to_32768 parameter_error ();
    end
  endgenerate

  function [7:0] larger;
    input [7:0] a, b;
    larger = a > b ? a : b;
  endfunction

  // ---- the place of the input pair

  reg  [COLUMN_W-1:0] column_q [0:1];     // of each set: pair of the row
  reg                 y_odd_q [0:1];
  wire [COLUMN_W:0]   entry = {s_set, column_q[s_set]};
  wire                y_odd = y_odd_q[s_set];

  integer n;
  always @(posedge aclk) begin
    if (s_valid) begin
      column_q[s_set] <= s_row_end ? {COLUMN_W{1'b0}} : column_q[s_set] + 1'b1;
      if (s_row_end) y_odd_q[s_set] <= !s_end && !y_odd;
    end
    if (!aresetn || restart) begin
      for (n = 0; n < 2; n = n + 1) begin
        column_q[n] <= {COLUMN_W{1'b0}};
        y_odd_q[n]  <= 1'b0;
      end
    end
  end

  // ---- stage 1: the maximum of the pair, and that of the pair above

  reg  [PIXEL_W-1:0] line_q [0:DEPTH-1];  // maxima of the pairs in the row above
  reg  [PIXEL_W-1:0] top_q, even_q, odd_q;
  reg                valid_q, set_q, both_q, row_end_q;
  reg  [PIXEL_W-1:0] two_d, four_d;

  integer i, j;
  always @* begin
    for (i = 0; i < POUT; i = i + 1)
      two_d[8*i +: 8] = larger(s_code[8*i +: 8], s_code[PIXEL_W + 8*i +: 8]);
  end
  always @* begin
    for (j = 0; j < POUT; j = j + 1)
      four_d[8*j +: 8] = larger(top_q[8*j +: 8], even_q[8*j +: 8]);
  end

  always @(posedge aclk) begin
    if (s_valid && !y_odd) line_q[entry] <= two_d;
    top_q     <= line_q[entry];
    even_q    <= enable ? two_d : s_code[PIXEL_W-1:0];
    odd_q     <= s_code[2*PIXEL_W-1:PIXEL_W];
    set_q     <= s_set;
    both_q    <= s_both;
    row_end_q <= s_row_end;
  end

  // ---- stage 2: two results make a pair; the last one of a row may be alone

  reg                half_q [0:1];        // of each set: a result waits for its pair
  reg  [PIXEL_W-1:0] first_q [0:1];
  wire               half = half_q[set_q];

  assign busy = valid_q;

  always @(posedge aclk) begin
    if (valid_q && !half) first_q[set_q] <= four_d;
    m_set  <= set_q;
    m_both <= both_q && (!enable || half);
    m_code <= !enable ? {odd_q, even_q} : {four_d, half ? first_q[set_q] : four_d};
  end

  integer k;
  always @(posedge aclk) begin
    valid_q <= s_valid && (!enable || y_odd);
    m_valid <= valid_q && (!enable || (half ? both_q || row_end_q : both_q && row_end_q));
    if (valid_q && enable) half_q[set_q] <= !half && !row_end_q;
    if (!aresetn || restart) begin
      valid_q <= 1'b0;
      m_valid <= 1'b0;
      for (k = 0; k < 2; k = k + 1) half_q[k] <= 1'b0;
    end
  end

endmodule

`default_nettype wire

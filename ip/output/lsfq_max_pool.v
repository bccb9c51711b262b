// SPDX-License-Identifier: Apache-2.0
//
// lsfq_max_pool: 2x2 maximum with stride 2 over codes that arrive pixel by pixel in row order; or, with `enable`
// low, what came in.
//
//   z[v, u] = max(y[2v, 2u], y[2v, 2u+1], y[2v+1, 2u], y[2v+1, 2u+1])        an odd last row or column is dropped
//
// The two sets of a 1x1 group alternate by pixel pairs; each has its own half of the line memory.
// Latency 2 cycles, no handshake. Position is counted here and starts anew with `restart` and after each image.
// Parameter rules: a pooled row has at most MAX_WIDTH pixels, a power of two, 4 to 32768.

`default_nettype none

module lsfq_max_pool #(
  parameter POUT      = 16,
  parameter MAX_WIDTH = 256
) (
  input  wire              aclk,
  input  wire              aresetn,
  input  wire              clear,
  input  wire              restart,       // a layer begins

  input  wire              enable,
  input  wire [15:0]       width,         // pixels a row, before pooling
  output wire              busy,          // a pixel is between input and output

  input  wire              s_valid,
  input  wire              s_set,
  input  wire              s_end,         // the set's last pixel of the image
  input  wire [8*POUT-1:0] s_code,

  output reg               m_valid,
  output reg               m_set,
  output reg  [8*POUT-1:0] m_code
);

  localparam DEPTH    = MAX_WIDTH;        // MAX_WIDTH/2 columns for each of two sets
  localparam COLUMN_W = $clog2(MAX_WIDTH / 2);

  generate
    if (MAX_WIDTH < 4 || MAX_WIDTH > 32768 || (MAX_WIDTH & (MAX_WIDTH - 1)) != 0) begin : g_check
      MAX_POOL_WIDTH_must_be_a_power_of_two_from_4_to_32768 parameter_error ();
    end
  endgenerate

  reg [15:0]       x_q [0:1];             // of each set
  reg              y_odd_q [0:1];
  reg              pair_valid_q;
  reg [8*POUT-1:0] left_q;                // the pair's even pixel
  reg [8*POUT-1:0] line_q [0:DEPTH-1];    // pair maxima of the row above

  wire [15:0] x      = x_q[s_set];
  wire        y_odd  = y_odd_q[s_set];
  wire        last_x = x + 16'd1 == width;
  wire [COLUMN_W:0] entry = {s_set, x[COLUMN_W:1]};

  assign busy = pair_valid_q;

  // stage 1: the pair's maximum
  reg              pair_set_q, pair_odd_q;
  reg [COLUMN_W:0] pair_entry_q;
  reg [8*POUT-1:0] pair_q, above_q;
  reg [8*POUT-1:0] pair_d, four_d;

  function [7:0] larger;
    input [7:0] a, b;
    larger = a > b ? a : b;
  endfunction

  integer i, j;
  always @* begin
    for (i = 0; i < POUT; i = i + 1)
      pair_d[8*i +: 8] = larger(left_q[8*i +: 8], s_code[8*i +: 8]);
  end
  always @* begin
    for (j = 0; j < POUT; j = j + 1)
      four_d[8*j +: 8] = larger(above_q[8*j +: 8], pair_q[8*j +: 8]);
  end

  always @(posedge aclk) begin
    if (s_valid && !x[0]) left_q <= s_code;
    pair_q       <= enable ? pair_d : s_code;
    pair_set_q   <= s_set;
    pair_odd_q   <= y_odd;
    pair_entry_q <= entry;
    above_q      <= line_q[entry];
    if (pair_valid_q && !pair_odd_q) line_q[pair_entry_q] <= pair_q;
    m_set  <= pair_set_q;
    m_code <= enable ? four_d : pair_q;
  end

  integer n;
  always @(posedge aclk) begin
    pair_valid_q <= s_valid && (!enable || x[0]);
    m_valid      <= pair_valid_q && (!enable || pair_odd_q);
    if (s_valid) begin
      x_q[s_set] <= last_x || s_end ? 16'd0 : x + 16'd1;
      if (s_end) y_odd_q[s_set] <= 1'b0;
      else if (last_x) y_odd_q[s_set] <= !y_odd;
    end
    if (!aresetn || clear || restart) begin
      pair_valid_q <= 1'b0;
      m_valid      <= 1'b0;
      for (n = 0; n < 2; n = n + 1) begin
        x_q[n]     <= 16'd0;
        y_odd_q[n] <= 1'b0;
      end
    end
  end

endmodule

`default_nettype wire

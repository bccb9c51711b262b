// SPDX-License-Identifier: Apache-2.0
//
// fifo_buffer_rule: lsfq_fifo keeps stream_rule, accepts exactly DEPTH beats, and `level` is the
// number inside. With GUARD 0 this holds for a user who never pushes without room or pops without
// an entry; with GUARD 1 for every user. Proved by induction.

`default_nettype none

module fifo_buffer_rule #(
  parameter WIDTH = 2,
  parameter DEPTH = 4,                          // 2 or 4
  parameter GUARD = 1
) (
  input wire             aclk,
  input wire             aresetn,
  input wire             s_valid,
  input wire [WIDTH-1:0] s_data,
  input wire             m_ready
);

  localparam INDEX_W = $clog2(DEPTH);

  wire               s_ready, m_valid;
  wire [WIDTH-1:0]   m_data;
  wire [INDEX_W:0]   level;

  lsfq_fifo #(
    .WIDTH(WIDTH),
    .DEPTH(DEPTH),
    .GUARD(GUARD)
  ) u_fifo (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_valid),
    .s_ready(s_ready),
    .s_data (s_data),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data (m_data),
    .level  (level)
  );

  wire               begun, run, holds;
  wire [INDEX_W+1:0] inside, ahead;
  wire [WIDTH-1:0]   held;

  stream_rule #(
    .WIDTH   (WIDTH),
    .CAPACITY(DEPTH)
  ) u_rule (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_take (s_valid && s_ready),
    .s_data (s_data),
    .m_valid(m_valid),
    .m_take (m_valid && m_ready),
    .m_ready(m_ready),
    .m_data (m_data),
    .begun  (begun),
    .run    (run),
    .inside (inside),
    .holds  (holds),
    .ahead  (ahead),
    .held   (held)
  );

  always @*
    if (GUARD == 0 && begun && aresetn) begin
      if (s_valid) assume (inside != DEPTH);
      if (m_ready) assume (inside != 0);
    end

  // The memory is taken apart into registers before the module is flattened.
  (* hierconn *) wire [INDEX_W-1:0] \u_fifo.write_q ;
  (* hierconn *) wire [INDEX_W-1:0] \u_fifo.read_q ;
  (* hierconn *) wire [WIDTH-1:0]   \u_fifo.mem[0] ;
  (* hierconn *) wire [WIDTH-1:0]   \u_fifo.mem[1] ;
  (* hierconn *) wire [WIDTH-1:0]   \u_fifo.mem[2] ;
  (* hierconn *) wire [WIDTH-1:0]   \u_fifo.mem[3] ;
  wire [4*WIDTH-1:0] entries = {\u_fifo.mem[3] , \u_fifo.mem[2] , \u_fifo.mem[1] , \u_fifo.mem[0] };

  wire [INDEX_W-1:0] place = \u_fifo.read_q + ahead[INDEX_W-1:0];

  always @*
    if (begun) begin
      assert (level == inside);
      assert (s_ready == (inside != DEPTH));
      assert (m_valid == (inside != 0));
      assert (\u_fifo.write_q == \u_fifo.read_q + inside[INDEX_W-1:0]);
      if (holds) assert (entries[WIDTH*place +: WIDTH] == held);
    end

endmodule

`default_nettype wire

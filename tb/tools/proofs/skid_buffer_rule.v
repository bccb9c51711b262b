// SPDX-License-Identifier: Apache-2.0
//
// skid_buffer_rule: lsfq_skid keeps stream_rule, offers what it holds at once, and accepts a beat
// in every cycle but while two are inside and in the first cycle after a reset. Proved by
// induction.

`default_nettype none

module skid_buffer_rule #(
  parameter WIDTH = 2
) (
  input wire             aclk,
  input wire             aresetn,
  input wire             s_valid,
  input wire [WIDTH-1:0] s_data,
  input wire             m_ready
);

  wire             s_ready, m_valid;
  wire [WIDTH-1:0] m_data;

  lsfq_skid #(
    .WIDTH(WIDTH)
  ) u_skid (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_valid),
    .s_ready(s_ready),
    .s_data (s_data),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data (m_data)
  );

  wire             begun, run, holds;
  wire [2:0]       inside, ahead;
  wire [WIDTH-1:0] held;

  stream_rule #(
    .WIDTH   (WIDTH),
    .CAPACITY(2)
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

  (* hierconn *) wire [WIDTH-1:0] \u_skid.spare_q ;
  (* hierconn *) wire             \u_skid.full_q ;

  always @*
    if (begun) begin
      assert (s_ready == (run && inside != 2));
      assert (m_valid == (inside != 0));
      assert (\u_skid.full_q == (inside == 2));
      if (holds && ahead == 1) assert (\u_skid.spare_q == held);
    end

endmodule

`default_nettype wire

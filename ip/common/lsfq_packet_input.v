// SPDX-License-Identifier: Apache-2.0
//
// lsfq_packet_input: the border of an input stream. It takes one packet a pass.
//
//   closed --open--> open --TLAST is taken--> closed
//
// While the border is closed, s_ready is low: a beat that waits outside a pass is neither taken nor
// lost, and its sender may be reset before the next pass begins. `first` says in which cycle the
// first beat of the packet is taken at the port.
//
// Latency: s_ready is high from the cycle after `open` on; a beat takes one cycle
// (lsfq_skid). Reset closes the border and forgets what is inside.

`default_nettype none

module lsfq_packet_input #(
  parameter WIDTH = 64                // bits of s_data
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire             open,       // one cycle long; only while the border is closed
  output wire             first,

  input  wire             s_valid,
  output wire             s_ready,
  input  wire [WIDTH-1:0] s_data,
  input  wire             s_last,

  output wire             m_valid,
  input  wire             m_ready,
  output wire [WIDTH-1:0] m_data,
  output wire             m_last
);

  reg  open_q;
  reg  begun_q;                       // the first beat of the packet was taken
  wire room;
  wire take = s_valid && s_ready;

  assign s_ready = open_q && room;
  assign first   = take && !begun_q;

  always @(posedge aclk) begin
    if (take) begin
      begun_q <= 1'b1;
      if (s_last) open_q <= 1'b0;
    end
    if (open) begin
      open_q  <= 1'b1;
      begun_q <= 1'b0;
    end
    if (!aresetn) open_q <= 1'b0;
  end

  lsfq_skid #(
    .WIDTH(WIDTH + 1)
  ) u_skid (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_valid && open_q),
    .s_ready(room),
    .s_data ({s_last, s_data}),
    .m_valid(m_valid),
    .m_ready(m_ready),
    .m_data ({m_last, m_data})
  );

endmodule

`default_nettype wire

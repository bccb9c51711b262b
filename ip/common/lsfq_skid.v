// SPDX-License-Identifier: Apache-2.0
//
// lsfq_skid: the border of every stream. Both directions are registered, full throughput.
//
//   Rule 1  a beat accepted goes straight to the output register, or, while that is occupied
//           and not taken, into the spare register.
//   Rule 2  the spare register empties before another beat is accepted.
//
// Latency 1 cycle. s_ready is low in reset, so nothing is accepted that would be lost.

`default_nettype none

module lsfq_skid #(
  parameter WIDTH = 8                 // bits of payload
) (
  input  wire             aclk,
  input  wire             aresetn,

  input  wire             s_valid,
  output wire             s_ready,
  input  wire [WIDTH-1:0] s_data,

  output wire             m_valid,
  input  wire             m_ready,
  output wire [WIDTH-1:0] m_data
);

  reg             ready_q;            // the spare register is empty (and this is not reset)
  reg             full_q;             // the spare register holds a beat
  reg             valid_q;
  reg [WIDTH-1:0] data_q;
  reg [WIDTH-1:0] spare_q;

  wire accept = s_valid && ready_q;
  wire drain  = !valid_q || m_ready;  // the output register can be loaded
  wire full_d = !drain && (accept || full_q);

  assign s_ready = ready_q;
  assign m_valid = valid_q;
  assign m_data  = data_q;

  always @(posedge aclk) begin
    if (drain) data_q <= full_q ? spare_q : s_data;
    if (accept) spare_q <= s_data;
    if (drain) valid_q <= full_q || accept;
    full_q  <= full_d;
    ready_q <= !full_d;
    if (!aresetn) begin
      ready_q <= 1'b0;
      full_q  <= 1'b0;
      valid_q <= 1'b0;
    end
  end

endmodule

`default_nettype wire

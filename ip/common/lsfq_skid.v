// SPDX-License-Identifier: Apache-2.0
//
// lsfq_skid: a skid buffer, with registers in both directions and full throughput. Every stream
// enters and leaves a block through one.
//
//   Rule 1  An accepted beat goes to the output register, or to the spare register while the output
//           register holds a beat that is not taken.
//   Rule 2  The spare register is emptied before another beat is accepted.
//
// Latency 1 cycle. s_ready is low from the second cycle of a reset to the first cycle after it. A
// beat that is accepted in the first cycle of a reset is lost.

`default_nettype none

module lsfq_skid #(
  parameter WIDTH = 8                 // bits of a beat
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

  reg             ready_q;            // the spare register is empty, and reset is over
  reg             full_q;             // the spare register holds a beat
  reg             valid_q;
  reg [WIDTH-1:0] data_q;
  reg [WIDTH-1:0] spare_q;

  wire accept = s_valid && ready_q;
  wire drain  = !valid_q || m_ready;  // the output register can take a beat
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

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pace: keeps events at least `cycles` cycles apart.
//
//   ready = no `start` in the last cycles - 1 cycles
//
// Handshake: the user raises `start` only while `ready` is high; then two starts are at least
// `cycles` cycles apart. `ready` comes from a register; `next_ready` is its value in the next
// cycle. `cycles` is at least 1, and stable from the cycle before a start until `ready` is high
// again.

`default_nettype none

module lsfq_pace #(
  parameter WIDTH = 4                 // bits of `cycles`
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire [WIDTH-1:0] cycles,
  input  wire             start,
  output wire             ready,
  output wire             next_ready
);

  localparam [WIDTH-1:0] ONE = 1;

  reg [WIDTH-1:0] rest_q;             // cycles - 1
  reg             at_once_q;          // cycles is 1
  reg [WIDTH-1:0] left_q;             // cycles until `ready`, or 0
  reg             ready_q;            // left_q is 0

  assign ready      = ready_q;
  assign next_ready = start ? at_once_q : left_q <= ONE;

  always @(posedge aclk) begin
    rest_q    <= cycles - ONE;
    at_once_q <= cycles == ONE;
    left_q    <= start ? rest_q : ready_q ? left_q : left_q - ONE;
    ready_q   <= next_ready;
    if (!aresetn) begin
      left_q  <= {WIDTH{1'b0}};
      ready_q <= 1'b1;
    end
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_delay: delays WIDTH bits by STAGES cycles.
//
// With RESET 1 the stages are 0 after reset: use this for control bits.
// With RESET 0 the stages have no reset: use this for data.

`default_nettype none

module lsfq_delay #(
  parameter WIDTH  = 1,
  parameter STAGES = 1,               // 0: q is d
  parameter RESET  = 0
) (
  input  wire             aclk,
  input  wire             aresetn,
  input  wire [WIDTH-1:0] d,
  output wire [WIDTH-1:0] q
);

  generate
    if (STAGES == 0) begin : g_wire
      assign q = d;
      wire unused = &{1'b0, aclk, aresetn};
    end else begin : g_stages
      reg [WIDTH*STAGES-1:0] pipe_q;
      wire [WIDTH*(STAGES+1)-1:0] pipe_d = {pipe_q, d};
      assign q = pipe_q[WIDTH*STAGES-1 -: WIDTH];
      if (RESET != 0) begin : g_reset
        always @(posedge aclk) begin
          pipe_q <= pipe_d[WIDTH*STAGES-1:0];
          if (!aresetn) pipe_q <= {(WIDTH*STAGES){1'b0}};
        end
      end else begin : g_plain
        always @(posedge aclk) pipe_q <= pipe_d[WIDTH*STAGES-1:0];
        wire unused = &{1'b0, aresetn};
      end
      wire unused_top = &{1'b0, pipe_d[WIDTH*(STAGES+1)-1 -: WIDTH]};
    end
  endgenerate

endmodule

`default_nettype wire

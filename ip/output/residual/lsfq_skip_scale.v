// SPDX-License-Identifier: Apache-2.0
//
// lsfq_skip_scale: the residual terms r*mr of a pixel pair, for every code r of the skip tensor; 0
// while `enable` is low.
//
//   r*mr = 16*multiple[r / 16] + multiple[r mod 16]          multiple[d] = d*mr, below 2^21
//
// From `restart` on, one of the 16 multiples is made in each cycle and stored in distributed
// memory, where the codes look them up. That takes a third of the LUTs of multipliers, and no DSP
// block. `ready` rises when all are stored.
// Latency 1 cycle. No handshake. `multiplier` is stable from `restart` on.

`default_nettype none

module lsfq_skip_scale #(
  parameter POUT = 16
) (
  input  wire               aclk,
  input  wire               restart,        // a layer begins

  input  wire               enable,         // the layer has a skip tensor
  input  wire [17:0]        multiplier,     // mr, signed
  output wire               ready,

  input  wire [16*POUT-1:0] pair,           // channel l: even r at bit 8*l, odd at 8*(POUT + l)
  output wire [52*POUT-1:0] residue         // r*mr, signed: at bits 26*l and 26*(POUT + l)
);

  localparam MULTIPLE_W = 22;

  reg        [4:0]            entry_q;      // the next entry to store; 16: all are stored
  reg signed [MULTIPLE_W-1:0] multiple_q;

  wire signed [MULTIPLE_W-1:0] step = {{(MULTIPLE_W-18){multiplier[17]}}, multiplier};
  wire                         write = !entry_q[4];

  always @(posedge aclk) begin
    if (restart) begin
      entry_q    <= 5'd0;
      multiple_q <= {MULTIPLE_W{1'b0}};
    end else if (write) begin
      entry_q    <= entry_q + 5'd1;
      multiple_q <= multiple_q + step;
    end
  end

  reg ready_q;
  always @(posedge aclk) ready_q <= !enable || (entry_q[4] && !restart);

  assign ready = ready_q;

  genvar l, x;
  generate
    for (l = 0; l < POUT; l = l + 1) begin : g_channel
      reg [MULTIPLE_W-1:0] multiple [0:15];

      always @(posedge aclk)
        if (write) multiple[entry_q[3:0]] <= multiple_q;

      for (x = 0; x < 2; x = x + 1) begin : g_pixel
        localparam PLACE = x * POUT + l;
        reg signed [MULTIPLE_W-1:0] high_q, low_q;

        always @(posedge aclk) begin
          high_q <= enable ? multiple[pair[8*PLACE+4 +: 4]] : {MULTIPLE_W{1'b0}};
          low_q  <= enable ? multiple[pair[8*PLACE +: 4]] : {MULTIPLE_W{1'b0}};
        end

        assign residue[26*PLACE +: 26] = {high_q, 4'd0} + {{4{low_q[MULTIPLE_W-1]}}, low_q};
      end
    end
  endgenerate

endmodule

`default_nettype wire

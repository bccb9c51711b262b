// SPDX-License-Identifier: Apache-2.0
//
// axi_lite_slave_rule: what an AXI4-Lite slave owes every master that keeps its own part.
//
//   Rule 1  bvalid and rvalid, once high, stay high until they are taken, and so do bresp, rdata
//           and rresp.
//   Rule 2  No response without a request: b only for a pair of an address and data, r only for an
//           address, each accepted in an earlier cycle, and one response for each of them.
//   Rule 3  Every response is OKAY.
//   Rule 4  A reset forgets all requests; bvalid and rvalid are low after it.
//   Rule 5  No request waits for ever: with the response before it taken, the one to a complete
//           request comes within WRITE_LATENCY or READ_LATENCY cycles, and an address or data is
//           accepted in every cycle in which fewer than two of its kind are waiting.
//
// The master's part: after a reset and until it is accepted, a request and its payload hold still.
//
// `addresses`, `data` and `reads` are the requests that wait for their responses.

`default_nettype none

module axi_lite_slave_rule #(
  parameter ADDRESS_W     = 12,
  parameter DATA_W        = 32,
  parameter MOST          = 3,                  // requests of a kind that the slave may hold
  parameter WRITE_LATENCY = 2,
  parameter READ_LATENCY  = 4
) (
  input  wire                 aclk,
  input  wire                 aresetn,

  input  wire [ADDRESS_W-1:0] awaddr,
  input  wire [2:0]           awprot,
  input  wire                 awvalid,
  input  wire                 awready,
  input  wire [DATA_W-1:0]    wdata,
  input  wire [DATA_W/8-1:0]  wstrb,
  input  wire                 wvalid,
  input  wire                 wready,
  input  wire [1:0]           bresp,
  input  wire                 bvalid,
  input  wire                 bready,
  input  wire [ADDRESS_W-1:0] araddr,
  input  wire [2:0]           arprot,
  input  wire                 arvalid,
  input  wire                 arready,
  input  wire [DATA_W-1:0]    rdata,
  input  wire [1:0]           rresp,
  input  wire                 rvalid,
  input  wire                 rready,

  output wire                 begun,            // reset has begun; nothing is promised before
  output wire                 run,              // no reset in the last cycle
  output wire [3:0]           addresses,
  output wire [3:0]           data,
  output wire [3:0]           reads
);

  localparam [3:0] B_WAIT = WRITE_LATENCY, R_WAIT = READ_LATENCY, HELD = MOST;
  localparam AW_W = ADDRESS_W + 3, W_W = DATA_W + DATA_W / 8, R_W = DATA_W + 2;

  reg            begun_q = 1'b0;
  reg            run_q;
  reg            aw_stalled_q, w_stalled_q, ar_stalled_q, b_stalled_q, r_stalled_q;
  reg [AW_W-1:0] aw_q, ar_q;
  reg [W_W-1:0]  w_q;
  reg [1:0]      b_q;
  reg [R_W-1:0]  r_q;
  reg [3:0]      addresses_q, data_q, reads_q;
  reg [3:0]      b_wait_q, r_wait_q;            // cycles that a complete request has waited

  wire [AW_W-1:0] aw = {awprot, awaddr};
  wire [AW_W-1:0] ar = {arprot, araddr};
  wire [W_W-1:0]  w  = {wstrb, wdata};
  wire [R_W-1:0]  r  = {rresp, rdata};
  wire            b_take = bvalid && bready;
  wire            r_take = rvalid && rready;

  assign begun     = begun_q;
  assign run       = run_q;
  assign addresses = addresses_q;
  assign data      = data_q;
  assign reads     = reads_q;

  always @(posedge aclk) begin
    begun_q      <= 1'b1;
    run_q        <= aresetn;
    aw_stalled_q <= awvalid && !awready && aresetn;
    w_stalled_q  <= wvalid && !wready && aresetn;
    ar_stalled_q <= arvalid && !arready && aresetn;
    b_stalled_q  <= bvalid && !bready && aresetn;
    r_stalled_q  <= rvalid && !rready && aresetn;
    aw_q         <= aw;
    w_q          <= w;
    ar_q         <= ar;
    b_q          <= bresp;
    r_q          <= r;
    addresses_q  <= addresses_q + {3'd0, awvalid && awready} - {3'd0, b_take};
    data_q       <= data_q + {3'd0, wvalid && wready} - {3'd0, b_take};
    reads_q      <= reads_q + {3'd0, arvalid && arready} - {3'd0, r_take};
    b_wait_q     <= addresses_q == 4'd0 || data_q == 4'd0 || bvalid ? 4'd0 : b_wait_q + 4'd1;
    r_wait_q     <= reads_q == 4'd0 || rvalid ? 4'd0 : r_wait_q + 4'd1;
    if (!aresetn) begin
      addresses_q <= 4'd0;
      data_q      <= 4'd0;
      reads_q     <= 4'd0;
      b_wait_q    <= 4'd0;
      r_wait_q    <= 4'd0;
    end
  end

  always @* begin
    assume (begun_q || !aresetn);
    if (begun_q) begin
      if (aw_stalled_q) assume (awvalid && aw == aw_q);
      if (w_stalled_q) assume (wvalid && w == w_q);
      if (ar_stalled_q) assume (arvalid && ar == ar_q);
    end
  end

  always @*
    if (begun_q) begin
      if (b_stalled_q) assert (bvalid && bresp == b_q);
      if (r_stalled_q) assert (rvalid && r == r_q);
      if (bvalid) assert (addresses_q != 4'd0 && data_q != 4'd0 && bresp == 2'b00);
      if (rvalid) assert (reads_q != 4'd0 && rresp == 2'b00);
      if (!run_q) assert (!bvalid && !rvalid);
      assert (addresses_q <= HELD && data_q <= HELD && reads_q <= HELD);
      assert (b_wait_q < B_WAIT && r_wait_q < R_WAIT);
      if (run_q) begin
        if (addresses_q < 4'd2) assert (awready);
        if (data_q < 4'd2) assert (wready);
        if (reads_q < 4'd2) assert (arready);
      end
    end

endmodule

`default_nettype wire

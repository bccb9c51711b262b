// SPDX-License-Identifier: Apache-2.0
//
// registers_rule: lsfq_registers keeps axi_lite_slave_rule, whatever the core reports, and commands
// a start or an abort only while a write is answered. Proved by induction.

`default_nettype none

module registers_rule (
  input wire        aclk,
  input wire        aresetn,

  input wire [11:0] awaddr,
  input wire [2:0]  awprot,
  input wire        awvalid,
  input wire [31:0] wdata,
  input wire [3:0]  wstrb,
  input wire        wvalid,
  input wire        bready,
  input wire [11:0] araddr,
  input wire [2:0]  arprot,
  input wire        arvalid,
  input wire        rready,

  input wire        busy,
  input wire        done,
  input wire        error,
  input wire        draining,
  input wire [7:0]  error_code,
  input wire [15:0] error_layer,
  input wire [31:0] passes_done,
  input wire        irq_done,
  input wire        irq_error,
  input wire [31:0] cycles,
  input wire [31:0] load_cycles,
  input wire [15:0] layers,
  input wire [31:0] counter_data
);

  wire        awready, wready, bvalid, arready, rvalid, start, abort_now;
  wire [1:0]  bresp, rresp;
  wire [31:0] rdata;

  lsfq_registers u_slave (
    .aclk          (aclk),
    .aresetn       (aresetn),
    .s_axi_awaddr  (awaddr),
    .s_axi_awprot  (awprot),
    .s_axi_awvalid (awvalid),
    .s_axi_awready (awready),
    .s_axi_wdata   (wdata),
    .s_axi_wstrb   (wstrb),
    .s_axi_wvalid  (wvalid),
    .s_axi_wready  (wready),
    .s_axi_bresp   (bresp),
    .s_axi_bvalid  (bvalid),
    .s_axi_bready  (bready),
    .s_axi_araddr  (araddr),
    .s_axi_arprot  (arprot),
    .s_axi_arvalid (arvalid),
    .s_axi_arready (arready),
    .s_axi_rdata   (rdata),
    .s_axi_rresp   (rresp),
    .s_axi_rvalid  (rvalid),
    .s_axi_rready  (rready),
    .irq           (),
    .start         (start),
    .abort_now     (abort_now),
    .passes        (),
    .busy          (busy),
    .done          (done),
    .error         (error),
    .draining      (draining),
    .error_code    (error_code),
    .error_layer   (error_layer),
    .passes_done   (passes_done),
    .irq_done      (irq_done),
    .irq_error     (irq_error),
    .cycles        (cycles),
    .load_cycles   (load_cycles),
    .layers        (layers),
    .counter_layer (),
    .counter_select(),
    .counter_data  (counter_data)
  );

  wire       begun, run;
  wire [3:0] addresses, data, reads;

  axi_lite_slave_rule u_rule (
    .aclk     (aclk),
    .aresetn  (aresetn),
    .awaddr   (awaddr),
    .awprot   (awprot),
    .awvalid  (awvalid),
    .awready  (awready),
    .wdata    (wdata),
    .wstrb    (wstrb),
    .wvalid   (wvalid),
    .wready   (wready),
    .bresp    (bresp),
    .bvalid   (bvalid),
    .bready   (bready),
    .araddr   (araddr),
    .arprot   (arprot),
    .arvalid  (arvalid),
    .arready  (arready),
    .rdata    (rdata),
    .rresp    (rresp),
    .rvalid   (rvalid),
    .rready   (rready),
    .begun    (begun),
    .run      (run),
    .addresses(addresses),
    .data     (data),
    .reads    (reads)
  );

  // ---- commands

  reg busy_q;                         // `busy` of the last cycle

  always @(posedge aclk) busy_q <= busy;

  always @*
    if (begun) begin
      if (start) assert (run && !busy_q && bvalid);
      if (abort_now) assert (run && bvalid);
    end

  // ---- what induction needs to know of the registers

  (* hierconn *) wire \u_slave.u_aw.valid_q ;
  (* hierconn *) wire \u_slave.u_aw.full_q ;
  (* hierconn *) wire \u_slave.u_aw.ready_q ;
  (* hierconn *) wire \u_slave.u_w.valid_q ;
  (* hierconn *) wire \u_slave.u_w.full_q ;
  (* hierconn *) wire \u_slave.u_w.ready_q ;
  (* hierconn *) wire \u_slave.u_ar.valid_q ;
  (* hierconn *) wire \u_slave.u_ar.full_q ;
  (* hierconn *) wire \u_slave.u_ar.ready_q ;
  (* hierconn *) wire \u_slave.select_q ;
  (* hierconn *) wire \u_slave.read_q ;

  wire aw_full = \u_slave.u_aw.full_q ;
  wire w_full  = \u_slave.u_w.full_q ;
  wire ar_full = \u_slave.u_ar.full_q ;
  wire select  = \u_slave.select_q ;
  wire read    = \u_slave.read_q ;

  wire [3:0] aw_inside = {3'd0, \u_slave.u_aw.valid_q } + {3'd0, aw_full};
  wire [3:0] w_inside  = {3'd0, \u_slave.u_w.valid_q } + {3'd0, w_full};
  wire [3:0] ar_inside = {3'd0, \u_slave.u_ar.valid_q } + {3'd0, ar_full};
  wire [3:0] reading   = {3'd0, select} + {3'd0, read} + {3'd0, rvalid};

  always @*
    if (begun) begin
      assert (addresses == aw_inside + {3'd0, bvalid});
      assert (data == w_inside + {3'd0, bvalid});
      assert (reads == ar_inside + reading);
      assert (reading <= 4'd1);
      assert (!aw_full || \u_slave.u_aw.valid_q );
      assert (!w_full || \u_slave.u_w.valid_q );
      assert (!ar_full || \u_slave.u_ar.valid_q );
      assert (\u_slave.u_aw.ready_q == (run && !aw_full));
      assert (\u_slave.u_w.ready_q == (run && !w_full));
      assert (\u_slave.u_ar.ready_q == (run && !ar_full));
    end

endmodule

`default_nettype wire

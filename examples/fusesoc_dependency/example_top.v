// SPDX-License-Identifier: Apache-2.0
//
// example_top: the smallest accelerator, its registers and parameter stream brought out. The image stream is
// closed; a design of one's own has its own sources and sinks here.

`default_nettype none

module example_top (
  input  wire        aclk,
  input  wire        aresetn,

  input  wire [11:0] awaddr,
  input  wire        awvalid,
  output wire        awready,
  input  wire [31:0] wdata,
  input  wire        wvalid,
  output wire        wready,
  output wire        bvalid,
  input  wire [11:0] araddr,
  input  wire        arvalid,
  output wire        arready,
  output wire [31:0] rdata,
  output wire        rvalid,
  output wire        irq,

  input  wire [31:0] param_data,
  input  wire        param_last,
  input  wire        param_valid,
  output wire        param_ready
);

  lsfq_accel #(
    .PIN           (4),
    .POUT          (4),
    .PARAM_W       (32),
    .FEATURE_DEPTH (256),
    .WEIGHT_DEPTH  (32),
    .MAX_POOL_WIDTH(32)
  ) u_accel (
    .aclk               (aclk),
    .aresetn            (aresetn),
    .s_axi_awaddr       (awaddr),
    .s_axi_awprot       (3'd0),
    .s_axi_awvalid      (awvalid),
    .s_axi_awready      (awready),
    .s_axi_wdata        (wdata),
    .s_axi_wstrb        (4'hF),
    .s_axi_wvalid       (wvalid),
    .s_axi_wready       (wready),
    .s_axi_bresp        (),
    .s_axi_bvalid       (bvalid),
    .s_axi_bready       (1'b1),
    .s_axi_araddr       (araddr),
    .s_axi_arprot       (3'd0),
    .s_axi_arvalid      (arvalid),
    .s_axi_arready      (arready),
    .s_axi_rdata        (rdata),
    .s_axi_rresp        (),
    .s_axi_rvalid       (rvalid),
    .s_axi_rready       (1'b1),
    .irq                (irq),
    .s_axis_param_tdata (param_data),
    .s_axis_param_tlast (param_last),
    .s_axis_param_tvalid(param_valid),
    .s_axis_param_tready(param_ready),
    .s_axis_data_tdata  (64'd0),
    .s_axis_data_tlast  (1'b1),
    .s_axis_data_tvalid (1'b1),
    .s_axis_data_tready (),
    .m_axis_data_tdata  (),
    .m_axis_data_tlast  (),
    .m_axis_data_tvalid (),
    .m_axis_data_tready (1'b1)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accel: the top. It is the core with its AXI interfaces named for Vivado and other tools.
//
// One clock `aclk`, one synchronous active-low reset `aresetn`.
// Parameter rules:
//
//   PIN, POUT        multipliers of a lane (input channels a cycle) and lanes (output channels):
//                    4, 8 or 16 each
//   PARAM_W          width of s_axis_param: 32, 64, 128 or 256, at most 4*PIN*POUT
//   DATA_W           width of s_axis_data: a power of two, at least 16
//   ACC_W            bits of an accumulator, 18 to 27; the exporter proves that a network fits
//   FEATURE_DEPTH    words of 8*PIN bits in the feature memory, 2 to 2^17
//   WEIGHT_DEPTH     words of 12*PIN*POUT bits in the weight memory, a power of two, 2 to 2^18
//   MAX_POOL_WIDTH   greatest width of a row that is pooled or goes through the depthwise stage, a
//                    power of two, 4 to 32768
//   MULTIPLIER       the multipliers of the array: 0 inferred, 27x18 bits; 1 DSP48E2 (UltraScale,
//                    UltraScale+); 2 inferred, 25x18 bits (7 series); 3 inferred, two of 18x18
//                    bits; 4 two MULT18X18D (ECP5). Results are equal cycle by cycle
//   DEPTHWISE_PIXELS pixels that the depthwise stage makes in a cycle, 1 or 2. With 1 it slows 1x1
//                    layers of less than 4*PIN input channels; 2 slows none, but needs POUT more
//                    multipliers, and more LUTs
//
// A 3x3 layer runs at up to 6*PIN*POUT multiplications in a cycle.

`default_nettype none

module lsfq_accel #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PARAM_W          = 128,
  parameter DATA_W           = 64,
  parameter ACC_W            = 27,
  parameter FEATURE_DEPTH    = 8192,
  parameter WEIGHT_DEPTH     = 512,
  parameter MAX_POOL_WIDTH   = 256,
  parameter MULTIPLIER       = 0,
  parameter DEPTHWISE_PIXELS = 1
) (
  (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 aclk CLK" *)
  (* X_INTERFACE_PARAMETER =
     "ASSOCIATED_BUSIF s_axi:s_axis_param:s_axis_data:m_axis_data, ASSOCIATED_RESET aresetn" *)
  input  wire                 aclk,
  (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 aresetn RST" *)
  (* X_INTERFACE_PARAMETER = "POLARITY ACTIVE_LOW" *)
  input  wire                 aresetn,

  input  wire [11:0]          s_axi_awaddr,
  input  wire [2:0]           s_axi_awprot,
  input  wire                 s_axi_awvalid,
  output wire                 s_axi_awready,
  input  wire [31:0]          s_axi_wdata,
  input  wire [3:0]           s_axi_wstrb,
  input  wire                 s_axi_wvalid,
  output wire                 s_axi_wready,
  output wire [1:0]           s_axi_bresp,
  output wire                 s_axi_bvalid,
  input  wire                 s_axi_bready,
  input  wire [11:0]          s_axi_araddr,
  input  wire [2:0]           s_axi_arprot,
  input  wire                 s_axi_arvalid,
  output wire                 s_axi_arready,
  output wire [31:0]          s_axi_rdata,
  output wire [1:0]           s_axi_rresp,
  output wire                 s_axi_rvalid,
  input  wire                 s_axi_rready,

  (* X_INTERFACE_INFO = "xilinx.com:signal:interrupt:1.0 irq INTERRUPT" *)
  (* X_INTERFACE_PARAMETER = "SENSITIVITY LEVEL_HIGH" *)
  output wire                 irq,

  input  wire [PARAM_W-1:0]   s_axis_param_tdata,
  input  wire                 s_axis_param_tlast,
  input  wire                 s_axis_param_tvalid,
  output wire                 s_axis_param_tready,
  input  wire [DATA_W-1:0]    s_axis_data_tdata,
  input  wire                 s_axis_data_tlast,
  input  wire                 s_axis_data_tvalid,
  output wire                 s_axis_data_tready,
  output wire [63:0]          m_axis_data_tdata,
  output wire                 m_axis_data_tlast,
  output wire                 m_axis_data_tvalid,
  input  wire                 m_axis_data_tready
);

  lsfq_core #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PARAM_W         (PARAM_W),
    .DATA_W          (DATA_W),
    .ACC_W           (ACC_W),
    .FEATURE_DEPTH   (FEATURE_DEPTH),
    .WEIGHT_DEPTH    (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH  (MAX_POOL_WIDTH),
    .MULTIPLIER      (MULTIPLIER),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS)
  ) u_core (
    .aclk                (aclk),
    .aresetn             (aresetn),
    .s_axi_awaddr        (s_axi_awaddr),
    .s_axi_awprot        (s_axi_awprot),
    .s_axi_awvalid       (s_axi_awvalid),
    .s_axi_awready       (s_axi_awready),
    .s_axi_wdata         (s_axi_wdata),
    .s_axi_wstrb         (s_axi_wstrb),
    .s_axi_wvalid        (s_axi_wvalid),
    .s_axi_wready        (s_axi_wready),
    .s_axi_bresp         (s_axi_bresp),
    .s_axi_bvalid        (s_axi_bvalid),
    .s_axi_bready        (s_axi_bready),
    .s_axi_araddr        (s_axi_araddr),
    .s_axi_arprot        (s_axi_arprot),
    .s_axi_arvalid       (s_axi_arvalid),
    .s_axi_arready       (s_axi_arready),
    .s_axi_rdata         (s_axi_rdata),
    .s_axi_rresp         (s_axi_rresp),
    .s_axi_rvalid        (s_axi_rvalid),
    .s_axi_rready        (s_axi_rready),
    .irq                 (irq),
    .s_axis_param_tdata  (s_axis_param_tdata),
    .s_axis_param_tlast  (s_axis_param_tlast),
    .s_axis_param_tvalid (s_axis_param_tvalid),
    .s_axis_param_tready (s_axis_param_tready),
    .s_axis_data_tdata   (s_axis_data_tdata),
    .s_axis_data_tlast   (s_axis_data_tlast),
    .s_axis_data_tvalid  (s_axis_data_tvalid),
    .s_axis_data_tready  (s_axis_data_tready),
    .m_axis_data_tdata   (m_axis_data_tdata),
    .m_axis_data_tlast   (m_axis_data_tlast),
    .m_axis_data_tvalid  (m_axis_data_tvalid),
    .m_axis_data_tready  (m_axis_data_tready)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_registers: the AXI4-Lite slave (docs/registers.md). It takes one write and one read at a
// time, and every response is OKAY. lsfq_register_map, generated from lsfq_registers.rdl, holds the
// registers.
//
// Latency: a write takes effect when its address and data are both there, and is answered one cycle
// later. A read is answered four cycles after its address is taken.

`default_nettype none

module lsfq_registers #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PARAM_W          = 128,
  parameter DATA_W           = 64,
  parameter ACC_W            = 27,
  parameter FEATURE_DEPTH    = 8192,
  parameter WEIGHT_DEPTH     = 512,
  parameter MAX_POOL_WIDTH   = 512,
  parameter DEPTHWISE_PIXELS = 1,
  parameter LAYERS           = 64,
  parameter LAYER_W          = $clog2(LAYERS)
) (
  input  wire               aclk,
  input  wire               aresetn,

  input  wire [11:0]        s_axi_awaddr,
  input  wire [2:0]         s_axi_awprot,
  input  wire               s_axi_awvalid,
  output wire               s_axi_awready,
  input  wire [31:0]        s_axi_wdata,
  input  wire [3:0]         s_axi_wstrb,
  input  wire               s_axi_wvalid,
  output wire               s_axi_wready,
  output wire [1:0]         s_axi_bresp,
  output wire               s_axi_bvalid,
  input  wire               s_axi_bready,
  input  wire [11:0]        s_axi_araddr,
  input  wire [2:0]         s_axi_arprot,
  input  wire               s_axi_arvalid,
  output wire               s_axi_arready,
  output wire [31:0]        s_axi_rdata,
  output wire [1:0]         s_axi_rresp,
  output wire               s_axi_rvalid,
  input  wire               s_axi_rready,

  output wire               irq,

  output reg                start,           // one cycle long
  output reg                abort_now,       // one cycle long
  output wire [31:0]        passes,

  input  wire               busy,
  input  wire               done,
  input  wire               error,
  input  wire               draining,
  input  wire [7:0]         error_code,
  input  wire [15:0]        error_layer,
  input  wire [31:0]        passes_done,
  input  wire               irq_done,        // one cycle long
  input  wire               irq_error,
  input  wire [31:0]        cycles,
  input  wire [31:0]        load_cycles,
  input  wire [15:0]        layers,

  output wire [LAYER_W-1:0] counter_layer,
  output wire [2:0]         counter_select,
  input  wire [31:0]        counter_data     // two cycles after counter_layer
);

  // ---- write

  wire        aw_valid, w_valid, write;
  wire [11:0] aw_address;
  wire [31:0] w_data;
  wire [3:0]  w_strb;
  wire [31:0] w_mask = {{8{w_strb[3]}}, {8{w_strb[2]}}, {8{w_strb[1]}}, {8{w_strb[0]}}};

  lsfq_skid #(
    .WIDTH(12)
  ) u_aw (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_axi_awvalid),
    .s_ready(s_axi_awready),
    .s_data (s_axi_awaddr),
    .m_valid(aw_valid),
    .m_ready(write),
    .m_data (aw_address)
  );

  lsfq_skid #(
    .WIDTH(36)
  ) u_w (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_axi_wvalid),
    .s_ready(s_axi_wready),
    .s_data ({s_axi_wstrb, s_axi_wdata}),
    .m_valid(w_valid),
    .m_ready(write),
    .m_data ({w_strb, w_data})
  );

  wire        control_start, control_abort;
  reg         bvalid_q;

  assign write        = aw_valid && w_valid && (!bvalid_q || s_axi_bready);
  assign s_axi_bvalid = bvalid_q;
  assign s_axi_bresp  = 2'b00;

  always @(posedge aclk) begin
    start     <= control_start && !busy;
    abort_now <= control_abort;

    if (write) bvalid_q <= 1'b1;
    else if (s_axi_bready) bvalid_q <= 1'b0;

    if (!aresetn) begin
      start     <= 1'b0;
      abort_now <= 1'b0;
      bvalid_q  <= 1'b0;
    end
  end

  // ---- read

  wire        ar_valid, ar_take;
  wire [11:0] ar_address;

  lsfq_skid #(
    .WIDTH(12)
  ) u_ar (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(s_axi_arvalid),
    .s_ready(s_axi_arready),
    .s_data (s_axi_araddr),
    .m_valid(ar_valid),
    .m_ready(ar_take),
    .m_data (ar_address)
  );

  wire        layer_read;
  wire [5:0]  layer_index;
  wire [31:0] value_d;
  reg         select_q;                // in this cycle and the next, map and counters are read
  reg         read_q;
  reg         layer_q, counter_q;
  reg         rvalid_q;
  reg  [31:0] value_q, rdata_q;

  assign ar_take        = ar_valid && !select_q && !read_q && (!rvalid_q || s_axi_rready);
  assign counter_layer  = layer_index[LAYER_W-1:0];
  assign s_axi_rvalid   = rvalid_q;
  assign s_axi_rdata    = rdata_q;
  assign s_axi_rresp    = 2'b00;

  lsfq_register_map u_map (
    .aclk                   (aclk),
    .aresetn                (aresetn),
    .write                  (write),
    .write_word             (aw_address[11:2]),
    .write_mask             (w_mask),
    .write_bits             (w_data & w_mask),
    .read_word              (ar_address[11:2]),
    .read_value             (value_d),
    .layer_read             (layer_read),
    .layer_index            (layer_index),
    .layer_register         (counter_select),
    .core_pin               (PIN[7:0]),
    .core_pout              (POUT[7:0]),
    .core_acc_w             (ACC_W[7:0]),
    .feature_depth          (FEATURE_DEPTH[31:0]),
    .weight_depth           (WEIGHT_DEPTH[31:0]),
    .limits_max_pool_width  (MAX_POOL_WIDTH[15:0]),
    .limits_layers          (LAYERS[7:0]),
    .limits_depthwise_pixels(DEPTHWISE_PIXELS[7:0]),
    .ports_param_w          (PARAM_W[15:0]),
    .ports_data_w           (DATA_W[15:0]),
    .control_start          (control_start),
    .control_abort          (control_abort),
    .status_busy            (busy),
    .status_done            (done),
    .status_error           (error),
    .status_draining        (draining),
    .error_code             (error_code),
    .error_layer            (error_layer),
    .passes                 (passes),
    .passes_done            (passes_done),
    .irq_status_done_set    (irq_done),
    .irq_status_error_set   (irq_error),
    .irq_status_irq         (irq),
    .cycles                 (cycles),
    .load_cycles            (load_cycles),
    .layers                 (layers)
  );

  always @(posedge aclk) begin
    value_q   <= value_d;
    layer_q   <= layer_read;
    counter_q <= layer_q;
    if (read_q) rdata_q <= counter_q ? counter_data : value_q;

    select_q <= ar_take;
    read_q   <= select_q;
    if (read_q) rvalid_q <= 1'b1;
    else if (s_axi_rready) rvalid_q <= 1'b0;

    if (!aresetn) begin
      select_q <= 1'b0;
      read_q   <= 1'b0;
      rvalid_q <= 1'b0;
    end
  end

  wire unused = &{1'b0, s_axi_awprot, s_axi_arprot, aw_address[1:0], ar_address[1:0], layer_index};

endmodule

`default_nettype wire

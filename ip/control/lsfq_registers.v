// SPDX-License-Identifier: Apache-2.0
//
// lsfq_registers: the AXI4-Lite slave, docs/registers.md. One write and one read at a time, every answer OKAY.
//
// A write is carried out when address and data are both there, and answered one cycle later; a read is answered
// three cycles after its address is taken.

`default_nettype none

module lsfq_registers #(
  parameter PIN            = 16,
  parameter POUT           = 16,
  parameter ACC_W          = 27,
  parameter FEATURE_DEPTH  = 8192,
  parameter WEIGHT_DEPTH   = 512,
  parameter MAX_POOL_WIDTH = 256,
  parameter LAYERS         = 64,
  parameter LAYER_W        = $clog2(LAYERS)
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
  input  wire [31:0]        counter_data     // one cycle after counter_layer
);

  localparam [31:0] ID      = 32'h5146534C;
  localparam [31:0] VERSION = 32'h00000100;  // 0.1.0
  localparam [7:0]  FORMAT  = 8'd1;

  // word addresses
  localparam [9:0] A_ID = 10'h000, A_VERSION = 10'h001, A_CORE = 10'h002, A_FEATURE_DEPTH = 10'h003,
                   A_WEIGHT_DEPTH = 10'h004, A_LIMITS = 10'h005, A_CONTROL = 10'h008, A_STATUS = 10'h009,
                   A_ERROR = 10'h00A, A_PASSES = 10'h00B, A_PASSES_DONE = 10'h00C, A_IRQ_ENABLE = 10'h00D,
                   A_IRQ_STATUS = 10'h00E, A_CYCLES = 10'h010, A_LOAD_CYCLES = 10'h011, A_LAYERS = 10'h012;

  // ---- write

  wire        aw_valid, w_valid, write;
  wire [11:0] aw_address;
  wire [31:0] w_data;
  wire [3:0]  w_strb;
  wire [31:0] w_mask = {{8{w_strb[3]}}, {8{w_strb[2]}}, {8{w_strb[1]}}, {8{w_strb[0]}}};
  wire [31:0] w_bits = w_data & w_mask;
  wire [9:0]  w_word = aw_address[11:2];

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

  reg        bvalid_q;
  reg [31:0] passes_q;
  reg [1:0]  irq_enable_q, irq_status_q;

  assign write        = aw_valid && w_valid && (!bvalid_q || s_axi_bready);
  assign s_axi_bvalid = bvalid_q;
  assign s_axi_bresp  = 2'b00;
  assign passes       = passes_q;
  assign irq          = |(irq_status_q & irq_enable_q);

  wire [1:0] irq_clear = write && w_word == A_IRQ_STATUS ? w_bits[1:0] : 2'b00;

  always @(posedge aclk) begin
    start <= write && w_word == A_CONTROL && w_bits[0] && !busy;
    abort_now <= write && w_word == A_CONTROL && w_bits[1];
    if (write && w_word == A_PASSES) passes_q <= (passes_q & ~w_mask) | w_bits;
    if (write && w_word == A_IRQ_ENABLE) irq_enable_q <= (irq_enable_q & ~w_mask[1:0]) | w_bits[1:0];
    irq_status_q <= (irq_status_q & ~irq_clear) | {irq_error, irq_done};

    if (write) bvalid_q <= 1'b1;
    else if (s_axi_bready) bvalid_q <= 1'b0;

    if (!aresetn) begin
      start        <= 1'b0;
      abort_now    <= 1'b0;
      passes_q     <= 32'd1;
      irq_enable_q <= 2'b00;
      irq_status_q <= 2'b00;
      bvalid_q     <= 1'b0;
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

  reg        read_q;                  // the counters look it up in this cycle
  reg        counter_q;
  reg        rvalid_q;
  reg [31:0] value_q, rdata_q, value_d;

  assign ar_take        = ar_valid && !read_q && (!rvalid_q || s_axi_rready);
  assign counter_layer  = ar_address[5 +: LAYER_W];
  assign counter_select = ar_address[4:2];
  assign s_axi_rvalid   = rvalid_q;
  assign s_axi_rdata    = rdata_q;
  assign s_axi_rresp    = 2'b00;

  always @* begin
    case (ar_address[11:2])
      A_ID:            value_d = ID;
      A_VERSION:       value_d = VERSION;
      A_CORE:          value_d = {FORMAT, ACC_W[7:0], POUT[7:0], PIN[7:0]};
      A_FEATURE_DEPTH: value_d = FEATURE_DEPTH;
      A_WEIGHT_DEPTH:  value_d = WEIGHT_DEPTH;
      A_LIMITS:        value_d = {8'd0, LAYERS[7:0], MAX_POOL_WIDTH[15:0]};
      A_STATUS:        value_d = {28'd0, draining, error, done, busy};
      A_ERROR:         value_d = {error_layer, 8'd0, error_code};
      A_PASSES:        value_d = passes_q;
      A_PASSES_DONE:   value_d = passes_done;
      A_IRQ_ENABLE:    value_d = {30'd0, irq_enable_q};
      A_IRQ_STATUS:    value_d = {30'd0, irq_status_q};
      A_CYCLES:        value_d = cycles;
      A_LOAD_CYCLES:   value_d = load_cycles;
      A_LAYERS:        value_d = {16'd0, layers};
      default:         value_d = 32'd0;
    endcase
  end

  always @(posedge aclk) begin
    value_q   <= value_d;
    counter_q <= ar_address[11];
    if (read_q) rdata_q <= counter_q ? counter_data : value_q;

    read_q <= ar_take;
    if (read_q) rvalid_q <= 1'b1;
    else if (s_axi_rready) rvalid_q <= 1'b0;

    if (!aresetn) begin
      read_q   <= 1'b0;
      rvalid_q <= 1'b0;
    end
  end

  wire unused = &{1'b0, s_axi_awprot, s_axi_arprot, aw_address[1:0], ar_address[1:0], w_bits};

endmodule

`default_nettype wire

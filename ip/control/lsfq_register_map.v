// SPDX-License-Identifier: Apache-2.0
//
// lsfq_register_map: the contents of the registers; lsfq_registers has the AXI4-Lite port.
//
// Generated from ip/control/lsfq_registers.rdl by `make registers`: edit that file, not this one.
//
// A write takes effect at the end of the cycle of `write`; pulses are high in that cycle. A bit of
// `write_bits` is 0 where the bit of `write_mask` is 0. Words that are not listed read as 0.
// An input `*_set` sets a bit that software clears by writing 1; if both happen in one cycle, the
// bit stays set.
// Latency: `read_value` follows `read_word` by one cycle. No handshake.

`default_nettype none

module lsfq_register_map (
  input  wire        aclk,
  input  wire        aresetn,

  input  wire        write,
  input  wire [9:0]  write_word,
  input  wire [31:0] write_mask,
  input  wire [31:0] write_bits,
  input  wire [9:0]  read_word,
  output wire [31:0] read_value,

  // LAYER[index]: 0 CYCLES, 1 BUSY, 2 STARVED_WEIGHTS, 3 BLOCKED_OUTPUT, 4 STARVED_FEATURES
  output wire        layer_read,
  output wire [5:0]  layer_index,
  output wire [2:0]  layer_register,

  input  wire [7:0]  core_pin,
  input  wire [7:0]  core_pout,
  input  wire [7:0]  core_acc_w,
  input  wire [31:0] feature_depth,
  input  wire [31:0] weight_depth,
  input  wire [15:0] limits_max_pool_width,
  input  wire [7:0]  limits_layers,
  input  wire [7:0]  limits_depthwise_pixels,
  input  wire [15:0] ports_param_w,
  input  wire [15:0] ports_data_w,
  output wire        control_start,
  output wire        control_abort,
  input  wire        status_busy,
  input  wire        status_done,
  input  wire        status_error,
  input  wire        status_draining,
  input  wire [7:0]  error_code,
  input  wire [15:0] error_layer,
  output reg  [31:0] passes,
  input  wire [31:0] passes_done,
  input  wire        irq_status_done_set,
  input  wire        irq_status_error_set,
  output wire        irq_status_irq,
  input  wire [31:0] cycles,
  input  wire [31:0] load_cycles,
  input  wire [15:0] layers
);

  // word addresses
  localparam [9:0] A_ID            = 10'h000;
  localparam [9:0] A_VERSION       = 10'h001;
  localparam [9:0] A_CORE          = 10'h002;
  localparam [9:0] A_FEATURE_DEPTH = 10'h003;
  localparam [9:0] A_WEIGHT_DEPTH  = 10'h004;
  localparam [9:0] A_LIMITS        = 10'h005;
  localparam [9:0] A_PORTS         = 10'h006;
  localparam [9:0] A_CONTROL       = 10'h008;
  localparam [9:0] A_STATUS        = 10'h009;
  localparam [9:0] A_ERROR         = 10'h00A;
  localparam [9:0] A_PASSES        = 10'h00B;
  localparam [9:0] A_PASSES_DONE   = 10'h00C;
  localparam [9:0] A_IRQ_ENABLE    = 10'h00D;
  localparam [9:0] A_IRQ_STATUS    = 10'h00E;
  localparam [9:0] A_CYCLES        = 10'h010;
  localparam [9:0] A_LOAD_CYCLES   = 10'h011;
  localparam [9:0] A_LAYERS        = 10'h012;

  assign layer_read     = read_word[9] == 1'd1;
  assign layer_index    = read_word[8:3];
  assign layer_register = read_word[2:0];

  // ---- write

  reg         irq_enable_done;
  reg         irq_enable_error;

  wire write_control = write && write_word == A_CONTROL;
  wire write_passes = write && write_word == A_PASSES;
  wire write_irq_enable = write && write_word == A_IRQ_ENABLE;
  wire write_irq_status = write && write_word == A_IRQ_STATUS;

  assign control_start = write_control && write_bits[0];
  assign control_abort = write_control && write_bits[1];

  always @(posedge aclk) begin
    if (write_passes) passes <= (passes & ~write_mask) | write_bits;
    if (write_irq_enable) irq_enable_done <= (irq_enable_done & ~write_mask[0]) | write_bits[0];
    if (write_irq_enable) irq_enable_error <= (irq_enable_error & ~write_mask[1]) | write_bits[1];

    if (!aresetn) begin
      passes <= 32'd1;
      irq_enable_done <= 1'd0;
      irq_enable_error <= 1'd0;
    end
  end

  // ---- events

  reg irq_status_done;
  reg irq_status_error;

  always @(posedge aclk) begin
    if (write_irq_status && write_bits[0]) irq_status_done <= 1'b0;
    if (irq_status_done_set) irq_status_done <= 1'b1;
    if (write_irq_status && write_bits[1]) irq_status_error <= 1'b0;
    if (irq_status_error_set) irq_status_error <= 1'b1;

    if (!aresetn) begin
      irq_status_done <= 1'b0;
      irq_status_error <= 1'b0;
    end
  end

  assign irq_status_irq =
    (irq_status_done && irq_enable_done) ||
    (irq_status_error && irq_enable_error);

  // ---- read: the register is selected in one cycle and read in the next

  reg read_id_q;
  reg read_version_q;
  reg read_core_q;
  reg read_feature_depth_q;
  reg read_weight_depth_q;
  reg read_limits_q;
  reg read_ports_q;
  reg read_status_q;
  reg read_error_q;
  reg read_passes_q;
  reg read_passes_done_q;
  reg read_irq_enable_q;
  reg read_irq_status_q;
  reg read_cycles_q;
  reg read_load_cycles_q;
  reg read_layers_q;

  always @(posedge aclk) begin
    read_id_q            <= read_word == A_ID;
    read_version_q       <= read_word == A_VERSION;
    read_core_q          <= read_word == A_CORE;
    read_feature_depth_q <= read_word == A_FEATURE_DEPTH;
    read_weight_depth_q  <= read_word == A_WEIGHT_DEPTH;
    read_limits_q        <= read_word == A_LIMITS;
    read_ports_q         <= read_word == A_PORTS;
    read_status_q        <= read_word == A_STATUS;
    read_error_q         <= read_word == A_ERROR;
    read_passes_q        <= read_word == A_PASSES;
    read_passes_done_q   <= read_word == A_PASSES_DONE;
    read_irq_enable_q    <= read_word == A_IRQ_ENABLE;
    read_irq_status_q    <= read_word == A_IRQ_STATUS;
    read_cycles_q        <= read_word == A_CYCLES;
    read_load_cycles_q   <= read_word == A_LOAD_CYCLES;
    read_layers_q        <= read_word == A_LAYERS;
  end

  assign read_value =
    ({32{read_id_q}} & 32'h5146534C) |
    ({32{read_version_q}} & {16'h0000, 8'h02, 8'h00}) |
    ({32{read_core_q}} & {8'h03, core_acc_w, core_pout, core_pin}) |
    ({32{read_feature_depth_q}} & feature_depth) |
    ({32{read_weight_depth_q}} & weight_depth) |
    ({32{read_limits_q}} & {limits_depthwise_pixels, limits_layers, limits_max_pool_width}) |
    ({32{read_ports_q}} & {ports_data_w, ports_param_w}) |
    ({32{read_status_q}} & {28'd0, status_draining, status_error, status_done, status_busy}) |
    ({32{read_error_q}} & {error_layer, 8'd0, error_code}) |
    ({32{read_passes_q}} & passes) |
    ({32{read_passes_done_q}} & passes_done) |
    ({32{read_irq_enable_q}} & {30'd0, irq_enable_error, irq_enable_done}) |
    ({32{read_irq_status_q}} & {30'd0, irq_status_error, irq_status_done}) |
    ({32{read_cycles_q}} & cycles) |
    ({32{read_load_cycles_q}} & load_cycles) |
    ({32{read_layers_q}} & {16'd0, layers});

  wire unused = &{1'b0, write_mask, write_bits};

endmodule

`default_nettype wire

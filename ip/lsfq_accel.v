// SPDX-License-Identifier: Apache-2.0
//
// lsfq_accel: the accelerator: its rooms, connected, and its AXI interfaces
// (docs/theory_of_operation.md).
//
//   s_axis_param -> program: layer words, weights, constants -.
//   s_axis_data  -> features: loader and feature memory <-----> datapath -> m_axis_data
//   s_axi        -> control: registers, passes, counters
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
  parameter MAX_POOL_WIDTH   = 512,
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

  localparam PTR_W     = 20;                     // of the rings of weights
  localparam SET_BEATS = 64 * POUT / PARAM_W;    // beats of a set of constants

  generate
    if ((PIN != 4 && PIN != 8 && PIN != 16) ||
        (POUT != 4 && POUT != 8 && POUT != 16)) begin : g_check
      PIN_and_POUT_must_be_4_8_or_16 parameter_error ();
    end
  endgenerate

  wire                   pass_open, pass_start, stop, abort, close, flush, result_sent,
                         parser_idle, parser_done,
                         program_first_beat, parser_error, load_valid, layer_valid, kernel_end,
                         depthwise_end, loader_idle,
                         loader_error, image_first_beat, load_ready, skip_ready, layer_finished,
                         constant_set, depthwise_space, skip_valid, store_valid, result_idle,
                         result_last, count_busy, count_weights, count_output, count_features;
  wire [12*PIN*POUT-1:0] weight_word;
  wire [15:0]            layers, parser_layer, loads;
  wire [191:0]           load_word;
  wire [17:0]            feature_address, skip_address, store_address;
  wire [1:0]             constant_release;
  wire [639:0]           layer_word;
  wire [64*POUT-1:0]     constants;
  wire [7:0]             parser_code, loader_code, layer_slot;
  wire [8*PIN-1:0]       feature_word, skip_word, store_data;
  wire [PARAM_W-1:0]     set_data;
  wire [PIN-1:0]         store_enable;
  wire [PTR_W-1:0]       weights_complete, weight_pointer, weights_free;
  wire [SET_BEATS-1:0]   kernel_beats, depthwise_beats;

  lsfq_control #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PARAM_W         (PARAM_W),
    .DATA_W          (DATA_W),
    .ACC_W           (ACC_W),
    .FEATURE_DEPTH   (FEATURE_DEPTH),
    .WEIGHT_DEPTH    (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH  (MAX_POOL_WIDTH),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS)
  ) u_control (
    .aclk          (aclk),
    .aresetn       (aresetn),
    .s_axi_awaddr  (s_axi_awaddr),
    .s_axi_awprot  (s_axi_awprot),
    .s_axi_awvalid (s_axi_awvalid),
    .s_axi_awready (s_axi_awready),
    .s_axi_wdata   (s_axi_wdata),
    .s_axi_wstrb   (s_axi_wstrb),
    .s_axi_wvalid  (s_axi_wvalid),
    .s_axi_wready  (s_axi_wready),
    .s_axi_bresp   (s_axi_bresp),
    .s_axi_bvalid  (s_axi_bvalid),
    .s_axi_bready  (s_axi_bready),
    .s_axi_araddr  (s_axi_araddr),
    .s_axi_arprot  (s_axi_arprot),
    .s_axi_arvalid (s_axi_arvalid),
    .s_axi_arready (s_axi_arready),
    .s_axi_rdata   (s_axi_rdata),
    .s_axi_rresp   (s_axi_rresp),
    .s_axi_rvalid  (s_axi_rvalid),
    .s_axi_rready  (s_axi_rready),
    .irq           (irq),
    .pass_open     (pass_open),
    .pass_start    (pass_start),
    .result_sent   (result_sent),
    .stop          (stop),
    .abort         (abort),
    .close         (close),
    .flush         (flush),
    .parser_idle   (parser_idle),
    .parser_done   (parser_done),
    .parser_error  (parser_error),
    .parser_code   (parser_code),
    .parser_layer  (parser_layer),
    .loader_idle   (loader_idle),
    .loader_error  (loader_error),
    .loader_code   (loader_code),
    .result_idle   (result_idle),
    .result_last   (result_last),
    .first_beat    (program_first_beat || image_first_beat),
    .loaded        (loads != 16'd0),
    .layer_finished(layer_finished),
    .layer_slot    (layer_slot),
    .count_busy    (count_busy),
    .count_weights (count_weights),
    .count_output  (count_output),
    .count_features(count_features),
    .layers        (layers)
  );

  lsfq_program #(
    .PIN           (PIN),
    .POUT          (POUT),
    .PARAM_W       (PARAM_W),
    .FEATURE_DEPTH (FEATURE_DEPTH),
    .WEIGHT_DEPTH  (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH(MAX_POOL_WIDTH),
    .MULTIPLIER    (MULTIPLIER)
  ) u_program (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .flush           (flush),
    .abort           (abort),
    .pass_open       (pass_open),
    .pass_start      (pass_start),
    .stop            (stop),
    .idle            (parser_idle),
    .done            (parser_done),
    .first_beat      (program_first_beat),
    .error_valid     (parser_error),
    .error_code      (parser_code),
    .error_layer     (parser_layer),
    .s_valid         (s_axis_param_tvalid),
    .s_ready         (s_axis_param_tready),
    .s_data          (s_axis_param_tdata),
    .s_last          (s_axis_param_tlast),
    .load_valid      (load_valid),
    .load_ready      (load_ready),
    .load_word       (load_word),
    .layer_valid     (layer_valid),
    .layer_finished  (layer_finished),
    .layer_word      (layer_word),
    .weight_pointer  (weight_pointer),
    .weight_word     (weight_word),
    .weights_complete(weights_complete),
    .weights_free    (weights_free),
    .constant_set    (constant_set),
    .constant_release(constant_release),
    .constants       (constants),
    .kernel_beats    (kernel_beats),
    .kernel_end      (kernel_end),
    .depthwise_beats (depthwise_beats),
    .depthwise_end   (depthwise_end),
    .set_data        (set_data),
    .depthwise_space (depthwise_space)
  );

  lsfq_features #(
    .PIN          (PIN),
    .DATA_W       (DATA_W),
    .FEATURE_DEPTH(FEATURE_DEPTH),
    .MAX_WIDTH    (MAX_POOL_WIDTH)
  ) u_features (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .abort           (abort),
    .pass_open       (pass_open),
    .pass_start      (pass_start),
    .stop            (stop),
    .loader_idle     (loader_idle),
    .loader_error    (loader_error),
    .loader_code     (loader_code),
    .first_beat      (image_first_beat),
    .loads           (loads),
    .layers          (layers),
    .load_valid      (load_valid),
    .load_ready      (load_ready),
    .load_word       (load_word),
    .s_valid         (s_axis_data_tvalid),
    .s_ready         (s_axis_data_tready),
    .s_data          (s_axis_data_tdata),
    .s_last          (s_axis_data_tlast),
    .feature_address (feature_address),
    .feature_word    (feature_word),
    .store_valid     (store_valid),
    .store_enable    (store_enable),
    .store_address   (store_address),
    .store_data      (store_data),
    .skip_valid      (skip_valid),
    .skip_ready      (skip_ready),
    .skip_address    (skip_address),
    .skip_word       (skip_word)
  );

  lsfq_datapath #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PARAM_W         (PARAM_W),
    .ACC_W           (ACC_W),
    .MAX_POOL_WIDTH  (MAX_POOL_WIDTH),
    .MULTIPLIER      (MULTIPLIER),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS)
  ) u_datapath (
    .aclk            (aclk),
    .aresetn         (!flush),
    .result_resetn   (aresetn),
    .close           (close),
    .layer_valid     (layer_valid),
    .layer_finished  (layer_finished),
    .layer_word      (layer_word),
    .layer_slot      (layer_slot),
    .loads           (loads),
    .result_sent     (result_sent),
    .weight_pointer  (weight_pointer),
    .weight_word     (weight_word),
    .weights_complete(weights_complete),
    .weights_free    (weights_free),
    .constant_set    (constant_set),
    .constant_release(constant_release),
    .constants       (constants),
    .kernel_beats    (kernel_beats),
    .kernel_end      (kernel_end),
    .depthwise_beats (depthwise_beats),
    .depthwise_end   (depthwise_end),
    .set_data        (set_data),
    .depthwise_space (depthwise_space),
    .feature_address (feature_address),
    .feature_word    (feature_word),
    .skip_valid      (skip_valid),
    .skip_ready      (skip_ready),
    .skip_address    (skip_address),
    .skip_word       (skip_word),
    .store_valid     (store_valid),
    .store_enable    (store_enable),
    .store_address   (store_address),
    .store_data      (store_data),
    .result_idle     (result_idle),
    .result_last     (result_last),
    .m_valid         (m_axis_data_tvalid),
    .m_ready         (m_axis_data_tready),
    .m_data          (m_axis_data_tdata),
    .m_last          (m_axis_data_tlast),
    .count_busy      (count_busy),
    .count_weights   (count_weights),
    .count_output    (count_output),
    .count_features  (count_features)
  );

endmodule

`default_nettype wire

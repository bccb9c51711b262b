// SPDX-License-Identifier: Apache-2.0
//
// lsfq_control: the software's side of the core: registers, the order of the passes, counters.
//
// START begins passes; an error of the parser or of the loader ends them (lsfq_pass_control).
// The counters say where the cycles went.

`default_nettype none

module lsfq_control #(
  parameter PIN              = 16,
  parameter POUT             = 16,
  parameter PARAM_W          = 128,
  parameter DATA_W           = 64,
  parameter ACC_W            = 27,
  parameter FEATURE_DEPTH    = 8192,
  parameter WEIGHT_DEPTH     = 512,
  parameter MAX_POOL_WIDTH   = 512,
  parameter DEPTHWISE_PIXELS = 1
) (
  input  wire        aclk,
  input  wire        aresetn,

  input  wire [11:0] s_axi_awaddr,
  input  wire [2:0]  s_axi_awprot,
  input  wire        s_axi_awvalid,
  output wire        s_axi_awready,
  input  wire [31:0] s_axi_wdata,
  input  wire [3:0]  s_axi_wstrb,
  input  wire        s_axi_wvalid,
  output wire        s_axi_wready,
  output wire [1:0]  s_axi_bresp,
  output wire        s_axi_bvalid,
  input  wire        s_axi_bready,
  input  wire [11:0] s_axi_araddr,
  input  wire [2:0]  s_axi_arprot,
  input  wire        s_axi_arvalid,
  output wire        s_axi_arready,
  output wire [31:0] s_axi_rdata,
  output wire [1:0]  s_axi_rresp,
  output wire        s_axi_rvalid,
  input  wire        s_axi_rready,
  output wire        irq,

  // to the other rooms
  output wire        pass_open,          // let the packets of a pass in
  output wire        pass_start,         // a pass begins
  output wire        result_sent,        // the result packet of this pass has left
  output wire        stop,               // an error: drop the rest of both packets
  output wire        abort,              // forget everything
  output wire        close,              // end the result packet: stop or abort
  output wire        flush,              // reset of the datapath's control, high between passes

  // from them
  input  wire        parser_idle,
  input  wire        parser_done,
  input  wire        parser_error,
  input  wire [7:0]  parser_code,
  input  wire [15:0] parser_layer,
  input  wire        loader_idle,
  input  wire        loader_error,
  input  wire [7:0]  loader_code,
  input  wire        result_idle,
  input  wire        result_last,

  // what is counted
  input  wire        first_beat,         // the first beat of a packet is taken at its port
  input  wire        loaded,             // an image is stored
  input  wire        layer_finished,
  input  wire [7:0]  layer_slot,
  input  wire        count_busy,
  input  wire        count_weights,
  input  wire        count_output,
  input  wire        count_features,
  output wire [15:0] layers              // finished in this pass
);

  localparam LAYERS  = 64;               // slots of counters
  localparam LAYER_W = $clog2(LAYERS);

  wire               start, abort_now;
  wire [31:0]        passes, passes_done, cycles, load_cycles, counter_data;
  wire [15:0]        error_layer;
  wire [7:0]         error_code;
  wire               counting, counted;
  wire               busy, draining, done, error, irq_done, irq_error;
  wire [LAYER_W-1:0] counter_layer;
  wire [2:0]         counter_select;

  lsfq_registers #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PARAM_W         (PARAM_W),
    .DATA_W          (DATA_W),
    .ACC_W           (ACC_W),
    .FEATURE_DEPTH   (FEATURE_DEPTH),
    .WEIGHT_DEPTH    (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH  (MAX_POOL_WIDTH),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS),
    .LAYERS          (LAYERS)
  ) u_registers (
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
    .start               (start),
    .abort_now           (abort_now),
    .passes              (passes),
    .busy                (busy),
    .done                (done),
    .error               (error),
    .draining            (draining),
    .error_code          (error_code),
    .error_layer         (error_layer),
    .passes_done         (passes_done),
    .irq_done            (irq_done),
    .irq_error           (irq_error),
    .cycles              (cycles),
    .load_cycles         (load_cycles),
    .layers              (layers),
    .counter_layer       (counter_layer),
    .counter_select      (counter_select),
    .counter_data        (counter_data)
  );

  lsfq_pass_control u_pass_control (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .start       (start),
    .abort_now   (abort_now),
    .passes      (passes),
    .open        (pass_open),
    .pass_start  (pass_start),
    .stop        (stop),
    .clear       (abort),
    .close       (close),
    .flush       (flush),
    .parser_idle (parser_idle),
    .parser_done (parser_done),
    .loader_idle (loader_idle),
    .result_idle (result_idle),
    .result_last (result_last),
    .counted     (counted),
    .result_sent (result_sent),
    .counting    (counting),
    .parser_error(parser_error),
    .parser_code (parser_code),
    .loader_error(loader_error),
    .loader_code (loader_code),
    .layer       (parser_layer),
    .busy        (busy),
    .draining    (draining),
    .done        (done),
    .error       (error),
    .error_code  (error_code),
    .error_layer (error_layer),
    .passes_done (passes_done),
    .irq_done    (irq_done),
    .irq_error   (irq_error)
  );

  lsfq_counters #(
    .LAYERS(LAYERS)
  ) u_counters (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .pass_start      (pass_open),
    .running         (busy && !draining),
    .first_beat      (first_beat),
    .loaded          (loaded && counting),
    .result_last     (result_last),
    .layer_end       (layer_finished),
    .layer_slot      (layer_slot),
    .busy            (count_busy && counting),
    .starved_weights (count_weights && counting),
    .blocked_output  (count_output && counting),
    .starved_features(count_features && counting),
    .result_sent     (result_sent),
    .counted         (counted),
    .cycles          (cycles),
    .load_cycles     (load_cycles),
    .layers          (layers),
    .read_layer      (counter_layer),
    .read_counter    (counter_select),
    .read_data       (counter_data)
  );

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_core: the blocks of the accelerator, connected (docs/theory_of_operation.md).
//
//   s_axis_param -> parser -> constant memory, weight memory, layer queue
//   s_axis_data  -> loader -> feature memory -> array -> requant -> stride -> depthwise -> pool -> writer -> feature memory
//                             sequencer: addresses and order   |'-> result -> m_axis_data
//                             skip reader: residual addition --'
//   s_axi        -> registers -> pass control, counters
//
// Parameter rules: PIN and POUT are 4, 8 or 16; PARAM_W is 32 to 256 and divides 4*PIN*POUT.

`default_nettype none

module lsfq_core #(
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
  input  wire                 aclk,
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

  localparam LAYERS    = 64;                       // slots of counters
  localparam LAYER_W   = $clog2(LAYERS);
  localparam PTR_W     = 20;
  localparam BEAT_W    = 8;
  localparam RAW_W     = 47;
  localparam RESULT_DEPTH = 32;
  localparam LEVEL_W   = $clog2(RESULT_DEPTH) + 1;
  localparam ADDRESS_W = $clog2(FEATURE_DEPTH);

  generate
    if ((PIN != 4 && PIN != 8 && PIN != 16) || (POUT != 4 && POUT != 8 && POUT != 16)) begin : g_check
      PIN_and_POUT_must_be_4_8_or_16 parameter_error ();
    end
  endgenerate

  // ---- control

  wire        start, abort_now, abort, close, pass_start, stop, flush;
  wire        block_resetn = !flush;            // flush is high in reset, too: one wire for both, `clear` stays low
  wire [31:0] passes, passes_done, cycles, load_cycles, counter_data;
  wire [15:0] layers, error_layer;
  wire [7:0]  error_code;
  wire        busy, draining, done, error, irq_done, irq_error;
  wire [LAYER_W-1:0] counter_layer;
  wire [2:0]  counter_select;

  wire        parser_idle, parser_done, parser_first_beat, parser_error;
  wire [7:0]  parser_code;
  wire [15:0] parser_layer;
  wire        loader_idle, loader_first_beat, loader_error;
  wire [15:0] loads;                               // images stored
  wire [7:0]  loader_code;
  wire        result_idle, result_last;
  wire        layer_begin, layer_finished;
  wire        count_busy, count_weights, count_output, count_features;

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
    .pass_start      (pass_start),
    .running         (busy && !draining),
    .first_beat      (parser_first_beat || loader_first_beat),
    .loaded          (loads != 16'd0),
    .result_last     (result_last),
    .layer_end       (layer_finished),
    .layer_slot      (layer_slot),
    .busy            (count_busy),
    .starved_weights (count_weights),
    .blocked_output  (count_output),
    .starved_features(count_features),
    .cycles          (cycles),
    .load_cycles     (load_cycles),
    .layers          (layers),
    .read_layer      (counter_layer),
    .read_counter    (counter_select),
    .read_data       (counter_data)
  );

  // ---- stream borders; an abort forgets what waits in the input ones

  wire               param_valid, param_ready, param_last;
  wire [PARAM_W-1:0] param_data;
  wire               data_valid, data_ready, data_last;
  wire [DATA_W-1:0]  data_data;
  wire               result_valid, result_ready, result_tlast;
  wire [63:0]        result_data;

  lsfq_skid #(
    .WIDTH(PARAM_W + 1)
  ) u_skid_param (
    .aclk   (aclk),
    .aresetn(aresetn && !abort),
    .s_valid(s_axis_param_tvalid),
    .s_ready(s_axis_param_tready),
    .s_data ({s_axis_param_tlast, s_axis_param_tdata}),
    .m_valid(param_valid),
    .m_ready(param_ready),
    .m_data ({param_last, param_data})
  );

  lsfq_skid #(
    .WIDTH(DATA_W + 1)
  ) u_skid_data (
    .aclk   (aclk),
    .aresetn(aresetn && !abort),
    .s_valid(s_axis_data_tvalid),
    .s_ready(s_axis_data_tready),
    .s_data ({s_axis_data_tlast, s_axis_data_tdata}),
    .m_valid(data_valid),
    .m_ready(data_ready),
    .m_data ({data_last, data_data})
  );

  lsfq_skid #(
    .WIDTH(65)
  ) u_skid_result (
    .aclk   (aclk),
    .aresetn(aresetn),
    .s_valid(result_valid),
    .s_ready(result_ready),
    .s_data ({result_tlast, result_data}),
    .m_valid(m_axis_data_tvalid),
    .m_ready(m_axis_data_tready),
    .m_data ({m_axis_data_tlast, m_axis_data_tdata})
  );

  // ---- parameters: blocks to the loader and the layer queue, payload to the memories

  wire        load_valid, load_ready, load_last, load_wide, load_window;
  wire [15:0] load_layers, load_height, load_width, load_channels;
  wire [17:0] load_base, load_digit_words;

  // the layer that waits, the one in work (lsfq_layer_pack), and what its rooms read of it
  wire         next_valid, next_ready, layer_valid;
  wire [511:0] next_word, layer_word;

  wire        seq_three_rows, seq_pointwise, seq_raw, seq_stride2, seq_shared, seq_below,
              seq_wide_in, seq_wide_weight, seq_wide_out, seq_odd, seq_depthwise;
  wire [15:0] seq_rows, seq_pairs, seq_row_pitch, seq_images, seq_loads, seq_groups;
  wire [17:0] seq_words, seq_stride, seq_last_line, seq_in_base, seq_in_pitch, seq_in_digit;
  wire [19:0] seq_weight_digit, seq_group_words;

  wire        layer_pointwise, layer_raw, layer_last, layer_pool, layer_stride2, layer_wide_out,
              layer_skip, layer_skip_wide, layer_depthwise, layer_depthwise_stride2;
  wire [3:0]  layer_out_bits, layer_depthwise_bits;
  wire [5:0]  layer_shift, layer_depthwise_shift;
  wire [7:0]  layer_slot;
  wire [15:0] layer_images, layer_groups, layer_channels, layer_out_planes;
  wire [17:0] layer_out_base, layer_out_pitch, layer_out_plane, layer_out_digit, layer_skip_base,
              layer_skip_plane, layer_skip_digit, layer_skip_pitch, layer_skip_multiplier;

  wire               constant_write, constant_last, constant_space;
  wire               depthwise_kernel_write, depthwise_constant_write, depthwise_space;
  wire               weight_write, weight_last, weight_space;
  wire [1:0]         weight_plane, weight_absent;
  wire [BEAT_W-1:0]  payload_beat;
  wire [PARAM_W-1:0] payload_data;

  lsfq_parser #(
    .PIN           (PIN),
    .POUT          (POUT),
    .PARAM_W       (PARAM_W),
    .FEATURE_DEPTH (FEATURE_DEPTH),
    .WEIGHT_DEPTH  (WEIGHT_DEPTH),
    .MAX_POOL_WIDTH(MAX_POOL_WIDTH),
    .BEAT_W        (BEAT_W),
    .MULTIPLIER    (MULTIPLIER)
  ) u_parser (
    .aclk              (aclk),
    .aresetn           (aresetn),
    .clear             (abort),
    .start             (pass_start),
    .stop              (stop),
    .idle              (parser_idle),
    .done              (parser_done),
    .first_beat        (parser_first_beat),
    .s_valid           (param_valid),
    .s_ready           (param_ready),
    .s_data            (param_data),
    .s_last            (param_last),
    .load_valid        (load_valid),
    .load_ready        (load_ready),
    .load_last         (load_last),
    .load_layers       (load_layers),
    .load_height       (load_height),
    .load_width        (load_width),
    .load_channels     (load_channels),
    .load_wide         (load_wide),
    .load_window       (load_window),
    .load_base         (load_base),
    .load_digit_words  (load_digit_words),
    .layer_valid       (next_valid),
    .layer_ready       (next_ready),
    .layer_word        (next_word),
    .constant_write    (constant_write),
    .constant_last     (constant_last),
    .constant_space    (constant_space),
    .depthwise_kernel_write  (depthwise_kernel_write),
    .depthwise_constant_write(depthwise_constant_write),
    .depthwise_space         (depthwise_space),
    .weight_write      (weight_write),
    .weight_plane      (weight_plane),
    .weight_absent     (weight_absent),
    .weight_last       (weight_last),
    .weight_space      (weight_space),
    .payload_beat      (payload_beat),
    .payload_data      (payload_data),
    .error_valid       (parser_error),
    .error_code        (parser_code),
    .error_layer       (parser_layer)
  );

  // the layer in work is in the output register, from which everything reads its settings; the next one waits behind it
  lsfq_skid #(
    .WIDTH(512)
  ) u_layers (
    .aclk   (aclk),
    .aresetn(block_resetn),
    .s_valid(next_valid),
    .s_ready(next_ready),
    .s_data (next_word),
    .m_valid(layer_valid),
    .m_ready(layer_finished),
    .m_data (layer_word)
  );

  lsfq_layer_sequence u_layer_sequence (
    .word        (layer_word),
    .three_rows  (seq_three_rows),
    .pointwise   (seq_pointwise),
    .raw         (seq_raw),
    .stride2     (seq_stride2),
    .shared      (seq_shared),
    .below       (seq_below),
    .wide_in     (seq_wide_in),
    .wide_weight (seq_wide_weight),
    .wide_out    (seq_wide_out),
    .odd         (seq_odd),
    .rows        (seq_rows),
    .pairs       (seq_pairs),
    .words       (seq_words),
    .stride      (seq_stride),
    .row_pitch   (seq_row_pitch),
    .last_line   (seq_last_line),
    .images      (seq_images),
    .in_base     (seq_in_base),
    .in_pitch    (seq_in_pitch),
    .in_digit    (seq_in_digit),
    .loads       (seq_loads),
    .weight_digit(seq_weight_digit),
    .group_words (seq_group_words),
    .groups      (seq_groups),
    .depthwise   (seq_depthwise)
  );

  lsfq_layer_output u_layer_output (
    .word             (layer_word),
    .pointwise        (layer_pointwise),
    .raw              (layer_raw),
    .last             (layer_last),
    .pool             (layer_pool),
    .stride2          (layer_stride2),
    .wide_out         (layer_wide_out),
    .images           (layer_images),
    .groups           (layer_groups),
    .channels         (layer_channels),
    .slot             (layer_slot),
    .out_base         (layer_out_base),
    .out_pitch        (layer_out_pitch),
    .out_plane        (layer_out_plane),
    .out_digit        (layer_out_digit),
    .out_planes       (layer_out_planes),
    .out_bits         (layer_out_bits),
    .shift            (layer_shift),
    .skip             (layer_skip),
    .skip_wide        (layer_skip_wide),
    .skip_base        (layer_skip_base),
    .skip_plane       (layer_skip_plane),
    .skip_digit       (layer_skip_digit),
    .skip_pitch       (layer_skip_pitch),
    .skip_multiplier  (layer_skip_multiplier),
    .depthwise        (layer_depthwise),
    .depthwise_stride2(layer_depthwise_stride2),
    .depthwise_bits   (layer_depthwise_bits),
    .depthwise_shift  (layer_depthwise_shift)
  );

  wire               constant_set;
  wire [1:0]         constant_release;
  wire [64*POUT-1:0] constants;

  // the memories of constants are far apart: a register on the way
  localparam SET_BEATS = 64 * POUT / PARAM_W;
  localparam [SET_BEATS-1:0] FIRST_BEAT = 1;

  wire [SET_BEATS-1:0] set_beat = FIRST_BEAT << payload_beat;
  wire [SET_BEATS-1:0] constant_beats, depthwise_kernel_beats, depthwise_constant_beats;
  wire                 constant_set_end, depthwise_kernel_set_end, depthwise_constant_set_end;
  wire [PARAM_W-1:0]   set_data;

  lsfq_delay #(
    .WIDTH(3 * SET_BEATS + 3),
    .RESET(1)
  ) u_delay_set_write (
    .aclk   (aclk),
    .aresetn(block_resetn),
    .clear  (1'b0),
    .d      ({{SET_BEATS{constant_write}} & set_beat, {SET_BEATS{depthwise_kernel_write}} & set_beat,
              {SET_BEATS{depthwise_constant_write}} & set_beat, constant_write && constant_last,
              depthwise_kernel_write && constant_last, depthwise_constant_write && constant_last}),
    .q      ({constant_beats, depthwise_kernel_beats, depthwise_constant_beats,
              constant_set_end, depthwise_kernel_set_end, depthwise_constant_set_end})
  );

  lsfq_delay #(
    .WIDTH(PARAM_W)
  ) u_delay_set (
    .aclk   (aclk),
    .aresetn(aresetn),
    .clear  (1'b0),
    .d      (payload_data),
    .q      (set_data)
  );

  lsfq_constant_memory #(
    .POUT   (POUT),
    .PARAM_W(PARAM_W)
  ) u_constants (
    .aclk        (aclk),
    .aresetn     (block_resetn),
    .clear       (1'b0),
    .write_beats (constant_beats),
    .write_end   (constant_set_end),
    .write_data  (set_data),
    .space       (constant_space),
    .read_set    (constant_set),
    .release_sets(constant_release),
    .read_data   (constants)
  );

  wire [PTR_W-1:0]       weights_free, weights_complete, weight_pointer;
  wire [12*PIN*POUT-1:0] weight_word;

  lsfq_weight_memory #(
    .PIN    (PIN),
    .POUT   (POUT),
    .PARAM_W(PARAM_W),
    .DEPTH  (WEIGHT_DEPTH),
    .PTR_W  (PTR_W),
    .BEAT_W (BEAT_W)
  ) u_weights (
    .aclk         (aclk),
    .aresetn      (block_resetn),
    .clear        (1'b0),
    .write_enable (weight_write),
    .write_plane  (weight_plane),
    .write_beat   (payload_beat),
    .absent_plane (weight_absent),
    .write_last   (weight_last),
    .write_data   (payload_data),
    .space        (weight_space),
    .free_pointer (weights_free),
    .write_pointer(weights_complete),
    .read_pointer (weight_pointer),
    .read_data    (weight_word)
  );

  // ---- the feature memory: port A feeds the array; of port B the writer takes what it needs, then the skip
  // reader, then the loader

  wire [PIN-1:0]   load_enable, store_enable;
  wire [17:0]      load_address, store_address, skip_address, feature_address;
  wire [8*PIN-1:0] load_data, store_data, skip_word, feature_word;
  wire             skip_valid, storing;
  wire             loading = !storing && !skip_valid;

  // the memory's blocks lie far apart: a register on the way to them
  reg  [17:0]      port_b_address_q;
  reg  [PIN-1:0]   port_b_enable_q;
  reg  [8*PIN-1:0] port_b_data_q;

  always @(posedge aclk) begin
    port_b_address_q <= storing ? store_address : skip_valid ? skip_address : load_address;
    port_b_data_q    <= storing ? store_data : load_data;
    port_b_enable_q  <= storing ? store_enable : loading ? load_enable : {PIN{1'b0}};
    if (!aresetn) port_b_enable_q <= {PIN{1'b0}};
  end

  lsfq_loader #(
    .PIN   (PIN),
    .DATA_W(DATA_W)
  ) u_loader (
    .aclk            (aclk),
    .aresetn         (aresetn),
    .clear           (abort),
    .start           (pass_start),
    .stop            (stop),
    .idle            (loader_idle),
    .loads           (loads),
    .first_beat      (loader_first_beat),
    .layers          (layers),
    .load_valid      (load_valid),
    .load_ready      (load_ready),
    .load_last       (load_last),
    .load_layers     (load_layers),
    .load_height     (load_height),
    .load_width      (load_width),
    .load_channels   (load_channels),
    .load_wide       (load_wide),
    .load_window     (load_window),
    .load_base       (load_base),
    .load_digit_words(load_digit_words),
    .s_valid         (data_valid),
    .s_ready         (data_ready),
    .s_data          (data_data),
    .s_last          (data_last),
    .write_ready     (loading),
    .write_enable    (load_enable),
    .write_address   (load_address),
    .write_data      (load_data),
    .error_valid     (loader_error),
    .error_code      (loader_code)
  );

  lsfq_dual_ram #(
    .DEPTH   (FEATURE_DEPTH),
    .WIDTH   (8 * PIN),
    .SEGMENTS(PIN)
  ) u_features (
    .aclk          (aclk),
    .a_address     (feature_address[ADDRESS_W-1:0]),
    .a_data        (feature_word),
    .b_address     (port_b_address_q[ADDRESS_W-1:0]),
    .b_write_enable(port_b_enable_q),
    .b_write_data  (port_b_data_q),
    .b_data        (skip_word)
  );

  // ---- the array

  wire       issue_valid, issue_first, issue_shift, issue_offset, issue_last;
  wire       issue_row_first, issue_row_last, issue_image_last;
  wire [3:0] pair_cycles;
  wire       raw_valid, code_valid, kept_valid, pooled_valid;
  wire       pool_busy, writer_idle;
  wire [LEVEL_W-1:0] result_level;

  wire       drain, depthwise_busy, filtered_valid, skip_ready, scale_ready, step_taken, step_row_end;

  // a cycle late: no pair may be on its way to the first of them
  reg output_idle_q;
  always @(posedge aclk)
    output_idle_q <= !code_valid && !kept_valid && !depthwise_busy && !filtered_valid && !pool_busy && !pooled_valid &&
                     writer_idle;

  lsfq_sequencer #(
    .PIN             (PIN),
    .POUT            (POUT),
    .PTR_W           (PTR_W),
    .DEPTHWISE_PIXELS(DEPTHWISE_PIXELS),
    .LEVEL_W         (LEVEL_W)
  ) u_sequencer (
    .aclk                  (aclk),
    .aresetn               (block_resetn),
    .clear                 (1'b0),
    .loads                 (loads),
    .layer_valid           (layer_valid),
    .layer_ready           (layer_finished),
    .layer_three_rows      (seq_three_rows),
    .layer_pointwise       (seq_pointwise),
    .layer_raw             (seq_raw),
    .layer_stride2         (seq_stride2),
    .layer_shared          (seq_shared),
    .layer_below           (seq_below),
    .layer_wide_in         (seq_wide_in),
    .layer_wide_weight     (seq_wide_weight),
    .layer_rows            (seq_rows),
    .layer_pairs           (seq_pairs),
    .layer_words           (seq_words),
    .layer_stride          (seq_stride),
    .layer_row_pitch       (seq_row_pitch),
    .layer_last_line       (seq_last_line),
    .layer_images          (seq_images),
    .layer_in_pitch        (seq_in_pitch),
    .layer_loads           (seq_loads),
    .layer_in_base         (seq_in_base),
    .layer_in_digit        (seq_in_digit),
    .layer_weight_digit    (seq_weight_digit),
    .layer_group_words     (seq_group_words),
    .layer_groups          (seq_groups),
    .layer_wide_out        (seq_wide_out),
    .layer_depthwise       (seq_depthwise),
    .layer_begin           (layer_begin),
    .feature_address       (feature_address),
    .weight_pointer        (weight_pointer),
    .weights_complete      (weights_complete),
    .weights_free          (weights_free),
    .issue_valid           (issue_valid),
    .issue_first           (issue_first),
    .issue_shift           (issue_shift),
    .issue_offset          (issue_offset),
    .issue_last            (issue_last),
    .issue_row_first       (issue_row_first),
    .issue_row_last        (issue_row_last),
    .issue_image_last      (issue_image_last),
    .pair_cycles           (pair_cycles),
    .pair_done             (code_valid || raw_valid && layer_raw),
    .tables_ready          (scale_ready),
    .step_ready            (skip_ready),
    .step_taken            (step_taken),
    .step_row_end          (step_row_end),
    .drain                 (drain),
    .output_idle           (output_idle_q),
    .result_level          (result_level),
    .count_busy            (count_busy),
    .count_starved_weights (count_weights),
    .count_blocked_output  (count_output),
    .count_starved_features(count_features)
  );

  wire                    pair_valid, pair_no_a, pair_no_b, pair_set, pair_both, pair_row_end, pair_end;
  wire [2*POUT*ACC_W-1:0] term_a, term_b;

  lsfq_array #(
    .PIN       (PIN),
    .POUT      (POUT),
    .ACC_W     (ACC_W),
    .MULTIPLIER(MULTIPLIER)
  ) u_array (
    .aclk            (aclk),
    .aresetn         (block_resetn),
    .clear           (1'b0),
    .pointwise       (seq_pointwise),
    .odd             (seq_odd),
    .stride2         (seq_stride2),
    .pair_cycles     (pair_cycles),
    .issue_valid     (issue_valid),
    .issue_first     (issue_first),
    .issue_shift     (issue_shift),
    .issue_offset    (issue_offset),
    .issue_last      (issue_last),
    .issue_row_first (issue_row_first),
    .issue_row_last  (issue_row_last),
    .issue_image_last(issue_image_last),
    .feature_word    (feature_word),
    .weight_word     (weight_word),
    .pair_valid      (pair_valid),
    .pair_no_a       (pair_no_a),
    .pair_no_b       (pair_no_b),
    .pair_set        (pair_set),
    .pair_both       (pair_both),
    .pair_row_end    (pair_row_end),
    .pair_end        (pair_end),
    .term_a          (term_a),
    .term_b          (term_b)
  );

  // ---- behind it: pixel pairs

  wire                    raw_set, raw_both, raw_end;
  wire [2*POUT*RAW_W-1:0] raw;
  wire                    code_set, code_both, code_row_end, code_end;
  wire                    kept_set, kept_both, kept_row_end, kept_end;
  wire                    pooled_set, pooled_both;
  wire                    filtered_set, filtered_both, filtered_row_end, filtered_end;
  wire [52*POUT-1:0]      residue;
  wire [16*POUT-1:0]      skip, code, kept, filtered, pooled;

  // a group's constants serve all its images
  reg  [16:0] images_q;                            // behind this one, less 1: negative in the last
  wire        image_end   = pair_valid && pair_end && (pair_set || !layer_pointwise);
  wire        group_end   = image_end && images_q[16];
  wire        load_images = layer_begin || images_q[16];
  always @(posedge aclk)
    if (layer_begin || image_end)
      images_q <= (load_images ? {1'b0, layer_images} : images_q) + {{16{1'b1}}, !load_images};

  assign constant_set     = pair_set;
  assign constant_release = !group_end ? 2'd0 : layer_pointwise ? 2'd2 : 2'd1;

  lsfq_skip_reader #(
    .PIN (PIN),
    .POUT(POUT)
  ) u_skip (
    .aclk        (aclk),
    .aresetn     (block_resetn),
    .clear       (1'b0),
    .restart     (layer_begin),
    .enable      (layer_skip),
    .pointwise   (layer_pointwise),
    .stride_2    (layer_stride2),
    .wide        (layer_skip_wide),
    .groups      (layer_groups),
    .base        (layer_skip_base),
    .plane       (layer_skip_plane),
    .digit_words (layer_skip_digit),
    .images      (layer_images),
    .pitch       (layer_skip_pitch),
    .read_valid  (skip_valid),
    .read_ready  (!storing),
    .read_address(skip_address),
    .read_data   (skip_word),
    .step_ready  (skip_ready),
    .step_end    (step_taken),
    .step_row_end(step_row_end),
    .pair_taken  (pair_valid),
    .pair_set    (pair_set),
    .pair_row_end(pair_row_end),
    .pair        (skip)
  );

  lsfq_skip_scale #(
    .POUT(POUT)
  ) u_scale (
    .aclk      (aclk),
    .restart   (layer_begin),
    .enable    (layer_skip),
    .multiplier(layer_skip_multiplier),
    .ready     (scale_ready),
    .pair      (skip),
    .residue   (residue)
  );

  lsfq_requant #(
    .POUT      (POUT),
    .ACC_W     (ACC_W),
    .RAW_W     (RAW_W),
    .MULTIPLIER(MULTIPLIER),
    .SKIP      (1)
  ) u_requant (
    .aclk        (aclk),
    .aresetn     (block_resetn),
    .clear       (1'b0),
    .out_bits    (layer_out_bits),
    .shift       (layer_shift),
    .raw_only    (layer_raw),
    .pair_valid  (pair_valid),
    .pair_set    (pair_set),
    .pair_both   (pair_both),
    .pair_row_end(pair_row_end),
    .pair_end    (pair_end),
    .term_a      (term_a),
    .term_b      (term_b),
    .no_a        (pair_no_a),
    .no_b        (pair_no_b),
    .constants   (constants),
    .residue     (residue),
    .raw_valid   (raw_valid),
    .raw_set     (raw_set),
    .raw_both    (raw_both),
    .raw_end     (raw_end),
    .raw         (raw),
    .code_valid  (code_valid),
    .code_set    (code_set),
    .code_both   (code_both),
    .code_row_end(code_row_end),
    .code_end    (code_end),
    .code        (code)
  );

  lsfq_stride #(
    .PIXEL_W(8 * POUT)
  ) u_stride (
    .aclk     (aclk),
    .aresetn  (block_resetn),
    .clear    (1'b0),
    .restart  (layer_begin),
    .enable   (layer_stride2),
    .s_valid  (code_valid),
    .s_set    (code_set),
    .s_both   (code_both),
    .s_row_end(code_row_end),
    .s_end    (code_end),
    .s_pair   (code),
    .m_valid  (kept_valid),
    .m_set    (kept_set),
    .m_both   (kept_both),
    .m_row_end(kept_row_end),
    .m_end    (kept_end),
    .m_pair   (kept)
  );

  lsfq_depthwise #(
    .POUT      (POUT),
    .PIXELS    (DEPTHWISE_PIXELS),
    .PARAM_W   (PARAM_W),
    .MAX_WIDTH (MAX_POOL_WIDTH),
    .MULTIPLIER(MULTIPLIER)
  ) u_depthwise (
    .aclk          (aclk),
    .aresetn       (block_resetn),
    .clear         (1'b0),
    .restart       (layer_begin),
    .enable        (layer_depthwise),
    .two_sets      (layer_pointwise),
    .stride_2      (layer_depthwise_stride2),
    .images        (layer_images),
    .out_bits      (layer_depthwise_bits),
    .shift         (layer_depthwise_shift),
    .pair_cycles   (pair_cycles),
    .drain         (drain),
    .busy          (depthwise_busy),
    .kernel_beats  (depthwise_kernel_beats),
    .kernel_end    (depthwise_kernel_set_end),
    .constant_beats(depthwise_constant_beats),
    .constant_end  (depthwise_constant_set_end),
    .write_data    (set_data),
    .space         (depthwise_space),
    .s_valid       (kept_valid),
    .s_set         (kept_set),
    .s_both        (kept_both),
    .s_row_end     (kept_row_end),
    .s_end         (kept_end),
    .s_code        (kept),
    .m_valid       (filtered_valid),
    .m_set         (filtered_set),
    .m_both        (filtered_both),
    .m_row_end     (filtered_row_end),
    .m_end         (filtered_end),
    .m_code        (filtered)
  );

  lsfq_max_pool #(
    .POUT     (POUT),
    .MAX_WIDTH(MAX_POOL_WIDTH)
  ) u_pool (
    .aclk     (aclk),
    .aresetn  (block_resetn),
    .clear    (1'b0),
    .restart  (layer_begin),
    .enable   (layer_pool),
    .busy     (pool_busy),
    .s_valid  (filtered_valid),
    .s_set    (filtered_set),
    .s_both   (filtered_both),
    .s_row_end(filtered_row_end),
    .s_end    (filtered_end),
    .s_code   (filtered),
    .m_valid  (pooled_valid),
    .m_set    (pooled_set),
    .m_both   (pooled_both),
    .m_code   (pooled)
  );

  lsfq_writer #(
    .PIN (PIN),
    .POUT(POUT)
  ) u_writer (
    .aclk         (aclk),
    .aresetn      (block_resetn),
    .clear        (1'b0),
    .restart      (layer_begin),
    .idle         (writer_idle),
    .pointwise    (layer_pointwise),
    .wide         (layer_wide_out),
    .base         (layer_out_base),
    .plane        (layer_out_plane),
    .digit_words  (layer_out_digit),
    .planes       (layer_out_planes),
    .images       (layer_images),
    .pitch        (layer_out_pitch),
    .s_valid      (pooled_valid),
    .s_set        (pooled_set),
    .s_both       (pooled_both),
    .s_code       (pooled),
    .write_valid  (storing),
    .write_enable (store_enable),
    .write_address(store_address),
    .write_data   (store_data)
  );

  lsfq_result #(
    .POUT (POUT),
    .RAW_W(RAW_W),
    .DEPTH(RESULT_DEPTH)
  ) u_result (
    .aclk      (aclk),
    .aresetn   (aresetn),
    .close     (close),
    .idle      (result_idle),
    .last_taken(result_last),
    .pointwise (layer_pointwise),
    .channels  (layer_channels),
    .images    (layer_images),
    .last_layer(layer_last),
    .restart   (layer_begin),
    .s_valid   (raw_valid && layer_raw),
    .s_set     (raw_set),
    .s_both    (raw_both),
    .s_end     (raw_end),
    .s_raw     (raw),
    .level     (result_level),
    .m_valid   (result_valid),
    .m_ready   (result_ready),
    .m_data    (result_data),
    .m_last    (result_tlast)
  );

  wire unused = &{1'b0, port_b_address_q[17:ADDRESS_W], feature_address[17:ADDRESS_W]};

endmodule

`default_nettype wire

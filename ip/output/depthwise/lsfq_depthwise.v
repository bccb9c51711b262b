// SPDX-License-Identifier: Apache-2.0
//
// lsfq_depthwise: a depthwise 3x3 layer, computed on the stream of pairs downstream of the array.
// With `enable` low, pairs pass unchanged.
//
//   y[c] = clamp((sum over the window of w[c]*x[c], * m[c] + b[c]) >>> shift, 0, 2^out_bits - 1)
//
// The stage makes PIXELS pixels in a cycle. With 1, pairs come at least two cycles apart
// (pair_cycles >= 2) and the even pixel is made first; with 2, a pair may come in every cycle.
// Padding: one pixel of 0. Stride: 1 or 2 (rows and pixels 0, 2, ...). Input: codes of 4 bits.
//
// Kernels and constants wait in two rings of 16 entries, one entry for each set of a group. The
// `images` maps of a group use the same entries, which are then freed. The last windows of a map
// may wait for two further maps (if maps are one pair high and wide), so three groups of two sets
// must fit. An entry of kernels is stored like one of constants: channel l at bit 64*l, where
// nibble 3*i + j is the weight w + 8 of row j, column i, and the bits above are 0.
// Latency: one row, one pair and 15 - PIXELS cycles; the last pairs of a layer leave after `drain`.
// Interface: pixel pairs (docs/theory_of_operation.md).
// Parameter rules: PIXELS is 1 or 2; those of the modules inside.

`default_nettype none

module lsfq_depthwise #(
  parameter POUT       = 16,
  parameter PIXELS     = 1,
  parameter PARAM_W    = 128,
  parameter MAX_WIDTH  = 512,
  parameter MULTIPLIER = 0,                     // form of its multipliers, see lsfq_requant
  parameter SET_BEATS  = 64 * POUT / PARAM_W    // derived
) (
  input  wire               aclk,
  input  wire               aresetn,
  input  wire               restart,        // a layer begins

  input  wire               enable,
  input  wire               two_sets,       // pairs of set 0 and set 1 alternate
  input  wire               stride_2,
  input  wire               above,          // no output belongs to a map's first row; to its last
  input  wire               below,
  input  wire [15:0]        images,         // maps of a group of channels
  input  wire [3:0]         out_bits,
  input  wire [5:0]         shift,
  input  wire [3:0]         pair_cycles,    // least distance of two pairs; at least 3 - PIXELS
  input  wire               drain,          // the last pair of the layer has come
  output wire               busy,

  input  wire [SET_BEATS-1:0] kernel_beats,     // see write_beats of lsfq_constant_memory
  input  wire                 kernel_end,
  input  wire [SET_BEATS-1:0] constant_beats,
  input  wire                 constant_end,
  input  wire [PARAM_W-1:0]   write_data,
  output wire               space,          // a beat of either kind may come two cycles later

  input  wire               s_valid,
  input  wire               s_set,
  input  wire               s_both,
  input  wire               s_row_end,
  input  wire               s_end,          // the last pair of the map
  input  wire [16*POUT-1:0] s_code,

  output wire               m_valid,
  output wire               m_set,
  output wire               m_both,
  output wire               m_row_end,
  output wire               m_end,
  output wire [16*POUT-1:0] m_code
);

  localparam SUM_W         = 12;
  localparam SUM_LATENCY   = 4;
  localparam SCALE_LATENCY = 5;
  localparam TAIL          = 2 - PIXELS + SUM_LATENCY + SCALE_LATENCY + 1; // from window to output

  generate
    if (PIXELS != 1 && PIXELS != 2) begin : g_check
      PIXELS_must_be_1_or_2 parameter_error ();
    end
  endgenerate

  // ---- windows

  reg              enable_q;                // for control bits; `enable` itself selects the codes
  reg [8*POUT-1:0] nibbles;
  integer l;
  always @(posedge aclk) enable_q <= enable;
  always @* begin
    for (l = 0; l < 2 * POUT; l = l + 1) nibbles[4*l +: 4] = s_code[8*l +: 4];
  end

  wire               window_busy, window_valid, window_set, window_both;
  wire               window_row_end, window_end, window_last;
  wire [48*POUT-1:0] window;
  lsfq_depthwise_window #(
    .POUT     (POUT),
    .MAX_WIDTH(MAX_WIDTH)
  ) u_window (
    .aclk       (aclk),
    .aresetn    (aresetn),
    .restart    (restart),
    .two_sets   (two_sets),
    .stride_2   (stride_2),
    .above      (above),
    .below      (below),
    .pair_cycles(pair_cycles),
    .drain      (drain),
    .busy       (window_busy),
    .s_valid    (s_valid && enable_q),
    .s_set      (s_set),
    .s_both     (s_both),
    .s_row_end  (s_row_end),
    .s_end      (s_end),
    .s_code     (nibbles),
    .m_valid    (window_valid),
    .m_set      (window_set),
    .m_both     (window_both),
    .m_row_end  (window_row_end),
    .m_end      (window_end),
    .m_last     (window_last),
    .m_window   (window)
  );

  // ---- sums: with PIXELS 2 of the two pixels at once, with 1 of the even pixel, then the odd one

  reg  odd_q;
  wire pixel_valid = window_valid || odd_q;
  wire window_used = PIXELS == 2 ? window_valid : odd_q;    // the last pixel of the window is made

  always @(posedge aclk) odd_q <= PIXELS == 1 && window_valid && aresetn && !restart;

  wire [64*POUT-1:0] kernels, constants;
  wire               kernel_space, constant_space;
  wire               sum_valid, sum_set, sum_both, sum_row_end, sum_end;
  wire [18*PIXELS*POUT-1:0] sum;            // sign-extended for lsfq_requant

  lsfq_delay #(
    .WIDTH (1),
    .STAGES(SUM_LATENCY),
    .RESET (1)
  ) u_delay_valid (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      (pixel_valid),
    .q      (sum_valid)
  );

  lsfq_delay #(
    .WIDTH (4),
    .STAGES(SUM_LATENCY)
  ) u_delay_tags (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      ({window_set, window_both, window_row_end, window_end}),
    .q      ({sum_set, sum_both, sum_row_end, sum_end})
  );

  genvar x, c, k;
  generate
    for (x = 0; x < PIXELS; x = x + 1) begin : g_pixel
      wire odd = x == 1 || odd_q;
      for (c = 0; c < POUT; c = c + 1) begin : g_channel
        wire [35:0] columns;
        wire signed [SUM_W-1:0] pixel;

        for (k = 0; k < 9; k = k + 1) begin : g_code
          assign columns[4*k +: 4] = odd ? window[4*((k + 3)*POUT + c) +: 4]
                                         : window[4*(k*POUT + c) +: 4];
        end

        lsfq_depthwise_sum u_sum (
          .aclk  (aclk),
          .window(columns),
          .kernel(kernels[64*c +: 36]),
          .sum   (pixel)
        );

        assign sum[18*(x*POUT + c) +: 18] = {{(18-SUM_W){pixel[SUM_W-1]}}, pixel};
      end
    end
  endgenerate

  // ---- rings: the entries of a group are freed after its last map

  wire        map_end = window_used && window_last;
  wire        last_map, unused_next;
  wire [1:0]  kernel_release = !map_end || !last_map ? 2'd0 : two_sets ? 2'd2 : 2'd1;
  wire [1:0]  constant_release;

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_maps (
    .aclk     (aclk),
    .restart  (restart),
    .count    (images),
    .advance  (map_end),
    .last     (last_map),
    .next_last(unused_next)
  );

  lsfq_delay #(
    .WIDTH (2),
    .STAGES(SUM_LATENCY),
    .RESET (1)
  ) u_delay_release (
    .aclk   (aclk),
    .aresetn(aresetn),
    .d      (kernel_release),
    .q      (constant_release)
  );

  lsfq_constant_memory #(
    .POUT   (POUT),
    .PARAM_W(PARAM_W)
  ) u_kernels (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .write_beats (kernel_beats),
    .write_end   (kernel_end),
    .write_data  (write_data),
    .space       (kernel_space),
    .read_set    (window_set),
    .release_sets(kernel_release),
    .read_data   (kernels)
  );

  lsfq_constant_memory #(
    .POUT   (POUT),
    .PARAM_W(PARAM_W)
  ) u_constants (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .write_beats (constant_beats),
    .write_end   (constant_end),
    .write_data  (write_data),
    .space       (constant_space),
    .read_set    (sum_set),
    .release_sets(constant_release),
    .read_data   (constants)
  );

  assign space = kernel_space && constant_space;

  // ---- requantisation, then stride

  wire               scaled_valid, scaled_set, scaled_both, scaled_row_end, scaled_end;
  wire [8*PIXELS*POUT-1:0]  scaled;
  wire               raw_valid, raw_set, raw_both, raw_end;
  wire [47*PIXELS*POUT-1:0] raw;

  lsfq_requant #(
    .POUT      (POUT),
    .ACC_W     (18),
    .PIXELS    (PIXELS),
    .TERMS     (1),
    .MULTIPLIER(MULTIPLIER)
  ) u_requant (
    .aclk        (aclk),
    .aresetn     (aresetn),
    .out_bits    (out_bits),
    .shift       (shift),
    .raw_only    (1'b0),
    .pair_valid  (sum_valid),
    .pair_set    (sum_set),
    .pair_both   (sum_both),
    .pair_row_end(sum_row_end),
    .pair_end    (sum_end),
    .term_a      (sum),
    .term_b      ({18*PIXELS*POUT{1'b0}}),
    .no_a        (1'b0),
    .no_b        (1'b1),
    .constants   (constants),
    .residue     ({26*PIXELS*POUT{1'b0}}),
    .raw_valid   (raw_valid),
    .raw_set     (raw_set),
    .raw_both    (raw_both),
    .raw_end     (raw_end),
    .raw         (raw),
    .code_valid  (scaled_valid),
    .code_set    (scaled_set),
    .code_both   (scaled_both),
    .code_row_end(scaled_row_end),
    .code_end    (scaled_end),
    .code        (scaled)
  );

  wire               pair_valid;
  wire [16*POUT-1:0] pair;

  generate
    if (PIXELS == 2) begin : g_both
      assign pair_valid = scaled_valid;
      assign pair       = scaled;
    end else begin : g_one
      reg              second_q;            // the next pixel is the odd one
      reg [8*POUT-1:0] even_q;
      always @(posedge aclk) begin
        if (scaled_valid && !second_q) even_q <= scaled;
        if (!aresetn || restart) second_q <= 1'b0;
        else if (scaled_valid) second_q <= !second_q;
      end

      assign pair_valid = scaled_valid && second_q;
      assign pair       = {scaled, even_q};
    end
  endgenerate

  wire               thin_valid, thin_set, thin_both, thin_row_end, thin_end;
  wire [16*POUT-1:0] thin;
  lsfq_stride #(
    .PIXEL_W(8 * POUT)
  ) u_stride (
    .aclk     (aclk),
    .aresetn  (aresetn),
    .restart  (restart),
    .enable   (stride_2),
    .s_valid  (pair_valid),
    .s_set    (scaled_set),
    .s_both   (scaled_both),
    .s_row_end(scaled_row_end),
    .s_end    (scaled_end),
    .s_pair   (pair),
    .m_valid  (thin_valid),
    .m_set    (thin_set),
    .m_both   (thin_both),
    .m_row_end(thin_row_end),
    .m_end    (thin_end),
    .m_pair   (thin)
  );

  assign {m_valid, m_set, m_both, m_row_end, m_end} = enable_q
       ? {thin_valid, thin_set, thin_both, thin_row_end, thin_end}
       : {s_valid, s_set, s_both, s_row_end, s_end};
  assign m_code = enable ? thin : s_code;

  reg [3:0] under_way_q;                    // cycles until the pair of the last window has left

  always @(posedge aclk) begin
    if (window_valid) under_way_q <= TAIL[3:0];
    else if (under_way_q != 4'd0) under_way_q <= under_way_q - 4'd1;
    if (!aresetn || restart) under_way_q <= 4'd0;
  end

  assign busy = window_busy || under_way_q != 4'd0;

  wire unused = &{1'b0, raw_valid, raw_set, raw_both, raw_end, raw, kernels};

endmodule

`default_nettype wire

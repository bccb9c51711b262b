// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_memory: whether the tensors of a block fit the feature memory without harm, and its
// weights the weight memory (docs/stream_format.md, MEMORY and WEIGHTS).
//
// LOADs that no layer has waited for yet are *open*: they may be stored while layers run, so the
// tensors of these layers must keep clear of the words from the lowest open image to the highest.
// A block that makes some rows may read the ring into which the image's next rows come.
//
// Latency: `bad_memory` follows the ends by two cycles, `bad_weights` follows `group_words` by one.
// `restart` begins a pass; `load_taken` and `layer_taken` are one cycle long.

`default_nettype none

module lsfq_parser_memory #(
  parameter FEATURE_DEPTH = 8192,
  parameter WEIGHT_DEPTH  = 512
) (
  input  wire         aclk,
  input  wire         restart,
  input  wire [511:0] block,
  input  wire         is_layer,
  input  wire         load_taken,
  input  wire         layer_taken,

  input  wire         waits_for_all,    // as in lsfq_parser_order
  input  wire         many,             // as in lsfq_parser_shape
  input  wire         writes,
  input  wire         adds,
  input  wire         too_large,
  input  wire         in_wide,
  input  wire [32:0]  in_end,
  input  wire [32:0]  out_end,
  input  wire [32:0]  skip_end,
  input  wire [19:0]  group_words,

  output reg          bad_memory,
  output reg          bad_weights
);

  localparam [32:0] DEPTH       = {1'b0, FEATURE_DEPTH[31:0]};
  localparam [1:0]  KERNEL_FULL = 2'd3;

  wire [1:0]  kernel;
  wire        pool, shared, rows;
  wire [31:0] input_base, output_base, skip_base, input_pitch, output_pitch, skip_pitch;

  lsfq_parser_memory_fields u_fields (
    .block       (block),
    .kernel      (kernel),
    .pool        (pool),
    .shared      (shared),
    .rows        (rows),
    .input_base  (input_base),
    .output_base (output_base),
    .skip_base   (skip_base),
    .input_pitch (input_pitch),
    .output_pitch(output_pitch),
    .skip_pitch  (skip_pitch)
  );

  // ---- open images

  reg        open_q;                    // there are any; they lie between these words
  reg [17:0] open_base_q, open_end_q;
  reg        lower_q, higher_q;         // the open images begin below this one, end above it

  always @(posedge aclk) begin
    lower_q  <= open_q && open_base_q < input_base[17:0];
    higher_q <= open_q && open_end_q > in_end[17:0];
    if (restart) open_q <= 1'b0;
    if (load_taken) begin
      open_q      <= 1'b1;
      open_base_q <= lower_q ? open_base_q : input_base[17:0];
      open_end_q  <= higher_q ? open_end_q : in_end[17:0];
    end
    if (layer_taken && waits_for_all) open_q <= 1'b0;
  end

  // ---- tensors

  reg  open_now_q;                      // some are open, and the layer does not wait for them
  reg  far_q;                           // a pitch of 2^18 words or more
  reg  in_over_q, out_over_q, skip_over_q;              // they end behind the memory
  reg  in_open_q, out_open_q, skip_open_q;              // they meet the open images
  reg  fed_q;                           // the input is the ring of the open image
  reg  in_out_q, skip_out_q;                            // the output meets them
  reg  same_base_q, same_pitch_q, in_place_q;     // the output is exactly the skip tensor's place

  always @(posedge aclk) begin
    open_now_q   <= is_layer && open_q && !waits_for_all;
    far_q        <= many && (input_pitch[31:18] != 14'd0 ||
                             (writes && output_pitch[31:18] != 14'd0) ||
                             (adds && skip_pitch[31:18] != 14'd0));
    in_over_q    <= in_end > DEPTH;
    out_over_q   <= out_end > DEPTH;
    skip_over_q  <= skip_end > DEPTH;
    // not ==, which Yosys derives from the subtraction for lower_q: two levels more
    fed_q        <= rows && !(|(input_base[17:0] ^ open_base_q));
    in_open_q    <= {15'd0, open_base_q} < in_end && {1'b0, input_base} < {15'd0, open_end_q};
    out_open_q   <= {15'd0, open_base_q} < out_end && {1'b0, output_base} < {15'd0, open_end_q};
    skip_open_q  <= {15'd0, open_base_q} < skip_end && {1'b0, skip_base} < {15'd0, open_end_q};
    in_out_q     <= {1'b0, input_base} < out_end && {1'b0, output_base} < in_end;
    skip_out_q   <= {1'b0, skip_base} < out_end && {1'b0, output_base} < skip_end;
    same_base_q  <= skip_base == output_base;
    same_pitch_q <= skip_pitch == output_pitch;
    in_place_q   <= same_base_q && ((!many && !rows) || same_pitch_q) && !pool;
    bad_memory   <= too_large || far_q || in_over_q || (open_now_q && in_open_q && !fed_q) ||
                    (writes && (out_over_q || in_out_q || (open_now_q && out_open_q))) ||
                    (adds && (skip_over_q || (open_now_q && skip_open_q) ||
                              (skip_out_q && !in_place_q)));
  end

  // ---- weights: words that are used once pass through the memory and may be any number

  reg used_once_q;

  always @(posedge aclk) begin
    used_once_q <= kernel == KERNEL_FULL && !shared && !in_wide && !many;
    bad_weights <= is_layer && group_words > WEIGHT_DEPTH[19:0] && !used_once_q;
  end

  wire unused = &{1'b0, input_pitch[17:0]};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_payload: where each beat of a layer's payload goes (docs/stream_format.md, Payload of
// a layer).
//
//   for each output group:
//     constants                       one set of POUT; for kernel 1x1 two sets
//     depthwise kernels, constants    as many sets, only if a depthwise layer runs behind
//     weight words                    one plane of nibbles after another
//
// `in_constants` and `in_weights` say which of the two comes; `constants_read` and `group_read`
// mark its last beat. The beats of blocks are counted here, too.
//
// Handshake: `ready` is high in a block, or if the memory has space. A constant memory announces
// space a cycle ahead. Whether a beat is the last one comes from registers. `restart` is high
// before a packet, `layer_starts` at least in the cycle before a layer's first beat.

`default_nettype none

module lsfq_parser_payload #(
  parameter PIN     = 16,
  parameter POUT    = 16,
  parameter PARAM_W = 128,
  parameter BEAT_W  = 8
) (
  input  wire              aclk,
  input  wire              restart,
  input  wire              layer_starts,
  input  wire              pointwise,
  input  wire              full,
  input  wire              depthwise,
  input  wire [19:0]       group_words,        // weight words of a group
  input  wire [15:0]       groups,

  input  wire              valid,              // a beat of the packet is there
  output wire              ready,              // a beat of a block or a payload is taken
  input  wire              in_block,
  input  wire              in_constants,
  input  wire              in_weights,
  output wire              block_end,          // this beat is the block's last one
  output wire              constants_read,     // the last of the group's constants is being taken
  output wire              group_read,         // the group's last beat is being taken
  output wire              last_group,

  output wire              constant_write,
  output wire              constant_last,      // the set's last beat
  input  wire              constant_space,     // a beat may come in the next cycle
  output wire              depthwise_kernel_write,
  output wire              depthwise_constant_write,
  input  wire              depthwise_space,    // the same, for both
  output wire              weight_write,
  output wire [1:0]        weight_plane,
  output wire [1:0]        weight_absent,      // the plane that is not sent
  output wire              weight_last,        // the word's last plane
  input  wire              weight_space,       // a beat may come in this cycle
  output wire [BEAT_W-1:0] beat                // of the set or the plane
);

  localparam BLOCK_BEATS = 512 / PARAM_W;
  localparam SET_BEATS   = 64 * POUT / PARAM_W;
  localparam PLANE_BEATS = 4 * PIN * POUT / PARAM_W;
  localparam [BEAT_W-1:0] TWO = 2;

  localparam [2:0] P_CONSTANTS = 3'b001;       // then depthwise kernels, then depthwise constants

  reg  [BEAT_W-1:0] beat_q;
  reg               block_end_q, set_end_q, plane_end_q;        // beat_q is the last one
  reg               word_end_q;                // and its plane the word's last one
  reg               group_end_q;               // and that word the group's last one
  reg               set_q;                     // the second set of a part
  reg  [2:0]        part_q;                    // of what is in front of the weights
  reg               space_q;                   // there is space for that part
  reg  [1:0]        plane_q;
  reg               one_set_q;                 // the kernel has one set of constants, not two
  reg  [1:0]        last_plane_q;
  wire              last_word, next_last_word, next_last_group;

  wire take_constants = valid && in_constants && space_q;
  wire take_weights   = valid && in_weights && weight_space;

  // ---- beats

  wire       last_beat      = in_block ? block_end_q : in_constants ? set_end_q : plane_end_q;
  wire       next_plane_end = last_beat ? PLANE_BEATS == 1
                                        : beat_q == PLANE_BEATS[BEAT_W-1:0] - TWO;

  always @(posedge aclk) begin
    if (valid && ready) begin
      beat_q      <= last_beat ? {BEAT_W{1'b0}} : beat_q + 1'b1;
      block_end_q <= last_beat ? BLOCK_BEATS == 1 : beat_q == BLOCK_BEATS[BEAT_W-1:0] - TWO;
      set_end_q   <= last_beat ? SET_BEATS == 1 : beat_q == SET_BEATS[BEAT_W-1:0] - TWO;
      plane_end_q <= next_plane_end;
    end
    if (restart) begin
      beat_q      <= {BEAT_W{1'b0}};
      block_end_q <= BLOCK_BEATS == 1;
      set_end_q   <= SET_BEATS == 1;
      plane_end_q <= PLANE_BEATS == 1;
    end
  end

  // ---- constants

  wire       last_set   = set_q || one_set_q;
  wire       last_part  = part_q[2] || !depthwise;
  wire       set_taken  = take_constants && set_end_q;
  wire       part_taken = set_taken && last_set;
  wire [2:0] next_part  = !part_taken ? part_q : last_part ? P_CONSTANTS : {part_q[1:0], 1'b0};

  always @(posedge aclk) begin
    one_set_q <= !pointwise;
    space_q   <= next_part[0] ? constant_space : depthwise_space;
    if (restart) begin
      set_q  <= 1'b0;
      part_q <= P_CONSTANTS;
    end
    if (set_taken) begin
      set_q  <= !last_set;
      part_q <= next_part;
    end
  end

  // ---- weights

  wire [1:0] next_plane    = !plane_end_q ? plane_q
                           : word_end_q   ? 2'd0 : plane_q + (one_set_q ? 2'd1 : 2'd2);
  wire       next_word_end = next_plane_end && next_plane == last_plane_q;

  lsfq_loop_counter #(
    .WIDTH(20)
  ) u_words (
    .aclk     (aclk),
    .restart  (layer_starts),
    .count    (group_words),
    .advance  (take_weights && word_end_q),
    .last     (last_word),
    .next_last(next_last_word)
  );

  lsfq_loop_counter #(
    .WIDTH(16)
  ) u_groups (
    .aclk     (aclk),
    .restart  (layer_starts),
    .count    (groups),
    .advance  (group_read),
    .last     (last_group),
    .next_last(next_last_group)
  );

  always @(posedge aclk) begin
    last_plane_q <= full ? 2'd1 : 2'd2;
    if (in_constants) begin
      plane_q     <= 2'd0;
      word_end_q  <= 1'b0;                     // a word has two planes or more
      group_end_q <= 1'b0;
    end
    if (take_weights) begin
      plane_q     <= next_plane;
      word_end_q  <= next_word_end;
      group_end_q <= next_word_end && last_word;
    end
  end

  assign block_end      = block_end_q;
  assign ready          = in_block || (in_constants && space_q) || (in_weights && weight_space);
  assign constants_read = part_taken && last_part;
  assign group_read     = take_weights && group_end_q;

  assign constant_write           = take_constants && part_q[0];
  assign depthwise_kernel_write   = take_constants && part_q[1];
  assign depthwise_constant_write = take_constants && part_q[2];
  assign constant_last            = set_end_q;
  assign weight_write             = take_weights;
  assign weight_plane             = plane_q;
  assign weight_absent            = pointwise ? 2'd1 : full ? 2'd2 : 2'd0;
  assign weight_last              = word_end_q;
  assign beat                     = beat_q;

  wire unused = &{1'b0, next_last_word, next_last_group};

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_walk: where in the feature memory the pairs of a tensor lie, in the order in which they leave the array.
//
//   address = base + image*pitch + (channel group*height + y)*pairs + t                   by additions
//
// A chunk is POUT channels of a pair. With POUT <= PIN it is the part `part` of the word; with POUT > PIN it is POUT/PIN
// words `plane` apart, from channel group `index` on. The images of a group follow one another.
//
// The outputs are those of the next pair of `set`, without delay; `advance` goes on by one pair. The position starts
// anew with `restart`, at least 2 cycles before the first pair.

`default_nettype none

module lsfq_pair_walk #(
  parameter PIN    = 16,
  parameter POUT   = 16,
  parameter PART_W = 3                     // up to 4, and 2 more
) (
  input  wire              aclk,
  input  wire              restart,        // a layer begins

  input  wire              pointwise,      // two sets of channels a group
  input  wire [17:0]       base,
  input  wire [17:0]       plane,          // words of a channel group
  input  wire [15:0]       images,
  input  wire [17:0]       pitch,          // words between images

  input  wire              advance,
  input  wire              set,
  output wire [17:0]       address,
  output wire [16:0]       index,
  output wire [PART_W-1:0] part,
  output wire              group_end       // the set's last pair in its group
);

  localparam WORDS  = POUT > PIN ? POUT / PIN : 1;    // of a chunk
  localparam PARTS  = PIN > POUT ? PIN / POUT : 1;    // chunks of a word
  localparam [PART_W-1:0] PARTS_P = PARTS[PART_W-1:0];
  localparam [16:0]       WORDS_P = WORDS[16:0];

  // where each set's next pair is
  reg  [17:0]       address_q [0:1];
  reg  [17:0]       pairs_q [0:1];         // left of this image, with this one
  reg  [15:0]       images_q [0:1];        // left of this group, with this one
  reg  [16:0]       index_q [0:1];         // channel group of the chunk's first word
  reg  [PART_W-1:0] part_q [0:1];          // of the word
  reg  [17:0]       next_image_q [0:1];    // where the group's next image begins
  reg  [17:0]       next_group_q [0:1];    // where the next group's first image begins

  // from a set's chunk to its next: 1x1 kernels go on by two, the others by one
  wire [17:0]       chunk_span = WORDS == 1 ? plane : WORDS == 2 ? plane << 1 : plane << 2;
  wire [17:0]       jump       = pointwise && PARTS == 1 ? chunk_span << 1 : chunk_span;
  wire [16:0]       jump_index = pointwise && PARTS == 1 ? WORDS_P << 1 : WORDS_P;

  function wraps;                          // the chunk after this part is in another word
    input [PART_W-1:0] from;
    wraps = PARTS == 1 || from + (pointwise ? 3'd2 : 3'd1) >= PARTS_P;
  endfunction

  function [PART_W-1:0] part_after;
    input [PART_W-1:0] from;
    part_after = PARTS == 1 ? {PART_W{1'b0}}
               : from + (pointwise ? 3'd2 : 3'd1) - (wraps(from) ? PARTS_P : {PART_W{1'b0}});
  endfunction

  wire              image_end  = pairs_q[set] == 18'd1;
  wire [17:0]       next_start = group_end ? next_group_q[set] : next_image_q[set];
  wire [PART_W-1:0] next_part  = part_after(part_q[set]);
  reg               restart_q;

  assign address   = address_q[set];
  assign index     = index_q[set];
  assign part      = part_q[set];
  assign group_end = image_end && images_q[set] == 16'd1;

  integer n;
  always @(posedge aclk) begin
    restart_q <= restart;

    if (advance) begin
      address_q[set] <= image_end ? next_start : address_q[set] + 18'd1;
      pairs_q[set]   <= image_end ? plane : pairs_q[set] - 18'd1;
      if (image_end) begin
        images_q[set]     <= group_end ? images : images_q[set] - 16'd1;
        next_image_q[set] <= next_start + pitch;
      end
      if (group_end) begin
        part_q[set] <= next_part;
        if (wraps(part_q[set])) index_q[set] <= index_q[set] + jump_index;
        if (wraps(next_part)) next_group_q[set] <= next_group_q[set] + jump;
      end
    end

    if (restart) begin
      for (n = 0; n < 2; n = n + 1) begin
        pairs_q[n]  <= plane;
        images_q[n] <= images;
      end
      address_q[0] <= base;
      index_q[0]   <= 17'd0;
      part_q[0]    <= {PART_W{1'b0}};
      address_q[1] <= PARTS > 1 ? base : base + chunk_span;
      index_q[1]   <= PARTS > 1 ? 17'd0 : WORDS_P;
      part_q[1]    <= PARTS > 1 ? 3'd1 : 3'd0;
    end
    if (restart_q) begin
      for (n = 0; n < 2; n = n + 1) begin
        next_image_q[n] <= address_q[n] + pitch;
        next_group_q[n] <= wraps(part_q[n]) ? address_q[n] + jump : address_q[n];
      end
    end
  end

endmodule

`default_nettype wire

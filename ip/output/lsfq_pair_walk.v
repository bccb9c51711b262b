// SPDX-License-Identifier: Apache-2.0
//
// lsfq_pair_walk: where in the feature memory the pairs of a tensor lie, in the order in which they leave the array.
//
//   address = base + image*pitch + (channel group*height + y)*pairs + t                   by additions
//
// A chunk is POUT channels of a pair. With POUT <= PIN it is the part `part` of the word; with POUT > PIN it is POUT/PIN
// words `plane` apart, of channel groups that count down to `behind`. The images of a group follow one another. Of 1x1 kernels the
// two sets alternate, the second one as far from the first as a chunk is from the next.
//
// The outputs are those of the next pair, which is of `set`, without delay; `advance` goes on by one pair. The position starts
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
  input  wire [15:0]       planes,         // channel groups
  input  wire [15:0]       images,
  input  wire [17:0]       pitch,          // words between images

  input  wire              advance,
  input  wire              set,
  output wire [17:0]       address,
  output wire [16:0]       behind,         // channel groups behind the chunk's first word, signed: negative past the last
  output wire [PART_W-1:0] part,
  output wire              group_end       // the set's last pair in its group
);

  localparam WORDS  = POUT > PIN ? POUT / PIN : 1;    // of a chunk
  localparam PARTS  = PIN > POUT ? PIN / POUT : 1;    // chunks of a word
  localparam [PART_W-1:0] PARTS_P = PARTS[PART_W-1:0];
  localparam [16:0]       WORDS_P = WORDS[16:0];

  // where the next pair of the first set is
  reg  [17:0]       address_q;
  reg  [18:0]       pairs_q;               // behind it in its image, less 1: negative for the last
  reg  [16:0]       images_q;              // behind its own in the group, less 1
  reg  [16:0]       behind_q;
  reg  [PART_W-1:0] part_q;                // of the word
  reg  [17:0]       next_image_q;          // where the group's next image begins
  reg  [17:0]       next_group_q;          // where the next group's first image begins

  // from a set's chunk to its next: 1x1 kernels go on by two, the others by one
  wire [17:0]       chunk_span  = WORDS == 1 ? plane : WORDS == 2 ? plane << 1 : plane << 2;
  wire [17:0]       jump        = pointwise && PARTS == 1 ? chunk_span << 1 : chunk_span;
  wire [16:0]       jump_behind = pointwise && PARTS == 1 ? WORDS_P << 1 : WORDS_P;
  wire              second      = PARTS == 1 && set;

  // the chunk behind this group's is in another word
  wire [PART_W-1:0] part_sum   = part_q + (pointwise ? 3'd2 : 3'd1);
  wire              wraps      = PARTS == 1 || part_sum >= PARTS_P;
  wire [PART_W-1:0] next_part  = PARTS == 1 ? {PART_W{1'b0}} : wraps ? part_sum - PARTS_P : part_sum;
  wire              next_wraps = PARTS == 1 || next_part + (pointwise ? 3'd2 : 3'd1) >= PARTS_P;

  wire              move        = advance && set == pointwise;
  wire              image_end   = pairs_q[18];
  wire              last_image  = images_q[16];
  wire              load_pairs  = restart || image_end;
  wire              load_images = restart || last_image;
  wire [17:0]       next_start  = last_image ? next_group_q : next_image_q;
  reg               restart_q;

  assign address   = address_q + (second ? chunk_span : 18'd0);
  assign behind    = behind_q - (second ? WORDS_P : 17'd0);
  assign part      = PARTS > 1 && set ? part_q | 3'd1 : part_q;
  assign group_end = image_end && last_image;

  always @(posedge aclk) begin
    restart_q <= restart;

    if (restart || move) pairs_q <= (load_pairs ? {1'b0, plane} : pairs_q) + {{18{1'b1}}, !load_pairs};
    if (restart || (move && image_end))
      images_q <= (load_images ? {1'b0, images} : images_q) + {{16{1'b1}}, !load_images};

    if (move) address_q <= image_end ? next_start : address_q + 18'd1;
    if (move && group_end) begin
      part_q <= next_part;
      if (wraps) behind_q <= behind_q - jump_behind;
    end
    if (restart_q || (move && image_end))
      next_image_q <= (restart_q ? address_q : next_start) + pitch;
    if (restart_q || (move && group_end && next_wraps))
      next_group_q <= (restart_q ? address_q : next_group_q) + (restart_q && !wraps ? 18'd0 : jump);

    if (restart) begin
      address_q <= base;
      behind_q  <= {1'b0, planes} - 17'd1;
      part_q    <= {PART_W{1'b0}};
    end
  end

endmodule

`default_nettype wire

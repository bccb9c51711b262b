// SPDX-License-Identifier: Apache-2.0
//
// lsfq_parser_reserved: the words of a block in which a bit is set that the format does not name.
//
// Generated from ref_model/hardware/blocks.py by `make registers`: change that.
// Combinational.

`default_nettype none

module lsfq_parser_reserved (
  input  wire [511:0] block,
  input  wire         is_program,
  input  wire         is_load,
  input  wire         is_layer,
  input  wire         is_end,
  output wire [14:1]  bad               // the other words have a name for every bit
);

  function [31:0] reserved;             // bits without a name, by kind
    input [3:0]  kind;
    input [31:0] of_program, of_load, of_layer, of_end;
    reserved = ({32{kind[0]}} & of_program) | ({32{kind[1]}} & of_load)
             | ({32{kind[2]}} & of_layer) | ({32{kind[3]}} & of_end);
  endfunction

  wire [3:0] kind = {is_end, is_layer, is_load, is_program};

  assign bad[1]  = |(block[63:32] & reserved(kind,
    32'h00000000, 32'hFFFF0000, 32'h00000000, 32'hFFFFFFFF));
  assign bad[2]  = |(block[95:64] & reserved(kind,
    32'hFFFF0000, 32'h00000000, 32'h00000000, 32'hFFFFFFFF));
  assign bad[3]  = |(block[127:96] & reserved(kind,
    32'hFFFFFFFF, 32'hF0000000, 32'h00000000, 32'hFFFFFFFF));
  assign bad[4]  = |(block[159:128] & reserved(kind,
    32'hFFFFFFFF, 32'h00000000, 32'h00000000, 32'hFFFFFFFF));
  assign bad[5]  = |(block[191:160] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'h00000000, 32'hFFFFFFFF));
  assign bad[6]  = |(block[223:192] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'h00000000, 32'hFFFFFFFF));
  assign bad[7]  = |(block[255:224] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'hFF000000, 32'hFFFFFFFF));
  assign bad[8]  = |(block[287:256] & reserved(kind,
    32'hFFFFFFFF, 32'h00000000, 32'h00000000, 32'hFFFFFFFF));
  assign bad[9]  = |(block[319:288] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'h00000000, 32'hFFFFFFFF));
  assign bad[10] = |(block[351:320] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'h00000000, 32'hFFFFFFFF));
  assign bad[11] = |(block[383:352] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'h00FC0000, 32'hFFFFFFFF));
  assign bad[12] = |(block[415:384] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'h00000000, 32'hFFFFFFFF));
  assign bad[13] = |(block[447:416] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'hFFFF0000, 32'hFFFFFFFF));
  assign bad[14] = |(block[479:448] & reserved(kind,
    32'hFFFFFFFF, 32'hFFFFFFFF, 32'hFFFF0000, 32'hFFFFFFFF));

  wire unused = &{1'b0, block};

endmodule

`default_nettype wire

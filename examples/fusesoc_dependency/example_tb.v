// SPDX-License-Identifier: Apache-2.0
//
// example_tb: reads what the accelerator is, starts it with a program that is none, and waits for the interrupt
// that says so. Addresses and bits: docs/registers.md.

`default_nettype none

module example_tb;

  localparam [11:0] ID = 12'h000, CORE = 12'h008, CONTROL = 12'h020, ERROR = 12'h028, IRQ_ENABLE = 12'h034;

  reg         aclk = 1'b0, aresetn = 1'b0;
  reg  [11:0] awaddr = 12'd0, araddr = 12'd0;
  reg         awvalid = 1'b0, wvalid = 1'b0, arvalid = 1'b0;
  reg  [31:0] wdata = 32'd0;
  wire        awready, wready, bvalid, arready, rvalid, irq, param_ready;
  wire [31:0] rdata;
  reg  [31:0] value = 32'd0;
  reg         begin_program = 1'b0;
  wire        param_valid;
  reg  [4:0]  word_q = 5'd0;

  example_top u_top (
    .aclk       (aclk),
    .aresetn    (aresetn),
    .awaddr     (awaddr),
    .awvalid    (awvalid),
    .awready    (awready),
    .wdata      (wdata),
    .wvalid     (wvalid),
    .wready     (wready),
    .bvalid     (bvalid),
    .araddr     (araddr),
    .arvalid    (arvalid),
    .arready    (arready),
    .rdata      (rdata),
    .rvalid     (rvalid),
    .irq        (irq),
    .param_data (32'h0BAD0BAD),
    .param_last (word_q == 5'd15),
    .param_valid(param_valid),
    .param_ready(param_ready)
  );

  always #5 aclk = !aclk;

  // sixteen words without the magic number
  assign param_valid = begin_program && !word_q[4];
  always @(posedge aclk) if (param_valid && param_ready) word_q <= word_q + 5'd1;

  // Everything is driven and looked at on the falling edge, half a cycle away from the core's own.
  task read(input [11:0] address);
    begin
      araddr  = address;
      arvalid = 1'b1;
      while (!arready) @(negedge aclk);
      @(negedge aclk);
      arvalid = 1'b0;
      while (!rvalid) @(negedge aclk);
      value = rdata;
      @(negedge aclk);
    end
  endtask

  task write(input [11:0] address, input [31:0] data);
    begin
      awaddr  = address;
      wdata   = data;
      awvalid = 1'b1;
      wvalid  = 1'b1;
      while (!awready || !wready) @(negedge aclk);
      @(negedge aclk);
      awvalid = 1'b0;
      wvalid  = 1'b0;
      while (!bvalid) @(negedge aclk);
      @(negedge aclk);
    end
  endtask

  task expect_value(input [31:0] wanted);
    if (value !== wanted) begin
      $display("FAIL: read %h, not %h", value, wanted);
      $fatal;
    end
  endtask

  initial begin
    repeat (4) @(negedge aclk);
    aresetn = 1'b1;
    @(negedge aclk);

    read(ID);
    expect_value(32'h5146534C);
    read(CORE);
    expect_value({value[31:24], 8'd27, 8'd4, 8'd4});

    write(IRQ_ENABLE, 32'd3);
    write(CONTROL, 32'd1);
    begin_program = 1'b1;
    wait (irq);
    @(negedge aclk);
    read(ERROR);
    expect_value(32'hFFFF0003);  // MAGIC, in the PROGRAM block

    $display("PASS: a 4x4 accelerator, which knows a program from none");
    $finish;
  end

  initial begin
    #100000;
    $display("FAIL: no interrupt");
    $fatal;
  end

endmodule

`default_nettype wire

// SPDX-License-Identifier: Apache-2.0
//
// The core as a process: Verilator's model of `lsfq_accel`, driven by commands on standard input.
//
// The clock runs only while a command is carried out, so a run repeats exactly and an idle server costs
// nothing. Every command ends within a bounded number of cycles. The process ends when its input ends.
//
// A command is four 32-bit words {operation, a, b, length} and `length` bytes; the answer is four words
// {status, a, b, length} and bytes. Words are little-endian. Operations and their arguments: `enum Operation`.
// What the Verilog or Verilator prints goes to standard error.

#include <verilated.h>
#if VM_TRACE
#include <verilated_vcd_c.h>
#endif

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "Vlsfq_accel.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t PROTOCOL = 1;
constexpr uint32_t ANY_SIZE = 0xFFFFFFFFu;
constexpr uint64_t BUS_LIMIT = 10000;  // cycles that a register access may take

enum Operation : uint32_t {
  HELLO = 0,    // -> a: protocol, b: bytes a beat of parameters | image << 16
  READ = 1,     // a: address -> a: value
  WRITE = 2,    // a: address, b: value
  SEND = 3,     // a: stream, b: whether TLAST ends it, bytes -> queued, filled with zeros to whole beats
  ROOM = 4,     // a: bytes that results may take from now on, or ANY_SIZE
  RUN = 5,      // a: cycles at most, b: events that end it -> a: cycles run, b: events
  RECEIVE = 6,  // -> the oldest finished packet; a: whether TLAST ended it; status NOTHING without one
  FLUSH = 7,    // a: streams (bits) whose queues are emptied
  RESET = 8,    // pulse aresetn
  STALLS = 9,   // a: stream, b: pauses in 256 cycles
  PENDING = 10, // a: stream -> a: bytes queued or (results) of the unfinished packet
};

enum Status : uint32_t { OK = 0, BUS_TIMEOUT = 1, NOTHING = 2, BAD_COMMAND = 3 };

enum Stream : uint32_t { PARAMETERS = 0, IMAGES = 1, RESULTS = 2 };

enum Event : uint32_t {
  INTERRUPT = 1,         // irq is high
  PACKET = 2,            // a result packet is finished
  PARAMETERS_SENT = 4,   // nothing is queued
  IMAGES_SENT = 8,
};

// Pauses: a fixed, seeded sequence, so that a run repeats.
class Pauses {
 public:
  void set(uint32_t share, uint32_t seed) {
    share_ = share;
    state_ = 2463534242u + seed * 2654435769u;
    if (state_ == 0) state_ = 1;
  }
  bool now() {
    if (share_ == 0) return false;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return (state_ >> 8 & 255) < share_;
  }

 private:
  uint32_t share_ = 0;
  uint32_t state_ = 1;
};

// The sending end of a stream. TVALID stays up until the beat is taken.
template <class Data>
class Source {
 public:
  Source(Data& data, CData& last, CData& valid, const CData& ready)
      : data_(data), last_(last), valid_(valid), ready_(ready) {}

  static constexpr size_t BEAT = sizeof(Data);
  Pauses pauses;

  void send(Bytes packet, bool ends) {
    packet.resize((packet.size() + BEAT - 1) / BEAT * BEAT);
    queued_ += packet.size();
    if (!packet.empty()) packets_.push_back({std::move(packet), ends});
  }
  void flush() {
    packets_.clear();
    queued_ = position_ = 0;
    valid_ = 0;
  }
  size_t queued() const { return queued_; }

  bool taken() const { return valid_ && ready_; }

  // After a rising edge: `was_taken` is what taken() said before it.
  void step(bool was_taken) {
    if (was_taken && !packets_.empty()) {
      position_ += BEAT;
      queued_ -= BEAT;
      if (position_ == packets_.front().bytes.size()) {
        packets_.pop_front();
        position_ = 0;
      }
    }
    if (was_taken || !valid_) {
      valid_ = !packets_.empty() && !pauses.now();
      if (valid_) {
        const Packet& packet = packets_.front();
        std::memcpy(static_cast<void*>(&data_), packet.bytes.data() + position_, BEAT);
        last_ = packet.ends && position_ + BEAT == packet.bytes.size();
      }
    }
  }

 private:
  struct Packet {
    Bytes bytes;
    bool ends;
  };
  Data& data_;
  CData& last_;
  CData& valid_;
  const CData& ready_;
  std::deque<Packet> packets_;
  size_t position_ = 0;
  size_t queued_ = 0;
};

// The receiving end. It takes beats while there is room; a packet ends with TLAST or where its room ends.
class Sink {
 public:
  Sink(const QData& data, const CData& last, const CData& valid, CData& ready)
      : data_(data), last_(last), valid_(valid), ready_(ready) {}

  struct Packet {
    Bytes bytes;
    bool ended;
  };
  Pauses pauses;
  std::deque<Packet> packets;

  void room(uint32_t bytes) {
    unlimited_ = bytes == ANY_SIZE;
    room_ = unlimited_ ? 0 : bytes / sizeof(QData) * sizeof(QData);
  }
  void flush() {
    packets.clear();
    open_.clear();
    if (!unlimited_) room_ = 0;
    ready_ = 0;
  }
  size_t unfinished() const { return open_.size(); }

  bool taken() const { return valid_ && ready_; }

  // Before a rising edge, while the beat is still there.
  void take() {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&data_);
    open_.insert(open_.end(), bytes, bytes + sizeof(QData));
    if (!unlimited_) room_ -= sizeof(QData);
    if (last_ || (!unlimited_ && room_ == 0)) {
      packets.push_back({std::move(open_), last_ != 0});
      open_.clear();
      room_ = 0;
    }
  }
  void step() { ready_ = (unlimited_ || room_ != 0) && !pauses.now(); }

 private:
  const QData& data_;
  const CData& last_;
  const CData& valid_;
  CData& ready_;
  Bytes open_;
  bool unlimited_ = true;
  size_t room_ = 0;
};

class Core {
 public:
  explicit Core(VerilatedContext* context)
      : context_(context),
        top_(std::make_unique<Vlsfq_accel>(context)),
        parameters(top_->s_axis_param_tdata, top_->s_axis_param_tlast, top_->s_axis_param_tvalid,
                   top_->s_axis_param_tready),
        images(top_->s_axis_data_tdata, top_->s_axis_data_tlast, top_->s_axis_data_tvalid,
               top_->s_axis_data_tready),
        results(top_->m_axis_data_tdata, top_->m_axis_data_tlast, top_->m_axis_data_tvalid,
                top_->m_axis_data_tready) {
#if VM_TRACE
    const std::string file = context->commandArgsPlusMatch("waves=");
    if (!file.empty()) {
      context->traceEverOn(true);
      waves_ = std::make_unique<VerilatedVcdC>();
      top_->trace(waves_.get(), 99);
      waves_->open(file.c_str() + std::strlen("+waves="));
    }
#endif
    reset();
  }

  ~Core() {
#if VM_TRACE
    if (waves_) waves_->close();
#endif
    top_->final();
  }

 private:
  VerilatedContext* context_;
  std::unique_ptr<Vlsfq_accel> top_;
#if VM_TRACE
  std::unique_ptr<VerilatedVcdC> waves_;
#endif

 public:
  Source<std::remove_reference_t<decltype(Vlsfq_accel::s_axis_param_tdata)>> parameters;
  Source<std::remove_reference_t<decltype(Vlsfq_accel::s_axis_data_tdata)>> images;
  Sink results;

  void reset() {
    parameters.flush();
    images.flush();
    results.flush();
    top_->s_axi_awvalid = top_->s_axi_wvalid = top_->s_axi_arvalid = 0;
    top_->s_axi_bready = top_->s_axi_rready = 0;
    top_->s_axi_awprot = top_->s_axi_arprot = 0;
    top_->aresetn = 0;
    for (int n = 0; n < 10; ++n) cycle();
    top_->aresetn = 1;
    cycle();
  }

  uint32_t events() const {
    return (top_->irq ? INTERRUPT : 0u) | (results.packets.empty() ? 0u : PACKET) |
           (parameters.queued() ? 0u : PARAMETERS_SENT) | (images.queued() ? 0u : IMAGES_SENT);
  }

  uint32_t run(uint32_t cycles, uint32_t until) {
    uint32_t done = 0;
    while (done < cycles && !(events() & until)) {
      cycle();
      ++done;
    }
    return done;
  }

  bool read(uint32_t address, uint32_t& value) {
    top_->s_axi_araddr = address & 0xFFF;
    top_->s_axi_arvalid = 1;
    top_->s_axi_rready = 1;
    for (uint64_t n = 0; n < BUS_LIMIT; ++n) {
      settle();
      const bool asked = top_->s_axi_arvalid && top_->s_axi_arready;
      const bool answered = top_->s_axi_rvalid;
      value = top_->s_axi_rdata;
      cycle();
      if (asked) top_->s_axi_arvalid = 0;
      if (answered) {
        top_->s_axi_rready = 0;
        return true;
      }
    }
    return false;
  }

  bool write(uint32_t address, uint32_t value) {
    top_->s_axi_awaddr = address & 0xFFF;
    top_->s_axi_wdata = value;
    top_->s_axi_wstrb = 0xF;
    top_->s_axi_awvalid = top_->s_axi_wvalid = top_->s_axi_bready = 1;
    for (uint64_t n = 0; n < BUS_LIMIT; ++n) {
      settle();
      const bool address_taken = top_->s_axi_awvalid && top_->s_axi_awready;
      const bool data_taken = top_->s_axi_wvalid && top_->s_axi_wready;
      const bool answered = top_->s_axi_bvalid;
      cycle();
      if (address_taken) top_->s_axi_awvalid = 0;
      if (data_taken) top_->s_axi_wvalid = 0;
      if (answered) {
        top_->s_axi_bready = 0;
        return true;
      }
    }
    return false;
  }

 private:
  void settle() {
    top_->aclk = 0;
    top_->eval();
  }

  void cycle() {
    settle();
    dump();
    const bool parameter_taken = parameters.taken();
    const bool image_taken = images.taken();
    if (results.taken()) results.take();
    context_->timeInc(5);
    top_->aclk = 1;
    top_->eval();
    dump();
    context_->timeInc(5);
    parameters.step(parameter_taken);
    images.step(image_taken);
    results.step();
  }

  void dump() {
#if VM_TRACE
    if (!waves_) return;
    waves_->dump(context_->time());
    if (!waves_->isOpen()) {  // Verilator closes a file that it cannot write
      std::fputs("the waves cannot be written: is the disk full?\n", stderr);
      std::_Exit(1);
    }
#endif
  }
};

// ---- commands

bool read_all(int file, void* target, size_t size) {
  auto* bytes = static_cast<uint8_t*>(target);
  while (size) {
    const ssize_t got = ::read(file, bytes, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

bool write_all(int file, const void* source, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(source);
  while (size) {
    const ssize_t put = ::write(file, bytes, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes += put;
    size -= static_cast<size_t>(put);
  }
  return true;
}

struct Message {
  uint32_t head;
  uint32_t a;
  uint32_t b;
  uint32_t length;
};

Message carry_out(Core& core, const Message& command, Bytes& bytes) {
  Message answer{OK, 0, 0, 0};
  Bytes given;
  given.swap(bytes);
  switch (command.head) {
    case HELLO:
      answer.a = PROTOCOL;
      answer.b = static_cast<uint32_t>(core.parameters.BEAT | core.images.BEAT << 16);
      break;
    case READ:
      if (!core.read(command.a, answer.a)) answer.head = BUS_TIMEOUT;
      break;
    case WRITE:
      if (!core.write(command.a, command.b)) answer.head = BUS_TIMEOUT;
      break;
    case SEND:
      if (command.a == PARAMETERS) core.parameters.send(std::move(given), command.b != 0);
      else if (command.a == IMAGES) core.images.send(std::move(given), command.b != 0);
      else answer.head = BAD_COMMAND;
      break;
    case ROOM:
      core.results.room(command.a);
      break;
    case RUN:
      answer.a = core.run(command.a, command.b);
      answer.b = core.events();
      break;
    case RECEIVE:
      if (core.results.packets.empty()) {
        answer.head = NOTHING;
      } else {
        bytes = std::move(core.results.packets.front().bytes);
        answer.a = core.results.packets.front().ended;
        core.results.packets.pop_front();
      }
      break;
    case FLUSH:
      if (command.a & 1u << PARAMETERS) core.parameters.flush();
      if (command.a & 1u << IMAGES) core.images.flush();
      if (command.a & 1u << RESULTS) core.results.flush();
      break;
    case RESET:
      core.reset();
      break;
    case STALLS:
      if (command.a == PARAMETERS) core.parameters.pauses.set(command.b, 1);
      else if (command.a == IMAGES) core.images.pauses.set(command.b, 2);
      else if (command.a == RESULTS) core.results.pauses.set(command.b, 3);
      else answer.head = BAD_COMMAND;
      break;
    case PENDING:
      if (command.a == PARAMETERS) answer.a = static_cast<uint32_t>(core.parameters.queued());
      else if (command.a == IMAGES) answer.a = static_cast<uint32_t>(core.images.queued());
      else answer.a = static_cast<uint32_t>(core.results.unfinished());
      break;
    default:
      answer.head = BAD_COMMAND;
  }
  answer.length = static_cast<uint32_t>(bytes.size());
  return answer;
}

}  // namespace

int main(int argc, char** argv) {
  const int answers = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);

  const auto context = std::make_unique<VerilatedContext>();
  context->randReset(2);  // what no reset initialises starts at random
  context->randSeed(1);
  context->commandArgs(argc, argv);
  Core core(context.get());

  Message command;
  Bytes bytes;
  while (read_all(STDIN_FILENO, &command, sizeof command)) {
    bytes.resize(command.length);
    if (!read_all(STDIN_FILENO, bytes.data(), bytes.size())) break;
    const Message answer = carry_out(core, command, bytes);
    if (!write_all(answers, &answer, sizeof answer) || !write_all(answers, bytes.data(), bytes.size())) break;
    bytes.clear();
  }
  return 0;
}

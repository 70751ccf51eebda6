// Budgets, counted down in one place.
//
// Every growth of the engine and every loop over something that input can make long spends from a Meter; an empty
// one throws LimitExceeded, which bindings.cpp turns into structgen.LimitExceeded. Tables are only ever appended
// to, and a memo is written after its value is complete: so an exception leaves everything consistent.
#pragma once

#include <chrono>

#include "intern.h"

namespace structgen {

struct LimitExceeded {
  const char* which;
  u64 value;
};

// No text of the grammar exists; `what` says why.
struct EmptyLanguage {
  const char* what;
};

struct Limits {
  u64 expressions = 2'000'000;
  u64 states = 1'000'000;
  u64 work = 200'000'000;
  u64 row_bytes = 256ull << 20;
  u64 nesting = 100'000;
  u64 milliseconds = 10'000;
};

// Recursion that input can make deep ends in an error, not in the stack.
struct Depth {
  static constexpr u32 kMost = 2000;  // some 1 KiB of stack each
  explicit Depth(u32& depth) : d(depth) {
    if (d >= kMost) throw LimitExceeded{"nesting", kMost};
    ++d;
  }
  ~Depth() { --d; }
  u32& d;
};

struct Meter {
  static constexpr u64 kTicks = 1024;

  Limits limits;
  u64 expressions = 0;  // made so far, in all
  u64 work = 0;         // spent by the call under way

  bool held = false;  // tables are half written: steps are counted, but nothing is thrown

  u64 ticks = 0, next_look = kTicks;
  std::chrono::steady_clock::time_point deadline{};

  struct Hold {
    explicit Hold(Meter& m) : meter(m), before(m.held) { meter.held = true; }
    ~Hold() { meter.held = before; }
    Meter& meter;
    bool before;
  };

  void begin() {
    work = 0;
    ticks = 0;
    next_look = kTicks;
  }
  void spend(u64 steps) {
    work += steps;
    if (held) return;
    if (work > limits.work) throw LimitExceeded{"work", limits.work};
    ticks += 1 + steps / kTicks;
    if (ticks >= next_look) check_time();
  }
  // The clock starts when a call turns out to be long: a short one never asks for the time.
  void check_time() {
    const auto now = std::chrono::steady_clock::now();
    if (next_look == kTicks)
      deadline = now + std::chrono::milliseconds(limits.milliseconds);
    else if (now > deadline)
      throw LimitExceeded{"milliseconds", limits.milliseconds};
    next_look = ticks + kTicks;
  }
  void expression() {
    if (++expressions > limits.expressions) throw LimitExceeded{"expressions", limits.expressions};
    spend(1);
  }
  void states(u64 count) const {
    if (count > limits.states) throw LimitExceeded{"states", limits.states};
  }
  void nesting(u64 depth) const {
    if (depth > limits.nesting) throw LimitExceeded{"nesting", limits.nesting};
  }
};

}  // namespace structgen

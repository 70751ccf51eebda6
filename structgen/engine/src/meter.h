// Budgets, counted down in one place.
//
// Every growth of the engine and every loop over something that input can make long spends from a Meter; an empty
// one throws LimitExceeded, which bindings.cpp turns into structgen.LimitExceeded. Tables are only ever appended
// to, and a memo is written after its value is complete: so an exception leaves everything consistent.
#pragma once

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
};

struct Meter {
  Limits limits;
  u64 expressions = 0;  // made so far, in all
  u64 work = 0;         // spent by the call under way

  void begin() { work = 0; }
  void spend(u64 steps) {
    work += steps;
    if (work > limits.work) throw LimitExceeded{"work", limits.work};
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

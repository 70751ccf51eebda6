// Facts: what is known of an expression from its parts, when it is made.
#pragma once

#include <vector>

#include "intern.h"

namespace structgen {

using ExprId = u32;
constexpr ExprId kEmpty = 0, kEpsilon = 1, kAll = 2;  // nothing, the empty text, every byte string
constexpr u32 kUnbounded = kNone;

struct ExpressionFacts {
  enum Kind : u8 { Empty, Epsilon, Switch, Concat, Union, Inter, Not, Repeat, Divisible };

  ByteSet bounds{};  // bit b: derivatives by b - 1 and b may differ
  ByteSet live{};    // bytes that may begin a text
  u32 shortest = 0;  // length of the shortest text; kFar if there is none, kNone if that takes a search
  u32 least = 0;     // no text is shorter
  u32 longest = 0;   // no text is longer; kFar if there is no bound
  bool nullable = false;
  bool boolean = false;  // an Inter or Not is inside
  bool open = false;     // many texts match: there is a repetition of more than a few, or a complement

  // The bytes that begin a text of the part may begin one of the whole.
  void begin_with(const ExpressionFacts& part);
};

// `known`: the facts of all parts, by id. expression.h says what the arguments are.
ExpressionFacts describe(ExpressionFacts::Kind kind, Span args, const std::vector<ExpressionFacts>& known);

}  // namespace structgen

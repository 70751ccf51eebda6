// How many texts a language has, by lower bounds. Texts that must differ (`uniqueItems`) must not run out.
#pragma once

#include "languages.h"

namespace structgen {

class TextCounts {
 public:
  static constexpr u32 kMany = 1u << 24, kUnknown = kNone;

  explicit TextCounts(Languages& languages) : languages_(languages), e_(languages.expressions()) {}
  void set_meter(Meter* meter) { meter_ = meter; }

  // A lower bound of the number of texts, up to kMany.
  u32 at_least(ExprId e, u32 depth = 0);
  // How many texts there are, up to kMany; kUnknown if more states than this had to be visited to find it.
  u32 count(ExprId e, u32 states);
  // So many texts of the language, and of what remains of it after any text, have no more bytes than this; kFar if
  // there are not so many, or it takes too long to find.
  u32 longest_of(ExprId e, u32 texts);

 private:
  class Lengths;
  class Search;
  u64 compute_at_least(ExprId e, u32 depth);
  u64 of_switch(Span args, u32 depth);
  u64 of_union(Span parts, u32 depth);
  u64 of_intersection(Span parts, u32 depth);
  u64 of_repeat(Span args, u32 depth);
  u64 at_most(ExprId e, u32 depth);
  u64 at_most_of_switch(Span args, u32 depth);
  u32 bytes_matched(ExprId e) const;

  Languages& languages_;
  Expressions& e_;
  Memo memo_;
  Meter* meter_ = nullptr;
};

}  // namespace structgen

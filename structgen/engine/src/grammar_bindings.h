// What the bindings of compiled grammars and of matchers share: when the GIL is released, and where rows are written.
//
// What is memoised is answered at once, without releasing the GIL.
#pragma once

#include <nanobind/ndarray.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "bindings.h"
#include "compiled_grammar.h"

namespace structgen {

using Rows = nanobind::ndarray<std::int32_t, nanobind::ndim<2>, nanobind::device::cpu>;

// Runs `work` without the GIL, with the store locked and the meter of the grammar attached.
template <class Work>
auto locked(CompiledGrammar& grammar, Work&& work, std::unique_lock<std::mutex> taken = {}) {
  const nanobind::gil_scoped_release released;
  const std::unique_lock guard = taken.owns_lock() ? std::move(taken) : std::unique_lock(grammar.store().mutex);
  const MeterScope scope(grammar.store(), grammar.meter());
  return work();
}

// The same for work that is mostly short. It starts with the GIL and few steps; if these are not enough, it starts
// again without the GIL. So `work` must change nothing of the caller's before it is done; the tables of the engine are
// whole in between, and keep what was found.
template <class Work>
auto step(CompiledGrammar& grammar, Work&& work, std::unique_lock<std::mutex> taken) {
  constexpr u64 kShort = 1000;
  struct Allowance {
    explicit Allowance(u64& limit) : work(limit), whole(limit) { work = kShort; }
    ~Allowance() { work = whole; }
    u64& work;
    const u64 whole;
  };
  if (grammar.meter().limits.work > kShort) {
    const Allowance allowance(grammar.meter().limits.work);
    const MeterScope scope(grammar.store(), grammar.meter());
    try {
      return work();
    } catch (const LimitExceeded& error) {
      if (error.value != kShort || std::string_view(error.which) != "work") throw;
    }
  }
  return locked(grammar, work, std::move(taken));
}

// A row of an array of bitmasks.
struct RowPlace {
  u32* words = nullptr;
  std::size_t count = 0;
};

// Raises if the array cannot hold rows of the vocabulary, or has no such row.
inline RowPlace place_of(const Rows& rows, std::int64_t row, const Trie& trie) {
  if (rows.stride(1) != 1 && rows.shape(1) > 1) throw nanobind::value_error("the words of a row must be contiguous");
  if (row < 0 || static_cast<std::size_t>(row) >= rows.shape(0))
    throw nanobind::index_error("no such row in the array");
  if (rows.shape(1) < trie.words())
    throw nanobind::value_error(
        "the array is too narrow: a row needs ceil(V / 32) words, V the size of the vocabulary");
  return {reinterpret_cast<u32*>(rows.data() + row * rows.stride(0)), rows.shape(1)};
}

// Writes the row, and zeros for the words beyond the vocabulary. False if there is none.
inline bool write(const Row& row, const RowPlace& to, const Trie& trie) {
  if (!row) return false;
  row->store(to.words);
  std::fill(to.words + trie.words(), to.words + to.count, 0u);
  return true;
}

// Writes the row of the position. False in a dead end.
inline bool fill(CompiledGrammar& grammar, const Position& position, const RowPlace& to) {
  const Trie& trie = grammar.store().trie;
  auto lock = brief_lock(grammar.store());
  if (write(grammar.masks().known_row(position).row, to, trie)) return true;
  return step(grammar, [&] { return write(grammar.masks().row(position), to, trie); }, std::move(lock));
}

// The row of the position with its id; null in a dead end.
inline RowTable::Numbered numbered_row(CompiledGrammar& grammar, const Position& position) {
  Masks& masks = grammar.masks();
  auto lock = brief_lock(grammar.store());
  if (const RowTable::Numbered& known = masks.known_row(position); known.row) return known;
  return step(grammar, [&] { return masks.number(position, masks.row(position)); }, std::move(lock));
}

// The token as the engine numbers it; kNone, which is no token, for what no vocabulary can have.
inline u32 token_of(std::int64_t token) {
  return token >= 0 && token < static_cast<std::int64_t>(kNone) ? static_cast<u32>(token) : kNone;
}

Position position_of(CompiledGrammar& grammar, std::int64_t number);  // grammar_bindings.cpp
std::int64_t number_of(CompiledGrammar& grammar, const Position& position);

}  // namespace structgen

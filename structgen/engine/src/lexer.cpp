#include "lexer.h"

#include <algorithm>

namespace structgen {

Lexer::Lexer(Expressions& expressions) : expressions_(expressions) {
  intern({});
  intern({kGuard, kEmpty});
}

u32 Lexer::intern(const std::vector<u32>& members) {
  bool added = false;
  const u32 id = tuples_.intern(members, &added);
  if (added) {
    Info info;
    info.ended = !members.empty();
    for (std::size_t i = 0; i < members.size(); i += 2) {
      info.ended &= members[i + 1] == kEpsilon;
      if (members[i] == kGuard) continue;
      ++info.members;
      info.accepting |= expressions_.nullable(members[i + 1]);
    }
    infos_.push_back(info);
    rows_.emplace_back();
    if (meter_) meter_->spend(1 + members.size());
  }
  return id;
}

u32 Lexer::state(const std::vector<ExprId>& parts, const std::vector<ExprId>& guards) {
  std::vector<u32> members;
  members.reserve((parts.size() + guards.size()) * 2);
  for (u32 i = 0; i < parts.size(); ++i) {
    members.push_back(i);
    members.push_back(parts[i]);
  }
  for (ExprId guard : guards) {
    members.push_back(kGuard);
    members.push_back(guard);
  }
  return intern(members);
}

u32 Lexer::compute_next(u32 state, u8 byte) {
  const Span tuple = tuples_[state];
  std::vector<u32> members;
  u32 lo = 0, hi = 255;
  for (u32 i = 0; i < tuple.size; i += 2) {
    const ExprId rest = expressions_.derive(tuple[i + 1], byte);
    const auto [first, last] = expressions_.interval(tuple[i + 1], byte);
    lo = std::max<u32>(lo, first);
    hi = std::min<u32>(hi, last);
    if (rest == kEmpty || expressions_.is_empty(rest)) continue;
    members.push_back(tuple[i]);
    members.push_back(rest);
  }
  if (meter_) meter_->spend(tuple.size);
  const u32 result = !members.empty() && members[0] == kGuard ? kBlocked : intern(members);
  if (u32* row = rows_[state].get())
    std::fill(row + lo, row + hi + 1, result);
  else
    memo_.put((static_cast<u64>(state) << 8) | byte, result);
  return result;
}

const u32* Lexer::row(u32 state) {
  if (!rows_[state]) {
    rows_[state] = std::make_unique<u32[]>(256);
    std::fill_n(rows_[state].get(), 256, kNone);
    ++row_count_;
  }
  return rows_[state].get();
}

u32 Lexer::clipped(u32 state, u32 longest) {
  if (infos_[state].clipped != kNone) return infos_[state].clipped;
  std::vector<u32> members;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {
    members.push_back(index(state, i));
    members.push_back(expressions_.clip(rest(state, i), longest));
  }
  const u32 found = intern(members);
  infos_[found].clipped = found;
  infos_[state].clipped = found;
  return found;
}

u32 Lexer::normal(u32 state, u32 longest) {
  if (infos_[state].normal != kNone) return infos_[state].normal;
  std::vector<ExprId> parts, guards;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i)
    (index(state, i) == kGuard ? guards : parts).push_back(expressions_.clip(rest(state, i), longest));
  const u32 found = this->state(parts, guards);
  infos_[found].normal = found;
  infos_[state].normal = found;
  return found;
}

ByteSet Lexer::bounds(u32 state) const {
  ByteSet found{};
  for (u32 i = 0; i < members(state); ++i)
    for (std::size_t word = 0; word < 4; ++word) found[word] |= expressions_.bounds(rest(state, i))[word];
  return found;
}

u32 Lexer::plainer(u32 state) {
  if (infos_[state].plainer != kNone) return infos_[state].plainer;
  std::vector<u32> members;
  bool less = false;
  for (u32 i = 0; i < this->members(state); ++i) {
    const ExprId e = rest(state, i);
    less |= !expressions_.open(e);
    if (!expressions_.open(e)) continue;
    members.push_back(index(state, i));
    members.push_back(expressions_.plainer(e));
    less |= members.back() != e;
  }
  less &= !guarded(state);
  const u32 found = less ? intern(members) : kDead;
  infos_[state].plainer = found;
  return found;
}

Lexer::Wider Lexer::wider(u32 state) {
  std::vector<u32> members;
  u32 reach = kFar, farthest = 0;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {  // guards too: whether they go on is all that counts
    const Expressions::Wider found = expressions_.wider(rest(state, i));
    members.push_back(index(state, i));
    members.push_back(found.e);
    reach = std::min(reach, found.reach);
    if (found.e != rest(state, i)) farthest = std::max(farthest, expressions_.farthest(found.e));
  }
  return {intern(members), reach - std::min(reach, farthest)};
}

u32 Lexer::run(u32 state, u8 byte, u32 count) {
  std::vector<u32> members;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {
    const ExprId left = expressions_.derive_run(rest(state, i), byte, count);
    if (left == kEmpty || expressions_.is_empty(left)) continue;
    members.push_back(index(state, i));
    members.push_back(left);
  }
  if (meter_) meter_->spend(tuples_[state].size);
  return members.empty() || members[0] == kGuard ? kDead : intern(members);
}

u32 Lexer::renumbered(u32 state, const std::vector<u32>& indices) {
  std::vector<u32> members;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {
    members.push_back(i < this->members(state) ? indices[index(state, i)] : kGuard);
    members.push_back(rest(state, i));
  }
  return intern(members);
}

std::vector<u32> Lexer::indices(u32 state) const {
  std::vector<u32> found;
  for (u32 i = 0; i < members(state); ++i) found.push_back(index(state, i));
  return found;
}

}  // namespace structgen

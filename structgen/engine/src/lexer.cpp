#include "lexer.h"

#include <algorithm>
#include <bit>

namespace structgen {

Lexer::Lexer(Languages& languages) : languages_(languages), expressions_(languages.expressions()) {
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

u32 Lexer::find_accept_set(u32 state) {
  std::vector<u32> found;
  for (u32 i = 0; i < members(state); ++i)
    if (expressions_.nullable(rest(state, i))) found.push_back(index(state, i));
  return infos_[state].accept_set = accept_sets_.intern(found);
}

u32 Lexer::compute_next(u32 state, u8 byte) {
  const Span tuple = tuples_[state];
  Row* const row = rows_[state].get();
  members_.clear();
  for (u32 i = 0; i < tuple.size; i += 2) {
    const ExprId rest = expressions_.derive(tuple[i + 1], byte);
    if (rest == kEmpty || languages_.is_empty(rest)) continue;
    members_.push_back(tuple[i]);
    members_.push_back(rest);
  }
  if (meter_) meter_->spend(tuple.size);
  const u32 result = !members_.empty() && members_[0] == kGuard ? kBlocked : intern(members_);
  if (row != nullptr) {
    const auto [lo, hi] = interval_of(row->bounds, byte);
    std::fill(row->next.begin() + lo, row->next.begin() + hi + 1, result);
    ByteSet& known = result == state ? row->back : row->away;
    for (u32 b = lo; b <= hi; ++b) include(known, static_cast<u8>(b));
    row->changed = true;
  } else {
    memo_.put((static_cast<u64>(state) << 8) | byte, result);
  }
  return result;
}

const u32* Lexer::row(u32 state) {
  if (rows_[state]) return rows_[state]->next.data();
  rows_[state] = std::make_unique<Row>();
  Row& row = *rows_[state];
  ByteSet live{};
  for (u32 i = 0; i < tuples_[state].size / 2; ++i)
    for (std::size_t word = 0; word < 4; ++word) {
      live[word] |= expressions_.facts(rest(state, i)).live[word];
      row.bounds[word] |= expressions_.facts(rest(state, i)).bounds[word];
    }
  for (u32 byte = 0; byte < 256; ++byte) row.next[byte] = contains(live, static_cast<u8>(byte)) ? kNone : kDead;
  for (std::size_t word = 0; word < 4; ++word) row.away[word] = state == kDead ? 0 : ~live[word];
  ++row_count_;
  return row.next.data();
}

bool Lexer::stays(u32 state, u32 kinds, const ByteSet& bytes) {
  Row& row = *rows_[state];
  if (row.changed) {
    row.all_back = kinds_within(row.back);
    row.all_away = kinds_within(row.away);
    row.changed = false;
  }
  if ((kinds & row.all_away) != 0) return false;
  if ((kinds & ~row.all_back) == 0) return true;
  for (std::size_t word = 0; word < 4; ++word) {
    if ((bytes[word] & row.away[word]) != 0) return false;
    while (const u64 left = bytes[word] & ~row.back[word]) {
      const u32 bit = static_cast<u32>(std::countr_zero(left));
      if (compute_next(state, static_cast<u8>(word * 64 + bit)) != state) return false;
    }
  }
  return true;
}

u32 Lexer::clipped(u32 state, u32 longest) {
  if (infos_[state].clipped != kNone) return infos_[state].clipped;
  std::vector<u32> members;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {
    members.push_back(index(state, i));
    members.push_back(languages_.clip(rest(state, i), longest));
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
    (index(state, i) == kGuard ? guards : parts).push_back(languages_.clip(rest(state, i), longest));
  const u32 found = this->state(parts, guards);
  infos_[found].normal = found;
  infos_[state].normal = found;
  return found;
}

ByteSet Lexer::bounds(u32 state) const {
  ByteSet found{};
  for (u32 i = 0; i < members(state); ++i)
    for (std::size_t word = 0; word < 4; ++word) found[word] |= expressions_.facts(rest(state, i)).bounds[word];
  return found;
}

u32 Lexer::without_exclusions(u32 state) {
  if (infos_[state].without_exclusions != kNone) return infos_[state].without_exclusions;
  std::vector<u32> members;
  bool less = false;
  for (u32 i = 0; i < this->members(state); ++i) {
    const ExprId e = rest(state, i);
    less |= !expressions_.open(e);
    if (!expressions_.open(e)) continue;
    members.push_back(index(state, i));
    members.push_back(languages_.without_exclusions(e));
    less |= members.back() != e;
  }
  less &= !guarded(state);
  const u32 found = less ? intern(members) : kDead;
  infos_[state].without_exclusions = found;
  return found;
}

Lexer::Unbounded Lexer::unbounded(u32 state) {
  std::vector<u32> members;
  u32 reach = kFar, max_remaining = 0;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {  // guards too
    const Languages::Unbounded found = languages_.unbounded(rest(state, i));
    members.push_back(index(state, i));
    members.push_back(found.e);
    reach = std::min(reach, found.reach);
    if (found.e != rest(state, i)) max_remaining = std::max(max_remaining, languages_.max_remaining(found.e));
  }
  return {intern(members), reach - std::min(reach, max_remaining)};
}

u32 Lexer::run(u32 state, u8 byte, u32 count) {
  std::vector<u32> members;
  for (u32 i = 0; i < tuples_[state].size / 2; ++i) {
    const ExprId left = expressions_.derive_run(rest(state, i), byte, count);
    if (left == kEmpty || languages_.is_empty(left)) continue;
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

#include "row_table.h"

#include <algorithm>

namespace structgen {

u32 RowTable::find(const TokenSet& tokens, u64 hash) const {
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at)
    if (*entries_[at->second].row == tokens) return at->second;
  return kNone;
}

RowTable::Numbered RowTable::intern(TokenSet tokens) {
  tokens.normalize();
  const u64 hash = tokens.hash();
  if (const u32 known = find(tokens, hash); known != kNone) return {known, entries_[known].row};
  return add(std::make_shared<const TokenSet>(std::move(tokens)), hash);
}

RowTable::Numbered RowTable::intern(const Row& row) { return intern(TokenSet(*row)); }

RowTable::Numbered RowTable::add(Row row, u64 hash) {
  if (bytes_ + row->bytes() > next_drop_) {
    drop_unused();
    next_drop_ = std::max(kFirstDrop, 2 * bytes_);
  }
  u32 id = static_cast<u32>(entries_.size());
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  bytes_ += row->bytes();
  entries_[id] = {row, hash};
  by_hash_.emplace(hash, id);
  by_age_.emplace_back(made_++, id);
  return {id, std::move(row)};
}

std::vector<u32> RowTable::made_since(u64 made) const {
  auto at = std::lower_bound(by_age_.begin(), by_age_.end(), std::pair<u64, u32>(made, 0));
  std::vector<u32> ids;
  for (; at != by_age_.end(); ++at) ids.push_back(at->second);
  return ids;
}

void RowTable::drop_unused() {
  auto is_used = [this](const std::pair<u64, u32>& row) { return entries_[row.second].row.use_count() > 1; };
  // The oldest ids are given again first.
  const auto unused = std::stable_partition(by_age_.begin(), by_age_.end(), is_used);
  if (unused == by_age_.end()) return;
  for (auto at = by_age_.end(); at-- != unused;) {
    Entry& entry = entries_[at->second];
    const auto [first, last] = by_hash_.equal_range(entry.hash);
    by_hash_.erase(std::find_if(first, last, [&](const auto& known) { return known.second == at->second; }));
    bytes_ -= entry.row->bytes();
    entry = {};
    free_.push_back(at->second);
  }
  by_age_.erase(unused, by_age_.end());
  ++epoch_;
}

}  // namespace structgen

// Row table: the masks of a vocabulary, by number. Equal rows are stored once, and share one id, across all grammars.
//
// Rows live as long as something refers to them: a grammar that keeps the row of a configuration, an array that shows
// it. A row that nothing refers to stays too, for a while: a grammar that is compiled again finds its rows there. Such
// rows are dropped, and their ids given to new rows, by drop_unused(), which runs by itself when the table has doubled.
// Each time rows are dropped the epoch changes.
//
// So an id stands for one row as long as the epoch stays the same. Who mirrors the table (on a GPU) asks for the ids
// that are new since its last visit, and writes these rows: that covers ids that were given again, too.
//
// Cost         intern() hashes the words of a row, once for each row that a grammar makes.
// Threads      Everything needs the lock of the store, but for using a Row.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "token_set.h"

namespace structgen {

using Row = std::shared_ptr<const TokenSet>;

class RowTable {
 public:
  explicit RowTable(u32 words) : words_(words) {}
  RowTable(const RowTable&) = delete;
  RowTable& operator=(const RowTable&) = delete;

  struct Numbered {
    u32 id = kNone;
    Row row;
  };
  Numbered intern(TokenSet tokens);
  Numbered intern(const Row& row);

  // The row of an id; null if it has none now.
  Row row(u32 id) const { return id < entries_.size() ? entries_[id].row : nullptr; }
  u32 size() const { return static_cast<u32>(entries_.size()); }  // all ids are below
  u32 rows() const { return static_cast<u32>(by_age_.size()); }   // that are stored
  u32 words() const { return words_; }                            // of a row
  std::size_t bytes() const { return bytes_; }

  u64 epoch() const { return epoch_; }
  u64 made() const { return made_; }  // rows since the beginning
  // The ids of the rows that were made since `made` rows had been, oldest first.
  std::vector<u32> made_since(u64 made) const;

  // Drops the rows that nothing outside of the table refers to.
  void drop_unused();

 private:
  static constexpr std::size_t kFirstDrop = 8 << 20;  // bytes of rows
  struct Entry {
    Row row;  // null: the id is free
    u64 hash = 0;
  };
  u32 find(const TokenSet& tokens, u64 hash) const;
  Numbered add(Row row, u64 hash);

  const u32 words_;
  std::vector<Entry> entries_;                 // by id
  std::unordered_multimap<u64, u32> by_hash_;  // ids
  std::vector<std::pair<u64, u32>> by_age_;    // the number of the row, counted from the beginning, and its id
  std::vector<u32> free_;                      // ids
  std::size_t bytes_ = 0, next_drop_ = kFirstDrop;
  u64 made_ = 0, epoch_ = 0;
};

}  // namespace structgen

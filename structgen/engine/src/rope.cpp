#include "rope.h"

#include "chain.h"

namespace structgen {

Rope::Piece::~Piece() { unchain(next); }

void Rope::append(std::string_view bytes) {
  if (tail_.size() + bytes.size() > kTail && !tail_.empty()) {
    pieces_ = std::make_shared<const Piece>(std::move(pieces_), std::move(tail_));
    tail_.clear();
  }
  tail_ += bytes;
  size_ += bytes.size();
}

void Rope::clear() {
  pieces_.reset();
  tail_.clear();
  size_ = 0;
}

std::string Rope::text() const {
  std::string text(size_, '\0');
  std::size_t end = size_ - tail_.size();
  text.replace(end, tail_.size(), tail_);
  for (const Piece* piece = pieces_.get(); piece != nullptr; piece = piece->next.get()) {
    end -= piece->bytes.size();
    text.replace(end, piece->bytes.size(), piece->bytes);
  }
  return text;
}

}  // namespace structgen

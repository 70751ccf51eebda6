// A text that grows at its end, as a value. A copy shares all but the last bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace structgen {

class Rope {
 public:
  void append(std::string_view bytes);
  void clear();
  std::size_t size() const { return size_; }
  std::string text() const;

 private:
  static constexpr std::size_t kTail = 48;  // bytes that are copied
  struct Piece {
    mutable std::shared_ptr<const Piece> next;  // before it; mutable for the destructor of a chain
    std::string bytes;
    Piece(std::shared_ptr<const Piece> b, std::string s) : next(std::move(b)), bytes(std::move(s)) {}
    ~Piece();
  };
  std::shared_ptr<const Piece> pieces_;
  std::string tail_;  // after the pieces
  std::size_t size_ = 0;
};

}  // namespace structgen

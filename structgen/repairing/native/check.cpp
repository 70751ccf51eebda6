// Checks whether a text is JSON at all, without making objects: valid text goes to Python's json, and broken text is
// not read twice.
//
// Accepts what Python's json accepts except `NaN` and `Infinity` (RFC 8259); the depth is not bounded here. Names are
// compared by hash: equal hashes are "perhaps twice", and so are names with escapes.
#include <algorithm>
#include <string_view>

#include "characters.h"
#include "reader.h"

namespace structgen::repairing {
namespace {

template <class Char>
class Checker {
 public:
  Checker(const Char* text, Py_ssize_t length) : at_(text), end_(text + length) {}

  int run() {
    blanks();
    Next next = Next::Value;
    while (next == Next::Value || next == Next::AfterValue) next = next == Next::Value ? value() : after_value();
    if (next == Next::Wrong) return 0;
    return twice_ ? 2 : 1;
  }

 private:
  enum class Next { Value, AfterValue, End, Wrong };
  struct Open {
    bool is_object;
    std::size_t names;  // before its own
  };

  bool is_at_end() const { return at_ == end_; }
  bool is_at(char c) const { return at_ != end_ && *at_ == static_cast<Char>(c); }

  void blanks() {
    while (at_ != end_ && is_blank(*at_)) ++at_;
  }

  Next value() {
    if (is_at_end()) return Next::Wrong;
    if (*at_ == '{' || *at_ == '[') return open(*at_ == '{');
    return scalar() ? Next::AfterValue : Next::Wrong;
  }

  Next open(bool is_object) {
    ++at_;
    stack_.push_back({is_object, names_.size()});
    blanks();
    return is_at(is_object ? '}' : ']') ? Next::AfterValue : member();
  }

  // A name with its colon, where there has to be one; then a value follows.
  Next member() {
    if (!stack_.back().is_object) return Next::Value;
    std::uint64_t hash = 14695981039346656037u;
    if (!is_at('"') || !string(&hash)) return Next::Wrong;
    names_.push_back(hash);
    blanks();
    if (!is_at(':')) return Next::Wrong;
    ++at_;
    blanks();
    return Next::Value;
  }

  Next after_value() {
    blanks();
    if (stack_.empty()) return is_at_end() ? Next::End : Next::Wrong;
    if (is_at(',')) {
      ++at_;
      blanks();
      return member();
    }
    if (!is_at(stack_.back().is_object ? '}' : ']')) return Next::Wrong;
    ++at_;
    close();
    return Next::AfterValue;
  }

  void close() {
    const std::size_t first = stack_.back().names;
    if (names_.size() - first > 1 && !twice_) twice_ = has_equal(names_.begin() + static_cast<std::ptrdiff_t>(first));
    names_.resize(first);
    stack_.pop_back();
  }
  bool has_equal(std::vector<std::uint64_t>::iterator first) {
    constexpr std::ptrdiff_t kFew = 8;  // names that are compared with each other instead of sorted
    if (names_.end() - first > kFew) {
      std::sort(first, names_.end());
      return std::adjacent_find(first, names_.end()) != names_.end();
    }
    for (auto name = first; name != names_.end(); ++name)
      if (std::find(first, name, *name) != name) return true;
    return false;
  }

  // Adds the characters of a name to its hash.
  bool string(std::uint64_t* hash) {
    for (++at_; at_ != end_; ++at_) {
      const Char one = *at_;
      if (one == '"') {
        ++at_;
        return true;
      }
      if (one < 0x20) return false;
      if (hash != nullptr) *hash = (*hash ^ one) * 1099511628211u;
      if (one != '\\') continue;
      twice_ |= hash != nullptr;
      if (!escape()) return false;
    }
    return false;
  }

  // From the backslash to the last character of the escape.
  bool escape() {
    if (++at_ == end_) return false;
    if (*at_ != 'u') return is_simple_escape(*at_);
    for (int digit = 0; digit < 4; ++digit)
      if (++at_ == end_ || hex_value(*at_) > 15) return false;
    return true;
  }
  static constexpr bool is_simple_escape(Code c) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    return c < 0x80 && kEscapes.find(static_cast<char>(c)) != kEscapes.npos;
  }

  bool digits() {
    const Char* first = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != first;
  }

  bool word(const char* spelled) {
    for (; *spelled != 0; ++spelled, ++at_)
      if (!is_at(*spelled)) return false;
    return true;
  }

  bool scalar() {
    switch (static_cast<Code>(*at_)) {
      case '"':
        return string(nullptr);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool number() {
    if (is_at('-')) ++at_;
    if (is_at('0'))
      ++at_;
    else if (!digits())
      return false;
    if (is_at('.')) {
      ++at_;
      if (!digits()) return false;
    }
    return !(is_at('e') || is_at('E')) || exponent();
  }
  bool exponent() {
    ++at_;
    if (is_at('+') || is_at('-')) ++at_;
    return digits();
  }

  const Char* at_;
  const Char* end_;
  std::vector<Open> stack_;
  std::vector<std::uint64_t> names_;  // hashes
  bool twice_ = false;
};

}  // namespace

int check(PyObject* text) {
  const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
  switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND:
      return Checker(PyUnicode_1BYTE_DATA(text), length).run();
    case PyUnicode_2BYTE_KIND:
      return Checker(PyUnicode_2BYTE_DATA(text), length).run();
    default:
      return Checker(PyUnicode_4BYTE_DATA(text), length).run();
  }
}

}  // namespace structgen::repairing

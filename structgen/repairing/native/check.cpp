// Whether a text is JSON at all, without making anything of it: so that broken text is not read twice.
//
// Accepts what Python's json accepts but for `NaN` and `Infinity` (RFC 8259), whose depth is bounded by the caller's
// stack, not here. Names are compared by hash: equal hashes are "perhaps twice", and so are names with escapes.
#include <algorithm>

#include "reader.h"

namespace structgen::repairing {
namespace {

struct Open {
  bool is_object;
  std::size_t names;  // before its own
};

template <class Char>
class Checker {
 public:
  Checker(const Char* text, Py_ssize_t length) : at_(text), end_(text + length) {}

  int run() {
    bool twice = false;
    std::vector<Open> stack;
    std::vector<std::uint64_t> names;
    blanks();
    for (;;) {
      // A value.
      if (at_ == end_) return 0;
      const Char first = *at_;
      if (first == '{' || first == '[') {
        ++at_;
        stack.push_back({first == '{', names.size()});
        blanks();
        if (at_ == end_) return 0;
        if (*at_ != (first == '{' ? '}' : ']')) {
          if (first == '{' && !name(names, twice)) return 0;
          continue;
        }
      } else if (!scalar()) {
        return 0;
      }
      // After it.
      for (;;) {
        blanks();
        if (stack.empty()) return at_ == end_ ? (twice ? 2 : 1) : 0;
        if (at_ == end_) return 0;
        const Char next = *at_++;
        if (next == ',') {
          blanks();
          if (stack.back().is_object && !name(names, twice)) return 0;
          break;
        }
        if (next == '}' || next == ']') {
          // Either the closing bracket of this container, or of one that was just opened and is empty.
          if ((next == '}') != stack.back().is_object) return 0;
          close(stack, names, twice);
          continue;
        }
        return 0;
      }
    }
  }

 private:
  void blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  static void close(std::vector<Open>& stack, std::vector<std::uint64_t>& names, bool& twice) {
    const std::size_t first = stack.back().names;
    if (names.size() - first > 1 && !twice) {
      if (names.size() - first <= 8) {
        for (std::size_t i = first; i < names.size(); ++i)
          for (std::size_t j = first; j < i; ++j) twice |= names[i] == names[j];
      } else {
        const auto begin = names.begin() + static_cast<std::ptrdiff_t>(first);
        std::sort(begin, names.end());
        twice = std::adjacent_find(begin, names.end()) != names.end();
      }
    }
    names.resize(first);
    stack.pop_back();
  }

  bool name(std::vector<std::uint64_t>& names, bool& twice) {
    std::uint64_t hash = 14695981039346656037u;
    if (at_ == end_ || *at_ != '"' || !string(&hash, &twice)) return false;
    names.push_back(hash);
    blanks();
    if (at_ == end_ || *at_ != ':') return false;
    ++at_;
    blanks();
    return true;
  }

  bool string(std::uint64_t* hash, bool* escaped) {
    for (++at_; at_ != end_; ++at_) {
      const Char one = *at_;
      if (one == '"') {
        ++at_;
        return true;
      }
      if (one < 0x20) return false;
      if (hash != nullptr) *hash = (*hash ^ one) * 1099511628211u;
      if (one != '\\') continue;
      if (escaped != nullptr) *escaped = true;
      if (++at_ == end_) return false;
      switch (static_cast<std::uint32_t>(*at_)) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
          break;
        case 'u':
          for (int digit = 0; digit < 4; ++digit) {
            if (++at_ == end_) return false;
            const Char d = *at_;
            if (!((d >= '0' && d <= '9') || (d >= 'a' && d <= 'f') || (d >= 'A' && d <= 'F'))) return false;
          }
          break;
        default:
          return false;
      }
    }
    return false;
  }

  bool digits() {
    const Char* first = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != first;
  }

  bool word(const char* spelled) {
    for (; *spelled != 0; ++spelled, ++at_)
      if (at_ == end_ || *at_ != static_cast<Char>(*spelled)) return false;
    return true;
  }

  bool scalar() {
    switch (static_cast<std::uint32_t>(*at_)) {
      case '"':
        return string(nullptr, nullptr);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        break;
    }
    if (*at_ == '-') ++at_;
    if (at_ == end_) return false;
    if (*at_ == '0')
      ++at_;
    else if (!digits())
      return false;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits()) return false;
    }
    return true;
  }

  const Char* at_;
  const Char* end_;
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

// Makes Python objects of the strings and numbers of a text.
#pragma once

#include <Python.h>

#include <string>
#include <vector>

#include "names.h"
#include "text.h"

namespace structgen::repairing {

constexpr Index kLongNumber = 4300;  // Python's own bound for digits

// Each function returns null if there is no such object; a Python error is set then if, and only if, Python failed.
template <class Char>
class Scalars {
 public:
  Scalars(const Text<Char>& text, const Char* characters, int kind)
      : text_(text), characters_(characters), kind_(kind) {}

  PyObject* string(Index begin, Index end) const {
    return PyUnicode_FromKindAndData(kind_, characters_ + begin, end - begin);
  }

  PyObject* name(Index begin, Index end) {
    PyObject* made = names_.find(characters_ + begin, end - begin);
    return made != nullptr || PyErr_Occurred() != nullptr ? made : string(begin, end);
  }

  // Of a body with escapes; there is none if one of them is not an escape of JSON.
  PyObject* unescaped(Index begin, Index end) {
    buffer_.clear();
    for (Index i = begin; i < end; ++i) {
      Code c = text_.at(i);
      if (c == '\\') {
        c = text_.at(++i) == 'u' ? code_unit(i, end) : simple_escape(text_.at(i));
        if (c == kNone) return nullptr;
      }
      buffer_.push_back(c);
    }
    return PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, buffer_.data(), static_cast<Index>(buffer_.size()));
  }

  // There is none if the number is too long for Python.
  PyObject* number(Index begin, Index end, bool is_float) {
    if (!is_float && end - begin < 18) return small_integer(begin, end);
    if (end - begin > kLongNumber) return nullptr;
    digits_.clear();
    for (Index k = begin; k < end; ++k) digits_.push_back(static_cast<char>(characters_[k]));
    if (is_float) return PyFloat_FromDouble(PyOS_string_to_double(digits_.c_str(), nullptr, nullptr));
    PyObject* made = PyLong_FromString(digits_.c_str(), nullptr, 10);
    if (made == nullptr && PyErr_ExceptionMatches(PyExc_ValueError)) PyErr_Clear();  // a lower bound for digits was set
    return made;
  }

 private:
  static constexpr Code kNone = 0xFFFFFFFF;

  static constexpr Code simple_escape(Code c) {
    constexpr std::pair<char, char> kEscapes[] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
                                                  {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'}};
    for (const auto& [letter, meaning] : kEscapes)
      if (static_cast<Code>(letter) == c) return static_cast<Code>(meaning);
    return kNone;
  }

  // What `\u` at `i` stands for, with the low surrogate if one follows. Leaves `i` at the last character of it.
  Code code_unit(Index& i, Index end) const {
    Code c = 0, low = 0;
    if (i + 4 >= end || !text_.hex(i + 1, c)) return kNone;
    i += 4;
    const bool is_high = c >= 0xd800 && c <= 0xdbff;
    if (!is_high || i + 6 >= end || text_.at(i + 1) != '\\' || text_.at(i + 2) != 'u') return c;
    if (!text_.hex(i + 3, low) || low < 0xdc00 || low > 0xdfff) return c;
    i += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }

  PyObject* small_integer(Index begin, Index end) const {
    const bool is_negative = characters_[begin] == '-';
    long long value = 0;
    for (Index k = is_negative ? begin + 1 : begin; k < end; ++k) value = value * 10 + (text_.at(k) - '0');
    return PyLong_FromLongLong(is_negative ? -value : value);
  }

  const Text<Char>& text_;
  const Char* const characters_;
  const int kind_;
  std::vector<Py_UCS4> buffer_;
  std::string digits_;
  Names names_;
};

}  // namespace structgen::repairing

// A cache of recent property names, so that an array of records makes each of them once.
#pragma once

#include <array>
#include <cstdint>

#include "owned.h"

namespace structgen::repairing {

class Names {
 public:
  // A new reference; null for a name that is not cached, or with a Python error set.
  template <class Char>
  PyObject* find(const Char* text, Py_ssize_t length) {
    if (length == 0 || length > kLongest) return nullptr;
    std::uint32_t hash = static_cast<std::uint32_t>(length);
    for (Py_ssize_t i = 0; i < length; ++i) {
      if (text[i] >= 0x80) return nullptr;
      hash = hash * 31 + static_cast<std::uint32_t>(text[i]);
    }
    Owned& slot = slots_[hash % slots_.size()];
    if (!slot || !equals(slot.get(), text, length)) {
      std::array<char, kLongest> bytes;
      for (Py_ssize_t i = 0; i < length; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(text[i]);
      Owned made(PyUnicode_FromStringAndSize(bytes.data(), length));
      if (!made) return nullptr;
      slot = std::move(made);
    }
    Py_INCREF(slot.get());
    return slot.get();
  }

 private:
  static constexpr Py_ssize_t kLongest = 64;

  template <class Char>
  static bool equals(PyObject* name, const Char* text, Py_ssize_t length) {
    if (PyUnicode_GET_LENGTH(name) != length) return false;
    const Py_UCS1* known = PyUnicode_1BYTE_DATA(name);
    for (Py_ssize_t i = 0; i < length; ++i)
      if (known[i] != text[i]) return false;
    return true;
  }

  std::array<Owned, 256> slots_;
};

}  // namespace structgen::repairing
